"""One check on a page: what its difference is measured in, and its problem as a file."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction as F
from pathlib import Path
from typing import Any

import pytest

from reports.findings import examine
from reports.site.cards import LARGEST_PROBLEM, card, scale
from reports.site.claim_page import claim_page
from reports.text.problem_text import read_problem
from tests.reports.cli.fakes import agree, claim
from theory import Gaussian, TeacherStudent


@dataclass(frozen=True)
class Instance:
    problem: TeacherStudent
    step: int = 1
    layer: int = 2


def problem(p: int = 1, rates: Any = F(1, 4)) -> TeacherStudent:
    return TeacherStudent([[[F(1, 3)] * p], [[2]]], [[[0] * p], [[1]]], Gaussian(p), rates)


def first_card(instance: Any) -> dict[str, Any]:
    return card(examine(claim(check=lambda _: agree(1), values=(instance,))).supporting[0])


@pytest.mark.parametrize(
    ("difference", "tolerance", "words"),
    [(None, 0.0, ""), (F(0), 0.0, "(exact)"), (1e-12, 1e-9, "(relative, tolerance 1e-09)"), (None, 1e-9, "")],
)
def test_a_difference_says_what_it_is_measured_in(difference: Any, tolerance: float, words: str) -> None:
    evidence = replace(agree(1), difference=difference, tolerance=tolerance)
    assert scale(evidence) == words
    html = claim_page(examine(claim(check=lambda _: evidence)))
    assert ("(exact)" in html.split("Where the print fails")[0]) == (words == "(exact)")


def test_the_problem_of_an_instance_is_a_file_for_the_command_line(tmp_path: Path) -> None:
    shown = first_card(Instance(problem()))
    path = tmp_path / "problem.json"
    path.write_text(shown["problem"], encoding="utf-8")
    assert read_problem(path).student[0].tolist() == [[F(1, 3)]] and shown["options"] == " --step 1 --layer 2"
    html = claim_page(examine(claim(check=lambda _: agree(1), values=(Instance(problem()),))))
    assert "<summary>The problem in full</summary>" in html and "problem.json --step 1 --layer 2" in html


@pytest.mark.parametrize("instance", [3, Instance(problem(rates=lambda t: F(1, t + 1))), Instance(problem(LARGEST_PROBLEM))])
def test_no_file_is_shown_that_could_not_be_read_back_or_is_too_long(instance: Any) -> None:
    assert first_card(instance)["problem"] == ""

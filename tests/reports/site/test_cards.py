"""One check on a page: its sides beside each other, what their difference is measured in, and its problem as a file."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from fractions import Fraction as F
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from reports.findings import examine
from reports.site.cards import LARGEST_PROBLEM, LARGEST_TABLE, agreement, card, sides, value
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
    ("holds", "difference", "tolerance", "sentence"),
    [
        (True, None, 0.0, ""),
        (True, F(0), 0.0, "The two sides are equal (exact)."),
        (False, F(0), 0.0, "The two sides are equal (exact); what fails is the statement about them."),
        (False, F(1, 3), 0.0, "The two sides differ by 1/3 (exact)."),
        (True, 1e-12, 1e-9, "The two sides differ by 1e-12 (relative, tolerance 1e-09)."),
        (True, 0.0, 1e-9, "The two sides differ by 0 (relative, tolerance 1e-09)."),
    ],
)
def test_a_difference_says_what_it_is_measured_in(holds: bool, difference: Any, tolerance: float, sentence: str) -> None:
    evidence = replace(agree(1), holds=holds, difference=difference, tolerance=tolerance)
    assert re.sub("<[^>]*>", "", agreement(evidence)) == sentence
    assert agreement(evidence) in claim_page(examine(claim(check=lambda _: evidence)))


@pytest.mark.parametrize(("difference", "word"), [(F(0), "No bound"), (F(1), "by 1 (exact)"), (1e-3, "by 0.001 (exact)")])
def test_a_bound_is_exceeded_or_not(difference: Any, word: str) -> None:
    assert word in agreement(replace(agree(1), is_bound=True, difference=difference))


def test_sides_stand_beside_each_other_by_their_names() -> None:
    rows = sides(replace(agree(1), left={"b = 1": 1, "degree": 2}, right={"b = 1": 3, "limit": 4}))
    cells = [[re.sub("<[^>]*>", "", cell) for cell in row["cells"]] for row in rows]
    assert cells == [["1", "3"], ["2", ""], ["", "4"]] and "<math" in rows[0]["name"] and rows[1]["name"] == "degree"
    single = sides(replace(agree(1), left=F(1, 2), right={"b = 1": 3}))
    assert [[bool(cell) for cell in row["cells"]] for row in single] == [[True, False], [False, True]] and single[0]["name"] == ""


def test_small_matrices_are_typeset_and_others_written() -> None:
    assert "<mtable" in value(np.array([[F(1), F(1, 2)]], dtype=object)) and "<mtable" not in value(np.array([F(1)], dtype=object))
    assert "<mtable" not in value(np.array([[F(1), F(1, 10**30)]], dtype=object)) and "<mtable" not in value((F(1), F(2)))


def test_a_long_table_is_cut_and_can_be_unfolded() -> None:
    table = {f"b = {b}": F(1, b) for b in range(1, LARGEST_TABLE + 3)}
    html = claim_page(examine(claim(check=lambda _: replace(agree(1), left=table, right=table))))
    assert f"The first of {LARGEST_TABLE + 2} rows" in html and html.count(f"b = {LARGEST_TABLE + 2}: 1/{LARGEST_TABLE + 2}") >= 2


def test_the_problem_of_an_instance_is_a_file_for_the_command_line(tmp_path: Path) -> None:
    shown = first_card(Instance(problem()))
    path = tmp_path / "problem.json"
    path.write_text(shown["problem"], encoding="utf-8")
    assert read_problem(path).student[0].tolist() == [[F(1, 3)]] and shown["options"] == " --step 1 --layer 2"
    html = claim_page(examine(claim(check=lambda _: agree(1), values=(Instance(problem()),))))
    assert "<summary>The problem as a file</summary>" in html and "problem.json --step 1 --layer 2" in html


@pytest.mark.parametrize("instance", [3, Instance(problem(rates=lambda t: F(1, t + 1))), Instance(problem(LARGEST_PROBLEM))])
def test_no_file_is_shown_that_could_not_be_read_back_or_is_too_long(instance: Any) -> None:
    assert first_card(instance)["problem"] == ""

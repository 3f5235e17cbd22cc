"""Instances as formulas: short rationals in full, the beginning of what is large, and every part of a problem."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction as F
from types import SimpleNamespace
from typing import Any

import pytest

from reports.text.mathml import render
from reports.text.typeset import (
    LARGEST,
    instance_lines,
    law_words,
    matrix,
    number,
    problem_lines,
    product_latex,
    rates_words,
    value_words,
)
from theory import DataSet, Discrete, Gaussian, TeacherStudent
from theory.claims import LEDGER
from theory.inputs import Independent, Rademacher, Uniform
from theory.recursion.kronecker_forms import KroneckerForm
from theory.trace_forms import W, g, tr


@dataclass(frozen=True)
class Instance:
    problem: TeacherStudent
    step: int = 1
    layer: int = 2


def problem(**changes: Any) -> TeacherStudent:
    given = {"student": [[[F(1, 2)]], [[-2]]], "teacher": [[[0]], [[1]]], "inputs": Discrete([0, 1]), "learning_rates": F(1, 4)}
    return TeacherStudent(**(given | changes))


@pytest.mark.parametrize(
    ("value", "latex"),
    [(3, "3"), (F(-5, 7), r"-\frac{5}{7}"), (0.5, r"\frac{1}{2}"), (F(1, 10**40), r"1\ldots \cdot 10^{-40}"), (0.1, r"0.1\ldots")],
)
def test_numbers(value: Any, latex: str) -> None:
    assert number(value) == latex


def test_of_a_large_matrix_the_corner_and_the_size_are_shown() -> None:
    assert matrix([[1, 2], [3, 4]]) == r"\begin{pmatrix} 1 & 2 \\ 3 & 4 \end{pmatrix}"
    wide = matrix([[1] * (LARGEST + 1)] * 2)
    assert wide.count(r"\cdots") == 2 and wide.endswith(rf"_{{2 \times {LARGEST + 1}}}") and r"\vdots" not in wide
    assert r"\vdots" in matrix([[1]] * 40) and r"_{40 \times 1}" in matrix([[1]] * 40)


@pytest.mark.parametrize(
    ("law", "words"),
    [
        (Gaussian(1), r"\(x \sim N(0, 1)\)"),
        (Gaussian(3), r"\(x \sim N(0, I)\)"),
        (Gaussian(cov=[[2]]), r"\(x \sim N(0, 2)\)"),
        (Gaussian(mean=[F(1, 2)]), r"\(x \sim N(\frac{1}{2}, 1)\)"),
        (Gaussian(mean=[1, 0]), r"\(x \sim N((1, 0), I)\)"),
        (Gaussian(mean=[1, 0], cov=[[0, 0], [0, 1]]), r"\(x \sim N((1, 0), \begin{pmatrix} 0 & 0 \\ 0 & 1 \end{pmatrix})\)"),
        (Discrete([1]), r"\(x = 1\), always"),
        (Discrete([(1, 0), (0, 2)]), r"\(x \in \{(1, 0), (0, 2)\}\), equally likely"),
        (Discrete([1, 2], [F(1, 3), F(2, 3)]), r"\(x \in \{1, 2\}\), with probabilities \(\frac{1}{3}, \frac{2}{3}\)"),
        (Discrete(range(9)), r"\(x \in \{0, 1, 2, \ldots\}\), 9 atoms, equally likely"),
        (Rademacher(2), r"\(x \in \{-1, 1\}^{2}\), independent and equally likely"),
        (Uniform(1, 0, 2), r"\(x\) uniform on \([0, 2]\)"),
        (Uniform(2), r"\(x\) uniform on \([-\sqrt{3}, \sqrt{3}]^{2}\)"),
    ],
)
def test_laws(law: Any, words: str) -> None:
    assert law_words(law) == words


def test_a_law_without_words_of_its_own_is_named_as_in_python() -> None:
    law = Independent(1, [1, 0, 1, 0, 3])
    assert law_words(law) == str(law)


def test_every_part_of_a_problem_has_its_line() -> None:
    lines = problem_lines(problem(activation=(F(1, 2), -1, 3), learning_rates=[1, 2]))
    assert list(lines) == ["Initial weights", "Teacher", "Activation", "Inputs", "Learning rate"]
    assert lines["Initial weights"] == r"\(W_{1} = \frac{1}{2}\); \(W_{2} = -2\)" and r"\(W^*_{1} = 0\)" in lines["Teacher"]
    assert lines["Activation"] == r"\(\sigma(z) = \frac{1}{2} - z + 3\,z^{2}\)" and lines["Learning rate"].count("alpha_") == 2
    assert problem_lines(problem(activation="tanh"))["Activation"] == r"\(\sigma\): tanh" and "Activation" not in problem_lines(problem())


def test_rates() -> None:
    by_function = rates_words(problem(learning_rates=lambda t: F(1, t + 1)))
    assert by_function == r"\(\alpha_{0} = 1\), \(\alpha_{1} = \frac{1}{2}\), \(\alpha_{2} = \frac{1}{3}\), …"
    assert "(20 in all)" in rates_words(problem(learning_rates=[1] * 20))


def test_products_of_letters() -> None:
    rows = (g(0, 1).T @ g(0, 1), W(0, 2))
    assert product_latex(KroneckerForm.from_rows(rows)) == r"\mathrm{tr}( (g_{0,1}^{T}\,g_{0,1}) \otimes (W_{0,2}) )\, "
    assert (
        r"C ((" in product_latex(KroneckerForm.from_rows(rows, [[1]], g(1, 1))) and value_words(tr(g(0, 1))) == r"\(\mathrm{tr}(g_{0,1})\)"
    )
    assert product_latex(KroneckerForm.from_rows((), None, g(0, 1))) == "g_{0,1}"


def test_an_instance_is_its_problem_and_what_it_is_given() -> None:
    assert instance_lines(Instance(problem()))["Gradient"] == r"\(g_{1,2}\): step \(t = 1\), layer 2"
    assert instance_lines(3) == {}

    given = SimpleNamespace(given={"Matrices": {"A_1": [[1, 2]]}, "Constant": F(1, 2), "Words": r"for \(b\)"})
    lines = instance_lines(given)
    assert lines == {"Matrices": r"\(A_1 = \begin{pmatrix} 1 & 2 \end{pmatrix}\)", "Constant": r"\(\frac{1}{2}\)", "Words": r"for \(b\)"}


def test_every_instance_of_the_ledger_can_be_drawn() -> None:
    for claim in LEDGER:
        for showcase in claim.showcases:
            for words in instance_lines(showcase.make()).values():
                render(words)


def test_points_of_a_data_set_are_listed_with_their_labels():
    assert law_words(DataSet([[1, 0], [0.5, 2]], [1, -1])) == (
        r"2 points, equally likely: \((1, 0) \mapsto 1, (\frac{1}{2}, 2) \mapsto -1\)"
    )
    assert law_words(DataSet([1, 2])) == r"2 points, equally likely: \(1, 2\)"
    assert law_words(DataSet(list(range(100)))).endswith(r"\ldots\)")

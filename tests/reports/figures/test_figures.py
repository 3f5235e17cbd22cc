"""Figures: deterministic, self-contained, described, and drawn from the numbers that they claim."""

from __future__ import annotations

import re
from fractions import Fraction as F

import pytest
from flint import arb

from reports import figures
from reports.figures import approximation, general_networks, generic
from reports.figures.registry import figure
from reports.figures.style import INK, VARIABLES, Figure, panel, standalone, svg
from reports.findings import examine
from tests.reports.cli.fakes import POLYNOMIAL, claim
from theory.chebyshev import approximate
from theory.claims import LEDGER
from theory.claims.general_networks.one_unit import limit_on_the_kink
from theory.claims.leaky_relu import mean_gap, relu

CLAIMS = {c.id: c for c in LEDGER}


def line(name: str = "test") -> str:
    with panel() as axes:
        axes.plot([1, 2, 4], [1, 4, 2], color=INK, label="line")
        axes.legend()
        return svg(axes, name, "A <line>", "Rises & falls.")


def test_the_same_panel_is_the_same_text() -> None:
    assert line() == line()


def test_ids_belong_to_the_panel_and_every_reference_resolves() -> None:
    first, second = line("one"), line("two")
    ids = [set(re.findall(r'\bid="([^"]+)"', drawing)) for drawing in (first, second)]
    assert not ids[0] & ids[1] and all(i.startswith("one-") for i in ids[0])
    assert set(re.findall(r'(?:href="|url\()#([^")]+)', first)) <= ids[0]


def test_colours_are_variables_of_the_page_and_nothing_is_loaded() -> None:
    drawing = line()
    assert "var(--ink, #1c2024)" in drawing and not any(marker in drawing for marker in VARIABLES)
    assert "http" not in drawing and "<text" not in drawing and "<script" not in drawing
    assert '<title id="test-title">A &lt;line&gt;</title>' in drawing


def test_a_standalone_drawing_has_plain_colours() -> None:
    alone = standalone(line())
    assert "var(" not in alone and alone.startswith('<svg xmlns="http://www.w3.org/2000/svg"') and alone.endswith("</svg>\n")


def test_the_generic_figure_finds_numbers_wherever_they_are() -> None:
    assert generic.numbers({"a": (1, F(1, 2)), "b": [0.25, True, None], "c": arb(3)}) == [1, F(1, 2), F(1, 4), 3]
    assert len(generic.numbers(POLYNOMIAL)) == 24


def test_the_generic_figure_marks_what_fails_differently() -> None:
    figure = generic.draw(examine(claim(values=(F(1, 3), POLYNOMIAL))), 0)
    assert len(figure.panels) == 2 and "25 pairs of numbers" in figure.panels[0]
    assert "Differences of 3 checks; the largest is 1." in figure.panels[1]


def test_every_figure_is_of_a_claim_and_every_claim_has_one() -> None:
    assert {c.figure for c in LEDGER} | {"both sides"} == set(figures.FIGURES)  # that one is for claims that name none


def test_a_name_that_no_figure_has_and_one_that_two_would_have() -> None:
    with pytest.raises(ValueError, match=r"claim T\.1: there is no figure 'threshold'; did you mean 'thresholds'\?"):
        figures.draw(examine(claim(figure="threshold")), 0)
    with pytest.raises(ValueError, match=r"the figure 'thresholds' is drawn by reports\.figures\.curves and by tests"):
        figure("thresholds")(lambda findings, seed: Figure((), ""))


@pytest.mark.parametrize("value", [(), None])
def test_evidence_without_numbers_has_a_figure_too(value: object) -> None:
    assert figures.draw(examine(claim(values=(value,))), 0).panels


def test_the_informal_theorems_are_drawn_for_networks_of_every_kind() -> None:
    drawn = {c.id: figures.draw(examine(c), 0) for c in LEDGER if c.id in ("3.1", "3.2", "3.3", "A.5", "A.6")}
    captions = {name: drawing.caption for name, drawing in drawn.items()}
    assert r"\alpha_t" in captions["A.5"] and r"\alpha_t" not in captions["3.2"] and r"\mu_s" in captions["3.2"]
    assert "two linear layers" in captions["A.5"] and "three quadratic layers" in captions["3.2"] and "the printed bound" in captions["A.6"]
    for depth, degree in ((2, 1), (2, 2), (3, 1), (3, 2)):
        assert f"H = {depth}, D = {degree}: 0, 1, 2, 3, 4" in drawn["3.1"].panels[1]
        assert f"60 of 60 (H = {depth}, D = {degree})" in captions["3.3"]


def test_error_curves_touch_their_certified_bands() -> None:
    name, radius, degree = approximation.SHOWN
    polynomial = approximate(name, radius, degree)
    for kind, bound in (("value", polynomial.value_error), ("derivative", polynomial.derivative_error)):
        _, error, band = approximation.error_and_band(polynomial, kind)
        assert band == bound and 0.98 * band < abs(error).max() <= band
    caption = figures.draw(examine(CLAIMS["3.6"]), 0).caption
    assert f"{polynomial.value_error:.3g}" in caption and f"{polynomial.derivative_error:.3g}" in caption


@pytest.mark.parametrize("name", ["sigmoid", "tanh", "softplus"])
def test_predicted_errors_are_near_the_certified_ones(name: str) -> None:
    degrees = list(approximation.DEGREES)
    errors = [approximate(name, approximation.RADIUS, n).derivative_error for n in degrees]
    lines = approximation.predicted(name, degrees, errors)
    assert all(1 / 8 < line / error < 8 for line, error in zip(lines, errors, strict=True))  # over ten powers of ten


def test_the_mean_follows_its_law() -> None:
    means = [mean_gap(relu(), n) for n in general_networks.DEGREES]
    assert all(0.9 < law / mean <= 1.001 for law, mean in zip(general_networks.law_of_the_mean(means), means, strict=True))


def test_the_limit_in_the_caption_is_the_claim_s() -> None:
    assert str(limit_on_the_kink(F(1, 100))) in figures.draw(examine(CLAIMS["3.5 extended"]), 0).caption

"""LaTeX in, MathML out; what is not understood is an error."""

from __future__ import annotations

import re

import pytest

from reports.text.mathml import MathError, block, inline, render


def words(html: str) -> str:
    """The characters that a reader sees."""
    return re.sub(r"<[^>]+>", "", html)


def test_text_stays_and_formulas_become_mathml() -> None:
    html = render(r"<p>degree \(3^{t+1}\) at most</p>")
    assert html.startswith("<p>degree <math") and html.endswith("</math> at most</p>")
    assert "<msup><mn>3</mn>" in html


def test_a_displayed_formula_scrolls_in_its_own_box() -> None:
    html = render(r"\[ \sum_{s=0}^{t} m^s \]")
    assert html.startswith('<span class="display"') and 'display="block"' in html and "munderover" in html


@pytest.mark.parametrize("latex", [r"\nosuchcommand x", r"\frac{1", "a & b", r"\text{for $b$}"])
def test_latex_that_is_not_understood_is_an_error(latex: str) -> None:
    with pytest.raises(MathError, match="not understood"):
        inline(latex)


@pytest.mark.parametrize("text", [r"\(a", r"a\)", r"\[a", r"\(a\]"])
def test_unbalanced_delimiters_are_an_error(text: str) -> None:
    with pytest.raises(MathError, match="unbalanced"):
        render(text)


def test_entities_within_formulas_are_characters() -> None:
    assert words(render(r"\(a &lt; b\)")) == words(render(r"\(a < b\)")) == "a&lt;b"


def test_names_of_operators_are_words_set_apart_from_their_argument() -> None:
    html = inline(r"\operatorname{tr} A + \mathrm{var}(x)")
    assert "<mi>tr</mi><mspace" in html and "<mi>var</mi></mrow><mo" in html


def test_bars_and_double_bars_take_no_space_of_an_operator() -> None:
    for bar in (r"\lVert x \rVert", r"\lvert x \rvert"):
        assert inline(bar).count('lspace="0"') == 2


def test_aligned_equations_have_a_table() -> None:
    assert "<mtable" in block(r"\begin{aligned} a &= b \\ c &= d \end{aligned}")


def test_bold_and_sans_serif_letters_are_those_of_unicode() -> None:
    assert "\U0001d7cf" in inline(r"\mathbf{1}") and "\U0001d5b3" in inline(r"A^{\mathsf T}")


def test_a_long_inline_formula_can_break_after_its_relations_only_outside_brackets() -> None:
    short, long = (
        inline("a = b"),
        inline(r"\mathrm{var}(g_{t,k}) = \mathbb{E}[x, y = z] - \lVert u \rVert^2 = c_1 + c_2 + c_3"),
    )
    assert "<wbr>" not in short
    assert long.count("<wbr>") == 2
    assert words(long) == words(
        inline(r"\mathrm{var}(g_{t,k}) =") + inline(r"\mathbb{E}[x, y = z] - \lVert u \rVert^2 =") + inline("c_1 + c_2 + c_3")
    )


def test_a_minus_after_a_bracket_or_relation_is_a_sign() -> None:
    assert 'form="prefix"' in inline(r"(-\alpha)^j") and 'form="prefix"' in inline("x = -1")
    assert "form" not in inline("a - b")


def test_displayed_tensor_products_have_their_limits_above_and_below() -> None:
    assert "munderover" in block(r"\bigotimes_{i=0}^{m-1} A_i") and "munderover" not in inline(r"\bigotimes_{i=0}^{m-1} A_i")


def test_primes_stand_beside_their_letter_and_definitions_are_one_relation() -> None:
    assert "<mi>m</mi><mo" in inline("m'") and "msup" not in inline("m'")
    assert "<msub><mi>W</mi><mi>t</mi></msub><mo" in inline("W_t'")
    assert "≔" in inline("y_0 := y_m") and ":" not in inline("y_0 := y_m").replace("≔", "")


def test_a_long_product_in_a_line_may_break_within_its_brackets() -> None:
    latex = r"\(\mathrm{tr}((\bigotimes_i y_{i+1} y_i^T \otimes \bigotimes_j z_{j+1} z_j^T)(\bigotimes_i A_i \otimes \bigotimes_j D_j))\)"
    assert render(latex).count("<wbr>") == 2
    assert "<wbr>" not in render(r"\((a + b)(c - d)\)")


def test_punctuation_stays_on_the_line_of_its_formula() -> None:
    one = render(r"\(b\)")
    assert render(r"for \(b\), or (\(b\)).") == f'for <span class="nowrap">{one},</span> or (<span class="nowrap">{one}).</span>'
    assert render(r"\(b\) and \(b\)") == f"{one} and {one}"

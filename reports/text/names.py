"""What a claim is called where there is room for more than its id."""

from __future__ import annotations

import re

from theory.inputs import InputLaw

LEMMAS = ("A.1", "A.2", "A.3", "A.8")
NAMES = {
    "A.1.2": "Appendix A.1.2",
    "A.1.3": "Appendix A.1.3",
    "3.1.2 loss": "Section 3.1.2: the loss",
    "conjecture": "The conjecture",
    "random w_0": r"Random \(w_0\)",
    "leaky ReLU": "Section 3.2: leaky ReLU",
    "3.5 extended": "Theorem 3.5, extended",
}


def full_name(claim_id: str) -> str:
    r"""HTML with LaTeX: the kind of statement and its number in the paper.

    Examples:
        >>> full_name("A.2"), full_name("3.4"), full_name("conjecture")
        ('Lemma A.2', 'Theorem 3.4', 'The conjecture')
    """
    if claim_id in NAMES:
        return NAMES[claim_id]
    chapter, _, number = claim_id.partition(".")
    if chapter in ("A", "3") and number.isdigit():
        return f"{'Lemma' if claim_id in LEMMAS else 'Theorem'} {claim_id}"
    return claim_id


VALUE = r"(?:\{[^}]*\}|N?\([^)]*\)|(?:\+-|-)?\d+(?:/\d+)?)"
FORMULA = re.compile(rf"(?:\b(?:x|t|b|alpha|w_0|W\*?_\d)|\b[wW](?:\*|\b)|\bvar\(g_\{{\d,\d\}}\)) (?:=|~|in) {VALUE}|\b(?:alpha|w_0)\b")
SPELLINGS = (
    ("alpha", r"\alpha"),
    ("+-", r"\pm "),
    ("*", "^*"),
    ("~", r"\sim"),
    (" in {", r" \in \{"),
    ("var(", r"\mathrm{var}("),
)


def with_maths(name: str) -> str:
    r"""An instance's plain name with its formulas as LaTeX, for captions; a name that has LaTeX already is left as it is.

    Examples:
        >>> print(with_maths("x ~ N(0, 1), w* = 1/6, W_1 = +-1 equally likely"))
        \(x \sim N(0, 1)\), \(w^* = 1/6\), \(W_1 = \pm 1\) equally likely
    """
    return name if r"\(" in name else FORMULA.sub(_latex, name)


def _latex(found: re.Match[str]) -> str:
    text = found.group()
    for plain, latex in SPELLINGS:
        text = text.replace(plain, latex)
    return rf"\({text[:-1]}\}}\)" if r"\{" in text else rf"\({text}\)"


def law_name(law: InputLaw) -> str:
    """An input law in a few words, with LaTeX: its dimension stands in the network's sizes.

    Examples:
        >>> from theory import Discrete, Gaussian
        >>> law_name(Gaussian(2)), law_name(Discrete([0, 1]))
        ('Gaussian', '2 atoms')
    """
    if law.is_centred_gaussian:
        return "Gaussian" if law.is_standard else r"Gaussian, \(\Sigma \ne I\)"
    return type(law).__name__ if law.atom_count is None else f"{law.atom_count} atoms"

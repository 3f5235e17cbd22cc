"""Names of instances and laws as captions have them, with their formulas as LaTeX."""

from __future__ import annotations

import re

from theory.inputs import InputLaw

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
    if law.is_gaussian:
        return "Gaussian" if law.is_standard else r"Gaussian, \(\Sigma \ne I\)" if law.is_centred_gaussian else r"Gaussian, \(\mu \ne 0\)"
    return type(law).__name__ if law.atom_count is None else f"{law.atom_count} atoms"

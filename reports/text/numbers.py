"""Values on a page: short ones in full, long ones shortened to what a reader takes in, with the full value a tap away."""

from __future__ import annotations

import math
import re
from fractions import Fraction
from html import escape
from typing import Any

import numpy as np
from flint import fmpz

from reports.text.mathml import inline
from theory.inverse_batch import InverseBatchPolynomial

SHORT = 64  # characters that fit on a phone in two lines
TEXT = 400  # words, unlike digits, are read
LONGEST_FULL_VALUE = 60_000  # characters; beyond it a page would be heavy for a number that nobody reads
LONG_NUMBER = re.compile(r"-?\d{18,}(?:/\d+)?|-?\d+/\d{18,}")


def show(value: Any) -> str:
    """HTML for any value that evidence may carry."""
    full = plain(value)
    if len(full) <= (TEXT if isinstance(value, str) and not LONG_NUMBER.search(value) else SHORT):
        if isinstance(value, InverseBatchPolynomial):
            return f'<span class="value">{inline(value.latex())}</span>'
        return f'<span class="value">{escape(full)}</span>'
    short = brief(value)
    cut = len(full) - LONGEST_FULL_VALUE
    rest = f"\n... {cut:,} characters more" if cut > 0 else ""
    return (
        f'<span class="value">{short}</span>'
        f"<details><summary>in full ({len(full):,} characters)</summary>"
        f'<pre tabindex="0">{escape(full[:LONGEST_FULL_VALUE])}{rest}</pre></details>'
    )


def plain(value: Any) -> str:
    """The whole value as text, every digit of it."""
    if isinstance(value, bool | np.bool_):
        return "true" if value else "false"
    if isinstance(value, int | np.integer):
        return str(fmpz(int(value)))  # Python refuses to print integers beyond 4,300 digits
    if isinstance(value, Fraction):
        numerator = plain(value.numerator)
        return numerator if value.denominator == 1 else f"{numerator}/{plain(value.denominator)}"
    if isinstance(value, float | np.floating):
        return f"{float(value):.12g}"
    if isinstance(value, InverseBatchPolynomial):
        return _polynomial(value)
    if isinstance(value, np.ndarray):
        return plain(value.tolist())
    if isinstance(value, tuple | list):
        inside = ", ".join(plain(x) for x in value)
        return f"({inside})" if isinstance(value, tuple) else f"[{inside}]"
    if isinstance(value, dict):
        return "; ".join(f"{plain(k)}: {plain(v)}" for k, v in value.items()) or "nothing"
    return str(value)


def brief(value: Any) -> str:
    """HTML for a value that is too long to be shown in full: leading terms and decimals, marked as approximate."""
    if isinstance(value, Fraction | int):
        return f"{'≈ ' if Fraction(value) else ''}{decimal(value)} {_size(Fraction(value))}"
    if isinstance(value, InverseBatchPolynomial):
        return _brief_polynomial(value)
    if isinstance(value, np.ndarray):
        return brief(value.tolist())
    if isinstance(value, tuple | list):
        shown = [_item(x) for x in value[:4]]
        more = f", … ({len(value)} in all)" if len(value) > 4 else ""
        return f"({', '.join(shown)}{more})"
    if isinstance(value, dict):
        rows = "".join(f"<li>{escape(plain(k))}: {_item(v)}</li>" for k, v in list(value.items())[:8])
        return f"<ul>{rows}</ul>"
    text = LONG_NUMBER.sub(lambda m: f"≈{decimal(Fraction(m.group()))}", str(value))
    return escape(text if len(text) <= TEXT else text[:TEXT] + " …")


def _item(value: Any) -> str:
    full = plain(value)
    return escape(full) if len(full) <= 24 else brief(value)


def decimal(value: Fraction | int | float, digits: int = 8) -> str:
    """A few significant decimals of a number of any size, written with a power of ten outside [1e-4, 1e7).

    Examples:
        >>> decimal(Fraction(1, 3)), decimal(-12), decimal(Fraction(10) ** 400), decimal(0), decimal(float("nan"))
        ('0.33333333', '-12', '1e400', '0', 'NaN')
    """
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else str(value)
    number = Fraction(value)
    if number == 0:
        return "0"
    exponent = _exponent(number)
    if -4 <= exponent < 7:
        return f"{float(number):.{digits}g}"
    mantissa, _, carry = f"{float(number / Fraction(10) ** exponent):.{digits - 1}e}".partition("e")  # 9.99... may round to 10
    return f"{mantissa.rstrip('0').rstrip('.')}e{exponent + int(carry)}"


def signed(z: float) -> str:
    """A z-score: two decimals, or a power of ten when it is beyond all reason."""
    text = f"{z:+.2f}" if abs(z) < 1e4 else ("+" if z > 0 else "") + decimal(z, 2)
    return text.replace("-", "−", 1) if z < 0 else text


def log10(value: Fraction | int | float) -> float:
    """log10 |value| for rationals of any size."""
    number = Fraction(value)
    return _log10(abs(number.numerator)) - _log10(number.denominator)


def _log10(n: int) -> float:
    shift = max(0, n.bit_length() - 64)
    return math.log10(n >> shift) + shift * math.log10(2)


def _exponent(number: Fraction) -> int:
    exponent = math.floor(log10(number))
    while abs(number) >= Fraction(10) ** (exponent + 1):
        exponent += 1
    while abs(number) < Fraction(10) ** exponent:
        exponent -= 1
    return exponent


def _size(value: Fraction) -> str:
    above, below = len(plain(abs(value.numerator))), len(plain(value.denominator))
    return (
        f'<span class="size">(an integer of {above} digits)</span>'
        if value.denominator == 1
        else f'<span class="size">({above} digits over {below})</span>'
    )


def _polynomial(value: InverseBatchPolynomial) -> str:
    def term(s: int) -> str:
        power = "" if s == 0 else " / b" if s == 1 else f" / b^{s}"
        return f"{'-' if value.coefficients[s] < 0 else '+'} {plain(abs(value.coefficients[s]))}{power}"

    terms = [term(s) for s, c in enumerate(value.coefficients) if c != 0]
    error = "" if value.is_exact else f"  (each coefficient ± {value.radius:.2g})"
    text = "\n".join(terms) if sum(map(len, terms)) > 4 * SHORT else " ".join(terms)
    return (text.removeprefix("+ ") or "0") + error


def _brief_polynomial(value: InverseBatchPolynomial) -> str:
    orders = [s for s, c in enumerate(value.coefficients) if c != 0]
    kept = orders if len(orders) <= 4 else [*orders[:2], orders[-1]]
    latex = ""
    for previous, s in zip([None, *kept], kept, strict=False):
        c = value.coefficients[s]
        gap = previous is not None and orders.index(s) != orders.index(previous) + 1
        sign = " - " if c < 0 else " + " if latex else ""
        latex += (r" + \cdots" if gap else "") + sign + _latex_decimal(abs(Fraction(c))) + ("" if s == 0 else rf"\,b^{{-{s}}}")
    return f'{inline(latex)} <span class="size">(degree {value.degree}, {"decimals rounded" if value.is_exact else "inexact"})</span>'


def _latex_decimal(value: Fraction) -> str:
    mantissa, _, exponent = decimal(value, digits=6).partition("e")
    return rf"{mantissa}\cdot 10^{{{exponent}}}" if exponent else mantissa

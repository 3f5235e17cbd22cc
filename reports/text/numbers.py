"""Values on a page: short ones in full, long ones shortened to what a reader takes in, with the full value a tap away."""

from __future__ import annotations

import math
import re
from fractions import Fraction
from html import escape
from typing import Any

import numpy as np
from flint import arb, fmpz

from reports.text.mathml import inline
from theory.inverse_batch import InverseBatchPolynomial

SHORT = 64  # characters that fit on a phone in two lines
ENTRY = 24  # characters of one number among others; a longer one is compared by its decimals
ENTRIES = 8  # of a list or a table
LINE = 200  # characters of a table that is written in a line
TEXT = 400  # words, unlike digits, are read
POLYNOMIAL = 200  # characters of one that is drawn in full
LONGEST_FULL_VALUE = 60_000  # characters; beyond it a page would be heavy for a number that nobody reads
LONG_NUMBER = re.compile(r"-?\d{18,}(?:/\d+)?|-?\d+/\d{18,}")


def show(value: Any, *, alone: bool = True) -> str:
    """HTML for any value that evidence may carry, and for its words: in full where it is short, or with the rest a tap away.

    A number that is not `alone`, but one of many, must be shorter.
    """
    shown, whole = _shown(value, alone)
    return f'<span class="value">{shown}</span>' + ("" if whole else full_value(value))


def full_value(value: Any) -> str:
    """HTML for all of a value, folded."""
    full = plain(value)
    cut = len(full) - LONGEST_FULL_VALUE
    rest = f"\n... {cut:,} characters more" if cut > 0 else ""
    return (
        f"<details><summary>in full ({len(full):,} characters)</summary>"
        f'<pre tabindex="0">{escape(full[:LONGEST_FULL_VALUE])}{rest}</pre></details>'
    )


def _shown(value: Any, alone: bool = False) -> tuple[str, bool]:
    """HTML for a value, alone or among others, and whether that is all of it. Doubles are rounded to four digits."""
    if value is None:
        return "–", True
    if isinstance(value, float):
        return escape(decimal(value, 4)), True
    if isinstance(value, arb):
        return _ball(value), True
    if isinstance(value, np.ndarray):
        return _shown_matrix(np.atleast_2d(value), alone)
    if isinstance(value, tuple | list):
        shown, whole = _joined([_shown(x) for x in value], len(value))
        return f"({shown})", whole
    if isinstance(value, dict):
        return _shown_table(value)
    full = plain(value)
    if isinstance(value, str):
        if len(full) <= SHORT or (len(full) <= TEXT and not LONG_NUMBER.search(full)):
            return escape(full), True
        text = LONG_NUMBER.sub(lambda m: f"≈{decimal(Fraction(m.group()))}", full)
        return escape(text if len(text) <= TEXT else text[:TEXT] + " …"), False
    if isinstance(value, InverseBatchPolynomial):
        return (inline(value.latex()), True) if len(full) <= POLYNOMIAL else (_brief_polynomial(value), False)
    if len(full) <= (SHORT if alone else ENTRY):
        return escape(full), True
    return f"≈ {decimal(value)}" + (f" {_size(Fraction(value))}" if alone else ""), False


def _shown_table(value: dict[str, Any]) -> tuple[str, bool]:
    """A row for each name, in one line where they are short."""
    entries = {name: _shown(v) for name, v in list(value.items())[:ENTRIES]}
    whole = len(entries) == len(value) and all(complete for _, complete in entries.values())
    rows = [f'<span class="nowrap">{escape(name)}:</span> {shown}' for name, (shown, _) in entries.items()]
    if whole and len(plain(value)) <= LINE:
        return "; ".join(rows) or "nothing", True
    more = f"<li>… ({len(value)} in all)</li>" if len(value) > len(entries) else ""
    return f"<ul>{''.join(f'<li>{row}</li>' for row in rows)}{more}</ul>", whole


def _shown_matrix(value: np.ndarray, alone: bool) -> tuple[str, bool]:
    """Rows parted by ";"; a matrix of one entry is that number."""
    if value.size == 1:
        return _shown(value.item(), alone)
    rows = [_joined([_shown(x) for x in row[:ENTRIES]], len(row)) for row in value.tolist()[:ENTRIES]]
    shown = "; ".join(row for row, _ in rows)
    if len(value) > ENTRIES or value.shape[1] > ENTRIES:
        shown += f"; … ({value.shape[0]} × {value.shape[1]})"
        return f"[{shown}]", False
    return f"[{shown}]", all(whole for _, whole in rows)


def _joined(entries: list[tuple[str, bool]], number: int) -> tuple[str, bool]:
    """Entries in a line; `number` is how many there are, the first of which are shown."""
    more = f", … ({number} in all)" if number > ENTRIES else ""
    return ", ".join(shown for shown, _ in entries[:ENTRIES]) + more, not more and all(whole for _, whole in entries)


def _ball(value: arb) -> str:
    """Eight digits of its midpoint; the radius where that matters to them."""
    middle, radius = float(value.mid()), float(value.rad())
    return decimal(middle) + (f" ± {decimal(radius, 2)}" if radius > 1e-9 * abs(middle) else "")


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
    if isinstance(value, arb):
        return str(value.str(40))
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


def counted(count: int, noun: str) -> str:
    """
    >>> counted(1, "shard"), counted(3, "batch size")
    ('1 shard', '3 batch sizes')
    """
    return f"{count} {noun}{'' if count == 1 else 's'}"

"""Numbers as text, both ways: the exact number that a text spells, and text for numbers of any length.

Python refuses to print or read integers beyond 4,300 digits, and writes an exponent out digit by digit; flint does neither. Every number
that comes in as text, in names, files, options and strings, is read here, and every message that shows a user's value shows it by `shown`.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from fractions import Fraction
from typing import Any

from flint import fmpq, fmpz

#: Of a decimal: beyond it nobody means the number, and 10^exponent would be written out.
MAX_EXPONENT = 10_000
#: Characters of a number.
MAX_LENGTH = 1_000_000
_DIGITS = r"\d+(?:_\d+)*"
_NUMBER = re.compile(
    rf"(?P<sign>[+-]?)(?:(?P<over>{_DIGITS})/(?P<under>{_DIGITS})"
    rf"|(?=\.?\d)(?P<whole>(?:{_DIGITS})?)(?:\.(?P<part>(?:{_DIGITS})?))?(?:[eE](?P<power>[+-]?\d+))?)",
    re.ASCII,
)


def read_number(text: str, name: str) -> Fraction:
    """The exact number that a text spells: an integer, a fraction "1/10" or a decimal "0.1", which is 1/10, too.

    ValueError naming `name` for anything else, for more than 1,000,000 characters, and for a decimal exponent beyond 10,000.

    >>> read_number("-1/3", "x"), read_number("2.5e-1", "x")
    (Fraction(-1, 3), Fraction(1, 4))
    """
    if len(text) > MAX_LENGTH:
        raise ValueError(f"{name} must have at most {MAX_LENGTH:,} characters, but had {len(text):,}")
    found = _NUMBER.fullmatch(text.strip())
    if not found:
        raise ValueError(f"{name} must be a number such as 3, 1/10 or 0.1, but was {shown(text)}")
    if found["under"] is not None:
        over, under = _integer(found["over"]), _integer(found["under"])
        if under == 0:
            raise ValueError(f"{name} must be a number such as 3, 1/10 or 0.1, but was {shown(text)}, divided by zero")
        value = fmpq(over, under)
    else:
        part = (found["part"] or "").replace("_", "")
        power = found["power"] or "0"
        if len(power.lstrip("+-0")) > len(str(MAX_EXPONENT)) or abs(int(power)) > MAX_EXPONENT:
            raise ValueError(f"{name} must have a decimal exponent of at most {MAX_EXPONENT:,}, but was {shown(text)}")
        shift = int(power) - len(part)
        digits, ten = _integer(found["whole"] + part), fmpz(10) ** abs(shift)
        value = fmpq(digits * ten) if shift >= 0 else fmpq(digits, ten)
    return to_fraction(-value if found["sign"] == "-" else value)


def _integer(digits: str) -> fmpz:
    return fmpz(digits.replace("_", ""))


def written(value: Fraction | float | int | fmpq | fmpz) -> str:
    """A number in full, whatever its length: 3, -1/3, and 0.1 for a float.

    >>> written(Fraction(1, 3)), written(0.1), len(written(10**5000))
    ('1/3', '0.1', 5001)
    """
    return repr(float(value)) if isinstance(value, float) else str(to_fmpq(value))


def spelled(value: Fraction | float | int | fmpq | fmpz, most: int = 60) -> str:
    """A number of any length as text for a message, the middle of a long one left out.

    >>> spelled(Fraction(1, 3)), spelled(0.1), spelled(10**5000)
    ('1/3', '0.1', '100000000000...000000000000 (5001 characters)')
    """
    text = written(value)
    return text if len(text) <= most else f"{text[:12]}...{text[-12:]} ({len(text)} characters)"


def shown(value: object, most: int = 80) -> str:
    """Whatever a user handed in, as `repr` shows it, for a message: shortened, and never an error of its own (long integers, deep nesting).

    >>> shown("tanh"), shown([10**5000])
    ("'tanh'", '<list>')
    """
    if isinstance(value, int | Fraction | fmpz | fmpq) and not isinstance(value, bool):
        return spelled(value, most)
    try:
        text = repr(value)
    except Exception:
        return f"<{type(value).__name__}>"
    return text if len(text) <= most else f"{text[: most - 20]}...{text[-17:]}"


def did_you_mean(word: object, known: Iterable[str]) -> str:
    """ "; did you mean 'student'?", to end a message with, when a known word resembles the given one; otherwise nothing.

    >>> did_you_mean("studnet", ["student", "teacher"])
    "; did you mean 'student'?"
    """
    close = difflib.get_close_matches(word, list(known), n=1) if isinstance(word, str) else []
    return f"; did you mean {close[0]!r}?" if close else ""


def to_fmpq(value: Any) -> fmpq:
    """An int, Fraction, fmpz, fmpq or float in flint; a float becomes the binary rational that it is."""
    if isinstance(value, fmpq):
        return value
    if isinstance(value, fmpz):
        return fmpq(value)
    ratio = value.as_integer_ratio()
    return fmpq(ratio[0], ratio[1])


def to_fraction(value: fmpq | fmpz | int) -> Fraction:
    """A flint rational as a Fraction. It is reduced already: Fraction's own gcd, quadratic in the digits, is left out."""
    if not isinstance(value, fmpq):
        return Fraction(int(value))
    result: Fraction = object.__new__(Fraction)
    result._numerator, result._denominator = int(value.p), int(value.q)  # type: ignore[attr-defined]
    return result

"""Lengths of time and amounts of memory, as people say them."""

from __future__ import annotations

import math


def duration(seconds: float) -> str:
    """A length of time as people say it, rounded to what is said.

    >>> duration(0.034), duration(59.7), duration(119.9), duration(7199), duration(3e6)
    ('0.034 s', '1 min', '2 min', '2 h', '35 days')
    """
    if seconds < 10:
        return f"{seconds:.2g} s"
    whole = round(seconds)
    if whole < 3600:
        minutes, rest = divmod(whole, 60)
        return _both(minutes, "min", rest, "s")
    if whole < 48 * 3600:
        hours, rest = divmod(round(seconds / 60), 60)
        return _both(hours, "h", rest, "min")
    days = seconds / 86400
    return f"{days:.0f} days" if days < 730 else f"{days / 365.25:.2g} years"


def _both(large: int, unit: str, small: int, subunit: str) -> str:
    return " ".join(f"{count} {name}" for count, name in ((large, unit), (small, subunit)) if count)


def size(count: float) -> str:
    """Bytes as people say them; infinity is no limit.

    >>> size(1500), size(3.2e9)
    ('1.5 kB', '3.2 GB')
    """
    if count == math.inf:
        return "any memory"
    for unit in ("B", "kB", "MB", "GB", "TB"):
        if count < 999.5:
            return f"{count:.3g} {unit}"
        count /= 1000
    return f"{count:.3g} PB"

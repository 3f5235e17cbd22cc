"""Arguments that are no measured numbers, checked: flags, words to choose from, indices; and the values of a user's own function."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from numbers import Integral
from typing import Any

import numpy as np
from flint import fmpz

from theory.exact.number_text import did_you_mean, shown, spelled
from theory.exact.numbers import NO_REAL_NUMBERS


def as_flag(value: object, name: str) -> bool:
    """True or False, numpy's included. TypeError for all else: "no" and 0 and None have truth values in Python that nobody meant."""
    if not isinstance(value, bool | np.bool_):
        raise TypeError(f"{name} must be True or False, but was {shown(value)}")
    return bool(value)


def as_choice(value: object, name: str, choices: Iterable[str]) -> str:
    """One of these words. ValueError for all else, whatever it thinks it equals: arrays compare entry by entry."""
    words = list(choices)
    if not isinstance(value, str) or value not in words:
        raise ValueError(f"{name} must be one of {', '.join(words)}, but was {shown(value)}{did_you_mean(value, words)}")
    return value


def as_index(value: object, name: str, minimum: int = 0) -> int:
    """An integer >= minimum. Raises TypeError for a non-integer (2.0, "2" and True included), ValueError for one that is too small."""
    if isinstance(value, NO_REAL_NUMBERS) or not isinstance(value, Integral | fmpz):
        raise TypeError(f"{name} must be an integer, but was {shown(value)} of type {type(value).__name__}")
    if int(value) < minimum:
        raise ValueError(f"{name} must be at least {minimum}, but was {spelled(int(value))}")
    return int(value)


def evaluated(function: Callable[..., Any], name: str, *arguments: Any) -> Any:
    """function(*arguments) of a user's own function, `name` being the call in words. ValueError with the reason for whatever it raises."""
    try:
        return function(*arguments)
    except Exception as error:
        raise ValueError(f"{name} must have a value, but the function raised {shown(error, 200)}") from error

"""What is asked of `gradient_noise`, checked before anything is computed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from empirics.arguments import as_batch_sizes
from empirics.models.noise.batch_sums import GROUP
from empirics.models.noise.laws import CONVENTIONS, Laws
from theory.budget import Budget
from theory.exact import as_choice, as_flag, as_index, as_number, shown

METHODS = ("auto", "per_example", "resampling")
#: Where no budget is given.
USUAL = Budget(seconds=3600.0, bytes=8e9)


@dataclass(frozen=True)
class Request:
    """A checked request; `examples` is how many of the n are measured."""

    n: int
    batch_sizes: tuple[int, ...]
    examples: int
    batches: int
    method: str
    seed: int
    level: float
    budget: Budget
    laws: Laws


def check_request(
    n: int,
    *,
    batch_sizes: Iterable[int],
    replacement: bool,
    convention: str,
    examples: int | None,
    batches: int,
    method: str,
    seed: int,
    level: float,
    budget: Budget | None,
) -> Request:
    """For a data set of n examples. Arguments as for `gradient_noise`."""
    sizes, replacement = as_batch_sizes(batch_sizes), as_flag(replacement, "replacement")
    if n < 2:
        raise ValueError("dataset must have two examples at least, but had one: there is no variance")
    for i, b in enumerate(sizes):
        if b > n and not replacement:
            raise ValueError(f"batch_sizes[{i}] must be at most {n}, the number of examples, without replacement, but was {b}")
    laws = Laws(n, as_choice(convention, "convention", CONVENTIONS), replacement)
    measured = n if examples is None else as_index(examples, "examples", minimum=2)
    if measured > n:
        raise ValueError(f"examples must be at most {n}, all that there are, but was {measured}")
    as_choice(method, "method", METHODS)
    if method == "resampling" and examples is not None:
        raise ValueError(f"examples must be None for method 'resampling', which draws batches from all of them, but was {measured}")
    if as_index(batches, "batches", minimum=2 * GROUP) % GROUP:
        raise ValueError(f"batches must be a multiple of {GROUP}, but was {shown(batches)}")
    if not 0 < as_number(level, "level") < 1:
        raise ValueError(f"level must be between 0 and 1, but was {shown(level)}")
    asked = as_index(seed, "seed")
    return Request(n, sizes, measured, int(batches), method, asked, float(level), Budget.of(budget, USUAL), laws)

"""Does a quantity fall as the batch size grows? A test over many runs and steps, fixed before the data are seen.

    d_rs = (value of run r at step s with the smaller batch size) - (the same with the larger one),     delta_s = E d_rs

`paired` flips the signs of whole runs. If the batch size makes no difference, the two runs of a pair may be exchanged, so that every
choice of signs e_r is as likely as the one observed: the test is exact, for any dependence between the steps and any distribution. Its
statistic is

    u_s = sum_r d_rs / sqrt(sum_r d_rs^2),      an increasing function of Student's t at step s, whose root no flip changes,

and the correction for the number of steps is the step-down maximum of Westfall and Young (1993): steps of one run are nearly copies of each
other, which Holm's correction, right for any dependence, would pay for as if they were independent. Each direction has half the level.
Means that are equal though the distributions differ are tested approximately, as with Student's t. What has no value in a single run, such
as a variance over runs, is compared by unbiased estimates from blocks of runs, in the place of runs.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from scipy import stats

from theory.exact import as_doubles, as_index, as_number, shown

SUPPORTED, NOT_SUPPORTED, UNDECIDED = "supported", "not supported", "undecided"
LEVEL = 0.05
FLIPS = 9_999
CHUNK = 1 << 22  # entries of the table of flipped statistics that are held at once
TIE = 1e-9  # of u: equal sums are rounded differently
ROUNDING = 16  # eps of the larger of two values: what they differ by is no more than rounding


@dataclass(frozen=True, eq=False)
class OrderTest:
    """What the data say of "the quantity falls as the batch size grows, at every step".

    Attributes, arrays over the steps:
        difference: mean of the smaller batch size minus mean of the larger one; positive where the quantity falls.
        low, high: intervals around it that hold at all steps together with probability 1 - level (Bonferroni, Student's t).
        falls, rises: corrected one-sided p-values for a positive and for a negative difference; 1 where nothing was compared.
        compared: False where all values of both are the same but for rounding, as at given initial weights.
        level: for both directions together.
        runs: pairs of runs.
    """

    difference: np.ndarray
    low: np.ndarray
    high: np.ndarray
    falls: np.ndarray
    rises: np.ndarray
    compared: np.ndarray
    level: float
    runs: int

    @property
    def falling(self) -> np.ndarray:
        """Where the quantity falls, beyond chance."""
        return self.compared & (self.falls <= self.level / 2)

    @property
    def rising(self) -> np.ndarray:
        """Where it rises, beyond chance."""
        return self.compared & (self.rises <= self.level / 2)

    @property
    def outcome(self) -> str:
        """SUPPORTED: it falls at every step that was compared. NOT_SUPPORTED: it rises at one of them. UNDECIDED otherwise."""
        if self.rising.any():
            return NOT_SUPPORTED
        return SUPPORTED if self.compared.any() and self.falling[self.compared].all() else UNDECIDED

    @property
    def opposite(self) -> OrderTest:
        """The same data on "the quantity rises"."""
        return OrderTest(-self.difference, -self.high, -self.low, self.rises, self.falls, self.compared, self.level, self.runs)

    def at(self, steps: np.ndarray | slice) -> OrderTest:
        """The part at these steps, with the p-values corrected for all."""
        names = ("difference", "low", "high", "falls", "rises", "compared")
        return replace(self, **{name: getattr(self, name)[steps] for name in names})


def paired(
    small: np.ndarray, large: np.ndarray, *, level: float = LEVEL, flips: int = FLIPS, seed: int = 0, dtype: type[np.floating] = np.float64
) -> OrderTest:
    """The test by flipping the signs of runs: exact where the batch size makes no difference.

    Args:
        small, large: (runs, steps) at the smaller and the larger batch size, run r of the one paired with run r of the other.
        level: the probability of a wrong statement, on any step and in either direction.
        flips: random choices of signs, beside the observed one; all 2^runs are taken where these are no more.
        seed: of the signs.
        dtype: in which the values were computed. Two values that differ by 16 eps of the larger one at most count as equal.

    Fewer than log2(2 / level) runs, 6 at the usual level, decide nothing. Raises ValueError for other shapes, for NaN and infinity (a run
    that diverged is no value), for a level that is no probability. Cost: flips x runs x steps multiplications, twice. Source: Westfall and
    Young, Resampling-Based Multiple Testing, Wiley 1993, algorithm 2.8.

    >>> draw = np.random.default_rng(0)
    >>> test = paired(draw.normal(1, 0.1, (8, 3)), draw.normal(0, 0.1, (8, 3)))
    >>> test.outcome, test.opposite.outcome, test.falls.tolist()
    ('supported', 'not supported', [0.00390625, 0.00390625, 0.00390625])
    """
    if not 0 < as_number(level, "level") < 1:
        raise ValueError(f"level must be between 0 and 1, but was {shown(level)}")
    count = as_index(flips, "flips", minimum=1)
    small, large = (_table(x, name) for x, name in ((small, "small"), (large, "large")))
    if small.shape != large.shape:
        raise ValueError(f"small and large must have one shape, runs paired, but had {small.shape} and {large.shape}")
    d = small - large
    d[np.abs(d) <= ROUNDING * np.finfo(dtype).eps * np.maximum(np.abs(small), np.abs(large))] = 0
    runs, steps = d.shape
    if runs < 2:
        raise ValueError(f"small must have two runs at least, but had {runs}")
    root = np.sqrt((d**2).sum(axis=0))
    compared = root > 0
    unit = d[:, compared] / root[compared]
    falls, rises = np.ones(steps), np.ones(steps)
    falls[compared] = _step_down(unit, count, as_index(seed, "seed"))
    rises[compared] = _step_down(-unit, count, as_index(seed, "seed"))
    mean, error = d.mean(axis=0), d.std(axis=0, ddof=1) / np.sqrt(runs)
    width = error * stats.t.isf(level / 2 / max(1, compared.sum()), runs - 1)
    return OrderTest(mean, mean - width, mean + width, falls, rises, compared, float(level), runs)


def _table(value: np.ndarray, name: str) -> np.ndarray:
    array = as_doubles(value, name)
    if array.ndim != 2 or 0 in array.shape:
        raise ValueError(f"{name} must have the shape (runs, steps), but had {array.shape}")
    if not np.isfinite(array).all():
        raise ValueError(f"{name} must be finite, but {int((~np.isfinite(array)).sum())} of its {array.size} entries are not")
    return array


def _step_down(unit: np.ndarray, flips: int, seed: int) -> np.ndarray:
    """Corrected one-sided p-values of the columns, each of length 1: the share of flips in which the largest u of this column and of those
    that are less extreme reaches the observed one; never less than that of a more extreme column."""
    observed = unit.sum(axis=0)
    order = np.argsort(-observed, kind="stable")
    sorted_unit, threshold = unit[:, order], observed[order] - TIE
    reached, total = np.zeros(observed.size), 0
    for signs in _signs(unit.shape[0], flips, seed, max(1, CHUNK // max(1, observed.size))):
        largest = np.maximum.accumulate((signs @ sorted_unit)[:, ::-1], axis=1)[:, ::-1]
        reached += (largest >= threshold).sum(axis=0)
        total += len(signs)
    adjusted = np.empty_like(observed)
    adjusted[order] = np.maximum.accumulate(reached / total)
    return adjusted


def _signs(runs: int, flips: int, seed: int, rows: int) -> Iterator[np.ndarray]:
    """All choices of signs, or the observed one (no flip) and random ones, some rows at a time."""
    if 2**runs <= flips + 1:
        everything = np.arange(2**runs)
        for first in range(0, 2**runs, rows):
            yield 1.0 - 2.0 * (everything[first : first + rows, None] >> np.arange(runs) & 1)
        return
    draw = np.random.Generator(np.random.PCG64DXSM(seed))
    yield np.ones((1, runs))
    for first in range(0, flips, rows):
        yield 1.0 - 2.0 * draw.integers(0, 2, (min(rows, flips - first), runs))

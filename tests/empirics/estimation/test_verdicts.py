"""The tests behind the verdicts: p-values against a closed test over all subsets and flips, in rationals; size and power by simulation."""

from __future__ import annotations

from fractions import Fraction as F
from itertools import chain, combinations, product

import numpy as np
import pytest

pytest.importorskip("torch")

from empirics.estimation.verdicts import NOT_SUPPORTED, SUPPORTED, UNDECIDED, OrderTest, paired

RUNS, STEPS = 8, 6


def pairs(draw: np.random.Generator, shift: np.ndarray | float, runs: int = RUNS, steps: int = STEPS) -> tuple[np.ndarray, np.ndarray]:
    """Two batch sizes; within a run the steps are nearly copies of each other, and noise is skew, as losses are."""
    noise = [draw.normal(size=(runs, 1)) + 0.3 * draw.normal(size=(runs, steps)) for _ in range(2)]
    small, large = (np.exp(0.5 * x) for x in noise)
    return small + shift, large


def closed_test(d: list[list[int]]) -> list[F]:
    """Adjusted p-values from the definition: step s is rejected when every set of steps that has s is, by its largest squared u with its
    sign, over all choices of signs; integers in, rationals throughout."""
    runs, steps = len(d), len(d[0])
    squares = [sum(row[s] ** 2 for row in d) for s in range(steps)]

    def largest(signs: tuple[int, ...], chosen: tuple[int, ...]) -> F:
        sums = {s: sum(e * row[s] for e, row in zip(signs, d, strict=True)) for s in chosen}
        return max(F(x * abs(x), squares[s]) for s, x in sums.items())

    def p(chosen: tuple[int, ...]) -> F:
        observed = largest((1,) * runs, chosen)
        return F(sum(largest(signs, chosen) >= observed for signs in product((1, -1), repeat=runs)), 2**runs)

    subsets = list(chain.from_iterable(combinations(range(steps), k) for k in range(1, steps + 1)))
    return [max(p(chosen) for chosen in subsets if s in chosen) for s in range(steps)]


@pytest.mark.parametrize("seed", range(6))
def test_p_values_are_those_of_the_closed_test(seed: int) -> None:
    draw = np.random.default_rng(seed)
    d = draw.integers(-4, 8, (7, 1)) + draw.integers(-3, 4, (7, 4))  # few integers: ties between flips and between steps
    test = paired(d, np.zeros_like(d))
    assert test.falls.tolist() == [float(p) for p in closed_test(d.tolist())]
    assert test.rises.tolist() == [float(p) for p in closed_test((-d).tolist())]


def test_random_flips_tend_to_all_of_them() -> None:
    small, large = pairs(np.random.default_rng(3), 0.4, runs=11)
    every, some = paired(small, large), paired(small, large, flips=2**11 - 2)
    assert not np.array_equal(every.falls, some.falls)
    assert np.abs(every.falls - some.falls).max() < 4 * 0.5 / 2**5.5


def test_one_step_and_all_the_same_is_the_sign_test() -> None:
    one = paired(np.full((6, 1), 0.002), np.zeros((6, 1)))
    assert one.falls == 2.0**-6 and one.rises == 1.0 and one.outcome == SUPPORTED
    assert paired(np.full((5, 1), 0.002), np.zeros((5, 1))).outcome == UNDECIDED  # too few runs, however clear


def test_size_whatever_the_dependence() -> None:
    """Wrong statements at 5 %, in either direction, where b makes no difference: 400 experiments, within three standard errors."""
    draw = np.random.default_rng(11)
    wrong = 0
    for _ in range(400):
        test = paired(*pairs(draw, 0.0), level=0.05)
        wrong += bool(test.falling.any() or test.rising.any())
    assert 0.02 < wrong / 400 <= 0.05 + 3 * (0.05 * 0.95 / 400) ** 0.5


def test_size_where_some_steps_rise() -> None:
    """No step that is level is said to fall because others rise."""
    draw, shift = np.random.default_rng(12), np.where(np.arange(STEPS) < 3, -2.0, 0.0)
    wrong = sum(bool(paired(*pairs(draw, shift)).falling.any()) for _ in range(300))
    assert wrong / 300 <= 0.025 + 3 * (0.025 * 0.975 / 300) ** 0.5


def test_power() -> None:
    draw = np.random.default_rng(13)
    outcomes = [paired(*pairs(draw, 2.5)).outcome for _ in range(100)]
    assert outcomes.count(SUPPORTED) > 80 and NOT_SUPPORTED not in outcomes
    shift = np.where(np.arange(STEPS) == 2, -2.5, 2.5)
    outcomes = [paired(*pairs(draw, shift)).outcome for _ in range(100)]
    assert outcomes.count(NOT_SUPPORTED) > 80 and SUPPORTED not in outcomes
    assert [paired(*pairs(draw, 0.1)).outcome for _ in range(20)].count(UNDECIDED) >= 18


def test_steps_that_are_all_the_same_are_not_compared() -> None:
    small, large = pairs(np.random.default_rng(1), 3.0)
    small[:, 0] = large[:, 0]
    test = paired(small, large)
    assert test.compared.tolist() == [False] + [True] * (STEPS - 1)
    assert test.falls[0] == test.rises[0] == 1 and test.low[0] == test.difference[0] == test.high[0] == 0
    without = paired(small[:, 1:], large[:, 1:])
    assert np.array_equal(test.falls[1:], without.falls) and np.array_equal(test.low[1:], without.low) and test.outcome == without.outcome
    assert paired(small, small).outcome == UNDECIDED


def test_rounding_is_no_difference() -> None:
    """All runs are off by a last place, in one direction; a difference that the numbers can hold is one."""
    value = np.random.default_rng(1).uniform(1, 2, (8, 3))
    for dtype in (np.float64, np.float32):
        eps = float(np.finfo(dtype).eps)
        test = paired(value * (1 + 4 * eps), value, dtype=dtype)
        assert test.outcome == test.opposite.outcome == UNDECIDED and not test.compared.any() and not test.difference.any()
        assert paired(-value, -value * (1 + 4 * eps), dtype=dtype).outcome == UNDECIDED
        assert paired(value * (1 + 40 * eps), value, dtype=dtype).outcome == SUPPORTED
    assert paired(value * (1 + 1e-9), value).outcome == SUPPORTED  # of doubles by default


def test_intervals_hold_together() -> None:
    draw, truth, inside = np.random.default_rng(14), np.linspace(0, 1, STEPS), 0
    for _ in range(300):
        noise = draw.normal(size=(RUNS, STEPS)) + draw.normal(size=(RUNS, 1))
        test = paired(truth + noise, np.zeros((RUNS, STEPS)))
        inside += bool(((test.low <= truth) & (truth <= test.high)).all())
    assert 0.95 - 3 * (0.05 * 0.95 / 300) ** 0.5 <= inside / 300 < 1


def test_the_opposite_and_a_part() -> None:
    small, large = pairs(np.random.default_rng(2), 2.0)
    test, swapped = paired(small, large), paired(large, small)
    for name in ("difference", "low", "high", "falls", "rises"):
        assert np.allclose(getattr(test.opposite, name), getattr(swapped, name), rtol=0, atol=1e-15), name
    part = test.at(slice(2, 4))
    assert np.array_equal(part.falls, test.falls[2:4]) and part.level == test.level and isinstance(part, OrderTest)


ONE = np.ones((6, 2))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: paired(ONE, ONE[:5]), "small and large must have one shape"),
        (lambda: paired(np.ones(6), np.ones(6)), r"small must have the shape \(runs, steps\)"),
        (lambda: paired(ONE, ONE * np.nan), "large must be finite, but 12 of its 12 entries are not"),
        (lambda: paired(ONE[:1], ONE[:1]), "small must have two runs at least, but had 1"),
        (lambda: paired(ONE, ONE, level=1), "level must be between 0 and 1"),
        (lambda: paired(ONE, ONE, flips=0), "flips must be at least 1"),
    ],
)
def test_what_is_no_data(make, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()

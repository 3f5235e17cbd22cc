"""For how many steps a run has no rounding at all: small integers and dyadic numbers, followed by their units and sizes.

Numbers that are multiples of 2^u and below 2^(u + digits) are held exactly, and so are their sums and products while the results are. For
every quantity of a step the unit 2^u and a bound on the sum of absolute values are carried along, whatever the batches are:

    z_k = W_k a_{k-1}      delta_k = (W_{k+1}^T delta_{k+1}) sigma'      g_k = (1/b) sum_i delta_k a_{k-1}^T      W_k - alpha_t g_k

1/b and alpha_t must be dyadic, or the first step rounds. A network of weights 1 and 2 with inputs 0 and 1 has some exact steps; one with a
weight 1/10 has none.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import islice

import numpy as np

from empirics.engines.base import Setting

#: Points of the input law, and exact steps, that are looked at.
MOST_POINTS, MOST_STEPS = 4096, 64


class _Rounded(Exception):
    pass


@dataclass(frozen=True)
class _Held:
    """Multiples of 2^unit, at most `size` in absolute value; no number but 0 has the unit None."""

    unit: int | None
    size: Fraction

    @classmethod
    def of(cls, numbers: Iterable[Fraction], digits: int) -> _Held:
        """Of given numbers; the first that does not fit ends it."""
        held = cls(None, Fraction(0))
        for x in numbers:
            if x and not (held.unit is not None and abs(x) <= held.size and unit_of(x) >= held.unit):
                unit = unit_of(x)
                held = cls(unit if held.unit is None else min(unit, held.unit), max(held.size, abs(x))).checked(digits)
        return held

    def times(self, other: _Held, terms: int = 1) -> _Held:
        """Sums of so many products."""
        unit = None if self.unit is None or other.unit is None else self.unit + other.unit
        return _Held(unit, terms * self.size * other.size)

    def plus(self, other: _Held) -> _Held:
        return _Held(min((u for u in (self.unit, other.unit) if u is not None), default=None), self.size + other.size)

    def checked(self, digits: int) -> _Held:
        if self.unit is not None and self.size >= Fraction(2) ** (digits + self.unit):
            raise _Rounded
        return self


def unit_of(x: Fraction) -> int:
    """The largest u such that x, which is not 0, is a multiple of 2^u; _Rounded for what is no dyadic number."""
    if x.denominator & (x.denominator - 1):
        raise _Rounded
    return (x.numerator & -x.numerator).bit_length() - x.denominator.bit_length()


def exact_steps(setting: Setting, digits: int) -> int:
    """How many steps, from the first, have forward passes without rounding in arithmetic of so many binary digits."""
    problem, passed = setting.problem, 0
    try:
        points = _Held.of(_points(setting), digits)
        weights, teacher = (
            _Held.of((Fraction(x) for w in side for x in w.ravel().tolist()), digits) for side in (problem.student, problem.teacher or ())
        )
        targets = problem.inputs.targets
        labels = None if targets is None else _Held.of((Fraction(x) for x in targets.ravel().tolist()), digits)
        slopes = _Held.of([Fraction(1), *problem.activation_function.slopes], digits)

        def forward(held: _Held, layers: Sequence[np.ndarray]) -> list[_Held]:
            """a_0, ..., a_{H-1} and the output."""
            found = [points]
            for k, w in enumerate(layers, 1):
                z = found[-1].times(held, w.shape[1]).checked(digits)
                found.append(z.times(slopes).checked(digits) if k < len(layers) else z)
            return found

        aim = labels or forward(teacher, problem.teacher_weights)[-1]
        while passed < (MOST_STEPS if problem.optimizer.is_plain else 1):  # of other steps only the first has weights as given
            *activations, output = forward(weights, problem.student)
            passed += 1
            delta, moved = output.plus(aim).checked(digits), weights
            rate = _Held.of([Fraction(problem.learning_rate(passed - 1))], digits)
            for k in range(problem.depth - 1, -1, -1):
                total = delta.times(activations[k], setting.batch_size).checked(digits)
                # a mean is no larger than a term
                mean = _Held(total.times(_Held.of([Fraction(1, setting.batch_size)], digits)).unit, delta.times(activations[k]).size)
                moved = moved.plus(mean.times(rate).checked(digits)).checked(digits)
                if k:
                    delta = delta.times(weights, problem.student[k].shape[0]).checked(digits).times(slopes).checked(digits)
            weights = moved
    except (_Rounded, ValueError):  # ValueError: there are no more learning rates, and no more steps
        pass
    return passed


def _points(setting: Setting) -> list[Fraction]:
    """All that a coordinate of an input can be; _Rounded for what is not known exactly, and for too many."""
    law, most = setting.law, MOST_POINTS * setting.law.dimension
    values = law.coordinate_values() if law.exact else None
    looked_at = [] if values is None else list(islice(values, most + 1))
    if values is None or len(looked_at) > most:
        raise _Rounded
    return looked_at


def exact_rows(setting: Setting, digits: int) -> np.ndarray:
    """(h,): which rows of W_1 have exact products with every point."""
    w = setting.problem.student[0]
    try:
        points = _Held.of(_points(setting), digits)
    except _Rounded:
        return np.zeros(len(w), dtype=bool)

    def is_exact(row: list[Fraction | float]) -> bool:
        try:
            _Held.of((Fraction(x) for x in row), digits).times(points, len(row)).checked(digits)
        except _Rounded:
            return False
        return True

    return np.array([is_exact(row) for row in w.tolist()])

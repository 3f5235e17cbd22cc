"""Problems that tests share: pinned hard ones by name, with values that are known exactly, and families made from sizes and a seed."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from fractions import Fraction as F
from typing import Any, NamedTuple

import numpy as np

from theory import Discrete, Gaussian, Rademacher, TeacherStudent, Uniform
from theory.inputs import InputLaw

_UNIT, _NONE = [[[1]], [[2]]], [[[0]], [[0]]]
_PLANE = [[[1, F(1, 2)], [0, -1]], [[F(1, 2), 1]]]
_PLANE_TEACHER = [[[0, 1], [1, 0]], [[1, 1]]]
_SCALAR, _SCALAR_TEACHER = [[[F(1, 2)]], [[F(-2, 3)]]], [[[F(3, 4)]], [[1]]]
_SLANTED = Discrete([(1, 2), (2, -1)], [F(1, 3), F(2, 3)])

PINNED: dict[str, TeacherStudent] = {
    # the variance rises from b = 2 to b = 3, and is 0 at b = 1
    "rising": TeacherStudent(_UNIT, _NONE, Discrete([0, 1]), F(1)),
    "two atoms": TeacherStudent(_UNIT, _NONE, Discrete([1, 2]), F(1, 4)),
    "three atoms": TeacherStudent(_UNIT, _NONE, Discrete([0, 1, 2]), F(1, 4)),
    "coin": TeacherStudent(_UNIT, _NONE, Rademacher(1), F(1, 4)),
    "one atom": TeacherStudent(_UNIT, [[[F(1, 3)]], [[0]]], Discrete([1]), F(1, 7)),
    "units": TeacherStudent([[[1]], [[1]]], _NONE, Discrete([1, 2]), 1),
    # at the teacher: nothing moves
    "still": TeacherStudent([[[1]], [[1]]], [[[1]], [[1]]], Discrete([1]), 1),
    # the loss is no decreasing function of b
    "saddle": TeacherStudent([[[F(1, 10)]], [[F(1, 10)]]], [[[1]], [[1]]], Gaussian(1), 1),
    "scalar": TeacherStudent(_SCALAR, _SCALAR_TEACHER, Gaussian(1), F(1, 10)),
    "scalar uniform": TeacherStudent(_SCALAR, _SCALAR_TEACHER, Uniform(1, 0, 1), F(1, 10)),
    "plane of two atoms": TeacherStudent(_PLANE, _PLANE_TEACHER, _SLANTED, [F(1, 5), F(1, 3), F(1, 4)]),
    "plane of corners": TeacherStudent(_PLANE, _PLANE_TEACHER, Rademacher(2), F(1, 10)),
    "plane": TeacherStudent(_PLANE, _PLANE_TEACHER, Gaussian(2), F(1, 10)),
    "correlated plane": TeacherStudent(_PLANE, _PLANE_TEACHER, Gaussian(cov=[[1, F(1, 2)], [F(1, 2), 1]]), F(1, 10)),
    "plane with a mean": TeacherStudent(_PLANE, _PLANE_TEACHER, Gaussian(mean=[1, F(-1, 2)], cov=[[1, F(1, 2)], [F(1, 2), 1]]), F(1, 10)),
    # x = (1, z): the first column of W_1 holds biases
    "biases": TeacherStudent(_PLANE, _PLANE_TEACHER, Gaussian(mean=[1, 0], cov=[[0, 0], [0, 1]]), F(1, 10)),
    "singular covariance": TeacherStudent(
        [[[1, F(1, 2)], [-1, 2], [0, 1]], [[1, 0, -1], [F(1, 3), 1, 2]]],
        [[[0, 1], [1, 1], [2, 0]], [[1, 1, 0], [0, -1, 1]]],
        Gaussian(cov=[[4, 2], [2, 1]]),
        F(1, 7),
    ),
    "one layer": TeacherStudent([[[1, 2]]], [[[0, 1]]], _SLANTED, F(1, 2)),
    "deep quadratic": TeacherStudent(
        [[[1]], [[F(1, 2)]], [[-1]]], [[[F(1, 2)]], [[1]], [[1]]], Discrete([1, -2], [F(1, 3), F(2, 3)]), F(1, 5), (F(1, 2), 1, 1)
    ),
}

#: Networks whose activation is no polynomial: no engine has them, enumeration in balls does.
SMOOTH: dict[str, TeacherStudent] = {
    "scalar": TeacherStudent([[[1]], [[2]]], [[[0]], [[1]]], Discrete([0, 1]), F(1, 4), "tanh"),
    "three atoms": TeacherStudent([[[1]], [[2]]], [[[0]], [[1]]], Discrete([0, F(1, 3), 1]), F(1, 4), "tanh"),
    "two units": TeacherStudent([[[1], [F(1, 3)]], [[F(1, 2), -1]]], [[[1], [0]], [[1, 1]]], Rademacher(1), [F(1, 8), F(1, 10)], "tanh"),
    "two inputs": TeacherStudent([[[1, F(1, 2)]], [[1]]], [[[0, 1]], [[1]]], Rademacher(2), F(1, 8), "sigmoid"),
    "wide": TeacherStudent(
        [[[F(1, 2), F(-1, 3)], [F(1, 4), F(1, 2)]], [[F(1, 2), F(-1, 2)]]],
        [[[1, 0], [0, 1]], [[F(1, 2), F(1, 2)]]],
        Discrete([(1, 0), (F(1, 2), -1)], [F(1, 3), F(2, 3)]),
        F(1, 5),
        "sigmoid",
    ),
    "three layers": TeacherStudent([[[1]], [[F(1, 2)]], [[1]]], [[[0]], [[1]], [[F(1, 2)]]], Discrete([F(-1, 2), 1]), F(1, 10), "sigmoid"),
}


class Known(NamedTuple):
    """A value that is known exactly."""

    name: str
    kind: str
    step: int
    layer: int | None
    batch_size: int
    value: Fraction


KNOWN: tuple[Known, ...] = (
    Known("rising", "variance", 1, 2, 2, F(5, 16)),
    Known("rising", "variance", 1, 2, 3, F(1015, 2916)),
    Known("rising", "variance", 1, 2, 4, F(33, 128)),
    Known("two atoms", "variance", 1, 1, 1, F(0)),
    Known("two atoms", "variance", 1, 1, 2, F(12393, 8192)),
    Known("one atom", "variance", 1, 1, 3, F(0)),
    Known("saddle", "loss", 1, None, 1, F(179952446421, 4 * 10**11)),
    Known("saddle", "loss", 1, None, 2, F(113437783503, 25 * 10**10)),
    Known("saddle", "loss", 1, None, 3, F(182367229869, 4 * 10**11)),
)


def network(sizes: Sequence[int], inputs: InputLaw, rates: Any = F(1, 10), activation: Any = (0, 1), seed: int = 0) -> TeacherStudent:
    """Weights and teacher in quarters between -1 and 1, from a seed."""
    generator = np.random.default_rng(seed)
    shapes = list(zip(sizes[1:], sizes[:-1], strict=True))
    student, teacher = ([[[F(int(x), 4) for x in row] for row in generator.integers(-4, 5, shape)] for shape in shapes] for _ in range(2))
    return TeacherStudent(student, teacher, inputs, rates, activation)


def scalar(
    inputs: InputLaw, rates: Any = F(1, 10), w: tuple[Fraction, Fraction] = (F(1, 2), F(-2, 3)), target: Fraction = F(3, 4)
) -> TeacherStudent:
    """Two layers of one unit."""
    return TeacherStudent([[[w[0]]], [[w[1]]]], [[[target]], [[1]]], inputs, rates)


def drawn(seed: int, sizes: tuple[int, int, int], inputs: InputLaw, rates: Any = F(1, 10)) -> TeacherStudent:
    """Two linear layers with weights of either sign and small numerators and denominators, none of them 0."""
    numbers = np.random.default_rng(seed)
    p, h, q = sizes

    def matrix(shape: tuple[int, int]) -> list[list[Fraction]]:
        signs, (tops, bottoms) = numbers.choice([-1, 1], shape), numbers.integers(1, 4, (2, *shape))
        return [[F(int(n), int(d)) for n, d in zip(*row, strict=True)] for row in zip(signs * tops, bottoms, strict=True)]

    return TeacherStudent([matrix((h, p)), matrix((q, h))], [matrix((h, p)), matrix((q, h))], inputs, rates)


def without_coincidences(sizes: Sequence[int], activation: Any = (0, 1)) -> TeacherStudent:
    """Any network, two atoms, four learning rates: all numbers different enough that nothing cancels by chance."""
    numbers = iter([F(1), F(-2), F(3, 2), F(1, 2), F(2), F(-1), F(1, 3), F(3), F(-1, 2), F(2, 3), F(-3, 2), F(5, 2)] * 9)
    layers = list(zip(sizes[1:], sizes[:-1], strict=True))
    student, target = ([[[next(numbers) for _ in range(c)] for _ in range(r)] for r, c in layers] for _ in range(2))
    atoms = [tuple(range(1, sizes[0] + 1)), tuple(2 - i * i for i in range(sizes[0]))]
    return TeacherStudent(student, target, Discrete(atoms, [F(1, 3), F(2, 3)]), [F(1, 3), F(1, 4), F(1, 5), F(1, 6)], activation)

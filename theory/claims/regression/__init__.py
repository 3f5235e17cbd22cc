"""Lines 189-191: linear regression, where the recursion to w_0 is a formula and var(g_t) never increases in b, at any step."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction as F
from itertools import pairwise, product

import numpy as np
from flint import fmpq

from theory import enumeration
from theory.claims.record import Claim, Evidence, Showcase, Verdict, tabulated
from theory.exact import to_fmpq_array, to_fraction
from theory.inputs import DataSet
from theory.linear_regression import LinearRegression
from theory.problem import TeacherStudent

#: An object array of rationals.
Matrix = np.ndarray


@dataclass(frozen=True)
class Instance:
    """n samples, w_0, the rates alpha_0, alpha_1, ..., the step t, and A_1, ..., A_n, p x p matrices."""

    name: str
    points: tuple[tuple[int, ...], ...]
    labels: tuple[int, ...]
    start: tuple[F, ...]
    rates: tuple[F, ...]
    step: int
    factors: tuple[tuple[tuple[int, ...], ...], ...]
    replacement: bool = False

    @property
    def sizes(self) -> list[int]:
        """1, ..., n; of independent draws a few."""
        return list(range(1, len(self.points) + 1))

    @property
    def problem(self) -> TeacherStudent:
        """One linear layer that learns the labels: the loss is 1/(2n) sum_i (x_i^T w - y_i)^2."""
        data = DataSet(self.points, self.labels)
        sampling = "independent" if self.replacement else "without_replacement"
        return TeacherStudent([[list(self.start)]], None, data, self.rates, sampling=sampling)

    def scale(self, b: int) -> fmpq:
        """c_b."""
        n = len(self.points)
        return fmpq(1, b) if self.replacement else fmpq(n - b, b * (n - 1))


def check(instance: Instance) -> Evidence:
    """The formulas at every b against every sequence of batches; and no value is above the one before."""
    problem, t, sizes = instance.problem, instance.step, instance.sizes
    x = [list(point) for point in instance.points]
    model = LinearRegression(x, instance.labels, instance.start, instance.rates, instance.replacement)
    noise, spread = model.variance_polynomial(t), model.full_gradient_variance_polynomial(t)
    formulas = [(F(noise(b)), F(spread(b)), _combination(instance, b)) for b in sizes]
    values = [_enumerated(instance, problem, b) for b in sizes]
    falls = all(u >= v for before, after in pairwise(values) for u, v in zip(before, after, strict=True))
    difference = max(abs(u - v) for row, other in zip(formulas, values, strict=True) for u, v in zip(row, other, strict=True))
    numbers = (
        rf"\(\mathrm{{var}}(g_{{{t}}})\), \(\mathrm{{var}}(\nabla L(w_{{{t}}}))\), \(\mathbb{{E}}\|\sum_i A_i \nabla_i(w_{{{t}}})\|^2\)"
    )
    return Evidence(
        statement=f"{numbers} by the recursion; none of them increases in \\(b\\)",
        instance=instance.name,
        left_route="the recursion from step t to the initial weights",
        left=tabulated("b", sizes, formulas),
        right_route="enumeration of every sequence of batches",
        right=tabulated("b", sizes, values),
        holds=difference == 0 and falls,
        difference=difference,
    )


def _combination(instance: Instance, b: int) -> F:
    """E||sum_i A_i grad_i(w_t)||^2, by the recursion from t to 0, branch by branch."""
    x = to_fmpq_array(np.array(instance.points, dtype=object))
    y = to_fmpq_array(np.array(instance.labels, dtype=object))
    w = to_fmpq_array(np.array(instance.start, dtype=object))
    gradients = [row * ((row * w).sum() - label) for row, label in zip(x, y, strict=True)]
    squares = [np.outer(row, row) for row in x]
    factors = [to_fmpq_array(np.array(a, dtype=object)) for a in instance.factors]
    return to_fraction(_expected(factors, instance.step, squares, gradients, instance, instance.scale(b)))


def _expected(factors: list[Matrix], step: int, squares: list[Matrix], gradients: list[Matrix], instance: Instance, c: fmpq) -> fmpq:
    """At `step`: the square of the mean's branch, and half of those of all pairs of samples, one step earlier."""
    if step == 0:
        total = sum((a @ g for a, g in zip(factors[1:], gradients[1:], strict=True)), factors[0] @ gradients[0])
        return (total * total).sum()
    n, alpha = len(factors), fmpq(*instance.rates[step - 1].as_integer_ratio())
    a = sum((f @ s for f, s in zip(factors[1:], squares[1:], strict=True)), factors[0] @ squares[0])
    result = _expected([f - a * (alpha / n) for f in factors], step - 1, squares, gradients, instance, c)
    zero = a * fmpq(0)
    for k, m in product(range(n), repeat=2):
        if k != m:
            branch = [a if i == k else -a if i == m else zero for i in range(n)]
            result += alpha**2 * c / (2 * n * n) * _expected(branch, step - 1, squares, gradients, instance, c)
    return result


def _enumerated(instance: Instance, problem: TeacherStudent, b: int) -> tuple[F, F, F]:
    """The three numbers, from all paths of SGD."""
    x = to_fmpq_array(np.array(instance.points, dtype=object))
    y = to_fmpq_array(np.array(instance.labels, dtype=object))
    factors = [to_fmpq_array(np.array(a, dtype=object)) for a in instance.factors]

    def at(path: enumeration.Path) -> list[Matrix]:
        w = path.weights[-1][0][0]
        return [row * ((row * w).sum() - label) for row, label in zip(x, y, strict=True)]

    def squared(vector: Matrix) -> fmpq:
        return (vector * vector).sum()

    def mean(path: enumeration.Path) -> Matrix:
        gradients = at(path)
        return sum(gradients[1:], gradients[0]) / fmpq(len(gradients))

    def combined(path: enumeration.Path) -> fmpq:
        terms = [a @ g for a, g in zip(factors, at(path), strict=True)]
        return squared(sum(terms[1:], terms[0]))

    def expectation(function: object) -> F | Matrix:
        return enumeration.expectation(problem, function, instance.step, batch_size=b)

    of_mean = np.asarray(expectation(mean)).ravel().tolist()
    spread = F(expectation(lambda path: squared(mean(path)))) - sum((v * v for v in of_mean), F(0))  # type: ignore[arg-type]
    return enumeration.variance(problem, instance.step, 1, batch_size=b), spread, F(expectation(combined))  # type: ignore[arg-type]


def with_intercept(step: int, replacement: bool = False) -> Instance:
    """Three samples of one number and a constant."""
    how = "independent draws" if replacement else "subsets"
    return Instance(
        f"three samples, an intercept, t = {step}, {how}",
        ((1, 0), (1, 1), (1, 3)),
        (1, 0, 2),
        (F(1), F(-1)),
        (F(1, 2), F(1, 3)),
        step,
        (((1, 0), (0, 1)), ((0, 1), (1, 0)), ((2, 0), (1, -1))),
        replacement,
    )


def four_points(step: int) -> Instance:
    """Four samples on a line, far beyond the stable rates."""
    name = f"four samples in one dimension, alpha = 2, t = {step}, subsets: unstable, and decreasing all the same"
    return Instance(name, ((1,), (-2,), (3,), (1,)), (1, 1, -1, 2), (F(1),), (F(2), F(2)), step, (((1,),), ((2,),), ((-1,),), ((1,),)))


CLAIM = Claim(
    id="regression",
    module=__name__,
    verdict=Verdict.HOLDS,
    check=check,
    showcases=(
        Showcase("subsets, t = 1", lambda: with_intercept(1)),
        Showcase("subsets, t = 2", lambda: with_intercept(2), decisive=True),
        Showcase("independent draws, t = 2", lambda: with_intercept(2, replacement=True)),
        Showcase("large rates", lambda: four_points(2)),
    ),
)

"""Finite support, any network: everything is a polynomial in the frequencies of the atoms in earlier batches.

x takes N values; q_s is the vector of their shares in batch s. Then w_{s+1} = w_s - alpha_s sum_n q_{s,n} grad_n(w_s), and
every quantity is a polynomial in q_0, ..., q_{t-1}, of total degree d_s in q_s; for E||g_t||^2, d_s = 2 m^{t-s}, with the
last batch averaged in closed form:

    E[ ||g_t||^2 | w_t ] = (1 - eps) ||gbar||^2 + eps sum_n p_n ||grad_n||^2,    gbar = sum_n p_n grad_n = E[ g_t | w_t ]

(without replacement from M points, (M eps - 1) / (M - 1) in the place of eps). Labels stand in the place of the teacher's outputs, and
the buffers of momentum are part of the path.

The other batches are averaged by a cubature rule that is exact in degree d_s for all batch sizes at once (its weights
are polynomials in eps, `factorial_moments.cubature`): a tree of prod_s C(d_s + N - 1, N - 1) paths, whatever the depth,
the widths and the activation (polynomial form: Theorems 3.3 and 3.4, lines 276-303).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from flint import fmpq, fmpz, fmpz_poly

from theory.budget import Cost
from theory.engines.base import Quantity
from theory.engines.frequencies.cost import BLOCK, predict
from theory.engines.frequencies.factorial_moments import Cubature, cubature
from theory.engines.frequencies.network import Layers, Network, layers
from theory.engines.frequencies.stacks import Stack
from theory.exact import Number, to_fraction
from theory.extensions import ALL, reason_beyond
from theory.inverse_batch import InverseBatchPolynomial
from theory.optimizers import SGD, State
from theory.problem import TeacherStudent
from theory.trace_forms.letters import CONSTANT, TEACHER, WEIGHT, Letter

#: Values (R, rows, columns) in integers or integer polynomials, and their denominator.
Values = tuple[np.ndarray, fmpz]


class Frequencies:
    """The engine for finitely many atoms; see the module."""

    name = "frequencies"

    def unsupported_reason(self, problem: TeacherStudent, quantity: Quantity) -> str | None:
        """Why not: no polynomial, infinitely many atoms, or a trace form that is matrix-valued or names single samples."""
        if (reason := reason_beyond(problem, *ALL)) is not None:
            return reason
        if not problem.is_polynomial:
            return f"the activation must be a polynomial, but is {problem.activation}"
        if problem.inputs.support() is None:
            return f"{problem.inputs} has no finite support that could be listed"
        if quantity.kind == "trace_form" and not quantity.expression.is_scalar:
            return "the trace form is matrix-valued"
        if quantity.has_single_samples:
            return "the trace form names gradients of single samples, which frequencies do not tell apart"
        return None

    def cost(self, problem: TeacherStudent, quantity: Quantity) -> Cost:
        """Predicted from the number of paths, the operations on each and the length of the integers."""
        return predict(problem, quantity)

    def compute(self, problem: TeacherStudent, quantity: Quantity) -> InverseBatchPolynomial | np.ndarray:
        """The polynomial; for the mean an object array of polynomials, of the gradient's shape."""
        if quantity.kind == "variance":
            second, over = self._expected(problem, replace(quantity, kind="second_moment"))
            mean, under = self._expected(problem, replace(quantity, kind="mean"))
            return _polynomial(second[0, 0] * under**2 - (mean * mean).sum() * over, over * under**2)
        if quantity.kind == "loss_variance":
            square, over = self._expected(problem, quantity)
            loss, under = self._expected(problem, replace(quantity, kind="loss"))
            return _polynomial(square[0, 0] * under**2 - loss[0, 0] ** 2 * over, over * under**2)
        values, denominator = self._expected(problem, quantity)
        if quantity.kind != "mean":
            return _polynomial(values[0, 0], denominator)
        result = np.empty(values.shape, dtype=object)
        for index, value in np.ndenumerate(values):
            result[index] = _polynomial(value, denominator)
        return result

    def _expected(self, problem: TeacherStudent, quantity: Quantity) -> Values:
        network = Network.of(problem)
        tree = _Tree(
            network,
            rules=[cubature(network.probabilities[:-1], d, problem.largest_batch) for d in quantity.batch_degrees(problem)],
            rates=problem.rates_before(quantity.step),
            optimizer=problem.optimizer,
            integrand=_integrand(network, problem, quantity),
            remembers=quantity.kind == "trace_form",
        )
        values, denominator = tree.expectation(0, _Paths(State(layers(problem.student))))
        return values[0], denominator


def _polynomial(value: fmpz | fmpz_poly, denominator: fmpz) -> InverseBatchPolynomial:
    coefficients = value.coeffs() if isinstance(value, fmpz_poly) else [value]
    return InverseBatchPolynomial([to_fraction(fmpq(c, denominator)) for c in coefficients])


@dataclass(frozen=True)
class _Paths:
    """R paths: w_s with its buffers, and ((w_0, g_0), ..., (w_{s-1}, g_{s-1})) where the past is remembered."""

    state: State[Stack]
    past: tuple[tuple[Layers, Layers], ...] = ()

    @property
    def weights(self) -> Layers:
        """w_s."""
        return self.state.weights

    def map(self, function: Callable[[Stack], Stack]) -> _Paths:
        """The function of every stack."""
        past = ((tuple(map(function, w)), tuple(map(function, g))) for w, g in self.past)
        return _Paths(self.state.map(function), tuple(past))


@dataclass(frozen=True)
class _Tree:
    """The average over batches 0, 1, ...: one level of nodes for each rule, depth first, in blocks of paths."""

    network: Network
    rules: list[Cubature]
    rates: tuple[Number, ...]
    optimizer: SGD
    integrand: Callable[[_Paths], Values]
    remembers: bool

    def expectation(self, s: int, paths: _Paths) -> Values:
        """E of the integrand over batches s, s+1, ..., for each of the paths so far."""
        if s == len(self.rules):
            return self.integrand(paths)
        size = max(1, BLOCK // len(self.rules[s].nodes))
        starts = range(0, paths.weights[0].count, size)
        blocks = [self._over_batch(s, paths.map(lambda x, i=i: x[i : i + size])) for i in starts]  # type: ignore[misc]
        return np.concatenate([values for values, _ in blocks]), blocks[0][1]

    def _over_batch(self, s: int, paths: _Paths) -> Values:
        rule, weights, atoms = self.rules[s], paths.weights, range(len(self.network.atoms))
        gradients = [self.network.gradients(weights, n) for n in atoms]
        nodes = np.array(rule.nodes, dtype=object).reshape(len(rule.nodes), -1)
        past = paths.map(lambda x: x.repeated(len(nodes))) if self.remembers else _Paths(paths.state)
        after = past.state
        if s < len(
            self.rates
        ):  # the shares sum to 1, and a step is affine in the gradient: w - alpha sum_n q_n grad_n = sum_n q_n (w - alpha grad_n)
            moved = [self.optimizer.advance(paths.state, gradients[n], self.rates[s]) for n in atoms]
            columns = [_mixed(list(column), nodes) for column in zip(*(x.matrices for x in moved), strict=True)]
            after = State(tuple(columns[: len(weights)]), tuple(columns[len(weights) :]))
        remembered = past.past
        if self.remembers:
            taken = tuple(_mixed([gradients[n][k] for n in atoms], nodes) for k in range(len(weights)))
            remembered = (*past.past, (past.weights, taken))
        values, denominator = self.expectation(s + 1, _Paths(after, remembered))
        table = values.reshape(weights[0].count, len(nodes), *values.shape[1:])
        return (table * _column(rule.weights)).sum(axis=1), denominator * rule.denominator


def _mixed(at_atoms: list[Stack], nodes: np.ndarray) -> Stack:
    """sum_n q_n x_n at every node (q_1, ..., q_{N-1}), q_N = 1 - q_1 - ... - q_{N-1}: R * nodes matrices."""
    last = at_atoms[-1]
    total = np.repeat(last.numerators[:, None], len(nodes), axis=1)
    for n, x in enumerate(at_atoms[:-1]):
        total = total + (x.numerators - last.numerators)[:, None] * nodes[None, :, n, None, None]
    return Stack(total.reshape(-1, *total.shape[2:]), last.denominator)


def _integrand(network: Network, problem: TeacherStudent, quantity: Quantity) -> Callable[[_Paths], Values]:
    layer = quantity.layer or 0

    noise, over = _last_batch(problem)

    def second_moment(paths: _Paths) -> Values:
        of_mean, mean_square = network.second_moments(paths.weights, layer)
        excess = mean_square - of_mean  # its denominator is a multiple of the other
        scale = excess.denominator // of_mean.denominator * over
        pairs = zip(of_mean.numerators.ravel(), excess.numerators.ravel(), strict=True)
        return _column([a * scale + noise * d for a, d in pairs])[0], excess.denominator * over

    def mean(paths: _Paths) -> Values:
        return _plain(network.mean_gradient(paths.weights, layer))

    def loss(paths: _Paths) -> Values:
        return _plain(network.loss(paths.weights))

    def squared_loss(paths: _Paths) -> Values:
        value = network.loss(paths.weights)
        return _plain(value * value)

    def trace_form(paths: _Paths) -> Values:
        value: Any = quantity.expression.evaluate(lambda letter: _lookup(problem, paths, letter))
        return _plain(value * Stack.ones(paths.weights[0].count))

    of_gradient, of_loss = {"second_moment": second_moment, "mean": mean}, {"loss": loss, "loss_variance": squared_loss}
    return {**of_gradient, **of_loss, "trace_form": trace_form}[quantity.kind]


def _last_batch(problem: TeacherStudent) -> tuple[fmpz_poly, int]:
    """What the variance of one sample is multiplied with in that of a batch, over an integer: eps, or (M eps - 1) / (M - 1)."""
    points = problem.largest_batch
    if points is None:
        return fmpz_poly([0, 1]), 1
    return (fmpz_poly([-1, points]), points - 1) if points > 1 else (fmpz_poly([]), 1)


def _lookup(problem: TeacherStudent, paths: _Paths, letter: Letter) -> Stack:
    if letter.kind == CONSTANT:
        return Stack.of([letter.matrix])
    k = (letter.layer or 0) - 1
    if letter.kind == TEACHER:
        return Stack.of([problem.teacher_weights[k]])
    return paths.past[letter.step or 0][0 if letter.kind == WEIGHT else 1][k]


def _column(polynomials: Sequence[fmpz_poly]) -> np.ndarray:
    """An object array of shape (1, n, 1, 1), filled by hand: numpy would take polynomials apart."""
    array = np.empty((1, len(polynomials), 1, 1), dtype=object)
    array.ravel()[:] = polynomials
    return array


def _plain(stack: Stack) -> Values:
    return stack.numerators, stack.denominator

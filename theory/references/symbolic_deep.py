"""Second route: deep polynomial networks with every weight symbolic; an identity that holds here holds for every network of that size.

Weights, learning rate and eps = 1/b are variables of one polynomial ring over the rationals, and so are the averages A_beta of the powers
x^beta over the first batch, in which w_1 is polynomial. Moments of averages come from the blocks of set partitions, the block of one factor
after that of another, with y counting the blocks:

    P_a(y) = sum_partitions y^|pi| prod_blocks E[prod x^beta] = y sum_{c <= a - e} binom(a - e, c) E[x^(beta(e + c))] P_{a-e-c}(y),

e one factor of the monomial A^a, and E[A^a] is P_a with every y^j replaced by (b)_j / b^|a| = eps^(|a|-j) (1 - eps) ... (1 - (j-1) eps).
No cumulant, no centring, no lattice: nothing but the definition of SGD is shared with theory.engines.deep_moments.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from itertools import pairwise, product
from typing import Self

import numpy as np
from flint import Ordering, fmpq, fmpq_mpoly, fmpq_mpoly_ctx, fmpq_poly

from theory.arithmetic.rows import RowMatrix
from theory.budget import WITHOUT_BUDGET, Budget, Cost, saturated, saturated_power
from theory.exact import NumberLike, as_choice, as_index, as_sequence, shown, to_fmpq, to_fraction
from theory.extensions import require_within
from theory.inputs import InputLaw, as_law
from theory.inverse_batch import InverseBatchPolynomial
from theory.problem import TeacherStudent, as_problem
from theory.references import symbolic_cost

Exponents = tuple[int, ...]


class SymbolicDeepNetwork:
    """A network of sizes (p, p_1, ..., p_H) whose weights are variables; `SymbolicDeepNetwork.of(problem)` has a problem's numbers instead.

    Args:
        sizes: (p, p_1, ..., p_H).
        activation: the coefficients of a polynomial.
        law: of the inputs.

    Examples:
        >>> from theory import Gaussian
        >>> network = SymbolicDeepNetwork((1, 1, 1), (0, 0, 1), Gaussian(1))      # sigma(z) = z^2
        >>> network.variance(step=0, layer=2).factor()
        (96, [(eps, 1), (W1_00^2*W2_00 - V1_00^2*V2_00, 2), (W1_00, 4)])
    """

    def __init__(self, sizes: Sequence[int], activation: Sequence[NumberLike], law: InputLaw) -> None:
        given = as_sequence(sizes, "sizes")
        if len(given) < 2:
            raise ValueError(f"sizes must be (p, p_1, ..., p_H) with at least one layer, but were {shown(sizes)}")
        self._sizes = tuple(as_index(n, f"sizes[{k}]", minimum=1) for k, n in enumerate(given))
        if as_law(law, "law").dimension != self._sizes[0]:
            raise ValueError(f"law must be a law on R^{self._sizes[0]}, by the sizes, but was on R^{law.dimension}")
        shapes = [(n, m) for m, n in pairwise(self._sizes)]
        self._count = 2 * sum(n * m for n, m in shapes)
        self._require_ring("sizes", activation, law, self._count)
        names = {
            letter: [[[f"{letter}{k}_{i}{j}" for j in range(m)] for i in range(n)] for k, (n, m) in enumerate(shapes, 1)] for letter in "WV"
        }
        self._open(
            law, activation, len(shapes), [x for layers in names.values() for rows in layers for row in rows for x in row] + ["alpha"]
        )
        self.weights, self.teacher = ([RowMatrix([[self.variable[x] for x in row] for row in rows]) for rows in names[k]] for k in "WV")
        self.rate: fmpq | fmpq_mpoly = self.variable["alpha"]

    @classmethod
    def of(cls, problem: TeacherStudent) -> Self:
        """The numbers of one problem: only eps remains."""
        require_within(as_problem(problem))
        network = cls.__new__(cls)
        network._sizes, network._count = problem.sizes, 0
        network._require_ring("problem", problem.polynomial, problem.inputs, 2 * sum(w.size for w in problem.student))
        network._open(problem.inputs, problem.polynomial, problem.depth, [])
        network.weights, network.teacher = ([network._numbers(w) for w in layers] for layers in (problem.student, problem.teacher_weights))
        network.rate = to_fmpq(problem.learning_rate(0))
        return network

    def predicted_cost(self, step: int, kind: str = "variance") -> Cost:
        """Of `variance`, whatever the layer, or of "loss". Nothing is computed."""
        as_choice(kind, "kind", ("variance", "loss"))
        powers = [i for i, c in enumerate(self._sigma) if c]
        return symbolic_cost.deep(self._sizes, powers, self._count, symbolic_cost.first_steps(step), self.law, kind == "loss")

    def variance(self, step: int, layer: int, *, budget: Budget | None = None) -> fmpq_mpoly:
        """var(g_{step,layer}), step 0 or 1: for every entry q of one sample's gradient, E_1 being over x given w_step,
        E[ (E_1 q)^2 + eps (E_1 q^2 - (E_1 q)^2) ] - (E E_1 q)^2. UnaffordableError beyond the budget, a minute by default.
        """
        k = as_index(layer, "layer", minimum=1)
        if k > len(self.weights):
            raise ValueError(f"layer must be in 1..{len(self.weights)}, but was {shown(layer)}")
        cost = self.predicted_cost(step)
        Budget.of(budget, WITHOUT_BUDGET).require(cost, f"var(g) with symbolic weights at t = {step}", symbolic_cost.LEFT)
        weights, total = self._weights(step), self.context.constant(0)
        for entry in self._gradients(weights)[k - 1]:
            parts = self._in_x(entry)
            mean = self._expected(parts)
            square = self._expected(_product(parts, parts))
            total += self._over_batch(mean * mean + self.variable["eps"] * (square - mean * mean)) - self._over_batch(mean) ** 2
        return total

    def loss(self, step: int, *, budget: Budget | None = None) -> fmpq_mpoly:
        """E loss(w_step), step 0 or 1. UnaffordableError beyond the budget, a minute by default."""
        cost = self.predicted_cost(step, "loss")
        Budget.of(budget, WITHOUT_BUDGET).require(cost, f"E loss(w) with symbolic weights at t = {step}", symbolic_cost.LEFT)
        errors = (self._in_x(row[0]) for row in self._residual(self._weights(step)).rows)
        squares = sum((self._expected(_product(f, f)) for f in errors), self.context.constant(0))
        return self._over_batch(squares) / 2

    def coefficients(self, polynomial: fmpq_mpoly) -> list[fmpq_mpoly]:
        """The coefficients of eps^0, eps^1, ..., polynomials in the weights and the rate."""
        parts = self._split(polynomial, [self.context.names().index("eps")])
        return [parts.get((s,), self.context.constant(0)) for s in range(max((s for (s,) in parts), default=0) + 1)]

    def in_inverse_batch_size(self, polynomial: fmpq_mpoly) -> InverseBatchPolynomial:
        """A polynomial in eps alone as one in 1/b; a ValueError when it has other variables."""
        coefficients = self.coefficients(polynomial)
        if not all(c.is_constant() for c in coefficients):
            raise ValueError("polynomial must have no variable but eps")
        return InverseBatchPolynomial([to_fraction(c.coeffs()[0]) if c else 0 for c in coefficients])

    def _require_ring(self, argument: str, activation: Sequence[NumberLike], law: InputLaw, matrices: int) -> None:
        degree = saturated(2, saturated_power(len(activation) - 1, len(self._sizes) - 2))
        averages = symbolic_cost.multisets(degree, law.dimension + 1)
        symbolic_cost.require_ring(argument, self._count + averages + law.dimension, matrices + averages)

    def _open(self, law: InputLaw, activation: Sequence[NumberLike], depth: int, names: list[str]) -> None:
        p, self.law = law.dimension, law
        self._sigma = [to_fmpq(c) for c in activation]
        degree = 2 * (len(self._sigma) - 1) ** (depth - 1)
        self._powers = list(_exponents(p, degree))
        averages = ["A_" + "_".join(map(str, beta)) for beta in self._powers]
        names = [*names, "eps", *averages, *(f"x{i}" for i in range(p))]
        self.context = fmpq_mpoly_ctx.get(names, Ordering.lex)
        self.variable = dict(zip(names, self.context.gens(), strict=True))
        self._averages = [names.index(a) for a in averages]
        self._x = list(range(len(names) - p, len(names)))
        self._moment = cache(lambda beta: to_fmpq(law.moment(beta)))
        self._blocks = cache(self._block_polynomial)

    def _weights(self, step: int) -> list[RowMatrix]:
        if not step:
            return self.weights
        moved = []
        for w, entries in zip(self.weights, self._gradients(self.weights), strict=True):
            averaged = iter([self._averaged(entry) * self.rate for entry in entries])
            moved.append(RowMatrix([[x - next(averaged) for x in row] for row in w.rows]))
        return moved

    def _forward(self, weights: Sequence[RowMatrix]) -> list[RowMatrix]:
        """z_0, ..., z_{H-1} and the output."""
        z = [RowMatrix([[self.context.gens()[i]] for i in self._x])]
        for w in weights[:-1]:
            z.append(RowMatrix([[self._activated(self._sigma, h[0])] for h in (w @ z[-1]).rows]))
        return [*z, weights[-1] @ z[-1]]

    def _residual(self, weights: Sequence[RowMatrix]) -> RowMatrix:
        return self._forward(weights)[-1] - self._forward(self.teacher)[-1]

    def _gradients(self, weights: Sequence[RowMatrix]) -> list[list[fmpq_mpoly]]:
        """dl/dW_k at one sample, row by row: the residual times the derivative of the output, r^T W_H diag(sigma') ... e_i z_j."""
        z, slope = self._forward(weights), [i * c for i, c in enumerate(self._sigma)][1:]
        left, result = self._residual(weights).T, []
        for k in reversed(range(len(weights))):
            result.append([x * y[0] for x in left.rows[0] for y in z[k].rows])
            if k:
                hidden = (weights[k - 1] @ z[k - 1]).rows
                left = left @ weights[k]
                left = RowMatrix([[x * self._activated(slope, h[0]) for x, h in zip(left.rows[0], hidden, strict=True)]])
        return result[::-1]

    def _activated(self, coefficients: Sequence[fmpq], h: fmpq_mpoly) -> fmpq_mpoly:
        return sum((h**i * c for i, c in enumerate(coefficients)), self.context.constant(0))

    def _in_x(self, polynomial: fmpq_mpoly) -> dict[Exponents, fmpq_mpoly]:
        return self._split(polynomial, self._x)

    def _expected(self, parts: dict[Exponents, fmpq_mpoly]) -> fmpq_mpoly:
        """Over one sample of the last batch."""
        return sum((f * self._moment(beta) for beta, f in parts.items()), self.context.constant(0))

    def _averaged(self, polynomial: fmpq_mpoly) -> fmpq_mpoly:
        """Every x^beta replaced by A_beta."""
        variables = dict(zip(self._powers, self._averages, strict=True))
        parts = self._in_x(polynomial)
        return sum((f * self.context.gens()[variables[beta]] for beta, f in parts.items()), self.context.constant(0))

    def _over_batch(self, polynomial: fmpq_mpoly) -> fmpq_mpoly:
        """Every monomial in the A_beta replaced by its expectation over the first batch."""
        eps, total = self.variable["eps"], self.context.constant(0)
        for a, f in self._split(polynomial, self._averages).items():
            moment, order = self.context.constant(0), sum(a)
            for j, c in enumerate(self._blocks(a).coeffs()):
                moment += c * eps ** (order - j) * math.prod((1 - i * eps for i in range(1, j)), start=eps**0)
            total += f * moment
        return total

    def _block_polynomial(self, a: Exponents) -> fmpq_poly:
        position = next((i for i, power in enumerate(a) if power), None)
        if position is None:
            return fmpq_poly([1])
        rest = (*a[:position], a[position] - 1, *a[position + 1 :])
        total = fmpq_poly([])
        for c in product(*(range(power + 1) for power in rest)):
            block = [n + (i == position) for i, n in enumerate(c)]
            beta = tuple(sum(n * power[i] for n, power in zip(block, self._powers, strict=True)) for i in range(self.law.dimension))
            total += self._blocks(tuple(x - y for x, y in zip(rest, c, strict=True))) * (
                self._moment(beta) * math.prod(map(math.comb, rest, c))
            )
        return total * fmpq_poly([0, 1])

    def _split(self, polynomial: fmpq_mpoly, places: Iterable[int]) -> dict[Exponents, fmpq_mpoly]:
        """The coefficients, as a polynomial in these variables."""
        places = list(places)
        parts: dict[Exponents, dict[Exponents, fmpq]] = defaultdict(dict)
        for monomial, c in zip(polynomial.monoms(), polynomial.coeffs(), strict=True):
            rest = list(map(int, monomial))
            powers = tuple(rest[v] for v in places)
            for v in places:
                rest[v] = 0
            parts[powers][tuple(rest)] = c
        return {powers: self.context.from_dict(terms) for powers, terms in parts.items()}

    def _numbers(self, array: np.ndarray) -> RowMatrix:
        return RowMatrix([[self.context.constant(to_fmpq(x)) for x in row] for row in array.tolist()])


def _exponents(variables: int, degree: int) -> Iterator[Exponents]:
    """Those of total degree at most `degree`, in lexicographic order."""
    if not variables:
        yield ()
        return
    for n in range(degree + 1):
        yield from ((n, *rest) for rest in _exponents(variables - 1, degree - n))


def _product(f: dict[Exponents, fmpq_mpoly], g: dict[Exponents, fmpq_mpoly]) -> dict[Exponents, fmpq_mpoly]:
    result: dict[Exponents, fmpq_mpoly] = {}
    for beta, x in f.items():
        for gamma, y in g.items():
            power = tuple(i + j for i, j in zip(beta, gamma, strict=True))
            result[power] = result[power] + x * y if power in result else x * y
    return result

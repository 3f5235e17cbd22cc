"""Second routes to var(g_t) of two linear layers, all symbolic and no line shared with an engine: what holds here holds for every network.

Weights, learning rate, eps = 1/b and, on request, the covariance of the Gaussian inputs are variables of one polynomial ring over the
rationals. Two routes that share no formula beyond the definition of SGD lead to var(g_t) at t = 0 and 1:

by the generator: the Gram state M = W_2 W_1, A = W_1^T W_1, C = W_2 W_2^T, which closes; with D = M - W*_2 W*_1 and G = D S_0,
        M' = M - alpha (G A + C G) + alpha^2 G M^T G,
        A' = A - alpha (G^T M + M^T G) + alpha^2 G^T C G,          C' = C - alpha (G M^T + M G^T) + alpha^2 G A G^T;
    then E||g_1||^2 = tr C' D' E[S S] D'^T and E||g_2||^2 = tr A' E[S D'^T D' S] over the last batch, by Isserlis' theorem
    E[S B S] = Sigma B Sigma + eps (Sigma B^T Sigma + tr(Sigma B) Sigma), and the generator of the Wishart process for S_0: with the
    symmetric matrix D of derivatives, D_ij = (1 + delta_ij) d_ij / 2, and L f = tr(Sigma D) f + 2 eps tr(S D Sigma D) f, the D all acting
    on f, E f(S_0) = sum_k (L^k f)(0) / k!, a finite sum as L lowers the degree by one.
by partitions: the weights themselves, W' = W - alpha g, and the gradient's entries squared; every monomial in the entries of a batch
    by set partitions of its samples, E[Y_1 ... Y_k] = sum_pi (b)_|pi| b^-k prod_blocks E[block], and Gaussian moments by pairings.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from typing import Any

import numpy as np
from flint import Ordering, fmpq_mpoly, fmpq_mpoly_ctx

from theory.arithmetic.rows import RowMatrix as Matrix
from theory.exact import as_choice, shown, to_fmpq
from theory.inputs import InputLaw
from theory.inverse_batch import InverseBatchPolynomial
from theory.optimizers import SGD
from theory.problem import TeacherStudent


class SymbolicNetwork:
    """Two linear layers of sizes (p, p_1, p_2) whose weights are variables; `SymbolicNetwork.of(problem)` has a problem's numbers instead.

    Args:
        sizes: (p, p_1, p_2).
        teacher: "factors" for the entries of W*_1 and W*_2 as variables; "product" for those of V = W*_2 W*_1, through which alone the
            teacher acts: an identity in V holds for all factors.
        covariance: "identity" or "symbolic" (Sigma_ij, i <= j).

    Examples:
        >>> network = SymbolicNetwork((1, 1, 1), teacher="product")
        >>> network.variance_by_generator(step=0, layer=2)            # 2 eps w1^2 (w2 w1 - v)^2
        2*W1_00^4*W2_00^2*eps - 4*W1_00^3*W2_00*V_00*eps + 2*W1_00^2*V_00^2*eps
    """

    def __init__(self, sizes: tuple[int, int, int], teacher: str = "factors", covariance: str = "identity") -> None:
        as_choice(teacher, "teacher", ("factors", "product"))
        as_choice(covariance, "covariance", ("identity", "symbolic"))
        p, h, outputs = sizes
        shapes = {"W1": (h, p), "W2": (outputs, h)}
        shapes |= {"V1": (h, p), "V2": (outputs, h)} if teacher == "factors" else {"V": (outputs, p)}
        names = [f"{letter}_{i}{j}" for letter, shape in shapes.items() for i in range(shape[0]) for j in range(shape[1])]
        names += [f"Sigma_{i}{j}" for i, j in entries(p)] if covariance == "symbolic" else []
        self._open(p, [*names, "alpha"])
        letters = {
            letter: Matrix([[self._variable[f"{letter}_{i}{j}"] for j in range(shape[1])] for i in range(shape[0])])
            for letter, shape in shapes.items()
        }
        self.w1, self.w2, self.alpha = letters["W1"], letters["W2"], self._variable["alpha"]
        self.target = letters["V"] if teacher == "product" else letters["V2"] @ letters["V1"]
        self.sigma = self._symmetric("Sigma") if covariance == "symbolic" else self._numbers(np.eye(p, dtype=int))

    @classmethod
    def of(cls, problem: TeacherStudent) -> SymbolicNetwork:
        """The numbers of one problem with two linear layers: only eps remains. The route by partitions takes any law with moments."""
        problem.optimizer.require_plain()
        if problem.depth != 2 or not problem.is_linear:
            raise ValueError(f"problem must have two linear layers, but had {problem.depth} and the activation {shown(problem.activation)}")
        network = cls.__new__(cls)
        network._open(problem.inputs.dimension, [], problem.inputs)
        network.w1, network.w2 = (network._numbers(w) for w in problem.student)
        v1, v2 = (network._numbers(w) for w in problem.teacher)
        network.target, network.sigma = v2 @ v1, network._numbers(problem.inputs.second_moment)
        rates = problem.learning_rates
        given = callable(rates) or not isinstance(rates, tuple) or len(rates) > 0
        network.alpha = network.context.constant(to_fmpq(problem.learning_rate(0)) if given else 0)
        return network

    def in_inverse_batch_size(self, polynomial: fmpq_mpoly) -> InverseBatchPolynomial:
        """A polynomial in eps alone as one in 1/b; a ValueError when it has other variables."""
        coefficients = self.coefficients(polynomial)
        if not all(c.is_constant() for c in coefficients):
            raise ValueError("polynomial must have no variable but eps")
        return InverseBatchPolynomial([c.coeffs()[0] if c else 0 for c in coefficients])

    def _open(self, p: int, names: list[str], law: InputLaw | None = None) -> None:
        """The ring in these variables, eps and the entries of S; `law` None is N(0, sigma)."""
        names = [*names, "eps", *(f"S_{i}{j}" for i, j in entries(p))]
        self.dimension, self.law = p, law
        self.context = fmpq_mpoly_ctx.get(names, Ordering.lex)
        self._variable = dict(zip(names, self.context.gens(), strict=True))
        self.eps = names.index("eps")
        self.batch = [names.index(f"S_{i}{j}") for i, j in entries(p)]
        self.s = self._symmetric("S")

    def variance_by_generator(self, step: int, layer: int) -> fmpq_mpoly:
        """var(g_{step,layer}), step 0 or 1, by the first route, for Gaussian inputs."""
        if not (self.law is None or self.law.is_centred_gaussian):
            raise ValueError(f"the generator is for Gaussian inputs, but the inputs were {shown(self.law)}")
        return _ByGenerator(self, _checked(step)).variance(layer)

    def variance_by_partitions(self, step: int, layer: int) -> fmpq_mpoly:
        """var(g_{step,layer}), step 0 or 1, by the second route."""
        return _ByPartitions(self, _checked(step)).variance(layer)

    def coefficients(self, polynomial: fmpq_mpoly) -> list[fmpq_mpoly]:
        """The coefficients of eps^0, eps^1, ..., polynomials in the weights and rates."""
        parts: dict[int, dict[tuple[int, ...], Any]] = defaultdict(dict)
        for monomial, c in polynomial.to_dict().items():
            rest = list(map(int, monomial))
            power, rest[self.eps] = rest[self.eps], 0
            parts[power][tuple(rest)] = c
        return [self.context.from_dict(parts[s]) for s in range(max(parts, default=0) + 1)]

    def _numbers(self, array: np.ndarray) -> Matrix:
        return Matrix([[self.context.constant(to_fmpq(x)) for x in row] for row in array.tolist()])

    def _symmetric(self, letter: str) -> Matrix:
        p = self.dimension
        return Matrix([[self._variable[f"{letter}_{min(i, j)}{max(i, j)}"] for j in range(p)] for i in range(p)])


class _ByGenerator:
    """Gram state, Isserlis for the last batch, generator for the first one."""

    def __init__(self, network: SymbolicNetwork, step: int) -> None:
        self._network, self._step = network, step
        w1, w2 = network.w1, network.w2
        m, a, c = w2 @ w1, w1.T @ w1, w2 @ w2.T
        if step:
            alpha, g = network.alpha, (m - network.target) @ network.s
            m, a, c = (
                m - (g @ a + c @ g) * alpha + (g @ m.T @ g) * alpha**2,
                a - (g.T @ m + m.T @ g) * alpha + (g.T @ c @ g) * alpha**2,
                c - (g @ m.T + m @ g.T) * alpha + (g @ a @ g.T) * alpha**2,
            )
        self._gram, self._residual = (a, c), m - network.target

    def variance(self, layer: int) -> fmpq_mpoly:
        """E||g||^2 - ||E g||^2."""
        network, sigma, d = self._network, self._network.sigma, self._residual
        a, c = self._gram
        eps = network.context.gens()[network.eps]
        if layer == 1:  # E[S I S]
            squared = sigma @ sigma
            second = (c @ d @ (squared + (squared + sigma * sigma.trace()) * eps) @ d.T).trace()
        else:
            x = d.T @ d
            image = sigma @ x @ sigma
            second = (a @ (image + (image + sigma * (sigma @ x).trace()) * eps)).trace()
        mean = self._mean(layer)
        squares = sum((self._expect(f) ** 2 for row in mean.rows for f in row), network.context.constant(0))
        return self._expect(second) - squares

    def _mean(self, layer: int) -> Matrix:
        """W_{t,2}^T D Sigma or D Sigma W_{t,1}^T through N_t = N_0 (I - alpha [[0, G^T], [G, 0]])."""
        network, d = self._network, self._residual @ self._network.sigma
        w1, w2t = network.w1, network.w2.T
        if self._step:
            g = (network.w2 @ network.w1 - network.target) @ network.s
            w1, w2t = SGD().step((w1, w2t), (w2t @ g, w1 @ g.T), network.alpha)
        return w2t @ d if layer == 1 else d @ w1.T

    def _expect(self, polynomial: fmpq_mpoly) -> fmpq_mpoly:
        """sum_k (L^k f)(S = 0) / k!."""
        network = self._network
        origin: dict[str | int, Any] = {network.context.names()[v]: 0 for v in network.batch}
        term, total, order = polynomial, network.context.constant(0), 0
        while term:
            total += term.subs(origin)
            order += 1
            term = self._generator(term) / order
        return total

    def _generator(self, f: fmpq_mpoly) -> fmpq_mpoly:
        """L f = tr(Sigma D) f + 2 eps tr(S D Sigma D) f."""
        network = self._network
        eps = network.context.gens()[network.eps]
        sigma_d = network.sigma @ self._derivatives(f)
        second = network.context.constant(0)
        for k, row in enumerate(sigma_d.rows):  # tr(S D Sigma D) f = sum_{i,j,k} S_ij D_jk ((Sigma D)_ki f)
            for i, entry in enumerate(row):
                slopes = self._derivatives(entry)
                second += sum((network.s.rows[i][j] * slopes.rows[j][k] for j in range(network.dimension)), network.context.constant(0))
        return sigma_d.trace() + 2 * eps * second

    def _derivatives(self, f: fmpq_mpoly) -> Matrix:
        """D f, symmetric."""
        p = range(self._network.dimension)
        d = {pair: f.derivative(v) for pair, v in zip(entries(len(p)), self._network.batch, strict=True)}
        return Matrix([[d[i, j] if i == j else d[min(i, j), max(i, j)] / 2 for j in p] for i in p])


class _ByPartitions:
    """The definition of SGD, entry by entry, and set partitions of the samples."""

    def __init__(self, network: SymbolicNetwork, step: int) -> None:
        self._network = network
        self._pairs = entries(network.dimension)
        self._moment = cache(self._batch_moment)
        self._paired = cache(self._pairings)
        w1, w2 = network.w1, network.w2
        if step:
            d_s = (w2 @ w1 - network.target) @ network.s
            w1, w2 = SGD().step((w1, w2), (w2.T @ d_s, d_s @ w1.T), network.alpha)
        self._left = w2.T @ (w2 @ w1 - network.target)  # g_1 = left S
        self._right = (w2 @ w1 - network.target, w1)  # g_2 = residual S w1^T

    def variance(self, layer: int) -> fmpq_mpoly:
        """sum over the entries g of E g^2 - (E g)^2; each g is linear in the last batch, sum_k h_k s_k over its entries s_k."""
        total = self._network.context.constant(0)
        size = range(len(self._pairs))
        single = [tuple(int(k == m) for m in size) for k in size]
        products = {(k, m): total for k in size for m in range(k, len(self._pairs))}
        for h in self._entries(layer):
            mean = sum((self._expect(f) * self._moment(single[k]) for k, f in enumerate(h)), self._network.context.constant(0))
            total -= mean * mean
            for k, m in products:
                products[k, m] += h[k] * h[m]
        for (k, m), f in products.items():
            both = tuple(x + y for x, y in zip(single[k], single[m], strict=True))
            total += self._expect(f) * self._moment(both) * (1 if k == m else 2)
        return total

    def _entries(self, layer: int) -> Iterator[list[fmpq_mpoly]]:
        residual, w1 = self._right
        if layer == 1:
            table = [(row, e) for row in self._left.rows for e in _units(self._network.dimension)]
        else:
            table = [(row, hidden) for row in residual.rows for hidden in w1.rows]
        zero = self._network.context.constant(0)
        for row, column in table:
            yield [zero + (row[i] * column[j] + row[j] * column[i] if i != j else row[i] * column[i]) for i, j in self._pairs]

    def _expect(self, polynomial: fmpq_mpoly) -> fmpq_mpoly:
        """Over the first batch: monomial by monomial."""
        batch = self._network.batch
        parts: dict[tuple[int, ...], dict[tuple[int, ...], Any]] = defaultdict(dict)
        for monomial, c in polynomial.to_dict().items():
            rest = list(map(int, monomial))
            powers = tuple(rest[v] for v in batch)
            for v in batch:
                rest[v] = 0
            parts[powers][tuple(rest)] = c
        total = self._network.context.constant(0)
        for powers, terms in parts.items():
            total += self._network.context.from_dict(terms) * self._moment(powers)
        return total

    def _batch_moment(self, powers: tuple[int, ...]) -> fmpq_mpoly:
        """E prod S_ij^a_ij = sum over set partitions of the factors of eps^(k - |pi|) prod_{j < |pi|} (1 - j eps) prod_blocks E[...]."""
        factors = [pair for pair, power in zip(self._pairs, powers, strict=True) for _ in range(power)]
        one = self._network.context.constant(1)
        eps = self._network.context.gens()[self._network.eps]
        total = one * 0
        for partition in _set_partitions(factors):
            term = eps ** (len(factors) - len(partition))
            for j in range(len(partition)):
                term *= 1 - eps * j
            for block in partition:
                term *= self._paired(tuple(sorted(i for pair in block for i in pair)))
            total += one * term
        return total

    def _pairings(self, indices: tuple[int, ...]) -> fmpq_mpoly:
        """E[x_i1 ... x_i2k]: the sum over perfect matchings of products of Sigma, or the law's own moment."""
        if self._network.law is not None and not self._network.law.is_centred_gaussian:
            order = [indices.count(i) for i in range(self._network.dimension)]
            return self._network.context.constant(to_fmpq(self._network.law.moment(order)))
        if not indices:
            return self._network.context.constant(1)
        first, rest = indices[0], indices[1:]
        sigma = self._network.sigma.rows
        total = self._network.context.constant(0)
        for k, other in enumerate(rest):
            total += sigma[first][other] * self._paired(rest[:k] + rest[k + 1 :])
        return total


def entries(p: int) -> list[tuple[int, int]]:
    """The entries on and above the diagonal of S, row by row."""
    return [(i, j) for i in range(p) for j in range(i, p)]


def _set_partitions(items: list[Any]) -> Iterator[list[list[Any]]]:
    if not items:
        yield []
        return
    for partition in _set_partitions(items[1:]):
        yield [[items[0]], *partition]
        for k, block in enumerate(partition):
            yield [*partition[:k], [items[0], *block], *partition[k + 1 :]]


def _units(p: int) -> list[list[int]]:
    return [[int(i == j) for j in range(p)] for i in range(p)]


def _checked(step: int) -> int:
    if step not in (0, 1):
        raise ValueError(f"step must be 0 or 1, but was {shown(step)}: later steps have too many terms")
    return step

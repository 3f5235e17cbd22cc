r"""One batch at given weights: its gradient through few centred averages, and their joint moments as polynomials in eps = 1/b.

The entries of one sample's gradient are polynomials in x. Let psi_1, ..., psi_r span them up to constants, centred, E psi_i = 0, and no
combination of them zero almost surely; with u_i = (1/b) sum_n psi_i(x_n)

    g = E g + sum_i B_i u_i,        E[ exp(theta . u) ] = M(theta/b)^b = exp( b log M(theta/b) ),       M(theta) = E exp(theta . psi(x)).

With M_j, K_j and E_j the parts of degree j in theta of M, of log M = K_2 + K_3 + ... and of exp(b log M(theta/b)), Euler's identity
theta . d/dtheta f = sum_j j f_j turns d(log M) = dM / M and dE = E d(b log M(theta/b)) into

    K_j = M_j - (1/j) sum_{2 <= k <= j-2} k K_k M_{j-k},           E_j = (1/j) sum_{2 <= k <= j} k eps^(k-1) K_k E_{j-k},

so that E[u^a] = a! times the coefficient of theta^a in E_|a|: a polynomial of degree |a| - 1 in eps, without terms below |a|/2.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from flint import Ordering, fmpq, fmpq_mat, fmpq_mpoly, fmpq_mpoly_ctx, fmpq_poly

from theory.engines.deep_moments.sample_polynomials import Coefficients, Exponents, LawMoments, Layers, SampleNetwork, column, expected

#: E[u^a], polynomials in eps, for every |a| <= some degree.
Table = dict[Exponents, fmpq_poly]
#: Words in the indices 0..r-1, not decreasing: the monomial of their product.
Word = tuple[int, ...]


@dataclass(frozen=True)
class BatchAverages:
    """E g and B_1, ..., B_r (one list of matrices each, a matrix for every layer), and psi_1, ..., psi_r."""

    mean: Layers
    directions: tuple[Layers, ...]
    samples: tuple[Coefficients, ...]

    @classmethod
    def of(cls, network: SampleNetwork, weights: Layers, moments: LawMoments) -> BatchAverages:
        """At weights that are numbers; the network's ring may have any variables."""
        shapes = [w.shape for w in weights]
        entries = _gradient_entries(network, weights)
        mean = [expected(f, moments) for f in entries]
        constant = (0,) * moments.dimension
        powers = sorted({beta for f in entries for beta in f} - {constant})
        if not powers:
            return cls(_matrices(mean, shapes), (), ())
        reduced, rank = fmpq_mat([[f.get(beta, fmpq(0)) for beta in powers] for f in entries]).rref()
        # g - E g = A (m - E m), m the powers of x: A = A_pivots R, and R (m - E m) = R_cov's rows times its pivots
        basis = fmpq_mat(reduced.tolist()[:rank]) if rank else fmpq_mat(0, len(powers))
        pivots = [next(j for j, x in enumerate(row) if x) for row in basis.tolist()]
        left = fmpq_mat([[f.get(powers[j], fmpq(0)) for j in pivots] for f in entries]) if rank else fmpq_mat(len(entries), 0)
        centres = [moments[beta] for beta in powers]
        covariance = fmpq_mat([[moments.pair(a, b) - centres[i] * centres[j] for j, b in enumerate(powers)] for i, a in enumerate(powers)])
        echelon, rank = (basis * covariance * basis.transpose()).rref() if rank else (basis, 0)
        rows = echelon.tolist()[:rank]
        chosen = [next(j for j, x in enumerate(row) if x) for row in rows]
        samples = []
        for j in chosen:
            psi = {beta: c for beta, c in zip(powers, basis.tolist()[j], strict=True) if c}
            psi[constant] = -expected(psi, moments)
            samples.append(psi)
        columns = (left * fmpq_mat(rows).transpose()).transpose().tolist() if rank else []
        return cls(_matrices(mean, shapes), tuple(_matrices(c, shapes) for c in columns), tuple(samples))

    def gradient(self, averages: Sequence[fmpq | fmpq_mpoly]) -> Layers:
        """g at these values of u."""
        result = self.mean
        for u, direction in zip(averages, self.directions, strict=True):
            result = tuple(g + d * column([u]) for g, d in zip(result, direction, strict=True))
        return result

    def table(self, moments: LawMoments, degree: int) -> Table:
        """E[u^a] for every |a| <= degree."""
        r = len(self.samples)
        if not r:
            return {(): fmpq_poly([1])}
        context = fmpq_mpoly_ctx.get([*(f"theta{i}" for i in range(r)), "eps"], Ordering.lex)
        joint = joint_moments(self.samples, moments, degree)
        parts = [context.from_dict({(*a, 0): value / _factorial(a) for a, value in part.items()}) for part in joint]
        zeros = {a: fmpq_poly([]) for part in joint for a in part}
        return zeros | _read(_over_batch(parts, context.gens()[-1]))


def joint_moments(samples: Sequence[Coefficients], moments: LawMoments, degree: int) -> list[dict[Exponents, fmpq]]:
    """E[psi^a] over one sample, for |a| = 0, 1, ..., degree.

    A sorted word of j letters is cut into a head and a tail; with the coefficients of both products of psi as rows of matrices H and T,
    the moments of the words whose head ends, and whose tail may start, at one letter are a block of H E[x^beta x^gamma] T^T.
    """
    r, words = len(samples), _products(samples, (degree + 1) // 2)
    result: list[dict[Exponents, fmpq]] = []
    for j in range(degree + 1):
        heads, tails = words[j // 2], words[j - j // 2]
        left, right = ({beta for f in products.values() for beta in f} for products in (heads, tails))
        hankel = fmpq_mat([[moments.pair(beta, gamma) for gamma in right] for beta in left])
        images = dict(zip(heads, (_rows(heads.values(), left) * hankel).tolist(), strict=True))
        part: dict[Exponents, fmpq] = {}
        for letter in range(r) if j > 1 else [0]:
            ending = [w for w in heads if not w or w[-1] == letter]
            starting = {w: f for w, f in tails.items() if not w or w[0] >= letter}
            block = fmpq_mat([images[w] for w in ending]) * _rows(starting.values(), right).transpose()
            for head, line in zip(ending, block.tolist(), strict=True):
                part |= {_exponents(head + tail, r): value for tail, value in zip(starting, line, strict=True)}
        result.append(part)
    return result


def _rows(polynomials: Iterable[Coefficients], powers: Iterable[Exponents]) -> fmpq_mat:
    return fmpq_mat([[f.get(beta, fmpq(0)) for beta in powers] for f in polynomials])


def _gradient_entries(network: SampleNetwork, weights: Layers) -> list[Coefficients]:
    entries = []
    for layer in range(1, len(weights) + 1):
        delta, z = network.factors(weights, layer)
        entries += [network.in_x(f) for f in (delta @ z.T).ravel().tolist()]
    return entries


def _over_batch(moments: list[fmpq_mpoly], eps: fmpq_mpoly) -> list[fmpq_mpoly]:
    """E_0, ..., E_d from M_0, ..., M_d."""
    cumulants, batch = [moments[0] * 0] * min(2, len(moments)), moments[:1] + [moments[0] * 0] * (len(moments) > 1)
    for j in range(2, len(moments)):
        cumulant = moments[j] * j
        for k in range(2, j - 1):
            cumulant -= cumulants[k] * moments[j - k]  # `cumulants` holds k K_k
        cumulants.append(cumulant)
        total = moments[0] * 0
        for k in range(2, j + 1):
            if k != j - 1:
                total += cumulants[k] * eps ** (k - 1) * batch[j - k]
        batch.append(total / j)
    return batch


def _read(parts: list[fmpq_mpoly]) -> Table:
    """E[u^a] = a! [theta^a] E_|a|."""
    table: Table = {}
    for part in parts:
        coefficients: dict[Exponents, dict[int, fmpq]] = {}
        for monomial, c in zip(part.monoms(), part.coeffs(), strict=True):
            coefficients.setdefault(monomial[:-1], {})[int(monomial[-1])] = c
        for a, powers in coefficients.items():
            exponents = tuple(map(int, a))
            table[exponents] = fmpq_poly([powers.get(s, 0) for s in range(max(powers) + 1)]) * _factorial(exponents)
    return table


def _products(samples: Sequence[Coefficients], length: int) -> list[dict[Word, Coefficients]]:
    """psi_{i_1} ... psi_{i_k} for every sorted word of k letters, for k = 0, 1, ..., length."""
    p = len(next(iter(samples[0])))
    context = fmpq_mpoly_ctx.get([f"x{i}" for i in range(p)], Ordering.lex)
    letters = [context.from_dict(psi) for psi in samples]
    levels: list[dict[Word, fmpq_mpoly]] = [{(): context.constant(1)}]
    for _ in range(length):
        levels.append({(*w, i): f * letters[i] for w, f in levels[-1].items() for i in range(w[-1] if w else 0, len(letters))})
    return [{w: {tuple(map(int, m)): c for m, c in zip(f.monoms(), f.coeffs(), strict=True)} for w, f in level.items()} for level in levels]


def _exponents(word: Word, count: int) -> Exponents:
    return tuple(word.count(i) for i in range(count))


def _factorial(exponents: Exponents) -> int:
    return math.prod(map(math.factorial, exponents))


def _matrices(numbers: Sequence[fmpq], shapes: Sequence[tuple[int, ...]]) -> Layers:
    remaining: Iterator[fmpq] = iter(numbers)
    result = []
    for shape in shapes:
        matrix = np.empty(shape, dtype=object)
        for index in np.ndindex(*shape):
            matrix[index] = next(remaining)
        result.append(matrix)
    return tuple(result)

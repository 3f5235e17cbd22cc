"""A law as points with weights, sum_n q_n f(x_n) = E f(x) for polynomials f of a degree: its atoms, or a rule that is exact for them.

In rationals the rule has the nodes h j, j in N^p with |j| <= degree, h a power of 2 near the size of the inputs, and weights from the joint
moments (`arithmetic.simplex_lattice`). They may be negative, and in doubles they would cancel: there it is the product of Gauss rules, for
coordinates that are independent and identically distributed, or Gaussian in some basis.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from itertools import combinations_with_replacement, product

import numpy as np
from flint import fmpq, fmpq_poly

from theory.arithmetic.simplex_lattice import lattice_weights
from theory.budget import saturated_binomial, saturated_power
from theory.exact import Number, to_float, to_fmpq
from theory.inputs import MAX_ENUMERATED_ATOMS, Gaussian, InputLaw
from theory.large_batch.arrays import factors, lifted


def count_points(law: InputLaw, degree: int, exact: bool) -> float:
    """N, of the shortest list; infinite where there is none. Nothing is computed."""
    return min(_count_of_rule(law, degree, exact), _count_of_atoms(law))


def weighted_points(law: InputLaw, degree: int, exact: bool) -> tuple[np.ndarray, np.ndarray]:
    """(x_n), (N, p), and (q_n), (N,): in rationals of flint or in doubles."""
    if _count_of_atoms(law) <= _count_of_rule(law, degree, exact):
        if law.atom_count is not None and not exact:
            return law.weighted_points()
        if (support := law.support()) is not None:
            atoms, probabilities = (lifted(np.array(rows, dtype=object), exact) for rows in support)
            return atoms, probabilities
    return _lattice(law, degree) if exact else _product_rule(law, degree)


def _count_of_atoms(law: InputLaw) -> float:
    if law.atom_count is not None:
        return law.atom_count
    values = law.coordinate_values() if law.has_iid_coordinates else None
    count = math.inf if values is None else saturated_power(len(set(values)), law.dimension)
    return count if count <= MAX_ENUMERATED_ATOMS else math.inf


def _count_of_rule(law: InputLaw, degree: int, exact: bool) -> float:
    if exact:
        return saturated_binomial(law.dimension + degree, degree)
    return saturated_power(degree // 2 + 1, law.dimension) if law.has_iid_coordinates or law.is_gaussian else math.inf


def _lattice(law: InputLaw, degree: int) -> tuple[np.ndarray, np.ndarray]:
    """Nodes and weights other than 0, in rationals."""
    p, unit = law.dimension, to_fmpq(_unit(law))
    moments = {}
    for order in range(degree + 1):
        for chosen in combinations_with_replacement(range(p), order):
            exponents = tuple(chosen.count(i) for i in range(p))
            moments[exponents] = fmpq_poly([to_fmpq(law.moment(exponents)) / unit**order])
    weights = {node: w.coeffs()[0] for node, w in lattice_weights(moments, degree).items() if w}
    nodes = np.array([[unit * j for j in node] for node in weights], dtype=object)
    return nodes.reshape(len(weights), p), np.array(list(weights.values()), dtype=object)


def _unit(law: InputLaw) -> Fraction:
    largest = max(law.second_moment[i, i] for i in range(law.dimension))
    bits = largest.numerator.bit_length() - largest.denominator.bit_length() if largest else 0
    return Fraction(2) ** round(bits / 2)


def _product_rule(law: InputLaw, degree: int) -> tuple[np.ndarray, np.ndarray]:
    if law.is_gaussian:
        nodes, weights = gauss_rule(Gaussian(1).coordinate_moment, degree)
        rows, variances = factors(to_float(law.covariance), False)
        basis, mean = rows * np.sqrt(variances)[:, None], to_float(law.mean)
    else:
        nodes, weights = gauss_rule(law.coordinate_moment, degree)
        basis, mean = np.eye(law.dimension), np.zeros(law.dimension)
    points = np.array(list(product(nodes, repeat=len(basis)))).reshape(-1, len(basis)) @ basis + mean
    return points, np.array([math.prod(q) for q in product(weights, repeat=len(basis))])


def gauss_rule(moment: Callable[[int], Number], degree: int) -> tuple[np.ndarray, np.ndarray]:
    """At most degree / 2 + 1 nodes and their weights, which are positive, in doubles, from the moments up to the degree.

    The recurrence of the orthogonal polynomials is exact, by Chebyshev's algorithm; nodes and weights are eigenvalues and squared first
    entries of eigenvectors of its Jacobi matrix. The last diagonal entry, which higher moments would fix, is free up to this degree.
    """
    before, row = [fmpq(0)] * (degree + 1), [to_fmpq(moment(k)) for k in range(degree + 1)]  # E[pi_k(x) x^l], l = k, k + 1, ...
    diagonal: list[fmpq] = []
    beside: list[fmpq] = []
    last_norm, last_ratio = fmpq(1), fmpq(0)
    while row and row[0]:
        norm, ratio = row[0], row[1] / row[0] if len(row) > 1 else last_ratio
        diagonal.append(ratio - last_ratio)
        beside.append(norm / last_norm)
        a, b = diagonal[-1], beside[-1] if len(diagonal) > 1 else fmpq(0)
        before, row = row[1:], [row[i + 1] - a * row[i] - b * before[i] for i in range(1, len(row) - 1)]
        last_norm, last_ratio = norm, ratio
    matrix = np.diag([float(Fraction(int(x.p), int(x.q))) for x in diagonal])
    for k, x in enumerate(beside[1:]):
        matrix[k, k + 1] = matrix[k + 1, k] = math.sqrt(Fraction(int(x.p), int(x.q)))
    nodes, vectors = np.linalg.eigh(matrix)
    return nodes, vectors[0] ** 2

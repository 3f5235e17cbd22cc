"""Slow and obvious routes, in Fractions, that share nothing with the engine of small input dimensions.

`by_enumeration` walks through every ordered batch of a finitely supported law. `scalar_gaussian` expands a scalar network's
gradient in powers of s_0, ..., s_t, all batches at once, and replaces s^k by the moments of chi-square over b,
E s^k = sigma^2k (1)(1 + 2 eps)(1 + 4 eps) ...
"""

from __future__ import annotations

from fractions import Fraction as F
from itertools import product

from flint import Ordering, fmpq, fmpq_mpoly_ctx, fmpq_poly

from theory import InverseBatchPolynomial


def matmul(a, b):
    return [[sum((x * y for x, y in zip(row, column, strict=True)), F(0)) for column in zip(*b, strict=True)] for row in a]


def transposed(a):
    return [list(column) for column in zip(*a, strict=True)]


def minus(a, b, scale=1):
    return [[x - y * scale for x, y in zip(r, s, strict=True)] for r, s in zip(a, b, strict=True)]


def square(a):
    return sum((x * x for row in a for x in row), F(0))


def rows(array):
    return [[F(x) for x in row] for row in array.tolist()]


def gradients(weights, teacher, s):
    """One or two linear layers, from the definition: dl/dW_k averaged over the batch is a function of S."""
    if len(weights) == 1:
        return [matmul(minus(weights[0], teacher[0]), s)]
    d_s = matmul(minus(matmul(weights[1], weights[0]), matmul(teacher[1], teacher[0])), s)
    return [matmul(transposed(weights[1]), d_s), matmul(d_s, transposed(weights[0]))]


def batches(law, b):
    """(S, probability) of every ordered batch."""
    atoms, chances = law.support()
    for picks in product(range(len(atoms)), repeat=b):
        chance = F(1)
        for n in picks:
            chance *= chances[n]
        p = len(atoms[0])
        yield [[sum((atoms[n][i] * atoms[n][j] for n in picks), F(0)) / b for j in range(p)] for i in range(p)], chance


def by_enumeration(problem, step, b, function):
    """E function(weights at `step`, gradients at `step`) over all batches 0..step."""
    teacher = [rows(w) for w in problem.teacher]
    law = list(batches(problem.inputs, b))

    def follow(weights, s):
        total = F(0)
        for matrix, chance in law:
            g = gradients(weights, teacher, matrix)
            if s == step:
                total += chance * function(weights, g)
            else:
                alpha = F(problem.learning_rate(s))
                total += chance * follow([minus(w, x, alpha) for w, x in zip(weights, g, strict=True)], s + 1)
        return total

    return follow([rows(w) for w in problem.student], 0)


def second_moment(problem, step, layer, b):
    return by_enumeration(problem, step, b, lambda _, g: square(g[layer - 1]))


def mean_entry(problem, step, layer, b, i, j):
    return by_enumeration(problem, step, b, lambda _, g: g[layer - 1][i][j])


def variance(problem, step, layer, b):
    shape = problem.student[layer - 1].shape
    means = [mean_entry(problem, step, layer, b, i, j) for i in range(shape[0]) for j in range(shape[1])]
    return second_moment(problem, step, layer, b) - sum(x * x for x in means)


def loss(problem, step, b):
    """1/2 E||f(w_t; x) - f(w*; x)||^2 over a fresh x."""
    atoms, chances = problem.inputs.support()
    teacher = [rows(w) for w in problem.teacher]

    def of(weights, _):
        total = F(0)
        for atom, chance in zip(atoms, chances, strict=True):
            column = [[x] for x in atom]
            outputs = []
            for layers in (weights, teacher):
                h = column
                for w in layers:
                    h = matmul(w, h)
                outputs.append(h)
            total += chance * square(minus(*outputs)) / 2
        return total

    return by_enumeration(problem, step, b, of)


def scalar_gaussian(w, target, sigma2, rates, step, layer):
    """(E g^2, E g) of sizes (1, 1, 1), polynomials in 1/b, all batches expanded together."""
    context = fmpq_mpoly_ctx.get([f"s{k}" for k in range(step + 1)], Ordering.lex)
    s = context.gens()
    w1, w2 = (context.constant(fmpq(x.numerator, x.denominator)) for x in w)
    goal = fmpq(target.numerator, target.denominator)
    for k in range(step):
        alpha, d = fmpq(rates[k].numerator, rates[k].denominator), w1 * w2 - goal
        w1, w2 = w1 - w2 * d * s[k] * alpha, w2 - w1 * d * s[k] * alpha
    g = (w2 if layer == 1 else w1) * (w1 * w2 - goal) * s[step]
    return _chi_square(g * g, sigma2), _chi_square(g, sigma2)


def _chi_square(polynomial, sigma2):
    top = max((k for monomial in polynomial.monoms() for k in map(int, monomial)), default=0)
    moments = [fmpq_poly([1])]
    for j in range(top):
        moments.append(moments[-1] * fmpq_poly([1, 2 * j]) * fmpq(sigma2.numerator, sigma2.denominator))
    total = fmpq_poly([])
    for monomial, c in polynomial.to_dict().items():
        term = fmpq_poly([c])
        for k in monomial:
            term *= moments[int(k)]
        total += term
    return InverseBatchPolynomial(total.coeffs())

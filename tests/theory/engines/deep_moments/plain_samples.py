"""Second route: the definition of SGD with every sample of every batch as variables, expanded; a monomial is averaged sample by sample.

No average is formed first, nothing is conditioned on, and no moment of a batch occurs: at one batch size, in exact rationals.
"""

from __future__ import annotations

from functools import cache
from itertools import product

import numpy as np
from flint import Ordering, fmpq, fmpq_mpoly_ctx

from theory.exact import to_fmpq, to_fraction


class PlainRun:
    """w_0, ..., w_t and g_0, ..., g_t of one problem as polynomials in the coordinates of all samples."""

    def __init__(self, problem, step, batch_size):
        p = problem.inputs.dimension
        places = list(product(range(step + 1), range(batch_size), range(p)))
        self.context = fmpq_mpoly_ctx.get([f"x{s}_{i}_{j}" for s, i, j in places], Ordering.lex)
        variables = dict(zip(places, self.context.gens(), strict=True))
        self.law, self.p, self.sigma = problem.inputs, p, [to_fmpq(c) for c in problem.polynomial]
        self.moment = cache(lambda powers: to_fmpq(self.law.moment(powers)))
        weights = [self.numbers(w) for w in problem.student]
        self.teacher = [self.numbers(w) for w in problem.teacher]
        for s in range(step + 1):
            self.weights = weights
            samples = [filled([[variables[s, i, j]] for j in range(p)]) for i in range(batch_size)]
            each = [self.sample_gradients(weights, x) for x in samples]
            self.gradients = [sum(g[k] for g in each) * fmpq(1, batch_size) for k in range(len(weights))]
            if s < step:
                alpha = to_fmpq(problem.learning_rate(s))
                weights = [w - g * alpha for w, g in zip(weights, self.gradients, strict=True)]

    def variance(self, layer):
        entries = self.gradients[layer - 1].ravel().tolist()
        return to_fraction(sum(self.expected(g * g) - self.expected(g) ** 2 for g in entries))

    def mean(self, layer):
        return [to_fraction(self.expected(g)) for g in self.gradients[layer - 1].ravel().tolist()]

    def loss_mean_and_variance(self):
        """At w_t, over a sample of the last batch, which w_t has not seen: E loss, and E loss^2 - (E loss)^2."""
        x = filled([[v] for v in self.context.gens()[-self.p :]])
        errors = (self.output(self.weights, x) - self.output(self.teacher, x)).ravel().tolist()
        loss, given = sum(e * e for e in errors) / 2, self.context.constant(0)
        for monomial, c in zip(loss.monoms(), loss.coeffs(), strict=True):
            earlier, own = tuple(map(int, monomial[: -self.p])), tuple(map(int, monomial[-self.p :]))
            given += self.context.from_dict({(*earlier, *[0] * self.p): c * self.moment(own)})
        mean = self.expected(given)
        return to_fraction(mean), to_fraction(self.expected(given * given) - mean**2)

    def sample_gradients(self, weights, x):
        """d/dW_k of the loss, from derivatives of the output entry by entry: the chain rule forwards."""
        residual = self.output(weights, x) - self.output(self.teacher, x)
        gradients = []
        for k, w in enumerate(weights):
            g = np.empty(w.shape, dtype=object)
            for index in np.ndindex(w.shape):
                moved = filled([[self.context.constant(int((i, j) == index)) for j in range(w.shape[1])] for i in range(w.shape[0])])
                g[index] = (residual.T @ self.derivative(weights, x, k, moved))[0, 0]
            gradients.append(g)
        return gradients

    def output(self, weights, x):
        for w in weights[:-1]:
            x = self.apply(self.sigma, w @ x)
        return weights[-1] @ x

    def derivative(self, weights, x, k, direction):
        """Of the output, along `direction` in W_k."""
        slope, dx = [i * c for i, c in enumerate(self.sigma)][1:], None
        for j, w in enumerate(weights):
            h = w @ x
            dh = None if dx is None else w @ dx
            if j == k:
                dh = direction @ x
            if j == len(weights) - 1:
                return dh
            dx = None if dh is None else self.apply(slope, h) * dh
            x = self.apply(self.sigma, h)
        raise AssertionError

    def apply(self, coefficients, h):
        return filled([[sum((c * x**i for i, c in enumerate(coefficients)), self.context.constant(0)) for x in row] for row in h.tolist()])

    def expected(self, polynomial):
        total = fmpq(0)
        for monomial, c in zip(polynomial.monoms(), polynomial.coeffs(), strict=True):
            for start in range(0, len(monomial), self.p):
                c *= self.moment(tuple(map(int, monomial[start : start + self.p])))
            total += c
        return total

    def numbers(self, array):
        return filled([[self.context.constant(to_fmpq(x)) for x in row] for row in array.tolist()])


def filled(rows):
    array = np.empty((len(rows), len(rows[0])), dtype=object)
    for index in np.ndindex(array.shape):
        array[index] = rows[index[0]][index[1]]
    return array

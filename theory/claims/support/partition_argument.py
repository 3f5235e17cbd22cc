"""Theorems 3.1 and 3.3 for every depth and degree, performed as they are proved: no batch is drawn, no network is run.

The entries of g_f, f = first, ..., last, are letters of a polynomial ring; W_s = W_first - sum_{f < s} alpha_f g_f is linear in them, and
so a mixed product is a polynomial in them. From the last batch to the first, a monomial in the entries of g_f becomes

    E[ prod_j g_f[e_j] | F_f ] = sum over set partitions pi of b(b-1)...(b-|pi|+1) / b^n prod over blocks of E[ prod of entries at one x ],

one sample's gradient being the list of products of Lemma A.8, at the weights w_f as they stand in the ring, and E the law's moments.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property, reduce
from itertools import product
from math import comb, prod
from operator import add, matmul
from typing import Any

import numpy as np
from flint import fmpq, fmpq_mpoly, fmpq_mpoly_ctx

from theory.claims.support.recursion_cases import Lookup, MixedProduct, lookup_after
from theory.exact import to_fmpq, to_fraction
from theory.inverse_batch import InverseBatchPolynomial
from theory.polynomial_networks import Letter as NetworkLetter
from theory.polynomial_networks import gradient_products
from theory.polynomial_networks.letters import SAMPLE
from theory.polynomial_networks.letters import WEIGHT as NETWORK_WEIGHT
from theory.problem import TeacherStudent
from theory.recursion import KroneckerForm
from theory.trace_forms import g
from theory.trace_forms.letters import GRADIENT, WEIGHT, Letter, teacher_letter, weight_letter

Exponents = tuple[int, ...]


def mean_over_last_batch(instance: MixedProduct) -> Any:
    """E[ product | F_t ], t = len(history), as a polynomial in 1/b; an object array of them where row 0 is a matrix."""
    return _Argument(instance, instance.step, lookup_after(instance)).mean()


def mean_given_initial_weights(instance: MixedProduct) -> Any:
    """E[ product | w_0 ] likewise; the instance's history is not used."""
    return _Argument(instance, 0, lookup_after(replace(instance, history=()))).mean()


def full_gradient_variance(problem: TeacherStudent, step: int, layer: int) -> InverseBatchPolynomial:
    """var( grad L(w_step) ) of a layer given w_0: the same, from the mean of one sample's gradient at w_step."""
    instance = MixedProduct(problem, (), None, g(step, layer))
    argument = _Argument(instance, 0, lookup_after(instance))
    total = InverseBatchPolynomial([0])
    for entry in _Batch(argument, step).mean_of_one_sample(layer):
        mean = argument.mean_over_batches(entry)
        total = total + argument.mean_over_batches(entry * entry) - mean * mean
    return total


@dataclass(frozen=True)
class _Argument:
    """`lookup` knows the letters that F_first fixes."""

    instance: MixedProduct
    first: int
    lookup: Lookup

    def mean(self) -> Any:
        (term,) = self.instance.form.terms
        scalar = KroneckerForm([replace(term, open=None)]).evaluate(self._letter, self.problem)
        if term.open is None:
            return self.mean_over_batches(scalar)
        matrix = reduce(matmul, (self._letter(x.symbol).T if x.transposed else self._letter(x) for x in term.open))
        means = np.empty(matrix.shape, dtype=object)
        for place, entry in np.ndenumerate(matrix):
            means[place] = self.mean_over_batches(entry * scalar)
        return means

    def mean_over_batches(self, value: Any) -> InverseBatchPolynomial:
        """Of a polynomial in the entries of g_first, ..., g_last."""
        total = self.ring.constant(0) + value
        for f in reversed(self.batches):
            total = _Batch(self, f).mean(total)
        powers = {exponents[0]: c for exponents, c in total.to_dict().items()}  # of eps = 1/b, all that is left
        return InverseBatchPolynomial([to_fraction(powers.get(s, fmpq(0))) for s in range(max(powers, default=0) + 1)])

    @property
    def problem(self) -> TeacherStudent:
        return self.instance.problem

    @property
    def batches(self) -> range:
        """Those that the product depends on and F_first does not fix."""
        return range(self.first, 1 + max((x.last_batch for x in self.instance.form.letters), default=-1))

    @property
    def layers(self) -> range:
        return range(1, self.problem.depth + 1)

    @cached_property
    def names(self) -> list[str]:
        """Of the ring's variables: eps, the coordinates of a sample, the entries of g_first, ..., g_last."""
        places = [(k, r, c) for k in self.layers for r in range(self.problem.sizes[k]) for c in range(self.problem.sizes[k - 1])]
        coordinates = [f"x{u}" for u in range(self.problem.inputs.dimension)]
        return ["eps", *coordinates, *(f"g{f}_{k}_{r}_{c}" for f in self.batches for k, r, c in places)]

    @cached_property
    def ring(self) -> fmpq_mpoly_ctx:
        return fmpq_mpoly_ctx.get(tuple(self.names), "lex")

    @cached_property
    def variables(self) -> dict[str, fmpq_mpoly]:
        return dict(zip(self.names, self.ring.gens(), strict=True))

    def gradient(self, f: int, k: int) -> np.ndarray:
        """g_{f,k}, a matrix of variables."""
        matrix = np.empty((self.problem.sizes[k], self.problem.sizes[k - 1]), dtype=object)
        for r, c in np.ndindex(*matrix.shape):
            matrix[r, c] = self.variables[f"g{f}_{k}_{r}_{c}"]
        return matrix

    def weight(self, s: int, k: int) -> np.ndarray:
        """W_{s,k} = W_{first,k} - sum_f alpha_f g_{f,k}."""
        matrix = self.lookup(weight_letter(self.first, k))
        for f in range(self.first, s):
            matrix = matrix - self.gradient(f, k) * to_fmpq(self.problem.learning_rate(f))
        return matrix

    def _letter(self, letter: Letter) -> np.ndarray:
        if letter.kind == GRADIENT and (letter.step or 0) >= self.first:
            return self.gradient(letter.step or 0, letter.layer or 0)
        if letter.kind == WEIGHT and (letter.step or 0) > self.first:
            return self.weight(letter.step or 0, letter.layer or 0)
        return self.lookup(letter)


class _Batch:
    """The mean over one batch."""

    def __init__(self, argument: _Argument, f: int) -> None:
        self.ring, self.law, self.eps = argument.ring, argument.problem.inputs, argument.ring.gens()[0]
        names = argument.names
        self.coordinates = range(1, 1 + self.law.dimension)
        self.entries = [i for i, name in enumerate(names) if name.startswith(f"g{f}_")]
        self.names = [names[i] for i in self.entries]
        one = _one_sample(argument, f)
        self.of_one_sample = [one[name] for name in self.names]
        none = (0,) * len(self.entries)
        self.products: dict[Exponents, fmpq_mpoly] = {none: self.ring.constant(1)}
        self.moments: dict[Exponents, fmpq_mpoly] = {}
        self.blocks: dict[Exponents, list[fmpq_mpoly]] = {none: [self.ring.constant(1)]}

    def mean(self, polynomial: fmpq_mpoly) -> fmpq_mpoly:
        """Of a polynomial in the entries of g_f and what F_f fixes."""
        total = self.ring.constant(0)
        for exponents, rest in self._by_exponents(polynomial, self.entries):
            n = sum(exponents)
            for k, over_partitions in enumerate(self._by_blocks(exponents)):
                falling = prod((1 - i * self.eps for i in range(k)), start=self.eps ** (n - k))  # b(b-1)...(b-k+1) / b^n
                total += rest * over_partitions * falling
        return total

    def mean_of_one_sample(self, layer: int) -> list[fmpq_mpoly]:
        """grad_layer L(w_f), entry by entry: polynomials in what F_f fixes."""
        of_layer = [i for i, name in enumerate(self.names) if name.split("_")[1] == str(layer)]
        return [self._moment(tuple(int(i == j) for j in range(len(self.entries)))) for i in of_layer]

    def _by_blocks(self, exponents: Exponents) -> list[fmpq_mpoly]:
        """For k = 0, 1, ...: the sum over the partitions into k blocks of the product of the blocks' moments.

        Partitions of a multiset: the block of one copy of its first element takes a part of the rest, in binomially many ways.
        """
        if exponents not in self.blocks:
            i = next(j for j, e in enumerate(exponents) if e)
            found = [self.ring.constant(0)] * (sum(exponents) + 1)
            for block in product(*(range(int(j == i), e + 1) for j, e in enumerate(exponents))):
                ways = prod(comb(e - (j == i), c - (j == i)) for j, (e, c) in enumerate(zip(exponents, block, strict=True)))
                moment = self._moment(block) * ways
                for k, others in enumerate(self._by_blocks(tuple(e - c for e, c in zip(exponents, block, strict=True)))):
                    found[k + 1] += moment * others
            self.blocks[exponents] = found
        return self.blocks[exponents]

    def _moment(self, exponents: Exponents) -> fmpq_mpoly:
        """E of a product of entries of one sample's gradient."""
        if exponents not in self.moments:
            total = self.ring.constant(0)
            for powers, rest in self._by_exponents(self._product(exponents), self.coordinates):
                total += rest * to_fmpq(self.law.moment(powers))
            self.moments[exponents] = total
        return self.moments[exponents]

    def _product(self, exponents: Exponents) -> fmpq_mpoly:
        if exponents not in self.products:
            i = next(j for j, e in enumerate(exponents) if e)
            fewer = tuple(e - (j == i) for j, e in enumerate(exponents))
            self.products[exponents] = self._product(fewer) * self.of_one_sample[i]
        return self.products[exponents]

    def _by_exponents(self, polynomial: fmpq_mpoly, places: Iterable[int]) -> Iterator[tuple[Exponents, fmpq_mpoly]]:
        """The polynomial as a sum of monomials in the variables at these places times polynomials in the others."""
        at = list(places)
        parts: dict[Exponents, dict[Exponents, fmpq]] = {}
        for exponents, coefficient in polynomial.to_dict().items():
            rest = tuple(0 if i in at else e for i, e in enumerate(exponents))
            parts.setdefault(tuple(exponents[i] for i in at), {})[rest] = coefficient
        return ((exponents, self.ring.from_dict(rest)) for exponents, rest in parts.items())


def _one_sample(argument: _Argument, f: int) -> dict[str, fmpq_mpoly]:
    """The entries of the gradient at w_f of the sample x, by name: Lemma A.8's products summed, as polynomials in x and w_f."""
    problem = argument.problem
    weights = {k: argument.weight(f, k) for k in argument.layers}
    teacher = {k: argument.lookup(teacher_letter(k)) for k in argument.layers}
    x = np.empty((problem.inputs.dimension, 1), dtype=object)  # filled by hand: numpy would take polynomials apart
    x[:, 0] = [argument.variables[f"x{u}"] for u in range(len(x))]

    def value(letter: NetworkLetter) -> np.ndarray:
        if letter.transposed:
            return value(letter.T).T
        if letter.constant is not None:
            return np.array(letter.constant.tolist(), dtype=object)
        return x if letter.kind == SAMPLE else (weights if letter.kind == NETWORK_WEIGHT else teacher)[letter.index]

    entries: dict[str, fmpq_mpoly] = {}
    for k in argument.layers:
        products = gradient_products(problem.sizes, problem.polynomial, k)
        total = reduce(add, (reduce(matmul, map(value, one.letters)) * to_fmpq(one.coefficient) for one in products))
        entries |= {f"g{f}_{k}_{r}_{c}": entry for (r, c), entry in np.ndenumerate(total)}
    return entries

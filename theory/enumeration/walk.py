"""SGD along every path: the weights and gradients of one problem at one batch size, with their probabilities."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, reduce
from operator import add

import numpy as np
from flint import arb, fmpq

from theory.backpropagation import Matrices, Sigma, backpropagate, forward
from theory.enumeration.batches import Batch, all_batches, batch_count
from theory.enumeration.path_counts import KEPT
from theory.optimizers import SGD


@dataclass(frozen=True)
class Path:
    """One path of SGD: weights[s][k-1] = W_{s,k} and gradients[s][k-1] = g_{s,k}, s = 0..step, arrays of rationals.

    Literally enumerated, it also has samples[s][i][k-1], the gradient at the i-th draw of batch s (otherwise empty).
    """

    weights: tuple[Matrices, ...]
    gradients: tuple[Matrices, ...]
    samples: tuple[tuple[Matrices, ...], ...]


@dataclass(frozen=True)
class Walk:
    """SGD on one problem at one batch size, in rationals, or in balls where the activation asks for them; atoms are rows."""

    student: Matrices
    teacher: Matrices
    sigma: Sigma
    rates: tuple[fmpq, ...]
    optimizer: SGD
    atoms: tuple[np.ndarray, ...]
    probabilities: tuple[fmpq, ...]
    batch_size: int
    literal: bool

    def batches(self) -> Iterator[Batch]:
        """Every batch, as atoms with their shares (or literally all draws, with share 1/b each), and its probability."""
        few = batch_count(len(self.atoms), self.batch_size, self.literal) <= KEPT
        return iter(self._kept) if few else self._listed()

    @cached_property
    def targets(self) -> Matrices:
        """f(w*; x) at every atom."""
        return tuple(forward(self.teacher, self.sigma, x)[1][-1] for x in self.atoms)

    @cached_property
    def _kept(self) -> list[Batch]:
        return list(self._listed())

    def _listed(self) -> Iterator[Batch]:
        return all_batches(self.probabilities, self.batch_size, self.literal)

    def gradients(self, weights: Matrices, layer: int | None = None) -> Iterator[tuple[Matrices, tuple[Matrices, ...], fmpq]]:
        """(g_1, ..., g_H), or (g_layer,), for every batch, its draws when literal, and its probability."""
        at_atoms = [backpropagate(weights, self.sigma, x, y).gradients for x, y in zip(self.atoms, self.targets, strict=True)]
        layers = range(len(weights)) if layer is None else [layer - 1]
        for batch, chance in self.batches():
            draws = tuple(at_atoms[i] for i, _ in batch) if self.literal else ()
            yield tuple(reduce(add, (at_atoms[i][k] * share for i, share in batch)) for k in layers), draws, chance

    def stepped(self, weights: Matrices, gradient: Matrices, step: int) -> Matrices:
        """The weights after this step."""
        return self.optimizer.step(weights, gradient, self.rates[step])

    def law_of_weights(self, step: int) -> Iterator[tuple[Matrices, fmpq]]:
        """The values of w_step with their probabilities; equal values are merged."""
        law = {_key(self.student): (self.student, fmpq(1))}
        for s in range(step):
            following: dict[tuple[object, ...], tuple[Matrices, fmpq]] = {}
            for weights, probability in law.values():
                for gradient, _, chance in self.gradients(weights):
                    new = self.stepped(weights, gradient, s)
                    key = _key(new)
                    following[key] = new, following.get(key, (new, fmpq(0)))[1] + probability * chance
            law = following
        return iter(law.values())


def _key(weights: Matrices) -> tuple[object, ...]:
    """Equal for equal weights; balls are equal when they are the same ball."""
    return tuple((*x.mid().man_exp(), *x.rad().man_exp()) if isinstance(x, arb) else x for w in weights for x in w.ravel().tolist())

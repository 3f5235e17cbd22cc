"""SGD along every path: the weights and gradients of one problem at one batch size, with their probabilities."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, reduce
from operator import add

import numpy as np
from flint import arb, fmpq

from theory.backpropagation import Matrices, Sigma, backpropagate, forward
from theory.enumeration.batches import Batch, Urn, all_batches
from theory.enumeration.path_counts import KEPT
from theory.exact import Number
from theory.optimizers import SGD, State


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
    """SGD on one problem at one batch size, in rationals, or in balls where the activation asks for them; atoms and labels are rows."""

    student: Matrices
    teacher: Matrices | None
    sigma: Sigma
    rates: tuple[Number, ...]
    optimizer: SGD
    atoms: tuple[np.ndarray, ...]
    labels: tuple[np.ndarray, ...] | None
    probabilities: tuple[fmpq, ...]
    urn: Urn
    batch_size: int
    literal: bool

    @property
    def start(self) -> State[np.ndarray]:
        """w_0, before any step."""
        return State(self.student)

    def batches(self) -> Iterator[Batch]:
        """Every batch, as atoms with their shares (or literally all draws, with share 1/b each), and its probability."""
        few = self.urn.batch_count(self.batch_size, self.literal) <= KEPT
        return iter(self._kept) if few else self._listed()

    @cached_property
    def targets(self) -> Matrices:
        """What is to be learned at every atom: its label, or f(w*; x)."""
        if self.labels is not None or self.teacher is None:
            return self.labels or ()
        return tuple(forward(self.teacher, self.sigma, x)[1][-1] for x in self.atoms)

    @cached_property
    def _kept(self) -> list[Batch]:
        return list(self._listed())

    def _listed(self) -> Iterator[Batch]:
        return all_batches(self.urn, self.probabilities, self.batch_size, self.literal)

    def gradients(self, weights: Matrices, layer: int | None = None) -> Iterator[tuple[Matrices, tuple[Matrices, ...], fmpq]]:
        """(g_1, ..., g_H), or (g_layer,), for every batch, its draws when literal, and its probability."""
        at_atoms = [backpropagate(weights, self.sigma, x, y).gradients for x, y in zip(self.atoms, self.targets, strict=True)]
        layers = range(len(weights)) if layer is None else [layer - 1]
        for batch, chance in self.batches():
            draws = tuple(at_atoms[i] for i, _ in batch) if self.literal else ()
            yield tuple(reduce(add, (at_atoms[i][k] * share for i, share in batch)) for k in layers), draws, chance

    def stepped(self, state: State[np.ndarray], gradient: Matrices, step: int) -> State[np.ndarray]:
        """The weights, and buffers of momentum, after this step."""
        return self.optimizer.advance(state, gradient, self.rates[step])

    def law_of_weights(self, step: int) -> Iterator[tuple[Matrices, fmpq]]:
        """The values of w_step with their probabilities; equal values are merged where their buffers are equal too."""
        law = {_key(self.start): (self.start, fmpq(1))}
        for s in range(step):
            following: dict[tuple[object, ...], tuple[State[np.ndarray], fmpq]] = {}
            for state, probability in law.values():
                for gradient, _, chance in self.gradients(state.weights):
                    new = self.stepped(state, gradient, s)
                    key = _key(new)
                    following[key] = new, following.get(key, (new, fmpq(0)))[1] + probability * chance
            law = following
        return ((state.weights, probability) for state, probability in law.values())


def _key(state: State[np.ndarray]) -> tuple[object, ...]:
    """Equal for equal weights and buffers; balls are equal when they are the same ball."""
    numbers = (x for matrix in state.matrices for x in matrix.ravel().tolist())
    return tuple((*x.mid().man_exp(), *x.rad().man_exp()) if isinstance(x, arb) else x for x in numbers)

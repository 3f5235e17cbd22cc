"""Gradients of linear networks as words in the batches' S_0, S_1, ... and matrices of the initial weights, for any number of layers.

With D_t = W_{t,H} ... W_{t,1} - W*_H ... W*_1 and alpha_t the learning rate,

    g_{t,k} = (W_{t,H} ... W_{t,k+1})^T D_t S_t (W_{t,k-1} ... W_{t,1})^T,        W_{t+1,k} = W_{t,k} - alpha_t g_{t,k} (or by momentum),
    D_t = D_0 + W_{t,H} ... W_{t,1} - W_{0,H} ... W_{0,1}.

Where weights decay, W_{t,k} = c_t W_{0,k} + words with S: then c_t^H W_{0,H} ... W_{0,1} - W*_H ... W*_1 takes the place of D_0, and the
words alone are added. Letters are these and the initial weights, one each. Words are multiplied out; between two S stands a p x p product
of letters, the same word for the same product, however it came about: in every term of W_{1,H} ... W_{1,1} with two steps of neighbouring
layers, (W_{k-1} ... W_1)^T (W_H ... W_k)^T is the transpose of W_H ... W_1.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from operator import matmul
from typing import Any

from flint import fmpq

from theory.exact import to_fmpq
from theory.gaussian_moments.word_polynomials import Alphabet, WordPolynomial
from theory.optimizers import State
from theory.problem import TeacherStudent
from theory.trace_forms.letters import CONSTANT, GRADIENT, TEACHER, WEIGHT, Letter

Layers = tuple[WordPolynomial, ...]


class GradientWords:
    """What the engine needs of one problem, over one alphabet: ||g||^2, g and the loss as word polynomials."""

    def __init__(self, problem: TeacherStudent, ring: Any) -> None:
        self.problem = problem
        sigma = None if problem.inputs.is_standard else ring.from_array(problem.inputs.second_moment)
        self.alphabet = Alphabet(ring, problem.sizes[0], sigma)
        student, self._teacher = ([ring.from_array(w) for w in side] for side in (problem.student, problem.teacher_weights))
        self._ends = _product(student), _product(self._teacher)
        self._states = [State(tuple(map(self.alphabet.constant, student)))]
        self._scales: list[State[fmpq]] = [State((fmpq(1),))]  # c_0, c_1, ...: the weights 1 without a gradient
        self._gradients: list[Layers] = []
        self._residuals: list[WordPolynomial] = []
        self._given: dict[Letter, WordPolynomial] = {}

    def weights(self, step: int) -> Layers:
        """W_{step,1}, ..., W_{step,H}."""
        while len(self._states) <= step:
            t, optimizer = len(self._states) - 1, self.problem.optimizer
            rate = self.problem.learning_rate(t)
            self._states.append(optimizer.advance(self._states[t], self.gradients(t), rate))
            self._scales.append(optimizer.advance(self._scales[t], (fmpq(0),), rate))
        return self._states[step].weights

    def gradients(self, step: int) -> Layers:
        """g_{step,1}, ..., g_{step,H}."""
        while len(self._gradients) <= step:
            t = len(self._gradients)
            weights, gradient = self.weights(t), self.residual(t) @ self.alphabet.wishart(t)
            self._gradients.append(tuple(_around(weights, k, gradient) for k in range(len(weights))))
        return self._gradients[step]

    def residual(self, step: int) -> WordPolynomial:
        """D_step."""
        while len(self._residuals) <= step:
            t, (student, teacher) = len(self._residuals), self._ends
            weights, decayed = self.weights(t), self._scales[t].weights[0] ** self.problem.depth
            constant = self.alphabet.constant(student.times(decayed) + teacher.times(fmpq(-1)))
            moved = _product(weights) - _product(self.weights(0)) * decayed
            self._residuals.append(constant + moved)
        return self._residuals[step]

    def squared_norm(self, step: int, layer: int) -> WordPolynomial:
        """||g_{step,layer}||_F^2."""
        g = self.gradients(step)[layer - 1]
        return (g.T @ g).trace()

    def loss(self, step: int) -> WordPolynomial:
        """1/2 tr(D_step Sigma D_step^T)."""
        residual = self.residual(step)
        weighted = residual if self.alphabet.sigma is None else residual @ self.alphabet.sigma
        return (weighted @ residual.T).trace() * to_fmpq(1 / 2)

    def look_up(self, letter: Letter) -> WordPolynomial:
        """A letter of a trace form as words."""
        place = (letter.layer or 0) - 1
        if letter.kind == WEIGHT:
            return self.weights(letter.step or 0)[place]
        if letter.kind == GRADIENT:
            return self.gradients(letter.step or 0)[place]
        if letter not in self._given:
            assert letter.kind in (TEACHER, CONSTANT)
            matrix = self._teacher[place] if letter.kind == TEACHER else self.alphabet.ring.from_array(letter.matrix)
            self._given[letter] = self.alphabet.constant(matrix)
        return self._given[letter]


def _product(layers: Sequence[Any]) -> Any:
    """W_H ... W_1."""
    return reduce(matmul, reversed(layers))


def _around(weights: Layers, place: int, gradient: WordPolynomial) -> WordPolynomial:
    """The gradient of layer place + 1, D S between the transposes of the layers behind and before it."""
    behind, before = weights[place + 1 :], weights[:place]
    if behind:
        gradient = _product(behind).T @ gradient
    return gradient @ _product(before).T if before else gradient

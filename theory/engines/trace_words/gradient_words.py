"""Gradients of linear networks as words in the batches' S_0, S_1, ... and matrices of the initial weights.

Two layers, W_1 = U (p_1, p), W_2 = V (p_2, p_1), T = W*_2 W*_1. With D = V U - T, G = D S and alpha the learning rate,

    g_1 = V^T G        g_2 = G U^T        V^T and U never leave the span of their columns and rows, and the Gram matrices
    M = V U (p_2, p),   A = U^T U (p, p),   C = V V^T (p_2, p_2)        are closed under a step of SGD:

    D' = D - alpha (C G + G A) + alpha^2 G M^T G
    A' = A - alpha (G^T M + M^T G) + alpha^2 G^T C G              ||g_1'||^2 = tr( S' D'^T C' D' S' )
    C' = C - alpha (M G^T + G M^T) + alpha^2 G A G^T              ||g_2'||^2 = tr( D' S' A' S' D'^T )

so that no letter is larger than p or p_2: between two S stand p x p products. One layer: g = D S, D' = D - alpha G.
"""

from __future__ import annotations

from typing import Any

from theory.arithmetic.matrices import Matrix
from theory.exact import to_fmpq
from theory.gaussian_moments.word_polynomials import Alphabet, WordPolynomial
from theory.problem import TeacherStudent
from theory.trace_forms.letters import CONSTANT, GRADIENT, TEACHER, WEIGHT, Letter


class GradientWords:
    """What the engine needs of one problem, over one alphabet: ||g||^2, g and the loss as word polynomials."""

    def __init__(self, problem: TeacherStudent, ring: Any) -> None:
        self.problem = problem
        sigma = None if problem.inputs.is_standard else ring.from_array(problem.inputs.second_moment)
        self.alphabet = Alphabet(ring, problem.sizes[0], sigma)
        self._student = [ring.from_array(w) for w in problem.student]
        self._teacher = [ring.from_array(w) for w in problem.teacher]
        self._letters: dict[str, WordPolynomial] = {}
        self._given: dict[Letter, WordPolynomial] = {}  # apart: a constant may be named as this module's letters are
        self._weights: dict[tuple[int, int], WordPolynomial] = {}
        self._residuals: dict[int, WordPolynomial] = {}

    # -- letters ------------------------------------------------------------------------------------------------------

    def _letter(self, name: str) -> WordPolynomial:
        if name not in self._letters:
            matrix, symmetric = self._matrix(name)
            self._letters[name] = self.alphabet.constant(matrix, symmetric=symmetric)
        return self._letters[name]

    def _matrix(self, name: str) -> tuple[Matrix, bool]:
        first, last = self._student[0], self._student[-1]
        if name in ("U", "V"):
            return (first if name == "U" else last), False
        if name == "A":
            return first.T @ first, True
        if name == "C":
            return last @ last.T, True
        product = last @ first if self.problem.depth == 2 else first
        if name == "M":
            return product, False
        target = self._teacher[-1] @ self._teacher[0] if self.problem.depth == 2 else self._teacher[0]
        return product + target.times(to_fmpq(-1)), False

    def batch(self, step: int) -> WordPolynomial:
        """S_step."""
        return self.alphabet.wishart(step)

    def _rate(self, step: int) -> Any:
        return to_fmpq(self.problem.learning_rate(step))

    # -- one layer, and two layers up to step 1 -----------------------------------------------------------------------

    def residual(self, step: int) -> WordPolynomial:
        """D_step = W_{step,H} ... W_{step,1} - W*_H ... W*_1."""
        if step not in self._residuals:
            if step == 0:
                self._residuals[0] = self._letter("D")
            else:
                residual, rate = self.residual(step - 1), self._rate(step - 1)
                g = residual @ self.batch(step - 1)
                if self.problem.depth == 1:
                    (self._residuals[step],) = self.problem.optimizer.step((residual,), (g,), rate)
                else:
                    m, a, c = self._letter("M"), self._letter("A"), self._letter("C")
                    self._residuals[step] = residual - (c @ g + g @ a) * rate + g @ m.T @ g * rate**2
        return self._residuals[step]

    def gradient(self, step: int, layer: int) -> WordPolynomial:
        """g_{step,layer}."""
        g = self.residual(step) @ self.batch(step)
        if self.problem.depth == 1:
            return g
        return self.weight(step, 2).T @ g if layer == 1 else g @ self.weight(step, 1).T

    def weight(self, step: int, layer: int) -> WordPolynomial:
        """W_{step,layer}."""
        if (step, layer) not in self._weights:
            if step == 0:
                value = self._letter("U" if layer == 1 else "V")
            else:
                before, gradient = self.weight(step - 1, layer), self.gradient(step - 1, layer)
                (value,) = self.problem.optimizer.step((before,), (gradient,), self._rate(step - 1))
            self._weights[step, layer] = value
        return self._weights[step, layer]

    def squared_norm(self, step: int, layer: int) -> WordPolynomial:
        """||g_{step,layer}||_F^2."""
        g = self.residual(step) @ self.batch(step)
        if self.problem.depth == 1:
            return (g.T @ g).trace()
        m, a, c = self._letter("M"), self._letter("A"), self._letter("C")
        gram = c if layer == 1 else a
        if step == 1:
            before, rate = self.residual(0) @ self.batch(0), self._rate(0)
            if layer == 1:
                gram = c - (m @ before.T + before @ m.T) * rate + before @ a @ before.T * rate**2
            else:
                gram = a - (before.T @ m + m.T @ before) * rate + before.T @ c @ before * rate**2
        return (g.T @ gram @ g if layer == 1 else g @ gram @ g.T).trace()

    def loss(self, step: int) -> WordPolynomial:
        """1/2 tr(D_step Sigma D_step^T)."""
        residual = self.residual(step)
        weighted = residual if self.alphabet.sigma is None else residual @ self.alphabet.sigma
        return (weighted @ residual.T).trace() * to_fmpq(1 / 2)

    # -- trace forms --------------------------------------------------------------------------------------------------

    def look_up(self, letter: Letter) -> WordPolynomial:
        """A letter of a trace form as words."""
        if letter.kind == WEIGHT:
            return self.weight(letter.step or 0, letter.layer or 0)
        if letter.kind == GRADIENT:
            return self.gradient(letter.step or 0, letter.layer or 0)
        if letter not in self._given:
            ring = self.alphabet.ring
            matrix = self._teacher[(letter.layer or 0) - 1] if letter.kind == TEACHER else ring.from_array(letter.matrix)
            assert letter.kind in (TEACHER, CONSTANT)
            self._given[letter] = self.alphabet.constant(matrix)
        return self._given[letter]

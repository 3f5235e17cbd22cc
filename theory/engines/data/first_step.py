r"""The first step of two linear layers on a data set: everything it does goes through one matrix, the batch's mean of r_n x_n^T.

With r_n = W_2 W_1 x_n - y_n, batch 0 enters w_1 through R = (1/b) sum_n r_n x_n^T alone: g_{0,1} = W_2^T R and g_{0,2} = R W_1^T. The
optimizer's first step is w_1 = a w_0 - c g_0 (its buffer begins as the gradient, so that momentum and weight decay only scale). So

    W_1' = M_1 + W_2^T D,      W_2' = M_2 + D W_1^T,      D = -c R,      M_k = a W_k,

or, around the mean of D, D = -c (R - E R) and M_k the weights after a full-gradient step. Of the widths nothing is left but the products

    W_2' W_1'    =  P + D L + G D + D J D,              P = M_2 M_1,   L = W_1^T M_1,   G = M_2 W_2^T,   J = W_1^T W_2^T,
    W_2' W_2'^T  =  M_2 M_2^T + D Q^T + Q D^T + D K_1 D^T,             Q = M_2 W_1,     K_1 = W_1^T W_1,
    W_1'^T W_1'  =  M_1^T M_1 + D^T V + V^T D + D^T K_2 D,             V = W_2 M_1,     K_2 = W_2 W_2^T.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from theory.problem import TeacherStudent


@dataclass(frozen=True)
class Data:
    """N samples: x_n, (N, p), and -y_n, (N, q), in one kind of numbers."""

    points: Any
    minus_targets: Any

    @classmethod
    def of(cls, problem: TeacherStudent, kind: Any) -> Data:
        """The data set of a problem, with its targets or those of the teacher."""
        points = kind.of(problem.population)
        if problem.inputs.targets is not None:
            return cls(points, kind.of(-problem.inputs.targets))
        first, second = (kind.of(_fractions(w)) for w in problem.teacher_weights)
        return cls(points, scaled(points @ turned(second @ first), -1))

    def __len__(self) -> int:
        return int(self.points.shape[0])

    def mean(self, array: Any) -> Any:
        """Over the samples, of what has been summed over them."""
        return scaled(array, Fraction(1, len(self)))


@dataclass(frozen=True)
class Step:
    """The weights w_0, those that D is added to, and the samples of D = (1/b) sum_m rho_m x_m^T (minus its mean, around it)."""

    weights: tuple[Any, Any]
    middle: tuple[Any, Any]
    rho: Any
    mean: Any
    moves: bool = True

    @classmethod
    def of(cls, problem: TeacherStudent, data: Data, step: int) -> tuple[Step, Step]:
        """The step before it is taken (D the whole of it) and around its mean; at step 0 nothing is added and there are no letters."""
        first, second = (_fractions(w) for w in problem.student)
        kind = type(data.points)
        kept, taken = Fraction(1), Fraction(0)
        if step:
            kept, _, taken = problem.optimizer.linear_step(Fraction(problem.learning_rate(0)), is_first=True)[0]
        w = kind.of(first), kind.of(second)
        residuals = data.points @ turned(w[1] @ w[0]) + data.minus_targets
        rho = scaled(residuals, taken)
        mean = data.mean(turned(rho) @ data.points)
        whole = cls(w, (kind.of(first * kept), kind.of(second * kept)), rho, scaled(mean, 0), step > 0)
        middle = whole.middle[0] + turned(w[1]) @ mean, whole.middle[1] + mean @ turned(w[0])
        return whole, cls(w, middle, rho, mean, step > 0)

    def matrices(self) -> dict[str, Any]:
        """By the names above, M_1^T M_1 and M_2 M_2^T as "M1" and "M2"; transposes have a prime."""
        (w1, w2), (m1, m2) = self.weights, self.middle
        named = {"P": m2 @ m1, "L": turned(w1) @ m1, "G": m2 @ turned(w2), "J": turned(w2 @ w1), "Q": m2 @ w1, "V": w2 @ m1}
        named |= {"M1": turned(m1) @ m1, "M2": m2 @ turned(m2), "K1": turned(w1) @ w1, "K2": w2 @ turned(w2)}
        return with_transposes(named)


def with_transposes(matrices: dict[str, Any]) -> dict[str, Any]:
    """Every matrix, and its transpose under its name with a prime."""
    return matrices | {name + "'": turned(matrix) for name, matrix in matrices.items()}


def turned(matrix: Any) -> Any:
    """The transpose."""
    return matrix.map(np.transpose)


def scaled(array: Any, factor: int | Fraction) -> Any:
    """An array times an exact number."""
    return array * type(array).of(np.array(Fraction(factor), dtype=object))


def _fractions(matrix: np.ndarray) -> np.ndarray:
    return np.vectorize(Fraction, otypes=[object])(matrix)

"""How long the numbers get from batch to batch, by their degrees: what every product and every moment costs depends on it."""

from __future__ import annotations

from theory.budget import saturated_power
from theory.degrees import gradient_degree
from theory.engines.base import Quantity
from theory.inputs.lengths import number_bits
from theory.problem import TeacherStudent

#: Bits beyond which nothing is affordable.
_MOST_BITS = 1e12


def lengths(problem: TeacherStudent, quantity: Quantity, batches: int, direction: float) -> tuple[list[float], float]:
    """Bits of a sample's polynomials in each of the batches, and of the weights after the last one.

    A gradient has degree m in the weights; its mean and its directions have different denominators, which moments of the law bring in.
    A direction is `direction` times as long as a sample's polynomials.
    """
    d, h = problem.activation_degree, problem.depth
    m, inner = gradient_degree(h, activation_degree=d), 2 * sum(saturated_power(d, k) for k in range(h - 1))
    sigma = 0.0 if problem.is_linear else inner * max(map(number_bits, problem.polynomial))
    law = min(problem.inputs.moment_bits(2 * int(saturated_power(d, h - 1))), 1e6)
    samples, weights = [], weight_bits(problem)
    for s in range(batches):
        samples.append(min(m * weights + sigma + law, _MOST_BITS))
        rate = number_bits(problem.learning_rate(s)) if s < quantity.step else 0.0
        weights = direction * samples[-1] + rate + problem.optimizer.bits + 2 * law
    return samples, weights


def weight_bits(problem: TeacherStudent) -> float:
    """Of the longest of some of the weights of student and teacher: polynomials have one denominator for all coefficients."""
    return max(number_bits(x) for w in problem.networks for x in w.ravel()[:: 1 + w.size // 16].tolist())

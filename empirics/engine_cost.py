"""What one step of one replica costs, by counting: flops and floating-point numbers."""

from __future__ import annotations

from empirics.population import population
from theory.problem import TeacherStudent

#: Of statistics: large enough for ||E g||^2, whose U-statistic has the noise of 1/(B-1) of a replica's; small blocks stay in the cache.
BLOCK = 4
CHUNK = 64  # steps that are looked at before their inner products are digested

LEAST_STEP = 3e4  # flops of a replica's step that overheads amount to


def step_flops(problem: TeacherStudent, engine: str, estimator: str, batch_size: int) -> float:
    """Flops of one replica's step with statistics, small ones counted at LEAST_STEP."""
    weights = sum(w.size for w in problem.student)
    if engine == "two_linear":
        p, h, q = problem.sizes
        h, m = min(h, p + q), min(batch_size, p)
        gradients = min(2 * (p * p * (h + q) + q * h * p), 2 * m * (2 * q * p + 2 * h * p + q * h))
        return max(LEAST_STEP, 3 * 2 * q * h * p + gradients)
    stand_in = population(problem)
    points = 0 if stand_in is None else len(stand_in.points)
    return max(LEAST_STEP, 6.0 * weights * (max(batch_size, 2) + points))


def replica_numbers(problem: TeacherStudent, engine: str, batch_size: int) -> int:
    """Floating-point numbers that one replica needs."""
    weights = sum(w.size for w in problem.student)
    kept = 3 * CHUNK * problem.depth * (BLOCK + 1)  # inner products, three kinds of them
    if engine == "two_linear":
        p, h, q = problem.sizes
        h, m = min(h, p + q), min(batch_size, p)
        return kept + 3 * h * p + 3 * q * h + 5 * q * p + 2 * p * p + m * (p + q + 2 * h)
    stand_in = population(problem)
    samples = max(batch_size, 2, 0 if stand_in is None else len(stand_in.points))
    return kept + 3 * weights + 3 * samples * sum(problem.sizes)

"""What one step of one replica costs, by counting: flops and floating-point numbers. It decides no draws: cuts.py does."""

from __future__ import annotations

from empirics.engines.cuts import BLOCK, CHUNK
from empirics.sampling.batches import row_count
from empirics.sampling.population import population
from theory.problem import TeacherStudent

LEAST_STEP = 3e4  # flops of a replica's step that overheads amount to
DRAW = 20  # flops that drawing a number amounts to


def step_flops(problem: TeacherStudent, engine: str, estimator: str, batch_size: int) -> float:
    """Flops of one replica's step with statistics, small ones counted at LEAST_STEP."""
    if engine != "two_linear":
        weights = sum(w.size for w in problem.student)
        return max(LEAST_STEP, 6.0 * weights * (max(batch_size, 2) + _points(problem)))
    p, h, q = problem.sizes
    h, m = min(h, p + q), row_count(problem.inputs, batch_size)
    gradients = min(2 * (p * p * (h + q) + q * h * p), 2 * m * (2 * q * p + 2 * h * p + q * h))
    moments = 2 * _atoms(problem, estimator) * (2 * h * p + q * p)
    return max(LEAST_STEP, 3 * 2 * q * h * p + gradients + (2 * p + DRAW) * p * (m - min(m, p)) + moments)


def replica_numbers(problem: TeacherStudent, engine: str, estimator: str, batch_size: int) -> int:
    """Floating-point numbers that one replica needs."""
    kept = 3 * CHUNK * problem.depth * (BLOCK + 1)  # inner products, three kinds of them
    if engine != "two_linear":
        weights = sum(w.size for w in problem.student)
        samples = max(batch_size, 2, _points(problem))
        return kept + 3 * weights + 3 * samples * sum(problem.sizes)
    p, h, q = problem.sizes
    h, m = min(h, p + q), row_count(problem.inputs, batch_size)
    rows = m * (3 * p + q + 2 * h)  # the rows, what they were drawn as, and their images
    return kept + 3 * h * p + 3 * q * h + 5 * q * p + 4 * p * p + rows + _atoms(problem, estimator) * (2 * h + q)


def _points(problem: TeacherStudent) -> int:
    stand_in = population(problem)
    return 0 if stand_in is None else len(stand_in.points)


def _atoms(problem: TeacherStudent, estimator: str) -> int:
    """Atoms that a closed form goes through."""
    return 0 if estimator == "naive" else problem.inputs.atom_count or 0

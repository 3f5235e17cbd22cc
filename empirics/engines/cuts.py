"""How a run is cut into shards and groups: it decides the draws, so nothing here may ever change for the runs that are there.

A store says by which rule it was made ("rule" in the identity of its run; none: 1). Whoever finds better sizes adds a rule, and lets stores
keep theirs. What predictions make of costs (engine_cost.py, cost.py) may get better at any time: it decides nothing here.

    rule 1      a shard is 10^12 counted flops, seconds to minutes; random numbers of its groups follow each other
    rule 2      a shard is some seconds, for every engine and law; each group has streams of its own, so that a longer run begins as a
                shorter one does
"""

from __future__ import annotations

import math

from empirics.sampling.batches import row_count
from empirics.sampling.population import population
from theory.problem import TeacherStudent

RULE = 2
#: Replicas of a block of statistics: enough for ||E g||^2, whose U-statistic has the noise of 1/(B-1) of a replica's, and few enough for
#: the cache. Steps that are looked at before their inner products are digested.
BLOCK, CHUNK = 4, 64
MOST_REPLICAS = 1 << 16
#: Rule 1: flops of a shard, small steps counted at LEAST_STEP, and a drawn number at DRAW flops.
SHARD_FLOPS = {"cpu": 1e12, "cuda": 4e13}
LEAST_STEP, DRAW = 3e4, 20
#: Rule 2: seconds of a core that a shard takes at most, if it is not the least shard; what the model below says is right within a factor of
#: three on the machines of 2020 to 2026.
SHARD_SECONDS = 6.0
FLOPS_PER_SECOND = {"float64": 1.2e10, "float32": 2.4e10}
STEP, ENTRY, SMOOTH_ENTRY = 0.6e-6, 25e-9, 60e-9  # a replica's step; an entry of a layer, passes and activation
PASS, PAIR, SHUFFLED = 4e-4, 8e-6, 1e-7  # of autograd; an inner product in Python; a point in a random order
#: Bytes of weights and buffers in lockstep: about a core's own cache, or a share of a GPU's memory.
LOCKSTEP_BYTES = {"cpu": 3 << 20, "cuda": 4 << 30}
LOCKSTEP_REPLICAS = {"cpu": 2048, "cuda": 1 << 15}


def shard_size(
    rule: int, problem: TeacherStudent, batch_size: int, steps: int, *, engine: str, estimator: str, sampling: str, dtype: str, kind: str
) -> int:
    """Replicas of a usual shard: a power of 2. It knows of one batch size only, so that the draws at one do not depend on the others."""
    if rule == 1 or kind == "cuda":
        share = SHARD_FLOPS[kind] / (step_flops(problem, engine, estimator, batch_size) * steps)
    else:
        share = SHARD_SECONDS / (step_seconds(problem, batch_size, engine, estimator, sampling, dtype) * steps)
    return 2 ** int(math.log2(min(max(share, BLOCK), MOST_REPLICAS)))


def lockstep(problem: TeacherStudent, batch_size: int, *, engine: str, estimator: str, dtype: str, kind: str) -> int:
    """Replicas that fit the cache together, with room for a block at least."""
    room = LOCKSTEP_BYTES[kind] // (replica_numbers(problem, engine, estimator, batch_size) * (4 if dtype == "float32" else 8))
    return int(min(max(room, BLOCK), LOCKSTEP_REPLICAS[kind]))


def step_seconds(problem: TeacherStudent, batch_size: int, engine: str, estimator: str, sampling: str, dtype: str) -> float:
    """Of a core, for one replica's step with statistics."""
    points = _points(problem)
    order = 0.0
    if sampling != "independent":
        order = SHUFFLED * (points if sampling == "without_replacement" else min(batch_size, points))
    if engine == "two_linear":
        return STEP + order + _two_linear_flops(problem, estimator, batch_size) / FLOPS_PER_SECOND[dtype]
    samples = max(batch_size, 2) + points
    entry = ENTRY if problem.is_linear or (not problem.is_polynomial and "relu" in str(problem.activation)) else SMOOTH_ENTRY
    dense = samples * sum(problem.sizes) * entry + 6.0 * _weights(problem) * samples / FLOPS_PER_SECOND[dtype]
    if engine == "networks":
        return STEP + order + dense
    passes = 2 if points else 1 + max(batch_size, 2)
    pairs = 0 if points else max(batch_size, 2) ** 2 * problem.depth
    return order + dense + PASS * passes + PAIR * pairs


def step_flops(problem: TeacherStudent, engine: str, estimator: str, batch_size: int) -> float:
    """Of rule 1."""
    if engine != "two_linear":
        return max(LEAST_STEP, 6.0 * _weights(problem) * (max(batch_size, 2) + _points(problem)))
    return max(LEAST_STEP, _two_linear_flops(problem, estimator, batch_size))


def replica_numbers(problem: TeacherStudent, engine: str, estimator: str, batch_size: int) -> int:
    """Floating-point numbers that one replica is counted at."""
    kept = 3 * CHUNK * problem.depth * (BLOCK + 1)
    if engine != "two_linear":
        samples = max(batch_size, 2, _points(problem))
        return kept + 3 * _weights(problem) + 3 * samples * sum(problem.sizes)
    p, h, q = problem.sizes
    h, m = min(h, p + q), row_count(problem.inputs, batch_size)
    rows = m * (3 * p + q + 2 * h)
    return kept + 3 * h * p + 3 * q * h + 5 * q * p + 4 * p * p + rows + _atoms(problem, estimator) * (2 * h + q)


def _two_linear_flops(problem: TeacherStudent, estimator: str, batch_size: int) -> float:
    p, h, q = problem.sizes
    h, m = min(h, p + q), row_count(problem.inputs, batch_size)
    gradients = min(2 * (p * p * (h + q) + q * h * p), 2 * m * (2 * q * p + 2 * h * p + q * h))
    moments = 2 * _atoms(problem, estimator) * (2 * h * p + q * p)
    return 3 * 2 * q * h * p + gradients + (2 * p + DRAW) * p * (m - min(m, p)) + moments


def _weights(problem: TeacherStudent) -> int:
    return sum(w.size for w in problem.student)


def _points(problem: TeacherStudent) -> int:
    stand_in = population(problem)
    return 0 if stand_in is None else len(stand_in.points)


def _atoms(problem: TeacherStudent, estimator: str) -> int:
    return 0 if estimator == "naive" else problem.inputs.atom_count or 0

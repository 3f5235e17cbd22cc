"""How a run is cut into shards and groups: it decides the draws, so nothing here may ever change for the runs that are there.

A store says by which rule it was made ("rule" in the identity of its run; none: 1). Whoever finds better sizes adds a rule, and lets stores
keep theirs. Engines say what a step takes (`Engine.flops`, `numbers`, `seconds`), and those counts are as frozen as the rules.

    rule 1      a shard is 10^12 counted flops, seconds to minutes; random numbers of its groups follow each other
    rule 2      a shard is some seconds, for every engine and law; each group has streams of its own, so that a longer run begins as a
                shorter one does
"""

from __future__ import annotations

import math

from empirics.arguments import Request
from empirics.engine_records import ENGINES
from empirics.engines.base import count_points

RULE = 2
#: Replicas of a block of statistics: enough for ||E g||^2, whose U-statistic has the noise of 1/(B-1) of a replica's, and few enough for
#: the cache. Steps that are looked at before their inner products are digested.
BLOCK, CHUNK = 4, 64
MOST_REPLICAS = 1 << 16
#: Rule 1: flops of a shard, and what a step counts at least.
SHARD_FLOPS = {"cpu": 1e12, "cuda": 4e13}
LEAST_STEP = 3e4
#: Rule 2: seconds of a core that a shard takes at most, if it is not the least shard; what the engines say is right within a factor of
#: three on the machines of 2020 to 2026. Of a point in a random order.
SHARD_SECONDS = 6.0
SHUFFLED = 1e-7
#: Bytes of weights and buffers in lockstep: about a core's own cache, or a share of a GPU's memory.
LOCKSTEP_BYTES = {"cpu": 3 << 20, "cuda": 4 << 30}
LOCKSTEP_REPLICAS = {"cpu": 2048, "cuda": 1 << 15}


def shard_size(run: Request, batch_size: int, rule: int) -> int:
    """Replicas of a usual shard: a power of 2. It knows of one batch size only, so that the draws at one do not depend on the others."""
    if rule == 1 or _kind(run) == "cuda":
        share = SHARD_FLOPS[_kind(run)] / (step_flops(run, batch_size) * run.steps)
    else:
        share = SHARD_SECONDS / (step_seconds(run, batch_size) * run.steps)
    return 2 ** int(math.log2(min(max(share, BLOCK), MOST_REPLICAS)))


def lockstep(run: Request, batch_size: int) -> int:
    """Replicas that fit the cache together, with room for a block at least."""
    room = LOCKSTEP_BYTES[_kind(run)] // replica_bytes(run, batch_size)
    return int(min(max(room, BLOCK), LOCKSTEP_REPLICAS[_kind(run)]))


def step_seconds(run: Request, batch_size: int) -> float:
    """Of a core, for one replica's step with statistics."""
    points, drawing = count_points(run.problem), 0.0
    if run.sampling != "independent":
        drawing = SHUFFLED * (points if run.sampling == "without_replacement" else min(batch_size, points))
    return ENGINES[run.engine].load().seconds(run.problem, run.estimator, batch_size, run.dtype, drawing)


def step_flops(run: Request, batch_size: int) -> float:
    """Of one replica's step with statistics, small ones counted at LEAST_STEP."""
    return max(LEAST_STEP, ENGINES[run.engine].load().flops(run.problem, run.estimator, batch_size))


def replica_bytes(run: Request, batch_size: int) -> int:
    """Weights and buffers of one replica, and three kinds of inner products."""
    kept = 3 * CHUNK * run.problem.depth * (BLOCK + 1)
    return (kept + ENGINES[run.engine].load().numbers(run.problem, run.estimator, batch_size)) * (4 if run.dtype == "float32" else 8)


def _kind(run: Request) -> str:
    return run.device.partition(":")[0]

"""What replicas take: memory of their lockstep groups by counting, seconds of a step by running a few."""

from __future__ import annotations

import math
import time

import torch

from empirics.estimation.block_statistics import FOLDS, size_of
from empirics.runs.plan import Plan
from empirics.runs.process_state import PROCESS_BYTES, arithmetic
from empirics.runs.sharded import Shard
from empirics.runs.work import source_for
from empirics.sampling.batches import SORTED_AT_ONCE, DataRows, shuffle_bytes
from empirics.sampling.streams import streams

#: Far below and above any GPU's.
SLOW_FLOPS, FAST_FLOPS = 1e9, {"cuda": 2e14}
#: Of what is kept for a shard and for a step, before any has been run.
SHARD_BYTES, STEP_BYTES = 1000, 100


def bounds(plan: Plan) -> tuple[float, float]:
    """Seconds of one core or GPU that are far too few and far too many, by counting."""
    if torch.device(plan.device).type == "cpu":
        return plan.core_seconds / 30, 30 * plan.core_seconds
    return plan.flops / FAST_FLOPS["cuda"], plan.flops / SLOW_FLOPS


def memory_bytes(plan: Plan, workers: int) -> int:
    """Buffers of one group and the moments of a shard, in every process; the moments of all batch sizes, shards and steps once."""
    moments = _moment_numbers(plan) * 8
    buffers = max(_group_bytes(plan, b) for b in plan.batch_sizes)
    once = len(plan.batch_sizes) * moments + SHARD_BYTES * plan.shard_count + STEP_BYTES * plan.steps
    return workers * (PROCESS_BYTES + buffers + 3 * moments) + once


def _group_bytes(plan: Plan, batch_size: int) -> int:
    """Of the replicas that run in lockstep: their buffers twice, with what goes there, and the random orders of a data set's points."""
    replicas = math.prod(widest_group(plan, batch_size))
    orders = shuffle_bytes(plan.problem.inputs, plan.sampling, replicas, max(2, batch_size))
    return 2 * replicas * plan.replica_bytes(batch_size) + orders


def widest_group(plan: Plan, batch_size: int) -> tuple[int, int]:
    """Blocks and block size of the most replicas that run in lockstep, those of the last shard."""
    count, _, last = plan.cut(batch_size)
    return max(plan.groups(Shard(batch_size, count - 1, last)), key=math.prod)


def store_bytes(plan: Plan) -> int:
    """Of all shards of the plan."""
    return plan.shard_count * (_moment_numbers(plan) * 8 + 16_384)


def device_bytes(plan: Plan) -> int:
    """Of the replicas that run in lockstep on a GPU, with the random orders of a data set's points."""
    law = plan.problem.inputs
    return max(
        plan.lockstep(b) * plan.replica_bytes(b) + shuffle_bytes(law, plan.sampling, plan.lockstep(b), max(2, b)) for b in plan.batch_sizes
    )


def trial(plan: Plan, batch_size: int, seconds: float) -> float:
    """Seconds of one step of one replica, from steps that take that long together, one at least."""
    blocks, block = widest_group(plan, batch_size)
    if plan.sampling != "independent":  # no more numbers are sorted than a trial needs
        blocks = min(blocks, max(1, SORTED_AT_ONCE // (block * len(plan.problem.inputs.population))))  # type: ignore[arg-type]
    with arithmetic():
        engine = plan.make_engine(batch_size, blocks, block)
        setting = engine.setting
        source = source_for(engine, streams(plan.seed, (0, 0), setting.device))
        engine.restart()

        def timed(count: int) -> float:
            start = time.perf_counter()
            for i in range(count):
                engine.step(source.draw(), 0.0, i if i % plan.every == 0 else None)
            engine.digest(1)
            if setting.device.type == "cuda":
                torch.cuda.synchronize(setting.device)
            return (time.perf_counter() - start) / count

        best = spent = timed(1)  # the first one also makes buffers
        if spent < seconds:
            best = math.inf
        while spent < seconds:
            latest = timed(8)
            best, spent = min(best, latest), spent + 8 * latest
        if isinstance(source, DataRows) and plan.sampling == "epochs":  # an order lasts for some steps, which the best of few leave out
            start = time.perf_counter()
            source.shuffled(len(source.points))
            best += (time.perf_counter() - start) / max(1, min(plan.steps, len(source.points) // batch_size))
    return best / setting.replicas


def _moment_numbers(plan: Plan) -> int:
    n, m = size_of(plan.problem.depth, plan.estimator)
    return len(plan.recorded) * FOLDS * (n + m + n + n * m + m * m)

"""A block: some runs in lockstep, so that the variance of their gradients over runs can be had without keeping any gradient.

For each look, by parameter (the letters are those of observation.py), and for runs r = 1..B of the block:

    conditional[r]     var(g | past of r)                                  squares[r]         ||E[g | past of r]||^2
    spread             var over runs of E[g | past]                        full_squares[r]    ||grad L||^2
    full_spread        var over runs of grad L                             diverged[r]        1 for a run that is lost, else 0

all without bias, averaged over the steps of an epoch that are looked at. What is lost is NaN.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from empirics.models.measuring.bench import Bench
from empirics.models.measuring.evaluation import evaluate
from empirics.models.measuring.observation import ByExamples, ByResampling, ByTraining, Look, Mean, Observer, Spread
from empirics.models.measuring.record import OF_RUNS, BlockResult, Record
from empirics.models.measuring.training import Course, Run
from empirics.runs.process_state import arithmetic
from empirics.runs.sharded import Shard
from empirics.runs.work import versions


def run_block(record: Record, bench: Bench, shard: Shard, ran: Callable[[int], object] = lambda run_steps: None) -> BlockResult:
    """Every look at every run of the block. Memory: its runs, and two gradients more."""
    with arithmetic(), np.errstate(all="ignore"):  # `diverged` tells of what overflows
        block = Block(record, bench, shard)
        for number, unit in enumerate(record.recorded):
            block.look(number, unit)
            ran(shard.replicas * min(unit + record.every, record.steps))
    return BlockResult(shard, block.kept, versions())


def course(record: Record, batch_size: int) -> Course:
    """How the runs at this batch size go."""
    steps = record.steps if record.unit == "step" else (record.steps - 1) * (record.examples // batch_size)
    return Course(record.seed, batch_size, record.sampling, steps)


def observer(record: Record, run: Run) -> Observer:
    """What looks at a run."""
    if record.estimator == "per_example":
        return ByExamples(run, record.together)
    return ByResampling(run, record.draws) if record.estimator == "resampling" else ByTraining(run)


class Block:
    """The runs of a shard, and what was seen of them."""

    def __init__(self, record: Record, bench: Bench, shard: Shard) -> None:
        self.record, self.bench = record, bench
        self.course = course(record, shard.batch_size)
        first = shard.index * record.block_runs
        self.runs = [Run(bench, self.course, first + i) for i in range(shard.replicas)]
        self.observers = [observer(record, run) for run in self.runs]
        self.kept = record.empty(shard.replicas)
        self.arrays = {name: array for name, (_, array) in self.kept.items()}

    def look(self, number: int, unit: int) -> None:
        """The look of this number, at this epoch or step."""
        places = self._places(unit)
        self._advance(places[0])
        if unit % self.record.evaluate_every == 0:
            self._evaluate(number)
        looked = [self._look_at(place) for place in places]
        for name in looked[0]:
            where = (slice(None), number) if name in OF_RUNS else number
            self.arrays[name][where] = np.mean([each[name] for each in looked], axis=0)
        lost = np.array([run.is_lost for run in self.runs])
        for dims, array in self.kept.values():
            if dims[0] == "run":
                array[lost, number] = np.nan
            elif lost.any():
                array[number] = np.nan
        self.arrays["diverged"][:, number] = lost

    def _places(self, unit: int) -> list[int]:
        """The steps that are looked at."""
        if self.record.unit == "step":
            return [unit]
        length = self.record.examples // self.course.batch_size
        count = min(self.record.looks_per_epoch, length) if unit + 1 < self.record.steps else 1
        return [unit * length + i * length // count for i in range(count)]

    def _advance(self, place: int) -> None:
        for run in self.runs:
            run.advance(place)

    def _evaluate(self, number: int) -> None:
        for r, run in enumerate(self.runs):
            if run.is_lost:
                continue
            with run.on_the_bench():
                values = {prefix: evaluate(user, self.bench.task.error) for prefix, user in self.bench.sets.items()}
            for prefix, (loss, error) in values.items():
                self.arrays[f"{prefix}loss"][r, number] = loss
                if self.bench.task.error is not None:
                    self.arrays[f"{prefix}error"][r, number] = error
            run.is_lost = not np.isfinite(values[""][0])

    def _look_at(self, place: int) -> dict[str, np.ndarray]:
        """All runs at one step."""
        self._advance(place)
        layers = len(self.record.layers)
        found = {name: np.full((len(self.runs), layers), np.nan) for name in OF_RUNS}
        nexts, fulls = Over(len(self.runs), layers), Over(len(self.runs), layers)
        for r, (run, see) in enumerate(zip(self.runs, self.observers, strict=True)):
            if not run.is_lost:

                def take(look: Look, r: int = r) -> None:
                    found["conditional"][r] = look.conditional
                    found["squares"][r] = nexts.add(look.next)
                    if look.full is not None:
                        found["full_squares"][r] = fulls.add(look.full)

                see(np.random.SeedSequence(run.seeds.entropy, spawn_key=(*run.seeds.spawn_key, place)), self._moves(place), take)
                run.is_lost = not np.isfinite(found["squares"][r]).all()
        return found | {"spread": nexts.value(), "full_spread": fulls.value()}

    def _moves(self, place: int) -> bool:
        """Whether a step follows."""
        return place < self.course.steps - (self.record.unit == "step")


class Over:
    """The variance over runs of a mean gradient, by parameter."""

    def __init__(self, runs: int, layers: int) -> None:
        self.runs, self.layers = runs, layers
        self.spread, self.noise = Spread(), np.zeros(layers)

    def add(self, mean: Mean) -> np.ndarray:
        """Take in that of one more run; ||mean||^2 of it."""
        self.spread.add(mean.values)
        self.noise = self.noise + mean.noise
        return mean.squares()

    def value(self) -> np.ndarray:
        """Without bias; NaN where a run is lost or was not asked for."""
        if self.spread.count < self.runs:
            return np.full(self.layers, np.nan)
        return self.spread.value() - self.noise / self.runs

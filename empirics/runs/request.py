"""From what a user asks to a plan: everything is checked before any work."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import fields

from empirics.arguments import check_request
from empirics.engine_records import is_users_function
from empirics.runs.devices import available
from empirics.runs.replicas import Replicas
from theory.problem import TeacherStudent


def make_plan(
    problem: TeacherStudent,
    *,
    batch_sizes: Iterable[int],
    steps: int,
    replicas: int,
    seed: int = 0,
    device: str = "auto",
    dtype: str = "float64",
    sampling: str | None = None,
    estimator: str = "auto",
    engine: str = "auto",
    every: int = 1,
    shard_replicas: int | None = None,
) -> Replicas:
    """A checked plan of a run, without running anything: for `predict`. Arguments as for `simulate`.

    ValueError or TypeError naming the argument, what it was and what it must be.
    """
    asked = check_request(
        problem,
        batch_sizes=batch_sizes,
        steps=steps,
        replicas=replicas,
        seed=seed,
        device=device,
        dtype=dtype,
        sampling=sampling,
        estimator=estimator,
        engine=engine,
        every=every,
        shard_replicas=shard_replicas,
    )
    parts = {field.name: getattr(asked, field.name) for field in fields(asked)}
    return Replicas(**parts | {"device": _device(asked.device, asked.problem)})


def _device(device: str, problem: TeacherStudent) -> str:
    """A device that is there."""
    if is_users_function(problem):
        if device.startswith("cuda"):
            raise ValueError(f"device must be 'cpu' for an activation that is a numpy function ({problem.activation}), but was {device!r}")
        return "cpu"
    return available(device)

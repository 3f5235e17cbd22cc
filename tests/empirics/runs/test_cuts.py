"""How runs are cut is frozen: other sizes would be other draws under the same seed, and stores would find no shard of theirs."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from empirics import DataSet, make_plan, synthetic
from empirics.runs.cuts import RULE, replica_bytes, step_flops, step_seconds
from tests.instances import network
from theory import Discrete, Gaussian, Rademacher

POINTS = DataSet(np.arange(200.0).reshape(100, 2))
PROBLEMS = {
    "linear": (network((2, 3, 1), Gaussian(2)), {}), "paper": (synthetic(), {}), "paper, single": (synthetic(), {"dtype": "float32"}),
    "signs": (network((20, 30, 5), Rademacher(20)), {}), "atoms": (network((2, 30, 5), Discrete([[1, 2], [3, 4], [0, 1]])), {}),
    "networks": (network((4, 8, 8, 2), Gaussian(4), activation="tanh"), {}), "relu": (network((2, 8, 2), POINTS, activation="relu"), {}),
    "autograd": (network((4, 8, 2), Gaussian(4), activation="gelu"), {"engine": "autograd"}),
    "epochs": (network((2, 8, 2), POINTS), {"sampling": "epochs"}),
    "without": (network((2, 8, 2), POINTS), {"sampling": "without_replacement"}),
}  # fmt: skip
#: Replicas of a shard and in lockstep, by the first rule and by the second: never to be changed.
KNOWN = {
    "linear": [(65536, 32768, 196), (65536, 32768, 196)],
    "paper": [(256, 16, 4), (128, 8, 4)],
    "paper, single": [(256, 32, 4), (128, 16, 4)],
    "signs": [(65536, 4096, 61), (32768, 2048, 29)],
    "atoms": [(65536, 16384, 173), (65536, 16384, 173)],
    "networks": [(65536, 2048, 112), (65536, 128, 52)],
    "relu": [(65536, 512, 70), (65536, 256, 70)],
    "autograd": [(65536, 8, 176), (65536, 4, 82)],
    "epochs": [(65536, 16384, 190), (65536, 2048, 129)],
    "without": [(65536, 1024, 128), (65536, 1024, 97)],
}
#: Flops, bytes and seconds of a replica's step at b = 4 and 64, of which sizes, being powers of 2, show little: never to be changed either.
COUNTED = {
    "linear": [(30000, 15992, 6.06666666667e-07), (30000, 15992, 6.06666666667e-07)],
    "paper": [(9961472, 1381376, 0.000830722666667), (15204352, 1719296, 0.00126762933333)],
    "paper, single": [(9961472, 690688, 0.000415661333333), (15204352, 859648, 0.000634114666667)],
    "signs": [(30000, 50840, 2.73333333333e-06), (96800, 106040, 8.66666666667e-06)],
    "atoms": [(30000, 18120, 6.77666666667e-07), (30000, 18120, 6.77666666667e-07)],
    "networks": [(30000, 27840, 6.104e-06), (43008, 59520, 8.8664e-05)],
    "relu": [(30000, 44928, 3.3464e-05), (31488, 44928, 5.2424e-05)],
    "autograd": [(30000, 17856, 0.002259456), (30000, 38016, 0.091591296)],
    "epochs": [(30000, 16544, 1.02266666667e-06), (30000, 24224, 7.26266666667e-06)],
    "without": [(30000, 24544, 1.0956e-05), (30000, 32224, 1.1196e-05)],
}


@pytest.mark.parametrize("case", PROBLEMS)
def test_sizes_are_those_of_the_rules(case):
    problem, change = PROBLEMS[case]
    plan = make_plan(problem, batch_sizes=[4, 64], steps=300, replicas=10**7, **change)
    assert RULE == plan.rule == 2
    found = [(*(replace(plan, rule=rule).cut(b)[1] for rule in (1, 2)), plan.lockstep(b)) for b in (4, 64)]
    assert found == KNOWN[case]


@pytest.mark.parametrize("case", PROBLEMS)
def test_a_step_is_counted_as_ever(case):
    problem, change = PROBLEMS[case]
    plan = make_plan(problem, batch_sizes=[4, 64], steps=300, replicas=10**7, device="cpu", **change)
    found = [(step_flops(plan, b), replica_bytes(plan, b), step_seconds(plan, b)) for b in (4, 64)]
    assert found == [pytest.approx(known, rel=1e-11) for known in COUNTED[case]]


@pytest.mark.parametrize("case", PROBLEMS)
def test_a_shard_takes_seconds_whatever_the_steps(case):
    """By the model that they are cut by; a block of replicas is the least."""
    problem, change = PROBLEMS[case]
    for steps in (10, 1000, 100_000):
        plan = make_plan(problem, batch_sizes=[4], steps=steps, replicas=10**9, **change)
        _, full, _ = plan.cut(4)
        seconds = plan.core_seconds / plan.replicas * full
        assert full in (4, 1 << 16) or 3 <= seconds <= 6, (steps, full, seconds)
        assert full > 4 or seconds >= 3

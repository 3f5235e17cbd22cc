"""Plans: every bad argument is named before any work, and shards and groups share out every replica exactly once."""

from __future__ import annotations

import json
import math
from fractions import Fraction as F
from itertools import count

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from empirics import DataSet, make_plan, simulate
from empirics.runs.cuts import BLOCK
from empirics.runs.plan import Plan
from empirics.runs.sharded import Shard
from tests.instances import network
from theory import Gaussian, Independent, Rademacher, Uniform
from theory.activations import custom

PROBLEM = network((2, 3, 1), Gaussian(2))
DATA = network((2, 3, 1), DataSet([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]]))
GOOD = {"batch_sizes": [1, 2], "steps": 3, "replicas": 10}

BAD = [
    ({"batch_sizes": [0]}, ValueError, r"batch_sizes\[0\] must be at least 1"),
    ({"batch_sizes": [2, -1]}, ValueError, r"batch_sizes\[1\] must"),
    ({"batch_sizes": [2.5]}, TypeError, r"batch_sizes\[0\] must be an integer"), ({"batch_sizes": [2.0]}, TypeError, r"batch_sizes\[0\]"),
    ({"batch_sizes": [4, True]}, TypeError, r"batch_sizes\[1\] must be an integer"),
    ({"batch_sizes": ["4"]}, TypeError, r"batch_sizes\[0\]"),
    ({"batch_sizes": "4"}, TypeError, "batch_sizes must be a sequence"), ({"batch_sizes": 4}, TypeError, "batch_sizes must be a sequence"),
    ({"batch_sizes": []}, ValueError, "batch_sizes must have at least one"),
    ({"batch_sizes": [2, 4, 2]}, ValueError, "batch_sizes must be different"),
    ({"replicas": 1}, ValueError, "replicas must be at least 2"), ({"replicas": 2.0}, TypeError, "replicas must be an integer"),
    ({"steps": 0}, ValueError, "steps must be at least 1"), ({"steps": None}, TypeError, "steps must be an integer"),
    ({"seed": -1}, ValueError, "seed must be at least 0"), ({"seed": 0.5}, TypeError, "seed must be an integer"),
    ({"device": "tpu"}, ValueError, "device must be 'auto', 'cpu', 'cuda' or 'cuda:N', but was 'tpu'"),
    ({"device": "meta"}, ValueError, "device must be"),
    ({"device": 0}, TypeError, "device must be"), ({"device": "cuda:99"}, ValueError, "device must be present, but was 'cuda:99'"),
    ({"dtype": "float16"}, ValueError, "dtype must be one of float32, float64"), ({"dtype": np.float64}, ValueError, "dtype must be"),
    ({"sampling": "bootstrap"}, ValueError, "sampling must be one of independent"),
    ({"sampling": "epochs"}, ValueError, "sampling must be 'independent' unless"),
    ({"sampling": "without_replacement"}, ValueError, "sampling must be 'independent' unless inputs are an empirics.DataSet"),
    ({"estimator": "best"}, ValueError, "estimator must be one of auto, naive"),
    ({"engine": "fast"}, ValueError, "engine must be one of auto, two_linear"),
    ({"engine": "autograd", "estimator": "controlled"}, ValueError, "estimator must be 'naive' .* autograd"),
    ({"engine": "networks", "estimator": "rao_blackwell"}, ValueError, "estimator must be 'naive' .* finitely many atoms"),
    ({"every": 0}, ValueError, "every must be at least 1"),
    ({"every": 2, "estimator": "controlled"}, ValueError, "every must be 1 for estimator"),
    ({"shard_replicas": 1}, ValueError, "shard_replicas must be at least 2"), ({"workers": 0}, ValueError, "workers must be at least 1"),
    ({"workers": 1.5}, TypeError, "workers must be an integer"), ({"max_hours": 0}, ValueError, "max_hours must be positive"),
    ({"max_hours": -1}, ValueError, "max_hours must be positive"), ({"max_hours": math.nan}, ValueError, "max_hours must be finite"),
]  # fmt: skip


@pytest.fixture
def no_work(monkeypatch):
    """Running a shard is a failure."""
    monkeypatch.setattr("empirics.runs.replicas.run_shard", lambda *arguments: pytest.fail("work was done"))


@pytest.mark.parametrize(("change", "error", "message"), BAD, ids=lambda x: str(x) if isinstance(x, dict) else "")
def test_bad_arguments_are_named(change, error, message, no_work):
    with pytest.raises(error, match=message):
        simulate(PROBLEM, **GOOD | change)


@pytest.mark.parametrize(("change", "message"), [
    ({"max_hours": "4"}, "max_hours"), ({"max_hours": np.array([1.0])}, "max_hours"), ({"store": 5}, "store"), ({"store": ""}, "store"),
    ({"scheduler": 5}, "scheduler"), ({"resume": "no"}, "resume"), ({"repair": None}, "repair"), ({"repair": np.array([True])}, "repair"),
    ({"dtype": np.array(["float32"])}, "dtype"), ({"estimator": np.array(["naive", "auto"])}, "estimator"),
    ({"sampling": ["independent"]}, "sampling"), ({"batch_sizes": np.array(4)}, "batch_sizes"), ({"batch_sizes": count(1)}, "batch_sizes"),
    ({"steps": 10**20}, "steps"), ({"replicas": 10**400}, "replicas"),
], ids=str)  # fmt: skip
def test_arguments_of_a_wrong_type_are_named(change, message, no_work):
    with pytest.raises((TypeError, ValueError), match=f"^{message} must"):
        simulate(PROBLEM, **GOOD | change)


@pytest.mark.parametrize(("problem", "change", "message"), [
    (network((2, 3, 1), Gaussian(2), activation="tanh"), {"engine": "two_linear"}, "engine must be 'auto' or 'networks'"),
    (network((2, 2, 2, 1), Gaussian(2)), {"engine": "two_linear"}, "engine must be"),
    (network((2, 3, 1), Gaussian(2), [F(1, 10)]), {"steps": 3}, "learning_rates must reach alpha_1, but only 1 were given"),
    (network((2, 3, 1), Independent(2, [1, 0, 1, 0, 3])), {}, "inputs given by a moment table cannot be sampled"),
    (network((2, 3, 1), Uniform(2, 0, 1)), {"estimator": "rao_blackwell"}, "estimator must be 'naive'"),
    (DATA, {"batch_sizes": [2, 4], "sampling": "without_replacement"}, r"batch_sizes\[1\] must be at most 3, the number of points"),
    (DATA, {"batch_sizes": [4], "sampling": "epochs"}, r"batch_sizes\[0\] must be at most 3"),
    (DATA, {"estimator": "controlled", "sampling": "epochs"}, "estimator must be 'naive' .* in epochs a batch is not independent"),
], ids=lambda x: str(x) if isinstance(x, dict) else "")  # fmt: skip
def test_what_does_not_fit_the_problem_is_named(problem, change, message, no_work):
    with pytest.raises(ValueError, match=message):
        simulate(problem, **GOOD | change)


def test_a_problem_is_needed():
    with pytest.raises(TypeError, match="problem must be a TeacherStudent, but was 'problem'"):
        simulate("problem", **GOOD)


def test_a_gpu_that_is_not_there(monkeypatch):
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    monkeypatch.setattr("torch.cuda.device_count", lambda: 0)
    with pytest.raises(ValueError, match="device must be present, but was 'cuda', and torch finds 0 CUDA devices"):
        make_plan(PROBLEM, **GOOD, device="cuda")
    assert make_plan(PROBLEM, **GOOD, device="auto").device == "cpu"


@pytest.mark.parametrize(
    ("rates", "message"), [(len, r"must have a value, but the function raised TypeError"), (lambda t: None, "must be an int")]
)
def test_learning_rates_of_a_function_without_values_are_refused(rates, message):
    with pytest.raises((ValueError, TypeError), match=rf"^learning_rates\(1\) {message}"):
        make_plan(network((2, 3, 1), Gaussian(2), rates), **GOOD)


def test_learning_rates_reach_as_far_as_needed():
    """g_{steps-1} takes alpha_0, ..., alpha_{steps-2}."""
    assert make_plan(network((2, 3, 1), Gaussian(2), [F(1, 10), F(1, 5)]), **GOOD).rates.tolist() == [0.1, 0.2, 0.0]


@pytest.mark.parametrize(("problem", "change", "engine", "estimator"), [
    (PROBLEM, {}, "two_linear", "controlled"), (PROBLEM, {"every": 2}, "two_linear", "rao_blackwell"),
    (PROBLEM, {"engine": "networks"}, "networks", "naive"),
    (DATA, {}, "two_linear", "controlled"), (DATA, {"engine": "networks"}, "networks", "controlled"),
    (DATA, {"sampling": "epochs"}, "two_linear", "naive"),
    (DATA, {"sampling": "without_replacement"}, "two_linear", "controlled"), (DATA, {"engine": "autograd"}, "autograd", "naive"),
    (network((2, 3, 1), Uniform(2, 0, 1)), {}, "two_linear", "naive"), (network((2, 3, 1), Rademacher(2)), {}, "two_linear", "controlled"),
    (network((2, 3, 1), Gaussian(2), activation="relu"), {}, "networks", "naive"), (network((2, 1), Gaussian(2)), {}, "networks", "naive"),
], ids=lambda x: str(x) if not hasattr(x, "inputs") else repr(x.inputs))  # fmt: skip
def test_the_best_that_fits_is_chosen(problem, change, engine, estimator):
    plan = make_plan(problem, **GOOD | change)
    assert (plan.engine, plan.estimator) == (engine, estimator)


@given(st.integers(2, 5000), st.integers(2, 600), st.lists(st.integers(1, 50), min_size=1, max_size=3, unique=True))
def test_shards_share_out_the_replicas(replicas, shard_replicas, sizes):
    plan = make_plan(PROBLEM, batch_sizes=sizes, steps=2, replicas=replicas, shard_replicas=shard_replicas)
    shards = plan.shards()
    assert len(set(shards)) == len(shards)
    for b in sizes:
        mine = [s for s in shards if s.batch_size == b]
        assert [s.index for s in mine] == list(range(len(mine)))
        assert sum(s.replicas for s in mine) == replicas and min(s.replicas for s in mine) >= 2
        assert all(s.replicas == shard_replicas for s in mine[:-1])


@given(st.integers(2, 3000), st.sampled_from([1 << 10, 1 << 14, 1 << 18, 3 << 20]), st.sampled_from([1, 4, 50, 2048]))
def test_groups_share_out_a_shard_in_blocks_of_two_at_least(replicas, room, most):
    plan = make_plan(PROBLEM, **GOOD)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("empirics.runs.cuts.LOCKSTEP_BYTES", {"cpu": room})
        patch.setattr("empirics.runs.cuts.LOCKSTEP_REPLICAS", {"cpu": most})
        groups = plan.groups(Shard(1, 0, replicas))
    sizes = [size for _, size in groups]
    assert sum(blocks * size for blocks, size in groups) == replicas
    assert min(sizes) >= min(BLOCK, replicas) >= 2 and max(sizes) < 2 * BLOCK and max(sizes) - min(sizes) <= 1
    assert all(blocks >= 1 for blocks, _ in groups)
    assert sum(blocks for blocks, _ in groups) == max(1, replicas // BLOCK)


@given(st.integers(2, 2000), st.integers(2, 200), st.integers(2, 2000))
def test_more_replicas_begin_with_the_same_shards(replicas, shard_replicas, more):
    one, two = (
        make_plan(PROBLEM, batch_sizes=[3], steps=2, replicas=n, shard_replicas=shard_replicas).shards()
        for n in (replicas, replicas + more)
    )
    assert one[:-1] == two[: len(one) - 1]


CHANGES = [
    {"steps": 4}, {"seed": 1}, {"dtype": "float32"}, {"estimator": "naive"}, {"engine": "networks"}, {"every": 2}, {"shard_replicas": 5},
]  # fmt: skip


def test_the_fingerprint_sees_all_that_decides_the_numbers():
    plans = [make_plan(PROBLEM, **GOOD | change) for change in ({}, *CHANGES)]
    problems = [
        network((2, 3, 1), Gaussian(2), F(1, 11)), network((2, 3, 1), Gaussian(2), seed=1), network((2, 3, 1), Rademacher(2)), DATA,
        network((2, 3, 1), Gaussian(2), activation="tanh"), network((2, 3, 1), Gaussian(2), activation="leaky_relu(1/5)"),
        network((2, 3, 1), Gaussian(2), activation="leaky_relu(1/4)"), network((2, 3, 1), Gaussian(cov=[[1, 0], [0, 2]])),
        network((2, 3, 1), DataSet([[0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])),
    ]  # fmt: skip
    plans += [make_plan(p, **GOOD) for p in problems] + [make_plan(DATA, **GOOD, sampling="epochs")]
    assert len({plan.fingerprint for plan in plans}) == len(plans)


def test_the_fingerprint_does_not_see_what_only_adds_shards():
    one = make_plan(PROBLEM, **GOOD, shard_replicas=4)
    two = make_plan(PROBLEM, **GOOD | {"batch_sizes": [2, 7], "replicas": 999}, shard_replicas=4)
    assert one.fingerprint == two.fingerprint


def test_numbers_that_are_equal_are_the_same_problem():
    one, two = (network((2, 3, 1), Gaussian(2), rate) for rate in (0.25, F(1, 4)))
    assert make_plan(one, **GOOD).fingerprint == make_plan(two, **GOOD).fingerprint


@pytest.mark.parametrize("change", [{}, *CHANGES], ids=str)
def test_a_request_gives_its_plan_again(change):
    plan = make_plan(PROBLEM, **GOOD | change)
    again = make_plan(PROBLEM, **json.loads(json.dumps(plan.request())))
    assert isinstance(again, Plan) and again.fingerprint == plan.fingerprint and again.shards() == plan.shards()


def test_draws_do_not_depend_on_the_other_batch_sizes():
    """The store mixes shards of both runs, since their fingerprints agree."""
    problem = network((2, 3, 1), Gaussian(2), activation="tanh")
    one, two = (simulate(problem, batch_sizes=sizes, steps=2, replicas=64, shard_replicas=64) for sizes in ([2], [2, 3000]))
    assert (one.var_gradient.sel(batch_size=2) == two.var_gradient.sel(batch_size=2)).all()


def test_by_default_too_shards_do_not_depend_on_the_other_batch_sizes():
    problem = network((2, 3, 1), Gaussian(2), activation="tanh")
    one, two = (make_plan(problem, batch_sizes=sizes, steps=3000, replicas=10**6) for sizes in ([2], [2, 3000]))
    assert one.fingerprint == two.fingerprint


def test_two_linear_layers_do_not_depend_on_the_other_batch_sizes():
    one, two = (simulate(PROBLEM, batch_sizes=sizes, steps=2, replicas=64) for sizes in ([2], [5, 2, 3000]))
    assert (one.var_gradient.sel(batch_size=2) == two.var_gradient.sel(batch_size=2)).all()


@pytest.mark.parametrize("b", [2**53 + 1, 2**63, 10**30])
@pytest.mark.parametrize("law", [Gaussian(2), Rademacher(2)], ids=str)
def test_batches_beyond_the_integers_of_doubles_are_refused(b, law):
    with pytest.raises(ValueError, match=r"batch_sizes\[0\] must be at most 2\^53"):
        simulate(network((2, 3, 1), law), batch_sizes=[b], steps=1, replicas=4)


def test_a_users_function_runs_on_the_cpu(monkeypatch):
    monkeypatch.setattr("torch.cuda.is_available", lambda: True)
    monkeypatch.setattr("torch.cuda.device_count", lambda: 1)
    own = network((2, 3, 1), Gaussian(2), activation=custom(np.tanh, lambda z: 1 - np.tanh(z) ** 2, lipschitz=1, derivative_lipschitz=1))
    assert make_plan(own, batch_sizes=[2], steps=1, replicas=2).device == "cpu"
    assert make_plan(PROBLEM, batch_sizes=[2], steps=1, replicas=2).device == "cuda"
    with pytest.raises(ValueError, match="device must be 'cpu' for an activation that is a numpy function"):
        make_plan(own, batch_sizes=[2], steps=1, replicas=2, device="cuda")


def test_users_functions_are_told_apart_by_slopes_and_far_away():
    def plan(value, slope, lipschitz=1.0):
        sigma = custom(value, slope, lipschitz=lipschitz, derivative_lipschitz=1)
        return make_plan(network((2, 3, 1), Gaussian(2), activation=sigma), batch_sizes=[2], steps=1, replicas=2)

    prints = {
        plan(np.tanh, np.cos).fingerprint,
        plan(np.tanh, np.sin).fingerprint,
        plan(lambda z: np.clip(z, -9, 9), np.cos).fingerprint,
        plan(lambda z: np.clip(z, -14, 14), np.cos).fingerprint,
        plan(np.tanh, np.cos, 2.0).fingerprint,
    }
    assert len(prints) == 5


@pytest.mark.parametrize("progress", [5, "bar"])
def test_progress_is_a_function(progress):
    with pytest.raises(TypeError, match="progress must be a function or None"):
        simulate(PROBLEM, **GOOD, progress=progress)
    assert simulate(PROBLEM, **GOOD, progress=None).sizes["step"] == GOOD["steps"]

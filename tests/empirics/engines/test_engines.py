"""Engines beside the autograd twin: on the same rows, the same inner products, losses and weights, step after step, to rounding."""

from __future__ import annotations

from fractions import Fraction as F

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from empirics import DataSet, make_plan
from empirics.engine_records import sample_moments_kind
from empirics.engines.autograd import Autograd
from empirics.engines.base import Setting
from empirics.engines.networks import Networks
from empirics.engines.two_linear import TwoLinear, reduced
from tests.instances import network
from theory import Discrete, Gaussian, Rademacher, Uniform
from theory.activations import custom

CPU = torch.device("cpu")
STEPS = 4
NEAR = 1e-10  # relative to the largest entry of a step: some hundred products of doubles, in three steps of rate 1/10
ZERO = 1e-18  # the least scale: squares of residuals of a student that has nothing to learn are squares of roundings


def laws(p):
    generator = np.random.default_rng(p)
    root = generator.integers(-2, 3, (p, p))
    atoms = [tuple(F(int(x), 2) for x in row) for row in generator.integers(-2, 3, (4, p))]
    return {
        "gaussian": Gaussian(p), "covariance": Gaussian(cov=(root @ root.T).tolist()), "rademacher": Rademacher(p), "uniform": Uniform(p),
        "mean": Gaussian(mean=root[0].tolist(), cov=(root @ root.T).tolist()), "constant": Gaussian(mean=[1] * p, cov=[[0] * p] * p),
        "bounds": Uniform(p, 0, 1), "discrete": Discrete(atoms, [F(1, 2), F(1, 4), F(1, 8), F(1, 8)]),
        "data": DataSet(generator.standard_normal((6, p))),
    }  # fmt: skip


LAWS = tuple(laws(1))
SIGMA = ["sigmoid", "tanh", "softplus", "gelu", "silu", "elu", "relu", (0, 1, F(1, 2)), (F(1, 3), -1, F(1, 4), F(1, 10))]


class Twin(Autograd):
    """Keeps beside the rest the largest ||grad l||^2 of one sample in every step."""

    def step(self, rows, rate, slot):
        singles = []
        for weights, replica in zip(self.weights, rows, strict=True):
            with torch.enable_grad():
                of_rows = [torch.autograd.grad(self._losses(weights, row[None]).sum(), weights) for row in replica]
            singles += [float(g.square().sum()) for gradients in of_rows for g in gradients]
        self.largest_sample = [*(self.largest_sample if slot else []), max(singles)]
        super().step(rows, rate, slot)


def first_rate(setting, rows):
    """1/10, or what keeps steps shorter than 1/10 where gradients are large: nothing is learnt from runs that overflow."""
    still = Twin(setting)
    still.restart()
    for t, x in enumerate(rows):
        still.step(x, 0.0, t)
    return 0.1 / max(1.0, max(still.largest_sample) ** 0.5)


def run(engine, setting, rows, observe=True, first=0.1):
    made = engine(setting)
    made.restart()
    with torch.no_grad():
        for t, x in enumerate(rows):
            made.step(x.clone(), first / (t + 1), t if observe else None)
        return made, made.digest(len(rows)) if observe else None


def rows_for(problem, blocks, size, samples, seed=0):
    generator = torch.Generator(CPU).manual_seed(seed)
    shape = STEPS, blocks * size, samples, problem.inputs.dimension
    return torch.empty(shape, dtype=torch.float64).normal_(generator=generator)


def setting_of(problem, b, blocks, size, estimator="naive"):
    return Setting(problem, b, blocks, size, CPU, torch.float64, estimator, chunk=STEPS)


def largest(values):
    """Of every step."""
    return np.abs(values).reshape(len(values), -1).max(1)


def assert_near(mine, theirs, name, scale=0.0):
    assert mine.shape == theirs.shape and np.isfinite(theirs).all(), name
    scale = np.maximum(scale, largest(theirs)).reshape(-1, *[1] * (theirs.ndim - 1))
    assert (np.abs(mine - theirs) <= NEAR * scale).all(), name


def check_against_the_twin(engine, problem, b, blocks, size, seed=0):
    closed = sample_moments_kind(problem.inputs) is not None if engine is TwoLinear else problem.inputs.atom_count is not None
    for estimator in ("naive", "controlled") if closed else ("naive",):
        setting = setting_of(problem, b, blocks, size, estimator)
        samples = engine(setting).samples or b
        rows = rows_for(problem, blocks, size, samples, seed)
        first = first_rate(setting_of(problem, b, blocks, size), rows)
        twin, expected = run(Twin, setting_of(problem, b, blocks, size), rows, first=first)
        made, found = run(engine, setting, rows, first=first)
        # estimates of ||grad L||^2 from pairs of samples are differences of squares
        scale = largest(expected.squares) + largest(expected.loss) + twin.largest_sample + ZERO
        for name in ("full_squares", "full_pairs", "squares", "pairs", "loss"):
            assert_near(getattr(found, name), getattr(expected, name), name, scale)
        if estimator == "controlled":
            products = [[[float((g * f).sum()) for g, f in zip(r[0], r[1], strict=True)] for r in twin.kept[t]] for t in range(STEPS)]
            assert_near(found.products, np.array(products).reshape(found.products.shape), "products", scale)
        check_weights(engine, made.current_weights, twin.current_weights)


def check_weights(engine, mine, theirs):
    if engine is TwoLinear:  # in coordinates of its own
        (a1, a2), (b1, b2) = mine, theirs
        mine, theirs = [a2 @ a1, a1.mT @ a1, a2 @ a2.mT], [b2 @ b1, b1.mT @ b1, b2 @ b2.mT]
    scale = max(float(two.abs().max()) for two in theirs)  # W_2 W_1 may be 0 where the weights are not
    for one, two in zip(mine, theirs, strict=True):
        assert_near(one.numpy()[None], two.numpy()[None], "weights", scale)


@given(
    st.tuples(st.integers(1, 3), st.integers(1, 7), st.integers(1, 3)), st.sampled_from(LAWS), st.sampled_from([1, 2, 5]),
    st.integers(1, 3), st.integers(2, 5), st.integers(0, 99),
)  # fmt: skip
def test_two_linear_layers(sizes, law, b, blocks, size, seed):
    check_against_the_twin(TwoLinear, network(sizes, laws(sizes[0])[law], seed=seed), b, blocks, size, seed)


@given(
    st.lists(st.integers(1, 4), min_size=2, max_size=4), st.sampled_from(LAWS),
    st.sampled_from([(0, 1), *SIGMA]), st.sampled_from([1, 2, 5]),
    st.integers(1, 3), st.integers(2, 4), st.integers(0, 99),
)  # fmt: skip
def test_networks(sizes, law, activation, b, blocks, size, seed):
    check_against_the_twin(Networks, network(sizes, laws(sizes[0])[law], activation=activation, seed=seed), b, blocks, size, seed)


@pytest.mark.parametrize("law", LAWS)
@pytest.mark.parametrize("b", [1, 2, 5, 9])
@pytest.mark.parametrize("sizes", [(3, 9, 2), (3, 2, 2), (4, 6, 2), (1, 1, 1), (2, 3, 6), (12, 5, 3)], ids=str)
def test_two_linear_layers_pinned(sizes, law, b):
    check_against_the_twin(TwoLinear, network(sizes, laws(sizes[0])[law], seed=3), b, 2, 3)


def test_two_linear_layers_found_by_chance():
    check_against_the_twin(TwoLinear, network((1, 3, 1), Gaussian(1), seed=10), 1, 1, 2, 10)  # W_2 W_1 = 0


@pytest.mark.parametrize("activation", [(0, 1), *SIGMA], ids=str)
@pytest.mark.parametrize("sizes", [(3, 2), (3, 4, 2), (2, 3, 3, 1)], ids=str)
@pytest.mark.parametrize("law", ["gaussian", "data"])
def test_networks_pinned(law, sizes, activation):
    for b in (1, 2, 5):
        check_against_the_twin(Networks, network(sizes, laws(sizes[0])[law], activation=activation, seed=5), b, 2, 3)


@pytest.mark.parametrize(
    ("sizes", "activation", "blocks", "seed"),
    [
        pytest.param((2, 3, 1, 1), (0, 1, F(1, 2)), 2, 13, id="runs that a rate of 1/100 makes overflow"),
        pytest.param((3, 1), (0, 1), 1, 7, id="the student is its teacher"),
        pytest.param((1, 1, 1), "relu", 1, 11, id="a pair of which one gradient is 0"),
    ],
)
def test_networks_found_by_chance(sizes, activation, blocks, seed):
    check_against_the_twin(Networks, network(sizes, Gaussian(sizes[0]), activation=activation, seed=seed), 1, blocks, 2, seed)


@pytest.mark.parametrize("name", ["leaky_relu", "leaky_relu(1/5)"])
def test_networks_with_leaky_slopes(name):
    check_against_the_twin(Networks, network((3, 4, 2), laws(3)["data"], activation=name, seed=5), 2, 2, 3)


@pytest.mark.parametrize("b", [1, 4])
def test_both_fast_engines_agree_on_two_linear_layers(b):
    problem = network((3, 8, 2), laws(3)["discrete"], seed=1)
    settings = setting_of(problem, b, 2, 4, "controlled")
    rows = rows_for(problem, 2, 4, b)
    (one, first), (two, second) = (run(engine, settings, rows) for engine in (TwoLinear, Networks))
    for name in ("full_squares", "full_pairs", "squares", "pairs", "loss", "products", "conditional"):
        assert_near(getattr(first, name), getattr(second, name), name)
    check_weights(TwoLinear, one.current_weights, two.current_weights)


def test_a_users_function_runs_like_the_named_one():
    own = custom(np.tanh, lambda z: 1 - np.tanh(z) ** 2, lipschitz=1, derivative_lipschitz=1)
    one, two = (network((3, 4, 2), laws(3)["data"], activation=sigma) for sigma in (own, "tanh"))
    rows = rows_for(one, 2, 3, 2)
    (first, mine), (second, theirs) = (run(Networks, setting_of(problem, 2, 2, 3, "controlled"), rows) for problem in (one, two))
    for name in ("full_squares", "full_pairs", "squares", "pairs", "loss", "products", "conditional"):
        assert_near(getattr(mine, name), getattr(theirs, name), name)
    check_weights(Networks, first.current_weights, second.current_weights)


def test_the_twin_refuses_a_users_function():
    own = custom(np.tanh, lambda z: 1 - np.tanh(z) ** 2, lipschitz=1, derivative_lipschitz=1)
    problem = network((3, 4, 2), laws(3)["data"], activation=own)
    with pytest.raises(ValueError, match=r"engine must be 'auto' or 'networks' here, but was 'autograd': .* that is a numpy function"):
        make_plan(problem, batch_sizes=[2], steps=1, replicas=2, engine="autograd")


@pytest.mark.parametrize("estimator", ["naive", "rao_blackwell", "controlled"])
@pytest.mark.parametrize("b", [1, 2, 5, 9, 40])
@pytest.mark.parametrize("law", ["gaussian", "covariance", "rademacher", "data"])
def test_two_linear_layers_move_unseen_as_they_move_observed(law, b, estimator):
    for sizes in ((3, 9, 2), (4, 3, 1), (12, 5, 3)):
        problem = network(sizes, laws(sizes[0])[law], seed=2)
        rows = rows_for(problem, 2, 3, b)
        seen, unseen = (run(TwoLinear, setting_of(problem, b, 2, 3, estimator), rows, observe)[0] for observe in (True, False))
        for one, two in zip(seen.current_weights, unseen.current_weights, strict=True):
            assert_near(two.numpy()[None], one.numpy()[None], "weights")


@pytest.mark.parametrize(
    ("law", "estimator"), [("data", "naive"), ("data", "rao_blackwell"), ("data", "controlled"), ("gaussian", "naive")]
)
def test_networks_move_unseen_as_they_move_observed(law, estimator):
    problem = network((3, 4, 2), laws(3)[law], activation="tanh")
    rows = rows_for(problem, 2, 3, 3)
    seen, unseen = (run(Networks, setting_of(problem, 3, 2, 3, estimator), rows, observe)[0] for observe in (True, False))
    assert all(torch.equal(one, two) for one, two in zip(seen.current_weights, unseen.current_weights, strict=True))


@pytest.mark.parametrize("engine", [TwoLinear, Networks, Autograd])
def test_restarting_gives_the_same_run_again(engine):
    problem = network((3, 4, 2), Gaussian(3))
    rows = rows_for(problem, 2, 2, 2)
    made, first = run(engine, setting_of(problem, 2, 2, 2), rows)
    made.restart()
    with torch.no_grad():
        for t, x in enumerate(rows):
            made.step(x.clone(), 0.1 / (t + 1), t)
        second = made.digest(STEPS)
    assert (first.squares == second.squares).all() and (first.pairs == second.pairs).all() and (first.loss == second.loss).all()


@given(st.integers(1, 12), st.integers(1, 4), st.integers(1, 4), st.integers(0, 99))
def test_the_reduction_keeps_every_product(h, p, q, seed):
    generator = np.random.default_rng(seed)
    w1, w2 = generator.standard_normal((h, p)), generator.standard_normal((q, h))
    a1, a2 = reduced(w1, w2)
    assert a1.shape == (min(h, p + q), p) and a2.shape == (q, min(h, p + q))
    for mine, theirs in ((a2 @ a1, w2 @ w1), (a1.T @ a1, w1.T @ w1), (a2 @ a2.T, w2 @ w2.T)):
        assert np.abs(mine - theirs).max() <= 1e-13 * (1 + np.abs(theirs).max())


def test_float32_is_float64_to_its_own_rounding():
    problem = network((3, 9, 2), Gaussian(3), seed=4)
    rows = rows_for(problem, 2, 3, 5)
    single = Setting(problem, 5, 2, 3, CPU, torch.float32, "controlled", chunk=STEPS)
    _, mine = run(TwoLinear, single, rows.float())
    _, theirs = run(TwoLinear, setting_of(problem, 5, 2, 3, "controlled"), rows)
    for name in ("full_squares", "squares", "loss", "products", "conditional"):
        one, two = getattr(mine, name), getattr(theirs, name)
        assert one.dtype == np.float64 and np.abs(one - two).max() <= 1e-4 * np.abs(two).max()

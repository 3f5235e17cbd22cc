"""Momentum, weight decay and labels in the replica engine: torch's own optimizer, engine against engine, and every mini-batch."""

from __future__ import annotations

from fractions import Fraction as F

import numpy as np
import pytest
import torch

from empirics import again, load, make_plan, simulate
from empirics.engines.updates import Update
from theory import SGD, DataSet, Gaussian, TeacherStudent, enumeration, variance_poly

OPTIMIZERS = [
    SGD(),
    SGD(weight_decay=0.25),
    SGD(momentum=0.5),
    SGD(momentum=0.5, dampening=0.25, weight_decay=0.125),
    SGD(momentum=0.75, nesterov=True, weight_decay=0.5),
]
POINTS, LABELS = [[0, 1], [1, 1], [2, -1], [-1, 0]], [[1], [0], [2], [-1]]
STUDENT = [[[1, F(1, 2)], [F(-1, 2), 1]], [[F(1, 2), 1]]]


def labelled(sgd=OPTIMIZERS[3], sampling="independent", activation=(0, 1)):
    return TeacherStudent(STUDENT, None, DataSet(POINTS, LABELS), F(1, 8), activation, sgd, sampling)


@pytest.mark.parametrize("sgd", OPTIMIZERS, ids=str)
def test_updates_are_those_of_torch(sgd):
    generator = torch.Generator().manual_seed(1)
    weights = [
        torch.randn(3, 2, 2, dtype=torch.float64, generator=generator),
        torch.randn(3, 1, 2, dtype=torch.float64, generator=generator),
    ]
    parameters = [torch.nn.Parameter(w.clone()) for w in weights]
    numbers = {name: float(getattr(sgd, name)) for name in ("momentum", "dampening", "weight_decay")}
    theirs, ours = torch.optim.SGD(parameters, lr=1.0, nesterov=sgd.nesterov, **numbers), Update(sgd)
    for rate in (0.5, 0.25, 0.125):
        gradients = [torch.randn(w.shape, dtype=torch.float64, generator=generator) for w in weights]
        kept = [g.clone() for g in gradients]
        theirs.param_groups[0]["lr"] = rate
        for p, g in zip(parameters, gradients, strict=True):
            p.grad = g.clone()
        theirs.step()
        ours.apply(weights, gradients, rate)
        assert all(torch.allclose(w, p, rtol=1e-14, atol=0) for w, p in zip(weights, parameters, strict=True))
        assert all(torch.equal(g, k) for g, k in zip(gradients, kept, strict=True))


@pytest.mark.parametrize("sampling", ["independent", "without_replacement"])
@pytest.mark.parametrize("activation", [(0, 1), (0, 1, 1), "tanh"], ids=str)
def test_two_engines_make_the_same_runs(activation, sampling):
    for sgd in OPTIMIZERS[2:]:
        problem = labelled(sgd, sampling, activation)
        runs = [
            simulate(problem, batch_sizes=[2], steps=4, replicas=8, engine=engine, estimator="naive", shard_replicas=8)
            for engine in ("networks", "autograd")
        ]
        for name in ("second_moment", "loss", "var_full_gradient"):
            assert np.allclose(runs[0][name], runs[1][name], rtol=1e-10, atol=1e-13)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("sampling", ["independent", "without_replacement"])
def test_simulation_agrees_with_the_exact_polynomials(sampling, dtype):
    problem = labelled(OPTIMIZERS[4], sampling)
    result = simulate(problem, batch_sizes=[1, 3], steps=2, replicas=4000, seed=3, max_hours=1, dtype=dtype)
    exact = {(t, k): variance_poly.variance_polynomial(problem, t, k) for t in (0, 1) for k in (1, 2)}
    for t in (0, 1):
        for k in (1, 2):
            for b in (1, 3):
                measured = result.sel(step=t, layer=k, batch_size=b)
                assert abs(float(measured.var_gradient) - float(exact[t, k](b))) <= 4.5 * float(measured.var_gradient_se)


def test_a_batch_of_all_points_has_no_noise():
    problem = labelled(sampling="without_replacement")
    result = simulate(problem, batch_sizes=[4], steps=3, replicas=64)
    assert np.all(np.abs(result.var_gradient) <= 1e-12)
    assert float(enumeration.loss(problem, 2, batch_size=4)) == pytest.approx(float(result.loss[2, 0]), rel=1e-12)


def test_a_problem_is_asked_how_batches_are_drawn():
    problem = labelled(sampling="without_replacement")
    assert make_plan(problem, batch_sizes=[2], steps=1, replicas=8).sampling == "without_replacement"
    with pytest.raises(ValueError, match="sampling must be 'without_replacement', which is the problem's, but was 'independent'"):
        make_plan(problem, batch_sizes=[2], steps=1, replicas=8, sampling="independent")
    with pytest.raises(ValueError, match=r"batch_sizes\[0\] must be at most 4"):
        make_plan(problem, batch_sizes=[5], steps=1, replicas=8)


def test_runs_are_kept_and_made_again(tmp_path):
    problem = labelled(sampling="without_replacement")
    run = simulate(problem, batch_sizes=[2], steps=3, replicas=64, store=tmp_path)
    assert load(tmp_path, problem).identical(run) and simulate(**again(run)).identical(run)
    with pytest.raises(ValueError):
        load(tmp_path, labelled(SGD(), "without_replacement"))
    other = TeacherStudent(STUDENT, None, DataSet(POINTS, [[1], [0], [2], [-2]]), F(1, 8), (0, 1), OPTIMIZERS[3], "without_replacement")
    with pytest.raises(ValueError):
        load(tmp_path, other)


def test_two_linear_layers_with_momentum_run_on_the_engine_that_has_it():
    problem = TeacherStudent(STUDENT, STUDENT, Gaussian(2), F(1, 8), optimizer=OPTIMIZERS[2])
    assert make_plan(problem, batch_sizes=[2], steps=1, replicas=8).engine == "networks"
    with pytest.raises(ValueError, match="optimizer must be plain SGD here"):
        make_plan(problem, batch_sizes=[2], steps=1, replicas=8, engine="two_linear")

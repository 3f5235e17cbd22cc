"""Slopes that rounding decides: found, counted, and never given a standard error; and zeros that are exact, which are none of them."""

from __future__ import annotations

import hashlib
import io
from fractions import Fraction as F
from itertools import product

import numpy as np
import pytest
import torch
import xarray as xr

from empirics import DataSet, compare, load, simulate
from empirics.engines.autograd import Autograd
from empirics.engines.base import Setting
from empirics.engines.exact_steps import exact_steps
from empirics.engines.networks import Networks
from empirics.engines.ties import most_by_chance
from empirics.sampling.batches import square_root
from tests.instances import network
from theory import Discrete, Gaussian, Rademacher, TeacherStudent
from theory.backpropagation import batch_gradient, exact_sigma
from theory.exact import to_fmpq, to_fmpq_array

ENGINES = ["networks", "autograd"]
PLAIN = [[[1, 1]], [[1]]]
#: Student, atoms: a hidden pre-activation is 0 in rationals, in doubles perhaps.
TIES = {
    "a tenth": ([[[F(1, 10), F(-3, 10)]], [[1]]], [(3, 1), (1, 2)]),
    "doubles": ([[[0.7, -0.1]], [[1]]], [(1, 7), (1, 2)]),
    "atoms": ([[[7, -1]], [[1]]], [(F(1, 10), F(7, 10)), (1, 2)]),
    "thirds": ([[[F(1, 3), F(-1, 7)]], [[1]]], [(F(3, 49), F(1, 7)), (1, 2)]),
    "tiny": ([[[F(1, 10**150), F(-3, 10**150)]], [[1]]], [(3, 1), (1, 2)]),
    "tinier": ([[[F(1, 10**201), F(-3, 10**201)]], [[1]]], [(3, 1), (1, 2)]),
    "of three": ([[[F(1, 10), F(1, 5), F(-3, 10)], [1, 1, 1]], [[1, 1]]], [(1, 1, 1), (1, 2, 1)]),
    "second layer": ([[[F(1, 10), 0], [0, F(3, 10)]], [[3, -1]], [[1]]], [(1, 1), (1, 2)]),
}


def tied(name, activation="relu"):
    student, atoms = TIES[name]
    shapes = [(len(w), len(w[0])) for w in student]
    return TeacherStudent(student, [np.ones(s, dtype=int) for s in shapes], Discrete(atoms), F(1, 10), activation)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("name", TIES)
def test_ties_have_no_standard_error(name, dtype, engine):
    if name in ("tiny", "tinier") and dtype == "float32":
        pytest.skip("single precision holds no 1e-150")
    result = simulate(tied(name), batch_sizes=[1, 2], steps=2, replicas=60, engine=engine, dtype=dtype)
    assert (result.ties == 1).all(), result.ties
    for variable in ("var_gradient", "var_full_gradient", "second_moment", "mean_norm_squared", "loss"):
        assert np.isnan(result[f"{variable}_se"]).all() and "chance" in result[f"{variable}_se"].attrs["note"]
    with pytest.raises(ValueError, match="standard_error must be finite"):
        compare(result.var_gradient, result.var_gradient_se, 1.0)


@pytest.mark.parametrize("activation", ["leaky_relu(1/10)", "leaky_relu(0)"])
def test_leaky_ones_too(activation):
    assert (simulate(tied("a tenth", activation), batch_sizes=[1], steps=2, replicas=60).ties == 1).all()


@pytest.mark.parametrize("activation", ["tanh", "elu", (0, 1, F(1, 2))])
def test_where_slopes_do_not_jump_nothing_is_counted(activation):
    result = simulate(tied("a tenth", activation), batch_sizes=[1], steps=2, replicas=60)
    assert np.isfinite(result.loss_se).all() and "ties" not in result


#: Inputs are all multiples of this vector; the row of weights is orthogonal to it.
ORTHOGONAL = [
    ([1, F(1, 3)], [1, -3]), ([3, 1], [F(1, 10), F(-3, 10)]), ([7, -2, 5], [F(1, 10), F(3, 5), F(1, 10)]), ([1, 10**4], [-(10**4), 1]),
]  # fmt: skip


@pytest.mark.parametrize("vector, row", ORTHOGONAL)
def test_inputs_without_atoms_may_tie_too(vector, row):
    """w is orthogonal to all inputs of a singular law."""
    law = Gaussian(cov=[[x * y for x in vector] for y in vector])
    problem = TeacherStudent([[row], [[1]]], [[[1] * len(row)], [[1]]], law, F(1, 10), "relu")
    result = simulate(problem, batch_sizes=[1, 4], steps=2, replicas=120)
    assert (result.ties == 1).all() and np.isnan(result.var_gradient_se).all()


def test_networks_without_kinks_keep_their_draws_of_singular_laws():
    """Bits of stored runs: there the root of rounding, 10^-8, stays as it was."""
    law = Gaussian(cov=[[9, 3], [3, 1]])
    values, vectors = np.linalg.eigh(np.array([[9.0, 3.0], [3.0, 1.0]]))
    assert (square_root(law.second_moment) == (vectors * np.sqrt(np.clip(values, 0, None))) @ vectors.T).all()
    assert np.abs(square_root(law.second_moment, in_subspace=True) @ [1, -3]).max() < 1e-15


#: No ties: everything is exact, or 0 because every term is.
EXACT = {
    "integers": ([[[1, -3]], [[1]]], [(3, 1), (1, 1)], 1),
    "quarters": ([[[F(1, 4), F(-3, 4)]], [[2]]], [(3, 1), (1, 2)], F(1, 2)),
    "two by two": ([[[1, -1], [2, 1]], [[1, 2]]], [(1, 1), (0, 1)], F(1, 4)),
    "claims": ([[[1]], [[2]]], [0, 1], 1),
    "zero input": ([[[F(1, 10), F(-3, 10)]], [[1]]], [(0, 0), (1, 2)], F(1, 10)),
    "dead unit": ([[[0, 0], [F(1, 10), F(2, 10)]], [[1, 1]]], [(3, 1), (1, 2)], F(1, 10)),
    "no common coordinate": ([[[F(1, 10), 0]], [[1]]], [(0, 3), (1, 2)], F(1, 10)),
    "dead second layer": ([[[F(-1, 10), F(-1, 10)]], [[F(1, 3)], [2]], [[1, 1]]], [(3, 1), (1, 2)], F(1, 10)),
    "exact row": ([[[1, -3], [F(1, 10), F(1, 3)]], [[0, 1]]], [(3, 1), (1, 2)], F(1, 10)),
}


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("name", EXACT)
def test_exact_zeros_are_no_ties(name, engine):
    student, atoms, rate = EXACT[name]
    shapes = [(len(w), len(w[0])) for w in student]
    problem = TeacherStudent(student, [np.ones(s, dtype=int) for s in shapes], Discrete(atoms), rate, "relu")
    result = simulate(problem, batch_sizes=[1, 2], steps=2, replicas=60, engine=engine)
    assert (result.ties == 0).all() and np.isfinite(result.var_gradient_se).all()


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("b", [1, 2, 4, 3])
def test_steps_without_rounding_have_none(seed, b):
    """The engine's weights beside rationals, batch by batch, as long as `exact_steps` says, in double and in single precision."""
    generator = np.random.default_rng(seed)
    atoms = [(1, 0), (-1, 1), (2, 1), (1, -3)]
    sizes, sigma = (2, 2, 2, 1) if seed % 2 else (2, 3, 1), "leaky_relu(1/2)" if seed % 3 else "relu"
    problem = network(sizes, Discrete(atoms), F(1, 4), sigma, seed=seed)
    points = [np.array([[to_fmpq(x) for x in atom]], dtype=object) for atom in atoms]
    student, teacher = (tuple(map(to_fmpq_array, side)) for side in (problem.student, problem.teacher))
    for dtype, digits in ((torch.float64, 53), (torch.float32, 24)):
        setting = Setting(problem, b, 1, 4, torch.device("cpu"), dtype, "naive")
        count = exact_steps(setting, digits)
        assert count >= 1 and (digits == 24 or b == 3 or problem.depth > 2 or count >= 2)
        engine = Networks(setting)
        engine.restart()
        weights = [student] * 4
        for t in range(count - 1):
            picks = generator.integers(0, 4, (4, b))
            engine.step(setting.tensor(np.array([[atoms[i] for i in row] for row in picks], dtype=float)), 0.25, t)
            moved = []
            for w, row in zip(weights, picks, strict=True):
                gradients = [batch_gradient(w, teacher, exact_sigma(problem.activation), points[i]) for i in row]
                moved.append(tuple(x - sum(g[k] for g in gradients) * to_fmpq(F(1, 4 * b)) for k, x in enumerate(w)))
            weights = moved
            for k, held in enumerate(engine.current_weights):
                exact = np.array([w[k] for w in weights])
                assert all(F(x) == F(str(y)) for x, y in zip(held.flatten().tolist(), exact.ravel().tolist(), strict=True))


def test_a_weight_of_a_tenth_has_no_exact_steps():
    for weight, law in ((F(1, 10), Discrete([0, 1])), (1, Discrete([0, F(1, 3)])), (1, Gaussian(1))):
        problem = TeacherStudent([[[weight]], [[1]]], [[[1]], [[1]]], law, F(1), "relu")
        assert exact_steps(Setting(problem, 1, 1, 1, torch.device("cpu"), torch.float64), 53) == 0


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("kind", ["gaussian", "points"])
def test_what_chance_gives_is_no_tie(kind, dtype):
    generator = np.random.default_rng(0)
    law = Gaussian(8) if kind == "gaussian" else DataSet(generator.normal(size=(40, 8)))
    student, teacher = ([generator.normal(size=(32, 8)) / 3, generator.normal(size=(4, 32)) / 6] for _ in range(2))
    result = simulate(TeacherStudent(student, teacher, law, 0.02, "relu"), batch_sizes=[16], steps=40, replicas=100, dtype=dtype)
    assert (result.ties == 0).all() and np.isfinite(result.var_gradient_se).all()


@pytest.mark.parametrize("sizes", [(9, 22, 5, 7, 2), (27, 8, 6, 20, 2), (14, 10, 3, 19, 2), (25, 23, 25, 9, 2), (7, 7, 4, 20, 1)])
@pytest.mark.parametrize("activation", ["relu", "leaky_relu(1/2)"])
def test_what_chance_gives_behind_several_layers_is_no_tie(sizes, activation):
    generator = np.random.default_rng(len(sizes) + sum(sizes))
    shapes = list(zip(sizes[1:], sizes, strict=False))
    student, teacher = ([generator.normal(size=s) / s[1] ** 0.5 for s in shapes] for _ in range(2))
    problem = TeacherStudent(student, teacher, Gaussian(sizes[0]), 0.05, activation)
    result = simulate(problem, batch_sizes=[24], steps=20, replicas=120, dtype="float32")
    assert (result.ties == 0).all()


@pytest.mark.parametrize("expected", [1e-12, 1e-5, 0.01, 0.5, 1.0, 3.0, 40.0, 1e4])
def test_chance_gives_no_more(expected):
    from scipy import stats

    most = most_by_chance(expected)
    assert stats.poisson.sf(most, expected) <= 1e-7 and (expected >= 1 or most == 0 or stats.poisson.sf(most - 1, expected) > 1e-8)
    assert most <= expected + 8 * expected**0.5 + 12


@pytest.mark.parametrize("every", [1, 3])
def test_a_tie_stays_met(every):
    """Signs, w = (1/10, -1/10): x = +-(1, 1) ties, half of the samples; two are drawn in each step at b = 1, of which w moves with one."""
    problem = TeacherStudent([[[F(1, 10), F(-1, 10)]], [[1]]], PLAIN, Rademacher(2), F(1, 10**9), "relu")
    ties = simulate(problem, batch_sizes=[1], steps=7, replicas=4000, every=every).ties.values[:, 0]
    assert abs(ties[0] - 0.75) < 5 * (0.75 * 0.25 / 4000) ** 0.5 and (np.diff(ties) >= 0).all() and ties[-1] > ties[0]


def test_engines_find_the_same_ties():
    problem = TeacherStudent([[[F(1, 10), F(-1, 10)]], [[1]]], PLAIN, Rademacher(2), F(1, 10), "relu")
    found = []
    for kind in (Networks, Autograd):
        setting = Setting(problem, 1, 8, 4, torch.device("cpu"), torch.float64)
        engine = kind(setting)
        engine.restart()
        generator = np.random.default_rng(3)
        for t in range(3):
            engine.step(setting.tensor(generator.choice([-1.0, 1.0], (32, 2, 2))), 0.1, t)
        found.append(engine.digest(3).ties)
    assert (found[0] == found[1]).all() and found[0].any() and not found[0][0].all()


def without_ties(path):
    """The shards as they were before ties were counted."""
    for file in list(path.glob("*.nc")):
        content = io.BytesIO()
        xr.load_dataset(io.BytesIO(file.read_bytes()), engine="h5netcdf").drop_vars("ties").to_netcdf(content, engine="h5netcdf")
        digest = hashlib.sha256(content.getvalue()).hexdigest()[:16]
        file.unlink()
        (path / f"{file.name.rsplit('-', 1)[0]}-{digest}.nc").write_bytes(content.getvalue())


@pytest.mark.parametrize("activation", ["relu", "tanh"])
def test_stores_keep_them_and_older_ones_do_not_claim_what_they_have_not_counted(activation, tmp_path):
    for name, atoms in product(("ties", "none"), ([(3, 1), (1, 2)],)):
        student = [[[F(1, 10), F(-3, 10) if name == "ties" else F(1, 5)]], [[1]]]
        problem = TeacherStudent(student, PLAIN, Discrete(atoms), F(1, 10), activation)
        place = tmp_path / name
        run = simulate(problem, batch_sizes=[1, 2], steps=2, replicas=120, shard_replicas=60, store=place)
        assert load(place, problem).identical(run)
        without_ties(place)
        old = load(place, problem)
        if activation == "tanh":
            assert old.identical(run) and np.isfinite(old.loss_se).all()
        else:
            assert np.isnan(old.ties).all() and np.isnan(old.loss_se).all() and (old.loss == run.loss).all()
            assert (run.ties == (name == "ties")).all()

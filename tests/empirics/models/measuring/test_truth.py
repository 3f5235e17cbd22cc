"""Measurements against every sequence of batches, and those against `theory`, which enumerates them in rationals."""

from __future__ import annotations

from fractions import Fraction as F

import numpy as np
import pytest
import torch

from empirics import DataSet, compare, measure
from empirics.runs.process_state import arithmetic
from tests.empirics.models.measuring import all_batches
from tests.empirics.models.measuring.all_batches import DATA, POINTS, RATE, SGD, WEIGHTS, half_squares, network, truth
from theory import TeacherStudent, enumeration

PER_LAYER = ("var_gradient", "var_full_gradient", "second_moment", "mean_norm_squared")
SAMPLINGS = ("epochs", "without_replacement", "independent")


def measured(sampling, b, estimator, runs, **options):
    request = {"batch_sizes": [b], "runs": runs, "sampling": sampling, "estimator": estimator, "optimizer": SGD, "seed": 7}
    with arithmetic():  # once for all blocks
        return measure(network(), half_squares, DATA, **request | {"workers": 1, "block_runs": 4} | options)


def compared(found, expected, names, steps):
    """All z-scores of these variables at these steps, with one correction; of hundreds of blocks, which are as good as normal."""
    parts = []
    for name in names:
        values, errors = (found[f"{name}{end}"].isel(batch_size=0).values[steps] for end in ("", "_se"))
        parts.append([x.ravel() for x in (values, errors, expected[name][steps])])
    value, error, exact = (np.concatenate(x) for x in zip(*parts, strict=True))
    return compare(value, error, exact)


@pytest.mark.parametrize("sampling", SAMPLINGS)
@pytest.mark.parametrize(("estimator", "runs", "steps"), [("per_example", 400, 3), ("resampling", 1000, 2), ("naive", 1000, 2)])
def test_every_estimator_agrees_with_all_batches(sampling, estimator, runs, steps):
    expected = truth(sampling, 2, steps)
    found = measured(sampling, 2, estimator, runs, steps=steps)
    names = [name for name in PER_LAYER if estimator != "naive" or name != "var_full_gradient"]
    agreement = compared(found, expected, [*names, "loss"], slice(0 if estimator != "per_example" else 1, None))
    assert agreement.agrees(), agreement
    assert np.abs(agreement.z).max() > 0.3
    assert found.var_gradient_df.values[-1, 0, 0] == (runs // 4 - 1) / 4 and found.loss_df.values[-1, 0] == runs - 1
    for name in PER_LAYER:  # of all layers together
        total = found[f"total_{name}"].values, found[name].sum("layer", skipna=False).values
        assert np.allclose(*total, rtol=1e-12, equal_nan=True)


@pytest.mark.parametrize("sampling", SAMPLINGS)
def test_at_the_initial_weights_it_is_exact(sampling):
    expected, found = truth(sampling, 2, 1), measured(sampling, 2, "per_example", 4, steps=1).isel(step=0, batch_size=0)
    for name in PER_LAYER:
        assert np.abs(found[name].values - expected[name][0]).max() <= 1e-14 * expected["second_moment"].max()
        assert (found[f"{name}_se"] < 1e-13).all() and np.isinf(found[f"{name}_df"]).all()
    assert abs(found.loss - expected["loss"][0]) < 1e-14 and np.isinf(found.loss_df)


@pytest.mark.parametrize("estimator", ["per_example", "resampling", "naive"])
def test_variances_are_averaged_over_the_steps_of_an_epoch(estimator):
    """Two steps an epoch, both looked at: an epoch's variance is the mean of theirs, and its loss that of its first step."""
    expected = truth("epochs", 2, 4)
    averaged = {name: x.reshape(2, 2, -1).mean(1) for name, x in expected.items()} | {"loss": expected["loss"][::2]}
    found = measured("epochs", 2, estimator, 400, epochs=2, looks_per_epoch=2)
    assert compared(found, averaged, ["var_gradient", "second_moment"], slice(0, 2)).agrees()
    assert compared(found, averaged, ["loss"], slice(1, 2)).agrees()
    assert np.isfinite(found.var_gradient_df).all()


def test_without_replacement_the_whole_data_set_is_one_batch():
    for estimator in ("per_example", "resampling", "naive"):
        found = measured("without_replacement", len(POINTS), estimator, 4, steps=3)
        assert (found.total_var_gradient < 1e-25).all() and (found.total_second_moment > 1e-3).all()


def test_all_batches_are_those_of_theory(monkeypatch):
    """Independent batches, labels by a teacher: rationals against the doubles that everything else here is compared with."""
    teacher = [[[1, 0], [F(1, 2), 1]], [[1, -1]]]
    labels = POINTS @ np.array(teacher[0], dtype=float).T @ np.array(teacher[1], dtype=float).T
    monkeypatch.setattr(all_batches, "LABELS", labels)
    problem = TeacherStudent([w.tolist() for w in WEIGHTS], teacher, DataSet(POINTS), RATE)
    found = truth.__wrapped__("independent", 2, 3)
    for step in range(3):
        for layer in (1, 2):
            exact = float(enumeration.variance(problem, step, layer, batch_size=2))
            assert found["var_gradient"][step, layer - 1] == pytest.approx(exact, rel=1e-12)


def test_noise_of_the_model_is_part_of_the_variance():
    """Dropout of one of two inputs at the initial weights: var(g) = (1/b) [ (N-b)/(N-1) Var_x + E Var_mask ], from all four masks."""
    masks = 2 * np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
    w1, w2 = WEIGHTS
    x = POINTS[:, None] * masks
    residual = x @ w1.T @ w2.T - DATA[1].numpy()[:, None]
    gradients = (residual @ w2)[..., None] * x[..., None, :], residual[..., None] * (x @ w1.T)[..., None, :]
    model = torch.nn.Sequential(torch.nn.Dropout(0.5), *network())
    request = {
        "runs": 400,
        "steps": 1,
        "batch_sizes": [2],
        "optimizer": SGD,
        "block_runs": 8,
        "sampling": "without_replacement",
        "workers": 1,
    }
    for estimator, name in (("auto", "resampling"), ("naive", "naive")):
        found = measure(model, half_squares, DATA, estimator=estimator, **request)
        assert found.attrs["estimator"] == name
        for k, g in enumerate(gradients):
            of_data = np.square(g.mean(1) - g.mean((0, 1))).sum((1, 2)).mean()
            of_masks = np.square(g - g.mean(1, keepdims=True)).sum((2, 3)).mean()
            at = found.isel(step=0, layer=k, batch_size=0)
            assert compare(
                at.var_gradient, at.var_gradient_se, (2 / 3 * of_data + of_masks) / 2, degrees_of_freedom=at.var_gradient_df
            ).agrees()

"""Values side by side: after equally many epochs and iterations, and without what diverged."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("torch")
import xarray as xr

from empirics.experiments.paired_values import pairs


def values(epochs: list[int], runs: int = 3, name: str = "run") -> xr.DataArray:
    """1000 b + 10 epoch + run."""
    coords = {name: np.arange(runs), "epoch": epochs, "batch_size": [4, 8]}
    data = [[[1000.0 * b + 10 * e + r for b in (4, 8)] for e in epochs] for r in range(runs)]
    return xr.DataArray(data, coords, (name, "epoch", "batch_size"))


@pytest.mark.parametrize("name", ["run", "block"])
def test_epochs_are_those_of_both(name: str) -> None:
    found = pairs(values([0, 1, 2, 3], name=name).transpose(), (4, 8), "epochs", 40, since=2)
    assert found.small.tolist() == [[4020 + r, 4030 + r] for r in range(3)] and found.large.tolist() == [
        [8020 + r, 8030 + r] for r in range(3)
    ]
    assert found.small_epochs.tolist() == found.large_epochs.tolist() == [2, 3]
    assert found.mean.tolist() == [6021, 6031]


@pytest.mark.parametrize(
    ("epochs", "examples", "meetings"),
    [
        ([0, 1, 2, 3, 4], 40, [(0, 0), (1, 2), (2, 4)]),  # 10 and 5 iterations in an epoch
        ([0, 1, 2, 3, 4], 31, [(0, 0), (1, 2), (2, 5 - 1)]),  # 7 and 3: 7 against 6, 14 against 12, within half of 3 but for the last
        ([0, 2, 4], 40, [(0, 0), (2, 4)]),
        ([0, 3, 4], 40, [(0, 0)]),  # 30 iterations against 20: too far
    ],
)
def test_iterations_meet(epochs: list[int], examples: int, meetings: list[tuple[int, int]]) -> None:
    found = pairs(values(epochs), (4, 8), "iterations", examples)
    expected = [(a, b) for a, b in meetings if abs(a * (examples // 4) - b * (examples // 8)) <= (examples // 8) / 2]
    assert list(zip(found.small_epochs, found.large_epochs, strict=True)) == expected
    assert found.small[0].tolist() == [4000 + 10 * a for a, _ in expected] and found.large[0].tolist() == [
        8000 + 10 * b for _, b in expected
    ]


@pytest.mark.parametrize("batch_size", [4, 8])
def test_what_diverged_is_left_out(batch_size: int) -> None:
    data = values([0, 1, 2])
    data.loc[{"run": 1, "epoch": 2, "batch_size": batch_size}] = np.nan
    found = pairs(data, (4, 8), "epochs", 40)
    assert found.small_epochs.tolist() == [0, 1] and np.isfinite([found.small, found.large]).all()
    assert found.test().runs == 3


def test_what_single_precision_rounds_is_no_difference() -> None:
    data = values([0, 1, 2], runs=8).where(lambda x: x.epoch < 0, 1.0)
    data.loc[{"batch_size": 4}] = 1.0 + 2.0**-23
    assert not pairs(data, (4, 8), "epochs", 40).test().compared.any()
    data.loc[{"batch_size": 4}] = 1.0 + 2.0**-16
    assert pairs(data, (4, 8), "epochs", 40).test().outcome == "supported"

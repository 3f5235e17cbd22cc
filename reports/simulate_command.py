"""`batchlaw simulate`: replicas of SGD from the command line, with a progress bar, a store, and a prediction of what it will take."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn
from rich.table import Table
from typer.core import TyperCommand

from reports.errors import one_line_errors
from reports.numbers import decimal
from reports.problem_text import read_problem
from theory import TeacherStudent

SYNTHETIC = "synthetic"


class ManyValues(TyperCommand):
    """Lets `--batch-sizes 4 16 64` stand for `--batch-sizes 4 --batch-sizes 16 --batch-sizes 64`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        return super().parse_args(ctx, list(_spread(args, "--batch-sizes")))


def _spread(args: list[str], option: str) -> Iterator[str]:
    """Numbers that follow the option's first value get the option before them."""
    since = 0  # arguments since the option, itself included; 0: not within its values
    for argument in args:
        if argument == option:
            since = 1
        elif since and (since == 1 or argument.lstrip("+-").isdigit()):
            if since > 1:
                yield option
            since += 1
        else:
            since = 0
        yield argument


def simulate(
    problem: Annotated[str, typer.Argument(help='"synthetic", the problem of the paper\'s figure 1, or a .toml or .json file.')],
    batch_sizes: Annotated[list[int], typer.Option(help="One or more: --batch-sizes 4 16 64 256.")],
    steps: Annotated[int, typer.Option(help="Steps to look at, from 0.")] = 1000,
    replicas: Annotated[int, typer.Option(help="Runs at every batch size.")] = 1000,
    seed: Annotated[int, typer.Option(help="Every random number descends from it.")] = 0,
    inputs: Annotated[str, typer.Option(help="Input law of the synthetic problem: gaussian, rademacher or uniform.")] = "gaussian",
    problem_seed: Annotated[int, typer.Option(help="Seed of the synthetic problem's weights.")] = 0,
    store: Annotated[Path | None, typer.Option(help="Directory in which finished shards survive.")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with the shards that the store has.")] = False,
    repair: Annotated[bool, typer.Option("--repair", help="Compute corrupt shards of the store again.")] = False,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda or cuda:N.")] = "auto",
    dtype: Annotated[str, typer.Option(help="float64, or float32: twice as fast.")] = "float64",
    sampling: Annotated[str, typer.Option(help="independent; the others are for data sets, from Python.")] = "independent",
    estimator: Annotated[str, typer.Option(help="auto, naive, rao_blackwell or controlled.")] = "auto",
    engine: Annotated[str, typer.Option(help="auto, two_linear, networks or autograd.")] = "auto",
    every: Annotated[int, typer.Option(help="Look at every so many steps only.")] = 1,
    workers: Annotated[int | None, typer.Option(help="Processes; by default one a core, for runs of some minutes.")] = None,
    scheduler: Annotated[str | None, typer.Option(help="Address of a Dask scheduler, tcp://host:8786.")] = None,
    max_hours: Annotated[float, typer.Option(help="Refuse a run that is predicted to take longer.")] = 24.0,
    out: Annotated[Path | None, typer.Option(help="A .nc file for the result (netCDF).")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Predict time and memory, and run nothing.")] = False,
) -> None:
    """Run many replicas of mini-batch SGD: var(g_t), var of the full gradient, E||g||^2, ||E g||^2 and the loss at every step."""
    with one_line_errors():
        from empirics import make_plan, predict  # torch takes a second to load: only here
        from empirics import simulate as run
        from empirics.simulation import choose_workers

        network = _problem(problem, inputs, problem_seed)
        if out is not None and (out.suffix != ".nc" or not out.parent.is_dir()):
            raise ValueError(f"out must be a .nc file in a directory that exists, but was {str(out)!r}")
        settings: dict[str, Any] = {
            "batch_sizes": batch_sizes, "steps": steps, "replicas": replicas, "seed": seed, "device": device, "dtype": dtype,
            "sampling": sampling, "estimator": estimator, "engine": engine, "every": every,
        }  # fmt: skip
        if dry_run:
            plan = make_plan(network, **settings)
            count = choose_workers(plan, workers)
            print_prediction(predict(plan, count), plan, count)
            return
        try:
            with progress_bar() as told:
                result = run(
                    network, **settings, store=store, resume=resume, repair=repair, workers=workers, scheduler=scheduler,
                    max_hours=max_hours, progress=told,
                )  # fmt: skip
            if out is not None:
                result.to_netcdf(out, engine="h5netcdf")
        except KeyboardInterrupt:
            kept = "nothing was kept (there was no --store)" if store is None else f"finished shards are kept in {store}: add --resume"
            typer.echo(f"interrupted; {kept}", err=True)
            raise typer.Exit(130) from None
        except OSError as error:
            typer.echo(f"error: {error.strerror or error}", err=True)
            raise typer.Exit(1) from None
    print_result(result)


def _problem(name: str, inputs: str, seed: int) -> TeacherStudent:
    if name != SYNTHETIC:
        if inputs != "gaussian" or seed != 0:
            raise ValueError("inputs and problem_seed must be left out for a problem in a file, which says its own")
        return read_problem(Path(name))
    from empirics import synthetic

    return synthetic(inputs, seed)


@contextmanager
def progress_bar() -> Iterator[Any]:
    """A callback for `simulate` that draws a bar on stderr: share done, rate, time left."""
    columns = (
        TextColumn("simulating"), BarColumn(), TaskProgressColumn(), TextColumn("{task.fields[rate]}"), TimeRemainingColumn(),
    )  # fmt: skip
    bar = Progress(*columns, console=Console(stderr=True))
    task = bar.add_task("", total=None, rate="")
    start = time.monotonic()

    def told(progress: Any) -> None:
        bar.start()  # at the first call: what is refused before any work has no bar
        fresh = progress.done - progress.resumed
        rate = fresh / max(time.monotonic() - start, 1e-9)
        bar.update(task, total=progress.total, completed=progress.done, rate=f"{rate:,.0f} replica-steps/s" if fresh else "")

    try:
        yield told
    finally:
        if bar.live.is_started:
            bar.stop()


def print_prediction(cost: Any, plan: Any, workers: int) -> None:
    """What --dry-run says."""
    from empirics.cost import duration, size

    typer.echo(
        f"{plan.replicas} replicas x {plan.steps} steps x {len(plan.batch_sizes)} batch sizes, {len(plan.shards())} shards, "
        f"engine {plan.engine}, estimator {plan.estimator}, {plan.dtype} on {plan.device}, {workers} worker{'s' * (workers > 1)}"
    )
    for b, microseconds in cost.microseconds.items():
        typer.echo(f"  b = {b}: {microseconds:.3g} microseconds for a step of one replica")
    typer.echo(f"predicted time {duration(cost.seconds)}, memory {size(cost.memory)}, store {size(cost.store)}")


def print_result(result: Any) -> None:
    """The last step as a table, and how many runs diverged."""
    last = int(result.step[-1])
    table = Table(title=f"step {last}, {result.attrs['replicas']} replicas", title_justify="left")
    for name in ("b", "layer", "var(g)", "±", "var(grad L)", "±", "loss", "diverged"):
        table.add_column(name, justify="right")
    for b in result.batch_size.values:
        for k in result.layer.values:
            at = result.sel(step=last, batch_size=b)
            one = at.sel(layer=k)
            numbers = (one.var_gradient, one.var_gradient_se, one.var_full_gradient, one.var_full_gradient_se, at.loss)
            cells = [decimal(float(x), 4) if float(x) == float(x) else "NaN" for x in numbers]
            table.add_row(str(int(b)), str(int(k)), *cells, f"{float(at.diverged):.3g}")
    Console(highlight=False).print(table)

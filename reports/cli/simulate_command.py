"""`batchlaw simulate`: replicas of SGD from the command line, with a progress bar, a store, and a prediction of what it will take."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from empirics.arguments import USUAL_HOURS, check_request, check_running
from empirics.engine_records import ENGINES
from reports.cli.errors import one_line_errors
from reports.cli.out_files import check_out, write_dataset
from reports.cli.run_options import budget_of, kept_in, require_store, said, sizes_of, watched
from reports.site.measured import require_extra
from reports.text import terminal
from reports.text.numbers import counted, decimal
from reports.text.problem_text import read_problem
from theory import TeacherStudent
from theory.budget import Budget, UnaffordableError, duration, size
from theory.exact import as_index, did_you_mean

SYNTHETIC = "synthetic"


def simulate(
    ctx: typer.Context,
    problem: Annotated[
        str | None, typer.Argument(help='"synthetic", the problem of the paper\'s figure 1, or a .toml or .json file.')
    ] = None,
    batch_sizes: Annotated[list[str] | None, typer.Option(help="One or more: --batch-sizes 4 16 64 256.")] = None,
    steps: Annotated[int, typer.Option(help="Steps to look at, from 0.")] = 1000,
    replicas: Annotated[int, typer.Option(help="Runs at every batch size.")] = 1000,
    seed: Annotated[int, typer.Option(help="Every random number descends from it.")] = 0,
    inputs: Annotated[str, typer.Option(help="With synthetic alone: its input law, gaussian, rademacher or uniform.")] = "gaussian",
    problem_seed: Annotated[int, typer.Option(help="With synthetic alone: the seed of its weights.")] = 0,
    store: Annotated[Path | None, typer.Option(help="Directory in which finished shards survive.")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with the shards that the store has.")] = False,
    repair: Annotated[bool, typer.Option("--repair", help="Go on, and compute corrupt shards of the store again.")] = False,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda or cuda:N.")] = "auto",
    dtype: Annotated[str, typer.Option(help="float64, or float32: twice as fast.")] = "float64",
    sampling: Annotated[str | None, typer.Option(help="independent; the others are for data sets, from Python.")] = None,
    estimator: Annotated[str, typer.Option(help="auto, naive, rao_blackwell or controlled.")] = "auto",
    engine: Annotated[str, typer.Option(help=f"auto, {', '.join(ENGINES)}: auto takes the first that takes the problem.")] = "auto",
    every: Annotated[int, typer.Option(help="Look at every so many steps only.")] = 1,
    again: Annotated[
        Path | None, typer.Option(help="A .nc file of --out: the run that made it, but for what other options say (--replicas, --steps).")
    ] = None,
    workers: Annotated[int | None, typer.Option(help="Processes; by default one a core, for runs of half a minute or more.")] = None,
    scheduler: Annotated[str | None, typer.Option(help="Address of a Dask scheduler, tcp://host:8786.")] = None,
    max_hours: Annotated[float, typer.Option(help="Refuse a run that is predicted to take longer.")] = USUAL_HOURS,
    max_gigabytes: Annotated[
        float | None, typer.Option(help="Refuse a run that is predicted to need more memory; by default, more than is free.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="A .nc file for the result (netCDF).")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Predict time and memory, and run nothing.")] = False,
) -> None:
    """Run many replicas of mini-batch SGD: var(g_t), var of the full gradient, E||g||^2, ||E g||^2 and the loss at every step."""
    with one_line_errors():
        settings: dict[str, Any] = {
            "batch_sizes": sizes_of(batch_sizes or []),
            "steps": steps,
            "replicas": replicas,
            "seed": seed,
            "device": device,
            "dtype": dtype,
            "sampling": sampling,
            "estimator": estimator,
            "engine": engine,
            "every": every,
        }
        if again is None:
            if problem is None or not batch_sizes:
                what, how = ("problem", "synthetic") if problem is None else ("batch_sizes", "--batch-sizes 4 16 64")
                raise ValueError(f"{what} must be given, as in {how}, or --again with the file of a result")
            network = _problem(problem, inputs, problem_seed, said(ctx))
        else:
            network, settings = _again(again, settings, said(ctx))
        if terminal.is_closed() and store is None and out is None and not dry_run:
            raise ValueError("out must be given, or store, where standard output is closed: the result would be lost")
        require_store(store, resume, repair)
        check_request(network, **settings)
        check_running(store=store, workers=workers, scheduler=scheduler, max_hours=max_hours)
        budget = budget_of(max_gigabytes)
        require_extra("simulate")
        if out is not None:
            check_out(out, ".nc")
        if dry_run:
            print_prediction(network, settings, store, workers, scheduler, max_hours, budget)
            return
        from empirics import simulate as run  # torch takes seconds to load: only now that nothing is wrong with what was asked

        with watched(store) as told:
            result = run(
                network,
                **settings,
                store=store,
                resume=resume or repair,
                repair=repair,
                workers=workers,
                scheduler=scheduler,
                max_hours=max_hours,
                budget=budget,
                progress=told,
            )
        if out is not None:
            write_dataset(result, out, kept_in(store))  # first: what is printed can fail, on a pipe that nobody reads
        print_result(result)


def _again(path: Path, settings: dict[str, Any], given: set[str]) -> tuple[TeacherStudent, dict[str, Any]]:
    """The problem and the settings of a result; what was said on the command line takes the place of what the file says."""
    for name in ("problem", "inputs", "problem_seed"):
        if name in given:
            raise ValueError(f"{name} must be left out with --again, whose file says it")
    require_extra("simulate")
    from empirics import again

    found = again(path)
    return found.pop("problem"), found | {name: value for name, value in settings.items() if name in given}


def _problem(name: str, inputs: str, seed: int, given: set[str]) -> TeacherStudent:
    as_index(seed, "problem_seed")
    if name != SYNTHETIC:
        for option in ("inputs", "problem_seed"):
            if option in given:
                flag = f"--{option.replace('_', '-')}"
                raise ValueError(f"{option} must be left out unless problem is {SYNTHETIC!r}, but {flag} was given with {name!r}")
        if not Path(name).suffix and not Path(name).exists():
            raise ValueError(f"problem must be 'synthetic' or a .toml or .json file, but was {name!r}{did_you_mean(name, [SYNTHETIC])}")
        return read_problem(Path(name))
    from empirics.experiments.synthetic_problem import synthetic

    return synthetic(inputs, seed)


def print_prediction(
    problem: TeacherStudent,
    settings: dict[str, Any],
    store: Path | None,
    workers: int | None,
    scheduler: str | None,
    max_hours: float,
    budget: Budget | None,
) -> None:
    """What --dry-run says: what the run would take, and whether it would be refused, by the checks of the run itself."""
    from empirics import make_plan, predict
    from empirics.runs.cost import limits, require_affordable
    from empirics.runs.execution import pending_share, prepare

    there = store if store is not None and store.exists() else None
    plan, kept, count = prepare(make_plan(problem, **settings), there, workers, scheduler, read_only=True)
    pending = pending_share(plan, kept)
    terminal.say(
        f"{plan.replicas} replicas x {counted(plan.steps, 'step')} x {counted(len(plan.batch_sizes), 'batch size')}, "
        f"{counted(plan.shard_count, 'shard')}, engine {plan.engine}, estimator {plan.estimator}, {plan.dtype} on {plan.device}, "
        f"{counted(count, 'worker')}"
    )
    if kept is not None:
        terminal.say(f"the store has {1 - pending:.0%} of it")
    if scheduler is not None:
        terminal.say("on a scheduler's workers it takes what they take; on this machine alone:")
    cost = predict(plan, count, pending)
    for b, microseconds in cost.microseconds.items():
        terminal.say(f"  b = {b}: {microseconds:.3g} microseconds for a step of one replica")
    terminal.say(f"predicted time {duration(cost.seconds)}, memory {size(cost.memory)}, store {size(cost.store)}")
    if scheduler is None:
        try:
            require_affordable(plan, count, limits(max_hours, budget), pending, cost)
        except UnaffordableError as error:
            terminal.say(f"it would be refused: {error}")


def print_result(result: Any) -> None:
    """The last step as a table, and how many runs diverged."""
    last = int(result.step[-1])
    terminal.say(f"step {last}, the last one looked at; {result.attrs['replicas']} replicas\n")
    names, rows = ("b", "layer", "var(g)", "±", "var(grad L)", "±", "loss", "diverged"), []
    for b in result.batch_size.values:
        for k in result.layer.values:
            at = result.sel(step=last, batch_size=b)
            one = at.sel(layer=k)
            numbers = (one.var_gradient, one.var_gradient_se, one.var_full_gradient, one.var_full_gradient_se, at.loss)
            cells = [decimal(float(x), 4) for x in numbers]
            rows.append((str(int(b)), str(int(k)), *cells, f"{float(at.diverged):.3g}"))
    terminal.say(terminal.table(names, rows, right=names, columns=terminal.width()))
    if float(result.diverged.max()) > 0:
        terminal.say("where runs have diverged, means over all of them do not exist: NaN")
    if note := result.var_gradient_se.attrs.get("note", ""):
        terminal.say(f"standard errors: {note}")

"""`batchlaw variance`: the exact polynomial var(g_t | w_0) of a network in a file or in options."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path
from typing import Annotated, Any

import typer

from reports.cli.errors import one_line_errors
from reports.text import terminal
from reports.text.numbers import decimal, plain
from reports.text.problem_text import laws_and_keys, make_problem, parse_list, parse_matrix, read_problem
from theory import InverseBatchPolynomial, TeacherStudent, variance_poly
from theory.budget import Budget, UnaffordableError
from theory.exact import shown
from theory.inputs import NAMED

PROBLEM_HELP = (
    "A .toml or .json file with the keys student and teacher (one matrix per layer), learning_rates (one for every step, "
    "or a list), activation (coefficients of a polynomial, the identity by default; a name such as tanh is refused, with advice) and "
    f"inputs: a table with one of the laws {laws_and_keys()}, with its keys; optionally optimizer and sampling. Fractions in quotes; a "
    'decimal is what is written, 0.1 is 1/10 (in Python, 0.1 is a binary number, and "1/10" or Fraction(1, 10) a tenth). '
    "Without a file, the options say it all."
)

USUAL_SIZES = "1 2 4 8 16 32 64 128"
ENGINE_NAMES = ", ".join(engine.name for engine in variance_poly.ENGINES)


def variance(
    problem: Annotated[Path | None, typer.Argument(help=PROBLEM_HELP)] = None,
    step: Annotated[int, typer.Option(help="t = 0, 1, ...")] = 0,
    layer: Annotated[int, typer.Option(help="k = 1..H")] = 1,
    at: Annotated[str, typer.Option(help="Batch sizes at which to evaluate.")] = USUAL_SIZES,
    engine: Annotated[str | None, typer.Option(help=f"{ENGINE_NAMES}; the cheapest by default.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, every number exact.")] = False,
    student: Annotated[list[str] | None, typer.Option(help='W_1, W_2, ...: one option each, rows parted by ";": "1 1/2; 0 3".')] = None,
    teacher: Annotated[list[str] | None, typer.Option(help="W*_1, W*_2, ..., likewise.")] = None,
    rates: Annotated[str | None, typer.Option(help='alpha_0 alpha_1 ...: "1/10 1/20"; one number holds for every step.')] = None,
    inputs: Annotated[str | None, typer.Option(help=f"{', '.join(NAMED)}; gaussian by default, discrete with --atoms.")] = None,
    mean: Annotated[str | None, typer.Option(help='Mean of Gaussian inputs, 0 by default: "1 0".')] = None,
    cov: Annotated[str | None, typer.Option(help="Covariance of Gaussian inputs, I by default.")] = None,
    atoms: Annotated[str | None, typer.Option(help='Atoms of discrete inputs, one per row: "1; 2".')] = None,
    probabilities: Annotated[str | None, typer.Option(help="Their probabilities; equal by default.")] = None,
    activation: Annotated[
        str | None, typer.Option(help="sigma_0 sigma_1 ..., of a polynomial, for inputs with atoms: see batchlaw engines.")
    ] = None,
    max_seconds: Annotated[float, typer.Option(help="Refuse what is predicted to take longer.")] = Budget.seconds,
    max_gigabytes: Annotated[float, typer.Option(help="Refuse what is predicted to need more memory.")] = Budget.bytes / 1e9,
) -> None:
    """The exact polynomial var(g_t | w_0) = beta_1/b + ... + beta_r/b^r of a network in hand."""
    with one_line_errors():
        if problem is not None and any((student, teacher, rates, inputs, mean, cov, atoms, probabilities, activation)):
            raise ValueError("problem must be given in a file or in options, not in both")
        if problem is None and not (student and teacher):
            raise ValueError("problem must be a file, or --student and --teacher with one matrix per layer")
        sizes = parse_list(at, "at")
        network = (
            read_problem(problem)
            if problem is not None
            else _from_options(student or [], teacher or [], rates, inputs, mean, cov, atoms, probabilities, activation)
        )
        budget = _budget(max_seconds, max_gigabytes)
        try:
            v = variance_poly.variance_polynomial(network, step=step, layer=layer, engine=engine, budget=budget)
        except UnaffordableError as error:
            raise ValueError(f"{error} (--max-seconds, --max-gigabytes)") from None
        used = engine or variance_poly.predicted_cost(network, step, layer, budget=budget)[0]
        if at == USUAL_SIZES and v.largest_batch is not None:  # what nobody asked for may be too many
            sizes = [b for b in sizes if b <= v.largest_batch]
        values = [(b, v(b)) for b in sizes]
        threshold, start = None if v.largest_batch else v.threshold, v.decreasing_from()
    if as_json:
        result = {
            "step": step,
            "layer": layer,
            "engine": used,
            "coefficients": [plain(c) for c in v.coefficients],
            "radii": list(v.radii),
            "degree": v.degree,
            "degree_bound": v.degree_bound,
            "threshold": threshold,
            "decreasing_from": start,
            "largest_batch": v.largest_batch,
            "values": {plain(b): plain(x) for b, x in values},
        }
        terminal.say(json.dumps(result, indent=2))
        return
    _print_variance(v, step, layer, used, threshold, start, values)


def _from_options(
    student: list[str],
    teacher: list[str],
    rates: str | None,
    inputs: str | None,
    mean: str | None,
    cov: str | None,
    atoms: str | None,
    probabilities: str | None,
    activation: str | None,
) -> TeacherStudent:
    law: dict[str, Any] = {"law": inputs or ("gaussian" if atoms is None else "discrete")}
    if mean is not None:
        law["mean"] = parse_list(mean, "mean")
    if cov is not None:
        law["cov"] = parse_matrix(cov, "cov")
    if atoms is not None:
        law["atoms"] = parse_matrix(atoms, "atoms")
    if probabilities is not None:
        law["probabilities"] = parse_list(probabilities, "probabilities")
    alphas = parse_list(rates, "rates") if rates is not None else []
    return make_problem(
        {
            "student": [parse_matrix(w, f"student[{k}]") for k, w in enumerate(student)],
            "teacher": [parse_matrix(w, f"teacher[{k}]") for k, w in enumerate(teacher)],
            "learning_rates": alphas[0] if len(alphas) == 1 else alphas,
            "activation": _activation("0 1" if activation is None else activation),
            "inputs": law,
        }
    )


def _budget(seconds: float, gigabytes: float) -> Budget:
    for name, value in (("max-seconds", seconds), ("max-gigabytes", gigabytes)):
        if not value > 0:
            raise ValueError(f"{name} must be positive, but was {shown(value)}")
    return Budget(seconds, 1e9 * gigabytes)


def _activation(text: str) -> Any:
    """A polynomial's coefficients, or a name: one that exact engines refuse says what to do instead."""
    return text if text.strip()[:1].isalpha() else parse_list(text, "activation")


def outline(v: InverseBatchPolynomial) -> str:
    """The first three terms and the last of a long polynomial, in decimals.

    Examples:
        >>> outline(InverseBatchPolynomial([0, 1, -2, 3, 4, 5]))
        '1/b - 2/b^2 + 3/b^3 + ... + 5/b^5'
        >>> outline(InverseBatchPolynomial([0, 1, -2]))
        '1/b - 2/b^2'
    """
    orders = [s for s, c in enumerate(v.coefficients) if c]
    text = ""
    for s in orders if len(orders) <= 4 else (*orders[:3], orders[-1]):
        c = v.coefficients[s]
        text += " + ..." if s == orders[-1] and len(orders) > 4 else ""
        text += (" - " if c < 0 else " + ") + decimal(abs(Fraction(c)), 6) + f"/b^{s}" * (s > 0)
    return (text.removeprefix(" + ") + " ").replace("/b^1 ", "/b ").strip() or "0"


def _print_variance(
    v: InverseBatchPolynomial,
    step: int,
    layer: int,
    engine: str,
    threshold: float | None,
    start: int | None,
    values: list[tuple[Any, Any]],
) -> None:
    whole = str(v)
    is_short = len(whole) <= 240
    terminal.say(f"var(g_{{{step},{layer}}} | w_0) {'=' if is_short else '≈'} {whole if is_short else outline(v)}")
    bound = "" if v.degree_bound is None else f" (sharp bound {v.degree_bound})"
    terminal.say(f"degree {v.degree}{bound}, engine {engine}")
    where = f"b_0 = {threshold:.10g}; " if threshold else "b_0 = 0, it never increases; " if threshold is not None else ""
    decreases = "it increases for all large b" if start is None else f"var(b) >= var(b+1) for every integer b >= {start}"
    decreases += "" if v.largest_batch is None else f", up to {v.largest_batch}: batches are drawn without replacement"
    terminal.say(f"{where}{decreases}\n")
    rows = []
    for b, value in values:
        exact = plain(value)
        rows.append((plain(b), decimal(value, 10), exact if len(exact) <= 60 else f"{len(exact)} characters: see --json"))
    terminal.say(terminal.table(("b", "var", "exactly"), rows, columns=terminal.width()))

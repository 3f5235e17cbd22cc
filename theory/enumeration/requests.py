"""What is asked of an enumeration, looked at before any work: the problem, its atoms, the activation and the number of paths."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from theory.activations import Activation
from theory.backpropagation import exact_sigma
from theory.budget import Budget
from theory.enumeration.batches import Urn
from theory.enumeration.path_counts import path_cost
from theory.enumeration.path_limits import require_paths
from theory.enumeration.walk import Walk
from theory.exact import as_flag, to_fmpq, to_fmpq_array
from theory.problem import Rows, TeacherStudent, as_problem
from theory.routes import ENUMERATION, POLYNOMIAL, SIMULATION, applicable, without_atoms


@dataclass(frozen=True)
class Atoms:
    """Of the inputs: rows, their labels (None where a teacher says them), their probabilities, and how batches are drawn among them."""

    rows: Rows
    labels: Rows | None
    probabilities: tuple[Fraction, ...]
    urn: Urn


def affordable_walk(
    problem: TeacherStudent, batch_size: int, step: int, batches: int, literal: bool, allowed: tuple[Budget, ...], merged: bool = True
) -> Walk:
    """The enumeration of this many batches, with the learning rates before `step`, or the refusal; see `path_cost`."""
    atoms = atoms_of(problem)
    b = problem.check_batch_size(batch_size)
    cost = path_cost(problem, atoms.urn, b, step, batches, as_flag(literal, "literal"), merged)
    require_paths(cost, allowed, "enumeration", applicable(problem, POLYNOMIAL, SIMULATION))
    return Walk(
        student=tuple(map(to_fmpq_array, problem.student)),
        teacher=None if problem.teacher is None else tuple(map(to_fmpq_array, problem.teacher)),
        sigma=exact_sigma(problem.activation),
        rates=problem.rates_before(step),
        optimizer=problem.optimizer,
        atoms=_matrices(atoms.rows),
        labels=None if atoms.labels is None else _matrices(atoms.labels),
        probabilities=tuple(to_fmpq(q) for q in atoms.probabilities),
        urn=atoms.urn,
        batch_size=b,
        literal=literal,
    )


def atoms_of(problem: TeacherStudent) -> Atoms:
    """The atoms of the inputs. CannotError for a law without finite support."""
    found = as_problem(problem).labelled_atoms()
    if found is None:
        raise ENUMERATION.cannot(problem, without_atoms(problem))
    rows, labels, probabilities = found
    points = problem.largest_batch
    sizes = None if points is None else tuple(int(q * points) for q in probabilities)
    return Atoms(rows, labels, probabilities, Urn(len(rows), sizes))


def require_rationals(problem: TeacherStudent) -> None:
    """CannotError for an activation that leaves the rationals."""
    sigma = as_problem(problem).activation
    if isinstance(sigma, Activation) and not sigma.is_piecewise_linear:
        balls = "variance_ball takes it, or " if sigma.is_certified else ""
        reason = f"activation must be a polynomial, relu or leaky_relu to be enumerated in rationals, but was {sigma}: "
        reason += f"{balls}theory.chebyshev.approximate makes a polynomial in its place"
        raise ENUMERATION.cannot(problem, reason)


def _matrices(rows: Rows) -> tuple[np.ndarray, ...]:
    """Every row as a matrix of one row, in rationals."""
    return tuple(np.array([[to_fmpq(v) for v in row]], dtype=object) for row in rows)

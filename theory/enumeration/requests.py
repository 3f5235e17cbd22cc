"""What is asked of an enumeration, looked at before any work: the problem, its atoms, the activation and the number of paths."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from theory.activations import Activation
from theory.backpropagation import exact_sigma
from theory.budget import Budget
from theory.enumeration.path_counts import path_cost
from theory.enumeration.path_limits import require_paths
from theory.enumeration.walk import Walk
from theory.exact import as_flag, as_index, to_fmpq, to_fmpq_array
from theory.problem import TeacherStudent, as_problem
from theory.routes import ENUMERATION, POLYNOMIAL, SIMULATION, applicable, without_atoms


def affordable_walk(problem: TeacherStudent, batch_size: int, step: int, batches: int, literal: bool, allowed: tuple[Budget, ...]) -> Walk:
    """The enumeration of this many batches, with the learning rates before `step`, or the refusal."""
    b, (atoms, probabilities) = as_index(batch_size, "batch_size", minimum=1), atoms_of(problem)
    cost = path_cost(problem, len(atoms), b, step, batches, as_flag(literal, "literal"))
    require_paths(cost, allowed, "enumeration", applicable(problem, POLYNOMIAL, SIMULATION))
    return Walk(
        student=tuple(map(to_fmpq_array, problem.student)),
        teacher=tuple(map(to_fmpq_array, problem.teacher)),
        sigma=exact_sigma(problem.activation),
        rates=tuple(to_fmpq(a) for a in problem.rates_before(step)),
        optimizer=problem.optimizer,
        atoms=tuple(np.array([[to_fmpq(v) for v in atom]], dtype=object) for atom in atoms),
        probabilities=tuple(to_fmpq(q) for q in probabilities),
        batch_size=b,
        literal=literal,
    )


def atoms_of(problem: TeacherStudent) -> tuple[tuple[tuple[Fraction, ...], ...], tuple[Fraction, ...]]:
    """The atoms of the inputs and their probabilities. CannotError for a law without finite support."""
    law = checked_problem(problem).inputs.support()
    if law is None:
        raise ENUMERATION.cannot(problem, without_atoms(problem))
    return law


def checked_problem(problem: object) -> TeacherStudent:
    """The problem, of plain SGD."""
    problem = as_problem(problem)
    problem.optimizer.require_plain()
    return problem


def require_rationals(problem: TeacherStudent) -> None:
    """CannotError for an activation that leaves the rationals."""
    sigma = checked_problem(problem).activation
    if isinstance(sigma, Activation) and not sigma.is_piecewise_linear:
        balls = "variance_ball takes it, or " if sigma.is_certified else ""
        reason = f"activation must be a polynomial, relu or leaky_relu to be enumerated in rationals, but was {sigma}: "
        reason += f"{balls}theory.chebyshev.approximate makes a polynomial in its place"
        raise ENUMERATION.cannot(problem, reason)

"""Brute force: the expected loss and its variance, of any function of a path, and of a trace form."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import numpy as np
from flint import fmpq

from theory.backpropagation import forward
from theory.budget import Budget
from theory.enumeration.path_limits import path_budgets
from theory.enumeration.requests import affordable_walk, require_rationals
from theory.enumeration.walk import Path, Walk
from theory.exact import as_number, evaluated, shown, to_fmpq, to_fmpq_array, to_fraction, to_fraction_array
from theory.optimizers import State
from theory.problem import TeacherStudent

#: A path up to a batch, the state before it, and the probability.
Reached = tuple[Path, State[np.ndarray], fmpq]


def loss(
    problem: TeacherStudent,
    step: int,
    *,
    batch_size: int,
    literal: bool = False,
    max_paths: float | None = None,
    budget: Budget | None = None,
) -> Fraction:
    """E loss(w_t) given w_0, loss(w) = 1/2 E||f(w; x) - f(w*; x)||^2 over a fresh x; errors as for `moments`."""
    return _loss_moments(problem, step, batch_size, literal, path_budgets(max_paths, budget))[0]


def loss_variance(
    problem: TeacherStudent,
    step: int,
    *,
    batch_size: int,
    literal: bool = False,
    max_paths: float | None = None,
    budget: Budget | None = None,
) -> Fraction:
    """var loss(w_t) = E loss(w_t)^2 - (E loss(w_t))^2 given w_0; as `loss` otherwise."""
    mean, square = _loss_moments(problem, step, batch_size, literal, path_budgets(max_paths, budget))
    return square - mean**2


def _loss_moments(
    problem: TeacherStudent, step: int, batch_size: int, literal: bool, allowed: tuple[Budget, ...]
) -> tuple[Fraction, Fraction]:
    """E loss(w_t) and E loss(w_t)^2."""
    require_rationals(problem)
    t = problem.check_step(step)
    sgd = affordable_walk(problem, batch_size, t, t, literal, allowed)
    total, square = fmpq(0), fmpq(0)
    for weights, probability in sgd.law_of_weights(t):
        at = fmpq(0)
        for x, target, chance in zip(sgd.atoms, sgd.targets, sgd.probabilities, strict=True):
            error = forward(weights, sgd.sigma, x)[1][-1] - target
            at += chance * (error * error).sum() / 2
        total += probability * at
        square += probability * at * at
    return to_fraction(total), to_fraction(square)


def expectation(
    problem: TeacherStudent,
    function: Any,
    step: int | None = None,
    *,
    batch_size: int,
    literal: bool = False,
    max_paths: float | None = None,
    budget: Budget | None = None,
) -> Fraction | np.ndarray:
    """E function(path) given w_0, for a rational or matrix-valued function of the `Path` up to `step`, or a trace form.

    A trace form brings its own step; when it names gradients of single samples, `literal` must be set. Paths are not
    merged. Returns a Fraction, or an object array of Fractions. Errors as for `moments`, and TypeError for no function.
    """
    require_rationals(problem)
    if not (callable(function) or hasattr(function, "evaluate")):
        raise TypeError(f"function must be a function of a path or a trace form, but was {shown(function)}")
    t = problem.check_step(getattr(function, "step", 0) if step is None else step)
    sgd = affordable_walk(problem, batch_size, t, t + 1, literal, path_budgets(max_paths, budget), merged=False)
    if hasattr(function, "evaluate"):
        function.shape(problem)  # refuses letters that do not chain and layers that do not exist
        form, function = function, lambda path: form.evaluate(lambda letter: _lookup(sgd, path, letter))
    total: Any = 0

    waiting: list[Iterator[Reached]] = []  # no recursion: with one atom a path may have thousands of steps

    def batches(past: Path, state: State[np.ndarray], probability: fmpq) -> Iterator[Reached]:
        for gradient, drawn, chance in sgd.gradients(state.weights):
            path = Path((*past.weights, state.weights), (*past.gradients, gradient), (*past.samples, drawn))
            yield path, state, probability * chance

    waiting.append(batches(Path((), (), ()), sgd.start, fmpq(1)))
    while waiting:
        found = next(waiting[-1], None)
        if found is None:
            waiting.pop()
            continue
        path, state, probability = found
        if len(path.weights) > t:
            value = evaluated(function, "function(path)", path)
            number = value if isinstance(value, np.ndarray | fmpq) else to_fmpq(as_number(value, "function(path)"))
            total = total + number * probability
        else:
            waiting.append(batches(path, sgd.stepped(state, path.gradients[-1], len(path.weights) - 1), probability))
    return to_fraction_array(total) if isinstance(total, np.ndarray) else to_fraction(total)


def _lookup(sgd: Walk, path: Path, letter: Any) -> np.ndarray:
    """The matrix that a letter of a trace form (W_{s,k}, g_{s,k}, W*_k or a constant) stands for on this path."""
    if letter.layer is None:
        return to_fmpq_array(letter.matrix)
    if letter.step is None:
        if sgd.teacher is None:
            raise ValueError(f"form must not name the teacher, who is not there, but has the letter {letter}")
        return sgd.teacher[letter.layer - 1]
    if letter.sample is None:
        return (path.weights if letter.kind == "W" else path.gradients)[letter.step][letter.layer - 1]
    if not sgd.literal:
        raise ValueError(f"literal must be set: {letter} is the gradient of a single sample")
    if letter.sample > sgd.batch_size:
        raise ValueError(f"batch_size must be at least {letter.sample}, the sample of {letter}, but was {sgd.batch_size}")
    return path.samples[letter.step][letter.sample - 1][letter.layer - 1]

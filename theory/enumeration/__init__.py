"""Brute force over all mini-batches of a finitely supported law, in rationals: the slow, obvious truth.

Given w_0 and the batch size b, batch s is b independent draws among N atoms, so SGD takes finitely many paths. Every
path is followed, its probability multiplied up, and the quantity averaged. By default the batches of one step are
grouped by their counts c_1 + ... + c_N = b, of probability b! / (c_1! ... c_N!) prod_n p_n^{c_n}; `literal=True` walks
through all N^b ordered batches instead, straight from the definition. Any depth, widths and activation: rationals
stay rationals for polynomials, relu and leaky_relu; `variance_ball` takes the others, in ball arithmetic.

It needs no theorem: not that there is a polynomial, not its degree, no moments. `interpolated_polynomial` finds the polynomial from the
values at b = 1, 2, ... and holds it against further ones. The cost is that of C(b + N - 1, N - 1)^(t + 1) paths, counted before any work
and refused beyond `max_paths` or `budget`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property, reduce
from itertools import product
from operator import add
from typing import Any

import numpy as np
from flint import arb, fmpq, fmpq_mat

from theory.activations import Activation
from theory.arithmetic.working_precision import working_precision
from theory.backpropagation import Matrices, Sigma, backpropagate, exact_sigma, forward
from theory.budget import Budget, RangeError
from theory.enumeration.path_counts import BALL_BITS, KEPT, count_paths, interpolation_cost, path_cost
from theory.enumeration.path_limits import path_budgets, require_paths
from theory.exact import (
    as_choice,
    as_flag,
    as_index,
    as_number,
    evaluated,
    shown,
    spelled,
    to_fmpq,
    to_fmpq_array,
    to_fraction,
    to_fraction_array,
)
from theory.inverse_batch import InverseBatchPolynomial
from theory.optimizers import SGD
from theory.problem import TeacherStudent, as_problem
from theory.routes import ENUMERATION, POLYNOMIAL, SIMULATION, applicable, without_atoms

#: Atoms with their shares, and the probability of the batch.
Batch = tuple[list[tuple[int, fmpq]], fmpq]


@dataclass(frozen=True)
class Path:
    """One path of SGD: weights[s][k-1] = W_{s,k} and gradients[s][k-1] = g_{s,k}, s = 0..step, arrays of rationals.

    Literally enumerated, it also has samples[s][i][k-1], the gradient at the i-th draw of batch s (otherwise empty).
    """

    weights: tuple[Matrices, ...]
    gradients: tuple[Matrices, ...]
    samples: tuple[tuple[Matrices, ...], ...]


def cost(problem: TeacherStudent, step: int, *, batch_size: int, literal: bool = False) -> int:
    """Number of paths (batch_0, ..., batch_step): C(b+N-1, N-1)^(step+1) by counts, N^(b(step+1)) literally.

    UnaffordableError when the number itself has more than ten thousand digits.

    Examples:
        >>> from theory import Discrete
        >>> cost(TeacherStudent([[[1]]], [[[0]]], Discrete([1, 2]), 1), step=1, batch_size=3)
        16
    """
    n, b = len(_law(problem)[0]), as_index(batch_size, "batch_size", minimum=1)
    return count_paths(n, b, as_index(step, "step") + 1, as_flag(literal, "literal"))


def moments(
    problem: TeacherStudent,
    step: int,
    layer: int,
    *,
    batch_size: int,
    literal: bool = False,
    max_paths: float | None = None,
    budget: Budget | None = None,
) -> tuple[Fraction, np.ndarray]:
    """E||g_{t,k}||_F^2 and E g_{t,k} (an object array of Fractions, of the shape of W_k), given w_0.

    Raises ValueError for a bad argument, CannotError for an input law without finite support, and UnaffordableError at once for more than
    `max_paths` paths (math.inf for any number; 500,000 where neither it nor a budget is given), or when long batches or long numbers make
    the paths as much work as that (and as 60,000 paths), and for more than `budget` allows.
    """
    _require_rationals(problem)
    second, mean = _moments(*_prepared(problem, step, layer, batch_size, literal, path_budgets(max_paths, budget)))
    return to_fraction(second), to_fraction_array(mean)


def _prepared(
    problem: TeacherStudent, step: int, layer: int, batch_size: int, literal: bool, allowed: tuple[Budget, ...]
) -> tuple[_Enumeration, int, int]:
    """The enumeration up to g_{step,layer}, and these two; all that can be wrong was looked at."""
    t, k = problem.check_step(step), problem.check_layer(layer)
    return _affordable(problem, batch_size, t, t + 1, literal, allowed), t, k


def _moments(sgd: _Enumeration, t: int, k: int) -> tuple[Any, np.ndarray]:
    second: Any = fmpq(0)
    mean = sgd.student[k - 1] * fmpq(0)
    for weights, probability in sgd.law_of_weights(t):
        for (g,), _, chance in sgd.gradients(weights, k):
            second += probability * chance * (g * g).sum()
            mean = mean + g * (probability * chance)
    return second, mean


def variance(
    problem: TeacherStudent,
    step: int,
    layer: int,
    *,
    batch_size: int,
    literal: bool = False,
    max_paths: float | None = None,
    budget: Budget | None = None,
) -> Fraction:
    """var(g_{t,k}) = E||g_{t,k}||^2 - ||E g_{t,k}||^2 given w_0; options and errors as for `moments`.

    Examples:
        >>> from theory import Discrete
        >>> problem = TeacherStudent([[[1]], [[2]]], [[[0]], [[0]]], Discrete([1, 2]), Fraction(1, 4))
        >>> [str(variance(problem, step=1, layer=1, batch_size=b)) for b in (1, 2)]
        ['0', '12393/8192']
    """
    _require_rationals(problem)
    second, mean = _moments(*_prepared(problem, step, layer, batch_size, literal, path_budgets(max_paths, budget)))
    return to_fraction(second - sum((x * x for x in mean.ravel()), fmpq(0)))


def variance_ball(
    problem: TeacherStudent,
    step: int,
    layer: int,
    *,
    batch_size: int,
    literal: bool = False,
    max_paths: float | None = None,
    budget: Budget | None = None,
    bits: int = BALL_BITS,
) -> arb:
    """A ball around var(g_{t,k}) given w_0, for any activation that balls can evaluate; other errors as for `moments`.

    Raises ValueError for a user's callable, and for relu and leaky_relu where `bits` do not tell on which side of 0 a
    pre-activation lies.

    Examples:
        >>> from theory import Discrete
        >>> problem = TeacherStudent([[[1]], [[2]]], [[[0]], [[0]]], Discrete([0, 1]), Fraction(1, 4), "tanh")
        >>> print(variance_ball(problem, step=1, layer=1, batch_size=4).str(10, radius=False))
        0.09629059786
    """
    sigma = _checked(problem).activation
    if isinstance(sigma, Activation) and not sigma.is_certified:
        reason = f"activation must be a polynomial or a named one, but was {shown(sigma)}"
        raise ENUMERATION.cannot(problem, reason)
    bits = as_index(bits, "bits", minimum=53)
    if bits > 10_000:
        raise ValueError(f"bits must be at most 10000, but was {spelled(bits)}")
    allowed = path_budgets(max_paths, budget)
    prepared = _prepared(problem, step, layer, batch_size, literal, allowed)
    with working_precision(bits):
        second, mean = _moments(*prepared)
        return arb(second) - sum((arb(x * x) for x in mean.ravel()), arb(0))


def mean_gradient(
    problem: TeacherStudent,
    step: int,
    layer: int,
    *,
    batch_size: int,
    literal: bool = False,
    max_paths: float | None = None,
    budget: Budget | None = None,
) -> np.ndarray:
    """E g_{t,k} given w_0, an object array of Fractions; options and errors as for `moments`."""
    return moments(problem, step, layer, batch_size=batch_size, literal=literal, max_paths=max_paths, budget=budget)[1]


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
    _require_rationals(problem)
    t = problem.check_step(step)
    sgd = _affordable(problem, batch_size, t, t, literal, path_budgets(max_paths, budget))
    total = fmpq(0)
    for weights, probability in sgd.law_of_weights(t):
        for x, target, chance in zip(sgd.atoms, sgd.targets, sgd.probabilities, strict=True):
            error = forward(weights, sgd.sigma, x)[1][-1] - target
            total += probability * chance * (error * error).sum() / 2
    return to_fraction(total)


def expectation(
    problem: TeacherStudent,
    function: Any,
    step: int | None = None,
    *,
    batch_size: int,
    literal: bool = False,
    max_paths: float | None = None,
    budget: Budget | None = None,
) -> Any:
    """E function(path) given w_0, for a rational or matrix-valued function of the `Path` up to `step`, or a trace form.

    A trace form brings its own step; when it names gradients of single samples, `literal` must be set. Paths are not
    merged. Returns a Fraction, or an object array of Fractions. Errors as for `moments`, and TypeError for no function.
    """
    _require_rationals(problem)
    if not (callable(function) or hasattr(function, "evaluate")):
        raise TypeError(f"function must be a function of a path or a trace form, but was {shown(function)}")
    t = problem.check_step(getattr(function, "step", 0) if step is None else step)
    sgd = _affordable(problem, batch_size, t, t + 1, literal, path_budgets(max_paths, budget))
    if hasattr(function, "evaluate"):
        function.shape(problem)  # refuses letters that do not chain and layers that do not exist
        form, function = function, lambda path: form.evaluate(lambda letter: _lookup(sgd, path, letter))
    total: Any = 0

    waiting: list[Iterator[tuple[Path, fmpq]]] = []  # no recursion: with one atom a path may have thousands of steps

    def batches(past: Path, weights: Matrices, probability: fmpq) -> Iterator[tuple[Path, fmpq]]:
        for gradient, drawn, chance in sgd.gradients(weights):
            yield Path((*past.weights, weights), (*past.gradients, gradient), (*past.samples, drawn)), probability * chance

    waiting.append(batches(Path((), (), ()), sgd.student, fmpq(1)))
    while waiting:
        found = next(waiting[-1], None)
        if found is None:
            waiting.pop()
            continue
        path, probability = found
        if len(path.weights) > t:
            value = evaluated(function, "function(path)", path)
            number = value if isinstance(value, np.ndarray | fmpq) else to_fmpq(as_number(value, "function(path)"))
            total = total + number * probability
        else:
            waiting.append(batches(path, sgd.stepped(path.weights[-1], path.gradients[-1], len(path.weights) - 1), probability))
    return to_fraction_array(total) if isinstance(total, np.ndarray) else to_fraction(total)


def interpolated_polynomial(
    problem: TeacherStudent,
    step: int,
    layer: int | None,
    *,
    degree: int,
    kind: str = "variance",
    extra: int = 2,
    max_paths: float | None = None,
    budget: Budget | None = None,
) -> InverseBatchPolynomial:
    """The polynomial of at most this degree in 1/b through b = 1..degree+1, which must predict `extra` further b.

    `kind` is "variance", "second_moment" or "loss" (`layer` None). Raises RangeError when a further b is not
    predicted exactly (the degree is higher), UnaffordableError when all b together take more than `max_paths` paths or `budget`.
    """
    t, d = _checked(problem).check_step(step), as_index(degree, "degree")
    as_choice(kind, "kind", ("variance", "second_moment", "loss"))
    k = 1 if kind == "loss" else problem.check_layer(layer)
    sizes = range(1, d + 2 + as_index(extra, "extra"))
    cost = interpolation_cost(problem, len(_law(problem)[0]), sizes, t, t + (kind != "loss"))
    require_paths(cost, path_budgets(max_paths, budget), "enumeration", applicable(problem, POLYNOMIAL))

    def value(b: int) -> Fraction:
        if kind == "loss":
            return loss(problem, t, batch_size=b, max_paths=math.inf)
        second, mean = moments(problem, t, k, batch_size=b, max_paths=math.inf)
        return second - (sum((x * x for x in mean.ravel()), Fraction(0)) if kind == "variance" else 0)

    values = list(map(value, sizes))
    polynomial = InverseBatchPolynomial(_interpolate(values[: d + 1]))
    for b, exact in zip(sizes[d + 1 :], values[d + 1 :], strict=True):
        if polynomial(b) != exact:
            raise RangeError(f"degree {d} in 1/b is too low: at b = {b} it gives {shown(polynomial(b))}, not {shown(exact)}")
    return polynomial


@dataclass(frozen=True)
class _Enumeration:
    """SGD on one problem at one batch size, in rationals, or in balls where the activation asks for them; atoms are rows."""

    student: Matrices
    teacher: Matrices
    sigma: Sigma
    rates: tuple[fmpq, ...]
    optimizer: SGD
    atoms: tuple[np.ndarray, ...]
    probabilities: tuple[fmpq, ...]
    batch_size: int
    literal: bool

    def batches(self) -> Iterator[Batch]:
        """Every batch, as atoms with their shares (or literally all draws, with share 1/b each), and its probability."""
        few = _batch_count(len(self.atoms), self.batch_size, self.literal) <= KEPT
        return iter(self._kept) if few else self._listed()

    @cached_property
    def targets(self) -> Matrices:
        """f(w*; x) at every atom."""
        return tuple(forward(self.teacher, self.sigma, x)[1][-1] for x in self.atoms)

    @cached_property
    def _kept(self) -> list[Batch]:
        return list(self._listed())

    def _listed(self) -> Iterator[Batch]:
        b, p = self.batch_size, self.probabilities
        if self.literal:
            share = fmpq(1, b)  # one for all: there may be a million draws
            for batch in product(range(len(p)), repeat=b):
                yield [(i, share) for i in batch], math.prod((p[i] for i in batch), start=fmpq(1))
            return
        for counts, chance in _multinomial(b, p):
            yield [(i, fmpq(c, b)) for i, c in counts], chance

    def gradients(self, weights: Matrices, layer: int | None = None) -> Iterator[tuple[Matrices, tuple[Matrices, ...], fmpq]]:
        """(g_1, ..., g_H), or (g_layer,), for every batch, its draws when literal, and its probability."""
        at_atoms = [backpropagate(weights, self.sigma, x, y).gradients for x, y in zip(self.atoms, self.targets, strict=True)]
        layers = range(len(weights)) if layer is None else [layer - 1]
        for batch, chance in self.batches():
            draws = tuple(at_atoms[i] for i, _ in batch) if self.literal else ()
            yield tuple(reduce(add, (at_atoms[i][k] * share for i, share in batch)) for k in layers), draws, chance

    def stepped(self, weights: Matrices, gradient: Matrices, step: int) -> Matrices:
        """The weights after this step."""
        return self.optimizer.step(weights, gradient, self.rates[step])

    def law_of_weights(self, step: int) -> Iterator[tuple[Matrices, fmpq]]:
        """The values of w_step with their probabilities; equal values are merged."""
        law = {_key(self.student): (self.student, fmpq(1))}
        for s in range(step):
            following: dict[tuple[fmpq, ...], tuple[Matrices, fmpq]] = {}
            for weights, probability in law.values():
                for gradient, _, chance in self.gradients(weights):
                    new = self.stepped(weights, gradient, s)
                    key = _key(new)
                    following[key] = new, following.get(key, (new, fmpq(0)))[1] + probability * chance
            law = following
        return iter(law.values())


def _affordable(
    problem: TeacherStudent, batch_size: int, step: int, batches: int, literal: bool, allowed: tuple[Budget, ...]
) -> _Enumeration:
    """The enumeration of this many batches, with the learning rates before `step`, or the refusal."""
    b, (atoms, probabilities) = as_index(batch_size, "batch_size", minimum=1), _law(problem)
    cost = path_cost(problem, len(atoms), b, step, batches, as_flag(literal, "literal"))
    require_paths(cost, allowed, "enumeration", applicable(problem, POLYNOMIAL, SIMULATION))
    return _Enumeration(
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


def _batch_count(atoms: int, b: int, literal: bool) -> int:
    return atoms**b if literal else math.comb(b + atoms - 1, atoms - 1)


def _multinomial(total: int, p: tuple[fmpq, ...], first: int = 0) -> Iterator[tuple[list[tuple[int, int]], fmpq]]:
    """Every ((atom, count > 0), ...) of this total from atom `first` on, with total! / (c_1! c_2! ...) prod p^c.

    The binomials follow one another, binom(n, c) = binom(n, c-1) (n-c+1) / c: no factorial is ever formed.
    """
    last = len(p) - 1
    if not total:
        yield [], fmpq(1)
        return
    for i in range(first, last):
        term = fmpq(1)
        for c in range(1, total + 1):
            term *= p[i] * fmpq(total - c + 1, c)
            for rest, chance in _multinomial(total - c, p, i + 1):
                yield [(i, c), *rest], term * chance
    yield [(last, total)], p[last] ** total


def _interpolate(values: list[Fraction]) -> list[Fraction]:
    """Coefficients in eps of the polynomial with values[b-1] at eps = 1/b: the Vandermonde system, solved exactly."""
    n = len(values)
    powers = fmpq_mat(n, n, [fmpq(1, b**s) for b in range(1, n + 1) for s in range(n)])
    return [to_fraction(c) for c in powers.solve(fmpq_mat(n, 1, [to_fmpq(v) for v in values])).entries()]


def _lookup(sgd: _Enumeration, path: Path, letter: Any) -> np.ndarray:
    """The matrix that a letter of a trace form (W_{s,k}, g_{s,k}, W*_k or a constant) stands for on this path."""
    if letter.layer is None:
        return to_fmpq_array(letter.matrix)
    if letter.step is None:
        return sgd.teacher[letter.layer - 1]
    if letter.sample is None:
        return (path.weights if letter.kind == "W" else path.gradients)[letter.step][letter.layer - 1]
    if not sgd.literal:
        raise ValueError(f"literal must be set: {letter} is the gradient of a single sample")
    if letter.sample > sgd.batch_size:
        raise ValueError(f"batch_size must be at least {letter.sample}, the sample of {letter}, but was {sgd.batch_size}")
    return path.samples[letter.step][letter.sample - 1][letter.layer - 1]


def _law(problem: TeacherStudent) -> tuple[tuple[tuple[Fraction, ...], ...], tuple[Fraction, ...]]:
    law = _checked(problem).inputs.support()
    if law is None:
        raise ENUMERATION.cannot(problem, without_atoms(problem))
    return law


def _checked(problem: Any) -> TeacherStudent:
    problem = as_problem(problem)
    problem.optimizer.require_plain()
    return problem


def _require_rationals(problem: TeacherStudent) -> None:
    sigma = _checked(problem).activation
    if isinstance(sigma, Activation) and not sigma.is_piecewise_linear:
        balls = "variance_ball takes it, or " if sigma.is_certified else ""
        reason = f"activation must be a polynomial, relu or leaky_relu to be enumerated in rationals, but was {sigma}: "
        reason += f"{balls}theory.chebyshev.approximate makes a polynomial in its place"
        raise ENUMERATION.cannot(problem, reason)


def _key(weights: Matrices) -> tuple[Any, ...]:
    """Equal for equal weights; balls are equal when they are the same ball."""
    return tuple((*x.mid().man_exp(), *x.rad().man_exp()) if isinstance(x, arb) else x for w in weights for x in w.ravel().tolist())

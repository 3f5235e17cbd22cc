"""Problems of many kinds and sizes whose costs are predicted and measured: for `make benchmark` and `make calibrate`."""

from __future__ import annotations

import json
import os
import resource
import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction as F
from itertools import pairwise
from typing import Any

import numpy as np

from empirics import DataSet
from theory import SGD, Discrete, Gaussian, Independent, Rademacher, TeacherStudent, Uniform, chebyshev, enumeration, large_batch, recursion
from theory.approximation.gradient_gaps import every_path_bound, every_path_cost, gradient_gap_bound, runs_cost
from theory.budget import Cost
from theory.chebyshev.approximant import certifying_seconds
from theory.chebyshev.monomials import power_basis_cost
from theory.engines.base import Quantity, can
from theory.engines.deviations import Deviations
from theory.engines.frequencies import factorial_moments
from theory.engines.wishart import one_layer_squares
from theory.enumeration.batches import Urn
from theory.enumeration.path_counts import path_cost
from theory.gaussian_moments import Wishart as S
from theory.gaussian_moments import quadratic_forms_cost, quadratic_forms_moment, wishart_cost, wishart_moment
from theory.linear_regression import LinearRegression
from theory.references import quadrature
from theory.references.symbolic import SymbolicNetwork
from theory.references.symbolic_deep import SymbolicDeepNetwork
from theory.trace_forms import W, g, tr
from theory.variance_poly import ENGINES

#: Coefficients of an activation.
QUADRATIC = (0, 1, F(1, 2))
#: Of a case of an engine, as predicted.
MOST_SECONDS = 15.0


@dataclass(frozen=True)
class Case:
    """One computation: `make` gives fresh arguments, so that nothing is remembered from the last time."""

    kind: str
    name: str
    make: Any  # () -> argument
    predict: Any  # argument -> Cost
    compute: Any  # argument -> anything

    @property
    def is_cheap(self) -> bool:
        """Whether it is predicted to take less than a tenth of a second."""
        return bool(self.predict(self.make()).seconds < 0.1)


def network(
    sizes: tuple[int, ...], law: Any, *, floats: bool = False, activation: Any = (0, 1), seed: int = 0, rate: Any = F(1, 10)
) -> TeacherStudent:
    """Random weights: thirds of small integers, or doubles."""
    generator = np.random.default_rng(np.random.SeedSequence(seed))

    def weights() -> list[Any]:
        if floats:
            return [generator.normal(size=(n, m)) for m, n in pairwise(sizes)]
        return [[[F(int(x), 3) for x in row] for row in generator.integers(-5, 6, size=(n, m))] for m, n in pairwise(sizes)]

    return TeacherStudent(weights(), weights(), law, float(rate) if floats else rate, activation)


def with_long_weights(problem: TeacherStudent) -> TeacherStudent:
    """Every seventh weight of the student a double that is no short fraction: all numerators get as long as its own."""
    student = []
    for w in problem.student:
        longer = w.copy()
        longer.ravel()[::7] = [F(float(x) + 0.1) for x in w.ravel()[::7]]
        student.append(longer)
    return TeacherStudent(student, problem.teacher, problem.inputs, problem.learning_rates, problem.activation)


def with_momentum(problem: TeacherStudent) -> TeacherStudent:
    """And weights that decay."""
    optimizer = SGD(momentum=F(9, 10), weight_decay=F(1, 100))
    return TeacherStudent(problem.student, problem.teacher, problem.inputs, problem.learning_rates, optimizer=optimizer)


def atoms(count: int, p: int) -> Discrete:
    """`count` atoms in R^p."""
    generator = np.random.default_rng(np.random.SeedSequence(count))
    return Discrete([[F(int(x), 7) for x in row] for row in generator.integers(-400, 401, size=(count, p))])


def regression(n: int, p: int, optimizer: SGD) -> LinearRegression:
    """Normal doubles, with noise in the labels."""
    x = np.random.default_rng(np.random.SeedSequence(n)).normal(size=(n, p + 1))
    return LinearRegression(x[:, :p], x.sum(axis=1), [0] * p, 0.01, optimizer=optimizer)


def regression_cost(r: LinearRegression, what: str, step: int) -> Cost:
    """As the method asked for predicts it."""
    return {"polynomial": r.polynomial_cost, "values": r.trajectory_cost}[what](step) if step else r.limit_cost()


def points(count: int, p: int) -> DataSet:
    """A data set of normal doubles."""
    return DataSet(np.random.default_rng(np.random.SeedSequence(count)).normal(size=(count, p)))


def labelled(count: int, sizes: tuple[int, int, int]) -> TeacherStudent:
    """A network of doubles that learns labels."""
    problem, rng = network(sizes, Gaussian(sizes[0]), floats=True), np.random.default_rng(np.random.SeedSequence(count))
    data = DataSet(rng.normal(size=(count, sizes[0])), rng.normal(size=(count, sizes[2])))
    return TeacherStudent(problem.student, None, data, 0.1, sampling="without_replacement")


def _engines() -> Iterator[Case]:
    def case(engine: Any, what: str, make: Callable[[], TeacherStudent], quantity: Quantity) -> Case:
        name = f"{what}, {quantity}"
        return Case(engine.name, name, make, lambda p: engine.cost(p, quantity), lambda p: engine.compute(p, quantity))

    problems: list[tuple[str, Callable[[], TeacherStudent], tuple[int, ...]]] = [
        ("1-1-1 N", lambda: network((1, 1, 1), Gaussian(1)), (1, 2, 3, 4)),
        ("1-3-2 N", lambda: network((1, 3, 2), Gaussian(1)), (1, 2)),
        ("2-2-1 N", lambda: network((2, 2, 1), Gaussian(2)), (1,)),
        ("2-3-2 N float", lambda: network((2, 3, 2), Gaussian(2), floats=True), (0, 1)),
        ("3-2-1 N", lambda: network((3, 2, 1), Gaussian(3)), (1,)),
        ("1-32-32 N float", lambda: network((1, 32, 32), Gaussian(1), floats=True), (0, 1)),
        ("1-64-4 N float", lambda: network((1, 64, 4), Gaussian(1), floats=True), (1,)),
        ("8-32-16 signs float", lambda: network((8, 32, 16), Rademacher(8), floats=True), (0,)),
        ("2-2-1 uniform", lambda: network((2, 2, 1), Uniform(2)), (1,)),
        ("1-2-1 table", lambda: network((1, 2, 1), Independent(1, [1] + [F(k % 2 == 0) for k in range(1, 31)])), (1,)),
        ("2-2-1 30 atoms", lambda: network((2, 2, 1), atoms(30, 2)), (0, 1)),
        ("5-3-2 300 atoms", lambda: network((5, 3, 2), atoms(300, 5)), (0,)),
        ("1-2-1 3 atoms", lambda: network((1, 2, 1), atoms(3, 1)), (0, 1, 2)),
        ("1-2-1 2 atoms", lambda: network((1, 2, 1), atoms(2, 1)), (1, 2, 3, 4)),
        ("1-2-1 2 atoms float", lambda: network((1, 2, 1), atoms(2, 1), floats=True), (1, 3)),
        ("4-3-2 3 atoms, a few doubles", lambda: with_long_weights(network((4, 3, 2), atoms(3, 4))), (1, 2)),
        (
            "9-5-2 2 atoms, a few doubles, quadratic",
            lambda: with_long_weights(network((9, 5, 2), atoms(2, 9), activation=(0, 1, 1))),
            (1, 2),
        ),
        ("1-2-1 4 atoms, quadratic", lambda: network((1, 2, 1), atoms(4, 1), activation=(0, 1, F(1, 2))), (0, 1)),
        ("1-2-1 2 atoms, cubic", lambda: network((1, 2, 1), atoms(2, 1), activation=(0, 1, F(1, 2), F(1, 5))), (1, 2)),
        ("1-2-2-1 3 atoms", lambda: network((1, 2, 2, 1), atoms(3, 1)), (0, 1)),
        ("2-2-2-1 4 atoms float", lambda: network((2, 2, 2, 1), atoms(4, 2), floats=True), (1,)),
        ("3-2 N, one layer", lambda: network((3, 2), Gaussian(3)), (1, 4, 6, 20, 100, 300)),
        ("2-1 signs, one layer", lambda: network((2, 1), Rademacher(2)), (20, 200, 600)),
        ("3-1 40 atoms, one layer", lambda: network((3, 1), atoms(40, 3)), (3, 40)),
        ("3-1 N float, one layer", lambda: network((3, 1), Gaussian(3), floats=True), (10, 100)),
        ("9-2 N, cov, one layer", lambda: network((9, 2), Gaussian(cov=np.eye(9, dtype=int) * 2 + 1)), (2, 3)),
        ("8-2 N, one layer", lambda: network((8, 2), Gaussian(8)), (1, 10, 100)),
        ("2-2 N, momentum, one layer", lambda: with_momentum(network((2, 2), Gaussian(2))), (1, 20, 200)),
        ("3-2-1 2,000 points", lambda: network((3, 2, 1), points(2000, 3)), (0, 1)),
        ("2-3-2 6 labelled points", lambda: labelled(6, (2, 3, 2)), (0, 1)),
        ("8-6-4 200 labelled points", lambda: labelled(200, (8, 6, 4)), (0, 1)),
        ("64-32-10 250 labelled points", lambda: labelled(250, (64, 32, 10)), (1,)),
        ("16-8-4 N float", lambda: network((16, 8, 4), Gaussian(16), floats=True), (0, 1)),
        ("48-64-32 N float", lambda: network((48, 64, 32), Gaussian(48), floats=True), (1,)),
        ("200-300-100 N float", lambda: network((200, 300, 100), Gaussian(200), floats=True), (1,)),
        ("400-300-100 N float", lambda: network((400, 300, 100), Gaussian(400), floats=True), (1,)),
        ("12-6-3 N", lambda: network((12, 6, 3), Gaussian(12)), (1,)),
        ("1-1-1 N, quadratic", lambda: network((1, 1, 1), Gaussian(1), activation=QUADRATIC, seed=2), (0, 1, 2)),
        ("1-1-1 N, cubic", lambda: network((1, 1, 1), Gaussian(1), activation=(*QUADRATIC, F(1, 5)), seed=2), (1,)),
        ("1-1-1 N float, quadratic", lambda: network((1, 1, 1), Gaussian(1), floats=True, activation=QUADRATIC), (1,)),
        ("1-2-1 N, quadratic", lambda: network((1, 2, 1), Gaussian(1), activation=QUADRATIC, seed=2), (0, 1)),
        ("1-2-1 N, cubic", lambda: network((1, 2, 1), Gaussian(1), activation=(*QUADRATIC, F(1, 5)), seed=2), (1,)),
        ("1-2-1 500 points, quadratic", lambda: network((1, 2, 1), points(500, 1), activation=QUADRATIC, seed=2), (0, 1)),
        ("2-2-1 N, quadratic", lambda: network((2, 2, 1), Gaussian(2), activation=QUADRATIC, seed=2), (0, 1)),
        ("5-4-3 uniform, quadratic", lambda: network((5, 4, 3), Uniform(5), activation=QUADRATIC), (0,)),
        ("2-3-3 signs, quadratic", lambda: network((2, 3, 3), Rademacher(2), activation=QUADRATIC), (1,)),
        ("3-6-6 signs float", lambda: network((3, 6, 6), Rademacher(3), floats=True), (1,)),
        ("6-2-1-4 uniform", lambda: network((6, 2, 1, 4), Uniform(6)), (1,)),
        ("6-4 7 atoms float, one layer", lambda: network((6, 4), atoms(7, 6), floats=True), (1,)),
        ("64-3-2 N float, quadratic", lambda: network((64, 3, 2), Gaussian(64), floats=True, activation=QUADRATIC), (0,)),
        ("1-1-1-1 N, quadratic", lambda: network((1, 1, 1, 1), Gaussian(1), activation=QUADRATIC, seed=2), (0, 1)),
        ("1-1-1-1 N, cubic", lambda: network((1, 1, 1, 1), Gaussian(1), activation=(*QUADRATIC, F(1, 5)), seed=2), (0, 1)),
        ("1-1-1-1 2 atoms, cubic", lambda: network((1, 1, 1, 1), atoms(2, 1), activation=(*QUADRATIC, F(1, 5)), seed=2), (1,)),
        ("1-1-1-1 N", lambda: network((1, 1, 1, 1), Gaussian(1), seed=2), (1, 2)),
        ("2-3-3-1 uniform", lambda: network((2, 3, 3, 1), Uniform(2), seed=2), (1,)),
        ("3-3-2-2 N", lambda: network((3, 3, 2, 2), Gaussian(3), seed=2), (1,)),
        ("48-32-64-16 N float", lambda: network((48, 32, 64, 16), Gaussian(48), floats=True), (0,)),
        ("16-8-8-4 N float", lambda: network((16, 8, 8, 4), Gaussian(16), floats=True), (1,)),
        ("8-4-4-2 N", lambda: network((8, 4, 4, 2), Gaussian(8)), (1,)),
        ("4-3-3-2 N, cov", lambda: network((4, 3, 3, 2), Gaussian(cov=np.eye(4, dtype=int) + 1)), (1,)),
        ("32-32-32-32 N float", lambda: network((32, 32, 32, 32), Gaussian(32), floats=True), (1,)),
        ("16-8-8-8-4 N float", lambda: network((16, 8, 8, 8, 4), Gaussian(16), floats=True), (1,)),
        ("3-2-2-2-2-2 N", lambda: network((3, 2, 2, 2, 2, 2), Gaussian(3)), (1,)),
    ]
    for engine in ENGINES:
        for what, make, steps in problems:
            for step in steps:
                problem = make()
                losses = Quantity("loss", step), Quantity("loss_variance", step)
                layers = (1, 2) if engine.name == "data" else (1,)  # whose last sums are of another kind in layer 2
                for quantity in (*(Quantity("variance", step, k) for k in layers), Quantity("mean", step, 1), *losses):
                    if can(engine, problem, quantity) and engine.cost(problem, quantity).seconds < MOST_SECONDS:
                        yield case(engine, what, make, quantity)


def _large_batches() -> Iterator[Case]:
    for sizes, law, activation, t, method, order in (
        ((2, 2, 1), Gaussian(2), (0, 1), 1, "rationals", 2), ((2, 3, 2), Gaussian(2), (0, 1), 2, "rationals", 2),
        ((1, 2, 1), Gaussian(1), QUADRATIC, 1, "rationals", 2), ((2, 2, 1), Gaussian(2), QUADRATIC, 1, "rationals", 1),
        ((2, 2, 1), Gaussian(2), (0, 1), 300, "directions", 1), ((8, 6, 4), Gaussian(8), (0, 1), 2, "directions", 2),
        ((2, 2, 1), Gaussian(2), QUADRATIC, 3, "directions", 2), ((8, 6, 4), Gaussian(8), (0, 1), 100, "probes", 1),
        ((20, 30, 10), Gaussian(20), (0, 1), 10, "probes", 2), ((3, 4, 2), Uniform(3), QUADRATIC, 3, "probes", 1),
        ((64, 256, 128), Gaussian(64), (0, 1), 10, "probes", 1),
    ):  # fmt: skip
        yield Case(
            "large_batch", f"{sizes} {law}, {len(activation) - 1}, t = {t}, {method}, order {order}",
            lambda sizes=sizes, law=law, a=activation: network(
                sizes, law, activation=a, floats=sizes[0] > 3, rate=F(1, 10 if sizes[0] < 20 else 10**6)  # or they diverge
            ),
            lambda p, t=t, m=method, o=order: large_batch.predicted_cost(p, t, method=m, order=o),
            lambda p, t=t, m=method, o=order: large_batch.large_batch_law(p, [t], 1, method=m, order=o, probes=64),
        )  # fmt: skip


def _others() -> Iterator[Case]:
    large = (3, Quantity("variance", 2, 1)), (3, Quantity("variance", 2, 2)), (2, Quantity("loss", 3)), (2, Quantity("mean", 3, 1))
    for inputs, quantity in large:  # which tell the units apart
        yield Case(
            "deviations", f"{inputs}-2-1 N, {quantity}", lambda p=inputs: network((p, 2, 1), Gaussian(p)),
            lambda p, q=quantity: Deviations().cost(p, q), lambda p, q=quantity: Deviations().compute(p, q),
        )  # fmt: skip
    for sizes, steps in (((1, 1, 1), (1, 2)), ((1, 3, 1), (1,)), ((1, 2, 2, 1), (1,)), ((1, 1), (2, 5))):
        for t in steps:
            yield Case(
                "quadrature", f"{sizes}, t = {t}", lambda sizes=sizes: network(sizes, Gaussian(1)),
                lambda p, t=t: quadrature.predicted_cost(p, t), lambda p, t=t: quadrature.variance(p, t, 1, batch_size=4),
            )  # fmt: skip
    for sizes in ((1, 2, 1), (1, 4, 1), (2, 1, 1)):
        for route in ("generator", "partitions"):
            yield Case(
                "symbolic", f"{sizes} by {route}", lambda sizes=sizes: SymbolicNetwork(sizes),
                lambda n, r=route: n.predicted_cost(1, r), lambda n, r=route: getattr(n, f"variance_by_{r}")(1, 1),
            )  # fmt: skip
    for sizes, sigma in (
        ((1, 1, 1), QUADRATIC),
        ((1, 2, 1), (0, 0, 1)),
        ((1, 2, 1, 1), (0, 1)),
        ((2, 2, 1), (0, 1)),
        ((1, 1, 2), (0, 0, 1)),
    ):
        yield Case(
            "symbolic", f"{sizes}, {sigma}", lambda sizes=sizes, sigma=sigma: SymbolicDeepNetwork(sizes, sigma, Gaussian(sizes[0])),
            lambda n: n.predicted_cost(1), lambda n: n.variance(1, 1),
        )  # fmt: skip
    for sizes, t, floats in (((2, 2, 1), 4, False), ((3, 3, 3, 2), 2, False), ((8, 6, 4), 2, True), ((20, 10, 10, 5), 1, True)):
        yield Case(
            "large_batch", f"{sizes}, t = {t}{' float' if floats else ''}",
            lambda sizes=sizes, floats=floats: network(sizes, Gaussian(sizes[0]), floats=floats),
            lambda p, t=t, m="directions" if floats else "rationals": large_batch.predicted_cost(p, t, method=m),
            lambda p, t=t: large_batch.leading_coefficient(p, t, 1),
        )  # fmt: skip
    for n, p, sgd in ((500, 7, SGD()), (50, 3, SGD(momentum=F(9, 10))), (200, 12, SGD())):
        for what, t, ask in (
            ("polynomial", 6, lambda r, t: r.variance_polynomial(t)),
            ("values", 300, lambda r, t: r.trajectory(t, 4)),
            ("limit", 0, lambda r, t: r.stationary(4)),
        ):
            yield Case(
                "linear regression", f"{n} samples, p = {p}, {sgd}: {what}, t = {t}",
                lambda n=n, p=p, sgd=sgd: regression(n, p, sgd),
                lambda r, what=what, t=t: regression_cost(r, what, t), lambda r, t=t, ask=ask: ask(r, t),
            )  # fmt: skip
    linear, leaky = (0, 1), "leaky_relu(1/4)"
    for activation, b, t in ((linear, 6, 1), (linear, 20, 1), (linear, 3, 3), ((0, 1, 1), 4, 2), ("tanh", 6, 1), (leaky, 12, 1)):
        call = enumeration.variance_ball if activation == "tanh" else enumeration.variance
        yield Case(
            "enumeration", f"{activation}, b = {b}, t = {t}", lambda a=activation: network((1, 2, 1), atoms(3, 1), activation=a),
            lambda p, b=b, t=t: path_cost(p, Urn(3), b, t, t + 1, False),
            lambda p, b=b, t=t, call=call: call(p, t, 1, batch_size=b),
        )  # fmt: skip
    for count, b, t in ((2, 9, 0), (2, 5, 1), (1, 10**5, 1)):
        yield Case(
            "enumeration", f"{count} atoms, literally, b = {b}, t = {t}", lambda n=count: network((1, 2, 1), atoms(n, 1)),
            lambda p, n=count, b=b, t=t: path_cost(p, Urn(n), b, t, t + 1, True),
            lambda p, b=b, t=t: enumeration.moments(p, t, 1, batch_size=b, literal=True),
        )  # fmt: skip
    forms = {"|g_0|^2": tr(g(0, 1).T @ g(0, 1)), "|g_1|^2": tr(g(1, 1).T @ g(1, 1)), "tr W_1 W_1": tr(W(1, 1) @ W(1, 2))}
    for name, form in forms.items():
        for law in (Gaussian, Uniform):
            if (name, law) == ("|g_1|^2", Uniform):
                continue
            yield Case(
                "recursion", f"{name}, {law.__name__}", lambda law=law: network((2, 2, 2), law(2)),
                lambda p, f=form: recursion.predicted_cost(f, p), lambda p, f=form: recursion.expectation(f, p),
            )  # fmt: skip
    for d, n in ((9, 1), (12, 1), (14, 1), (2, 25), (2, 40), (3, 9)):
        matrices = [[[k + 1, 1], [0, 2]] for k in range(d)] * n
        yield Case(
            "quadratic forms", f"{d} forms {n} times", lambda m=matrices: m,
            lambda m, d=d, n=n: quadratic_forms_cost((n,) * d, 2), lambda m: quadratic_forms_moment(m, [[2, 1], [1, 2]]),
        )  # fmt: skip
    for batches, degree in ((1, 5), (1, 6), (1, 7), (1, 9), (1, 10), (2, 4)):
        words = [[x for k in range(degree) for b in range(batches) for x in (S(b), [[1, k], [0, 2]])]]
        yield Case(
            "Wishart words", f"{batches} batches of degree {degree}", lambda w=words: w,
            lambda w, k=batches, d=degree: wishart_cost((d,) * k, 2), lambda w: wishart_moment(w, [[1, 0], [0, 1]]),
        )  # fmt: skip
    for degree in (9, 40, 120):
        yield Case(
            "chebyshev", f"tanh, degree {degree}", lambda: None,
            lambda _, n=degree: Cost(certifying_seconds(n), 1e6, "cells"),
            lambda _, n=degree: chebyshev.approximate("tanh", 3, n),
        )  # fmt: skip
    for degree, radius in ((300, 3), (1000, 3), (3000, 1), (2000, 0.1)):
        yield Case(
            "chebyshev", f"powers of x, degree {degree}, R = {radius}", lambda n=degree: [1.0] * (n + 1),
            lambda c, r=radius: power_basis_cost(
                len(c) - 1, coefficient_bits=1, radius_bits=sum(x.bit_length() for x in F(r).as_integer_ratio())
            ),
            lambda c, r=radius: chebyshev.power_basis(c, F(r)),
        )  # fmt: skip
    for count in (20, 400):
        yield Case(
            "gap bounds", f"{count} steps", lambda: network((1, 2, 1), Rademacher(1), activation="tanh"),
            lambda p, n=count: every_path_cost(p, n), lambda p, n=count: _bounds(p, n),
        )  # fmt: skip
    for samples in (2_000, 100_000):
        yield Case(
            "gap bounds", f"{samples} samples", lambda: network((2, 3, 1), Rademacher(2), activation="tanh"),
            lambda p, n=samples: runs_cost(p, n), lambda p, n=samples: _runs(p, n),
        )  # fmt: skip


def _runs(problem: TeacherStudent, samples: int) -> object:
    x = problem.inputs.sample(np.random.default_rng(0), (2, samples // 2))
    return gradient_gap_bound(problem, chebyshev.approximate("tanh", 64, 5, certify=False), x)


def _bounds(problem: TeacherStudent, steps: int) -> object:
    from theory.approximation.gap_bounds import DomainError

    quiet = TeacherStudent(problem.student, problem.student, problem.inputs, 0, problem.activation)  # stays in the domain
    try:
        return every_path_bound(quiet, chebyshev.approximate("tanh", 16, 5, certify=False), steps)
    except DomainError as left:
        return left


def grid() -> list[Case]:
    """All cases, of every engine and every primitive with a cost model."""
    return [*_engines(), *_large_batches(), *_others()]


def measured_seconds(case: Case, times: int = 3) -> float:
    """The median of CPU time, a machine being shared; of what takes long, one."""
    taken: list[float] = []
    while len(taken) < times and sum(taken) < 2:
        argument = case.make()
        factorial_moments.cubature.cache_clear()
        one_layer_squares._step.cache_clear()
        start = time.process_time()
        case.compute(argument)
        taken.append(time.process_time() - start)
    return statistics.median(taken)


def measured_bytes(case: Case) -> int:
    """What the computation adds to the largest memory of a process: of a copy of this one."""
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        argument = case.make()
        with open("/proc/self/clear_refs", "w", encoding="ascii") as peak:
            peak.write("5")
        before = _resident()
        case.compute(argument)
        os.write(write, json.dumps(max(0, _peak() - before)).encode())
        os._exit(0)
    os.close(write)
    with os.fdopen(read, "rb") as pipe:
        text = pipe.read()
    os.waitpid(child, 0)
    return int(json.loads(text or b"0"))


def _peak() -> int:
    with open("/proc/self/status", encoding="ascii") as status:
        lines = [line for line in status if line.startswith("VmHWM:")]
    return int(lines[0].split()[1]) << 10 if lines else resource.getrusage(resource.RUSAGE_SELF).ru_maxrss << 10


def _resident() -> int:
    with open("/proc/self/statm", encoding="ascii") as pages:
        return int(pages.read().split()[1]) * resource.getpagesize()

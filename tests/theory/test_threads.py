"""flint's precision and cap belong to the process: many threads, and callers who left them odd, get what one thread gets, to the bit.

With a guard missing, one thread computes in another's bits, or on power series that another's cap cut short.
"""

from __future__ import annotations

import math
import sys
import threading
from dataclasses import fields, is_dataclass, replace
from fractions import Fraction as F

import numpy as np
import pytest
from flint import arb, ctx
from hypothesis import settings

from tests.instances import PINNED, SMOOTH
from theory import Gaussian, TeacherStudent, enumeration, large_batch, recursion, variance_poly
from theory.approximation import certified_decreasing_range, every_path_bound, product_gap_bound
from theory.chebyshev import ActivationPolynomial, approximate
from theory.chebyshev.bernstein_ellipses import degree_for
from theory.claims import general_networks, theorem_a9, theorem_a10
from theory.claims.support import second_route
from theory.engines.base import Quantity
from theory.engines.trace_words import TraceWords
from theory.gaussian_moments import Wishart, wishart_moment
from theory.inputs import DataSet
from theory.inverse_batch import InverseBatchPolynomial
from theory.references import ball_runs, quadrature
from theory.trace_forms import W, g, tr

THREADS = 8
ROUNDS = 4

_ATOMS, _BOUNDED, _SCALAR = SMOOTH["three atoms"], SMOOTH["two inputs"], PINNED["scalar"]
_CUBIC = replace(_ATOMS, activation=(0, 1, 0, F(-1, 3)))
_DOUBLES = TeacherStudent(
    [np.random.default_rng(0).normal(size=(3, 4)), np.random.default_rng(1).normal(size=(2, 3))],
    [np.random.default_rng(2).normal(size=(3, 4)), np.random.default_rng(3).normal(size=(2, 3))],
    Gaussian(cov=np.diag([1.0, 0.5, 0.3, 2.0])),
    0.1,
)
_SIGMOID = approximate("sigmoid", 4, 9)
_TANH = approximate("tanh", 3, 15)
_ROOTS = InverseBatchPolynomial([0, 7, F(-31, 3), 4, F(1, 7), -2])
_TINY = InverseBatchPolynomial([0, F(1, 10**400), F(-2, 3 * 10**333)])
_COVARIANCE = [[1.5, 0.1], [0.1, 0.7]]
_STEP = np.array([[[1, -1], [1, 1]], [[-1, 1], [1, -1]]])


def _balls(kind, step, layer):
    return lambda: TraceWords("balls").compute(_DOUBLES, Quantity(kind, step, layer))


CALLS = {
    **{f"approximate {name}": lambda name=name: approximate(name, 3, 6) for name in ("gelu", "silu", "softplus", "tanh")},
    "approximate elu": lambda: approximate("elu", 1, 4, "interpolate_derivative"),
    "approximate relu": lambda: approximate("relu", 1, 4, "interpolate"),
    "certify": lambda: ActivationPolynomial.of("gelu", [0.5, 0.7, 0.2], 2),
    "degree_for": lambda: degree_for("silu", 1, 1e-3),
    "variance_ball": lambda: enumeration.variance_ball(_ATOMS, batch_size=3, step=1, layer=1),
    "variance_ball in few bits": lambda: enumeration.variance_ball(_ATOMS, batch_size=2, step=1, layer=2, bits=60),
    "variance_ball relu": lambda: enumeration.variance_ball(replace(_ATOMS, activation="relu"), batch_size=3, step=1, layer=2),
    "enumeration": lambda: enumeration.variance(_CUBIC, batch_size=2, step=1, layer=1),
    "frequencies": lambda: variance_poly.variance_polynomial(_CUBIC, 1, 1),
    "data set": lambda: variance_poly.variance_polynomial(replace(_CUBIC, inputs=DataSet([[0.5], [0.1], [-2.0]])), 0, 1),
    "wishart": lambda: variance_poly.variance_polynomial(_SCALAR, 2, 1, engine="wishart"),
    "trace words": lambda: variance_poly.variance_polynomial(_SCALAR, 1, 2, engine="trace_words"),
    "deep moments": lambda: variance_poly.variance_polynomial(replace(_SCALAR, activation=(0, 1, 1)), 1, 2, engine="deep_moments"),
    "trace words in balls": _balls("variance", 1, 1),
    "mean in balls": _balls("mean", 1, 2),
    "loss in balls": _balls("loss", 1, None),
    "wishart_moment": lambda: wishart_moment([[Wishart(), [[1.1, 0.2], [0.3, 0.4]], Wishart()]], _COVARIANCE, arithmetic="balls"),
    "recursion": lambda: recursion.expectation(tr(g(0, 1).T @ g(0, 1)), _SCALAR),
    "large batch": lambda: large_batch.leading_coefficient(_SCALAR, 2, 1),
    "quadrature": lambda: quadrature.variance(_SCALAR, 1, 1, batch_size=F(7, 2)),
    "quadrature loss": lambda: quadrature.loss(_SCALAR, 1, batch_size=3, bits=64),
    "threshold": lambda: (_ROOTS.threshold, _ROOTS.threshold_interval(90), _ROOTS.decreasing_from()),
    "text": lambda: (_TINY.latex(), _TINY.latex(digits=9), repr(_TINY)),
    "decreasing range": lambda: certified_decreasing_range(_ATOMS, _TANH, 1, 1, largest=4),
    "product gap": lambda: product_gap_bound(tr(g(1, 1).T @ W(1, 1)) * F(1, 3), _BOUNDED, every_path_bound(_BOUNDED, _SIGMOID, 2)),
    "distances": lambda: ball_runs.distances(_BOUNDED, _SIGMOID.activation, _SIGMOID, _STEP[:1]),
    "second route": lambda: second_route.compare([F(1, 3)], [second_route.gradient_variance(_SCALAR, 1, 1, batch_size=2)]),
    "claim A.9": lambda: theorem_a9.check_printed_proof(replace(theorem_a9.close_in_value(), degree=5, orders=(1, 11))),
    "claim A.10": lambda: theorem_a10.CLAIM.check(
        theorem_a10.Instance("two factors", theorem_a9.Instance("", _BOUNDED, F(4), 7, _STEP), tr(g(0, 1).T @ g(0, 1)))
    ),
    "claim 3.5 extended": lambda: general_networks.check(general_networks.Close("", _ATOMS, 1, 1, F(3), 9, 3)),
}


def exactly(value):
    """What a result is, to the last bit, as something that == compares."""
    if isinstance(value, arb):
        return [tuple(map(int, part.man_exp())) for part in (value.mid(), value.rad())]
    if isinstance(value, np.ndarray):
        return [value.shape, *map(exactly, value.ravel().tolist())]
    if is_dataclass(value):
        return [type(value).__name__, *(exactly(getattr(value, f.name)) for f in fields(value))]
    if isinstance(value, dict):
        return [[key, exactly(x)] for key, x in value.items()]
    if isinstance(value, tuple | list):
        return [exactly(x) for x in value]
    if isinstance(value, np.polynomial.Chebyshev):
        return exactly(value.coef)
    return value.hex() if isinstance(value, float) else value


@pytest.fixture(scope="module")
def serial():
    """Every call's result in one thread under flint's defaults."""
    assert (ctx.prec, ctx.cap) == (53, 10)
    return {name: exactly(call()) for name, call in CALLS.items()}


@pytest.fixture
def nervous():
    """Threads take turns every few microseconds."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(2e-6)
    yield
    sys.setswitchinterval(before)
    ctx.default()


def test_eight_threads_get_what_one_gets(serial, nervous):
    """Each walks through all the calls, in an order of its own."""
    ctx.prec, ctx.cap = 61, 6
    names, wrong, done = list(CALLS), [], []
    start = threading.Barrier(THREADS)
    rounds = ROUNDS * (20 if settings.default.max_examples > 500 else 1)

    def walk(seed):
        order = np.random.default_rng(seed)
        start.wait()
        for _ in range(rounds):
            for i in order.permutation(len(names)):
                try:
                    found = exactly(CALLS[names[i]]())
                except Exception as error:
                    found = error
                if found != serial[names[i]]:
                    wrong.append((names[i], found if isinstance(found, Exception) else "other bits"))
        done.append(seed)

    threads = [threading.Thread(target=walk, args=(seed,)) for seed in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong and len(done) == THREADS
    assert (ctx.prec, ctx.cap) == (61, 6)


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize(("prec", "cap"), [(2, 1), (2, 0), (3000, 200)])
def test_whatever_precision_the_caller_left(serial, nervous, name, prec, cap):
    ctx.prec, ctx.cap = prec, cap
    assert exactly(CALLS[name]()) == serial[name]
    assert (ctx.prec, ctx.cap) == (prec, cap)


def test_results_are_compared_to_the_bit():
    """The comparison itself tells a bit from the next."""
    third, other = arb(1) / 3, arb(1) / 3 + arb(0, 1e-300)
    assert exactly(third) == exactly(arb(1) / 3) != exactly(other)
    assert exactly([1.0, {"a": np.array([0.5])}]) != exactly([1.0, {"a": np.array([math.nextafter(0.5, 1)])}])
    assert exactly(_SIGMOID) != exactly(replace(_SIGMOID, value_error=math.nextafter(_SIGMOID.value_error, 1)))


@pytest.mark.parametrize("law", [Gaussian(cov=[[2, 1], [1, 3]]), DataSet([[1.0, 2.0], [3.0, 5.0]])], ids=str)
def test_a_law_is_pickled_while_others_fill_its_caches(law):
    """A name that computes something when it is looked at stands for another thread."""
    busy = []

    class Name(str):
        __slots__ = ()
        __hash__ = str.__hash__

        def __eq__(self, other):
            busy.append(vars(law).setdefault(f"computed meanwhile {len(busy)}", 1))
            return str.__eq__(self, other)

        __ne__ = object.__ne__

    vars(law)[Name("looked at")] = 0
    state = law.__getstate__()
    assert busy and "second_moment" not in state
    assert state.keys() >= {"dimension"}

"""Public functions of the theory take the step, then the layer; every other integer that could be mistaken for one is a keyword."""

from __future__ import annotations

import inspect

import numpy as np
import pytest

from theory import (
    activations,
    approximation,
    chebyshev,
    degrees,
    enumeration,
    gaussian_moments,
    inverse_batch,
    kronecker,
    large_batch,
    polynomial_networks,
    recursion,
    trace_forms,
    variance_poly,
)
from theory.approximation import gradient_gaps, product_gaps, variance_gaps
from theory.arithmetic import real_roots
from theory.chebyshev import bernstein_ellipses, sup_bounds
from theory.claims.support import second_route
from theory.references import quadrature, symbolic
from theory.trace_forms import letters

MODULES = (
    activations, approximation, bernstein_ellipses, chebyshev, degrees, enumeration, gaussian_moments, gradient_gaps,
    inverse_batch, kronecker, letters, polynomial_networks, product_gaps, real_roots, recursion, sup_bounds, symbolic, trace_forms,
    variance_gaps, variance_poly, second_route, large_batch, quadrature,
)  # fmt: skip
#: What takes an integer, whatever its annotation says.
INTEGERS = frozenset({"batch_size", "step", "steps", "layer", "degree", "depth", "size", "largest", "order", "bits", "piece"})
#: W(step, layer), g(step, layer, sample); the matrix e_row e_column^T.
ORDERS = (("step", "layer", "sample"), ("steps", "layer"), ("size", "row", "column", "columns"))


def mistakable(function):
    """Positional parameters that take integers, when there are several in no order of ORDERS."""
    parameters = inspect.signature(function).parameters.values()
    positional = [p for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    integers = tuple(p.name for p in positional if p.name in INTEGERS or "int" in str(p.annotation).split(" | "))
    return () if len(integers) < 2 or any(order[: len(integers)] == integers for order in ORDERS) else integers


def public(module):
    """What a module defines or offers in its `__all__`, methods of its classes too."""
    for name, value in vars(module).items():
        mine = getattr(value, "__module__", "") == module.__name__ or name in getattr(module, "__all__", ())
        if name.startswith("_") or not mine:
            continue
        if inspect.isclass(value):
            yield from ((f"{name}.{n}", f) for n, f in vars(value).items() if inspect.isfunction(f) and not n.startswith("_"))
        elif callable(value) and not hasattr(value, "cache_info"):
            yield name, value
        elif hasattr(value, "cache_info"):
            yield name, value.__wrapped__


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.__name__)
def test_integers_that_could_be_mistaken_are_keywords(module):
    functions = dict(public(module))
    assert functions
    assert {name: found for name, f in functions.items() if (found := mistakable(f))} == {}


def test_the_rule_sees_what_breaks_it():
    def old_variance(problem, batch_size: int, step: int, layer: int): ...
    def two(count: int, power: int | None = None): ...
    def fine(problem, step: int, layer: int | None, *, batch_size: int, bits: int = 3): ...

    assert mistakable(old_variance) == ("batch_size", "step", "layer")
    assert mistakable(two) == ("count", "power")
    assert mistakable(fine) == () and mistakable(np.ndarray.reshape) == ()

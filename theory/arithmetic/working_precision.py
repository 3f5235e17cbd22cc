"""flint's context, guarded: the one place that reads or changes the working precision of balls and the cap of power series.

Both belong to the whole process. A thread that changes them while another computes gives that one other bits, and a lowered cap cuts
power series short. So whoever computes with balls does it in a block,

    with working_precision(128):
        ...                             # one thread at a time, in 128 bits, whatever the caller's precision was

and the context is afterwards what it was before, however the block is left. Blocks may be nested. What is computed outside of blocks
must not depend on the context: comparisons of balls, `mid()`, `rad()` and `float(ball)` do not; sums, `upper()` and arb(rational) do.
A block must not wait for a lock that others hold while they wait for a block (a cached property whose value needs one), and must not
be left open by a generator that yields.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from flint import arb, arb_series, ctx

from theory.budget import RangeError

T = TypeVar("T")

_lock = threading.RLock()
#: (thread, precision, cap): who opened each block that is open now, and what was found; the outermost first.
_open: list[tuple[int, int, int]] = []


@contextmanager
def working_precision(bits: int | None = None, *, terms: int | None = None) -> Iterator[None]:
    """A block, also a decorator, that has flint's context for itself: in `bits` bits, or in those that it finds.

    Power series are cut after `terms` terms, or after as many as it finds.

    Examples:
        >>> with working_precision(100):
        ...     print((arb(1) / 3).rad() < 1e-29)
        True
    """
    with _lock:
        depth, precision, cap = len(_open), ctx.prec, ctx.cap
        try:
            _open.append((threading.get_ident(), precision, cap))
            if bits is not None:
                ctx.prec = bits
            if terms is not None:
                ctx.cap = terms
            yield
        finally:
            ctx.prec, ctx.cap = precision, cap
            del _open[depth:]


def in_growing_bits(compute: Callable[[], T], is_enough: Callable[[T], bool], bits: int, most: int) -> T:
    """compute() in a block of `bits` bits, which are doubled until it is enough, or would be more than `most`: the last that was found."""
    while True:
        with working_precision(bits):
            found = compute()
        bits *= 2
        if bits > most or is_enough(found):
            return found


def in_enough_bits(compute: Callable[[], T | None], bits: int, most: int, failure: str) -> T:
    """compute() in a block of `bits` bits, which are doubled until it is not None; RangeError(failure) beyond `most` bits."""
    found = in_growing_bits(compute, lambda result: result is not None, bits, most)
    if found is None:
        raise RangeError(failure)
    return found


def taylor_coefficients(function: Callable[[arb_series], arb_series], x: arb, order: int) -> list[arb]:
    """f_0, ..., f_{order-1} of function(x + s) = sum_j f_j s^j, in the precision that is set.

    A series knows the order up to which it is known; terms that it leaves out below are zeros. ArithmeticError when it is known to
    fewer terms than were asked for: those beyond are not zeros.

    Examples:
        >>> [float(c) for c in taylor_coefficients(lambda s: s * s, arb(3), 4)]
        [9.0, 6.0, 1.0, 0.0]
    """
    if not order:
        return []  # a series cut before its first term has no inverse and no square root
    with working_precision(terms=order):
        series = function(arb_series([x, 1], order))
        coefficients, known = series.coeffs(), series.prec
    if known < order:
        raise ArithmeticError(f"a power series is known to {known} terms where {order} were asked for")
    return coefficients + [arb(0)] * (order - len(coefficients))


def _after_fork() -> None:
    """In the child only the thread that forked is left: blocks of others will never be left, and end here."""
    global _lock
    if _open and _open[0][0] == threading.get_ident():
        return
    if _open:
        _, ctx.prec, ctx.cap = _open[0]
        _open.clear()
    _lock = threading.RLock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)

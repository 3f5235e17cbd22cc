"""One guarded place for flint's context: restored however a block is left, for one thread at a time, and series never padded."""

from __future__ import annotations

import math
import os
import signal
import threading
from pathlib import Path

import pytest
from flint import arb, ctx, fmpq

from tests.theory.arithmetic import context_rules
from theory.activations import activation
from theory.arithmetic.working_precision import in_enough_bits, in_growing_bits, taylor_coefficients, working_precision
from theory.budget import RangeError

ROOT = Path(__file__).parents[3]


@pytest.fixture(autouse=True)
def _context_as_found():
    """Odd values, so that a default put in their place is seen."""
    ctx.prec, ctx.cap = 71, 7
    yield
    left = ctx.prec, ctx.cap
    ctx.default()
    assert left == (71, 7)


def test_nobody_else_touches_the_context():
    assert context_rules.violations(ROOT) == []


@pytest.mark.parametrize(
    "source",
    [
        "from flint import arb, ctx",
        "import flint\nflint.ctx.prec = 3",
        "from flint.flint_base.flint_context import thectx",
        "import flint as f\nwith f.ctx.workprec(3): pass",
        "from flint import *",
        "import flint as f\nf.ctx.cap = 2",
        "import flint.flint_base.flint_context as c\nc.thectx.cap = 2",
        "import flint.types\nflint.flint_base.flint_context.ctx.cap = 2",
        "def f():\n    with working_precision(3):\n        for x in y:\n            yield x",
        "def f():\n    with lock, wp.working_precision(3):\n        x = yield from y",
    ],
)
def test_the_rule_sees_what_breaks_it(source):
    assert context_rules.complaints(source)


def test_the_rule_allows_the_rest():
    assert not context_rules.complaints("from flint import arb, fmpq_mpoly_ctx\nwith working_precision(3):\n    f = lambda: (yield)")


def test_blocks_are_nested_and_left_by_every_door():
    with working_precision(200):
        with working_precision(90):
            assert ctx.prec == 90
        assert ctx.prec == 200
        with working_precision():
            assert ctx.prec == 200
            ctx.prec, ctx.cap = 10, 2  # whatever was done inside
        assert (ctx.prec, ctx.cap) == (200, 7)
        with pytest.raises(ZeroDivisionError), working_precision(300):
            _ = 1 // 0
        assert ctx.prec == 200
    with pytest.raises(ValueError, match="prec"), working_precision(1):  # flint's least is 2
        pass
    for _ in range(2):
        with working_precision(200):
            break

    @working_precision(300)
    def third(n):
        return third(n - 1) if n else (arb(1) / 3).rad()

    assert third(3) < arb(2) ** -290


def test_a_generator_that_is_left_closes_its_block():
    def numbers():
        with working_precision(500):
            yield ctx.prec
            yield 0

    for found in numbers():
        assert found == 500
        break
    assert ctx.prec == 71
    abandoned = numbers()
    next(abandoned)
    del abandoned
    assert ctx.prec == 71
    _enter_elsewhere()  # the lock is free


def test_one_thread_at_a_time():
    """Eight threads in blocks of their own precision: each finds it again, however often they take turns."""
    wrong, start = [], threading.Barrier(8)

    def work(bits):
        start.wait()
        for _ in range(200):
            with working_precision(bits):
                widths = [(arb(1) / 3).rad().man_exp() for _ in range(20)]
                with working_precision(bits + 1):
                    pass
                if ctx.prec != bits or len(set(widths)) > 1:
                    wrong.append(bits)

    threads = [threading.Thread(target=work, args=(100 * (n + 1),)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_a_series_has_the_terms_that_were_asked_for():
    with working_precision(60):
        for order in (1, 2, 7, 30):  # the cap was 7
            exponential = taylor_coefficients(lambda s: s.exp(), arb(0), order)
            assert len(exponential) == order and all(c.overlaps(arb(fmpq(1, math.factorial(j)))) for j, c in enumerate(exponential))


@pytest.mark.parametrize("order", [1, 2, 5, 12])
def test_polynomials_are_shorter_and_filled_up_with_zeros(order):
    for function, exact in ((lambda s: s, [3, 1]), (lambda s: s * s, [9, 6, 1]), (lambda s: s - s, []), (lambda s: s - s + 5, [5])):
        found = taylor_coefficients(function, arb(3), order)
        assert [int(c.unique_fmpz()) for c in found] == (exact + [0] * order)[:order]
    flat = taylor_coefficients(lambda s: (s - s + 2).exp(), arb(3), order)
    assert flat[0].contains(arb(2).exp()) and all(c == 0 for c in flat[1:])


def _lowered(s):
    ctx.cap = 2
    return s


def _lowered_for_a_moment(s):
    before, ctx.cap = ctx.cap, 2
    cut = s.exp()
    ctx.cap = before
    return 1 / (1 + cut)


@pytest.mark.parametrize("name", ["sigmoid", "tanh", "softplus", "gelu", "silu", "elu"])
def test_a_series_cut_short_by_a_lowered_cap_is_an_error(name):
    """Somebody lowers the cap before, after or while the formula runs."""
    formula = activation(name).pieces[0].series
    with working_precision(64):
        assert len(taylor_coefficients(formula, arb(-1), 9)) == 9
        for meddled in (lambda s: formula(_lowered(s)), lambda s: _lowered(formula(s)) * 1, _lowered_for_a_moment):
            with pytest.raises(ArithmeticError, match="known to 2 terms where 9") as refused:
                taylor_coefficients(meddled, arb(-1), 9)
            assert not isinstance(refused.value, ValueError)  # which certified_sup takes for a cell that is too wide


def test_bits_are_doubled_until_they_suffice_or_end():
    seen = []

    def enough():
        seen.append(ctx.prec)
        return "done" if ctx.prec >= 400 else None

    assert in_enough_bits(enough, 100, 1000, "never") == "done" and seen == [100, 200, 400]
    with pytest.raises(RangeError, match="not even in 300"):
        in_enough_bits(enough, 100, 300, "not even in 300")
    assert in_growing_bits(lambda: ctx.prec, lambda bits: bits > 300, 100, 1000) == 400
    assert in_growing_bits(lambda: ctx.prec, lambda bits: False, 100, 400) == 400  # the last, enough or not


def _enter_elsewhere():
    """Another thread can open a block: nobody holds one."""
    found = []

    def enter():
        with working_precision(99):
            found.append(ctx.prec)

    thread = threading.Thread(target=enter, daemon=True)
    thread.start()
    thread.join(60)
    assert found == [99]


def _in_child(check):
    """Runs check() in a forked child and returns its exit status: 0 when it returned True. A child that hangs is ended by an alarm."""
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            signal.signal(signal.SIGALRM, signal.SIG_DFL)
            signal.alarm(120)
            status = 0 if check() else 2
        finally:
            os._exit(status)
    return os.waitpid(pid, 0)[1]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_child_is_not_held_up_by_a_block_of_a_thread_it_lost():
    inside, leave = threading.Event(), threading.Event()

    def hold():
        with working_precision(1234), working_precision(2345):
            ctx.cap = 3
            inside.set()
            leave.wait()

    def clean():
        before = (ctx.prec, ctx.cap)
        with working_precision(80):
            found = ctx.prec
        _enter_elsewhere()
        return before == (71, 7) and found == 80 and (ctx.prec, ctx.cap) == (71, 7)

    thread = threading.Thread(target=hold)
    thread.start()
    inside.wait()
    try:
        assert _in_child(clean) == 0
    finally:
        leave.set()
        thread.join()
    assert _in_child(clean) == 0


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_child_forked_within_a_block_is_still_in_it():
    block = working_precision(333)

    def leaves_it():
        held = ctx.prec == 333
        with working_precision(80):
            held = held and ctx.prec == 80
        held = held and ctx.prec == 333
        block.__exit__(None, None, None)
        _enter_elsewhere()
        return held and (ctx.prec, ctx.cap) == (71, 7)

    block.__enter__()
    status = _in_child(leaves_it)
    assert ctx.prec == 333
    block.__exit__(None, None, None)
    assert status == 0

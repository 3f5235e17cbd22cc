"""What a reader writes: W(t, k), g(t, k), teacher(k), constants, and tr."""

from __future__ import annotations

from fractions import Fraction

from theory.exact import MatrixLike, shown
from theory.trace_forms.forms import TraceForm
from theory.trace_forms.letters import (
    Letter,
    constant_letter,
    gradient_letter,
    identity_letter,
    teacher_letter,
    weight_letter,
)
from theory.trace_forms.terms import Term


def W(step: int, layer: int) -> TraceForm:
    """W_{step,layer}, the student's weights, as a matrix-valued form."""
    return _single(weight_letter(step, layer))


def g(step: int, layer: int, sample: int | None = None) -> TraceForm:
    """g_{step,layer}, the stochastic gradient; with `sample` = s = 1, 2, ... the gradient of the batch's s-th sample."""
    return _single(gradient_letter(step, layer, sample))


def teacher(layer: int) -> TraceForm:
    """W*_layer, the teacher's weights."""
    return _single(teacher_letter(layer))


def constant(name: str, matrix: MatrixLike) -> TraceForm:
    """A constant matrix under a name; constants of different names are different letters."""
    return _single(constant_letter(name, matrix))


def identity(size: int) -> TraceForm:
    """The identity I_size, a constant."""
    return _single(identity_letter(size))


def tr(form: TraceForm) -> TraceForm:
    """The trace of a matrix-valued form."""
    if not isinstance(form, TraceForm):
        raise TypeError(f"tr takes a trace form, but was given {shown(form)}")
    return form.trace()


def _single(letter: Letter) -> TraceForm:
    return TraceForm([Term(Fraction(1), (), (letter,))])

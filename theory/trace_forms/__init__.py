"""Trace forms: sums of coefficient * product of traces of words * at most one open word, as a reader writes them.

    from theory.trace_forms import W, constant, g, teacher, tr
    tr(g(1, 1).T @ W(1, 1) @ W(1, 1).T @ g(1, 1))           3 * tr(W(0, 1)) * tr(g(0, 2) @ teacher(1)) * W(2, 1)

A form is a polynomial in symbols; it has no shapes and no values until it meets a problem (`shape`) or a table of
matrices (`evaluate`).
"""

from theory.trace_forms.forms import TraceForm
from theory.trace_forms.symbols import W, constant, g, identity, teacher, tr
from theory.trace_forms.terms import Term

__all__ = ["Term", "TraceForm", "W", "constant", "g", "identity", "teacher", "tr"]

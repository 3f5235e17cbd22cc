r"""What a check is made on, typeset: weights as matrices, the law of the inputs, rates, products of letters; HTML with LaTeX in \( \).

Short rationals are written out. Of a large matrix or a long list the beginning is shown, with its size; the whole stands in the problem's
file, which the page has beside it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from html import escape
from typing import Any

import numpy as np

from reports.text.numbers import decimal
from theory import SGD, TeacherStudent
from theory.exact import as_matrix
from theory.inputs import InputLaw, name_of
from theory.recursion.kronecker_forms import KroneckerForm
from theory.trace_forms import TraceForm

LARGEST = 6  # rows or columns of a matrix, and items of a list, that are written out
SHOWN = 3  # of a larger one
LONGEST_NUMBER = 12  # characters of an entry; a longer one becomes a decimal


def instance_lines(instance: Any) -> dict[str, str]:
    """Headings and what stands under them: the instance's `problem`, `step` and `layer`, and what it has in `given`; empty for neither."""
    problem, more = getattr(instance, "problem", None), getattr(instance, "given", {})
    lines = problem_lines(problem) if isinstance(problem, TeacherStudent) else {}
    lines |= {name: value_words(value) for name, value in more.items()}
    if lines and (where := _where(instance)):
        lines["Gradient" if hasattr(instance, "layer") else "Step"] = where
    return lines


def problem_lines(problem: TeacherStudent) -> dict[str, str]:
    """Initial weights, teacher, inputs and learning rates; activation and optimizer where they are not the plain ones."""
    lines = {
        "Initial weights": _matrices("W_{%d}", problem.student),
        "Teacher": _matrices("W^*_{%d}", problem.teacher or ()),
        "Activation": activation_words(problem) if problem.depth > 1 and not problem.is_linear else "",
        "Inputs": law_words(problem.inputs),
        "Learning rate": rates_words(problem),
        "Batches": "" if problem.sampling == "independent" else "drawn without replacement",
        "Optimizer": "" if problem.optimizer == SGD() else escape(str(problem.optimizer)),
    }
    return {name: words for name, words in lines.items() if words}


def value_words(value: Any) -> str:
    """One thing that is given: text as it is, and whatever is none as a formula."""
    if isinstance(value, str):
        return value
    if isinstance(value, InputLaw):
        return law_words(value)
    if isinstance(value, TraceForm):
        return rf"\({value.latex()}\)"
    if isinstance(value, KroneckerForm):
        return rf"\({product_latex(value)}\)"
    if isinstance(value, Mapping):
        return "; ".join(rf"\({letter} = {matrix(entries)}\)" for letter, entries in value.items())
    return rf"\({number(value)}\)"


def matrix(entries: Any) -> str:
    r"""LaTeX of a matrix; one of a single entry is that number.

    Examples:
        >>> matrix([[1, Fraction(1, 2)]]), matrix([[3]])
        ('\\begin{pmatrix} 1 & \\frac{1}{2} \\end{pmatrix}', '3')
    """
    table = as_matrix(entries, "matrix")
    if table.size == 1:
        return number(table.item())
    rows, columns = table.shape
    height, width = (n if n <= LARGEST else SHOWN for n in (rows, columns))
    lines = [[number(x) for x in row[:width]] + [r"\cdots"] * (width < columns) for row in table[:height]]
    if height < rows:
        lines.append([r"\vdots"] * width + [r"\ddots"] * (width < columns))
    size = rf"_{{{rows} \times {columns}}}" if (height, width) != (rows, columns) else ""
    return r"\begin{pmatrix} " + r" \\ ".join(" & ".join(line) for line in lines) + r" \end{pmatrix}" + size


def number(value: Any) -> str:
    r"""LaTeX of a number; a long one as a decimal with dots.

    Examples:
        >>> number(Fraction(-1, 3)), number(7), number(Fraction(10**20, 3**30))
        ('-\\frac{1}{3}', '7', '485693.6\\ldots')
    """
    exact = Fraction(value)
    if len(str(exact)) > LONGEST_NUMBER:
        mantissa, _, power = decimal(exact, 7).partition("e")
        return rf"{mantissa}\ldots" + (rf" \cdot 10^{{{power}}}" if power else "")
    if exact.denominator == 1:
        return str(exact.numerator)
    return ("-" if exact < 0 else "") + rf"\frac{{{abs(exact.numerator)}}}{{{exact.denominator}}}"


def law_words(law: InputLaw) -> str:
    """Where x comes from."""
    if law.population is not None:
        return _points(law.population, law.targets)
    kind, p = name_of(law), law.dimension
    space = "" if p == 1 else f"^{{{p}}}"
    if kind == "discrete":
        return _atoms(*(law.support() or ((), ())))
    if kind == "rademacher":
        return rf"\(x \in \{{-1, 1\}}{space}\)" + (", equally likely" if p == 1 else ", independent and equally likely")
    if kind == "gaussian":
        mean, cov = (law.parameters().get(name) for name in ("mean", "cov"))
        centre = "0" if mean is None else vector(mean)
        spread = "I" if cov is None and p > 1 else matrix(np.asarray(cov or [[1]], dtype=object))
        return rf"\(x \sim N({centre}, {spread})\)"
    if kind == "uniform":
        bounds = law.parameters()
        interval = f"[{number(bounds['low'])}, {number(bounds['high'])}]" if "low" in bounds else r"[-\sqrt{3}, \sqrt{3}]"
        return rf"\(x\) uniform on \({interval}{space}\)"
    return escape(str(law))


def _atoms(atoms: Sequence[Sequence[Any]], chances: Sequence[Any]) -> str:
    if len(atoms) == 1:
        return rf"\(x = {vector(atoms[0])}\), always"
    kept = atoms if len(atoms) <= LARGEST else atoms[:SHOWN]
    listed = ", ".join(map(vector, kept)) + (r", \ldots" if len(kept) < len(atoms) else "")
    space = "" if len(kept) == len(atoms) else f", {len(atoms)} atoms"
    if len(set(chances)) == 1:
        return rf"\(x \in \{{{listed}\}}\){space}, equally likely"
    return rf"\(x \in \{{{listed}\}}\){space}, with probabilities \({', '.join(map(number, chances[: len(kept)]))}\)"


def _points(points: np.ndarray, targets: np.ndarray | None) -> str:
    """The points of a data set, with their labels where there are any."""
    count = len(points) if len(points) <= LARGEST else SHOWN
    listed = [
        vector(point) + ("" if targets is None else rf" \mapsto {vector(targets[n])}") for n, point in enumerate(points[:count].tolist())
    ]
    more = [r"\ldots"] * (count < len(points))
    return rf"{len(points)} points, equally likely: \({', '.join(listed + more)}\)"


def vector(entries: Sequence[Any]) -> str:
    """LaTeX of a point in R^p, in a line; in one dimension, the number."""
    kept = list(entries) if len(entries) <= LARGEST else list(entries[:SHOWN])
    inside = ", ".join(map(number, kept)) + (r", \ldots" if len(kept) < len(entries) else "")
    return inside if len(entries) == 1 else f"({inside})"


def rates_words(problem: TeacherStudent) -> str:
    """One rate for all steps, a list of them, or the first of those that a function of t gives."""
    rates = problem.learning_rates
    if not callable(rates) and not isinstance(rates, tuple):
        return rf"\(\alpha = {number(rates)}\)"
    count = SHOWN if callable(rates) else len(rates)
    more = ", …" if callable(rates) else f", … ({count} in all)" if count > LARGEST else ""
    return ", ".join(rf"\(\alpha_{{{t}}} = {number(problem.learning_rate(t))}\)" for t in range(min(count, LARGEST))) + more


def activation_words(problem: TeacherStudent) -> str:
    """sigma(z) as a polynomial, or the name of the function."""
    if not problem.is_polynomial:
        return rf"\(\sigma\): {escape(str(problem.activation_function))}"
    terms = ""
    for power, c in enumerate(problem.polynomial):
        if not c:
            continue
        size, factor = number(abs(Fraction(c))), "" if power == 0 else "z" if power == 1 else f"z^{{{power}}}"
        sign = " - " if c < 0 else " + " if terms else ""
        terms += sign + (factor if factor and size == "1" else rf"{size}\,{factor}" if factor else size)
    return rf"\(\sigma(z) = {terms or '0'}\)"


def product_latex(form: KroneckerForm) -> str:
    """tr( C (x)_i row_i ) row_0, of one term, the letters of each row multiplied."""
    (term,) = form.terms
    rows = [r"\,".join(letter.latex() for letter in row) for row in term.rows]
    kron = r" \otimes ".join(f"({row})" if len(rows) > 1 else row for row in rows) or "[1]"
    trace = rf"\mathrm{{tr}}( {'' if term.constant is None else 'C '}{kron if len(rows) < 2 or term.constant is None else f'({kron})'} )"
    open_row = "" if term.open is None else r"\,".join(letter.latex() for letter in term.open)
    return open_row if open_row and not rows and term.constant is None else rf"{trace}\, {open_row}"


def _matrices(name: str, layers: Sequence[np.ndarray]) -> str:
    return "; ".join(rf"\({name % k} = {matrix(w)}\)" for k, w in enumerate(layers, start=1))


def _where(instance: Any) -> str:
    step, layer = getattr(instance, "step", None), getattr(instance, "layer", None)
    if not isinstance(step, int):
        return ""
    return rf"\(g_{{{step},{layer}}}\): step \(t = {step}\), layer {layer}" if isinstance(layer, int) else rf"\(t = {step}\)"

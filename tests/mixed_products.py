"""Random multi-sets of letters that chain: products tr( C (x) rows ) row_0 for two linear layers and an input law of two atoms."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

from hypothesis import strategies as st

from tests.strategies import fractions, matrices
from theory import Discrete, TeacherStudent
from theory.claims.support.recursion_cases import MixedProduct
from theory.trace_forms import TraceForm, W, constant, g, teacher

#: ways from one size (0: p, 1: p_1, 2: p_2) to another: (layer, transposed, size reached)
_MOVES = {0: ((1, True, 1),), 1: ((1, False, 0), (2, True, 2)), 2: ((2, False, 1),)}


@st.composite
def two_atom_problems(draw: st.DrawFn, largest: int = 2, steps: int = 3) -> TeacherStudent:
    """Two linear layers of sizes up to `largest`, two atoms with exact probabilities, distinct learning rates."""
    p, p_1, p_2 = (draw(st.integers(1, largest)) for _ in range(3))
    atoms = draw(st.lists(st.tuples(*[fractions] * p), min_size=2, max_size=2, unique=True))
    chance = Fraction(draw(st.integers(1, 3)), 4)
    return TeacherStudent(
        student=[draw(matrices(p_1, p)), draw(matrices(p_2, p_1))],
        teacher=[draw(matrices(p_1, p)), draw(matrices(p_2, p_1))],
        inputs=Discrete(atoms, [chance, 1 - chance]),
        learning_rates=[Fraction(1, draw(st.integers(2, 4)) + 3 * s) for s in range(steps)],
    )


@st.composite
def mixed_products(
    draw: st.DrawFn,
    kinds: tuple[str, ...],
    steps: int = 1,
    gradients: int = 4,
    rows: int = 2,
    length: int = 3,
    largest: int = 2,
) -> MixedProduct:
    """Up to `rows` rows and perhaps a row 0, letters of these kinds, at most `gradients` of them gradients of the last step t <= steps.

    Kinds: "now" g_t, "sample" g_{t,k,s}, "past" g_s for s < t, "weight" W_s for s <= t, "teacher", "constant"; with "unroll" t = steps.
    """
    problem = draw(two_atom_problems(largest))
    t = draw(st.integers(steps if "unroll" in kinds else 0, steps))
    budget = [gradients]

    def word(goal: int | None = None) -> tuple[TraceForm, int, int]:
        start = at = draw(st.integers(0, 2)) if goal is None else goal
        form: TraceForm | None = None
        for _ in range(draw(st.integers(1, length))):
            letter, at = _letter(draw, kinds, t, at, problem, budget)
            form = letter if form is None else form @ letter
        assert form is not None
        return form, start, at

    words = [word() for _ in range(draw(st.integers(0, rows)))]
    open_row = word()[0] if not words or draw(st.booleans()) else None
    n_rows, n_columns = 1, 1
    for _, first, last in words:
        n_rows, n_columns = n_rows * problem.sizes[first], n_columns * problem.sizes[last]
    plain = n_rows == n_columns and draw(st.booleans())
    c = None if plain else draw(matrices(n_columns, n_rows))
    batches = st.lists(st.integers(0, 1), min_size=1, max_size=2).map(tuple)
    history = tuple(draw(batches) for _ in range(t))
    return MixedProduct(problem, tuple(form for form, _, _ in words), c, open_row, history)


def _letter(draw: st.DrawFn, kinds: tuple[str, ...], t: int, at: int, problem: TeacherStudent, budget: list[int]) -> tuple[TraceForm, int]:
    possible = [k for k in kinds if k != "unroll" and not (k in ("now", "sample") and budget[0] == 0) and not (k == "past" and t == 0)]
    kind = draw(st.sampled_from(possible))
    if kind == "constant":
        to = draw(st.integers(0, 2))
        shape = problem.sizes[at], problem.sizes[to]
        return constant(f"A{shape[0]}{shape[1]}", [[i + 2 * j - 1 for j in range(shape[1])] for i in range(shape[0])]), to
    layer, transposed, to = draw(st.sampled_from(_MOVES[at]))
    if kind == "now":
        letter, budget[0] = g(t, layer), budget[0] - 1
    elif kind == "sample":
        letter, budget[0] = g(t, layer, draw(st.integers(1, 3))), budget[0] - 1
    elif kind == "past":
        letter = g(draw(st.integers(0, t - 1)), layer)
    elif kind == "teacher":
        letter = teacher(layer)
    else:
        letter = W(draw(st.sampled_from((t, *range(t + 1)))), layer)
    return (letter.T if transposed else letter), to


@st.composite
def deep_products(draw: st.DrawFn, step: int) -> MixedProduct:
    """For a network of two or three layers, linear or quadratic, with two atoms: a row g^T g or W g^T after `step` steps, and a row 0."""
    depth, degree = draw(st.sampled_from([(2, 2), (3, 1), (3, 2)]))
    sizes = [draw(st.integers(1, 2)) for _ in range(depth + 1)]
    shapes = [(rows, columns) for columns, rows in pairwise(sizes)]
    atoms = draw(st.lists(st.tuples(*[fractions] * sizes[0]), min_size=2, max_size=2, unique=True))
    problem = TeacherStudent(
        student=[draw(matrices(*shape)) for shape in shapes],
        teacher=[draw(matrices(*shape)) for shape in shapes],
        inputs=Discrete(atoms, [Fraction(1, 3), Fraction(2, 3)]),
        learning_rates=Fraction(1, 3),
        activation=(0, 1) if degree == 1 else (draw(fractions), 1, draw(fractions.filter(bool))),
    )
    k, other = draw(st.integers(1, depth)), draw(st.integers(1, depth))
    first = draw(st.sampled_from([g(step, k), W(step, k)]))
    return MixedProduct(problem, (first @ g(step, k).T,), None, g(step, other), history=((0, 1),) * step)

"""Hypothesis strategies shared by the suites: small exact numbers, matrices, input laws and teacher-student problems."""

from __future__ import annotations

from fractions import Fraction

from hypothesis import strategies as st

from theory import Discrete, Gaussian, InverseBatchPolynomial, Rademacher, TeacherStudent, Uniform
from theory.inputs import InputLaw

#: small rationals that shrink towards 0 and towards integers
fractions = st.builds(Fraction, st.integers(-3, 3), st.integers(1, 3))
positive_fractions = st.builds(Fraction, st.integers(1, 3), st.integers(1, 3))
learning_rates = st.builds(Fraction, st.integers(1, 4), st.integers(1, 10))


def matrices(rows: int, columns: int) -> st.SearchStrategy[list[list[Fraction]]]:
    """Exact matrices of one shape."""
    return st.lists(st.lists(fractions, min_size=columns, max_size=columns), min_size=rows, max_size=rows)


@st.composite
def covariances(draw: st.DrawFn, p: int) -> list[list[Fraction]]:
    """Sigma = C C^T: symmetric positive semidefinite, singular ones included."""
    c = draw(matrices(p, p))
    return [[sum((c[i][k] * c[j][k] for k in range(p)), Fraction(0)) for j in range(p)] for i in range(p)]


def gaussians(p: int) -> st.SearchStrategy[InputLaw]:
    """N(0, I) and N(0, Sigma)."""
    return st.one_of(st.just(Gaussian(p)), covariances(p).map(lambda sigma: Gaussian(cov=sigma)))


def means(p: int) -> st.SearchStrategy[list[Fraction]]:
    """mu, 0 included."""
    return st.lists(fractions, min_size=p, max_size=p)


def gaussians_with_means(p: int) -> st.SearchStrategy[InputLaw]:
    """N(mu, Sigma), with constant coordinates now and then."""
    return st.builds(lambda mu, sigma: Gaussian(mean=mu, cov=sigma), means(p), covariances(p))


@st.composite
def discrete_laws(draw: st.DrawFn, p: int, max_atoms: int = 3) -> InputLaw:
    """Finitely many atoms with exact probabilities."""
    count = draw(st.integers(1, max_atoms))
    atoms = draw(st.lists(st.tuples(*[fractions] * p), min_size=count, max_size=count))
    weights = draw(st.lists(st.integers(1, 4), min_size=count, max_size=count))
    return Discrete(atoms, [Fraction(w, sum(weights)) for w in weights])


def input_laws(p: int) -> st.SearchStrategy[InputLaw]:
    """Any law of `theory.inputs` that has all moments."""
    families = (gaussians(p), gaussians_with_means(p), discrete_laws(p))
    return st.one_of(*families, st.just(Rademacher(p)), st.just(Uniform(p)), st.just(Uniform(p, 0, 1)))


@st.composite
def problems(
    draw: st.DrawFn,
    sizes: st.SearchStrategy[tuple[int, ...]],
    laws: object = input_laws,
    activation: st.SearchStrategy[tuple[Fraction | int, ...]] | None = None,
    steps: int = 3,
) -> TeacherStudent:
    """A teacher-student problem of the drawn sizes (p_0, ..., p_H); `laws` maps p to a strategy of input laws."""
    shape = draw(sizes)
    layers = list(zip(shape[1:], shape[:-1], strict=True))
    return TeacherStudent(
        student=[draw(matrices(rows, columns)) for rows, columns in layers],
        teacher=[draw(matrices(rows, columns)) for rows, columns in layers],
        inputs=draw(laws(shape[0])),  # type: ignore[operator]
        learning_rates=draw(st.lists(learning_rates, min_size=steps, max_size=steps)),
        activation=(0, 1) if activation is None else draw(activation),
    )


def two_layer_sizes(largest: int = 2) -> st.SearchStrategy[tuple[int, ...]]:
    """(p, p_1, p_2), each at most `largest`."""
    return st.tuples(*[st.integers(1, largest)] * 3)


inverse_batch_polynomials = st.lists(fractions, min_size=1, max_size=6).map(InverseBatchPolynomial)

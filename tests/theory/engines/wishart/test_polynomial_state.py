"""The reduced state of two linear layers: it stands for the weights, exactly, and its numbers do not grow with the width."""

from __future__ import annotations

import numpy as np
import pytest
from flint import fmpq, fmpq_mat, fmpz
from hypothesis import given
from hypothesis import strategies as st

from theory import Gaussian, TeacherStudent
from theory.engines.wishart.polynomial_state import PolynomialState, has_independent_rows
from theory.exact import to_fmpq_mat

seeds = st.integers(0, 2**32 - 1)


def _problem(student, generator):
    teacher = [generator.normal(size=w.shape) for w in student]
    return TeacherStudent(student, teacher, Gaussian(student[0].shape[1]), learning_rates=0.1)


def _beside(problem):
    first, second = (to_fmpq_mat(w) for w in problem.student)
    return fmpq_mat([a + b for a, b in zip(first.tolist(), second.transpose().tolist(), strict=True)])


def _stands_for(state, problem):
    """U R_0 = [W_1, W_2^T], M = U^T U, and D = W_2 W_1 - W*_2 W*_1."""
    rows = [a + b for a, b in zip(state.initial.first, state.initial.second, strict=True)]
    reduced = fmpq_mat([[fmpq(x, state.last.rho) for x in row] for row in rows])
    basis = fmpq_mat([[fmpq(int(i == j)) for j in range(state.rank)] for i in range(state.rank)])
    if state.basis is not None:
        basis = fmpq_mat(state.basis)
    metric = basis.transpose() * basis
    if state.metric is not None:
        assert fmpq_mat([[fmpq(x, state.eta) for x in row] for row in state.metric]) == metric
    residual = fmpq_mat([[fmpq(x, state.last.delta) for x in row] for row in state.initial.residual])
    w1, w2, v1, v2 = (to_fmpq_mat(w) for w in problem.networks)
    return basis * reduced == _beside(problem) and residual == w2 * w1 - v2 * v1


@given(st.integers(1, 3), st.integers(1, 9), st.integers(1, 3), st.integers(0, 6), st.booleans(), seeds)
def test_any_rank_stands_for_the_weights(p, hidden, outputs, rank, floats, seed):
    generator = np.random.default_rng(np.random.SeedSequence(seed))
    left = generator.integers(-3, 4, size=(hidden, rank)) * (0.1 if floats else 1)
    right = generator.integers(-3, 4, size=(rank, p + outputs))
    both = left @ right if rank else np.zeros((hidden, p + outputs), dtype=int)
    problem = _problem([both[:, :p], both[:, p:].T], generator)
    state = PolynomialState(problem)
    assert _stands_for(state, problem)
    assert state.rank == max(1, _beside(problem).rank())


@pytest.mark.parametrize(("p", "hidden", "outputs"), [(1, 24, 3), (2, 40, 5), (5, 30, 9), (1, 7, 7)])
def test_digits_do_not_grow_with_the_width(p, hidden, outputs):
    """Orthogonal columns would have the digits of determinants: hundreds of times these."""
    generator = np.random.default_rng(np.random.SeedSequence(1))
    problem = _problem([generator.normal(size=(hidden, p)), generator.normal(size=(outputs, hidden))], generator)
    state = PolynomialState(problem)
    numbers = [*(x for row in state.metric or [] for x in row), *(x for row in state.initial.first for x in row)]
    longest = max(abs(x.numerator).bit_length() + x.denominator.bit_length() for w in problem.student for x in map(fmpq_of, w.ravel()))
    assert max(int(abs(x)).bit_length() for x in numbers) <= 3 * longest
    assert _stands_for(state, problem)


def fmpq_of(x):
    return fmpq(*float(x).as_integer_ratio())


def test_a_rank_modulo_a_prime_proves_and_never_guesses():
    identity = fmpq_mat([[fmpq(1), fmpq(0), fmpq(5)], [fmpq(0), fmpq(1), fmpq(1, 7)]])
    assert has_independent_rows(identity) and not has_independent_rows(identity.transpose())
    assert not has_independent_rows(fmpq_mat([[fmpq(1), fmpq(2)], [fmpq(2), fmpq(4)]]))
    prime = fmpz((1 << 61) - 1)  # independent rows that coincide modulo the prime: not proved, and decided exactly
    close = fmpq_mat([[fmpq(1), fmpq(1), fmpq(2)], [fmpq(1), fmpq(1), fmpq(2 + prime)]])
    assert close.rank() == 2 and not has_independent_rows(close)
    generator = np.random.default_rng(np.random.SeedSequence(2))
    problem = _problem([np.array([[1], [1]]), np.array([[1, 1], [2, int(2 + prime)]], dtype=object)], generator)
    assert PolynomialState(problem).basis is None and _stands_for(PolynomialState(problem), problem)

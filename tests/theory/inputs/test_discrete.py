"""Lists of atoms: moments against sums written out, and probabilities that make a law."""

from fractions import Fraction as F

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.strategies import discrete_laws
from theory import Discrete


@given(discrete_laws(2), st.tuples(st.integers(0, 4), st.integers(0, 4)))
def test_discrete_moments_are_weighted_sums(law, exponents):
    atoms, probabilities = law.support()
    assert sum(probabilities) == 1
    assert law.moment(exponents) == sum(q * x ** exponents[0] * y ** exponents[1] for (x, y), q in zip(atoms, probabilities, strict=True))


def test_float_probabilities_become_a_law():
    law = Discrete([1, 2, 3], [1 / 3, 1 / 3, 1 / 3])
    assert sum(law.probabilities) == 1
    assert Discrete(range(10), [0.1] * 10).moment([0]) == 1


def test_repeated_and_impossible_atoms():
    law = Discrete([(1,), (1,), (2,)], [F(1, 4), F(1, 4), F(1, 2)])
    assert law.atoms == ((1,), (2,)) and law.probabilities == (F(1, 2), F(1, 2))
    assert Discrete([1, 2], [1, 0]).atoms == ((1,),)


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: Discrete([]), ValueError, "atoms must not be empty"),
        (lambda: Discrete([1, 2], [F(1, 2)]), ValueError, "probabilities must have one entry for each of the 2 atoms"),
        (lambda: Discrete([1, 2], [F(1, 2), F(1, 3)]), ValueError, "probabilities must sum to 1, but sum to 5/6"),
        (lambda: Discrete([1, 2], [0.5, 0.6]), ValueError, "probabilities must sum to 1"),
        (lambda: Discrete([1, 2], [F(3, 2), F(-1, 2)]), ValueError, r"probabilities\[1\] must not be negative"),
        (lambda: Discrete([1, float("inf")]), ValueError, r"atoms\[1, 0\] must be finite"),
        (lambda: Discrete([(1, 2), (3,)]), ValueError, "atoms must be a matrix"),
        (lambda: Discrete(["a"]), ValueError, r"atoms\[0, 0\] must be a number such as"),
        (lambda: Discrete({1, 2}), TypeError, "atoms must be a sequence"),
        (lambda: Discrete({1: 2}), TypeError, "atoms must be a sequence"),
        (lambda: Discrete(5), TypeError, "atoms must be a sequence"),
        (lambda: Discrete([1, 2], 0.5), TypeError, "probabilities must be a sequence"),
    ],
)
def test_bad_input_is_named(make, error, message):
    with pytest.raises(error, match=message):
        make()

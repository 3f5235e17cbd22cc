"""Which tables are moments of a law, against the definition by Hankel matrices; and long tables, which take no time."""

from __future__ import annotations

import random
from fractions import Fraction as F

import numpy as np
import pytest

from theory import Independent
from theory.arithmetic.definiteness import is_moment_sequence, is_positive_semidefinite
from theory.exact import to_fmpq_mat


def by_hankel_matrices(table):
    """(m_{i+j}) is positive semidefinite, and the column that would follow lies in its range as far as the table goes."""
    half = (len(table) - 1) // 2
    if not is_positive_semidefinite(np.array([[table[i + j] for j in range(half + 1)] for i in range(half + 1)], dtype=object)):
        return False
    rows = len(table) - 1 - half
    if rows == 0:
        return True
    extended = np.array([[table[i + j] for j in range(half + 2)] for i in range(rows)], dtype=object)
    return bool(to_fmpq_mat(extended[:, :-1]).rank() == to_fmpq_mat(extended).rank())


def table(draw: random.Random) -> tuple[F, ...]:
    """Moments of up to four atoms, every other time with one of them moved."""
    atoms = [F(draw.randint(-3, 3), draw.randint(1, 2)) for _ in range(draw.randint(1, 4))]
    weights = [draw.randint(1, 3) for _ in atoms]
    length = draw.randint(1, 8)
    moments = [sum((F(q) * x**k for x, q in zip(atoms, weights, strict=True)), F(0)) / sum(weights) for k in range(length)]
    if length > 1 and draw.random() < 0.5:
        moments[draw.randint(1, length - 1)] += F(draw.choice((-1, 1)), draw.choice((1, 2, 8, 64)))
    return tuple(moments)


def test_the_definition():
    draw = random.Random(0)
    tables = [table(draw) for _ in range(2000)]
    found = [is_moment_sequence(t) for t in tables]
    assert found == [by_hankel_matrices(t) for t in tables]
    assert 400 < sum(found) < 1600


@pytest.mark.parametrize("length", [301, 600])
def test_long_tables_are_decided(length):
    normal = [F(1), F(0)]
    for k in range(2, length):
        normal.append(normal[k - 2] * (k - 1))
    assert Independent(2, normal).coordinate_moment(10) == 945
    last = length - 1 - (length - 1) % 2
    normal[last] = normal[last - 2]  # below what the moments before it allow
    with pytest.raises(ValueError, match="no law on the real line"):
        Independent(2, normal)
    assert Independent(2, [1] * 3000).coordinate_moment(2999) == 1

"""Estimates from two batch sizes are right on average: over all mini-batches that can be drawn, in rationals."""

from __future__ import annotations

from fractions import Fraction as F
from itertools import permutations, product

import numpy as np
import pytest

from empirics.models.meter.two_batch_sizes import estimates

#: Gradients of single examples, in R^2.
EXAMPLES = np.array([[F(1), F(0)], [F(3, 2), F(-1)], [F(-2), F(5)], [F(1, 3), F(2)], [F(4), F(1, 7)]])


def averages(draws, size, micro_batches, dataset_size):
    """Means of both estimates over all draws of micro_batches * size examples."""
    found = []
    for places in draws:
        gradients = EXAMPLES[list(places)].reshape(micro_batches, size, 2).sum(axis=1) * F(1, size)
        small = (gradients**2).sum() * F(1, micro_batches)
        big = ((gradients.sum(axis=0) * F(1, micro_batches)) ** 2).sum()
        found.append(estimates(small, big, micro_batches, F(1, size), dataset_size))
    return [sum(values) / len(found) for values in zip(*found, strict=True)]


@pytest.mark.parametrize("size, micro_batches", [(1, 2), (2, 2), (1, 3), (1, 4), (1, 5)])
def test_they_are_unbiased(size, micro_batches):
    n, drawn = len(EXAMPLES), size * micro_batches
    mean = EXAMPLES.sum(axis=0) * F(1, n)
    scatter, square = ((EXAMPLES - mean) ** 2).sum(), (mean**2).sum()
    assert averages(permutations(range(n), drawn), size, micro_batches, n) == [scatter / (n - 1), square]
    if n**drawn < 1000:
        assert averages(product(range(n), repeat=drawn), size, micro_batches, None) == [scatter / n, square]


def test_without_replacement_the_gradient_would_be_too_small_by_a_share_of_the_noise():
    n = len(EXAMPLES)
    trace, square = averages(permutations(range(n), 2), 1, 2, None)
    assert square == ((EXAMPLES.sum(axis=0) * F(1, n)) ** 2).sum() - trace / n


def test_unequal_sizes():
    """Sizes 1 and 2, with replacement: the mean of 1/m stands for 1/m."""
    n = len(EXAMPLES)
    mean = EXAMPLES.sum(axis=0) * F(1, n)
    found = []
    for a, b, c in product(range(n), repeat=3):
        one, two = EXAMPLES[a], (EXAMPLES[b] + EXAMPLES[c]) / 2
        small = ((one**2).sum() + (two**2).sum()) / 2
        found.append(estimates(small, (((one + two) / 2) ** 2).sum(), 2, F(3, 4)))
    assert sum(t for t, _ in found) / n**3 == ((EXAMPLES - mean) ** 2).sum() / n
    assert sum(s for _, s in found) / n**3 == (mean**2).sum()

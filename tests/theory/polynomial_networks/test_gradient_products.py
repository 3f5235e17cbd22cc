"""The list of products: every one chains, their sum is the gradient of backpropagation and of automatic differentiation."""

from __future__ import annotations

from fractions import Fraction as F
from itertools import islice, pairwise

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tests.strategies import fractions, matrices
from theory.backpropagation import batch_gradient, exact_sigma
from theory.budget import Budget, UnaffordableError
from theory.exact import as_matrix, to_fmpq_array, to_fraction_array
from theory.polynomial_networks import (
    Product,
    count_products,
    differentiate,
    evaluate,
    fewest_products,
    fewest_products_of_wide_layers,
    gradient_products,
)
from theory.polynomial_networks.letters import weight

#: (H, D) and the widest layer that is drawn.
CASES = {(1, 2): 3, (2, 1): 3, (2, 2): 3, (3, 1): 3, (3, 2): 2, (2, 3): 2}


@st.composite
def networks(draw, depth, degree, widest):
    """Sizes, coefficients (some of them 0), weights, teacher's weights and a sample."""
    sizes = tuple(draw(st.lists(st.integers(1, widest), min_size=depth + 1, max_size=depth + 1)))
    sigma = (*draw(st.tuples(*[fractions] * degree)), draw(fractions.filter(bool)))
    weights, teacher = ([draw(matrices(rows, columns)) for columns, rows in pairwise(sizes)] for _ in range(2))
    return sizes, sigma, weights, teacher, draw(matrices(sizes[0], 1))


def exact_gradient(sigma, weights, teacher, x):
    student, target = ([to_fmpq_array(as_matrix(w, "w")) for w in layers] for layers in (weights, teacher))
    return [to_fraction_array(g) for g in batch_gradient(student, target, exact_sigma(sigma), to_fmpq_array(as_matrix(x, "x")).T)]


@pytest.mark.parametrize(("depth", "degree"), CASES)
@given(data=st.data())
def test_the_products_chain_and_add_up_to_the_gradient(depth, degree, data):
    sizes, sigma, weights, teacher, x = data.draw(networks(depth, degree, CASES[depth, degree]))
    layer, fused = data.draw(st.integers(1, depth)), data.draw(st.booleans())
    products = list(gradient_products(sizes, sigma, layer, fused=fused))
    counts = count_products(sizes, sigma, layer, fused=fused)
    assert {p.type_check() for p in products} == {(sizes[layer], sizes[layer - 1])}
    assert (len(products), max(len(p.letters) for p in products)) == (counts.products, counts.letters)
    assert len({p.letters for p in products}) == len(products)
    assert (evaluate(products, weights, teacher, x) == exact_gradient(sigma, weights, teacher, x)[layer - 1]).all()


@pytest.mark.parametrize(("sizes", "sigma"), [((2, 3, 2), (F(1, 2), -1, 2)), ((2, 2, 2, 1), (1, F(1, 4), -1)), ((2, 2, 3), (1, 0, 2, 1))])
def test_automatic_differentiation_gives_the_same(sizes, sigma):
    rng = np.random.default_rng(3)
    weights, teacher = ([np.round(rng.normal(size=(rows, columns)), 2) for columns, rows in pairwise(sizes)] for _ in range(2))
    x = np.round(rng.normal(size=(sizes[0], 1)), 2)
    layers = [torch.tensor(w, requires_grad=True) for w in weights]

    def output(layers):
        z = torch.tensor(x)
        for k, w in enumerate(layers):
            h = w @ z
            z = sum(float(c) * h**i for i, c in enumerate(sigma)) if k + 1 < len(layers) else h
        return z

    loss = (output(layers) - output([torch.tensor(w) for w in teacher])).square().sum() / 2
    loss.backward()
    for k, w in enumerate(layers, start=1):
        exact = evaluate(gradient_products(sizes, sigma, k), weights, teacher, x).astype(float)
        # a few hundred operations on numbers of about the gradient's own size
        np.testing.assert_allclose(w.grad.numpy(), exact, rtol=0, atol=1e-12 * max(1.0, abs(exact).max()))


def test_the_products_of_two_quadratic_layers_are_the_paper_s_corrected():
    """(A.9) with e_k, e_j moved to where they chain: 15 letters; twice each of them, halved by the 1/2 of the loss."""
    products = gradient_products((2, 1, 1), (0, 0, 1), 1, fused=False)
    assert [str(p) for p in islice(products, 1)] == ["2 e1 e1^T W2^T W2 e1 e1^T W1 x e1^T W1 x x^T W1^T e1 x^T"]


@given(st.integers(0, 2**32 - 1))
def test_a_trace_is_differentiated_at_every_place_of_the_letter(seed):
    """tr(X^T A X B X) for X of order 2, against the five-point formula, which is exact up to degree 4."""
    rng = np.random.default_rng(seed)
    letters = {kind: weight(k, (2, 2, 2, 2)) for k, kind in enumerate("XAB", start=1)}
    matrices = [rng.integers(-3, 4, (2, 2)) for _ in letters]
    trace = Product(F(2), (letters["X"].T, letters["A"], letters["X"], letters["B"], letters["X"]))
    found = differentiate(trace, letters["X"])
    assert [p.type_check() for p in found] == [(2, 2)] * 3

    def value(place, by):
        x = matrices[0].copy()
        x[place] += by
        return np.trace(trace.evaluate([x, *matrices[1:]], [], [0]))

    expected = [[(8 * (value((i, j), 1) - value((i, j), -1)) - value((i, j), 2) + value((i, j), -2)) / 12 for j in (0, 1)] for i in (0, 1)]
    assert (evaluate(found, matrices, [], [0]) == np.array(expected)).all()


@given(st.integers(0, 10**6), st.data())
def test_a_lost_letter_or_two_exchanged_are_caught(seed, data):
    sizes = data.draw(st.sampled_from([(2, 3, 4), (3, 4, 2, 5)]))  # all different: no accident chains
    products = list(islice(gradient_products(sizes, (1, 1, 1), data.draw(st.integers(1, len(sizes) - 1))), 60))
    letters = products[seed % len(products)].letters
    i = data.draw(st.integers(0, len(letters) - 2))
    shapes = {p.type_check() for p in products}
    lost = letters[:i] + letters[i + 1 :]
    if not _is_square(letters[i]):
        assert _shape(lost) not in shapes
    exchanged = (*letters[:i], letters[i + 1], letters[i], *letters[i + 2 :])
    if letters[i].shape != letters[i + 1].shape or not _is_square(letters[i]):
        assert _shape(exchanged) not in shapes


def _is_square(letter):
    return letter.rows == letter.columns


def _shape(letters):
    try:
        return Product(F(1), letters).type_check()
    except ValueError:
        return None


def test_no_list_is_shorter_than_the_fewest():
    for depth, degree in CASES:
        for layer in range(1, depth + 1):
            listed = count_products((1,) * (depth + 1), (1,) * (degree + 1), layer).products
            assert fewest_products(depth=depth, degree=degree, layer=layer) <= listed
    power = count_products((1, 8, 1, 1), (0, 0, 0, 1), 3).products
    assert fewest_products_of_wide_layers(depth=3, degree=3, width=8) <= power


def test_what_is_too_long_is_refused_before_it_is_made():
    with pytest.raises(UnaffordableError, match=r"the list of products would cost .*1.86e\+06 products of up to 73 .*count_products"):
        gradient_products((2, 2, 2, 2, 2), (1, 1, 1), 1, budget=Budget(seconds=1e-3))
    with pytest.raises(UnaffordableError, match=r"the counts would cost .*; the budget is 1,000,000 bits\. .* smaller layers"):
        gradient_products((1,) * 100, (1, 1, 1), 1)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (((2,), (0, 1), 1), "sizes must be .* with at least one layer"),
        (((2, 0), (0, 1), 1), r"sizes\[1\] must be at least 1, but was 0"),
        (((2, 1), (1, 0, 0), 1), "activation must be a polynomial of degree at least 1"),
        (((2, 1), (0, 1), 2), r"layer must be in 1..1, but was 2"),
    ],
)
def test_bad_arguments_are_named(arguments, message):
    with pytest.raises(ValueError, match=message):
        gradient_products(*arguments)


def test_matrices_of_other_shapes_are_named():
    products = list(gradient_products((2, 1), (0, 1), 1))
    with pytest.raises(ValueError, match=r"weights must have shape \(1, 2\) in the place of W1, but had shape \(2, 1\)"):
        evaluate(products, [[[1], [2]]], [[[1, 2]]], [1, 2])
    with pytest.raises(ValueError, match=r"teacher must have shape \(1, 2\) in the place of W\*1, but was not there"):
        evaluate(products, [[[1, 2]]], [], [1, 2])
    with pytest.raises(ValueError, match="products must not be empty"):
        evaluate([], [], [], [1])

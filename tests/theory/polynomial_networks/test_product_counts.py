"""J and K: the closed formulas against lists, the printed ones where they hold and where not, the fewest against expanded polynomials."""

from __future__ import annotations

import cmath
from itertools import pairwise, product

import pytest
from flint import fmpz_mpoly_ctx

from theory.budget import UnaffordableError
from theory.polynomial_networks import (
    Counts,
    count_products,
    fewest_products,
    fewest_products_of_wide_layers,
    gradient_products,
    printed_counts,
)


def monomials(depth, degree):
    """How many monomials f and each (f - f*) df/dW_s have at widths 1, multiplied out; all coefficients of sigma 1."""
    names = [f"{kind}{k}" for kind in ("w", "v") for k in range(1, depth + 1)]
    x, *letters = fmpz_mpoly_ctx.get(["x", *names], "lex").gens()

    def output(layers):
        y = layers[0] * x
        for w in layers[1:]:
            y = w * sum((y**d for d in range(1, degree + 1)), 1 + 0 * y)
        return y

    f, teacher = output(letters[:depth]), output(letters[depth:])
    return len(f), [len((f - teacher) * f.derivative(1 + s)) for s in range(depth)]


@pytest.mark.parametrize(("depth", "degree"), [(1, 1), (1, 3), (2, 1), (2, 2), (2, 5), (3, 1), (3, 2), (3, 3), (4, 2), (5, 1)])
def test_the_fewest_at_widths_one_are_the_monomials_of_the_gradient(depth, degree):
    output, gradients = monomials(depth, degree)
    assert [fewest_products(depth=depth, degree=degree, layer=s) for s in range(1, depth + 1)] == gradients
    assert fewest_products(depth=depth, degree=degree, layer=depth) > output**2


def test_the_output_has_more_monomials_than_the_print_has_terms():
    assert monomials(3, 2)[0] == 9 > 4 + 2 + 1


def test_where_the_printed_j_is_too_small_at_widths_one():
    def fails(depth, degree):
        printed = printed_counts((1,) * (depth + 1), degree=degree).products
        return max(fewest_products(depth=depth, degree=degree, layer=s) for s in range(1, depth + 1)) > printed

    first = {degree: next(h for h in range(2, 9) if fails(h, degree)) for degree in range(2, 12)}
    assert first == {2: 7, 3: 6, 4: 6, 5: 6, 6: 6} | dict.fromkeys(range(7, 12), 5)
    assert not any(fails(h, 1) for h in range(2, 30))
    assert printed_counts((1,) * 8, degree=2).products == 16256**2 < 27337**2 < fewest_products(depth=7, degree=2, layer=7)


@pytest.mark.parametrize(("depth", "degree"), [(3, 3), (3, 4), (4, 2), (4, 3), (5, 2)])
def test_the_printed_j_is_too_small_for_wide_layers(depth, degree):
    def fails(width):
        return (
            fewest_products_of_wide_layers(depth=depth, degree=degree, width=width)
            > printed_counts((1, width, *[1] * (depth - 1)), degree=degree).products
        )

    assert fails(10**7) and not fails(100)


def test_the_printed_j_is_enough_for_two_layers_and_for_three_quadratic_ones():
    widths = (1, 2, 3, 7, 50)
    for degree in range(1, 7):
        for p1, layer in product(widths, (1, 2)):
            assert count_products((4, p1, 3), (1,) * (degree + 1), layer).products <= printed_counts((4, p1, 3), degree=degree).products
    for p1, p2, layer in product(widths, widths, (1, 2, 3)):
        sizes = (2, p1, p2, 5)
        assert count_products(sizes, (1, 1, 1), layer).products <= printed_counts(sizes, degree=2).products


def test_the_sums_over_roots_of_unity_that_the_bound_for_wide_layers_rests_on():
    for d in range(2, 9):
        roots = [cmath.exp(2j * cmath.pi * k / (d + 1)) for k in range(d + 1)]
        assert abs(sum(roots)) < 1e-12 and abs(sum(r * r for r in roots)) < 1e-12
        assert abs(sum(r * r**d for r in roots) - (d + 1)) < 1e-12


def test_the_list_for_a_wide_layer_leaves_as_many_monomials_as_the_bound_says():
    """Products without teacher's weights, on groups of four coordinates a_g rho, w_g rho: those with an inner product of W's vanish."""
    sizes, d = (1, 8, 1, 1), 3
    left = set()
    for word in gradient_products(sizes, (0, 0, 0, 1), 3, fused=False):
        letters = [a for a in word.letters if a.kind not in ("x", "W*")]
        if any(a.kind == "W*" for a in word.letters):
            continue
        pairs = list(pairwise(letters))
        entries = [b.index if a.kind == "W" else a.index for a, b in pairs if {a.kind, b.kind} == {"W", "e"} and {a.index, b.index} != {3}]
        left.add(tuple(sorted((j - 1) // (d + 1) for j in entries)))
    assert len(left) == fewest_products_of_wide_layers(depth=3, degree=3, width=8) == 7


@pytest.mark.parametrize("degree", range(2, 5))
@pytest.mark.parametrize("depth", range(2, 6))
def test_the_longest_product(depth, degree):
    """K: the print's recursion forgets e_j^T, and e_j e_j^T as one constant makes up for it, with two to spare."""
    sizes, sigma = (1,) * (depth + 1), (0,) * degree + (1,)
    printed = printed_counts(sizes, degree=degree).letters
    fused, plain = (count_products(sizes, sigma, 1, fused=f).letters for f in (True, False))
    assert fused == printed - 2
    assert plain == 2 * (3 * sum(degree**i for i in range(1, depth)) + 2) - 1
    assert (plain > printed) == (depth > 2)


def test_two_quadratic_layers():
    for p1 in (1, 2, 5):
        assert printed_counts((3, p1, 2), degree=2) == Counts(144 * p1**2, 15)
        assert count_products((3, p1, 2), (1, 1, 1), 1, fused=False) == Counts(2 * (p1 + 2) * (p1 + 1), 15)
        assert count_products((3, p1, 2), (1, 1, 1), 2, fused=False) == Counts(2 * (p1 + 2) ** 2, 15)


def test_counts_of_long_numbers_are_refused_or_fast():
    assert count_products((1,) * 12, (1, 1, 1), 1).products.bit_length() > 1000
    assert fewest_products(depth=60, degree=2, layer=1).bit_length() > 1000
    for call in (
        lambda: count_products((1,) * 200, (1, 1, 1), 1),
        lambda: printed_counts((10**9,) * 2000, degree=10**9),
        lambda: fewest_products(depth=10**6, degree=2, layer=1),
        lambda: fewest_products(depth=2, degree=10**400000, layer=1),
        lambda: fewest_products_of_wide_layers(depth=10**9, degree=2, width=5),
        lambda: fewest_products_of_wide_layers(depth=30, degree=2, width=10**12),
    ):
        with pytest.raises(
            UnaffordableError,
            match=r"the counts would cost .*; the budget is 1,000,000 bits\. .* smaller layers",
        ):
            call()


def test_the_print_has_no_counts_for_one_layer():
    with pytest.raises(ValueError, match="sizes must have at least two layers"):
        printed_counts((2, 1), degree=2)

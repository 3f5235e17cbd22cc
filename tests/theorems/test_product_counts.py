"""A.1.3: J and K by formula and by counting on random networks; where the printed J is enough, and where it is not."""

from __future__ import annotations

from math import factorial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from theory.claims import product_counts
from theory.claims.product_counts import CLAIM, Sizes, Terms, Wide, check, check_printed, monomials
from theory.polynomial_networks import Counts, fewest_products, printed_counts
from theory.polynomial_networks.lower_bounds import count_exponents

pytestmark = pytest.mark.theorems("A.1.3")

NETWORKS = st.one_of(
    st.tuples(st.tuples(*[st.integers(1, 4)] * 3), st.integers(1, 3)),
    st.tuples(st.tuples(*[st.integers(1, 2)] * 4), st.integers(1, 2)),
)


@given(NETWORKS)
def test_random_networks(ledger, network):
    ledger.record("A.1.3", CLAIM.check(Sizes(*network)))


def test_two_ways_to_the_monomials_of_the_output():
    for depth, degree in ((2, 4), (3, 3), (4, 2), (5, 2), (7, 2)):
        count = monomials(depth, degree)
        assert count == count_exponents(depth - 1, degree, 1)
        assert count * factorial(depth - 1) >= degree ** (depth * (depth - 1) // 2)
        assert fewest_products(depth=depth, degree=degree, layer=depth) > count**2


def test_the_print_is_too_small_from_the_depths_of_the_text_on():
    """At D and H the bound of the proof, D^{H(H-1)/2} / (H-1)! > 4 D^{2H-2}, stays true as H >= 5 grows; below it N is counted."""
    first, by_the_bound = {2: 7, 3: 6, 4: 6, 5: 6, 6: 6, 7: 5, 8: 5, 9: 5, 10: 5}, {2: 9, 3: 7, **dict.fromkeys(range(4, 10), 6), 10: 5}
    for d, start in by_the_bound.items():
        assert [d ** (h * (h - 1) // 2) > 4 * d ** (2 * h - 2) * factorial(h - 1) for h in (start - 1, start)] == [False, True]
        for h in range(first[d] - 1, start + 1):
            printed = printed_counts((1,) * (h + 1), degree=d).products
            assert (count_exponents(h - 1, d, 1) ** 2 > printed) == (h >= first[d])


def test_two_counts_that_differ_refute_nothing(monkeypatch):
    monkeypatch.setattr(product_counts, "count_exponents", lambda *_: 10)
    assert check_printed(Terms(3, 2)).holds is None


def test_the_print_is_not_refuted_where_it_is_enough():
    assert check_printed(Terms(2, 2)).holds is True
    assert check_printed(Sizes((1,) * 7, 2)).holds is True
    assert check_printed(Wide(3, 3, 1000)).holds is None and check_printed(Wide(3, 2, 10**9)).holds is None


def test_a_wrong_count_is_noticed(monkeypatch):
    honest = product_counts.count_products

    def off_by(products: int, letters: int):
        def count(*arguments):
            counts = honest(*arguments)
            return Counts(counts.products + products, counts.letters + letters)

        return count

    for change in ((1, 0), (0, 2)):
        monkeypatch.setattr(product_counts, "count_products", off_by(*change))
        assert check(Sizes((2, 2, 1), 2)).holds is False
    monkeypatch.undo()
    monkeypatch.setattr(product_counts, "printed_counts", lambda *a, **k: Counts(1, 12))
    assert check(Sizes((2, 2, 1), 2)).holds is False

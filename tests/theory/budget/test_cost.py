"""Counts that saturate, costs as they are told, and the sentinel that stands for all that nobody can afford."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from theory.budget import (
    BEYOND_REACH,
    Budget,
    Cost,
    UnaffordableError,
    as_count,
    as_power_of_ten,
    refuse_long,
    saturated,
    saturated_exp,
    saturated_power,
)

COUNTS = st.one_of(st.integers(0, 50), st.integers(0, 10**40), st.integers(1, 2000).map(lambda n: 10**n))


@given(st.lists(COUNTS, max_size=6))
def test_a_product_of_counts_is_the_product_up_to_the_sentinel(counts):
    exact = math.prod(counts)
    if any(counts) and all(counts):
        assert saturated(*counts) == pytest.approx(float(min(exact, 10**30)))
    else:
        assert saturated(*counts) == exact


@given(st.integers(1, 10**6), st.one_of(st.integers(0, 40), st.integers(0, 10**500)))
def test_powers_of_counts_are_powers_up_to_the_sentinel(base, exponent):
    exact = base**exponent if base == 1 or exponent < 10**4 else 10**30
    assert saturated_power(base, exponent) == pytest.approx(float(min(exact, 10**30)))


@pytest.mark.parametrize("exponent", [-3.0, 0.0, 50.5, 69.07, 70.0, 1e300, math.inf])
def test_exponentials_are_exponentials_up_to_the_sentinel(exponent):
    assert saturated_exp(exponent) == pytest.approx(min(math.exp(min(exponent, 700)), BEYOND_REACH))


def test_a_count_that_has_saturated_is_told_as_a_bound():
    for count in (saturated(10**400), 3 * saturated(1e20, 1e20), saturated_exp(1e300), math.inf):
        assert as_count(count) == "at least 10^30"
    assert [as_count(x) for x in (999_999, 10**6, 1e29, 10**30, 10**400)] == ["999,999", "1e+06", "1e+29", "1e+30", "10^400"]
    assert [as_power_of_ten(x) for x in (0.04, 999_999.0, 1e6, BEYOND_REACH)] == ["10^0.0", "10^999999.0", "10^1,000,000", "10^(10^30)"]


def test_a_long_integer_is_refused_by_its_bits():
    refuse_long("n", "n!", 10**6, "a smaller n")
    with pytest.raises(UnaffordableError, match=r"^n must be smaller: n! would cost .*; the budget is 1,000,000 bits\. .*: a smaller n$"):
        refuse_long("n", "n!", 10**6 + 1, "a smaller n")


def test_what_is_beyond_reach_fits_no_budget_with_a_limit_and_says_so():
    cost = Cost.beyond_reach("10^400 paths")
    assert str(cost) == "more than any machine has (10^400 paths)"
    assert not Budget(seconds=1e29, bytes=math.inf).allows(cost) and not Budget(seconds=math.inf, bytes=1e29).allows(cost)
    with pytest.raises(
        UnaffordableError, match=r"^it would cost more than any machine has \(10\^400 paths\); the budget is 600 s and 8 GB\."
    ):
        Budget().require(cost, "it")


def test_alternatives_are_gone_through_for_a_refusal_only():
    def asked():
        raise AssertionError
        yield

    Budget().require(Cost(1, 1, "a count"), "it", asked())
    with pytest.raises(UnaffordableError, match=r"Alternatives: this; that; or a larger budget$") as refusal:
        Budget(1e-3).require(Cost(1, 1, "a count"), "it", (word for word in ("this", "that")))
    assert refusal.value.alternatives == ("this", "that", "a larger budget") and refusal.value.cost == Cost(1, 1, "a count")


@pytest.mark.parametrize(
    ("budget", "text"),
    [(Budget(), "600 s and 8 GB"), (Budget(0.5, 3e5), "0.5 s and 300 kB"), (Budget(math.inf, math.inf), "any time and any memory")],
)
def test_a_budget_says_what_it_is(budget, text):
    assert str(budget) == text

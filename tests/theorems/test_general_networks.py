"""Theorem 3.5 for general networks: where it fails, by how much; where it holds, from which batch size on."""

from dataclasses import replace
from fractions import Fraction as F
from itertools import pairwise
from math import pi

import pytest
from flint import arb, arb_poly, fmpq
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.strategies import matrices
from theory import Discrete, Gaussian, TeacherStudent, enumeration
from theory.activations import leaky_relu
from theory.approximation import DomainError
from theory.arithmetic.working_precision import working_precision
from theory.claims import general_networks as claim
from theory.claims.general_networks import flat
from theory.claims.general_networks.expansion import Expansion, expand
from theory.claims.general_networks.one_unit import limit_on_the_kink, parity_on_the_kink
from theory.exact import to_fmpq
from theory.large_batch import leading_coefficient
from theory.variance_poly import variance_polynomial

ID = "3.5 extended"
pytestmark = pytest.mark.theorems(ID)
rates = st.sampled_from([F(1, 2), F(3, 4), F(1), F(5, 4), F(2)])


@st.composite
def two_atom_networks(draw, activations):
    """Small networks with two atoms."""
    sizes = draw(st.sampled_from([(1, 1, 1), (1, 2, 1), (2, 1, 1)]))
    layers = [[draw(matrices(rows, columns)) for columns, rows in pairwise(sizes)] for _ in range(2)]
    halved = [[[[x / 2 for x in row] for row in w] for w in side] for side in layers]
    atoms = draw(st.lists(st.tuples(*[st.fractions(-2, 2, max_denominator=3)] * sizes[0]), min_size=2, max_size=2, unique=True))
    share = F(draw(st.integers(1, 4)), 5)
    return TeacherStudent(*halved, Discrete(atoms, [share, 1 - share]), F(1, 8), draw(st.sampled_from(activations)))


@given(two_atom_networks(["tanh", "sigmoid"]), st.integers(1, 2), st.sampled_from([15, 27]))
@settings(max_examples=15)
def test_intervals_hold_the_variance_and_proofs_are_confirmed(ledger, problem, layer, degree):
    try:
        evidence = claim.check(claim.Close("drawn", problem, 1, layer, F(4), degree, 6))
    except DomainError:
        ledger.vacuous(ID, "the a-priori domain is larger than the radius")
        return
    ledger.record(ID, evidence)


# -- the expansion ------------------------------------------------------------


@given(two_atom_networks([(0, 1), (1, 1, F(1, 2))]), st.integers(1, 2))
@settings(max_examples=12)
def test_the_expansion_of_a_polynomial_network_is_its_polynomial(problem, layer):
    """Moments of order 2i - 1 and 2i begin at 1/b^i: Taylor polynomials below the order 8 give the first three coefficients."""
    exact, found = variance_polynomial(problem, 1, layer), expand(problem, layer)
    with working_precision(128):
        for n, c in enumerate(exact.coefficients[:4]):
            ball = found.polynomial[n]
            assert ball.overlaps(arb(to_fmpq(c))) and ball.rad() < 1e-20 * (1 + abs(ball.mid()))
        assert all(found.variance(b).overlaps(arb(to_fmpq(exact(b)))) for b in (1, 2, 7, 100))


@given(two_atom_networks(["tanh", "sigmoid", "softplus", "gelu", "silu"]), st.integers(1, 2), st.integers(1, 8))
@settings(max_examples=20)
def test_the_ball_of_the_expansion_holds_the_enumerated_variance(problem, layer, b):
    assert expand(problem, layer).variance(b).overlaps(enumeration.variance_ball(problem, 1, layer, batch_size=b))


def test_the_leading_coefficient_is_that_of_the_large_batch_law():
    """Before the kink, leaky ReLU is the identity near the path: the linear network's beta_1."""
    instance = claim.before_the_kink()
    linear = TeacherStudent(instance.problem.student, instance.problem.teacher, instance.problem.inputs, instance.problem.learning_rates)
    with working_precision(128):
        assert instance.expansion.leading.overlaps(arb(to_fmpq(leading_coefficient(linear, 1, 1))))


def test_the_first_form_that_feels_the_noise_gives_the_leading_coefficient():
    """x in {0, 1}, w = (1, 1), w* = 0, alpha = 2: G = (1 - 2q)^3 q' begins with G_3 = -4 xi^3, and c_3 = E (4 Z^3)^2 = 16 * 15 / 4^3."""
    problem = TeacherStudent([[[1]], [[1]]], [[[0]], [[0]]], Discrete([0, 1]), 2)
    assert variance_polynomial(problem, 1, 1).coefficients[:4] == (0, 0, 0, F(16 * 15, 4**3))


def test_the_error_bound_is_no_formality():
    """At alpha = 3/4 the linear network's polynomial alone is off: the far side of the kink is felt at small b, and the bound covers it."""
    instance = claim.before_the_kink()
    for b in (2, 8, 32):
        with working_precision(128):
            off = abs(instance.expansion.polynomial(arb(1) / b) - arb(to_fmpq(instance.unit.variance(b))))
            assert 1e-4 < off < instance.expansion.error(b)


def test_what_has_no_expansion():
    on_the_kink = claim.on_the_kink().problem
    with pytest.raises(ValueError, match=r"distance must be smaller: a pre-activation in .* meets a breakpoint of leaky_relu"):
        expand(on_the_kink, 1, distance=F(1, 1000))
    with pytest.raises(ValueError, match="distance must be smaller"):
        expand(claim.before_the_kink().problem, 1, distance=F(1, 6))
    with pytest.raises(ValueError, match="inputs must have two atoms"):
        expand(TeacherStudent([[[1]], [[1]]], [[[1]], [[1]]], Gaussian(1), 1, "tanh"), 1)
    with pytest.raises(ValueError, match="order must be even and at least 6"):
        expand(claim.tanh_network().problem, 1, order=5)


@given(
    st.integers(1, 5),
    st.lists(st.integers(-9, 9), max_size=3),
    st.sampled_from([0, 1, 20]),
    st.sampled_from([0, 1, 50]),
    st.sampled_from([F(1), F(1, 4)]),
)
def test_from_there_on_no_variance_within_the_bounds_rises(leading, later, rest, tail, distance):
    """Whatever lies in the balls of the expansion: the lowest at b is above the highest at b + 1."""
    expansion = Expansion(arb_poly([0, leading, *later]), 8, arb(rest), arb(tail), distance)
    start = expansion.decreasing_from()
    assert start is not None
    for b in (*range(start, start + 6), 2 * start + 7, 10 * start + 3):
        with working_precision(128):
            here, there = (expansion.polynomial(arb(1) / n) for n in (b, b + 1))
            assert here - expansion.error(b) > there + expansion.error(b + 1)


def test_no_decrease_is_proved_where_there_is_none():
    """x = 1 or -1: tanh is odd, both atoms have the same gradient, and the variance is 0."""
    problem = TeacherStudent([[[1]], [[2]]], [[[0]], [[1]]], Discrete([-1, 1]), 1, "tanh")
    assert expand(problem, 1).decreasing_from() is None
    assert claim.check(claim.Falling("odd", problem, 1)).holds is None


# -- leaky ReLU and ReLU ------------------------------------------------------------


@given(rates, st.fractions(0, F(1, 2), max_denominator=12), st.integers(2, 24))
def test_the_variance_of_leaky_relu_by_two_routes(rate, slope, b):
    """Enumeration against the sum over one binomial count."""
    rise = claim.Rise("drawn", rate, slope, ())
    assert enumeration.variance(rise.problem, 1, 1, batch_size=b) == rise.variance(b)


@pytest.mark.parametrize("slope", [F(0), F(1, 100), F(1, 2)])
def test_the_approach_to_the_limit_on_the_kink(slope):
    """From below, by a distance of order b^(-1/2); from even b to odd b it rises, by parity / (pi j), and as much it falls to the next."""
    rise = claim.Rise("on the kink", F(1), slope, ())
    values = {b: rise.variance(b) for b in (150, 151, 152, 600, 601, 602)}
    limit, parity = limit_on_the_kink(slope), float(parity_on_the_kink(slope))
    assert all(v < limit for b, v in values.items())
    assert F(45, 100) < (limit - values[600]) / (limit - values[150]) < F(58, 100)
    for b in (150, 600):
        up, down = (float(values[b + i + 1] - values[b + i]) * pi * b / 2 for i in (0, 1))
        assert abs(up / parity - 1) < 3 / b**0.5 and abs(down / parity + 1) < 3 / b**0.5


@pytest.mark.parametrize("rate", [F(5, 4), F(3, 2), F(2), F(3)])
def test_a_dead_unit_wakes_again_and_again(rate):
    """var(b+1)/var(b) -> alpha where one more draw of x = 1 leaves it awake, alpha / (2 alpha - 1) elsewhere."""
    rise = claim.Rise("dead", rate, F(0), ())
    values = {b: rise.variance(b) for b in range(400, 412)}
    for b in range(400, 411):
        grows = -(-(b + 1) // (2 * rate)) > -(-b // (2 * rate))
        expected = rate if grows else rate / (2 * rate - 1)
        assert abs(values[b + 1] / values[b] / expected - 1) < F(1, 20)


# -- the infinitely smooth activation ------------------------------------------------------------


@pytest.mark.parametrize("z", ["1", "9/10", "1/81", "1/90", "1/100", "1/43046721", "-1/3", "0", "1/162", "1/2"])
def test_the_slope_is_that_of_the_value(z):
    """Central differences of sigma, in many bits."""
    at, h = fmpq(*map(int, (z + "/1").split("/")[:2])), fmpq(1, 10**40)
    with working_precision(2000):
        difference = (flat.sigma(at + h)[0] - flat.sigma(at - h)[0]) / (2 * h)
        assert abs(difference - flat.sigma(at)[1]) < 1e-40


def test_nodes_are_exact():
    """sigma(1) = sigma'(1) = 1, sigma(1/n_k) = 0, sigma'(1/n_k) = 2^-n_{k-1}; nothing at 0 and at the ends of waves."""
    with working_precision(128):
        assert flat.sigma(fmpq(1)) == (1, 1)
        for k, h in ((1, fmpq(1, 8)), (2, fmpq(1, 2**81))):
            assert flat.sigma(fmpq(1, flat.node(k))) == (0, h) and flat.height(k) == h
            assert flat.sigma(fmpq(1, 2 * flat.node(k))) == (0, 0) == flat.sigma(fmpq(3, 2 * flat.node(k)))
        assert flat.sigma(fmpq(0)) == (0, 0)


@pytest.mark.parametrize("b", [1, 2, 9, 54, 81])
def test_the_variance_of_waves_by_two_routes(b):
    with working_precision(128):
        one, other = flat.unit().variance(b), flat.variance_over_all_batches(b)
        assert one.overlaps(other) and one.rad() < 1e-30


def test_the_bounds_of_the_proof_hold_where_the_variance_is_known():
    """k = 1: too wide to prove anything there, but true; and G stays below its bound on all of [-1, 1]."""
    with working_precision(128):
        assert flat.unit().variance(54) < flat.upper_bound_before(1) and flat.unit().variance(162) > flat.lower_bound_after(1)
        factors = []
        for i in range(-400, 401):
            z = fmpq(i, 400)
            value, slope = flat.sigma(z)
            factors.append(abs((3 + z) / 2 * ((3 + z) / 2 * value - 1) * slope))
        assert 1 < max(float(f.mid()) for f in factors) < flat.LARGEST_FACTOR


@pytest.mark.parametrize("k", [2, 3])
def test_the_bounds_are_as_far_apart_as_the_proof_says(k):
    """By e^(4N) and more; and the probability by the gamma function obeys Wallis's inequalities."""
    with working_precision(flat.BITS):
        assert flat.lower_bound_after(k).log() - flat.upper_bound_before(k).log() > 4 * arb(flat.node(k - 1))
        n = arb(flat.node(k))
        term = (3 + 1 / n) ** 2 / 4 * flat.height(k) ** 2 * n / (n + 1) * (1 + 1 / (2 * n)) / 4
        low, high = (term * (1 / (arb.pi() * (n + c)).sqrt()) for c in (fmpq(1, 2), fmpq(0)))
        first = (3 + 1 / n) ** 2 / 4 * flat.height(k) ** 2 / (4 * arb.pi() * n)  # (E G)^2 / 4
        assert low - 2 * first < flat.variance_after(k) < high


# -- the checks can come out either way ------------------------------------------------------------


def test_a_falling_variance_does_not_refute(monkeypatch):
    assert claim.check_printed(replace(claim.on_the_kink(), pairs=((2, 4),))).holds is True
    assert claim.check_printed(replace(claim.dead_unit(), pairs=((5, 6),))).holds is True
    monkeypatch.setattr(claim.Rise, "variance", lambda *a: F(1))
    assert claim.check_printed(claim.on_the_kink()).holds is None


def test_waves_that_do_not_rise_do_not_refute(monkeypatch):
    with monkeypatch.context() as patched:
        patched.setattr(flat, "lower_bound_after", lambda k: flat.upper_bound_before(k) / 2)
        assert claim.check_printed(claim.second_wave()).holds is True
    monkeypatch.setattr(flat, "upper_bound_before", lambda k: arb(1))
    assert claim.check_printed(claim.second_wave()).holds is True
    monkeypatch.setattr(flat, "lower_bound_after", lambda k: arb(2))
    assert claim.check_printed(claim.second_wave()).holds is None
    monkeypatch.setattr(flat, "variance_over_all_batches", lambda b: arb(1))
    assert claim.check_printed(claim.first_wave()).holds is None


def test_a_start_that_is_not_sharp_fails():
    tanh = claim.tanh_network()
    assert claim.check(tanh).holds
    assert claim.check(replace(tanh, start=1)).holds is False  # var(1) < var(2)
    assert claim.check(replace(tanh, start=3)).holds is False  # var(2) > var(3)


def test_variances_outside_the_expansion_fail(monkeypatch):
    monkeypatch.setattr(enumeration, "variance_ball", lambda p, t, k, *, batch_size: arb(1) / batch_size)
    assert claim.check(claim.tanh_network()).holds is False


def test_a_binomial_sum_that_is_not_the_enumerated_variance_is_found_out():
    instance = claim.before_the_kink()
    with pytest.raises(ArithmeticError, match="is not the enumerated variance at b = 56"):
        replace(instance, unit=claim.Rise("other", F(3, 4), F(1, 99), ())).variance(56)


def test_the_leaky_unit_is_the_networks_problem():
    assert claim.before_the_kink().problem.activation == leaky_relu(F(1, 100))

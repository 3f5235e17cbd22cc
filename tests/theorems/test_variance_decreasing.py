"""The conjecture "for every b": its counterexamples, the certificates of what is true after one step, and that each check can fail."""

import json
from dataclasses import replace
from fractions import Fraction as F
from itertools import permutations, product

import pytest
from flint import fmpq
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.strategies import covariances, fractions, input_laws, learning_rates, matrices, problems
from tests.theorems.certificate_checker import faults
from theory import Gaussian, TeacherStudent
from theory.budget import Budget, CannotError, UnaffordableError
from theory.claims import variance_decreasing as claim
from theory.claims.statement import read_statement
from theory.claims.support import second_route
from theory.claims.variance_decreasing import (
    certificates,
    many_inputs,
    near_saddle,
    one_step,
    rises,
    rotations,
    second_values,
)
from theory.claims.variance_decreasing.backwards import variance_backwards
from theory.claims.variance_decreasing.batch_invariants import trace_and_determinant
from theory.claims.variance_decreasing.certificate_file import certificate_text
from theory.claims.variance_decreasing.certificates import certificate
from theory.references import quadrature
from theory.variance_poly import variance_polynomial

pytestmark = pytest.mark.theorems("conjecture")


@given(st.data(), st.integers(1, 4), learning_rates, fractions)
def test_one_input_one_step(ledger, data, depth, rate, sigma):
    sizes = [1, *(data.draw(st.integers(1, 2)) for _ in range(depth))]
    problem = _network(data, sizes, Gaussian(cov=[[abs(sigma)]]), rate)
    layer = data.draw(st.integers(1, depth))
    ledger.record("conjecture", claim.check(one_step.OneStep(f"sizes {sizes}, alpha = {rate}", problem, layer)))


@settings(max_examples=10)
@given(st.data(), st.sampled_from([(2, 1, 1), (2, 2, 1), (2, 1, 2)]), learning_rates, covariances(2))
def test_two_inputs_one_step(ledger, data, sizes, rate, sigma):
    problem = _network(data, sizes, Gaussian(cov=sigma), rate)
    layer = data.draw(st.integers(1, 2))
    ledger.record("conjecture", claim.check(one_step.OneStep(f"sizes {sizes}, alpha = {rate}", problem, layer, (1, 2))))


@given(st.data(), st.sampled_from([(1, 1, 1), (1, 2, 2), (2, 2), (2, 2, 2), (2, 1, 1, 1)]), learning_rates)
def test_the_forms_are_the_engine_polynomial(data, sizes, rate):
    problem = _network(data, sizes, Gaussian(sizes[0]), rate)
    layer = data.draw(st.integers(1, len(sizes) - 1))
    assert one_step.variance_by_forms(problem, layer).coefficients == variance_polynomial(problem, 1, layer).coefficients


@given(problems(st.sampled_from([(1, 1, 1), (2, 2, 1), (2, 1)]), laws=input_laws, steps=0))
def test_at_initialisation_the_variance_is_proportional_to_1_over_b(problem):
    for layer in range(1, problem.depth + 1):
        v = variance_polynomial(problem, 0, layer)
        assert v.degree <= 1 and v.coefficients[0] == 0 and v.decreasing_from() == 1


def test_how_far_the_certificate_reaches():
    assert [certificate(1, depth).decreasing_from for depth in range(1, 6)] == [1, 1, 1, 1, None]
    assert [certificate(2, depth).decreasing_from for depth in range(1, 4)] == [1, 3, None]
    assert all(c >= 0 for depth in range(1, 5) for block in certificate(1, depth).blocks for minor in block.minors for c in minor.coeffs())
    (block,) = certificate(1, 5).indefinite
    assert block.minors[-1].coeffs()[-1] != 0 and next(c for c in block.minors[-1].coeffs() if c != 0) < 0
    low, high = certificate(2, 2).threshold
    assert F("3.28335236") < low <= high < F("3.28335238")
    assert [(len(b.monomials), b.frequency) for b in certificate(2, 2).blocks] == [(n, m) for m, n in enumerate((6, 4, 2, 1)) for _ in "ab"]


def test_from_4_on_minors_are_positive_term_by_term_and_from_3_to_4_as_numbers():
    for block in certificate(2, 2).blocks:
        assert all(c >= 0 for minor in block.minors_beyond(4) for c in minor) and all(any(minor) for minor in block.minors_beyond(4))
        assert all(minor > 0 for minor in block.step_minors(3))
        assert all(minor(fmpq(2, 9)) > 0 for minor in block.minors)
    indefinite = [block for block in certificate(2, 2).blocks if min(block.step_minors(2)) <= 0]
    assert [block.frequency for block in indefinite] == [0, 0]


def test_minors_against_a_determinant_evaluated_in_rationals():
    # the derivative of the form at eps = 1/3, minors by Leibniz' formula
    block = certificate(2, 2).blocks[2]
    form = [[_value(entry, F(1, 3)) for entry in row] for row in block.derivative]
    for k, minor in enumerate(block.minors, start=1):
        total = F(0)
        for order in permutations(range(k)):
            term = F((-1) ** sum(order[i] > order[j] for i in range(k) for j in range(i + 1, k)))
            for i, j in enumerate(order):
                term *= form[i][j]
            total += term
        assert total == _value(minor, F(1, 3))


@pytest.mark.parametrize(("i", "j"), [(0, 0), (3, 0), (0, 2), (1, 1), (2, 2)])
def test_moments_of_trace_and_determinant_at_small_b(i, j):
    # b = 1: det = 0 and tr = chi^2_2, of moments 2^i i!; b = 2: A = ((a, c), (c, d)) multiplied out in the four coordinates
    at_one = F(2**i * [1, 1, 2, 6][i]) if j == 0 else F(0)
    assert _value(trace_and_determinant(i, j), F(1)) == at_one
    assert _value(trace_and_determinant(i, j), F(1, 2)) == _two_samples(i, j)


def test_what_the_counterexamples_are():
    found = {make.__name__: (rise := make(), rise.variance) for make in (rises.five_layers, rises.seven_layers, rises.beside_the_saddle)}
    assert [v.decreasing_from() for _, v in found.values()] == [91, 55, 22836]
    assert all(v.degree == v.degree_bound for _, v in found.values())
    assert all(v(b) < v(b + 1) for rise, v in list(found.values())[:2] for b in range(*rise.pair))
    five = rises.five_layers().problem
    four = rises.one_unit_a_layer([w.item() for w in five.student[:4]], F(-1, 50), F(14, 25))
    assert variance_polynomial(four, 1, 1).decreasing_from() == 1


def test_the_constant_rate_is_below_the_stability_limit_of_the_start():
    problem = rises.constant_rate().problem
    (u,), (v,) = (w.ravel() for w in problem.student)
    target, rate = problem.teacher[0].item(), F(problem.learning_rate(0))
    # 2/alpha I - H, H the Hessian of (u v - w*)^2 / 2: positive definite
    a, d, c = 2 / rate - v**2, 2 / rate - u**2, -(2 * u * v - target)
    assert a > 0 and a * d - c**2 > 0
    assert {problem.learning_rate(t) for t in range(4)} == {1}


@pytest.mark.parametrize(
    ("problem", "step"),
    [(TeacherStudent([[[2], [1]], [[F(1, 2), -1]]], [[[1], [1]], [[0, 1]]], Gaussian(cov=[[F(3, 2)]]), [F(1, 3), 1]), t) for t in range(3)]
    + [(rises.five_layers().problem, 1), (near_saddle.network(3), 2)],
)  # fmt: skip
def test_backwards_in_time_is_quadrature(problem, step):
    for b in (1, 7):
        ball = quadrature.variance(problem, step, 2, batch_size=b, bits=second_route.BITS)
        assert second_route.compare([variance_backwards(problem, step, 2, batch_size=b)], [ball]).agrees


def test_the_limit_beside_the_saddle():
    assert near_saddle.rises_beyond(F(24), F(30)) is None and near_saddle.rises_beyond(F(17), F(22)) < 164
    beyond = near_saddle.rises_beyond(F(16), F(24))
    assert 215 < beyond < 216
    for n in (215, 216):  # it does begin there
        v = variance_polynomial(near_saddle.network(n), 2, 1)
        assert (v(16 * n) < v(24 * n)) == (n == 216)
    assert near_saddle.limit() == near_saddle.fmpq_poly([near_saddle.scaled_variance().get((i, 0), 0) for i in range(10)])


def test_both_layers_are_equal_beside_the_saddle():
    first, second = (variance_polynomial(near_saddle.network(5), 2, layer) for layer in (1, 2))
    assert first.coefficients == second.coefficients


def test_layer_1_of_the_rotations_rises_from_k_7_on():
    rising = [v(1) < v(2) for k in range(1, 9) for v in [variance_polynomial(rotations.network(k, 1), 1, 1)]]
    assert rising == [False] * 6 + [True] * 2


def test_numbers_in_the_statement():
    proof = read_statement(claim.__name__).proof.replace(" ", "")
    block = next(b for b in certificate(2, 2).blocks if (b.part, b.frequency) == ("trace", 2))
    for entry in (block.form[0][0], block.form[0][1], block.form[1][1], *block.minors):
        assert _in_eps(entry) in proof
    for scale in (16, 24):
        value = near_saddle.limit()(fmpq(1, scale))
        assert rf"\left(\frac{{1}}{{{scale}}}\right)=\frac{{{value.p}}}{{{value.q}}}={float(F(int(value.p), int(value.q))):.5f}" in proof
    assert "397a^6-15500a^4+1672a^3k-78a^2k^2-312a^2+48ak-12k^2" in proof and "n=215.1" in proof
    says, gaussian = read_statement(claim.__name__), rises.gaussian_integers()
    assert all(str(gaussian.variance(b)) in says.found for b in gaussian.pair) and str(rises.two_atoms().variance(2)) in says.found
    for low, high in (rise.pair for rise in (rises.five_layers(), rises.constant_rate())):
        assert rf"\(b = {low}\) to {high}" in says.corrected
    notes = says.showcases
    thresholds = [variance_polynomial(near_saddle.network(n), 2, 1).decreasing_from() for n in (1000, 10**6)]
    assert all(str(b) in notes["beside the saddle, two steps"] for b in thresholds)


def test_the_file_of_the_certificate_is_checked_from_its_own_words():
    text = certificate_text(certificate(2, 2))
    assert faults(text) == []
    found = json.loads(text)
    assert found["blocks"][0]["minors"][1] == [24, 4] and found["start"] == 4
    with pytest.raises(ValueError, match="must prove something"):
        certificate_text(certificate(1, 5))


def _without_a_block(data):
    del data["blocks"][3]


def _with_a_wrong_entry(data):
    data["blocks"][2]["form"][1][1][3] += 1


def _with_a_wrong_minor(data):
    data["blocks"][1]["minors"][4][2] += 1


def _with_a_wrong_step(data):
    data["blocks"][0]["step_minors"][2] = "1/12"


def _too_early(data):
    data["start"] = 3


@pytest.mark.parametrize("spoil", [_without_a_block, _with_a_wrong_entry, _with_a_wrong_minor, _with_a_wrong_step, _too_early])
def test_a_file_that_proves_nothing_is_told(spoil):
    data = json.loads(certificate_text(certificate(2, 2)))
    spoil(data)
    assert faults(json.dumps(data))


# -- the checks can fail --


def test_a_falling_pair_does_not_refute():
    for make in (rises.two_atoms, rises.gaussian_integers, rises.five_layers):
        assert claim.CLAIM.check_printed(replace(make(), pair=(100, 200))).holds is True


def test_routes_that_differ_are_not_checked(monkeypatch):
    monkeypatch.setattr(second_values.enumeration, "variance", lambda *a, **k: F(1))
    assert claim.CLAIM.check_printed(rises.two_atoms()).holds is None


def test_a_form_with_a_wrong_factor_fails(monkeypatch):
    honest = certificates.forms
    for part in (0, 1):

        def wrong(p, m, monomials, part=part):
            forms = list(honest(p, m, monomials))
            forms[part] = [[2 * entry for entry in row] for row in forms[part]]
            return tuple(forms)

        monkeypatch.setattr(one_step, "forms", wrong)
        assert claim.check(one_step.two_inputs()).holds is False
    monkeypatch.undo()
    monkeypatch.setattr(certificates, "moment", lambda p, i, j: trace_and_determinant(i, j))
    assert _definite().evidence().holds is False


def test_a_certificate_that_is_not_there_fails():
    assert claim.check(one_step.one_input(5)).holds is False
    rising = replace(one_step.two_inputs(), problem=rises.gaussian_integers().problem, layer=2)
    assert claim.check(rising).holds is True  # it falls from b = 2 on, and nothing is said of b < 3
    assert replace(_definite(), depth=3, batch_sizes=(F(4),), pairs=()).evidence().holds is False


def test_other_scales_formulas_and_dimensions_fail(monkeypatch):
    assert near_saddle.Saddle(24, 30, (1000,)).evidence().holds is False
    assert near_saddle.Saddle(16, 24, (215,)).evidence().holds is False
    honest = rotations.rise
    monkeypatch.setattr(rotations, "rise", lambda k, alpha: honest(k, alpha) + (k == alpha == 3))
    assert rotations.Rotations().evidence().holds is False
    monkeypatch.setattr(many_inputs, "discriminant_in_entries", lambda p: many_inputs.at_dimension(p) + 1)
    assert many_inputs.ManyInputs().evidence().holds is False


def test_refusals():
    with pytest.raises(CannotError, match="p must be 1 or 2, but was 3"):
        certificate(3, 2)
    with pytest.raises(ValueError, match="depth must be at least 1"):
        certificate(2, 0)
    with pytest.raises(UnaffordableError, match="a lower depth"):
        certificate(2, 30)
    with pytest.raises(CannotError, match="square of a rational"):
        one_step.variance_by_forms(TeacherStudent([[[1, 0]], [[1]]], [[[0, 0]], [[1]]], Gaussian(cov=[[2, 0], [0, 1]]), 1), 1)
    with pytest.raises(CannotError, match="one or two centred Gaussian inputs"):
        one_step.variance_by_forms(rises.two_atoms().problem, 1)
    with pytest.raises(CannotError, match="scalar Gaussian inputs"):
        variance_backwards(rises.gaussian_integers().problem, 1, 1, batch_size=1)
    with pytest.raises(UnaffordableError, match="a smaller step"):
        variance_backwards(rises.constant_rate().problem, 9, 1, batch_size=4, budget=Budget(seconds=60))


def _network(data, sizes, law, rate):
    shapes = list(zip(sizes[1:], sizes[:-1], strict=True))
    student, teacher = ([data.draw(matrices(*shape)) for shape in shapes] for _ in range(2))
    return TeacherStudent(student, teacher, law, learning_rates=rate)


def _definite():
    return next(s for s in claim.CLAIM.showcases if s.name == "two inputs, every network").make()


def _value(polynomial, eps):
    return sum(int(c) * eps**k for k, c in enumerate(polynomial.coeffs()))


def _two_samples(i, j):
    """E tr(S)^i det(S)^j at b = 2: (x^2 + y^2 + z^2 + w^2)^i (x w - y z)^(2j), over 2^(i + 2j), with E x^2k = (2k - 1)!!."""
    moments = Gaussian(1)
    total = F(0)
    for squares in product(range(4), repeat=i):
        for picks in product(range(2), repeat=2 * j):
            powers = [0, 0, 0, 0]
            for n in squares:
                powers[n] += 2
            sign = 1
            for pick in picks:
                sign *= -1 if pick else 1
                for n in (1, 2) if pick else (0, 3):
                    powers[n] += 1
            term = F(sign)
            for power in powers:
                term *= moments.moment((power,))
            total += term
    return total / 2 ** (i + 2 * j)


def _in_eps(polynomial):
    terms = [(int(c), k) for k, c in enumerate(polynomial.coeffs()) if c != 0]
    return "+".join(rf"{c}\varepsilon" + (f"^{k}" if k > 1 else "") for c, k in terms)

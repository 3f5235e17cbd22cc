"""Random probes against all directions: unbiased, with standard errors that cover; the paper's size against exact formulas."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binom

from tests.theory.large_batch.test_large_batch import QUADRATIC, network
from theory import Discrete, Gaussian, TeacherStudent, Uniform
from theory.engines.trace_words import TraceWords
from theory.large_batch import large_batch_law, large_batch_loss
from theory.large_batch.hidden_spans import reduced, reduced_sizes
from theory.variance_poly import variance_polynomial

#: Probability that a covering interval is called one that does not, over all the tests here.
ALARM = 1e-6
SMALL = {
    "linear": network((3, 4, 2), Gaussian(3), seed=1),
    "uniform, three layers": network((2, 3, 2, 1), Uniform(2, -1, 3), seed=2),
    "atoms, quadratic": network((2, 3, 1), Discrete([(0, 1), (2, 1), (1, -1)]), QUADRATIC, seed=3),
}


@pytest.mark.parametrize("problem", SMALL.values(), ids=SMALL.keys())
@pytest.mark.parametrize("what", ["variance", "loss"])
def test_standard_errors_cover(problem, what):
    """Of 150 runs about 95 % have the exact value within 1.96 standard errors, at every step."""

    def ask(**options):
        return large_batch_law(problem, 3, 1, **options) if what == "variance" else large_batch_loss(problem, 3, **options)

    exact = ask(method="directions").beta1
    runs = [ask(method="probes", probes=256, seed=seed) for seed in range(150)]
    z = np.array([(run.beta1[1:] - exact[1:]) / run.standard_error[1:] for run in runs])
    covered = (np.abs(z) < 1.96).sum(axis=0)
    assert all(binom.cdf(n, len(runs), 0.90) > ALARM for n in covered), covered  # tails of squares: 0.90 is the least that passes for 0.95
    assert all(binom.sf(n - 1, len(runs), 0.985) > ALARM for n in covered), covered
    assert (np.abs(z.mean(axis=0)) < 6 / np.sqrt(len(runs))).all()


def test_the_second_coefficient_by_probes():
    problem = SMALL["linear"]
    exact = large_batch_law(problem, 2, 2, order=2, method="directions").beta2
    law = large_batch_law(problem, 2, 2, order=2, method="probes", probes=20_000)
    assert (np.abs(law.beta2 - exact)[1:] < 5 * law.beta2_standard_error[1:]).all()
    assert (law.beta2_standard_error[1:] < 0.2 * np.abs(exact[1:])).all()


def test_the_second_coefficient_of_the_loss_by_probes():
    problem = SMALL["atoms, quadratic"]
    exact, law = (large_batch_loss(problem, 2, order=2, method=m, probes=n) for m, n in (("directions", None), ("probes", 40_000)))
    assert (np.abs(law.beta2 - exact.beta2)[1:] < 5 * law.beta2_standard_error[1:]).all()
    assert (law.beta2_standard_error[1:] < 0.2 * np.abs(exact.beta2[1:])).all()


def test_the_relative_error_is_reached_and_a_seed_is_a_result():
    problem = SMALL["linear"]
    law = large_batch_law(problem, range(1, 4), 1, method="probes", relative_error=0.02, seed=5)
    assert (law.standard_error <= 0.02 * law.beta1).all() and law.probes > 64
    again = large_batch_law(problem, range(1, 4), 1, method="probes", relative_error=0.02, seed=5)
    assert (again.beta1 == law.beta1).all() and (again.standard_error == law.standard_error).all()


def paper_size():
    """64-256-128, weights as torch draws them, alpha_t = 1 / (10 (t + 1))."""
    rng = np.random.default_rng(np.random.SeedSequence(7))

    def layers():
        return [rng.uniform(-1, 1, shape) / shape[1] ** 0.5 for shape in ((256, 64), (128, 256))]

    return TeacherStudent(layers(), layers(), Gaussian(64), learning_rates=lambda t: 1 / (10 * (t + 1)))


@pytest.mark.parametrize("layer", [1, 2])
def test_the_papers_size(layer):
    """t = 0 in closed form, and t = 1 by the first two coefficients of the polynomial in words of Wishart matrices."""
    problem = paper_size()
    law = large_batch_law(problem, [0, 1], layer, order=2, method="probes", probes=64)
    gap = problem.student[1] @ problem.student[0] - problem.teacher[1] @ problem.teacher[0]
    squares = [65 * np.sum((problem.student[1].T @ gap) ** 2)]
    squares.append(np.sum((gap @ problem.student[0].T) ** 2) + np.sum(gap**2) * np.sum(problem.student[0] ** 2))
    assert law.beta1[0] == pytest.approx(squares[layer - 1], rel=1e-12) and law.beta2[0] == 0 == law.standard_error[0]
    v = variance_polynomial(problem, 1, layer, engine=TraceWords.name)
    assert law.standard_error[1] < 0.01 * law.beta1[1] and law.beta2_standard_error[1] < 0.25 * law.beta2[1]
    assert abs(law.beta1[1] - v.coefficients[1]) < 4.5 * law.standard_error[1]
    assert abs(law.beta2[1] - v.coefficients[2]) < 4.5 * law.beta2_standard_error[1]


def test_hidden_units_beyond_the_span_change_nothing():
    problem = network((2, 9, 3, 1), Gaussian(2), seed=4)
    weights = [w.astype(float) for w in problem.student]
    fewer = reduced(weights)
    assert (2, *(len(w) for w in fewer)) == reduced_sizes(problem.sizes) == (2, 5, 3, 1)
    exact, doubles = (large_batch_law(problem, 2, 2, method=m, order=1).beta1 for m in ("rationals", "directions"))
    assert np.allclose(exact.astype(float), doubles, rtol=1e-12, atol=0)

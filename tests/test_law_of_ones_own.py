"""A law that no file of the packages knows works wherever its answers allow: engines, enumeration, costs, text, simulation."""

from __future__ import annotations

import json
import math
import pickle
from fractions import Fraction as F

import numpy as np
import pytest
import torch

from empirics import again, compare, simulate
from empirics.sampling.batches import Draws, LawRows, make_source
from empirics.sampling.streams import streams
from reports.text.problem_text import problem_json
from theory import Discrete, Gaussian, Independent, Rademacher, TeacherStudent, enumeration, large_batch, variance_poly
from theory.inputs import IndependentCoordinates


class LazySigns(IndependentCoordinates):
    """Every coordinate is 0 with probability `rest`, and otherwise a sign."""

    def __init__(self, dimension, rest):
        super().__init__(dimension)
        self.rest = F(rest)

    def parameters(self):
        return super().parameters() | {"rest": self.rest}

    def _coordinate_moment(self, order):
        return F(not order) if order % 2 or not order else 1 - self.rest

    def coordinate_support(self):
        return (F(-1), F(0), F(1)), ((1 - self.rest) / 2, self.rest, (1 - self.rest) / 2)

    def _sample(self, generator, shape):
        signs, uniform = (generator.random((*shape, self.dimension)) for _ in range(2))
        return np.where(uniform < float(self.rest), 0.0, np.sign(signs - 0.5))


class Laplace(IndependentCoordinates):
    """Density exp(-|x|) / 2 in every coordinate: E x^(2k) = (2k)!."""

    def parameters(self):
        return super().parameters()

    def _coordinate_moment(self, order):
        return F(0) if order % 2 else F(math.factorial(order))

    def _sample(self, generator, shape):
        return generator.laplace(size=(*shape, self.dimension))


def problem(law, activation=(0, 1), rate=F(1, 5)):
    p = law.dimension
    return TeacherStudent([[[F(1, 2)] * p], [[F(2)]]], [[[F(1)] * p], [[F(-1, 3)]]], law, rate, activation)


LAZY = LazySigns(2, F(1, 3))


def test_a_finite_law_is_the_list_of_its_atoms():
    atoms = Discrete(*LAZY.support())
    assert len(atoms.atoms) == 9 and atoms.probabilities[0] == F(1, 9) and atoms.probabilities[4] == F(1, 9)
    assert all(LAZY.moment(powers) == atoms.moment(powers) for powers in [(0, 0), (1, 0), (2, 0), (3, 1), (2, 4), (6, 6)])
    assert LAZY.second_moment.tolist() == atoms.second_moment.tolist() and LAZY.norm_bound == atoms.norm_bound
    for step in (0, 1):
        expected = variance_poly.variance_polynomial(problem(atoms), step, 1)
        for engine in ("wishart", "frequencies", None):
            assert variance_poly.variance_polynomial(problem(LAZY), step, 1, engine=engine) == expected
        assert enumeration.variance(problem(LAZY), step, 1, batch_size=2) == expected(2)
        assert large_batch.leading_coefficient(problem(LAZY), step, 1) == expected.coefficients[1]
    quadratic = problem(LAZY, (0, 1, F(1, 2)))
    assert variance_poly.variance_polynomial(quadratic, 0, 2)(3) == enumeration.variance(quadratic, 0, 2, batch_size=3)


def test_a_law_with_moments_is_its_table_of_moments():
    table = Independent(1, [F(0) if k % 2 else F(math.factorial(k)) for k in range(13)])
    ours, theirs = (variance_poly.variance_polynomial(problem(law), 1, 1) for law in (Laplace(1), table))
    assert ours == theirs and ours.degree == 6
    assert variance_poly.predicted_cost(problem(Laplace(1)), 1, 1) == variance_poly.predicted_cost(problem(table), 1, 1)
    assert Laplace(1).support() is None and Laplace(1).norm_bound is None and not Laplace(1).is_centred_gaussian


@pytest.mark.parametrize(("law", "text"), [(LAZY, "LazySigns(2, 1/3)"), (Laplace(3), "Laplace(3)")])
def test_it_is_written_and_sent(law, text):
    assert repr(law) == text and repr(pickle.loads(pickle.dumps(law))) == text
    assert text in repr(problem(law))
    with pytest.raises(ValueError, match="inputs must be of the laws that files name"):
        problem_json(problem(law))


@pytest.mark.parametrize("law", [LAZY, Laplace(2)], ids=repr)
@pytest.mark.parametrize("estimator", ["naive", "controlled"])
def test_it_is_simulated_with_the_closed_form_of_independent_coordinates(law, estimator):
    network = problem(law, rate=F(1, 200))  # larger steps of tails like these are carried by events that no simulation sees
    run = simulate(network, batch_sizes=[8], steps=2, replicas=4000, estimator=estimator, seed=1)
    at = run.sel(batch_size=8).stack(place=("step", "layer"))
    exact = [float(variance_poly.variance_polynomial(network, int(t), int(k))(8)) for t, k in at.place.values]
    assert compare(at.var_gradient, at.var_gradient_se, exact, 16, degrees_of_freedom=at.var_gradient_df).agrees(1e-4)
    assert json.loads(run.attrs["problem"])["inputs"] == {"law": repr(law)}
    with pytest.raises(ValueError, match="are a law of the user's, which no attribute can hold"):
        again(run)
    assert simulate(**again(run, network)).identical(run)


def test_a_law_says_what_its_parameters_are():
    """Or runs of two laws that differ would pass for one in a store."""

    class Silent(IndependentCoordinates):
        _coordinate_moment = Laplace._coordinate_moment
        _sample = Laplace._sample

    with pytest.raises(TypeError, match=r"abstract method '?parameters"):
        Silent(1)


def test_a_subclass_is_another_law():
    """What is known by the class's name alone, faster samples and the name in files, is not inherited."""

    class Shifted(Rademacher):
        def _sample(self, generator, shape):
            return super()._sample(generator, shape) + 1

    cpu = torch.device("cpu")
    source = make_source(Shifted(1), 3, Draws(4, streams(0, (3, 0), cpu), cpu, torch.float64))
    assert type(source) is LawRows and set(source.draw().ravel().tolist()) == {0.0, 2.0}
    with pytest.raises(ValueError, match="inputs must be of the laws that files name"):
        problem_json(problem(Shifted(1)))


def test_what_a_law_says_is_what_engines_go_by():
    """A Gaussian law that says it is none goes the way of all others, to the same polynomials."""

    class Plain(Gaussian):
        is_gaussian = is_centred_gaussian = False

    words = variance_poly.variance_polynomial(problem(Gaussian(2)), 1, 2, engine="trace_words")
    assert variance_poly.variance_polynomial(problem(Plain(2)), 1, 2, engine="wishart") == words
    with pytest.raises(ValueError, match="the inputs must be Gaussian"):
        variance_poly.variance_polynomial(problem(Plain(2)), 1, 2, engine="trace_words")

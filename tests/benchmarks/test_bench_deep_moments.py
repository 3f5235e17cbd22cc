"""Exact variance polynomials of deep networks with Gaussian inputs: joint moments beside the definition with its averages as variables."""

from __future__ import annotations

from fractions import Fraction as F

import pytest

from theory import Gaussian, TeacherStudent
from theory.degrees import variance_degree
from theory.engines.base import Quantity
from theory.engines.deep_moments import DeepMoments
from theory.references.symbolic_deep import SymbolicDeepNetwork

TARGET = "1-1-1, quadratic, t = 1, both layers: 1 s"


def scalar():
    return TeacherStudent([[[1]], [[F(-1, 2)]]], [[[2]], [[F(1, 3)]]], Gaussian(1), F(1, 5), (0, 1, F(1, 2)))


def plane():
    return TeacherStudent(
        [[[1, F(1, 2)], [0, -1]], [[F(1, 2), 1]]], [[[0, 1], [1, 0]], [[1, 1]]], Gaussian(2), F(1, 5), (0, 1, F(1, 2))
    )  # fmt: skip


def by_engine(problem):
    return [DeepMoments().compute(problem, Quantity("variance", 1, layer)) for layer in (1, 2)]


def by_partitions(problem):
    network = SymbolicDeepNetwork.of(problem)
    return [network.in_inverse_batch_size(network.variance(1, layer)) for layer in (1, 2)]


@pytest.mark.parametrize("method", [by_engine, by_partitions], ids=["engine", "partitions"])
@pytest.mark.benchmark(group="1-1-1, quadratic, Gaussian, t = 1, both layers: degree 10")
def test_scalar(benchmark, method):
    benchmark.extra_info["target"] = TARGET
    benchmark.extra_info["predicted"] = str(DeepMoments().cost(scalar(), Quantity("variance", 1, 1))) + " a layer"
    found = benchmark.pedantic(method, args=(scalar(),), rounds=3)
    assert [v.degree for v in found] == [variance_degree(1, depth=2, activation_degree=2)] * 2


@pytest.mark.benchmark(group="2-2-1, quadratic, Gaussian, t = 1, both layers: degree 10")
def test_plane(benchmark):
    benchmark.extra_info["predicted"] = str(DeepMoments().cost(plane(), Quantity("variance", 1, 1))) + " a layer"
    found = benchmark.pedantic(by_engine, args=(plane(),), rounds=1)
    assert [v.degree for v in found] == [10, 10]

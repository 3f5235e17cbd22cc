"""Trace words: one word with six S at 64 x 64 beside a plain recursion, and the network 64-256-128 at t = 1.

pytest tests/benchmarks/test_bench_trace_words.py --benchmark-enable --benchmark-only
"""

from __future__ import annotations

import resource
from fractions import Fraction as F
from typing import Any

import numpy as np
import pytest

from theory.engines.base import Quantity
from theory.engines.trace_words import TraceWords
from theory.gaussian_moments import Wishart, wishart_moment
from theory.inputs import Gaussian
from theory.problem import TeacherStudent

ORDER, DEGREE = 64, 6
SYMMETRY_FREE = "E tr(S P_1 S P_2 ... S P_6), P_i of order 64 without symmetry, Sigma = I"


def letters() -> list[np.ndarray]:
    """Six random matrices of norm about one."""
    return list(np.random.default_rng(0).standard_normal((DEGREE, ORDER, ORDER)) / ORDER**0.5)


def plain(words: list[list[np.ndarray]]) -> np.ndarray:
    """The same rules on bare matrices, no state met twice is recognised: coefficients of 1/b in doubles, no error bounds."""
    if not words:
        return np.array([1.0])
    first, *rest = words
    total = np.zeros(1 + sum(map(len, words)))

    def add(scalar: float, further: list[list[np.ndarray]], power: int) -> None:
        value = scalar * plain(further)
        total[power : power + len(value)] += value

    if len(first) == 1:
        add(float(np.trace(first[0])), rest, 0)
    else:
        add(1.0, [[*first[1:-1], first[-1] @ first[0]], *rest], 0)
    for j in range(1, len(first)):
        inner, outer = first[:j], first[j:]
        turned = [x.T for x in reversed(outer)]
        if j == 1:
            add(float(np.trace(inner[0])), [outer, *rest], 1)
        else:
            add(1.0, [[*inner[1:-1], inner[-1] @ inner[0]], outer, *rest], 1)
        add(1.0, [[*turned[:-1], turned[-1] @ inner[0], *inner[1:]], *rest], 1)
    for m, other in enumerate(rest):
        others = rest[:m] + rest[m + 1 :]
        for i in range(len(other)):
            turn = other[i:] + other[:i]
            for v in (turn, [x.T for x in reversed(turn)]):
                add(1.0, [[*v[:-1], v[-1] @ first[0], *first[1:]], *others], 1)
    return total[: 1 + max(np.flatnonzero(total), default=0)]


def network() -> TeacherStudent:
    """64-256-128, weights of variance 1 / fan_in."""
    generator = np.random.default_rng(1)
    layers = [generator.standard_normal((a, c)) / c**0.5 for a, c in ((256, 64), (128, 256)) * 2]
    return TeacherStudent(layers[:2], layers[2:], Gaussian(64), F(1, 10))


@pytest.mark.benchmark(group=f"one word: {SYMMETRY_FREE}")
def test_word_of_degree_six(benchmark: Any) -> None:
    benchmark.extra_info["target"] = "0.3 s (plain first version 1.2 s, a public symbolic package 23 s)"
    word = [x for p in letters() for x in (Wishart(), p)]
    law = Gaussian(ORDER)
    result = benchmark(lambda: wishart_moment([word], law))
    assert result.degree == DEGREE - 1
    assert max(r / abs(c) for c, r in zip(result.coefficients, result.radii, strict=True)) < 1e-9


@pytest.mark.benchmark(group=f"one word: {SYMMETRY_FREE}")
def test_word_of_degree_six_plainly(benchmark: Any) -> None:
    benchmark.extra_info["what"] = "plain recursion on matrices, for comparison"
    result = benchmark.pedantic(plain, args=([letters()],), rounds=1)
    fast = wishart_moment([[x for p in letters() for x in (Wishart(), p)]], Gaussian(ORDER))
    assert np.allclose(result, [float(c) for c in fast.coefficients], rtol=1e-8)


@pytest.mark.parametrize("arithmetic", ["balls", "exact"])
@pytest.mark.benchmark(group="network 64-256-128, t = 1, both layers: E||g||^2 and var")
def test_network(benchmark: Any, arithmetic: str) -> None:
    problem, engine = network(), TraceWords(arithmetic)
    quantities = [Quantity(kind, 1, layer) for kind in ("second_moment", "variance") for layer in (1, 2)]
    results: list[Any] = benchmark.pedantic(lambda: [engine.compute(problem, q) for q in quantities], rounds=1)
    benchmark.extra_info["target"] = "5 s and 1 GB"
    benchmark.extra_info["peak of this process so far, GB"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    benchmark.extra_info["predicted"] = str(engine.cost(problem, quantities[2]))
    assert [v.degree for v in results] == [6] * 4
    worst = max(r / abs(c) for v in results for c, r in zip(v.coefficients, v.radii, strict=True) if c)
    benchmark.extra_info["largest relative radius"] = float(worst)
    assert worst < 1e-10

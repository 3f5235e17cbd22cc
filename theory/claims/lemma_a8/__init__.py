"""Lemma A.8: the gradients of a polynomial network of any depth are sums of products of matrices; the list of them."""

from __future__ import annotations

from fractions import Fraction as F
from functools import partial

from theory.claims.record import Claim, Showcase, Verdict
from theory.claims.support.product_lists import OneSample, check_list
from theory.claims.support.small_networks import network
from theory.inputs import Gaussian

#: By depth and degree: sizes and coefficients.
SHOWN: dict[tuple[int, int], tuple[tuple[int, ...], tuple[F | int, ...]]] = {
    (1, 2): ((3, 2), (1, 1, F(1, 2))),
    (2, 2): ((2, 3, 2), (F(1, 2), 1, -1)),
    (3, 1): ((2, 2, 3, 1), (F(1, 2), 1)),
    (3, 2): ((2, 2, 2, 1), (1, F(1, 2), 1)),
    (2, 3): ((2, 2, 2), (1, 0, 2, 1)),
}


def instance(depth: int, degree: int) -> OneSample:
    """A network of that depth and degree, at the sample (1/2, -1, 3/2, ...)."""
    sizes, sigma = SHOWN[depth, degree]
    problem = network(sizes, sigma, Gaussian(sizes[0]), seed=10 * depth + degree)
    name = f"sizes {'-'.join(map(str, sizes))}, coefficients {', '.join(map(str, sigma))}"
    return OneSample(name, problem, tuple(F((-1) ** i * (i + 1), 2) for i in range(sizes[0])))


CLAIM = Claim(
    id="A.8",
    module=__name__,
    verdict=Verdict.HOLDS,
    figure="one long product",
    check=check_list,
    showcases=tuple(Showcase(f"H = {h}, D = {d}", partial(instance, h, d)) for h, d in SHOWN),
)

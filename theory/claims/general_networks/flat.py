"""A C-infinity activation for which var(g_{1,1}) rises again and again: waves of sigma that ever larger batches come to see.

With psi(x) = exp(-x^2 / (1 - x^2)) for |x| < 1 and 0 elsewhere, n_k = 3^(4^k) and N = n_{k-1} = n_k^(1/4),

    sigma(z) = z psi(2(z - 1)) + sum_{k >= 1} 2^-N (z - 1/n_k) psi(2(n_k z - 1)).

The wave k lives on 1/(2 n_k) < z < 3/(2 n_k), where it has the slope 2^-N at its node z = 1/n_k; the m-th derivative of the k-th term is at
most C_m 2^-N N^(4(m-1)), so that all derivatives converge. In the network of `one_unit` at alpha = 1, W_1 = (b - 2c)/b with a binomial c:

    b = 2 n/3, n = n_k: no W_1 lies in the waves k, k+1, ...; the others are at W_1 > 1/(2N):  var <= 98 exp(-N^2/12)
    b = 2 n: W_1 = 1/n has a probability of C(2n, n-1) / 4^n, and G = -W_2 2^-N there:           var >= 4^-N / (8 n^(3/2))
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction as F

import numpy as np
from flint import arb, fmpq

from theory.arithmetic.working_precision import working_precision
from theory.backpropagation import Entrywise
from theory.claims.general_networks.one_unit import OneUnit
from theory.enumeration.batches import Urn
from theory.enumeration.walk import Walk
from theory.exact import to_fmpq_array
from theory.optimizers import SGD

BITS = 512
#: |G| is at most this: W_2 <= 2, |W_2 sigma - 1| <= 1 and |sigma'| < 7 at the first term; the waves are lower.
LARGEST_FACTOR = 14


def node(k: int) -> int:
    """n_k = 3^(4^k), the wave k being at z = 1/n_k."""
    return int(3 ** (4**k))


def height(k: int) -> arb:
    """sigma'(1/n_k) = 2^-n_{k-1}."""
    return arb(2) ** -node(k - 1)


def sigma(z: fmpq) -> tuple[arb, arb]:
    """sigma(z) and sigma'(z), in balls: of the terms at most one is not 0."""
    if z <= 0:
        return arb(0), arb(0)
    for n, zero, scale in _terms(z):
        x = 2 * (n * z - 1)
        if -1 < x < 1:
            value, slope = _psi(x)
            return scale * (z - zero) * value, scale * (value + 2 * n * (z - zero) * slope)
    return arb(0), arb(0)


def unit() -> OneUnit:
    """The network of `one_unit`."""
    return OneUnit(F(1), sigma)


def variance_over_all_batches(batch_size: int) -> arb:
    """var(g_{1,1}) by following both batches: backpropagation in balls, no formula of the network."""
    student, teacher, atoms = (tuple(to_fmpq_array(np.array([[x]], dtype=object)) for x in numbers) for numbers in ((1, 2), (1, 1), (0, 1)))
    walk = Walk(
        student,
        teacher,
        Entrywise(sigma),
        rates=(F(1),),
        optimizer=SGD(),
        atoms=atoms,
        labels=None,
        probabilities=(fmpq(1, 2), fmpq(1, 2)),
        urn=Urn(2),
        batch_size=batch_size,
        literal=False,
    )
    first, second = arb(0), arb(0)
    for weights, chance in walk.law_of_weights(1):
        for (g,), _, of_batch in walk.gradients(weights, layer=1):
            first, second = first + chance * of_batch * g[0, 0], second + chance * of_batch * g[0, 0] ** 2
    return second - first * first


def upper_bound_before(k: int) -> arb:
    """Of var(g_{1,1}) at b = 2 n_k / 3: E g^2 <= 14^2 E q'^2 P(W_1 > 1/(2N)), by Hoeffding."""
    with working_precision(BITS):
        return arb(LARGEST_FACTOR) ** 2 / 2 * (-(arb(node(k - 1)) ** 2) / 12).exp()


def lower_bound_after(k: int) -> arb:
    """Of var(g_{1,1}) at b = 2 n_k: E Var(g | W_1), with C(2n, n-1) / 4^n >= (n/(n+1)) / (2 sqrt(n))."""
    with working_precision(BITS):
        return height(k) ** 2 / (8 * node(k) * arb(node(k)).sqrt())


def variance_after(k: int) -> arb:
    """var(g_{1,1}) at b = 2 n_k in a ball: the term of W_1 = 1/n_k, by the gamma function, and a bound on all others."""
    with working_precision(BITS):
        n = arb(node(k))
        chance = ((2 * n + 1).lgamma() - n.lgamma() - (n + 2).lgamma() - 2 * n * arb(2).log()).exp()
        factor = (3 + 1 / n) / 2 * height(k)
        others = (-(arb(node(k - 1)) ** 2) / 4).exp()  # P(W_1 > 1/(2N))
        first = factor * chance + arb(0, (LARGEST_FACTOR * others).upper())
        second = factor**2 * chance + arb(0, (LARGEST_FACTOR**2 * others).upper())
        return second * (1 + 1 / (2 * n)) / 4 - first**2 / 4


def _terms(z: fmpq) -> Iterator[tuple[int, fmpq, arb]]:
    """(n, zero, scale) of the terms scale (z - zero) psi(2(n z - 1)) that are not further to the left."""
    yield 1, fmpq(0), arb(1)
    k = 1
    while 2 * node(k) * z < 3:
        yield node(k), fmpq(1, node(k)), height(k)
        k += 1


def _psi(x: fmpq) -> tuple[arb, arb]:
    """psi(x) = exp(-x^2 / (1 - x^2)) and psi'(x) = -2 x / (1 - x^2)^2 psi(x), |x| < 1."""
    left = 1 - x * x
    value = (-arb(x * x / left)).exp()
    return value, -2 * x / (left * left) * value

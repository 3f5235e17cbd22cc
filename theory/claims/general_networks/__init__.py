"""“Theorem 3.5 can also be extended to general neural networks”: false as it stands, true where the activation is analytic near the path.

`one_unit` is the network on, beside or past a kink, `flat` a C-infinity activation, `rising` what both refute; `expansion` carries the
proof of the theorem out in numbers, `falling` checks what it promises; `closeness` is what closeness to polynomials proves.
"""

from __future__ import annotations

from fractions import Fraction as F

from theory.claims.general_networks import closeness, falling, rising
from theory.claims.general_networks.closeness import Close
from theory.claims.general_networks.falling import Falling, beside_the_kink
from theory.claims.general_networks.rising import Rise, Wave
from theory.claims.record import Claim, Evidence, Showcase, Verdict
from theory.inputs import Discrete
from theory.problem import TeacherStudent

_UNIT = r"x in {0, 1} equally likely, w = (1, 2), w* = (1, 1), t = 1, layer 1"


def check(instance: Falling | Close) -> Evidence:
    """The decrease from a batch size on, for every b; or what closeness proves of it."""
    return falling.check(instance) if isinstance(instance, Falling) else closeness.check(instance)


def check_printed(instance: Rise | Wave) -> Evidence:
    """The print: beyond some b_0 the variance decreases. It rises, by two routes."""
    return rising.check_rise(instance) if isinstance(instance, Rise) else rising.check_wave(instance)


def on_the_kink() -> Rise:
    """Leaky ReLU, alpha = 1: the full gradient leads to W_1 = 0."""
    pairs = ((6, 12), (12, 24), (24, 48))
    return Rise(f"{_UNIT}, alpha = 1, leaky ReLU, a = 1/100", F(1), F(1, 100), pairs)


def dead_unit() -> Rise:
    """ReLU, alpha = 2: the full gradient leads to W_1 = -1, where the unit is dead."""
    pairs = ((4, 5), (8, 9), (20, 21), (64, 65))
    return Rise(f"{_UNIT}, alpha = 2, ReLU", F(2), F(0), pairs)


def waves(k: int) -> Wave:
    """The C-infinity activation, at the wave k."""
    return Wave(f"{_UNIT}, alpha = 1, the activation of infinitely many waves, k = {k}", k)


def first_wave() -> Wave:
    """n_1 = 81."""
    return waves(1)


def second_wave() -> Wave:
    """n_2 = 3^16."""
    return waves(2)


def third_wave() -> Wave:
    """n_3 = 3^64."""
    return waves(3)


def before_the_kink() -> Falling:
    """Leaky ReLU, alpha = 3/4: W_1 = 1/4 on the path of the full gradient, and 0 at q = 2/3, 1/6 above the mean."""
    unit = Rise(f"{_UNIT}, alpha = 3/4, leaky ReLU, a = 1/100", F(3, 4), F(1, 100), ((56, 57),))
    return beside_the_kink(unit, 57, F(83, 500))


def beyond_the_kink() -> Falling:
    """Leaky ReLU, alpha = 2: W_1 = -1 on the path of the full gradient, and 0 at q = 1/4, 1/4 below the mean."""
    unit = Rise(f"{_UNIT}, alpha = 2, leaky ReLU, a = 1/100", F(2), F(1, 100), ((120, 121),))
    return beside_the_kink(unit, 121, F(249, 1000))


def tanh_network() -> Falling:
    """tanh: a rise from b = 1 to 2, from there on a decrease."""
    problem = TeacherStudent([[[1]], [[2]]], [[[1]], [[1]]], Discrete([1, 2]), 1, "tanh")
    return Falling("x in {1, 2} equally likely, w = (1, 2), w* = (1, 1), alpha = 1, tanh, t = 1, layer 2", problem, 2, 2)


def sigmoid_network() -> Falling:
    """Sigmoid, two hidden units."""
    law = Discrete([(1, 0), (1, -1)], [F(1, 3), F(2, 3)])
    problem = TeacherStudent([[[1, F(1, 2)], [-1, 1]], [[1, 1]]], [[[0, 1], [1, 1]], [[1, -2]]], law, F(1, 2), "sigmoid")
    return Falling("sizes 2-2-1, sigmoid, two atoms, alpha = 1/2, t = 1, layer 2", problem, 2)


def elu_network() -> Falling:
    """ELU with a unit on each side of its kink."""
    problem = TeacherStudent([[[1], [-1]], [[1, 1]]], [[[1], [1]], [[1, -1]]], Discrete([1, 2]), F(1, 16), "elu")
    return Falling("sizes 1-2-1, ELU, x in {1, 2}, W_1 = (1, -1), W_2 = (1, 1), W_1* = (1, 1), W_2* = (1, -1), alpha = 1/16", problem, 1)


def coarse() -> Close:
    """tanh, followed by a polynomial of degree 29: what closeness proves ends early."""
    problem = TeacherStudent([[[1]], [[2]]], [[[F(1, 2)]], [[-1]]], Discrete([F(1, 2), 1]), F(1, 4), "tanh")
    return Close("the same tanh network, and the polynomial of degree 29 on [-4, 4]", problem, 1, 1, F(4), 29, 24)


CLAIM = Claim(
    id="3.5 extended",
    module=__name__,
    verdict=Verdict.REFUTED,
    figure="general networks",
    check=check,
    check_printed=check_printed,
    showcases=(
        Showcase("leaky ReLU on a knife edge", on_the_kink, printed=True),
        Showcase("ReLU: a dead unit", dead_unit, printed=True),
        Showcase("infinitely smooth, n = 81", first_wave, printed=True),
        Showcase("infinitely smooth, n = 3^16", second_wave, printed=True),
        Showcase("infinitely smooth, n = 3^64", third_wave, printed=True),
        Showcase("leaky ReLU beside the knife edge", before_the_kink),
        Showcase("leaky ReLU on the other side", beyond_the_kink),
        Showcase("tanh", tanh_network),
        Showcase("sigmoid", sigmoid_network),
        Showcase("ELU off its kink", elu_network),
        Showcase("what closeness proves", coarse),
    ),
)

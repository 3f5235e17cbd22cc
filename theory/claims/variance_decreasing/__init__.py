"""The conjecture that var(g_t) decreases in b for every b >= 1: false, in many ways; and true after one step for few inputs."""

from __future__ import annotations

from fractions import Fraction as F

from theory.claims.record import Claim, Evidence, Showcase, Verdict
from theory.claims.variance_decreasing import rises
from theory.claims.variance_decreasing.definiteness import Definiteness
from theory.claims.variance_decreasing.many_inputs import ManyInputs
from theory.claims.variance_decreasing.near_saddle import Saddle
from theory.claims.variance_decreasing.one_step import OneStep, one_input, two_inputs, wide_network
from theory.claims.variance_decreasing.rotations import Rotations

Instance = OneStep | Definiteness | Saddle | Rotations | ManyInputs


def check(instance: Instance) -> Evidence:
    """Each part of what is true has its own two routes."""
    return instance.evidence()


CLAIM = Claim(
    id="conjecture",
    module=__name__,
    verdict=Verdict.REFUTED,
    figure="rising variances",
    check=check,
    check_printed=rises.check_printed,
    showcases=(
        Showcase("two atoms, the smallest integers", rises.two_atoms, printed=True, decisive=True),
        Showcase("two atoms, positive at b = 1", rises.two_atoms_positive, printed=True),
        Showcase("two Gaussian inputs, integers, one step", rises.gaussian_integers, printed=True),
        Showcase("five layers, one step", rises.five_layers, printed=True),
        Showcase("seven layers, one step", rises.seven_layers, printed=True),
        Showcase("beside the saddle, two steps", rises.beside_the_saddle, printed=True),
        Showcase("one constant rate, four steps", rises.constant_rate, printed=True),
        Showcase("no b_0 serves all networks", Saddle),
        Showcase("every rotation", Rotations),
        Showcase("one input, two layers", lambda: one_input(2)),
        Showcase("one input, four layers", lambda: one_input(4)),
        Showcase("one input, sizes 1-3-2", wide_network),
        Showcase("two inputs, correlated", two_inputs),
        Showcase(
            "two inputs, every network",
            lambda: Definiteness(2, 2, (F(1), F(2), F(82, 25), F(329, 100), F(4), F(100)), ((1, 2), (2, 3), (3, 4), (4, 5))),
        ),
        Showcase("three inputs or more", ManyInputs),
    ),
)

"""Slow and obvious routes to what the engines compute, one file each, that share no formula with them nor with each other.

    oracle.can(problem, quantity)                    whether it has an answer at all
    oracle.value(problem, quantity, batch_size)      the exact value: a Fraction, or for the mean an object array of Fractions
    oracle.polynomial(problem, quantity)             symbolic ones: every coefficient, as the engines' `compute` returns them

ORDERED_BATCHES      every ordered batch of a law with atoms, in lists of Fractions; one or two linear layers
SEQUENCES            every sequence of batches by backpropagation; a law with atoms, any network
ENTRYWISE            SGD with the entries of S_0, S_1, ... as unknowns, set partitions; one or two linear layers, any law with moments
FREQUENCIES          SGD with the frequencies of the atoms as unknowns, Jacobians forwards; a law with atoms, any polynomial network
CHI_SQUARE           SGD with the scalars s_0, s_1, ... as unknowns; scalar linear networks of two layers, scalar Gaussian inputs
"""

from tests.oracles.base import Oracle, SymbolicOracle
from tests.oracles.chi_square import CHI_SQUARE
from tests.oracles.entrywise import ENTRYWISE
from tests.oracles.frequencies import FREQUENCIES
from tests.oracles.ordered_batches import ORDERED_BATCHES
from tests.oracles.sequences import SEQUENCES

ORACLES: dict[str, Oracle] = {
    "ordered batches": ORDERED_BATCHES,
    "sequences": SEQUENCES,
    "entrywise": ENTRYWISE,
    "frequencies": FREQUENCIES,
    "chi-square": CHI_SQUARE,
}

__all__ = ["CHI_SQUARE", "ENTRYWISE", "FREQUENCIES", "ORACLES", "ORDERED_BATCHES", "SEQUENCES", "Oracle", "SymbolicOracle"]

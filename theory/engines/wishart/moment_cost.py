"""What the engine asks of a law's own moments, and what that takes: the law says what one moment costs."""

from __future__ import annotations

import math

from theory.budget.unit_costs import UNITS
from theory.inputs import InputLaw


def pair_table_seconds(law: InputLaw) -> float:
    """For E[S_ij S_kl] at all i, j, k, l: the C(p + 3, 4) distinct fourth moments, and p^4 entries of their digits."""
    p = law.dimension
    return math.comb(p + 3, 4) * law.moment_seconds(4) + p**4 * (UNITS["law.pair"] + 7e-9 * law.moment_bits(4))


def second_moment_seconds(law: InputLaw) -> float:
    """For Sigma: of atoms one product of matrices, which takes about what one moment does."""
    return law.moment_seconds(2) + 3e-6 * law.dimension**2


def is_sparse(law: InputLaw) -> bool:
    """Independent centred coordinates: E[S_ij S_kl] = 0 but for pairs of equal indices."""
    return law.has_centred_iid_coordinates

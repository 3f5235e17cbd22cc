"""The ledger: one file per statement of the paper, listed in one explicit tuple."""

from theory.claims import (
    general_networks,
    leaky_relu,
    lemma_a1,
    lemma_a2,
    lemma_a3,
    loss_decreasing,
    random_initial_weights,
    theorem_3_1,
    theorem_3_2,
    theorem_3_3,
    theorem_3_4,
    theorem_3_5,
    theorem_3_6,
    theorem_a4,
    theorem_a5,
    theorem_a6,
    theorem_a7,
    theorem_a9,
    theorem_a10,
    variance_decreasing,
)
from theory.claims.record import Claim, Evidence, Showcase, Verdict

LEDGER: tuple[Claim, ...] = (
    lemma_a1.CLAIM,
    lemma_a2.CLAIM,
    lemma_a3.CLAIM,
    theorem_a4.CLAIM,
    theorem_a5.CLAIM,
    theorem_a6.CLAIM,
    theorem_a7.CLAIM,
    theorem_a9.CLAIM,
    theorem_a10.CLAIM,
    theorem_3_1.CLAIM,
    theorem_3_2.CLAIM,
    theorem_3_3.CLAIM,
    theorem_3_4.CLAIM,
    theorem_3_5.CLAIM,
    theorem_3_6.CLAIM,
    loss_decreasing.CLAIM,
    variance_decreasing.CLAIM,
    random_initial_weights.CLAIM,
    leaky_relu.CLAIM,
    general_networks.CLAIM,
)

__all__ = ["LEDGER", "Claim", "Evidence", "Showcase", "Verdict"]

"""The ledger: every statement of the paper that is checked, one folder each, listed in one explicit tuple.

A claim is added in three places:

- its folder: `__init__.py` with the check, the instances to show and the record `CLAIM`, and `statement.md` with what it says (see
  `statement`); `figure=` names a drawing of `reports.figures`, and without it the page draws both sides of the checks;
- its line in `LEDGER`, below: tests/theorems/test_ledger.py, `batchlaw verify` and the site take it from there;
- its test, of the same name, in tests/theorems, where the instances to show are few: the check on random and on hard ones.

The verdict is one of the statement alone; its printed proof is graded apart, in statement.md (see `grades`). What the print has wrong
stands line by line in errata.md (see `errata`): a claim whose statement or printed proof is corrected must have its erratum there.

What the paper asserts that has no entry stands in without_entry.md, with the reason (see `without_entry`).

`record` has the records, `support` what several claims lean on.
"""

from theory.claims import (
    coefficient_scale,
    full_gradient,
    general_networks,
    gradient_norm,
    large_batches,
    leaky_relu,
    lemma_a1,
    lemma_a2,
    lemma_a3,
    lemma_a8,
    loss_decreasing,
    loss_variance,
    noise_constants,
    other_optimizers,
    product_counts,
    products_at_a_step,
    products_of_expectations,
    proportional_variance,
    quadratic_networks,
    random_initial_weights,
    regression,
    small_thresholds,
    subsets,
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
    unbiased_gradient,
    variance_decreasing,
)
from theory.claims.record import Claim, Evidence, Showcase, Verdict

LEDGER: tuple[Claim, ...] = (
    gradient_norm.CLAIM,
    unbiased_gradient.CLAIM,
    subsets.CLAIM,
    proportional_variance.CLAIM,
    regression.CLAIM,
    lemma_a1.CLAIM,
    lemma_a2.CLAIM,
    lemma_a3.CLAIM,
    theorem_a4.CLAIM,
    theorem_a5.CLAIM,
    theorem_a6.CLAIM,
    theorem_a7.CLAIM,
    quadratic_networks.CLAIM,
    lemma_a8.CLAIM,
    product_counts.CLAIM,
    theorem_a9.CLAIM,
    theorem_a10.CLAIM,
    theorem_3_1.CLAIM,
    theorem_3_2.CLAIM,
    products_at_a_step.CLAIM,
    theorem_3_3.CLAIM,
    products_of_expectations.CLAIM,
    loss_variance.CLAIM,
    theorem_3_4.CLAIM,
    theorem_3_5.CLAIM,
    small_thresholds.CLAIM,
    coefficient_scale.CLAIM,
    large_batches.CLAIM,
    theorem_3_6.CLAIM,
    loss_decreasing.CLAIM,
    variance_decreasing.CLAIM,
    full_gradient.CLAIM,
    noise_constants.CLAIM,
    other_optimizers.CLAIM,
    random_initial_weights.CLAIM,
    leaky_relu.CLAIM,
    general_networks.CLAIM,
)

__all__ = ["LEDGER", "Claim", "Evidence", "Showcase", "Verdict"]

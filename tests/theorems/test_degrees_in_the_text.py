"""The degrees that statements list are those of the formulas in the code."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from theory.claims import LEDGER
from theory.degrees import loss_degree, loss_variance_degree, printed_variance_degree_a7, variance_degree

CLAIMS = {claim.id: claim for claim in LEDGER}


def listed(degree: Callable[[int], int], count: int) -> str:
    return ", ".join(str(degree(t)) for t in range(count))


@pytest.mark.parametrize(
    "claim_id, part, words",
    [
        pytest.param(claim_id, part, words, id=f"{CLAIMS[claim_id].folder}, {part}", marks=pytest.mark.theorems(claim_id))
        for claim_id, part, words in (
            ("3.1.2 loss", "corrected", rf"for two linear layers {listed(loss_degree, 3)} at \(t = 0, 1, 2\)"),
            (
                "3.1.2 variance of the loss",
                "corrected",
                rf"for two linear layers {listed(loss_variance_degree, 3)} at \(t = 0, 1, 2\)",
            ),
            ("3.4", "corrected", f"(two linear layers: {listed(variance_degree, 4)}, ...)"),
            ("A.7", "corrected", rf"({listed(variance_degree, 5)}, \ldots)"),
            ("A.7", "remarks", rf"= {listed(printed_variance_degree_a7, 5)}, \ldots"),
        )
    ],
)
def test_the_degrees_in_the_text_are_those_of_the_code(claim_id: str, part: str, words: str):
    text = getattr(CLAIMS[claim_id].statement, part)
    assert words in (text if isinstance(text, str) else " ".join(text))

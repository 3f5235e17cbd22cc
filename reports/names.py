"""What a claim is called where there is room for more than its id."""

from __future__ import annotations

LEMMAS = ("A.1", "A.2", "A.3", "A.8")
NAMES = {"3.1.2 loss": "Section 3.1.2: the loss", "conjecture": "The conjecture", "random w_0": r"Random \(w_0\)"}


def full_name(claim_id: str) -> str:
    r"""HTML with LaTeX: the kind of statement and its number in the paper.

    Examples:
        >>> full_name("A.2"), full_name("3.4"), full_name("conjecture")
        ('Lemma A.2', 'Theorem 3.4', 'The conjecture')
    """
    if claim_id in NAMES:
        return NAMES[claim_id]
    chapter, _, number = claim_id.partition(".")
    if chapter in ("A", "3") and number.isdigit():
        return f"{'Lemma' if claim_id in LEMMAS else 'Theorem'} {claim_id}"
    return claim_id

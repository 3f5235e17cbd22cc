"""The ledger: one file per statement of the paper, listed in one explicit tuple."""

from theory.claims.record import Claim, Evidence, Showcase, Verdict

LEDGER: tuple[Claim, ...] = ()

__all__ = ["LEDGER", "Claim", "Evidence", "Showcase", "Verdict"]

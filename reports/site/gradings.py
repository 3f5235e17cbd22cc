"""What verdicts and grades of printed proofs look like on a page, and what they mean."""

from __future__ import annotations

from theory.claims.grades import ProofGrade
from theory.claims.record import Verdict

#: tone (a CSS class), sign, meaning
VERDICTS: dict[Verdict, tuple[str, str, str]] = {
    Verdict.HOLDS: ("holds", "✓", "True as printed, under the hypotheses on its page. Every check came out."),
    Verdict.MISPRINTED: (
        "holds",
        "✓",
        "True, but for a slip of letters, indices or signs: what is meant can be seen from the neighbouring lines. As the letters stand, "
        "the print is shown to fail on an instance.",
    ),
    Verdict.CORRECTED: (
        "corrected",
        "✎",
        "True once a bound or a condition is changed. The corrected statement is checked, and the printed one is shown to fail on an "
        "instance.",
    ),
    Verdict.REFUTED: (
        "refuted",
        "✗",
        "False as printed: a counterexample is shown, as small as could be found, with what is true instead.",
    ),
    Verdict.OPEN: ("open", "?", "Evidence, but no proof and no counterexample."),
}

#: tone, sign, meaning
PROOF_GRADES: dict[ProofGrade, tuple[str, str, str]] = {
    ProofGrade.CLOSES: ("holds", "✓", "The proof as printed is complete."),
    ProofGrade.SLIPS: ("corrected", "✎", "A sign, an index or a constant is wrong; the argument stands."),
    ProofGrade.GAP: (
        "corrected",
        "✎",
        "A step is missing, or does not follow as it is argued. It can be closed, and is closed on the page.",
    ),
    ProofGrade.FAILS: ("refuted", "✗", "The conclusion does not follow, and is false as it stands."),
    ProofGrade.ABSENT: ("quiet", "–", "The paper has none, or leaves it to its full version, which was not read: nothing is said of it."),
}

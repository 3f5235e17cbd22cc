"""The index: headlines first, every claim in the order it is given with what was found, and counts that add up."""

from __future__ import annotations

import re

from reports.findings import examine, select
from reports.site.index_page import headlines, index_page, tallies
from tests.reports.cli.fakes import claim, differ, one_showcase, undecided
from theory.claims import LEDGER
from theory.claims.grades import Importance, ProofGrade, parse_proof
from theory.claims.manuscript_lines import PAPER, parse_place
from theory.claims.record import Claim, Showcase, Verdict

CLAIMS = (
    claim("T.1", Verdict.REFUTED, headline="It falls.", source=parse_place("Line 3")),
    claim("T.2", Verdict.HOLDS, headline=r"\(b\) stands.", importance=Importance.REMARK, proof_as_printed=parse_proof("closes")),
    claim("T.3", check_printed_proof=differ, showcases=(*claim().showcases, Showcase("a step", lambda: 2, printed_proof=True))),
)


def index(*claims: Claim) -> str:
    html = index_page(claims, [examine(c).summary for c in claims])
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", html[html.index("<main") :]))


def test_what_stands_comes_before_what_falls() -> None:
    found = headlines(CLAIMS)
    assert [h["href"] for h in found] == ["t-2.html", "t-1.html"] and found[0]["verdict"] == "holds"
    shown = index(*CLAIMS)
    assert PAPER in shown and shown.index("b stands.") < shown.index("It falls.") < shown.index("Every claim")


def test_a_row_says_what_was_found_where_and_for_what() -> None:
    row = index(CLAIMS[0]).partition("Its proof as printed")[2]
    for words in (
        "T.1",
        "Line 3 central",
        "The degree is",
        "Shown for two layers. Evidence: a proof of what holds; 2 checks hold, the print fails on 1.",
        "refuted",
        "slips",
    ):
        assert words in row, words
    row = index(CLAIMS[2])
    assert "Lines 1-2 central" in row and "2 checks hold, the print fails on 1, a step of its proof on 1." in row
    assert "Evidence: 0 checks hold, the print fails on 1, 2 not checked." in index(claim(check=undecided, proof=""))


def test_a_distance_between_the_sides_is_given_where_there_is_one() -> None:
    ball = [c for c in LEDGER if c.id == "scale"]
    assert "both sides within" in index(*ball) and "both sides within" not in index(*CLAIMS)


def test_counts_add_up() -> None:
    for tally in tallies(LEDGER):
        assert sum(count["count"] for count in tally["counts"]) == len(LEDGER)
    statements, proofs = tallies(CLAIMS)
    assert {c["verdict"]: c["count"] for c in statements["counts"]} == {"holds": 1, "holds, corrected": 1, "refuted": 1}
    assert {c["verdict"]: c["count"] for c in proofs["counts"]} == {ProofGrade.CLOSES.value: 1, ProofGrade.SLIPS.value: 2}


def test_no_claims_yet() -> None:
    assert "No claims yet." in index() and "The main findings" not in index(claim(showcases=one_showcase(), verdict=Verdict.OPEN))


def test_claims_are_selected_in_the_order_of_the_paper() -> None:
    lines = [c.statement.source.lines for c in select(LEDGER, [])]
    assert lines == sorted(lines) and len(lines) == len(LEDGER)


def test_what_has_no_entry_says_why() -> None:
    shown = index(*CLAIMS).partition("Without an entry")[2]
    assert "The work is the first of its kind Lines 124-127, 167-169A question of history" in shown

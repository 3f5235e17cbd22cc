"""The statement as printed beside the statement as it should read, with what differs marked in both."""

from __future__ import annotations

import re
from difflib import SequenceMatcher

TOKEN = re.compile(r"\\\(.+?\\\)|\\\[.+?\\\]|<[^>]+>|&[a-z#0-9]+;|\w+|\s+|[^\w\s]", re.DOTALL)
LEAST_LIKENESS = 0.35  # below this the texts share so little that marks would only be noise


def mark_differences(printed: str, corrected: str) -> tuple[str, str]:
    """Both texts with differing runs in <del> and <ins>; formulas and tags are never cut. Unchanged when they share too little.

    Examples:
        >>> mark_differences("degree at most 8", "degree at most 6")
        ('degree at most <del>8</del>', 'degree at most <ins>6</ins>')
    """
    old, new = TOKEN.findall(printed), TOKEN.findall(corrected)
    matcher = SequenceMatcher(None, old, new, autojunk=False)
    if matcher.ratio() < LEAST_LIKENESS:
        return printed, corrected
    left, right = "", ""
    for kind, i1, i2, j1, j2 in matcher.get_opcodes():
        left += "".join(old[i1:i2]) if kind == "equal" else _wrap(old[i1:i2], "del")
        right += "".join(new[j1:j2]) if kind == "equal" else _wrap(new[j1:j2], "ins")
    return left, right


def _wrap(tokens: list[str], tag: str) -> str:
    """Runs of text and formulas within `tag`; HTML tags stay outside, so that nothing is nested wrongly."""
    html, run = "", ""
    for token in [*tokens, "<>"]:
        if not token.startswith("<"):
            run += token
            continue
        html += f"<{tag}>{run}</{tag}>" if run.strip() else run
        html += "" if token == "<>" else token
        run = ""
    return html

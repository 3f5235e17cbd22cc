"""The statement as printed beside the statement as it should read, with what differs marked in both."""

from __future__ import annotations

import re
from difflib import SequenceMatcher

TOKEN = re.compile(r"\\\(.+?\\\)|\\\[.+?\\\]|<[^>]+>|&[a-z#0-9]+;|\w+|\s+|[^\w\s]", re.DOTALL)
LEAST_COMMON = 3  # words in a row that count as common; shorter runs between two differences are part of one
LEAST_LIKENESS = 0.3  # of the correction's words must be common, or marks would only be noise


def mark_differences(printed: str, corrected: str) -> tuple[str, str]:
    """Both texts with differing runs in <del> and <ins>; formulas and tags are never cut. Unchanged when they share too little.

    Examples:
        >>> mark_differences("of degree at most 8", "of degree at most 6")
        ('of degree at most <del>8</del>', 'of degree at most <ins>6</ins>')
    """
    old, new = TOKEN.findall(printed), TOKEN.findall(corrected)
    runs = _runs(old, new)
    common = sum(_words(tokens) for kind, _, tokens in runs if kind == "equal")
    if common < LEAST_LIKENESS * _words(new):
        return printed, corrected
    left = "".join("".join(a) if kind == "equal" else _wrap(a, "del") for kind, a, _ in runs)
    right = "".join("".join(b) if kind == "equal" else _wrap(b, "ins") for kind, _, b in runs)
    return left, right


def _runs(old: list[str], new: list[str]) -> list[tuple[str, list[str], list[str]]]:
    """Runs (kind, old tokens, new tokens), kind "equal" or "change"; short equal runs between changes join them."""
    codes = SequenceMatcher(None, old, new, autojunk=False).get_opcodes()
    runs: list[tuple[str, list[str], list[str]]] = []
    for n, (kind, i1, i2, j1, j2) in enumerate(codes):
        inner = 0 < n < len(codes) - 1
        equal = kind == "equal" and not (inner and _words(new[j1:j2]) < LEAST_COMMON)
        name = "equal" if equal else "change"
        if runs and runs[-1][0] == name:
            runs[-1][1].extend(old[i1:i2])
            runs[-1][2].extend(new[j1:j2])
        else:
            runs.append((name, old[i1:i2], new[j1:j2]))
    return runs


def _words(tokens: list[str]) -> int:
    return sum(bool(t.strip()) and not t.startswith("<") for t in tokens)


def _wrap(tokens: list[str], tag: str) -> str:
    """Runs of text and formulas within `tag`; HTML tags stay outside, so that nothing is nested wrongly."""
    html, run = "", ""
    for token in [*tokens, "<>"]:
        if not token.startswith("<"):
            run += token
            continue
        text = run.strip()
        start = run.index(text)
        html += f"{run[:start]}<{tag}>{text}</{tag}>{run[start + len(text) :]}" if text else run
        html += "" if token == "<>" else token
        run = ""
    return html

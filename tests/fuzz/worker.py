"""A process that makes calls one after the other and tells of each, a line of JSON before and one after it.

python -m tests.fuzz.worker SEED FIRST LAST [ENTRY]
"""

from __future__ import annotations

import ast
import json
import linecache
import os
import resource
import sys
import time
import traceback
from functools import cache
from pathlib import Path
from typing import Any

from tests.fuzz.entries import ENTRIES
from tests.fuzz.expressions import Draw
from tests.fuzz.refusal import CliRefusalError, DefectError

ROOT = Path(__file__).resolve().parents[2]
OURS = tuple(str(ROOT / name) + os.sep for name in ("theory", "empirics", "reports"))
#: Of memory that is written to; the machine is to survive what the fuzz finds.
MOST_BYTES = 3 << 30


def drawn(seed: int, index: int, only: str | None = None) -> tuple[str, str]:
    """Call number `index` of this seed: the entry, and the expression."""
    draw = Draw(f"{seed}:{index}:{only or ''}")
    entry = only or draw.choice(sorted(ENTRIES))
    draw.malice = draw.choice((0.0, 0.0, 0.02, 0.1))
    return entry, ENTRIES[entry](draw)


def outcome(expression: str, names: dict[str, Any]) -> dict[str, Any]:
    """What a call comes to.

    answered; refused: by an error that someone wrote; leak: by the right kind of error, but one that nobody wrote; void: the expression
    failed before it reached us, or what it handed in did; defect: anything else.
    """
    try:
        eval(expression, dict(names))
        return {"result": "answered"}
    except (ValueError, TypeError, OSError) as error:
        told = " ".join(str(error).split())[:300]
        if _is_theirs(error) and not isinstance(error, CliRefusalError):
            return {"result": "void", "error": f"{type(error).__name__}: {told}"}
        if not told:
            return {"result": "defect", "error": f"{type(error).__name__} without a message", "where": _place(error)}
        return {
            "result": "refused" if _is_deliberate(error) else "leak",
            "error": f"{type(error).__name__}: {told}",
            "where": _place(error),
        }
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        if _is_theirs(error) and not isinstance(error, DefectError):
            return {"result": "void", "error": f"{type(error).__name__}: {str(error)[:300]}"}
        return {"result": "defect", "error": f"{type(error).__name__}: {str(error)[:300]}", "where": _place(error)}


def _frames(error: BaseException) -> list[traceback.FrameSummary]:
    return [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename.startswith(OURS)]


def _place(error: BaseException) -> str:
    cause = error.__cause__ if error.__cause__ is not None and isinstance(error, DefectError) else error
    frames = _frames(cause)
    if not frames:
        return ""
    return f"{Path(frames[-1].filename).relative_to(ROOT)}:{frames[-1].lineno} {(frames[-1].line or '')[:90]}"


def _is_theirs(error: BaseException) -> bool:
    """Whether it arose in the expression: a call that no signature allows, or a function or an object that was handed in."""
    last = traceback.extract_tb(error.__traceback__)[-1].filename
    return not _frames(error) or last == "<string>" or last == str(ROOT / "tests" / "fuzz" / "names.py")


def _is_deliberate(error: BaseException) -> bool:
    """Whether one of our own `raise` statements made it."""
    mine = _frames(error)
    if not mine:
        return True
    last = mine[-1]
    return any(first <= (last.lineno or 0) <= end for first, end in _raises(last.filename))


@cache
def _raises(filename: str) -> list[tuple[int, int]]:
    tree = ast.parse("".join(linecache.getlines(filename)))
    return [(node.lineno, node.end_lineno or node.lineno) for node in ast.walk(tree) if isinstance(node, ast.Raise)]


def main() -> None:
    seed, first, last = map(int, sys.argv[1:4])
    only = sys.argv[4] if len(sys.argv) > 4 else None
    resource.setrlimit(resource.RLIMIT_DATA, (MOST_BYTES, MOST_BYTES))
    from tests.fuzz.names import NAMES

    told = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what calls print is no part of the protocol

    def tell(**line: Any) -> None:
        told.write(json.dumps(line) + "\n")
        told.flush()

    for index in range(first, last):
        entry, expression = drawn(seed, index, only)
        tell(index=index, entry=entry, expression=expression)
        start = time.process_time()
        found = outcome(expression, NAMES)
        tell(index=index, cpu=time.process_time() - start, rss=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024, **found)


if __name__ == "__main__":
    main()

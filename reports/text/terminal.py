"""What the command line prints arrives, on terminals and pipes of any width and encoding, or the command says that it did not.

`guarded` stands around every command. Within it, whatever is written to stdout or stderr, by whomever, is spelled with the characters
that the stream has ("±" becomes "+-" in ASCII); bytes of file names that are no text pass as they are; and output that cannot be written
(a pipe that nobody reads, a full disk, a closed stdout) ends the command with one line on stderr and exit code OUTPUT_LOST. Text is never
cropped: a table that is wider than the terminal becomes a list, and where there is no terminal there is no width.
"""

from __future__ import annotations

import codecs
import os
import shutil
import sys
import unicodedata
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

OUTPUT_LOST = 74  #: the exit code of sysexits' EX_IOERR

_SPELLINGS = {
    "±": "+-", "≈": "~", "−": "-", "–": "-", "—": "-", "…": "...", "“": '"', "”": '"', "„": '"', "‘": "'", "’": "'", "′": "'", "·": "*",
    "×": "x", "≤": "<=", "≥": ">=", "≠": "!=", "→": "->", "∞": "inf", "√": "sqrt", "∈": "in", "∑": "sum", "∂": "d", "✓": "+", "✎": "*",
    "✗": "x", "│": "|", "┃": "|", "║": "|", "─": "-", "━": "-", "═": "=", "•": "*", "\u00a0": " ", "ß": "ss",
}  # fmt: skip


def ascii_of(character: str) -> str:
    r"""One character in ASCII: a customary spelling, its letter without accents, or its number; never nothing.

    >>> [ascii_of(c) for c in "±≈ä²α┌✓"], ascii_of("\u4e2d")
    (['+-', '~', 'a', '^2', 'alpha', '+', '+'], '\\u4e2d')
    """
    if character in _SPELLINGS:
        return _SPELLINGS[character]
    name = unicodedata.name(character, "")
    if name.startswith("BOX DRAWINGS"):
        return "+"
    if name.startswith("GREEK"):
        letter = name.split(" WITH ")[0].split()[-1]
        return letter.capitalize() if "CAPITAL" in name else letter.lower()
    kind = unicodedata.decomposition(character)
    letters = "".join(c for c in unicodedata.normalize("NFKD", character) if c.isascii())
    power = "^" if kind.startswith("<super>") else "_" if kind.startswith("<sub>") else ""
    return power + letters if letters else character.encode("ascii", "backslashreplace").decode("ascii")


def _spell(error: UnicodeError) -> tuple[str | bytes, int]:
    """The codecs' handler: one character at a time. A byte that was no text, as Python keeps it in file names, is that byte again."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    character = error.object[error.start]
    if "\udc80" <= character <= "\udcff":
        return bytes([ord(character) - 0xDC00]), error.start + 1
    return ascii_of(character), error.start + 1


SPELLED = "batchlaw-spelled"
codecs.register_error(SPELLED, _spell)


def spelled_for(text: str, stream: Any) -> str:
    """The text in characters that the stream's encoding has; as it is for a stream without one."""
    encoding = getattr(stream, "encoding", None) or "utf-8"
    return text.encode(encoding, SPELLED).decode(encoding, "surrogateescape")


class OutputLostError(Exception):
    """stdout took not what was written. No OSError: those of files are told from it."""


class _Guarded:
    """A stream that spells, and raises OutputLostError where it fails; all else is the stream's own."""

    def __init__(self, stream: Any) -> None:
        self.stream = stream

    @property
    def encoding(self) -> str:
        return getattr(self.stream, "encoding", None) or "utf-8"

    def write(self, text: str) -> int:
        self._do("write", spelled_for(text, self.stream))
        return len(text)

    def writelines(self, lines: Any) -> None:
        for line in lines:
            self.write(line)

    def flush(self) -> None:
        if self.stream is not None:
            self._do("flush")

    def isatty(self) -> bool:
        return self.stream is not None and self.stream.isatty()

    def _do(self, action: str, *arguments: Any) -> None:
        if self.stream is None:
            raise OutputLostError("it is closed")
        try:
            getattr(self.stream, action)(*arguments)
        except OSError as error:
            raise OutputLostError(error.strerror or str(error)) from None
        except ValueError as error:  # what Python raises for a closed file
            raise OutputLostError(str(error)) from None

    def __getattr__(self, name: str) -> Any:
        if name == "buffer":  # click would take it, to write UTF-8 into what is ASCII
            raise AttributeError(name)
        return getattr(self.stream, name)


class _Messages(_Guarded):
    """stderr: where a message cannot be written there is nobody left to tell, and the exit code counts."""

    def _do(self, action: str, *arguments: Any) -> None:
        try:
            super()._do(action, *arguments)
        except OutputLostError:
            if self.stream is not None and self.stream is sys.__stderr__:
                _to_nowhere(self.stream)


@contextmanager
def guarded() -> Iterator[None]:
    """stdout and stderr as described above, for one command; both are as they were afterwards."""
    _occupy_closed_descriptors()
    streams: tuple[Any, Any] = (sys.stdout, sys.stderr)
    manners = [getattr(stream, "errors", None) for stream in streams]
    for stream in streams:
        _set_errors(stream, SPELLED)
    standard: Any = sys
    standard.stdout, standard.stderr = _Guarded(streams[0]), _Messages(streams[1])
    try:
        try:
            yield
        except SystemExit:
            sys.stdout.flush()  # here, not when Python ends: it would say so in its own words, after our exit code
            raise
        sys.stdout.flush()
    except OutputLostError as lost:
        if streams[0] is not None and streams[0] is sys.__stdout__:
            _to_nowhere(streams[0])
        sys.stderr.write(f"error: standard output could not be written: {lost}\n")
        raise SystemExit(OUTPUT_LOST) from None
    finally:
        sys.stderr.flush()
        sys.stdout, sys.stderr = streams
        for stream, errors in zip(streams, manners, strict=True):
            _set_errors(stream, errors)


def is_closed() -> bool:
    """Whether stdout is closed, so that nothing printed can arrive."""
    return sys.stdout is None or (isinstance(sys.stdout, _Guarded) and sys.stdout.stream is None)


def say(text: str = "", *, error: bool = False) -> None:
    """A line on stdout, or on stderr, at once."""
    print(text, file=sys.stderr if error else sys.stdout, flush=True)


def width() -> int | None:
    """Columns of the terminal; None where stdout is none."""
    return shutil.get_terminal_size().columns if sys.stdout is not None and sys.stdout.isatty() else None


def table(headers: Sequence[str], rows: Sequence[Sequence[str]], right: Sequence[str] = (), columns: int | None = None) -> str:
    """Rows under their headers, those named in `right` flush right; one list a row where the lines would be longer than `columns`.

    >>> print(table(("b", "var"), [("1", "0.5"), ("16", "0.25")], right=("b",)))
     b  var
    --  ----
     1  0.5
    16  0.25
    >>> print(table(("b", "var"), [("1", "0.5"), ("16", "0.25")], columns=6))
    b    1
    var  0.5
    <BLANKLINE>
    b    16
    var  0.25
    """
    names, *cells = [[spelled_for(cell, sys.stdout) for cell in row] for row in (headers, *rows)]
    widths = [max(map(len, column)) for column in zip(names, *cells, strict=True)]
    if columns is not None and sum(widths) + 2 * (len(widths) - 1) > columns:
        longest = max(map(len, names))
        return "\n\n".join("\n".join(f"{n:<{longest}}  {cell}" for n, cell in zip(names, row, strict=True)) for row in cells)
    sides = [">" if name in right else "<" for name in headers]
    lines = [names, ["-" * w for w in widths], *cells]
    return "\n".join("  ".join(f"{c:{s}{w}}" for c, s, w in zip(line, sides, widths, strict=True)).rstrip() for line in lines)


def _set_errors(stream: Any, errors: str | None) -> None:
    if errors is not None and hasattr(stream, "reconfigure"):
        with suppress(OSError, ValueError):  # it flushes, which a lost stream cannot
            stream.reconfigure(errors=errors)


def _to_nowhere(stream: Any) -> None:
    """What is left in the stream's buffer goes nowhere: Python would try, and fail, once more when it ends."""
    try:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)
    except (OSError, ValueError):
        return


def _occupy_closed_descriptors() -> None:
    """A closed stdin, stdout or stderr would be the number of the next file opened, and stray prints would go into that file."""
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # the lowest free number, which is this one

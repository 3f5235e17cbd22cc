"""Tables for linear regression: a CSV file of numbers, one column of which is learned."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from fractions import Fraction
from itertools import islice
from pathlib import Path

import numpy as np

from theory.exact import did_you_mean, read_number, shown

#: Rows of a file.
MOST_ROWS = 10**6


@dataclass(frozen=True)
class Table:
    """Columns with their names, the labels with theirs, and where they are from; numbers are Fractions, as the file writes them.

    Attributes:
        columns: the names of the columns of X.
        X: (n, p) object array.
        target: the name of the column that is learned.
        y: (n,) object array.
        source: in words.
        left_out: columns that did not vary.
    """

    columns: tuple[str, ...]
    X: np.ndarray
    target: str
    y: np.ndarray
    source: str
    left_out: tuple[str, ...] = ()

    def standardised(self) -> Table:
        """Every column (not y) with mean 0 and variance 1 over the rows, in doubles, and a column of ones before them, the intercept.

        Columns that do not vary, which is decided exactly, are left out. The first row's value is taken off and the largest difference
        divided out before anything is rounded, so that no column is too large, too small or too far from 0.
        """
        scaled = {name: _standardised(column) for name, column in zip(self.columns, self.X.T, strict=True)}
        kept = {name: column for name, column in scaled.items() if column is not None}
        columns = [np.ones(len(self.y)), *kept.values()]
        left_out = tuple(name for name in scaled if name not in kept)
        return Table(("intercept", *kept), np.column_stack(columns), self.target, self.y, f"{self.source}, standardised", left_out)


def _standardised(column: np.ndarray) -> np.ndarray | None:
    """With mean 0 and variance 1; None for a column that does not vary."""
    first = Fraction(column[0])
    differences = [Fraction(x) - first for x in column.tolist()]
    largest = max(map(abs, differences))
    if not largest:
        return None
    moved = np.array([float(x / largest) for x in differences])
    moved -= moved.mean()
    return np.asarray(moved / moved.std())


def read_table(path: str | Path, target: str | None = None) -> Table:
    """A CSV file of numbers, with a line of names or without (then they are 1, 2, ...).

    `target` is the column that is learned, the last by default. A decimal is what is written: 0.1 is 1/10. Raises ValueError that names
    the file, and the line, of whatever is no such table.
    """
    file = Path(path)
    try:
        with file.open(newline="", encoding="utf-8-sig") as stream:
            reader = csv.reader(stream)
            records = [(reader.line_num, record) for record in islice(reader, MOST_ROWS + 2) if record]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error) if isinstance(error, csv.Error) else "it is not UTF-8 text"
        raise ValueError(f"data {shown(str(file))} cannot be read: {reason}") from error
    return table_of(records, target, str(file))


def table_of(records: list[tuple[int, list[str]]], target: str | None, source: str) -> Table:
    """The table of records, each with its line, as `read_table` has them."""
    if target is not None and not isinstance(target, str):
        raise TypeError(f"target must be the name of a column, as text, but was {shown(target)}")
    if not records:
        raise ValueError(f"data {shown(source)} must have a row, but are empty")
    names, rows = (records[0][1], records[1:]) if _are_names(records[0][1]) else ([], records)
    names = [name.strip() for name in names] or [str(k) for k in range(1, len(rows[0][1]) + 1)]
    if not rows or len(rows) > MOST_ROWS:
        count = "more" if rows else "none"
        raise ValueError(f"data {shown(source)} must have between 1 and {MOST_ROWS:,} rows of numbers, but have {count}")
    if len(names) < 2 or len(set(names)) < len(names):
        raise ValueError(f"data {shown(source)} must have two columns or more, with different names, but have {shown(names)}")
    wanted = names[-1] if target is None else target
    if wanted not in names and wanted.isascii() and wanted.isdigit() and 1 <= int(wanted[:9]) <= len(names):
        wanted = names[int(wanted) - 1]
    if wanted not in names:
        raise ValueError(f"target must be a column of {shown(source)}, but was {shown(wanted)}{did_you_mean(wanted, names)}")
    numbers = np.empty((len(rows), len(names)), dtype=object)
    for n, (line, record) in enumerate(rows):
        where = f"data {shown(source)}, line {line}"
        if len(record) != len(names):
            raise ValueError(f"{where} must have {len(names)} fields, but has {len(record)}")
        for k, text in enumerate(record):
            numbers[n, k] = _number(text, f"{where}, column {names[k]}")
    place = names.index(wanted)
    columns = tuple(name for name in names if name != wanted)
    return Table(columns, np.delete(numbers, place, axis=1), wanted, numbers[:, place], Path(source).name)


def _number(text: str, where: str) -> Fraction:
    if not text.strip():
        raise ValueError(f"{where} must be a number, but is empty")
    return read_number(text.strip(), where)


def _are_names(record: list[str]) -> bool:
    """Whether no field is a number or empty: a row of numbers with one that is none is no line of names."""
    return not any(not text.strip() or _is_number(text) for text in record)


def _is_number(text: str) -> bool:
    try:
        _number(text, "a field")
    except ValueError:
        return text.strip().lower().lstrip("+-") in ("nan", "inf", "infinity")
    return True

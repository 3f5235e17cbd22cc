"""Files that a command leaves: looked after before the work, and written as a whole or not at all."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import typer

from reports.text import terminal


def check_out(out: Path, suffix: str, name: str = "out") -> None:
    """ValueError, before the work, unless a file of that kind can be written there."""
    if out.suffix != suffix:
        raise ValueError(f"{name} must be a {suffix} file, but was {str(out)!r}")
    try:
        with tempfile.NamedTemporaryFile(dir=out.parent, prefix=f".{out.name}-"):
            pass
    except OSError as error:
        raise ValueError(f"{name} must be in a directory that can be written, but was {str(out)!r}: {error.strerror}") from None


def write_dataset(result: Any, out: Path, kept: str = "") -> None:
    """An xarray.Dataset as netCDF; `kept` is what else there is when that fails."""
    _whole(lambda part: result.to_netcdf(part, engine="h5netcdf"), out, "out", kept)


def write_text(text: str, out: Path, name: str) -> None:
    """A text file."""
    _whole(lambda part: part.write_text(text, encoding="utf-8"), out, name, "")


def _whole(write: Callable[[Path], Any], out: Path, name: str, kept: str) -> None:
    part = out.with_name(f".{out.name}-part")
    try:
        write(part)
        part.replace(out)
    except (OSError, RuntimeError) as error:
        part.unlink(missing_ok=True)
        terminal.say(f"error: {name} {str(out)!r} could not be written: {str(error).splitlines()[0]}{kept}", error=True)
        raise typer.Exit(1) from None

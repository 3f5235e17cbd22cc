"""Data that installed packages ship, as files: the packages are not imported, which may take seconds."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path


def shipped_file(package: str, file: str) -> Path | None:
    """A file of an installed package; None where there is none."""
    try:
        spec = find_spec(package)
    except (ImportError, ValueError):  # kept out on purpose, by a finder or by None in sys.modules
        return None
    places = [Path(place) / file for place in (spec.submodule_search_locations or ())] if spec is not None else []
    return next((path for path in places if path.is_file()), None)

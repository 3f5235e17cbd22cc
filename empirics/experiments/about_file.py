"""What a store of an experiment is for: a file beside its runs, so that other settings are refused and pages know what they show."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from theory.exact import shown

NAME = "experiment.json"


def claim(store: Path, experiment: str, told: Mapping[str, Any], grows: Collection[str]) -> None:
    """Write what the store is for, unless it was made for something else; what `grows` may be another time.

    ValueError that names the setting, what the store has and what was asked. `told` has values that JSON has.
    """
    asked = json.loads(json.dumps(dict(told)))
    there = read(store, experiment)
    for name, value in (there or {}).items():
        if name not in grows and value != asked.get(name):
            raise ValueError(
                f"store must be for the same {name}, but {store} is for {shown(value)}, and asked was {shown(asked.get(name))}"
            )
    store.mkdir(parents=True, exist_ok=True)
    part = (store / NAME).with_suffix(".part")
    part.write_text(json.dumps({"experiment": experiment} | asked, indent=1) + "\n", encoding="utf-8")
    part.replace(store / NAME)


def read(store: Path, experiment: str) -> dict[str, Any] | None:
    """What the store is for; None where nothing is written. ValueError for a file that is no such thing, or of another experiment."""
    path = store / NAME
    if not path.exists():
        return None
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        if found.pop("experiment") != experiment:
            raise ValueError("it is of another experiment")
    except (ValueError, KeyError, TypeError, AttributeError, OSError) as error:
        raise ValueError(f"{path} must be what `batchlaw simulate {experiment} --store` writes, but cannot be read: {error}") from None
    return dict(found)

"""What a store of an experiment is for: a file beside its runs, so that other settings are refused and pages know what they show."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

from theory.exact import shown

NAME = "experiment.json"
T = TypeVar("T")


def claim(store: Path, experiment: str, told: Mapping[str, Any], grows: Collection[str]) -> None:
    """Write what the store is for, unless it was made for something else; what `grows` may be another time.

    ValueError that names the setting, what the store has and what was asked. `told` has values that JSON has; of a table in it every entry
    is a setting of its own.
    """
    asked = json.loads(json.dumps(dict(told)))
    wanted = dict(_settings(asked))
    for name, value in _settings(read(store, experiment, dict) or {}):
        if name not in grows and value != wanted.get(name):
            raise ValueError(
                f"store must be for the same {name}, but {store} is for {shown(value)}, and asked was {shown(wanted.get(name))}"
            )
    store.mkdir(parents=True, exist_ok=True)
    part = (store / NAME).with_suffix(".part")
    part.write_text(json.dumps({"experiment": experiment} | asked, indent=1) + "\n", encoding="utf-8")
    part.replace(store / NAME)


def _settings(told: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, value in told.items():
        yield from value.items() if isinstance(value, dict) else [(name, value)]


def read(store: Path, experiment: str, made: Callable[[dict[str, Any]], T]) -> T | None:
    """What the store is for, as `made` makes it of the file; None where nothing is written.

    ValueError for a file that is no such thing, of which `made` can make nothing, or of another experiment.
    """
    path = store / NAME
    if not path.exists():
        return None
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        if (other := found.pop("experiment")) != experiment:
            raise ValueError(f"it is of the experiment {shown(other)}")
        return made(found)
    except (ValueError, KeyError, TypeError, AttributeError, OSError) as error:
        raise ValueError(f"{path} must be what `batchlaw simulate {experiment} --store` writes, but cannot be read: {error}") from None

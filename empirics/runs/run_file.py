"""run.json of a store: what the run is, what was asked for last, and a digest that tells when a byte of it has changed."""

from __future__ import annotations

import hashlib
import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from empirics.runs.cuts import RULE
from empirics.runs.sharded import fingerprint

_DIGEST = "digest"


@dataclass(frozen=True)
class RunFile:
    """What run.json says.

    Attributes:
        identity: of the run with the most steps that was asked for (`Sharded.identity`).
        request: what was asked for last (`Sharded.request`).
        learning_rates: alpha_0, alpha_1, ... of the most steps, as many as they need (`Sharded.rates`).
        fingerprints: of all numbers of steps that were asked for.
    """

    identity: dict[str, Any]
    request: dict[str, Any]
    learning_rates: list[float]
    fingerprints: dict[int, str]

    @property
    def rule(self) -> int:
        """By which it is cut: cuts.py."""
        return int(self.identity.get("rule", 1))

    def content(self) -> bytes:
        """Of the file."""
        run: dict[str, Any] = {"fingerprint": fingerprint(self.identity), "identity": self.identity, "request": self.request}
        run["steps"] = {str(steps): text for steps, text in sorted(self.fingerprints.items())}
        run["learning_rates"] = self.learning_rates
        return json.dumps(run | {_DIGEST: _digest(run)}, indent=1).encode()


def read_run(path: Path) -> RunFile:
    """run.json of a store; those of earlier versions have no digest, and are checked by the fingerprint of the run.

    ValueError when there is none, or a broken one.
    """
    try:
        run = json.loads((path / "run.json").read_text(encoding="utf-8"))
        return _checked(run)
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        why = error.strerror if isinstance(error, OSError) else error
        raise ValueError(
            f"store must hold the run.json of a run, but that of {path} is missing or broken ({why}); delete "
            "it and start the same run again: the finished shards are found by their own names and used"
        ) from error


def _checked(run: object) -> RunFile:
    if not isinstance(run, dict):
        raise ValueError("it does not hold a table")
    for key, kind in (("identity", dict), ("request", dict), ("fingerprint", str), ("learning_rates", list)):
        if not isinstance(run.get(key), kind):
            raise ValueError(f"it has no {key}")
    told = run.pop(_DIGEST, None)
    if told is not None and told != _digest(run):
        raise ValueError("its digest is not that of its content")
    identity, rates = run["identity"], run["learning_rates"]
    if fingerprint(identity) != run["fingerprint"]:
        raise ValueError("its fingerprint is not that of its run")
    steps, rule = identity.get("steps"), identity.get("rule", 1)
    if not all(isinstance(rate, float) and math.isfinite(rate) for rate in rates) or steps != len(rates) + 1:
        raise ValueError("learning_rates are not those of its steps")
    if type(rule) is not int or not 1 <= rule <= RULE:
        raise ValueError(
            f"it was made by a later version, which divides runs into shards by rule {rule}" if type(rule) is int else "it has no rule"
        )
    if told is None and rule > 1:
        raise ValueError("it has no digest")
    fingerprints = {steps: run["fingerprint"]}
    for text, value in run.get("steps", {}).items():
        if not isinstance(value, str):
            raise ValueError("it has steps without a fingerprint")
        fingerprints[int(text)] = value
    asked = run["request"].get("steps")
    if type(asked) is not int or asked not in fingerprints:
        raise ValueError("the last request is not of a run of this store")
    return RunFile(identity, run["request"], rates, fingerprints)


def _digest(run: dict[str, Any]) -> str:
    """Of the content, however it is laid out."""
    return hashlib.sha256(json.dumps(run, sort_keys=True).encode()).hexdigest()

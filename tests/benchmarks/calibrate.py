"""`make calibrate`: measure the grid on this machine, fit the unit costs to it, and write theory/budget/unit_costs.py anew.

The models' forms stay as they are. Their units are fitted by least squares in logarithms of predicted over measured seconds, and pulled
a little towards what they were: what the grid cannot tell apart, or does not show, stays.
"""

from __future__ import annotations

import datetime
import platform
import re
import sys
from pathlib import Path

import flint
import numpy as np
from scipy.optimize import least_squares

from tests.benchmarks.cost_grid import Case, grid, measured_seconds
from theory.budget import unit_costs

#: How many times less a unit's own change weighs than a case's error.
PULL = 0.1
#: In the logarithm of a unit, for a slope.
STEP = 1e-3
#: Errors of what takes less than this count less: nobody refuses it.
SHORT = 1e-3


def fitted(cases: list[Case], seconds: np.ndarray) -> dict[str, float]:
    """The units that predict these seconds best."""
    names, arguments = list(unit_costs.UNITS), [case.make() for case in cases]
    before = np.log([unit_costs.UNITS[name] for name in names])
    weights = np.minimum(1, (seconds / SHORT) ** 0.5)

    def predicted(logarithms: np.ndarray, of: np.ndarray) -> np.ndarray:
        unit_costs.UNITS.update(zip(names, map(float, np.exp(logarithms)), strict=True))
        return np.array([cases[i].predict(arguments[i]).seconds for i in of])

    every = np.arange(len(cases))

    def errors(logarithms: np.ndarray) -> np.ndarray:
        return np.concatenate([weights * np.log(predicted(logarithms, every) / seconds), PULL * (logarithms - before)])

    def moved(logarithms: np.ndarray, k: int, by: float, of: np.ndarray) -> np.ndarray:
        return predicted(logarithms + by * (np.arange(len(names)) == k), of)

    base = predicted(before, every)
    enters = [every[moved(before, k, 0.5, every) != base] for k in range(len(names))]  # a unit is in the predictions of few cases

    def slopes(logarithms: np.ndarray) -> np.ndarray:
        found, base = np.zeros((len(cases), len(names))), np.log(predicted(logarithms, every))
        for k, of in enumerate(enters):
            found[of, k] = weights[of] * (np.log(moved(logarithms, k, STEP, of)) - base[of]) / STEP
        return np.vstack([found, PULL * np.eye(len(names))])

    found = least_squares(errors, before, slopes, loss="soft_l1", max_nfev=20).x
    return dict(zip(names, map(float, np.exp(found)), strict=True))


def written(text: str, units: dict[str, float]) -> str:
    """The module's text with these units, and this machine, in place of what was there."""
    for name, value in units.items():
        text, count = re.subn(rf'("{re.escape(name)}": )[^,]+,', rf"\g<1>{value:.2g},", text)
        if count != 1:
            raise ValueError(f"units must each stand once in theory/budget/unit_costs.py, but {name} stands {count} times")
    machine = {
        "name": platform.node() if "--name" in sys.argv else platform.system(),
        "processor": _processor(),
        "date": datetime.date.today().isoformat(),
        "versions": f"Python {platform.python_version()}, python-flint {flint.__version__}, numpy {np.__version__}",
    }
    for name, said in machine.items():
        text = re.sub(rf'("{name}": )"[^"]*",', rf'\g<1>"{said}",', text)
    return text


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        return next(line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def main() -> None:
    """Measure, fit, write, and tell how far predictions were and are from what was measured."""
    cases = grid()
    seconds = np.array([measured_seconds(case) for case in cases])
    arguments = [case.make() for case in cases]

    def within() -> str:
        ratios = np.array([case.predict(x).seconds for case, x in zip(cases, arguments, strict=True)]) / seconds
        told = ratios[seconds > SHORT]
        inside = int(((told < 3) & (told > 1 / 3)).sum())
        return f"{inside} of {len(told)} predictions of over {SHORT:g} s within a factor of 3 (from {told.min():.2g} to {told.max():.2g})"

    print("before:", within())
    units = fitted(cases, seconds)
    unit_costs.UNITS.update(units)
    path = Path(unit_costs.__file__)
    path.write_text(written(path.read_text(encoding="utf-8"), units), encoding="utf-8")
    print("after: ", within())


if __name__ == "__main__":
    main()

"""The variance of a step of SGD on a data set, over what it would be if only the last batch were drawn, against the batch size."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from reports.figures.style import BLUE, ORANGE, panel, svg
from theory import InverseBatchPolynomial

STYLES = {"independent": (BLUE, "-", "o", "with replacement"), "without_replacement": (ORANGE, "--", "s", "without")}


@dataclass(frozen=True)
class Row:
    """One estimate, with its standard error and degrees of freedom, and the polynomial that it is held against."""

    sampling: str
    estimator: str
    step: int
    layer: int
    batch_size: int
    value: float
    error: float
    freedom: float
    polynomial: InverseBatchPolynomial

    @property
    def exact(self) -> float:
        return float(self.polynomial(self.batch_size))

    @property
    def of_the_first_term(self) -> float:
        """What beta_0 + beta_1/b alone would be."""
        return float(self.polynomial.coefficients[0] + self.polynomial.coefficients[1] / self.batch_size)


def share(b: np.ndarray, points: int, sampling: str) -> np.ndarray:
    """The variance of a mean of b of the points, as a share of that of one."""
    return 1 / b if sampling == "independent" else (points - b) / (b * (points - 1))


def scaled_variance(rows: Sequence[Row], layer: int, points: int) -> str:
    """var(g_1) of one layer, divided by that share: the exact curves, and Rao-Blackwell estimates with twice their standard errors."""
    told = []
    with panel() as axes:
        for sampling, (color, line, marker, label) in STYLES.items():
            chosen = [row for row in rows if row.sampling == sampling and row.estimator == "rao_blackwell"]
            sizes = np.array([row.batch_size for row in chosen], dtype=float)
            curve = np.geomspace(1, sizes.max(), 60)
            v = [float(c) for c in chosen[0].polynomial.coefficients]
            axes.plot(
                curve, np.polyval(v[::-1], 1 / curve) / share(curve, points, sampling), color=color, linestyle=line, label=f"exact, {label}"
            )
            unit = share(sizes, points, sampling)
            values, errors = (np.array([getattr(row, name) for row in chosen]) / unit for name in ("value", "error"))
            axes.errorbar(
                sizes, values, yerr=2 * errors, fmt=marker, color=color, markerfacecolor="none", capsize=3, label=f"simulated, {label}"
            )
            told.append(f"{label}: " + ", ".join(f"{y:.4g} at b = {b:g}" for b, y in zip(sizes, values, strict=True)))
        axes.set_xscale("log", base=2)
        axes.set_xlabel("batch size $b$")
        axes.set_ylabel(rf"$\mathrm{{var}}(g_{{1,{layer}}})\,/\,c_b$")
        axes.legend(loc="best")
        return svg(axes, f"fig-digits-{layer}", f"var(g_1) over c_b against b, layer {layer}", "Simulated, " + "; ".join(told) + ".")

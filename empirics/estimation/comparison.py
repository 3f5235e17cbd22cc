"""Simulated against exact: z-scores, corrected for how many there are, and one p-value for a whole set of independent ones."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr
from scipy import special, stats

from empirics.estimation.variables import check_variable
from theory.exact import NumberLike, as_double, as_doubles, as_index, as_number, evaluated, shown

#: A number, or an array of them: a DataArray, a list of Fractions.
Values = NumberLike | Iterable[Any]


@dataclass(frozen=True, repr=False)
class Comparison:
    """z = (estimate - exact) / se, entry by entry.

    Attributes:
        z: standard errors between estimate and exact value; 0 where both agree to rounding.
        p: two-sided p-value of each, of Student's t with its degrees of freedom; of N(0, 1) where these are infinite.
        adjusted: Holm's p-values: with probability 1 - a, none of `count` true comparisons, dependent or not, falls below a.
        count: the number of comparisons corrected for.
        degrees_of_freedom: of each.
    """

    z: np.ndarray
    p: np.ndarray
    adjusted: np.ndarray
    count: int
    degrees_of_freedom: np.ndarray | float = math.inf

    def __repr__(self) -> str:
        return f"Comparison({self.z.size} z, largest |z| {np.abs(self.z).max():.3g}, least adjusted p {self.adjusted.min():.3g})"

    def agrees(self, level: float = 1e-3) -> bool:
        """Whether no adjusted p-value is below `level`."""
        return bool((self.adjusted >= level).all())

    @property
    def set_p_value(self) -> float:
        """Kolmogorov and Smirnov's p-value of all z against Student's t. It takes independent z, one for each run, and degrees of freedom
        in the hundreds at least: fewer are cautious ones (empirics/estimation/degrees_of_freedom.py), and then z are smaller than t."""
        return float(stats.kstest(student_cdf(self.z, self.degrees_of_freedom).ravel(), stats.uniform.cdf).pvalue)


def student_cdf(z: np.ndarray, degrees_of_freedom: np.ndarray | float) -> np.ndarray:
    """P(t <= z); far tails keep their digits, and infinite degrees of freedom are N(0, 1)."""
    df = np.asarray(degrees_of_freedom, dtype=np.float64)
    return np.where(np.isinf(df), special.ndtr(z), special.stdtr(np.where(np.isinf(df), 1.0, df), z))


def compare(
    estimate: Values,
    standard_error: Values,
    exact: Values,
    comparisons: int | None = None,
    rounding: float = 1e-9,
    degrees_of_freedom: Values = math.inf,
) -> Comparison:
    """Compare estimates with exact values; arrays of one shape, or what broadcasts.

    All entries count as comparisons made: Holm's correction is for their number. Cost: nothing to speak of.

    Args:
        estimate, standard_error, exact: z = (estimate - exact) / standard_error.
        comparisons: how many there are in all, when these are some of them.
        rounding: the error of the arithmetic, relative to |exact|; it is added to the standard error in quadrature, so that what has no
            sampling error (a closed form at step 0) is compared too.
        degrees_of_freedom: of the standard errors, positive: a dataset's `..._df`. By default infinite: normal quantiles, which are right
            for thousands of replicas only.

    Raises ValueError for nothing to compare, for shapes that do not fit, for NaN, infinity and negative standard errors, and for degrees
    of freedom that are NaN: a run that diverged, or too few replicas, is no agreement. Source: S. Holm, Scand. J. Statist. 6 (1979) 65-70.

    >>> c = compare([1.1, 2.0], [0.1, 0.5], [1.0, 2.0])
    >>> c.z.round(6).tolist(), c.adjusted.round(3).tolist(), c.agrees()
    ([1.0, 0.0], [0.635, 1.0], True)
    >>> compare(1.4, 0.1, 1.0).agrees(), compare(1.4, 0.1, 1.0, degrees_of_freedom=4).agrees()
    (False, True)
    """
    names = ("estimate", "standard_error", "exact", "degrees_of_freedom")
    given = (estimate, standard_error, exact, degrees_of_freedom)
    arrays = [as_doubles(x, name) for x, name in zip(given, names, strict=True)]
    try:
        value, se, truth, df = np.broadcast_arrays(*arrays)
    except ValueError:
        shapes = ", ".join(str(x.shape) for x in arrays)
        raise ValueError(f"estimate, standard_error, exact and degrees_of_freedom must have one shape, but had {shapes}") from None
    for name, array in zip(names[:3], (value, se, truth), strict=True):
        if not np.isfinite(array).all():
            raise ValueError(f"{name} must be finite, but {int((~np.isfinite(array)).sum())} of its {array.size} entries are not")
    if not value.size:
        raise ValueError("estimate must have one entry at least, but had none")
    if (se < 0).any():
        raise ValueError(f"standard_error must not be negative, but was {se.min()}")
    if not (df > 0).all():
        raise ValueError(f"degrees_of_freedom must be positive, but were {df[~(df > 0)].flat[0]}")
    if as_number(rounding, "rounding") < 0:
        raise ValueError(f"rounding must not be negative, but was {shown(rounding)}")
    scale = np.hypot(se, as_double(rounding, "rounding") * np.abs(truth))
    difference = value - truth
    z = np.divide(difference, scale, out=np.where(difference == 0, 0.0, np.copysign(np.inf, difference)), where=scale > 0)
    p = 2 * student_cdf(-np.abs(z), df)
    count = p.size if comparisons is None else as_index(comparisons, "comparisons")
    if count < p.size:
        raise ValueError(f"comparisons must be at least the {p.size} made here, but was {shown(comparisons)}")
    return Comparison(z, p, holm(p, count), count, df)


def _value_at(v: Callable[[int], Any], b: int, name: str) -> float:
    return as_double(evaluated(v, name, b), name)


def holm(p: np.ndarray, count: int | None = None) -> np.ndarray:
    """Holm's adjusted p-values, max over smaller ones of (count - rank) p, at most 1 (Scand. J. Statist. 6, 1979).

    >>> holm(np.array([0.01, 0.04, 0.03])).tolist()
    [0.03, 0.06, 0.06]
    """
    flat = p.ravel()
    order = np.argsort(flat, kind="stable")
    in_all = flat.size if count is None else float(count) if count < 1 << 1000 else math.inf
    ascending = flat[order]
    multiples = np.multiply(ascending, in_all - np.arange(flat.size), where=ascending > 0, out=np.zeros_like(ascending))
    adjusted = np.empty_like(flat)
    adjusted[order] = np.minimum(1.0, np.maximum.accumulate(multiples))
    return adjusted.reshape(p.shape)


def compare_dataset(
    dataset: xr.Dataset, polynomials: Mapping[tuple[int, int], Callable[[int], Any]], variable: str = "var_gradient", **options: Any
) -> Comparison:
    """A simulated Dataset against functions of b, at each of its batch sizes; z has the shape (polynomials, batch sizes).

    Degrees of freedom are the dataset's.

    Args:
        dataset: of `simulate` or `load`.
        polynomials: {(step, layer): v}, v(b) exact or floating-point, such as `variance_poly.variance_polynomial`.
        variable: which of the Dataset's, with its standard error.
        options: those of `compare`.

    Raises ValueError for a variable, step or layer that the Dataset does not have, and what `compare` raises.

    >>> from empirics import simulate
    >>> from theory import Gaussian, TeacherStudent, variance_poly
    >>> problem = TeacherStudent([[[2]], [[3]]], [[[1]], [[1]]], Gaussian(1), learning_rates=0.01)
    >>> run = simulate(problem, batch_sizes=[4, 8], steps=1, replicas=1000)
    >>> compare_dataset(run, {(0, 1): variance_poly.variance_polynomial(problem, 0, 1)}).agrees()
    True
    """
    check_variable(dataset, variable)
    if not isinstance(polynomials, Mapping):
        raise TypeError(f"polynomials must be {{(step, layer): v}}, but was {shown(polynomials)}")
    missing = [name for name in ("step", "layer", "batch_size") if name not in dataset.dims]
    if missing:
        raise ValueError(f"dataset must have the dims step, batch_size and layer, but lacks {', '.join(missing)}")
    for place, v in polynomials.items():
        if not (isinstance(place, tuple) and len(place) == 2):
            raise TypeError(f"polynomials must have keys (step, layer), but had {shown(place)}")
        for name, index in zip(("step", "layer"), place, strict=True):
            if as_index(index, f"the {name} of polynomials[{shown(place)}]") not in dataset[name].values:
                raise ValueError(f"polynomials must be for steps and layers of the dataset, but had {shown(place)}")
        if not callable(v):
            raise TypeError(f"polynomials[{shown(place)}] must be a function of b, but was {shown(v)}")
    if "layer" not in dataset[variable].dims:
        raise ValueError(f"variable must be one for every layer, but {variable} is not")
    sizes = dataset.batch_size.values.tolist()
    places = [{"step": int(t), "layer": int(k)} for t, k in polynomials]
    names = [name for name in (variable, f"{variable}_se", f"{variable}_df") if name in dataset]
    value, se, *freedom = ([dataset[name].sel(place).values for place in places] for name in names)
    exact = [[_value_at(v, b, f"polynomials[{place}]({b})") for b in sizes] for place, v in polynomials.items()]
    return compare(value, se, exact, **({"degrees_of_freedom": freedom[0]} if freedom else {}) | options)

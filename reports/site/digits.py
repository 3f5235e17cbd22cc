"""The page of handwritten digits: the exact polynomial of var(g_1) on real data, beside simulations of the same runs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from reports.figures.digits import Row, scaled_variance
from reports.site import measured
from reports.site.measured_page import MeasuredPage
from reports.site.not_measured import not_measured
from reports.site.render import page
from reports.text.numbers import signed
from theory import DataSet, TeacherStudent, variance_poly

HIDDEN = 32
CLASSES = 10
LAYERS = (1, 2)
RATE = Fraction(1, 50)
#: Short numbers, so that t = 0 is exact at little cost.
GRID = 128
LEVEL = 1e-3
#: How batches are drawn, with what they are called on the page.
SAMPLINGS = {"independent": "with replacement", "without_replacement": "without"}
#: Which estimator is looked at in which steps: at t = 0 the closed form of the second is the answer, and samples nothing.
ESTIMATORS = {"naive": (0, 1), "rao_blackwell": (1,)}


@dataclass(frozen=True)
class Size:
    """How many digits, which batch sizes, and how many runs at each."""

    points: int = 200
    batch_sizes: tuple[int, ...] = (1, 4, 16, 64)
    replicas: int = 1000


#: What every site can afford: a quarter of a minute.
EVERY_SITE = Size()


def problem_of(images: np.ndarray, labels: np.ndarray, sampling: str, seed: int) -> TeacherStudent:
    """Two linear layers that learn one-hot labels; the initial weights are N(0, 1/fan-in), rounded to multiples of 1/GRID."""
    draw = np.random.default_rng(seed)
    inputs = images.reshape(len(images), -1).astype(float)
    sizes = (inputs.shape[1], HIDDEN, CLASSES)
    weights = [np.round(GRID * draw.normal(size=(n, m)) / np.sqrt(m)) / GRID for m, n in pairwise(sizes)]
    return TeacherStudent(weights, None, DataSet(inputs, np.eye(CLASSES)[labels]), RATE, sampling=sampling)


def rows(problem: TeacherStudent, size: Size, seed: int) -> Iterator[Row]:
    """Every estimate for one way to draw batches; each estimator has runs of its own."""
    from empirics import simulate  # torch takes seconds to load

    exact = {(t, k): variance_poly.variance_polynomial(problem, t, k, engine="data") for t in (0, 1) for k in LAYERS}
    for turn, (estimator, steps) in enumerate(ESTIMATORS.items()):
        result = simulate(
            problem,
            batch_sizes=size.batch_sizes,
            steps=2,
            replicas=size.replicas,
            seed=seed + turn,
            estimator=estimator,
            device="cpu",
            workers=1,
        )
        for t in steps:
            for k in LAYERS:
                for b in size.batch_sizes:
                    at = result.sel(step=t, layer=k, batch_size=b)
                    value, error, freedom = (float(x) for x in (at.var_gradient, at.var_gradient_se, at.var_gradient_df))
                    yield Row(problem.sampling, estimator, t, k, b, value, error, freedom, exact[t, k])


def make(seed: int = 0, directory: Path | None = None, *, size: Size = EVERY_SITE) -> MeasuredPage:
    """The page, with all its numbers computed now: nothing is stored."""
    from empirics.experiments.mnist.images import small_digits

    try:
        every = small_digits()
    except ValueError as error:
        return not_measured("digits", seed, str(error))
    digits = every.first(train=size.points)
    problems = [problem_of(digits.train_images, digits.train_labels, sampling, seed) for sampling in SAMPLINGS]
    seeds = [1_000_000 * seed + len(ESTIMATORS) * i for i in range(len(problems))]
    made = [row for problem, first in zip(problems, seeds, strict=True) for row in rows(problem, size, first)]
    found = _compared(made)
    agrees = bool(found.agrees(LEVEL))
    worst = int(np.abs(found.z).argmax())
    first_term = np.abs([(row.value - row.of_the_first_term) / row.error for row in made if row.step])
    word = "agrees" if agrees else "does not agree"
    finding = f"{len(made)} simulated variances, largest |z| = {abs(found.z[worst]):.2f}, {found.adjusted.min():.2g} after Holm: {word}"
    html = page(
        "digits.html.jinja",
        seed=seed,
        page_title="Digits · batchlaw",
        page_description=finding,
        others=measured.others("digits"),
        agrees=agrees,
        count=len(made),
        points=size.points,
        images=digits.name,
        network=f"{problems[0].sizes[0]}-{HIDDEN}-{CLASSES}",
        rate=RATE,
        grid=GRID,
        replicas=f"{size.replicas:,}",
        level=f"{LEVEL:g}",
        worst=signed(found.z[worst]),
        holm=f"{found.adjusted.min():.2g}",
        beyond=int((np.abs(found.z) > 2).sum()),
        first_term=f"{first_term.max():.0f}",
        polynomials=_polynomials(made),
        panels=[scaled_variance([row for row in made if row.layer == k], k, size.points) for k in LAYERS],
        rows=[_shown(row, z) for row, z in zip(made, found.z.tolist(), strict=True)],
    )
    return MeasuredPage(html, finding, not agrees)


def _compared(made: Sequence[Row]) -> Any:
    from empirics import compare  # torch takes seconds to load

    return compare(
        [row.value for row in made],
        [row.error for row in made],
        [row.exact for row in made],
        degrees_of_freedom=[row.freedom for row in made],
    )


def _polynomials(made: Sequence[Row]) -> list[dict[str, Any]]:
    """The coefficients of var(g_1), and how far the doubles may be off at any b."""
    found = {(row.sampling, row.layer): row.polynomial for row in made if row.step}
    return [
        {
            "sampling": SAMPLINGS[sampling],
            "layer": layer,
            "coefficients": [f"{float(c):.6g}" for c in v.coefficients],
            "error": f"{v.error(1):.1g}",
        }
        for (sampling, layer), v in found.items()
    ]


def _shown(row: Row, z: float) -> dict[str, object]:
    return {
        "z": signed(z),
        "sampling": SAMPLINGS[row.sampling],
        "estimator": "Rao-Blackwell" if row.estimator == "rao_blackwell" else row.estimator,
        "step": row.step,
        "layer": row.layer,
        "b": row.batch_size,
        "exact": f"{row.exact:.6g}",
        "simulated": f"{row.value:.6g}",
        "error": f"{row.error:.2g}",
    }

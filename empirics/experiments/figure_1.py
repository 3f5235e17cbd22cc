"""The paper's Figure 1 (Section 4.1.1, lines 367-380): SGD of a 64-256-128 linear network, with its Gaussian inputs and with bounded ones.

    var(g_{t,k} | w_0) and var(grad_k L(w_t) | w_0), k = 1, 2, over the iterations t, for several batch sizes b

Full results live in a directory with one store for each law of the inputs, as `batchlaw simulate synthetic --store` leaves them.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from empirics.experiments.synthetic_problem import synthetic
from empirics.runs.simulation import load, simulate

if TYPE_CHECKING:
    from xarray import Dataset

INPUTS = ("gaussian", "rademacher")
BATCH_SIZES = (4, 16, 64, 256, 1024)
PAPER = 1000  # iterations, and replicas


def measure(inputs: str, *, steps: int = PAPER, replicas: int = PAPER, seed: int = 0) -> Dataset:
    """The runs for one law of the inputs, on one core, by the closed conditional expectations: controls want more replicas."""
    return simulate(
        synthetic(inputs),
        batch_sizes=BATCH_SIZES,
        steps=steps,
        replicas=replicas,
        estimator="rao_blackwell",
        dtype="float32",
        seed=seed,
        device="cpu",
        workers=1,
    )


def stored(directory: Path) -> dict[str, Dataset]:
    """Full results by the law of their inputs, from DIR/gaussian and DIR/rademacher. ValueError naming the directory for anything else."""
    found = {}
    for inputs in INPUTS:
        place = directory / inputs
        try:
            found[inputs] = load(place, synthetic(inputs))
        except ValueError as error:
            raise ValueError(f"figure-1 must hold the stores {' and '.join(INPUTS)}, but for {place}: {error}") from error
        if found[inputs].attrs["every"] != 1 or len(found[inputs].batch_size) < 2 or len(found[inputs].step) < 2:
            raise ValueError(f"figure-1 must hold every step, two of them and two batch sizes at least, but {place} does not")
    return found

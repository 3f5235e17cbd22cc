"""What the batch size does to SGD, by simulation: thousands of runs at once, and estimates that share no formula with `theory`.

    from empirics import simulate, synthetic
    result = simulate(synthetic(), batch_sizes=[4, 16, 64], steps=100, replicas=400, dtype="float32")
    result.var_gradient, result.var_gradient_se         # an xarray.Dataset; dims (step, batch_size, layer)

What there is

    simulate            replicas of mini-batch SGD from w_0: var g_t, var grad L(w_t), E||g_t||^2, ||E g_t||^2, E L(w_t), each with its
                        standard error and its degrees of freedom; theory.TeacherStudent says what is run
    DataSet             a finite data set as the law of the inputs
    synthetic           the problem of the paper's figure 1
    load, again         a stored run as a result; the arguments that run a result anew, to the same bits

    gradient_noise      the noise of the gradients of a torch model of one's own at fixed weights, by parameter and in all: its law in the
                        batch size, the noise scale with an interval
    measure             such a model trained many times from its present weights: the variance of its gradients, its loss and its error
                        by epoch or step and batch size; load_measurement reads its store

    compare             estimates against exact values: z-scores, corrected for their number; a Comparison says whether they agree
    compare_dataset     the same for a result and the polynomials of theory.variance_poly
    interval            confidence intervals of a result, by Student's t

    GradientNoiseMeter  the gradient noise of a model in a training loop of one's own, in three lines

    make_plan, predict  what a run will take, as a RunCost, before it starts
    Progress            what simulate(progress=...) tells of a run under way
    UnaffordableError   a run that no memory here holds, or that takes longer than it may; a CorruptShardError is a damaged file of a store

What it costs. Microseconds for each step of each replica of a small network, a batched product of matrices for a large one; `predict`
measures some steps on the machine at hand. A run with a `store=` survives a kill and goes on where it was; results do not depend on the
number of workers.

Where it is from. Nothing here knows a theorem: of `theory` it takes the problem, the laws of the inputs and numbers. Two linear layers
use that gradients see a batch through its second moments alone; any other network is run by batched products, or by torch's own
backward pass. Where an estimator replaces the last batch by its conditional expectation, that closed form is derived here anew.

All of it needs the extra `experiments` (torch, xarray and more): pip install 'batchlaw[experiments]'. Names are loaded when they are
first used (PEP 562): torch takes seconds, which bad arguments need not wait for.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from empirics.estimation.comparison import Comparison, compare, compare_dataset
    from empirics.estimation.intervals import interval
    from empirics.experiments.synthetic_problem import synthetic
    from empirics.models.gradient_noise import gradient_noise
    from empirics.models.measuring.measure import measure
    from empirics.models.measuring.stored import load_measurement
    from empirics.models.meter.gradient_noise_meter import GradientNoiseMeter
    from empirics.runs.again import again
    from empirics.runs.cost import RunCost, UnaffordableError, predict
    from empirics.runs.progress import Progress
    from empirics.runs.request import make_plan
    from empirics.runs.simulation import load, simulate
    from empirics.runs.store import CorruptShardError
    from theory.inputs import DataSet

__all__ = [
    "simulate", "load", "again", "synthetic", "DataSet", "Progress",
    "make_plan", "predict", "RunCost", "UnaffordableError", "CorruptShardError",
    "gradient_noise", "GradientNoiseMeter", "measure", "load_measurement",
    "compare", "compare_dataset", "Comparison", "interval",
]  # fmt: skip

_HOMES = {
    "runs.again": ("again",), "runs.simulation": ("simulate", "load"), "runs.progress": ("Progress",), "runs.request": ("make_plan",),
    "runs.cost": ("predict", "RunCost", "UnaffordableError"), "runs.store": ("CorruptShardError",),
    "experiments.synthetic_problem": ("synthetic",), "theory.inputs": ("DataSet",),
    "models.measuring.measure": ("measure",), "models.measuring.stored": ("load_measurement",),
    "models.meter.gradient_noise_meter": ("GradientNoiseMeter",),
    "models.gradient_noise": ("gradient_noise",),
    "estimation.comparison": ("compare", "compare_dataset", "Comparison"), "estimation.intervals": ("interval",),
}  # fmt: skip


def __getattr__(name: str) -> Any:
    home = next((module for module, names in _HOMES.items() if name in names), None)
    if home is None:
        raise AttributeError(f"module 'empirics' has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(home if home.startswith("theory.") else f"empirics.{home}"), name)
    return value


def __dir__() -> list[str]:
    return sorted({*(name for name in globals() if name.startswith("__")), *__all__})

"""Evidence by simulation: thousands of replicas of mini-batch SGD at once, with standard errors. Shares no formula with `theory`.

    from empirics import simulate, synthetic
    result = simulate(synthetic(), batch_sizes=[4, 16, 64], steps=100, replicas=400, dtype="float32")
    result.var_gradient, result.var_gradient_se         # dims (step, batch_size, layer)

Names are loaded when they are first used (PEP 562): torch takes seconds, which bad arguments need not wait for.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from empirics.estimation.comparison import Comparison, compare, compare_dataset
    from empirics.estimation.intervals import interval
    from empirics.runs.attributes import again
    from empirics.runs.cost import RunCost, UnaffordableError, predict
    from empirics.runs.progress import Progress
    from empirics.runs.request import make_plan
    from empirics.runs.simulation import load, simulate
    from empirics.runs.store import CorruptShardError
    from empirics.sampling.data_sets import DataSet
    from empirics.sampling.synthetic_problem import synthetic

__all__ = [
    "simulate", "load", "again", "synthetic", "DataSet", "Progress",
    "make_plan", "predict", "RunCost", "UnaffordableError", "CorruptShardError",
    "compare", "compare_dataset", "Comparison", "interval",
]  # fmt: skip

_HOMES = {
    "runs.attributes": ("again",), "runs.simulation": ("simulate", "load"), "runs.progress": ("Progress",), "runs.request": ("make_plan",),
    "runs.cost": ("predict", "RunCost", "UnaffordableError"), "runs.store": ("CorruptShardError",),
    "sampling.synthetic_problem": ("synthetic",), "sampling.data_sets": ("DataSet",),
    "estimation.comparison": ("compare", "compare_dataset", "Comparison"), "estimation.intervals": ("interval",),
}  # fmt: skip


def __getattr__(name: str) -> Any:
    home = next((module for module, names in _HOMES.items() if name in names), None)
    if home is None:
        raise AttributeError(f"module 'empirics' has no attribute {name!r}")
    try:
        module = import_module(f"empirics.{home}")
    except ModuleNotFoundError as error:
        if error.name and error.name.split(".")[0] in ("empirics", "theory"):
            raise
        raise ImportError(f"empirics.{name} needs {error.name}: pip install 'batchlaw[experiments]'", name=error.name) from error
    value = globals()[name] = getattr(module, name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})

"""Evidence by simulation: thousands of replicas of mini-batch SGD at once, with standard errors. Shares no formula with `theory`.

    from empirics import simulate, synthetic
    result = simulate(synthetic(), batch_sizes=[4, 16, 64], steps=100, replicas=400, dtype="float32")
    result.var_gradient, result.var_gradient_se         # dims (step, batch_size, layer)
"""

from empirics.comparison import Comparison, compare, compare_dataset
from empirics.cost import RunCost, UnaffordableError, predict
from empirics.data_sets import DataSet
from empirics.progress import Progress
from empirics.request import make_plan
from empirics.simulation import load, simulate
from empirics.store import CorruptShardError
from empirics.synthetic_problem import synthetic

__all__ = [
    "simulate", "load", "synthetic", "DataSet", "Progress",
    "make_plan", "predict", "RunCost", "UnaffordableError", "CorruptShardError",
    "compare", "compare_dataset", "Comparison",
]  # fmt: skip

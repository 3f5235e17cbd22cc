"""Exact mathematics of mini-batch SGD noise: var(g_t) as a polynomial in 1/b."""

from theory.budget import Budget
from theory.inputs import Discrete, Gaussian, Independent, Rademacher, Uniform
from theory.inverse_batch import InverseBatchPolynomial
from theory.problem import TeacherStudent

__all__ = [
    "Budget",
    "Discrete",
    "Gaussian",
    "Independent",
    "InverseBatchPolynomial",
    "Rademacher",
    "TeacherStudent",
    "Uniform",
    "variance_poly",
]

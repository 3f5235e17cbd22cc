"""How the noise of SGD depends on the mini-batch size b, exactly: var(g_t | w_0) is a polynomial in 1/b, and this package finds it.

    >>> from fractions import Fraction as F
    >>> from theory import Discrete, TeacherStudent, variance_poly
    >>> problem = TeacherStudent(student=[[[1]], [[2]]], teacher=[[[0]], [[0]]], inputs=Discrete([0, 1]), learning_rates=F(1))
    >>> v = variance_poly.variance_polynomial(problem, step=1, layer=2)       # var(g_{1,2} | w_0)
    >>> v(2), v(3), v.decreasing_from()
    (Fraction(5, 16), Fraction(1015, 2916), 3)

A network f(w; x) = W_H s(W_{H-1} s( ... s(W_1 x))) learns from a teacher w* of the same shape, or from labels, by mini-batch SGD on the
loss 1/2 ||f(w; x) - f(w*; x)||^2, the b inputs of every step drawn anew. g_{t,k} is the stochastic gradient of layer k = 1, ..., H at step
t = 0, 1, ..., and var(g) = E||g||_F^2 - ||E g||_F^2, given the initial weights w_0.

What there is

    TeacherStudent              the problem: student, teacher, inputs, learning rates, activation, optimizer; all but b, checked once
    Gaussian, Discrete          laws of the inputs; Rademacher and Uniform coordinates, Independent ones with any table of moments
    DataSet                     a finite data set as a law, with labels or without; batches with and without replacement
    SGD                         the optimizer: plain SGD, or with momentum and weight decay
    variance_poly               from a problem to its polynomials: var(g), E||g||^2, E g, E loss(w), any trace form, and what they will cost
    InverseBatchPolynomial      the answer: coefficients, values, degree, where it decreases, and a proved error where one is left
    Budget                      what a request may cost

    activations                 sigmoid, tanh, softplus, GELU, SiLU, ELU, ReLU, leaky ReLU, or one of your own
    chebyshev                   polynomials in the place of an activation, with certified errors
    approximation               how far SGD with the polynomial drifts from SGD with the activation: Theorems 3.6, A.9 and A.10
    linear_regression           one layer at every step, on data with any labels or on a population: momentum, weight decay, t = 2,000
    large_batch                 beta_1 and beta_2 of var(g) and beta_1 of the loss: every step, any size; the gradient noise scale
    degrees                     the degrees of these polynomials in 1/b, sharp and as printed

    enumeration                 the brute force: all batches of one size, one after the other; it shares no formula with the rest
    references                  slower second routes: Gauss quadrature, symbolic networks, runs in ball arithmetic
    recursion                   Lemma A.3 and Theorems A.4, A.5, A.6: from any trace form down to the initial weights
    trace_forms                 traces of products of weights and gradients, as a reader writes them; deg(A; M)
    gaussian_moments            Isserlis' theorem, quadratic forms, words in Wishart matrices
    kronecker                   Lemmas A.1 and A.2
    polynomial_networks         Lemma A.8: the gradient of a deep network, any polynomial activation, as a sum of products of matrices
    claims                      the ledger: every statement of the paper, with its verdict and a check of both sides

    problem, inputs, optimizers, inverse_batch and budget are the homes of the names above, with what else belongs to them (errors).

What it costs. The degree in 1/b is 3^(t+1) - t - 2 for two linear layers: 1, 6, 23, 76, 237. Exact polynomials take milliseconds at t = 0
and 1, half a second at t = 2 for two input coordinates, seconds at t = 4 for a single one; one layer is cheap at every step, and any depth
and any polynomial activation can be had for finitely many atoms, or few weights. Costs are predicted from sizes alone
(`variance_poly.predicted_cost`). What does not fit the `budget`, 10 minutes and 8 GB unless you say otherwise, raises UnaffordableError
before any work, with the figure and with what is left to do; what no engine can do at any cost raises CannotError. Both are ValueErrors.

Numbers. Exact in, exact out: integers, Fractions and texts such as "1/3" give Fractions. A float is the binary rational that it is;
where rationals would be too slow the answer is in doubles, with a proved bound on its error.

Where it is from. Theorems, lemmas and line numbers in docstrings are those of "The impact of the mini-batch size on the dynamics of SGD:
variance and beyond", which README.md and CITATION.cff cite in full; what is computed is what is true, and `claims` says where the print
differs.

The house, from the ground up: what stands on a floor imports from it, in no circle, and from those above it in this list

    numbers                  exact, budget, arithmetic, inverse_batch, degrees
    problems                 inputs, activations, optimizers, problem, extensions, routes, backpropagation
    algebra                  kronecker, trace_forms, gaussian_moments, chebyshev, polynomial_networks
    recursion and engines    recursion, engines, large_batch, linear_regression
    slow truth               enumeration, references
    answers                  affordable_routes, variance_poly, approximation
    front                    theory
    claims                   claims

The slow truth is kept from what it is compared with: enumeration sees numbers and problems only, references the algebra too. No engine
leans on another.

Modules load when they are first used (PEP 562).
"""

from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING

from theory.budget import Budget
from theory.inputs import DataSet, Discrete, Gaussian, Independent, Rademacher, Uniform
from theory.inverse_batch import InverseBatchPolynomial
from theory.optimizers import SGD
from theory.problem import TeacherStudent

if TYPE_CHECKING:
    from theory import (
        activations,
        approximation,
        budget,
        chebyshev,
        degrees,
        enumeration,
        gaussian_moments,
        inputs,
        inverse_batch,
        kronecker,
        large_batch,
        linear_regression,
        optimizers,
        polynomial_networks,
        problem,
        recursion,
        references,
        trace_forms,
        variance_poly,
    )

__all__ = [
    "TeacherStudent", "Gaussian", "Discrete", "DataSet", "Rademacher", "Uniform", "Independent", "SGD",
    "variance_poly", "InverseBatchPolynomial", "Budget",
    "activations", "chebyshev", "approximation", "linear_regression", "large_batch", "degrees",
    "enumeration", "references", "recursion", "trace_forms", "gaussian_moments", "kronecker", "polynomial_networks", "claims",
    "problem", "inputs", "optimizers", "inverse_batch", "budget",
]  # fmt: skip


def __getattr__(name: str) -> ModuleType:
    if name not in __all__:
        raise AttributeError(f"module 'theory' has no attribute {name!r}")
    return import_module(f"theory.{name}")


def __dir__() -> list[str]:
    return sorted({*(name for name in globals() if name.startswith("__")), *__all__})

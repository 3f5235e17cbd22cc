"""Lemma A.3 and Theorems A.4, A.5, A.6 (informally 3.1, 3.2, 3.3) for two linear layers, as computations.

    from theory.recursion import expectation
    expectation(tr(g(1, 1).T @ W(1, 1) @ W(1, 1).T @ g(1, 1)), problem)        a polynomial in 1/b

Two representations of the same thing. The literal one does what the theorems say, with Kronecker products and any constant C:
`remove_gradient_layer` (A.3), `conditional_expectation` (A.4), `unroll` (A.5), `to_initial_weights` (A.6) and `literal_expectation`.
The closed one keeps the residual W_2 W_1 - W*_2 W*_1 as a letter and does not explode: `expectation`.

What they rest on, for M = tr( C (x)_i R_i ) R_0 with rows R_i of weights, gradients, teacher and constants (`deg` counts letters):

    A.3   a gradient of one sample is cut at its x x^T: the samples go into C, by their joint law, the rest into rows of their own
    A.4   with d gradient letters of step t, E[ M | w_t ] = sum over set partitions pi of {1, ..., d} of (b)_|pi| b^-d E_pi, letters of one
          block having one sample in common: coefficients of b^0, ..., b^-max(d-1, 0) (`partitions`)
    A.5   W_t = W_{t-1} - alpha_{t-1} g_{t-1}, multiplied out: j picks of g carry (-alpha_{t-1})^j
    A.6   one step after the other; the degree in 1/b is at most sum_f max(D_f - 1, 0), D_f that of `batch_degrees`

Constants may be any matrices, of any shapes; where the print says otherwise, the claims of these numbers show what fails.

What it costs: E||g_1||^2 of two layers takes less than a second in the closed representation, for any law, and half a minute in the
literal one; E||g_2||^2 is out of reach of both, and is what the engines are for (`theory.engines`).
Source: lines 247-288 (Theorems 3.1-3.3) and 580-629 (A.3-A.6).
"""

from theory.recursion.degree_bounds import batch_degrees, degree_bound, printed_degree_bound
from theory.recursion.expectations import expectation, literal_expectation, predicted_cost
from theory.recursion.initial_weights import initial_values
from theory.recursion.kronecker_forms import KroneckerForm, KroneckerTerm
from theory.recursion.literal import conditional_expectation, remove_gradient_layer, to_initial_weights, unroll

__all__ = [
    "KroneckerForm", "KroneckerTerm",
    "expectation", "literal_expectation", "predicted_cost",
    "remove_gradient_layer", "conditional_expectation", "unroll", "to_initial_weights", "initial_values",
    "batch_degrees", "degree_bound", "printed_degree_bound",
]  # fmt: skip

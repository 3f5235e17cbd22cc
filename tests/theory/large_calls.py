"""Public functions with sizes from small to absurd, each in a process of its own with limits on memory and time: `python -m` this file.

Of each call one line of JSON: its name, "answered", "refused" (with the message), or what went wrong. One process imports the packages,
and a copy of it makes each call.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import sys
from typing import Any

MEMORY, SECONDS = 3 << 30, 60
SIZES = (3, 40, 2000, 10**6, 10**9, 10**30)

PREPARE = """
from fractions import Fraction as F
import numpy as np
from theory import *
from theory import approximation, chebyshev, degrees, enumeration, gaussian_moments, kronecker, large_batch, recursion, trace_forms
from theory import polynomial_networks, variance_poly
from theory.approximation import variance_gaps
from theory.claims.variance_decreasing import batch_invariants, certificates
from theory.engines.frequencies import factorial_moments
from theory.linear_regression import LinearRegression
from theory.references import quadrature, symbolic, symbolic_deep
from theory.approximation.gradient_gaps import every_path_bound, polynomial_within
from theory.trace_forms.letters import unit_letter
from theory.trace_forms import W, g, identity, teacher, tr

def net(*sizes, law=None, rate=F(1, 10), activation=(0, 1), floats=False):
    w = [[[F(i + 2 * j + 1, 3) + (0.1 if floats else 0) for j in range(m)] for i in range(n)] for m, n in zip(sizes, sizes[1:])]
    return TeacherStudent(w, [[[0] * m for _ in range(n)] for m, n in zip(sizes, sizes[1:])], law or Gaussian(sizes[0]), rate, activation)

def regression(p=2, rate=F(1, 10)):
    x = [[F(i * j % 5 - 2) for j in range(p)] for i in range(7)]
    return LinearRegression(x, range(7), [0] * p, rate, replacement=True, budget=B)

B = Budget(seconds=2, bytes=5e8)
atoms = Discrete([1, 2, 4])
tanh = net(1, 1, 1, law=Discrete([0, 1]), activation="tanh")
wide = InverseBatchPolynomial([0] + [F((-3) ** k, k + 1) for k in range(30)])
"""

#: With N in 3, 40, ... 10^30.
CALLS = {
    "variance of one Gaussian layer": "variance_poly.variance_polynomial(net(1, 1), N, 1, budget=B)",
    "variance of one layer in floats": "variance_poly.variance_polynomial(net(2, 3, floats=True, rate=0.1), N, 1, budget=B)",
    "variance of one layer, rates of a function": "variance_poly.variance_polynomial(net(1, 1, rate=lambda t: 0.1), N, 1, budget=B)",
    "variance of one layer with atoms": "variance_poly.variance_polynomial(net(1, 1, law=atoms), N, 1, budget=B)",
    "variance of two layers": "variance_poly.variance_polynomial(net(1, 1, 1), N, 1, budget=B)",
    "variance of two layers with signs": "variance_poly.variance_polynomial(net(3, 4, 2, law=Rademacher(3)), N, 2, budget=B)",
    "variance of a polynomial network": "variance_poly.variance_polynomial(net(1, 2, 1, law=atoms, activation=(0, 1, 1)), N, 1, budget=B)",
    "mean of one layer": "variance_poly.mean_gradient(net(1, 1), N, 1, budget=B)",
    "loss": "variance_poly.loss_polynomial(net(1, 1), N, budget=B)",
    "variance of the loss": "variance_poly.loss_variance_polynomial(net(1, 1, law=atoms), N, budget=B)",
    "variance of the loss, one layer": "variance_poly.loss_variance_polynomial(net(2, 1, law=Uniform(2)), N, budget=B)",
    "variance of the loss, two layers": "variance_poly.loss_variance_polynomial(net(1, 1, 1), N, budget=B)",
    "second moment": "variance_poly.second_moment_polynomial(net(2, 1, law=Uniform(2)), N, 1, budget=B)",
    "trace form, one layer": "variance_poly.expectation(net(1, 1), tr(g(N, 1).T @ g(N, 1)), budget=B)",
    "trace form, two layers": "variance_poly.expectation(net(1, 1, 1), tr(W(N, 1) @ W(N, 2)), budget=B)",
    "trace form, atoms": "variance_poly.expectation(net(1, 1, 1, law=atoms), tr(W(N, 1) @ W(N, 2)), budget=B)",
    "predicted cost": "variance_poly.predicted_cost(net(1, 1), N, 1, budget=B)",
    "quadrature": "quadrature.variance(net(1, 1, 1), N, 1, batch_size=4, budget=B)",
    "quadrature, loss": "quadrature.loss(net(1, 1, 1, 1), N, batch_size=4, budget=B)",
    "quadrature, variance of the loss": "quadrature.loss_variance(net(1, 1, 1, 1), N, batch_size=4, budget=B)",
    "quadrature, batch size": "quadrature.variance(net(1, 1, 1), 1, 1, batch_size=N, budget=B)",
    "quadrature rule": "quadrature.laguerre_rule(N, F(3))",
    "symbolic, inputs": "symbolic.SymbolicNetwork((N, 1, 1)).variance_by_generator(1, 1, budget=B)",
    "symbolic, hidden units": "symbolic.SymbolicNetwork((1, N, 1), teacher='product').variance_by_partitions(1, 1, budget=B)",
    "symbolic, a problem": "symbolic.SymbolicNetwork.of(net(min(N, 200), 1, 1)).variance_by_partitions(1, 1, budget=B)",
    "symbolic, deep": "symbolic_deep.SymbolicDeepNetwork((1, N, 1), (0, 0, 1), Gaussian(1)).variance(1, 1, budget=B)",
    "symbolic, deep, inputs": "symbolic_deep.SymbolicDeepNetwork((N, 1, 1), (0, 0, 1), Gaussian(N)).loss(0, budget=B)",
    "symbolic, deep, degree": "symbolic_deep.SymbolicDeepNetwork((1, 1, 1), (1,) * min(N, 10**5), Gaussian(1)).loss(1, budget=B)",
    "large batch": "large_batch.leading_coefficient(net(2, 2, 1), N, 1, budget=B)",
    "large batch, floats": "large_batch.leading_coefficient(net(2, 2, 2, 1, floats=True, rate=0.1), N, 1, budget=B)",
    "large batch, law": "large_batch.large_batch_law(net(2, 2, 1), [N], 1, budget=B)",
    "large batch, steps": "large_batch.large_batch_law(net(2, 2, 1), N, 1, method='probes', budget=B)",
    "large batch, a range of steps": "large_batch.large_batch_loss(net(2, 2, 1), range(N), budget=B)",
    "large batch, probes": "large_batch.large_batch_law(net(2, 2, 1), 1, 1, method='probes', probes=N, budget=B)",
    "large batch, activation": "large_batch.large_batch_law(net(2, 2, 1, activation=(1,) * min(N, 10**5)), 1, 1, budget=B)",
    "noise scale": "large_batch.noise_scale(net(2, 2, 1), N, budget=B)",
    "linear regression, polynomial": "regression().variance_polynomial(N, budget=B)",
    "linear regression, values": "regression().variance(N, 3, budget=B)",
    "linear regression, batch size": "regression().variance(2, N, budget=B)",
    "linear regression, rates of a function": "regression(rate=lambda t: F(1, 9 + t)).loss(N, 3, budget=B)",
    "linear regression, columns": "regression(p=min(N, 200)).stationary(2, budget=B)",
    "recursion": "recursion.expectation(tr(W(N, 1) @ W(N, 2)), net(1, 1, 1), budget=B)",
    "recursion, literal": "recursion.literal_expectation(tr(W(N, 1) @ W(N, 2)), net(1, 1, 1), budget=B)",
    "recursion, degrees": "recursion.degree_bound(tr(W(N, 1)))",
    "recursion, printed degrees": "recursion.printed_degree_bound(tr(g(N, 1)))",
    "recursion, batch degrees": "recursion.batch_degrees([], N)",
    "recursion, to initial weights": (
        "recursion.to_initial_weights("
        "recursion.KroneckerForm.from_trace_form(tr(W(N, 1) @ W(N, 2))), net(1, 1, 1), budget=B)"
    ),
    "enumeration, paths": "enumeration.cost(net(1, 1, law=atoms), N, batch_size=2)",
    "enumeration, paths of a batch": "enumeration.cost(net(1, 1, law=atoms), 2, batch_size=N)",
    "enumeration, literal paths": "enumeration.cost(net(1, 1, law=atoms), 2, batch_size=N, literal=True)",
    "enumeration, step": "enumeration.variance(net(1, 1, law=atoms), N, 1, batch_size=2)",
    "enumeration, batch": "enumeration.variance(net(1, 1, law=atoms), 1, 1, batch_size=N)",
    "enumeration, one atom": "enumeration.variance(net(1, 1, law=Discrete([2])), 1, 1, batch_size=N)",
    "enumeration, balls": "enumeration.variance_ball(tanh, 1, 1, batch_size=N)",
    "enumeration, bits": "enumeration.variance_ball(tanh, 1, 1, batch_size=2, bits=N)",
    "enumeration, loss": "enumeration.loss(net(1, 1, law=atoms), N, batch_size=N)",
    "enumeration, variance of the loss": "enumeration.loss_variance(net(1, 1, law=atoms), N, batch_size=N)",
    "interpolation, degree": "enumeration.interpolated_polynomial(net(1, 1, law=atoms), 1, 1, degree=N)",
    "interpolation, one atom": "enumeration.interpolated_polynomial(net(1, 1, law=Discrete([2])), 1, 1, degree=N, max_paths=N)",
    "interpolation, extra": "enumeration.interpolated_polynomial(net(1, 1, law=atoms), 0, 1, degree=1, extra=N)",
    "decreasing range": "variance_gaps.certified_decreasing_range(tanh, chebyshev.approximate('tanh', 3, 9), 1, 1, largest=N)",
    "bounds on every path": "every_path_bound(tanh, chebyshev.approximate('tanh', 3, 9), N)",
    "polynomial within": "polynomial_within(tanh, N, 0.01)",
    "polynomial within a tolerance": "polynomial_within(tanh, 2, F(1, N))",
    "approximant": "chebyshev.approximate('tanh', 2, N)",
    "approximant, uncertified": "chebyshev.approximate('tanh', 2, N, certify=False)",
    "approximant, least squares": "chebyshev.approximate('gelu', 2, N, 'least_squares', certify=False)",
    "approximant, interpolated": "chebyshev.approximate('relu', 2, N, 'interpolate', certify=False)",
    "approximant, radius": "chebyshev.approximate('tanh', N, 5)",
    "degree for a tolerance": "chebyshev.degree_for('sigmoid', 4, F(1, N))",
    "degree for a radius": "chebyshev.degree_for('sigmoid', N, 0.1)",
    "isserlis, order": "gaussian_moments.isserlis([0] * min(N, 10**6), [[2]])",
    "isserlis, indices": "gaussian_moments.isserlis(range(min(N, 60)), np.eye(60, dtype=int))",
    "quadratic forms": "gaussian_moments.quadratic_forms_moment([[[k + 1, 0], [1, 2]] for k in range(min(N, 60))], [[1, 0], [0, 1]])",
    "quadratic forms, repeated": (
        "gaussian_moments.quadratic_forms_moment([[[1, 2], [3, 4]], [[1, 0], [0, 2]]] * min(N, 10**4), [[1, 0], [0, "
        "1]])"
    ),
    "Wishart moment": "gaussian_moments.wishart_moment([[gaussian_moments.Wishart(k)] * 7 for k in range(min(N, 50))], [[1]])",
    "Wishart degree": "gaussian_moments.wishart_moment([[gaussian_moments.Wishart()] * min(N, 10**5)], [[1]])",
    "identity": "identity(N)",
    "unit matrix": "unit_letter(min(N, 10**30), 0, 0)",
    "Kronecker product": "kronecker.kronecker_product([np.array([[F(1, 2)] * 2] * 2, dtype=object)] * min(N, 10**5))",
    "Kronecker columns": "kronecker.product_of_columns([[np.array([[F(1, 3)] * 8] * 8, dtype=object)] * 3] * min(N, 4))",
    "Kronecker rows": "kronecker.kronecker_of_rows([[np.array([[F(1, 3)] * min(N, 300)] * min(N, 300), dtype=object)] * 4])",
    "moment matrices": "kronecker.moment_matrices(Gaussian(4), N, 1, N, 2)",
    "quadratic product": (
        "kronecker.expected_quadratic_product(Gaussian(3 * min(N, 40)), [[[1] * 3] * 3] * (min(N, 40) - 1), [[[1, 2, "
        "1]], [[1], [2], [1]]])"
    ),
    "quadratic product, directly": (
        "kronecker.direct_quadratic_product(Gaussian(3 * min(N, 40)), [[[1] * 3] * 3] * (min(N, 40) - 1), [[[1, 2, "
        "1]], [[1], [2], [1]]])"
    ),
    "stacked samples": "kronecker.StackedSamples(tuple(range(min(N, 400))), (Rademacher(3),) * min(N, 400)).support()",
    "threshold, bits": "wide.threshold_interval(N)",
    "threshold of a degree": "InverseBatchPolynomial([0] + [F((-3) ** k, k + 1) for k in range(min(N, 3000))]).threshold",
    "decreasing from": "InverseBatchPolynomial([0] + [F((-1) ** k, k**3 + 1) for k in range(min(N, 3000))]).decreasing_from()",
    "latex digits": "wide.latex(digits=N)",
    "trace forms, products": "[f := sum(W(k, 1) for k in range(40))] + [f := f @ f for _ in range(min(N, 60))]",
    "trace forms, substitution": "tr(W(1, 1) @ W(1, 1) @ W(1, 1)).substitute(lambda x: sum(W(k, 1) for k in range(min(N, 300))))",
    "products, depth": "list(polynomial_networks.gradient_products((2,) * min(N, 10**5), (1, 1, 1), 1, budget=B))",
    "products, width": "list(polynomial_networks.gradient_products((2, N, 2), (1, 1, 1), 1, budget=B))",
    "products, degree": "list(polynomial_networks.gradient_products((1, 1, 1), (1,) * min(N, 10**5), 1, budget=B))",
    "products, counted": "polynomial_networks.count_products((2,) * min(N, 10**5), (1, 1, 1), 1)",
    "products, degree counted": "polynomial_networks.count_products((1, 3, 2, 1), (1,) * min(N, 10**5), 2)",
    "products, as printed": "polynomial_networks.printed_counts((2,) * min(N, 10**5), degree=N)",
    "products, fewest by depth": "polynomial_networks.fewest_products(depth=N, degree=2, layer=2)",
    "products, fewest by degree": "polynomial_networks.fewest_products(depth=5, degree=N, layer=2)",
    "products, fewest of wide layers": "polynomial_networks.fewest_products_of_wide_layers(depth=5, degree=3, width=N)",
    "degree of the variance": "degrees.variance_degree(N)",
    "degree, one layer": "degrees.variance_degree(N, depth=1)",
    "degree of the loss": "degrees.loss_degree(N, depth=3, activation_degree=2)",
    "degree of the mean": "degrees.mean_gradient_degree(2, depth=N, activation_degree=2)",
    "degree, printed": "degrees.printed_variance_degrees_3_4(N, activation_degree=3)",
    "degree, activation": "degrees.variance_degree(3, depth=3, activation_degree=N)",
    "certificate, one input": "certificates.certificate(1, N)",
    "certificate, two inputs": "certificates.certificate(2, N)",
    "chi-square moment": "batch_invariants.chi_square_moment(N)",
    "moment of a Gaussian": "Gaussian(1).moment((N,))",
    "moments of correlated Gaussians": "Gaussian(cov=[[2, 1, 0], [1, 2, 1], [0, 1, 3]]).moment((N, N, N))",
    "moment of atoms": "Discrete([F(1, 3), 2]).moment((N,))",
    "moment of a uniform law": "Uniform(1, 0, 3).moment((N,))",
    "moment of signs": "Rademacher(1).moment((N,))",
    "cube": "Rademacher(N).support()",
    "second moment of a law": "Gaussian(N).second_moment",
    "second moment of signs": "Rademacher(N).second_moment",
    "moment in many dimensions": "Gaussian(min(N, 10**6)).moment([2] * min(N, 10**6))",
}  # fmt: skip


def outcome(code: str, names: dict[str, Any]) -> tuple[str, str]:
    """What the call did: "answered", "refused" with the message, or "failed" with the error."""
    from theory.budget import UnaffordableError

    try:
        exec(code, names)
    except UnaffordableError as refusal:
        return "refused", str(refusal)
    except (ValueError, TypeError) as refusal:
        return "refused", f"{type(refusal).__name__}: {refusal}"
    except BaseException as error:
        return "failed", f"{type(error).__name__}: {error}"[:300]
    return "answered", ""


def main() -> None:
    names: dict[str, Any] = {}
    exec(PREPARE, names)
    chosen = sys.argv[1:]
    for name, code in CALLS.items():
        if chosen and name not in chosen:
            continue
        for n in SIZES:
            read, write = os.pipe()
            child = os.fork()
            if child == 0:
                resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
                resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
                signal.signal(signal.SIGXCPU, signal.SIG_DFL)
                os.write(write, json.dumps(outcome(code, names | {"N": n})).encode()[:60_000])
                os._exit(0)
            os.close(write)
            with os.fdopen(read, "rb") as pipe:
                text = pipe.read()
            _, status, used = os.wait4(child, 0)
            kind, message = json.loads(text) if text else ("failed", f"ended with status {status} after {used.ru_utime:.0f} s")
            seconds = used.ru_utime + used.ru_stime
            print(json.dumps([name, n, kind, message, round(seconds, 2), used.ru_maxrss >> 10]), flush=True)


if __name__ == "__main__":
    main()

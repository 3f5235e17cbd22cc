"""Polynomial approximants of activations on [-R, R], with certified errors of the value and of the derivative.

    P(x) = sum_k c_k T_k(x / R),        value_error >= sup |sigma - P|,    derivative_error >= sup |sigma' - P'|     over [-R, R]

SGD sees sigma and sigma', so both errors count: a polynomial that is close to sigma alone can have any gradient. The default method
therefore approximates sigma' (best uniform fit, by Remez' exchange) and integrates: no polynomial of that degree has a smaller derivative
error. The coefficients are doubles, taken from then on as the binary rationals that they are: in the power basis they are exact, and go
straight into `TeacherStudent(activation=...)`.

For sigma analytic up to a distance y of the real line, errors fall like rho^-n in the degree n, rho = y/R + sqrt(1 + (y/R)^2): y = pi for
sigmoid and softplus, pi/2 for tanh (`convergence_rate`). So R should be little more than the largest pre-activation that occurs. Beyond
[-R, R] a polynomial grows like its highest power and says nothing of sigma: inputs without bounds, Gaussian ones, leave every interval.
For relu and leaky_relu(a) every polynomial misses the jump of sigma' by (1 - a)/2 at least.

    approximate          the polynomial and its errors (`approximant`), by one of the `fits`, of which Remez' is in `remez`
    degree_for           a degree that is enough, before any fit (`bernstein_ellipses`)
    ActivationPolynomial.of    a polynomial of your own, with the same certificates (`sup_bounds`: Taylor expansions in balls)
    power_basis          the same polynomial in powers of x, exactly (`monomials`)
"""

from theory.chebyshev.approximant import ActivationPolynomial, approximate
from theory.chebyshev.bernstein_ellipses import convergence_rate, degree_for
from theory.chebyshev.fits import METHODS
from theory.chebyshev.monomials import power_basis
from theory.chebyshev.sup_bounds import sup_norms

__all__ = ["METHODS", "ActivationPolynomial", "approximate", "convergence_rate", "degree_for", "power_basis", "sup_norms"]

r"""One layer at every step: linear regression by mini-batch SGD, on data with any labels, or on a population.

    L(w) = 1/(2n) sum_i (x_i^T w - y_i)^2,      g_t = 1/b sum_{i in B_t} x_i (x_i^T w_t - y_i),      w_{t+1} = w_t - alpha_t g_t

Given w_t, Cov(g_t) = c Cov_i(x_i (x_i^T w_t - y_i)) with

    c = 1/b for independent draws,      c = (n - b) / (b (n - 1)) for batches without replacement (0 for n = 1),

and the mean and the covariance of w_t obey linear recursions (`operators`). So var(g_t), var(grad L(w_t)) and E L(w_t) are polynomials in c
of degree t + 1, t and t, whose coefficients beyond the constant one are not negative (`recursions` has the proof, in two lines): none of
the three ever increases in b, whatever the data, the labels and the learning rates. Momentum, dampening, Nesterov's step and weight decay
are linear in the gradient and change nothing of this.

    >>> from fractions import Fraction as F
    >>> from theory.linear_regression import LinearRegression
    >>> r = LinearRegression([[1], [2], [3]], [1, 1, 2], w0=[0], learning_rates=F(1, 10))
    >>> r.variance_polynomial(0)(3), r.variance_polynomial(0)(1)          # without replacement: no noise at b = n
    (Fraction(0, 1), Fraction(14, 3))
    >>> r.variance(100, batch_size=2) < r.variance(100, batch_size=1)
    True
"""

from theory.linear_regression.diabetes import load_diabetes
from theory.linear_regression.regression import LinearRegression
from theory.linear_regression.tables import Table, read_table
from theory.linear_regression.values import Stationary, Trajectory

__all__ = ["LinearRegression", "Stationary", "Table", "Trajectory", "load_diabetes", "read_table"]

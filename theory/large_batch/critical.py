"""The critical batch size: from which b on beta_1/b is within 10 % of the variance. Exact from the polynomial, estimated from beta_2."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from theory.arithmetic.real_roots import floors_of_sign_changes, integer_polynomial
from theory.exact import NumberLike, as_number, shown
from theory.inverse_batch import InverseBatchPolynomial
from theory.large_batch.results import LargeBatchLaw


@dataclass(frozen=True)
class CriticalBatchSize:
    """From which batch size on | beta_1/b - var | <= tolerance * var.

    Attributes:
        batch_size: of a polynomial the smallest integer B >= 1 with that for every b >= B, proved; of a law the estimates at its steps.
        is_exact: whether it is proved.
        standard_error: of the estimates, from that of beta_2; 0 where it is exact.
    """

    batch_size: int | np.ndarray
    is_exact: bool
    standard_error: float | np.ndarray


def critical_batch_size(source: InverseBatchPolynomial | LargeBatchLaw, tolerance: NumberLike = "1/10") -> CriticalBatchSize:
    """Where the large-batch law beta_1/b stops being right to 10 %: exactly from a variance's polynomial, by estimate from beta_2.

    The estimate takes var = beta_1/b + beta_2/b^2 and is B = (1 - tolerance) beta_2 / (tolerance beta_1) for beta_2 > 0, 1 + tolerance and
    |beta_2| for beta_2 < 0, at least 1: the later coefficients, which it leaves out, count where B is small.

    Args:
        source: a polynomial of `variance_poly.variance_polynomial`, with exact coefficients, or a `large_batch_law` with beta_2.
        tolerance: between 0 and 1.

    Raises ValueError or TypeError, naming the argument, for another source, a law without beta_2, and no noise at all (beta_1 = 0).

    Examples:
        >>> critical_batch_size(InverseBatchPolynomial([0, 1, 1])).batch_size       # 1/b + 1/b^2: 1/b is 10 % short at b = 9
        9
    """
    share = Fraction(as_number(tolerance, "tolerance", text=True))
    if not 0 < share < 1:
        raise ValueError(f"tolerance must be between 0 and 1, but was {shown(tolerance)}")
    if isinstance(source, InverseBatchPolynomial):
        return CriticalBatchSize(_of_polynomial(source, share), True, 0.0)
    if not isinstance(source, LargeBatchLaw):
        raise TypeError(f"source must be a polynomial in 1/b or a large-batch law, but was {shown(source)}")
    if source.beta2 is None or source.beta2_standard_error is None:
        raise ValueError("source must be a law with beta_2 (order=2), but has beta_1 alone")
    beta1, beta2 = source.beta1.astype(float), source.beta2.astype(float)
    if not (beta1 > 0).all():
        raise ValueError("source must have noise, beta_1 > 0, at every step")
    factor = np.where(beta2 > 0, 1 - float(share), 1 + float(share)) / float(share)
    return CriticalBatchSize(np.maximum(1.0, factor * np.abs(beta2) / beta1), False, factor * source.beta2_standard_error / beta1)


def _of_polynomial(v: InverseBatchPolynomial, share: Fraction) -> int:
    """One more than the last integer that fails: it stands beside a sign change of one of the two differences."""
    if not v.is_exact:
        raise ValueError("source must have exact coefficients, but they carry an error bound")
    c = [Fraction(x) for x in v.coefficients]
    if c[0] or len(c) < 2 or not c[1] > 0:
        raise ValueError("source must be a variance with noise: no constant term, and beta_1 > 0")
    above = [(1 + share) * x for x in c]
    below = [-(1 - share) * x for x in c]
    above[1], below[1] = share * c[1], share * c[1]
    beside = {b for d in (above, below) for n in floors_of_sign_changes(integer_polynomial(d[:0:-1])) for b in (n - 1, n) if b >= 1}

    def fails(b: int) -> bool:
        value = Fraction(v(b))
        return abs(c[1] / b - value) > share * value

    return next((b + 1 for b in sorted(beside, reverse=True) if fails(b)), 1)

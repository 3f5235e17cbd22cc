"""A covariance that a user hands in, as the law N(0, cov)."""

from __future__ import annotations

from theory.exact import (
    MatrixLike,
    shown,
)
from theory.inputs import Gaussian, InputLaw


def as_centred_gaussian(cov: MatrixLike | Gaussian) -> InputLaw:
    """The law N(0, cov). TypeError for a law that is not Gaussian, or not centred."""
    if not isinstance(cov, InputLaw):
        return Gaussian(cov=cov)
    if not cov.is_centred_gaussian:
        raise TypeError(f"cov must be a covariance matrix or a centred Gaussian law, but was {shown(cov)}")
    return cov

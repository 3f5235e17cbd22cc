"""Joint moments of the samples of one batch, as tensors: what Lemma A.3 and Theorem A.4 put into the constant C."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from flint import fmpq

from theory.exact import to_fmpq
from theory.inputs import InputLaw
from theory.recursion.partitions import set_partitions, stirling_first


def joint_moments(law: InputLaw, samples: Sequence[Any]) -> np.ndarray:
    """E[ prod_q x_{s_q}[i_q] x_{s_q}[j_q] ] with axes (i_1, j_1, ..., i_d, j_d): equal samples are the same vector, others independent."""
    tensor, order = np.array(fmpq(1), dtype=object), []
    for sample in dict.fromkeys(samples):
        places = [q for q, s in enumerate(samples) if s == sample]
        tensor = np.multiply.outer(tensor, moment_tensor(law, 2 * len(places)))
        order += [axis for q in places for axis in (2 * q, 2 * q + 1)]
    return tensor.transpose(np.argsort(order)) if order else tensor


def weighted_moments(law: InputLaw, d: int, power: int) -> np.ndarray:
    """sum over set partitions pi of d letters of s_1(|pi|, d - power) times the joint moments with one sample for every block."""
    total = np.full((law.dimension,) * (2 * d), fmpq(0), dtype=object)
    for partition in set_partitions(d):
        weight = stirling_first(max(partition, default=-1) + 1, d - power)
        if weight:
            total = total + joint_moments(law, partition) * weight
    return total


def moment_tensor(law: InputLaw, order: int) -> np.ndarray:
    """E[ x (x) ... (x) x ], a symmetric tensor of this order: axes of length p, entries fmpq."""
    p = law.dimension
    tensor = np.empty((p,) * order, dtype=object)
    known: dict[tuple[int, ...], fmpq] = {}
    for index in np.ndindex(*tensor.shape):
        exponents = tuple(index.count(i) for i in range(p))
        if exponents not in known:
            known[exponents] = to_fmpq(law.moment(exponents))
        tensor[index] = known[exponents]
    return tensor

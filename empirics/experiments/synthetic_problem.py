"""The paper's synthetic problem (Section 4.1.1, Figure 1): 64-256-128, two linear layers, alpha_t = 1/(10 t) for t = 1, 2, ..."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

import numpy as np

from theory.exact import as_choice, as_index, as_sequence, shown
from theory.inputs import Gaussian, InputLaw, Rademacher, Uniform
from theory.problem import TeacherStudent

SIZES = (64, 256, 128)
LAWS: dict[str, Callable[[int], InputLaw]] = {"gaussian": Gaussian, "rademacher": Rademacher, "uniform": Uniform}


def synthetic(inputs: str = "gaussian", seed: int = 0, sizes: tuple[int, ...] = SIZES) -> TeacherStudent:
    """The problem of figure 1: W_k and W*_k uniform on +-1/sqrt(p_{k-1}), independent, from one seed; alpha_t = 1/(10 (t + 1)), t >= 0.

    The paper does not say how weights were drawn; this is torch's default for linear layers. Source: Section 4.1.1, lines 367-380.

    Args:
        inputs: "gaussian" (the paper's), "rademacher" or "uniform", all with E x x^T = I.
        seed: of the weights. Not torch's generator: the same numbers everywhere.
        sizes: p_0, ..., p_H: units of the inputs and of every layer, two numbers at least.

    Raises ValueError for other laws and for sizes that are no positive integers.

    >>> synthetic().sizes
    (64, 256, 128)
    """
    law = LAWS[as_choice(inputs, "inputs", LAWS)]
    units = as_sequence(sizes, "sizes")
    if len(units) < 2:
        raise ValueError(f"sizes must have two entries at least, but were {shown(sizes)}")
    sizes = tuple(as_index(n, f"sizes[{i}]", minimum=1) for i, n in enumerate(units))
    generator = np.random.Generator(np.random.PCG64DXSM(np.random.SeedSequence(as_index(seed, "seed"))))
    shapes = list(zip(sizes[1:], sizes, strict=False))
    student, teacher = ([generator.uniform(-1, 1, shape) / shape[1] ** 0.5 for shape in shapes] for _ in range(2))
    return TeacherStudent(student, teacher, law(sizes[0]), learning_rates=lambda t: Fraction(1, 10 * (t + 1)))

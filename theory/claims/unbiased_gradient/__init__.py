"""Section 3: the stochastic gradient is unbiased, E[ grad L_B(w_t) ] = grad L(w_t) over all mini-batches, w_t being given."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction as F
from functools import cached_property
from itertools import combinations
from math import comb
from typing import Any

import numpy as np
from flint import fmpq, fmpq_mpoly_ctx

from theory.backpropagation import exact_sigma, forward
from theory.claims.record import Claim, Evidence, Showcase, Value, Verdict, tabulated
from theory.claims.support.batch_means import mean_over_all_batches, route_over_all_batches
from theory.claims.support.recursion_cases import MixedProduct, batch_gradient, fractions, lookup_after
from theory.claims.support.second_route import compare
from theory.exact import to_fmpq, to_fmpq_array
from theory.inputs import Discrete, Gaussian, Rademacher
from theory.problem import TeacherStudent
from theory.trace_forms import g
from theory.trace_forms.letters import weight_letter

BATCH_SIZES = (1, 2, 3)


@dataclass(frozen=True)
class Instance:
    """g_{t,layer} of a problem, t = len(history): history[s] lists the atoms of batch s, and so gives w_t."""

    name: str
    problem: TeacherStudent
    layer: int
    history: tuple[tuple[int, ...], ...] = ()

    @property
    def step(self) -> int:
        """t."""
        return len(self.history)

    @property
    def gradient(self) -> MixedProduct:
        """As a product of one letter."""
        return MixedProduct(self.problem, (), None, g(self.step, self.layer), self.history)

    @property
    def given(self) -> dict[str, Any]:
        """The batches so far, for a page."""
        return {name: value for name, value in self.gradient.given.items() if name.startswith("Batches")}

    @cached_property
    def weights(self) -> tuple[np.ndarray, ...]:
        """w_t."""
        lookup = lookup_after(self.gradient)
        return tuple(lookup(weight_letter(self.step, k)) for k in range(1, self.problem.depth + 1))


def check(instance: Instance) -> Evidence:
    """Backpropagation averaged over all mini-batches against the loss as a polynomial in the weights, differentiated.

    Equally likely atoms are a data set too, from which batches are drawn without replacement.
    """
    gradient = fractions(gradient_of_the_loss(instance))
    found: dict[str, Value] = tabulated("b", BATCH_SIZES, [mean_over_all_batches(instance.gradient, b) for b in BATCH_SIZES])
    law = instance.problem.inputs.support()
    if law is not None and len(set(law[1])) == 1:
        sizes = range(2, len(law[0]) + 1)
        found |= tabulated("distinct samples, b", sizes, [fractions(mean_over_subsets(instance, b)) for b in sizes])
    entries = [x for side in found.values() for x in np.ravel(np.asarray(side, dtype=object))]
    compared = compare(np.tile(gradient.ravel(), len(found)), entries)
    return Evidence(
        statement=r"\(\mathbb{E}[\nabla L_{\mathcal{B}_t}(w_t) \mid \mathcal{F}_t] = \nabla L(w_t)\)",
        instance=instance.name,
        left_route=route_over_all_batches(instance.gradient),
        left=found,
        right_route="the population loss, a polynomial in the weights and the moments of the inputs, differentiated",
        right=gradient,
        holds=compared.agrees,
        difference=compared.distance,
        tolerance=compared.tolerance,
    )


def gradient_of_the_loss(instance: Instance) -> np.ndarray:
    """grad_k L(w_t), with L(w) = 1/2 E||f(w; x) - f(w*; x)||^2 multiplied out in the entries of w and x: no backpropagation."""
    problem, at, p = instance.problem, instance.weights, instance.problem.inputs.dimension
    sizes = [w.size for w in at]
    ring = fmpq_mpoly_ctx.get((*(f"w{i}" for i in range(sum(sizes))), *(f"x{u}" for u in range(p))), "lex")
    variables = iter(ring.gens())
    student, x = [_filled(w.shape, lambda: next(variables)) for w in at], _filled((1, p), lambda: next(variables))
    sigma, teacher = exact_sigma(problem.activation), [to_fmpq_array(w) for w in problem.teacher_weights]
    error = forward(student, sigma, x)[1][-1] - forward(teacher, sigma, x)[1][-1]
    loss = ring.constant(0)
    for powers, coefficient in ((error * error).sum() / 2).to_dict().items():
        moment = problem.inputs.moment(tuple(map(int, powers[sum(sizes) :])))
        loss += ring.from_dict({(*powers[: sum(sizes)], *(0,) * p): coefficient * to_fmpq(moment)})
    k = instance.layer
    values = [entry for w in at for entry in w.ravel()] + [fmpq(0)] * p
    slopes = [loss.derivative(i)(*values) for i in range(sum(sizes[: k - 1]), sum(sizes[:k]))]
    return np.array(slopes, dtype=object).reshape(at[k - 1].shape)


def mean_over_subsets(instance: Instance, batch_size: int) -> np.ndarray:
    """The gradient of b different atoms, averaged over all such batches."""
    atoms = [to_fmpq_array(np.array([atom], dtype=object)) for atom in (instance.problem.inputs.support() or ((), ()))[0]]
    total: Any = 0
    for drawn in combinations(atoms, batch_size):
        total = total + batch_gradient(instance.problem, instance.weights, list(drawn))[instance.layer - 1]
    return total / comb(len(atoms), batch_size)


def _filled(shape: tuple[int, ...], entry: Callable[[], Any]) -> np.ndarray:
    """By hand: numpy would take polynomials apart."""
    matrix = np.empty(shape, dtype=object)
    for place in np.ndindex(*shape):
        matrix[place] = entry()
    return matrix


def wide() -> Instance:
    """Sizes 2-2-1 after one batch of two samples."""
    law = Discrete([(1, 0), (1, 2), (0, -1)])
    problem = TeacherStudent([[[1, F(1, 2)], [0, -1]], [[F(1, 2), 1]]], [[[0, 1], [1, 0]], [[1, 1]]], law, F(1, 2))
    return Instance("sizes 2-2-1, linear, three equally likely inputs, alpha = 1/2, t = 1, layer 1", problem, 1, history=((0, 2),))


def deep() -> Instance:
    """Three layers, sigma(z) = 1 + z/2 + z^2, after a batch of one sample."""
    problem = TeacherStudent([[[1, -1]], [[1], [0]], [[1, 1]]], [[[1, 1]], [[1], [1]], [[1, 0]]], Rademacher(2), F(1, 2), (1, F(1, 2), 1))
    return Instance("sizes 2-1-2-1, sigma(z) = 1 + z/2 + z^2, x = (+-1, +-1), alpha = 1/2, t = 1, layer 2", problem, 2, history=((0,),))


def gaussian() -> Instance:
    """A cubic activation and Gaussian inputs, at the initial weights."""
    problem = TeacherStudent([[[1], [2]], [[1, -1]]], [[[0], [1]], [[1, 1]]], Gaussian(1), 1, (0, 1, 0, F(1, 3)))
    return Instance("sizes 1-2-1, sigma(z) = z + z^3/3, x ~ N(0, 1), t = 0, layer 1", problem, 1)


CLAIM = Claim(
    id="unbiased",
    module=__name__,
    verdict=Verdict.HOLDS,
    check=check,
    showcases=(
        Showcase("three equally likely inputs, after one step", wide),
        Showcase("three layers, quadratic activation, after one step", deep),
        Showcase("a cubic activation, Gaussian inputs", gaussian),
    ),
)

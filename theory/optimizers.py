"""The update of the weights and its learning rates, in one place and for numbers of every kind: plain or with momentum and weight decay.

Whoever follows the weights carries a `State`, the weights and the buffers of momentum, and asks the problem's optimizer to `advance` it;
what knows plain SGD alone takes its `step`. Where the update has gone into a formula of its own (closed recursions, fused products),
`theory.extensions` refuses every other optimizer before any work.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from fractions import Fraction
from functools import cached_property, reduce
from operator import add
from typing import Any, Generic, TypeVar

from theory.budget import CannotError, Cost, as_count, refuse_large, saturated
from theory.exact import Number, NumberLike, as_flag, as_index, as_number, as_sequence, evaluated, shown, spelled, to_fmpq
from theory.exact.foreign_arrays import is_nested, plain

#: A matrix, or a number, of any ring.
M = TypeVar("M", bound=Any)
N = TypeVar("N", bound=Any)


@dataclass(frozen=True)
class State(Generic[M]):
    """w_t, by layers, and the buffers v_{t-1}, by layers too: none before the first step, and none without momentum."""

    weights: tuple[M, ...]
    buffers: tuple[M, ...] = ()

    @property
    def matrices(self) -> tuple[M, ...]:
        """All of it: w_1, ..., w_H, v_1, ..., v_H."""
        return self.weights + self.buffers

    def map(self, function: Callable[[M], N]) -> State[N]:
        """The function of every matrix."""
        return State(tuple(map(function, self.weights)), tuple(map(function, self.buffers)))


@dataclass(frozen=True, init=False, repr=False)
class SGD:
    """Stochastic gradient descent, in the conventions of torch.optim.SGD; the learning rates belong to the problem.

        d_t = g_t + weight_decay w_t,      v_0 = d_0,      v_t = momentum v_{t-1} + (1 - dampening) d_t
        w_{t+1} = w_t - alpha_t v_t,       or, with nesterov,  w_t - alpha_t (d_t + momentum v_t)

    and v_0 = d_0 whatever the dampening; g_t stays the gradient of the loss alone. Without momentum, dampening says nothing.
    Raises TypeError or ValueError, naming the field, for what is no such optimizer: torch's own rules, and momentum < 1.

    >>> SGD(), SGD(momentum="9/10", nesterov=True)
    (SGD(), SGD(momentum=9/10, nesterov=True))
    >>> SGD().step([3, 4], [10, 20], 2)
    (-17, -36)
    """

    momentum: Number
    dampening: Number
    nesterov: bool
    weight_decay: Number

    def __init__(self, momentum: NumberLike = 0, dampening: NumberLike = 0, nesterov: bool = False, weight_decay: NumberLike = 0) -> None:
        numbers = (
            as_rate(momentum, "momentum"),
            as_number(dampening, "dampening", text=True),
            as_flag(nesterov, "nesterov"),
            as_rate(weight_decay, "weight_decay"),
        )
        for field, value in zip(fields(self), numbers, strict=True):
            object.__setattr__(self, field.name, value)
        if self.momentum >= 1:
            raise ValueError(f"momentum must be in [0, 1), but was {spelled(self.momentum)}")
        if self.nesterov and (not self.momentum or self.dampening):
            raise ValueError(f"nesterov must be False without momentum or with dampening, but was True in {self}")

    def __repr__(self) -> str:
        given = ((field.name, getattr(self, field.name)) for field in fields(self) if getattr(self, field.name))
        return f"SGD({', '.join(f'{name}={value if value is True else spelled(value)}' for name, value in given)})"

    @cached_property
    def is_plain(self) -> bool:
        """Whether a step is w - alpha g."""
        return not self.momentum and not self.weight_decay

    @property
    def numbers(self) -> tuple[Number, ...]:
        """Momentum, dampening and weight decay."""
        return self.momentum, self.dampening, self.weight_decay

    @property
    def bits(self) -> float:
        """By how much a step makes the common denominator of exact numbers longer, its learning rate aside; 0 for plain SGD."""
        return 0.0 if self.is_plain else math.log2(math.lcm(*(x.as_integer_ratio()[1] for x in self.numbers)))

    def advance(self, state: State[M], gradients: Sequence[M], rate: Number, number: Callable[[Fraction], Any] = to_fmpq) -> State[M]:
        """The state after a step with these gradients: w' = a_0 w + a_1 v + a_2 g and v' = b_0 w + b_1 v + b_2 g (`linear_step`).

        Args:
            state: w_t, v_{t-1}; `State(w_0)` to begin with.
            gradients: g_{t,1}, ..., g_{t,H}, matrices of the ring of the weights.
            rate: alpha_t.
            number: takes a rational to what a matrix of this ring can be multiplied with from the right.

        Cost: up to six products and four sums for every entry; what is 0 or 1 costs nothing.
        """
        of_weights, of_buffers = self.linear_step(Fraction(rate), is_first=not state.buffers)
        buffers = state.buffers or (None,) * len(state.weights)
        parts = list(zip(state.weights, buffers, gradients, strict=True))
        weights = tuple(_combined(of_weights, part, number) for part in parts)
        return State(weights, tuple(_combined(of_buffers, part, number) for part in parts) if self.has_buffer else ())

    def step(self, weights: Sequence[M], gradients: Sequence[M], rate: Any) -> tuple[M, ...]:
        """W_1 - alpha g_1, ..., W_H - alpha g_H: plain SGD on matrices (or numbers) of any ring, whatever they are of, and a rate by which
        they can be multiplied from the right. CannotError for another optimizer, TypeError for what has no such products and differences,
        and ValueError for another number of gradients than of weights. Cost: a product and a sum for every entry.
        """
        if not self.is_plain:
            raise CannotError(f"optimizer must be plain SGD here, without momentum and weight decay, but was {self}")
        if len(weights) != len(gradients):
            raise ValueError(f"gradients must be as many as weights, {len(weights)}, but were {len(gradients)}")
        try:
            return tuple(w - g * rate for w, g in zip(weights, gradients, strict=True))
        except TypeError as error:
            raise TypeError(f"weights - gradients * rate must be defined, but is not for the rate {shown(rate)}: {error}") from error

    @property
    def has_buffer(self) -> bool:
        """Whether a step depends on the buffer v of the steps before."""
        return bool(self.momentum)

    def linear_step(self, rate: Fraction, is_first: bool) -> tuple[tuple[Fraction, ...], tuple[Fraction, ...]]:
        """The step as a matrix, in rationals: w' = a_0 w + a_1 v + a_2 g and v' = b_0 w + b_1 v + b_2 g, as (a, b).

        The buffer v is 0 before the first step, which torch takes without dampening, and stays 0 where there is no momentum.

        >>> SGD(weight_decay="1/3").linear_step(Fraction(1, 2), is_first=True)[0]
        (Fraction(5, 6), Fraction(0, 1), Fraction(-1, 2))
        """
        momentum, decay, one = Fraction(self.momentum), Fraction(self.weight_decay), Fraction(1)
        kept, taken = (Fraction(0), one) if is_first else (momentum, one - Fraction(self.dampening))
        direction: tuple[Fraction, ...] = (decay, Fraction(0), one)  # d = g + lambda w
        buffer = (taken * decay, kept, taken) if self.has_buffer else (Fraction(0),) * 3
        if self.nesterov:
            direction = tuple(d + momentum * v for d, v in zip(direction, buffer, strict=True))
        elif self.has_buffer:
            direction = buffer
        return tuple(w - rate * d for w, d in zip((one, Fraction(0), Fraction(0)), direction, strict=True)), buffer


def _combined(factors: Sequence[Fraction], matrices: Sequence[Any], number: Callable[[Fraction], Any]) -> Any:
    """sum_i factors_i matrices_i; what has the factor 0 is not looked at, and may be missing."""
    terms = [x if a == 1 else x * number(a) for a, x in zip(factors, matrices, strict=True) if a]
    return reduce(add, terms) if terms else matrices[-1] * number(Fraction(0))


def as_optimizer(value: object) -> SGD:
    """`optimizer` as it is; a TypeError for anything but an SGD."""
    if not isinstance(value, SGD):
        raise TypeError(f"optimizer must be an optimizer such as SGD(), but was {shown(value)}")
    return value


def as_rate(value: object, name: str) -> Number:
    """A number that is not negative: a learning rate, momentum, weight decay. TypeError and ValueError naming it for what is none."""
    rate = as_number(value, name, text=True)
    if rate < 0:
        raise ValueError(f"{name} must not be negative, but was {spelled(rate)}")
    return rate


LearningRates = Number | tuple[Number, ...] | Callable[[int], NumberLike]


def as_learning_rates(value: object) -> LearningRates:
    """alpha_0, alpha_1, ... as a tuple, one number for every step, or a function t -> alpha_t, which is only asked when it is needed."""
    if callable(value) and not isinstance(value, type) and not hasattr(value, "_mpf_"):  # mpmath.pi can be called
        return value
    held = plain(value, "learning_rates")
    if is_nested(held):
        return tuple(as_rate(x, f"learning_rates[{t}]") for t, x in enumerate(as_sequence(held, "learning_rates")))
    return as_rate(held, "learning_rates")


def rate_at(rates: LearningRates, step: int) -> Number:
    """alpha_step. ValueError for a step that a list of rates does not reach."""
    if callable(rates):
        name = f"learning_rates({step})"
        return as_rate(evaluated(rates, name, step), name)
    if isinstance(rates, tuple):
        if step >= len(rates):
            raise ValueError(f"learning_rates must reach alpha_{step}, but only {len(rates)} were given (alpha_0, ...)")
        return rates[step]
    return rates


def rates_before(rates: LearningRates, step: int) -> tuple[Number, ...]:
    """alpha_0, ..., alpha_{step-1}: all that w_step depends on. UnaffordableError for more than fit a gigabyte."""
    t = as_index(step, "step")
    count = saturated(t)
    refuse_large("step", "the learning rates before it", Cost(5e-7 * count, 60 * count, f"{as_count(t)} rates"), "a smaller step")
    return tuple(rate_at(rates, s) for s in range(t))

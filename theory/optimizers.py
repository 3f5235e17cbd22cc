"""The update of the weights and its learning rates, in one place and for numbers of every kind: W_{t+1,k} = W_{t,k} - alpha_t g_{t,k}.

Whoever follows the weights asks the problem's optimizer for its `step`, or, where the update has gone into a formula of its own (closed
recursions, fused products), asks for plain SGD with `require_plain` or `unsupported_reason` before any work.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from fractions import Fraction
from functools import cached_property
from typing import Any, TypeVar

from theory.budget import CannotError, Cost, as_count, refuse_large, saturated
from theory.exact import Number, NumberLike, as_flag, as_index, as_number, as_sequence, evaluated, shown, spelled
from theory.exact.foreign_arrays import is_nested, plain

#: A matrix, or a number, of any ring.
M = TypeVar("M", bound=Any)


@dataclass(frozen=True, init=False, repr=False)
class SGD:
    """Stochastic gradient descent, in the conventions of torch.optim.SGD; the learning rates belong to the problem.

        d_t = g_t + weight_decay w_t,      v_0 = d_0,      v_t = momentum v_{t-1} + (1 - dampening) d_t
        w_{t+1} = w_t - alpha_t v_t,       or, with nesterov,  w_t - alpha_t (d_t + momentum v_t)

    Plain SGD, without momentum (dampening then says nothing) and weight decay, is all that networks are computed with so far: any other
    record is valid, and every engine refuses it with a CannotError; `theory.linear_regression` computes with all of it. Raises TypeError or
    ValueError, naming the field, for what is no such optimizer.

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
        if self.nesterov and (not self.momentum or self.dampening):
            raise ValueError(f"nesterov must be False without momentum or with dampening, but was True in {self}")

    def __repr__(self) -> str:
        given = ((field.name, getattr(self, field.name)) for field in fields(self) if getattr(self, field.name))
        return f"SGD({', '.join(f'{name}={value if value is True else spelled(value)}' for name, value in given)})"

    @cached_property
    def is_plain(self) -> bool:
        """Whether a step is w - alpha g."""
        return not self.momentum and not self.weight_decay

    def unsupported_reason(self) -> str | None:
        """Why what computes plain SGD alone cannot take this optimizer; None for plain SGD."""
        if self.is_plain:
            return None
        return f"optimizer must be plain SGD, but was {self}: momentum and weight decay are not computed yet"

    def require_plain(self) -> None:
        """CannotError unless this is plain SGD."""
        if (reason := self.unsupported_reason()) is not None:
            raise CannotError(reason)

    def step(self, weights: Sequence[M], gradients: Sequence[M], rate: Any) -> tuple[M, ...]:
        """W_1 - alpha g_1, ..., W_H - alpha g_H: matrices (or numbers) of any ring, whatever they are of, and a rate by which they can
        be multiplied from the right. CannotError for what is not plain SGD, TypeError for what has no such products and differences, and
        ValueError for another number of gradients than of weights. Cost: a product and a sum for every entry.
        """
        self.require_plain()
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

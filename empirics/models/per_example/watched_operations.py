"""Operations outside of layers in which a parameter takes part: torch.einsum of a tensor with it, and sums of a tensor and it.

Attention is often written so, with parameters of three dimensions that no layer owns. Both have closed forms: with y = einsum(x, W),

    einsum("bth,hnd->btnd", x, W):    g_W = sum_t x_t e_t^T,        x + c:    g_c = sum_t e_t,        e: the loss's gradient at y

where b is the letter of the examples, and t stands for all letters that x and y share and W lacks.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from empirics.models.per_example.closed_forms import Layout
from empirics.models.per_example.factors import Explicit, Factor, Outer

SUMS = frozenset({torch.add, Tensor.add, Tensor.__add__, Tensor.__radd__})


class Operation:
    """One way to use a parameter: letters of the tensor, of the parameter and of the result in an einsum, or none in a sum."""

    def __init__(self, parameter: nn.Parameter, letters: tuple[str, str, str] | None) -> None:
        self.parameter, self.letters = parameter, letters

    def takes(self, of_x: Layout, of_y: Layout) -> bool:
        """Whether there is a closed form with the examples in these places."""
        if of_x.is_flat or of_y.is_flat:
            return False
        if self.letters is None:
            return of_x.axis == of_y.axis
        x, w, y = self.letters
        example = x[of_x.axis]
        return y[of_y.axis] == example and example not in w and all(sum(a in z for z in self.letters) >= 2 for a in x + w)

    def factor(self, x: Tensor, e: Tensor, of_x: Layout, of_y: Layout) -> Factor:
        """The gradients of the parameter by this use, from what came in and the loss's gradient at what left."""
        shape = self.parameter.shape
        if self.letters is None:
            return Explicit(_summed(e, shape, of_y.axis))
        x_letters, w, y_letters = self.letters
        example = x_letters[of_x.axis]
        positions = [a for a in x_letters if a in y_letters and a not in w and a != example]
        inputs, outputs = ([a for a in w if a not in other] for other in (y_letters, x_letters))
        if "".join(outputs + inputs) != w and "".join(inputs + outputs) != w:  # a letter of all three, or letters in turns
            return Explicit(torch.einsum(f"{x_letters},{y_letters}->{example}{w}", x, e))
        h = _in_front(x, x_letters, example, positions, inputs)
        e = _in_front(e, y_letters, example, positions, outputs)
        return Outer(h, e, shape) if w == "".join(outputs + inputs) else Outer(e, h, shape)


#: The operations of a model, by the parameter's id and the letters.
Known = dict[tuple[int, tuple[str, str, str]], Operation]


class WatchedOperations(TorchFunctionMode):
    """Inside, `note(operation, x, y)` is called for every operation with one of these parameters, and what it returns goes on.

    The same use of the same parameter is the same Operation every time: `known` keeps them.
    """

    def __init__(self, parameters: Iterable[nn.Parameter], note: Callable[[Operation, Tensor, Tensor], Tensor], known: Known) -> None:
        super().__init__()
        self.parameters, self.note, self.known = frozenset(parameters), note, known

    def __torch_function__(self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None) -> Any:
        result = func(*args, **(kwargs or {}))
        if kwargs or not isinstance(result, Tensor):
            return result
        if func is torch.einsum and len(args) == 3 and isinstance(args[0], str):
            return self._noted(_letters(args[0]), args[1], args[2], result)
        if func in SUMS and len(args) == 2:
            return self._noted(("", "", ""), args[0], args[1], result)
        return result

    def _noted(self, letters: tuple[str, str, str] | None, one: Any, two: Any, result: Tensor) -> Tensor:
        if letters is None:
            return result
        first, second, last = letters
        orders = (one, two, (first, second, last)), (two, one, (second, first, last))
        found = [(x, w, order) for x, w, order in orders if isinstance(w, nn.Parameter) and w in self.parameters and isinstance(x, Tensor)]
        if len(found) != 1:
            return result
        ((x, w, order),) = found
        operation = self.known.setdefault((id(w), order), Operation(w, order if any(order) else None))
        return self.note(operation, x, result)


def _letters(equation: str) -> tuple[str, str, str] | None:
    """Those of two operands and the result; None for an equation with dots, without an arrow, or with a letter twice in one of them."""
    found = re.fullmatch(r"([a-zA-Z]+),([a-zA-Z]+)->([a-zA-Z]+)", equation.replace(" ", ""))
    if found is None or any(len(set(part)) < len(part) for part in found.groups()):
        return None
    return found[1], found[2], found[3]


def _in_front(z: Tensor, letters: str, example: str, positions: list[str], rest: list[str]) -> Tensor:
    """(examples, 1, positions, rest), as an Outer has it."""
    z = z.permute([letters.index(a) for a in (example, *positions, *rest)])
    return z.reshape(len(z), 1, math.prod(z.shape[1 : len(positions) + 1]), math.prod(z.shape[len(positions) + 1 :]))


def _summed(e: Tensor, shape: torch.Size, axis: int) -> Tensor:
    """e with the examples in front, summed over what a parameter of that shape was repeated over: (examples, *shape)."""
    full = [1] * (e.ndim - len(shape)) + list(shape)
    del full[axis]
    e = e.movedim(axis, 0)
    repeated = [i + 1 for i, length in enumerate(full) if length == 1]
    return (e.sum(repeated, keepdim=True) if repeated else e).reshape(len(e), *shape)

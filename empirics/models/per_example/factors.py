"""Gradients of n examples with respect to one parameter, kept as the factors that they are products of.

Norms and inner products of sums of outer products do not need the sums: for g = sum_t e_t h_t^T and g' = sum_s e'_s h'_s^T

    <g, g'> = sum_{t,s} (e_t . e'_s) (h_t . h'_s)          <g, D> = sum_t e_t . D h_t

(Goodfellow, arXiv:1510.01799, for one t; Li et al., arXiv:2110.05679, for sequences). Index letters: n examples, g groups of a
convolution, t positions, o outputs, i inputs. All sums are in the dtype of the model; what is returned has one entry for each example.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import torch
from torch import Tensor


class Factor(ABC):
    """The gradients g_1, ..., g_n of one parameter."""

    shape: torch.Size

    @abstractmethod
    def inner(self, other: Self) -> Tensor:
        """<g_j, g'_j> for each example, (n,); `other` is of the same kind."""

    @abstractmethod
    def along(self, direction: Tensor) -> Tensor:
        """<g_j, direction>, (n,), for a tensor of the parameter's shape."""

    @abstractmethod
    def explicit(self) -> Tensor:
        """The gradients themselves, (n, *shape)."""

    @abstractmethod
    def at(self, which: slice | list[int]) -> Self:
        """The gradients of some of the examples; a copy for a list."""

    @classmethod
    @abstractmethod
    def joined(cls, parts: Sequence[Self]) -> Self:
        """The sum of gradients: of the uses of a parameter that has several."""

    @abstractmethod
    def numbers(self) -> int:
        """How many numbers are in memory for all examples together, those on the way to an inner product included."""

    @property
    @abstractmethod
    def dtype(self) -> torch.dtype:
        """Of the gradients."""

    @property
    def nbytes(self) -> int:
        """Of the tensors that are held."""
        return sum(value.nbytes for value in vars(self).values() if isinstance(value, Tensor))

    def squared_norms(self) -> Tensor:
        """||g_j||^2, (n,)."""
        return self.inner(self)


@dataclass
class Explicit(Factor):
    """The gradients themselves, values (n, *shape)."""

    values: Tensor

    def __post_init__(self) -> None:
        self.shape = self.values.shape[1:]

    @property
    def dtype(self) -> torch.dtype:
        return self.values.dtype

    def inner(self, other: Self) -> Tensor:
        return torch.linalg.vecdot(self._rows(), other._rows())

    def along(self, direction: Tensor) -> Tensor:
        return self._rows() @ direction.flatten()

    def explicit(self) -> Tensor:
        return self.values

    def at(self, which: slice | list[int]) -> Self:
        return type(self)(self.values[which])

    def numbers(self) -> int:
        return 2 * self.values.numel()

    @classmethod
    def joined(cls, parts: Sequence[Self]) -> Self:
        return cls(torch.stack([part.values for part in parts]).sum(0))

    def _rows(self) -> Tensor:
        """One for each example; also of a parameter without dimensions."""
        return self.values[..., None].flatten(1)


@dataclass
class Outer(Factor):
    """Sums of outer products: h (n, g, t, i) comes into the layer, e (n, g, t, o) is the loss's gradient at what leaves it.

    The parameter has the shape (g o, ...) with i entries behind every output.
    """

    h: Tensor
    e: Tensor
    shape: torch.Size

    @property
    def dtype(self) -> torch.dtype:
        return self.e.dtype

    def inner(self, other: Self) -> Tensor:
        if self.h.shape[2] == other.h.shape[2] == 1:
            products = torch.linalg.vecdot(self.h, other.h) * torch.linalg.vecdot(self.e, other.e)
            return products.sum((1, 2))
        if self._sums_are_smaller():
            mine = self._sums()
            return torch.linalg.vecdot(mine.flatten(1), (mine if other is self else other._sums()).flatten(1))
        grams = (self.h @ other.h.mT) * (self.e @ other.e.mT)
        return grams.sum((1, 2, 3))

    def along(self, direction: Tensor) -> Tensor:
        groups, inputs, outputs = self.h.shape[1], self.h.shape[3], self.e.shape[3]
        return ((self.h @ direction.reshape(groups, outputs, inputs).mT) * self.e).sum((1, 2, 3))

    def explicit(self) -> Tensor:
        return self._sums().reshape(len(self.h), *self.shape)

    def at(self, which: slice | list[int]) -> Self:
        return type(self)(self.h[which], self.e[which], self.shape)

    def numbers(self) -> int:
        n, groups, t, _ = self.h.shape
        on_the_way = n * math.prod(self.shape) if t > 1 and self._sums_are_smaller() else 2 * n * groups * t * t
        return self.h.numel() + self.e.numel() + on_the_way

    @classmethod
    def joined(cls, parts: Sequence[Self]) -> Self:
        return cls(torch.cat([p.h for p in parts], dim=2), torch.cat([p.e for p in parts], dim=2), parts[0].shape)

    def _sums(self) -> Tensor:
        return self.e.mT @ self.h

    def _sums_are_smaller(self) -> bool:
        """Whether sum_t e_t h_t^T takes fewer operations than the products of all pairs of positions."""
        (_, _, t, i), o = self.h.shape, self.e.shape[3]
        return i * o <= t * (i + o)


@dataclass
class Rows(Factor):
    """Rows of a table: position t adds e_t to row index_t. indices (n, t), e (n, t, o); shape (rows, o)."""

    indices: Tensor
    e: Tensor
    shape: torch.Size

    @property
    def dtype(self) -> torch.dtype:
        return self.e.dtype

    def inner(self, other: Self) -> Tensor:
        same = self.indices[:, :, None] == other.indices[:, None, :]
        return ((self.e @ other.e.mT) * same).sum((1, 2))

    def along(self, direction: Tensor) -> Tensor:
        return (direction[self.indices] * self.e).sum((1, 2))

    def explicit(self) -> Tensor:
        table = self.e.new_zeros(len(self.e), *self.shape)
        return table.scatter_add_(1, self.indices[:, :, None].expand_as(self.e), self.e)

    def at(self, which: slice | list[int]) -> Self:
        return type(self)(self.indices[which], self.e[which], self.shape)

    def numbers(self) -> int:
        n, t = self.indices.shape
        return 2 * self.e.numel() + 2 * n * t * t

    @classmethod
    def joined(cls, parts: Sequence[Self]) -> Self:
        return cls(torch.cat([p.indices for p in parts], dim=1), torch.cat([p.e for p in parts], dim=1), parts[0].shape)


def scaled(factor: Factor, scale: Tensor) -> Explicit:
    """The gradients times numbers, entry by entry, of the parameter's shape."""
    return Explicit(factor.explicit() * scale)

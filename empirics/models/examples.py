"""N labelled examples, read by their indices: tensors side by side, or anything with a length that gives (inputs, target)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch.utils.data import TensorDataset, default_collate

from theory.exact import shown

WHAT = "a data set with __len__ and __getitem__ that gives (inputs, target), or a pair of tensors (X, y)"


@dataclass(frozen=True)
class Batch:
    """Inputs and targets of some examples, the first dimension of every tensor running over them.

    `inputs` is a tensor, a tuple or list (the model's positional arguments) or a dict (its keyword arguments).
    """

    inputs: Any
    targets: Any

    def __len__(self) -> int:
        return len(next(tensors((self.inputs, self.targets))))

    def to(self, device: torch.device) -> Batch:
        """The same on that device."""
        return self.map(lambda x: x.to(device))

    def map(self, function: Callable[[torch.Tensor], torch.Tensor]) -> Batch:
        """The batch with another tensor for each of its own."""
        return Batch(mapped(function, self.inputs), mapped(function, self.targets))


class Examples:
    """The examples of a data set, by index.

    Args:
        dataset: what WHAT says; arrays of numpy do for tensors, and X may be a tuple or dict of tensors. A TensorDataset(X, y) as well.
        collate: makes a pair (inputs, targets) of a list of items, as a DataLoader's `collate_fn`; by default torch's own.

    Raises TypeError or ValueError that names `dataset` (or `collate`) for anything else: no length, no examples, tensors of
    different length.
    """

    def __init__(self, dataset: Any, collate: Callable[[list[Any]], Any] | None = None) -> None:
        if collate is not None and not callable(collate):
            raise TypeError(f"collate must be a function of a list of items, or None, but was {shown(collate)}")
        self.dataset, self._collate = dataset, collate
        self._columns = None if collate is not None else _columns(dataset)
        self._length = _length(dataset) if self._columns is None else _rows(self._columns)
        if self._length == 0:
            raise ValueError("dataset must have one example at least, but is empty")

    def __len__(self) -> int:
        return self._length

    @property
    def is_tensors(self) -> bool:
        """Whether they are tensors side by side, and not read one by one."""
        return self._columns is not None

    def batch(self, indices: Sequence[int] | np.ndarray) -> Batch:
        """The examples with these indices, in their order, on the device where the data set has them."""
        if self._columns is not None:
            at = torch.as_tensor(np.asarray(indices, dtype=np.int64))
            inputs, targets = (mapped(lambda x: x[at.to(x.device)], side) for side in self._columns)
            return Batch(inputs, targets)
        items = [self._item(int(i)) for i in indices]
        try:
            made = (self._collate or default_collate)(items)
        except Exception as error:
            which = "collate" if self._collate else "collate= must be given for examples that torch's default_collate cannot stack: it"
            raise ValueError(f"{which} raised {shown(error, 200)}") from error
        if not isinstance(made, tuple | list) or len(made) != 2:
            raise ValueError(f"collate must give a pair (inputs, targets), but gave {shown(made)}")
        return Batch(made[0], made[1])

    def of_each_value(self, most: int) -> list[int]:
        """One example with each value of every column of whole numbers (labels, tokens, masks), the rarest first, `most` a column.

        Of a data set that is read item by item: none, as all of it would have to be read.
        """
        found: set[int] = set()
        for column in tensors(self._columns or ()):
            if column.is_floating_point() or column.is_complex():
                continue
            values, first, counts = np.unique(column.reshape(len(column), -1).cpu().numpy(), return_index=True, return_counts=True)
            width = max(column.numel() // len(column), 1)
            chosen = np.argsort(counts, kind="stable")[:most].tolist() + ([0, len(values) - 1] if len(values) else [])
            found.update(int(first[i]) // width for i in chosen)  # the smallest value, too: it often means "does not count"
        return sorted(found)

    def _item(self, index: int) -> Any:
        try:
            item = self.dataset[index]
        except Exception as error:
            raise ValueError(f"dataset[{index}] must be an example, but reading it raised {shown(error, 200)}") from error
        if self._collate is None and not (isinstance(item, tuple | list) and len(item) == 2):
            raise ValueError(f"dataset[{index}] must be a pair (inputs, target), but was {shown(item)}")
        return item


def tensors(value: Any) -> Iterator[torch.Tensor]:
    """All tensors in tuples, lists and dicts."""
    if isinstance(value, torch.Tensor):
        yield value
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from tensors(inner)
    elif isinstance(value, tuple | list):
        for inner in value:
            yield from tensors(inner)


def mapped(function: Callable[[torch.Tensor], torch.Tensor], value: Any) -> Any:
    """The same tuples, lists and dicts, with another tensor for each."""
    if isinstance(value, torch.Tensor):
        return function(value)
    if isinstance(value, Mapping):
        return {key: mapped(function, inner) for key, inner in value.items()}
    if isinstance(value, tuple | list):
        return tuple(mapped(function, inner) for inner in value)
    return value


def _columns(dataset: Any) -> tuple[Any, Any] | None:
    """Inputs and targets as tensors side by side; None for a data set that is read item by item."""
    if type(dataset) is TensorDataset:
        dataset = dataset.tensors
        if len(dataset) != 2:
            raise ValueError(f"dataset must be a TensorDataset of two tensors, inputs and targets, but had {len(dataset)}")
    if not isinstance(dataset, tuple):
        return None
    if len(dataset) != 2:
        raise ValueError(f"dataset must be {WHAT}, but was a tuple of {len(dataset)}")
    inputs, targets = (_as_tensors(side) for side in dataset)
    for column in (*tensors(inputs), *tensors(targets)):
        if column.ndim == 0:
            raise ValueError("dataset must be of tensors whose first dimension runs over the examples, but one has no dimension")
        if column.is_meta:
            raise ValueError("dataset must be of tensors with values, but one is on the device 'meta'")
    return inputs, targets


def _as_tensors(side: Any) -> Any:
    if isinstance(side, Mapping):
        return {key: _as_tensors(value) for key, value in side.items()}
    if isinstance(side, tuple):
        return tuple(map(_as_tensors, side))
    if isinstance(side, np.ndarray) and side.dtype.kind in "biuf":
        side = torch.as_tensor(np.ascontiguousarray(side))
    if not isinstance(side, torch.Tensor):
        raise TypeError(f"dataset must be {WHAT}, but had {shown(side)}")
    return side


def _rows(columns: tuple[Any, Any]) -> int:
    lengths = {len(column) for column in tensors(columns)}
    if len(lengths) != 1:
        raise ValueError(f"dataset must be of tensors of one length, but had lengths {', '.join(map(str, sorted(lengths))) or 'of none'}")
    return lengths.pop()


def _length(dataset: Any) -> int:
    if isinstance(dataset, str | bytes | Mapping) or not hasattr(dataset, "__getitem__"):
        raise TypeError(f"dataset must be {WHAT}, but was {shown(dataset)}")
    try:
        return len(dataset)
    except Exception as error:
        raise TypeError(f"dataset must have a length, but len(dataset) raised {shown(error, 200)}") from error

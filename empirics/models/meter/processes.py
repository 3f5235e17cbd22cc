"""What the processes of a distributed run have seen, brought together: sums over all micro-batches, and whether the processes agree."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import distributed

#: Between gradients that were reduced: the same numbers, but for the order in which a norm sums them.
SAME = 1e-4


def count(group: Any) -> int:
    """How many processes there are in the group, by default the default one; 1 where nothing is distributed."""
    return distributed.get_world_size(group) if distributed.is_available() and distributed.is_initialized() else 1


def gathered(row: np.ndarray, group: Any, device: torch.device) -> np.ndarray:
    """The rows of all processes, (processes, n); every process has to ask."""
    processes = count(group)
    if processes == 1:
        return row[None]
    on_device = "nccl" in distributed.get_backend(group)
    mine = torch.as_tensor(row, dtype=torch.float64, device=device if on_device else "cpu")
    rows = [torch.empty_like(mine) for _ in range(processes)]
    distributed.all_gather(rows, mine, group=group)
    return np.stack([r.cpu().numpy() for r in rows])


def objection(micro_batches: np.ndarray, big: np.ndarray) -> str:
    """What is wrong between processes: (processes,) numbers of micro-batches, (processes, layers) norms of what was reduced."""
    if len(micro_batches) == 1:
        return ""
    if (micro_batches != micro_batches[0]).any():
        return f"processes have seen different numbers of micro-batches: {', '.join(str(int(m)) for m in micro_batches)}"
    if (np.ptp(big, axis=0) > SAME * big.max(axis=0)).any():
        return (
            "processes hold different gradients at the end of the last backward pass: DistributedDataParallel must reduce them in it, "
            "outside of no_sync and of reentrant checkpointing, and every parameter must take part"
        )
    return ""

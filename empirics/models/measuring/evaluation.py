"""Loss and error of a model over a whole data set, in eval mode."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from empirics.models.user_model import UserModel

#: Examples that go through the model together; the mean over all is that of the chunks, by their lengths.
TOGETHER = 256


def evaluate(user: UserModel, error: Callable[[Any, Any], Any] | None, indices: np.ndarray | None = None) -> tuple[float, float]:
    """Mean loss and mean error over all examples, or those with these indices; NaN for no error."""
    chosen = np.arange(len(user.examples)) if indices is None else indices
    sums = torch.zeros(2, dtype=torch.float64, device=user.device)
    with user.undisturbed(seed=0), torch.no_grad():
        user.model.eval()
        for first in range(0, len(chosen), TOGETHER):
            batch = user.batch(chosen[first : first + TOGETHER])
            outputs = user.outputs(batch.inputs)
            sums[0] += len(batch) * user.number(user.loss(outputs, batch.targets)).double()
            if error is not None:
                sums[1] += len(batch) * torch.as_tensor(error(outputs, batch.targets), device=user.device).double()
    loss, wrong = (sums / len(chosen)).tolist()
    return loss, wrong if error is not None else float("nan")

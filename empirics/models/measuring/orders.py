"""In which order a run sees its examples: epochs, or batches drawn anew at every step."""

from __future__ import annotations

import numpy as np


class Order:
    """The batches of one run, as indices of examples.

    Args:
        examples, batch_size: N and b. An epoch is N // b steps.
        sampling: "epochs": a new random order each epoch, cut into batches; the remainder that fills no batch is left out.
            "without_replacement" and "independent": every batch anew.
        generator: whose numbers decide.

    Attributes:
        steps_per_epoch: N // b.
    """

    def __init__(self, examples: int, batch_size: int, sampling: str, generator: np.random.Generator) -> None:
        self.examples, self.batch_size, self.sampling, self.generator = examples, batch_size, sampling, generator
        self.steps_per_epoch = examples // batch_size
        self.order = np.empty(0, dtype=np.int64)
        self.taken = 0  # batches of this order

    def next(self) -> np.ndarray:
        """The batch of the next step."""
        if self.sampling != "epochs":
            return self.draw(np.arange(self.examples), self.generator)
        self._shuffle_where_due()
        batch = self.order[self.taken * self.batch_size : (self.taken + 1) * self.batch_size]
        self.taken += 1
        return batch

    def left(self) -> np.ndarray:
        """The examples of which the next batch is a random sample, given all batches before it: what this epoch has not yet seen."""
        if self.sampling != "epochs":
            return np.arange(self.examples)
        self._shuffle_where_due()
        return self.order[self.taken * self.batch_size :]

    def seen(self) -> np.ndarray:
        """The other examples."""
        return self.order[: self.taken * self.batch_size] if self.sampling == "epochs" else np.empty(0, dtype=np.int64)

    def draw(self, points: np.ndarray, generator: np.random.Generator) -> np.ndarray:
        """A batch of these examples as the next one is drawn, by other random numbers."""
        if self.sampling == "independent":
            return points[generator.integers(0, len(points), size=self.batch_size)]
        return generator.choice(points, size=self.batch_size, replace=False, shuffle=False)

    def _shuffle_where_due(self) -> None:
        if self.taken * self.batch_size + self.batch_size > len(self.order):
            self.order, self.taken = self.generator.permutation(self.examples), 0


def variance_of_batch_mean(sampling: str, points: int, batch_size: int) -> float:
    """c with var(mean of a batch) = c (variance of the population of these points): 1/b, or (1/b) (N - b) / (N - 1) without replacement."""
    if sampling == "independent":
        return 1 / batch_size
    return (points - batch_size) / (points - 1) / batch_size if points > 1 else 0.0

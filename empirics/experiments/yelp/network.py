"""The paper's XLNet: 6 layers, hidden size 384, 12 heads, 35,493,122 parameters (lines 403-404), from random weights; and a tiny one.

The count needs heads of 64 numbers, XLNet's own, and feed-forward layers of 3072, where hidden size / heads is 32:

    32001 d + 6 ( 5 d a + 5 a + 2 d + 2 d d_inner + d_inner + d + 2 d ) + d (d + 1) + 2 (d + 1),    a = n_head d_head

with d = 384, a = 768 and d_inner = 3072. transformers refuses a configuration whose d_head is not d_model // n_head, although
its layers take any; `WideHeadsConfig` is XLNet's without that rule, and `WideHeadsXLNet` the classifier that names it, so that both are
saved and read like any other.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from huggingface_hub.dataclasses import strict

from empirics.experiments.yelp.tokenization import LENGTH, PIECES
from empirics.experiments.yelp.xlnet_classes import XLNetConfig, XLNetForSequenceClassification
from theory.exact import as_choice, as_index

PARAMETERS = 35_493_122


@dataclass(frozen=True)
class Size:
    """The numbers of a network; `length` is that of its inputs in pieces."""

    d_model: int
    n_layer: int
    n_head: int
    d_head: int
    d_inner: int
    length: int
    pieces: int


SIZES = {
    "full": Size(d_model=384, n_layer=6, n_head=12, d_head=64, d_inner=3072, length=LENGTH, pieces=PIECES),
    "tiny": Size(d_model=32, n_layer=1, n_head=2, d_head=24, d_inner=64, length=24, pieces=400),
}


@strict
class WideHeadsConfig(XLNetConfig):
    """XLNet's configuration, in which the width of a head is free."""

    def validate_architecture(self) -> None:
        """Nothing: XLNet's own rule is d_head = d_model // n_head."""


class WideHeadsXLNet(XLNetForSequenceClassification):
    """XLNet with two outputs for a text, read at its last position."""

    config_class = WideHeadsConfig


def build_model(size: str = "full", *, seed: int = 0) -> WideHeadsXLNet:
    """The network with random initial weights, the same ones for the same seed; in training mode, on the CPU.

    Args:
        size: "full", the paper's, or "tiny", for tests and pictures.
        seed: of the weights: normal with standard deviation 0.02, XLNet's own.

    Raises ValueError for another size, TypeError for a seed that is no integer.

    >>> sum(p.numel() for p in build_model().parameters())
    35493122
    """
    numbers, seed = SIZES[as_choice(size, "size", SIZES)], as_index(seed, "seed")
    config = WideHeadsConfig(
        vocab_size=numbers.pieces,
        d_model=numbers.d_model,
        n_layer=numbers.n_layer,
        n_head=numbers.n_head,
        d_head=numbers.d_head,
        d_inner=numbers.d_inner,
        use_mems_eval=False,
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = WideHeadsXLNet(config)
    count = sum(p.numel() for p in model.parameters())
    if size == "full" and count != PARAMETERS:
        raise RuntimeError(f"the network must have {PARAMETERS:,} parameters, but has {count:,}: another version of transformers?")
    return model.train()


def loss(outputs: Any, targets: torch.Tensor) -> torch.Tensor:
    """The mean cross-entropy of a batch."""
    return torch.nn.functional.cross_entropy(outputs.logits, targets)


def error(outputs: Any, targets: torch.Tensor) -> torch.Tensor:
    """The fraction of a batch that is misclassified: one minus the accuracy."""
    return (outputs.logits.argmax(dim=1) != targets).float().mean()

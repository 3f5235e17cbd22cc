"""Small networks of every kind that people train, with data, and their gradients by the plainest loop there is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import nn

N = 7
CROSS_ENTROPY, SQUARES = nn.CrossEntropyLoss(), nn.MSELoss()


class Transformer(nn.Module):
    """Embedding, attention, LayerNorm, a decoder that shares the embedding's table; time in front of the examples, or behind."""

    def __init__(self, batch_first: bool, dropout: float = 0.0, tied: bool = True) -> None:
        super().__init__()
        self.table, self.positions = nn.Embedding(11, 8), nn.Parameter(torch.randn(5, 1, 8) / 8)
        self.block = nn.TransformerEncoderLayer(8, 2, 12, dropout, batch_first=batch_first)
        self.decoder, self.batch_first = nn.Linear(8, 11), batch_first
        if tied:
            self.decoder.weight = self.table.weight

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        h = self.table(x).transpose(0, 1) + self.positions
        h = self.block(h.transpose(0, 1)).transpose(0, 1) if self.batch_first else self.block(h)
        return self.decoder(h).permute(1, 2, 0)


class Recurrent(nn.Module):
    def __init__(self, kind: Callable[..., nn.Module]) -> None:
        super().__init__()
        self.table, self.cell, self.out = nn.Embedding(11, 4, padding_idx=0), kind(4, 5, batch_first=True), nn.Linear(5, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.out(self.cell(self.table(x))[0][:, -1])


class Unrolled(nn.Module):
    """A cell of our own: two linear layers used at every step."""

    def __init__(self) -> None:
        super().__init__()
        self.inner, self.outer, self.out = nn.Linear(3, 4, bias=False), nn.Linear(4, 4), nn.Linear(4, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        h = x.new_zeros(len(x), 4)
        for t in range(x.shape[1]):
            h = torch.tanh(self.inner(x[:, t]) + self.outer(h))
        return self.out(h)


class Behind(nn.Module):
    """Weights that a layer owns and another uses: the layer's rule sees one half only."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = nn.Linear(3, 3), nn.Linear(3, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.second(F.linear(torch.relu(self.first(x)), self.second.weight.T, self.first.bias))


class Flattened(nn.Module):
    """Positions and examples in one dimension on the way; a layer with no examples at all; a value taken out of a tensor."""

    def __init__(self) -> None:
        super().__init__()
        self.each, self.norm, self.table, self.out = nn.Linear(4, 6), nn.LayerNorm(6), nn.Embedding(3, 6), nn.Linear(6, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        h = self.norm(self.each(x.reshape(-1, 4))).reshape(len(x), -1, 6) + self.table(torch.arange(x.shape[1]))
        return self.out(h.mean(1)) * (1 if float(h.detach().sum()) > -1e9 else 0)


class Operations(nn.Module):
    """Attention by einsum, time in front of the examples: parameters that no layer owns, one used twice, one for some inputs only."""

    def __init__(self) -> None:
        super().__init__()
        self.q, self.k, self.o = (nn.Parameter(torch.randn(4, 2, 3)) for _ in range(3))
        self.c, self.kinds, self.turns = (
            nn.Parameter(torch.randn(2, 3)),
            nn.Parameter(torch.randn(2, 2, 3)),
            nn.Parameter(torch.randn(5, 1, 4)),
        )
        self.shift, self.spare, self.out = nn.Parameter(torch.zeros(4)), nn.Parameter(torch.ones(4)), nn.Linear(4, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        h = self.turns + x.transpose(0, 1)
        q, k = torch.einsum("ibh,hnd->ibnd", h, self.q), torch.einsum("hnd,jbh->jbnd", self.k, h)
        kinds = torch.einsum("jbnd,snd->sbnj", k, self.kinds)
        a = torch.softmax(torch.einsum("ibnd,jbnd->bnij", q + self.c, k) + (kinds[0] * kinds[1])[:, :, None], dim=3)
        h = h + torch.einsum("ibnd,hnd->ibh", torch.einsum("bnij,jbnd->ibnd", a, k + self.c), self.o) + self.shift
        if float(x.detach().min()) < -90:
            h = h * self.spare
        return self.out(h.mean(0))


class Scaled(nn.Module):
    """With parameters that have no dimension."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(3, 3)
        self.log_scale = nn.Parameter(torch.tensor(0.3))
        self.shift = nn.Parameter(torch.tensor(0.1))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.tanh(self.layer(x) + self.shift) * self.log_scale.exp()


def images(channels: int) -> torch.Tensor:
    return torch.randn(N, channels, 6, 6)


def classes() -> torch.Tensor:
    return torch.randint(3, (N,))


def words() -> torch.Tensor:
    return torch.randint(11, (N, 5))


Made = tuple[nn.Module, Callable[..., torch.Tensor], Any]

NETWORKS: dict[str, Callable[[], Made]] = {
    "linear": lambda: (nn.Linear(3, 2), SQUARES, (torch.randn(N, 3), torch.randn(N, 2))),
    "in place": lambda: (
        nn.Sequential(nn.Linear(3, 5), nn.ReLU(inplace=True), nn.Linear(5, 3, bias=False)), CROSS_ENTROPY, (torch.randn(N, 3), classes()),
    ),
    "positions": lambda: (nn.Sequential(nn.Linear(3, 2), nn.Tanh(), nn.Linear(2, 9)), SQUARES, (torch.randn(N, 4, 3), torch.ones(N, 4, 9))),
    "convolutions": lambda: (
        nn.Sequential(
            nn.Conv2d(2, 4, 3, padding=1, stride=2, groups=2), nn.GroupNorm(2, 4), nn.ReLU(inplace=True),
            nn.Conv2d(4, 3, (2, 3), padding="same", padding_mode="circular", dilation=(2, 1)), nn.Flatten(), nn.Linear(27, 3),
        ), CROSS_ENTROPY, (images(2), classes()),
    ),
    "convolutions in one and three dimensions": lambda: (
        nn.Sequential(nn.Conv1d(2, 3, 3, padding=2), nn.Unflatten(2, (2, 2, 2)), nn.Conv3d(3, 2, 2), nn.Flatten(), nn.Linear(2, 3)),
        CROSS_ENTROPY, (torch.randn(N, 2, 6), classes()),
    ),
    "stored statistics": lambda: (
        nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.Flatten(), nn.Linear(32, 4), nn.BatchNorm1d(4), nn.RMSNorm(4)).eval(),
        SQUARES, (images(1), torch.randn(N, 4)),
    ),
    "transformer": lambda: (Transformer(True), CROSS_ENTROPY, (words(), words())),
    "transformer, time first": lambda: (Transformer(False, tied=False), CROSS_ENTROPY, (words(), words())),
    "RNN": lambda: (Recurrent(nn.RNN), CROSS_ENTROPY, (words(), classes())),
    "LSTM": lambda: (Recurrent(nn.LSTM), CROSS_ENTROPY, (words(), classes())),
    "unrolled": lambda: (Unrolled(), CROSS_ENTROPY, (torch.randn(N, 4, 3), classes())),
    "sparse": lambda: (
        nn.Sequential(nn.Embedding(9, 3, sparse=True), nn.Flatten(), nn.Linear(15, 3)), CROSS_ENTROPY, (words() % 9, classes()),
    ),
    "operations": lambda: (Operations(), CROSS_ENTROPY, (torch.randn(N, 5, 4), classes())),
    "a scale and a shift": lambda: (Scaled(), CROSS_ENTROPY, (torch.randn(N, 3), classes())),
    "behind a layer's back": lambda: (Behind(), CROSS_ENTROPY, (torch.randn(N, 3), classes())),
    "flattened": lambda: (Flattened(), CROSS_ENTROPY, (torch.randn(N, 3, 4), classes())),
}  # fmt: skip


def make(name: str, dtype: torch.dtype = torch.float64) -> Made:
    """The network with that name, the same numbers every time."""
    torch.manual_seed(sum(map(ord, name)))
    model, loss, (x, y) = NETWORKS[name]()
    for buffer_name, buffer in model.named_buffers():
        if buffer_name.endswith("running_var"):
            buffer.uniform_(0.5, 2)
    return model.to(dtype), loss, tuple(z.to(dtype) if z.is_floating_point() else z for z in (x, y))


def plain_gradients(model: nn.Module, loss: Callable[..., torch.Tensor], data: Any) -> dict[str, torch.Tensor]:
    """{parameter: (examples, *shape)}: zero_grad and backward, one example after the other."""
    found: dict[str, list[torch.Tensor]] = {name: [] for name, p in model.named_parameters() if p.requires_grad}
    x, y = data
    for i in range(len(x)):
        model.zero_grad(set_to_none=False)
        loss(model(x[i : i + 1]), y[i : i + 1]).backward()
        for name, p in model.named_parameters():
            if name in found:
                g = torch.zeros_like(p) if p.grad is None else p.grad.to_dense() if p.grad.is_sparse else p.grad
                found[name].append(g.detach().clone())
    model.zero_grad(set_to_none=True)
    return {name: torch.stack(each) for name, each in found.items()}

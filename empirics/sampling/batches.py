"""Mini-batches: one source for each law and way of drawing.

A source fills `rows`, of shape (replicas, m, p), at every step, so that the second moment of the batch is S = rows^T rows / b. For most
laws the rows are the b samples. Where only S matters (two linear layers) some laws have fewer rows with the same S, at a cost that does not
depend on b: the Bartlett factor of a Wishart matrix, and sqrt(count) times each atom.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np
import torch

from empirics.sampling.streams import Streams
from theory.exact import to_float
from theory.inputs import InputLaw, name_of


@dataclass(frozen=True)
class Draws:
    """For how many replicas, from which generators, and as what tensors."""

    replicas: int
    streams: Streams
    device: torch.device
    dtype: torch.dtype
    near_kinks: bool = False  # whether what is 0 but for rounding matters: slopes jump there

    def empty(self, *shape: int) -> torch.Tensor:
        return torch.empty(shape, device=self.device, dtype=self.dtype)


class Source(ABC):
    """Batches of replicas in lockstep; `draw` gives those of the next step, in a buffer that the next call overwrites."""

    def __init__(self, law: InputLaw, m: int, draws: Draws) -> None:
        self.rows = draws.empty(draws.replicas, m, law.dimension)
        self.streams = draws.streams

    @abstractmethod
    def draw(self) -> torch.Tensor: ...


class _Linear(Source):
    """What is drawn as z and used as x = C z."""

    root: torch.Tensor | None = None

    def __init__(self, law: InputLaw, m: int, draws: Draws) -> None:
        super().__init__(law, m, draws)
        if not law.is_standard:
            self.root = torch.from_numpy(square_root(law.covariance, draws.near_kinks)).to(self.rows)
            self.image = torch.empty_like(self.rows)

    def draw(self) -> torch.Tensor:
        self.fill()
        if self.root is None:
            return self.rows
        return torch.matmul(self.rows, self.root.T, out=self.image)

    @abstractmethod
    def fill(self) -> None: ...


class GaussianRows(_Linear):
    """The samples of a Gaussian law."""

    def __init__(self, law: InputLaw, m: int, draws: Draws) -> None:
        super().__init__(law, m, draws)
        self.mean = None if law.is_centred_gaussian else torch.from_numpy(to_float(law.mean)).to(self.rows)

    def draw(self) -> torch.Tensor:
        rows = super().draw()
        return rows if self.mean is None else rows.add_(self.mean)

    def fill(self) -> None:
        self.rows.normal_(generator=self.streams.torch)


class Bartlett(_Linear):
    """b S ~ Wishart_p(b) for b >= p as rows^T rows with triangular rows (Bartlett's decomposition).

    Upper triangular rows: squared diagonal chi^2 with b, b - 1, ..., b - p + 1 degrees of freedom, standard normal entries above it. Lower
    triangular ones, with the degrees of freedom in reverse, are the same with the coordinates in reverse, which leaves the law of S as it
    is: so one square of normals serves two replicas. Numbers are drawn for some steps at once.
    """

    AHEAD = 4

    def __init__(self, law: InputLaw, b: int, draws: Draws) -> None:
        p, replicas = law.dimension, draws.replicas
        super().__init__(law, p, draws)
        half = (replicas + 1) // 2
        self.squares = draws.empty(self.AHEAD, half, p, p)
        self.upper = torch.ones_like(self.squares[0, 0]).triu(1)
        self.lower = self.upper.T.contiguous()
        self.replicas = replicas
        freedom = torch.arange(b, b - p, -1, device=draws.device, dtype=torch.float64) / 2
        self.shapes = torch.stack([freedom, freedom.flip(0)]).repeat(half, 1)[:replicas].repeat(self.AHEAD, 1, 1)
        self.ahead = draws.empty(self.AHEAD, replicas, p, p)
        self.rows = self.ahead[0]
        self.diagonals = self.ahead.diagonal(dim1=2, dim2=3)
        self.position = 0

    def fill(self) -> None:
        if self.position == 0:
            self.squares.normal_(generator=self.streams.torch)
            # chi^2 with n degrees of freedom is twice a standard gamma variable of shape n / 2
            roots = torch._standard_gamma(self.shapes, generator=self.streams.torch).mul_(2).sqrt_()
            torch.mul(self.squares, self.upper, out=self.ahead[:, 0::2])
            torch.mul(self.squares[:, : self.replicas // 2], self.lower, out=self.ahead[:, 1::2])
            self.diagonals.copy_(roots)
        self.rows = self.ahead[self.position]
        self.position = (self.position + 1) % self.AHEAD


class Signs(Source):
    """Independent signs. On the CPU from the bits of numpy's generator, ten times as fast as torch's integers."""

    def draw(self) -> torch.Tensor:
        if self.rows.device.type == "cpu":
            size = self.rows.numel()
            bits = np.unpackbits(np.frombuffer(self.streams.numpy.bytes(-(-size // 8)), np.uint8), count=size)
            self.rows.copy_(torch.from_numpy(bits).view(self.rows.shape))
        else:
            self.rows.random_(0, 2, generator=self.streams.torch)
        return self.rows.mul_(2).sub_(1)


class UniformRows(Source):
    """Independent coordinates, uniform on an interval."""

    def __init__(self, law: InputLaw, m: int, draws: Draws) -> None:
        super().__init__(law, m, draws)
        mean, square = law.coordinate_moment(1), law.coordinate_moment(2)
        half = math.sqrt(3 * (square - mean * mean))  # exact up to the root: far from 0 the difference cancels
        self.ends = float(mean) - half, float(mean) + half

    def draw(self) -> torch.Tensor:
        return self.rows.uniform_(*self.ends, generator=self.streams.torch)


class Counts(Source):
    """N atoms as sqrt(how often each was drawn) times the atom: multinomial counts, for b > N."""

    def __init__(self, law: InputLaw, b: int, draws: Draws) -> None:
        atoms, self.weights = law.weighted_points()
        super().__init__(law, len(atoms), draws)
        self.atoms, self.b = torch.from_numpy(atoms).to(draws.device), b

    def draw(self) -> torch.Tensor:
        counts = self.streams.numpy.multinomial(self.b, self.weights, size=len(self.rows))
        roots = torch.from_numpy(np.sqrt(counts)).to(self.rows.device)
        return self.rows.copy_(roots[:, :, None] * self.atoms)


#: Numbers that are sorted at once on the CPU; more would only fill the memory.
SORTED_AT_ONCE = 1 << 20


def shuffle_bytes(law: InputLaw, sampling: str, replicas: int, samples: int) -> int:
    """What the random orders of a data set's points take: numbers, order and scratch of a slice, and what is kept of the orders."""
    if sampling == "independent" or law.population is None:
        return 0
    n = len(law.population)
    sliced = min(replicas * n, max(SORTED_AT_ONCE, n))
    return 32 * sliced + 12 * replicas * (n if sampling == "epochs" else samples)


class DataRows(Source):
    """Points of a data set, labels beside them where there are any: with replacement, without, or in epochs; every replica has an order.

    The orders are made for some replicas at a time, and of each no more is kept than is drawn: `shuffle_bytes`.
    """

    def __init__(self, law: InputLaw, m: int, draws: Draws, sampling: str) -> None:
        super().__init__(law, m, draws)
        points = np.array(law.population)
        if law.targets is not None:
            points = np.hstack([points, law.targets])
            self.rows = draws.empty(draws.replicas, m, points.shape[1])
        self.points = torch.from_numpy(points).to(self.rows)
        self.sampling, self.position = sampling, 0
        self.order = torch.empty(draws.replicas, 0, dtype=torch.int32, device=draws.device)

    def draw(self) -> torch.Tensor:
        count, m, _ = self.rows.shape
        if self.sampling == "independent":
            index = torch.randint(len(self.points), (count, m), generator=self.streams.torch, device=self.rows.device)
        elif self.sampling == "without_replacement":
            index = self.shuffled(m)
        else:
            if self.position + m > self.order.shape[1]:
                self.order = self.order[:, :0]  # before the next one is made
                self.order, self.position = self.shuffled(len(self.points)), 0
            index = self.order[:, self.position : self.position + m]
            self.position += m
        return self.rows.copy_(self.points[index.long()])

    def shuffled(self, kept: int) -> torch.Tensor:
        """The first `kept` of a random order of all points, for every replica. On the CPU the same numbers in slices as at once."""
        count, total, device = len(self.rows), len(self.points), self.rows.device
        at_once = count if device.type == "cuda" else max(1, SORTED_AT_ONCE // total)
        dtype = torch.int32 if total < 1 << 31 else torch.int64
        result = torch.empty(count, kept, dtype=dtype, device=device)
        for i in range(0, count, at_once):
            part = result[i : i + at_once]
            numbers = torch.rand(len(part), total, generator=self.streams.torch, device=device, dtype=torch.float64)
            part.copy_(numbers.argsort(dim=1)[:, :kept])
        return result


class LawRows(Source):
    """Any law, by its own `sample`."""

    def __init__(self, law: InputLaw, m: int, draws: Draws) -> None:
        super().__init__(law, m, draws)
        self.law = law

    def draw(self) -> torch.Tensor:
        return self.rows.copy_(torch.from_numpy(self.law.sample(self.streams.numpy, tuple(self.rows.shape[:2]))))


#: Laws, by name, whose samples are drawn faster than by `sample`.
FASTER: dict[str | None, type[Source]] = {"rademacher": Signs, "uniform": UniformRows}


def make_source(law: InputLaw, b: int, draws: Draws, sampling: str = "independent", samples: int | None = None) -> Source:
    """Batches of b samples. `samples`: that many rows, each a sample, are needed; None: rows with the right S will do."""
    m = b if samples is None else samples
    if law.population is not None:
        return DataRows(law, m, draws, sampling)
    if law.is_centred_gaussian and samples is None and b >= law.dimension:
        return Bartlett(law, b, draws)
    if law.is_gaussian:
        return GaussianRows(law, m, draws)
    if samples is None and law.atom_count is not None and b > law.atom_count:
        return Counts(law, b, draws)
    return FASTER.get(name_of(law), LawRows)(law, m, draws)


def row_count(law: InputLaw, b: int) -> int:
    """Rows of a source for which any rows with the right S will do."""
    if law.population is not None:
        return b
    most = law.dimension if law.is_centred_gaussian else law.atom_count
    return b if most is None else min(b, most)


def square_root(sigma: np.ndarray, in_subspace: bool = False) -> np.ndarray:
    """C with C C^T = Sigma, symmetric, shape (p, p), in doubles; of numbers of any kind.

    in_subspace: what the eigenvalues of a singular law have of rounding is 0; its root, 10^-8, would move samples off the law's subspace.
        Without kinks that is nothing to speak of, and runs keep the bits that they have always had.
    """
    values, vectors = np.linalg.eigh(to_float(sigma))
    if in_subspace:
        values[values <= 4 * len(values) * np.finfo(np.float64).eps * values[-1]] = 0.0
    return (vectors * np.sqrt(np.clip(values, 0, None))) @ vectors.T


def isotropic(law: InputLaw) -> tuple[np.ndarray | None, float]:
    """(None, v) where Sigma = E[x x^T] is v I, v > 0, and (Sigma, 1) otherwise, in doubles."""
    sigma = to_float(law.second_moment)
    v = float(sigma[0, 0])
    return (None, v) if v > 0 and np.array_equal(sigma, v * np.eye(len(sigma))) else (sigma, 1.0)

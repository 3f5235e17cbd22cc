r"""Which cases the simulation is held against the theory on: chosen by exact numbers alone, before anything is simulated.

A case is a network, an input law, a step t, a layer and a batch size. Taken are all of the list below for which

    the exact polynomial is predicted to cost at most COST seconds, and is not zero at b;
    for Gaussian inputs, whose moments can be carried by events that no simulation sees, t <= 1 and E||g||^4 <= KURTOSIS (E||g||^2)^2,
    computed exactly, at a predicted cost of at most TAILS_COST seconds.

The last is what the standard error of a mean of ||g||^2 depends on.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction as F
from itertools import cycle, pairwise

from theory import Discrete, Gaussian, TeacherStudent, variance_poly
from theory.budget import Budget, CannotError, UnaffordableError
from theory.inputs import InputLaw, Rademacher, Uniform
from theory.trace_forms import g, tr

COST = 0.3
TAILS_COST = 2.5
KURTOSIS = 20
BATCH_SIZES = (1, 2, 3, 4, 8, 16, 64)
LINEAR: tuple[F, ...] = (F(0), F(1))
QUADRATIC = (F(0), F(1), F(1, 4))
#: sizes p_0, ..., p_H and the activation's coefficients
NETWORKS = (
    ((1, 1, 1), LINEAR), ((2, 1, 1), LINEAR), ((2, 2, 1), LINEAR), ((2, 2, 2), LINEAR), ((3, 2, 2), LINEAR), ((2, 3, 1), LINEAR),
    ((1, 2, 1), LINEAR), ((1, 1, 2), LINEAR),
    ((2, 2), LINEAR), ((3, 1), LINEAR), ((1, 1, 1, 1), LINEAR), ((2, 1, 2, 1), LINEAR), ((1, 1, 1), QUADRATIC), ((2, 1, 1), QUADRATIC),
)  # fmt: skip
ESTIMATORS = ("naive", "rao_blackwell", "controlled")


@dataclass(frozen=True)
class Case:
    """One comparison to make, with its exact value."""

    problem: TeacherStudent
    step: int
    layer: int
    batch_size: int
    estimator: str
    exact: float

    @property
    def network(self) -> str:
        sizes = "-".join(map(str, self.problem.sizes))
        return sizes if self.problem.is_linear else sizes + ", quadratic"


def cases(networks: tuple[tuple[tuple[int, ...], tuple[F, ...]], ...] = NETWORKS, seed: int = 0) -> Iterator[Case]:
    """All cases that are to be compared, in a fixed order; `seed` draws weights, layers and batch sizes."""
    draw = random.Random(seed)
    turns = {count: cycle(ESTIMATORS[:count]) for count in (1, 3)}
    for sizes, activation in networks:
        for law in laws(sizes[0]):
            problem = network(sizes, activation, law, draw)
            for step in (0, 1, 2):
                layer = draw.randint(1, len(sizes) - 1)
                accepts = criterion(problem, step, layer)
                for b in draw.sample(BATCH_SIZES, 2):
                    exact = accepts(b)
                    if exact is not None:
                        yield Case(problem, step, layer, b, next(turns[_estimators(problem, step)]), exact)


def laws(p: int) -> tuple[InputLaw, ...]:
    """Input laws in p coordinates: Gaussian of either kind, signs, uniform, and four atoms of unequal weights."""
    cov = [[F(1) if i == j else F(1, 2) for j in range(p)] for i in range(p)] if p > 1 else [[F(1, 2)]]
    atoms = [[F((3 * i + 2 * j) % 5 - 2, 2) for j in range(p)] for i in range(4)]
    weights = [F(1, 10), F(2, 10), F(3, 10), F(4, 10)]
    return Gaussian(p), Gaussian(cov=cov), Rademacher(p), Uniform(p), Discrete(atoms, weights)


def network(sizes: tuple[int, ...], activation: tuple[F, ...], law: InputLaw, draw: random.Random) -> TeacherStudent:
    """Weights and teacher in quarters, none 0; a learning rate of 1/20 or 1/10."""
    shapes = [(n, m) for m, n in pairwise(sizes)]

    def weights() -> list[list[list[F]]]:
        return [[[F(draw.choice((-3, -2, -1, 1, 2, 3)), 4) for _ in range(m)] for _ in range(n)] for n, m in shapes]

    return TeacherStudent(weights(), weights(), law, learning_rates=F(1, draw.choice((10, 20))), activation=activation)


def criterion(problem: TeacherStudent, step: int, layer: int) -> Callable[[int], float | None]:
    """A function of b: var(g_{step,layer} | w_0) where the criteria above take the case, None where they do not."""
    gaussian = problem.inputs.is_centred_gaussian
    if gaussian and step > 1:
        return lambda b: None
    square = tr(g(step, layer).T @ g(step, layer))
    try:
        variance = variance_poly.variance_polynomial(problem, step, layer, budget=Budget(seconds=COST))
        moments = [
            variance_poly.expectation(problem, form, budget=Budget(seconds=TAILS_COST)) for form in (square, square * square) if gaussian
        ]
    except (CannotError, UnaffordableError):
        return lambda b: None

    def accept(b: int) -> float | None:
        heavy = gaussian and moments[1](b) > KURTOSIS * moments[0](b) ** 2
        return None if heavy or not variance(b) else float(variance(b))

    return accept


def _estimators(problem: TeacherStudent, step: int) -> int:
    """How many of ESTIMATORS there are: at step 0 the closed forms are the answer and sample nothing."""
    finite = problem.inputs.atom_count is not None
    closed = problem.is_linear and problem.depth == 2
    return 3 if step and (closed or finite) else 1

r"""mean_n || g_{n,2} ||^2 at w': what a single sample of the last batch makes of the first step, in layer 2.

|| g_{n,2} ||^2 = |u|^2 v with u = P' x_n - y_n and v = |W_1' x_n|^2, around the mean of the step. For a fixed sample n all of D that is
left are vectors of R^q and one q x q matrix,

    a = D x_n,      d = D L x_n + G a,      T = D J:
    u = ubar + d + T a,      ubar = P x_n - y_n;      v = |M_1 x_n|^2 + 2 (V x_n) . a + a^T K_2 a,

six terms times three. Each is a contraction of letters, and over a set partition of them a sum over the samples m of each block; letters
have mean zero, so that blocks of one sample drop out. The order of the products is numpy's einsum_path.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from fractions import Fraction
from functools import lru_cache
from itertools import permutations, product
from typing import Any

import numpy as np

from theory.arithmetic.bounded_arrays import Bounded, contracted
from theory.engines.data.batch_sums import BatchSums, block_sizes, set_partitions
from theory.engines.data.first_step import Data, Step, scaled, turned

#: Factors with the indices of R^q that they are summed over, and how often they occur.
Factors = tuple[tuple[str, str], ...]
RESIDUAL: tuple[tuple[int, Factors], ...] = (
    (1, (("ubar.ubar", ""),)),
    (2, (("ubar.d", ""),)),
    (2, (("ubar.T", "k"), ("a", "k"))),
    (1, (("d", "i"), ("d", "i"))),
    (2, (("d", "i"), ("T", "ik"), ("a", "k"))),
    (1, (("T", "ik"), ("a", "k"), ("T", "il"), ("a", "l"))),
)
HIDDEN: tuple[tuple[int, Factors], ...] = ((1, (("M1x.M1x", ""),)), (2, (("Vx.a", ""),)), (1, (("a", "s"), ("K2a", "s"))))
#: Which factors are letters, that is one for each sample m; all but T have one for each n too.
LETTERS = frozenset({"ubar.d", "ubar.T", "a", "d", "T", "Vx.a", "K2a"})
EXCHANGED = {"a": "K2a", "K2a": "a"}
SAMPLES = "xyz"
#: Numbers of an array that is held at once.
HELD = 4_000_000


def second_layer_squares(data: Data, step: Step) -> BatchSums:
    """mean_n || g_{n,2} ||^2 at w', by sums over the samples of D; `step` is around its mean."""
    sums, one = BatchSums(), (("one", ""),)
    for samples in _parts(len(data), step.rho.shape[1]):
        values = _factors(data, step, samples)
        for (sizes, factors), count in _terms(step.moves).items():
            indexed = tuple((name, ("" if name == "T" else "n") + own) for name, own in one + factors)
            sums.add(sizes, _contraction(values, indexed).times(Fraction(count, len(data))))
    return sums


@lru_cache(maxsize=2)
def _terms(moves: bool) -> dict[tuple[tuple[int, ...], Factors], int]:
    """How often there is a contraction, with its blocks: every term with every partition of its letters without blocks of one."""
    counted: Counter[tuple[tuple[int, ...], Factors]] = Counter()
    for (count, left), (twice, right) in product(RESIDUAL, HIDDEN):
        places = [i for i, (name, _) in enumerate(left + right) if name in LETTERS]
        if places and not moves:
            continue
        for blocks in set_partitions(len(places)):
            if all(blocks.count(block) > 1 for block in blocks):
                sample = {place: SAMPLES[block] for place, block in zip(places, blocks, strict=True)}
                factors = tuple((name, sample.get(i, "") + own) for i, (name, own) in enumerate(left + right))
                counted[block_sizes(blocks), _canonical(factors)] += count * twice
    return dict(counted)


def _canonical(factors: Factors) -> Factors:
    """One for all orders and names of the indices, and for a_s (K_2 a)_s whichever of the two is multiplied with K_2."""
    exchanged = tuple((EXCHANGED.get(name, name) if "s" in own else name, own) for name, own in factors)
    samples, rest = (sorted({i for _, own in factors for i in own if (i in SAMPLES) is kind}) for kind in (True, False))

    def renamed(form: Factors, names: dict[int, int]) -> Factors:
        return tuple(sorted((name, own.translate(names)) for name, own in form))

    orders = product((factors, exchanged), permutations(samples), permutations(rest))
    return min(renamed(form, str.maketrans("".join((*samples, *rest)), "".join((*x, *i)))) for form, x, i in orders)


def _parts(count: int, outputs: int) -> Iterator[slice]:
    """Of the samples n, so many at a time that a letter with two indices can be held for all of them."""
    size = max(1, HELD // (count * outputs**2))
    return (slice(i, i + size) for i in range(0, count, size))


def _factors(data: Data, step: Step, samples: slice) -> dict[str, Any]:
    """All factors for some of the samples n: axes n, m and those of R^q."""
    of = step.matrices()
    x, y = (array.map(lambda v: v[samples]) for array in (data.points, data.minus_targets))
    ubar, hidden, linear = x @ of["P'"] + y, x @ turned(step.middle[0]), x @ of["V'"]
    constants = {"one": type(x).of(np.ones(x.shape[0])), "ubar.ubar": _squared(ubar), "M1x.M1x": _squared(hidden)}
    if not step.moves:
        return constants
    minus = scaled(step.mean, -1)

    def letter(vectors: Any) -> Any:
        """D v_n for vectors v_n of R^p, (n, m, q): rho_m (x_m . v_n) minus its mean."""
        products = (vectors @ turned(data.points)).map(lambda v: v[:, :, None])
        return products * step.rho.map(lambda v: v[None]) + (vectors @ turned(minus)).map(lambda v: v[:, None])

    def inner(vectors: Any, letters: Any) -> Any:
        """(n, q) with (n, m, q): (n, m)."""
        return (letters @ vectors.map(lambda v: v[:, :, None])).map(lambda v: v[:, :, 0])

    a = letter(x)
    d = letter(x @ of["L'"]) + a @ of["G'"]
    of_j = data.points @ of["J"]
    t = step.rho.map(lambda v: v[:, :, None]) * of_j.map(lambda v: v[:, None]) + (minus @ of["J"]).map(lambda v: v[None])
    return constants | {
        "ubar.d": inner(ubar, d),
        "ubar.T": contracted(("ni", ubar), ("mik", t), "nmk"),
        "a": a,
        "d": d,
        "T": t,
        "Vx.a": inner(linear, a),
        "K2a": a @ of["K2"],
    }


def _squared(vectors: Any) -> Any:
    """|v_n|^2."""
    return (vectors.map(lambda v: v[:, None, :]) @ vectors.map(lambda v: v[:, :, None])).map(lambda v: v[:, 0, 0])


def _contraction(values: dict[str, Any], factors: Factors) -> Bounded:
    """The sum over all indices of the product of the factors."""
    operands = [(indices, values[name]) for name, indices in factors]
    sizes = tuple(sorted({i: n for indices, array in operands for i, n in zip(indices, array.shape, strict=True)}.items()))
    for pair in _order(tuple(indices for indices, _ in operands), sizes):
        taken = [operands.pop(i) for i in sorted(pair, reverse=True)]
        left = "".join(indices for indices, _ in operands)
        kept = "".join(sorted(i for i in {*taken[0][0], *taken[1][0]} if i in left))
        operands.append((kept, contracted(taken[0], taken[1], kept)))
    return operands[0][1].map(lambda v: np.asarray(v).reshape(1)).entries()[0]


@lru_cache(maxsize=4096)
def _order(indices: tuple[str, ...], sizes: tuple[tuple[str, int], ...]) -> tuple[tuple[int, int], ...]:
    """Which two factors to multiply next, again and again."""
    shapes = dict(sizes)
    arrays = [np.broadcast_to(0.0, [shapes[i] for i in own]) for own in indices]
    path = np.einsum_path(",".join(indices) + "->", *arrays, optimize=("greedy", 2 * HELD))[0][1:]
    pairs, count = [], len(indices)
    for step in path:  # a product comes last; where numpy would take several at once, one after the other
        first, *others = sorted(step, reverse=True)
        for other in others:
            pairs.append((other, first))
            count -= 1
            first = count - 1
    return tuple(pairs)

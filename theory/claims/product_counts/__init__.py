"""A.1.3: how many products of how many matrices, J and K, for any depth and degree."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction as F
from functools import reduce

from flint import fmpz_mpoly, fmpz_mpoly_ctx

from theory.claims.record import Claim, Evidence, Showcase, Verdict
from theory.polynomial_networks import count_products, fewest_products_of_wide_layers, gradient_products, printed_counts
from theory.polynomial_networks.lower_bounds import count_exponents


@dataclass(frozen=True)
class Sizes:
    """A network's sizes and the degree of its activation, all of whose coefficients are 1."""

    sizes: tuple[int, ...]
    degree: int

    @property
    def depth(self) -> int:
        """H."""
        return len(self.sizes) - 1

    def __str__(self) -> str:
        return f"sizes {'-'.join(map(str, self.sizes))}, D = {self.degree}"


@dataclass(frozen=True)
class Terms:
    """The terms of the network's output alone, when every width is 1."""

    depth: int
    degree: int


@dataclass(frozen=True)
class Wide:
    """Widths (1, n, 1, ..., 1), sigma(z) = z^D."""

    depth: int
    degree: int
    width: int


def check(instance: Sizes) -> Evidence:
    """J and K of every layer by the formulas, and by making the list; K is at most the printed one."""
    sigma = (1,) * (instance.degree + 1)
    left, right = {}, {}
    for layer in range(1, instance.depth + 1):
        counts = count_products(instance.sizes, sigma, layer)
        lengths = [len(product.letters) for product in gradient_products(instance.sizes, sigma, layer)]
        left[f"layer {layer}"], right[f"layer {layer}"] = (counts.products, counts.letters), (len(lengths), max(lengths))
    printed = printed_counts(instance.sizes, degree=instance.degree).letters
    return Evidence(
        statement=rf"\((J, K)\) of every layer, and \(K\) is at most the printed {printed}",
        instance=str(instance),
        left_route=r"\(J = 2 T_H O_H\), \(K = 2 \bar K - 3\)",
        left=left,
        right_route="the products, made and counted",
        right=right,
        holds=left == right and all(k <= printed for _, k in right.values()),
        difference=F(max(abs(a - b) for layer in left for a, b in zip(left[layer], right[layer], strict=True))),
    )


def monomials(depth: int, degree: int) -> int:
    """How many monomials the output has when every width is 1 and every coefficient of sigma, multiplied out."""
    x, *weights = fmpz_mpoly_ctx.get(["x", *(f"w{k}" for k in range(1, depth + 1))], "lex").gens()

    def layer(below: fmpz_mpoly, w: fmpz_mpoly) -> fmpz_mpoly:
        return w * reduce(lambda value, _: value * below + 1, range(degree), 0 * x + 1)

    return len(reduce(layer, weights[1:], weights[0] * x))


def check_printed(instance: Sizes | Terms | Wide) -> Evidence:
    """At widths 1 every product is a monomial: the printed number of terms of the output, and J, must be at least the monomials' number."""
    if isinstance(instance, Wide):
        return _check_wide(instance)
    multiplied_out = monomials(instance.depth, instance.degree)
    counted = count_exponents(instance.depth - 1, instance.degree, 1)
    if isinstance(instance, Terms):
        power, printed = 1, sum(instance.degree**i for i in range(instance.depth))
        what, which = "the output", r"\(D^{H-1} + \dots + D + 1\)"
    else:
        power, printed = 2, printed_counts(instance.sizes, degree=instance.degree).products
        what, which = r"\(f(w^*)\, \partial f(w) / \partial W_H\)", r"\(J\)"
    name, number = f"monomials of {what}", rf"{which} of line 761"
    return Evidence(
        statement=f"as many terms as printed are enough for the monomials of {what}",
        instance=f"H = {instance.depth}, D = {instance.degree}, every width 1, every coefficient of sigma 1",
        left_route="the output multiplied out" + ("" if power == 1 else ", its number of monomials squared"),
        left={number: printed, name: multiplied_out**power},
        right_route=r"the exponents counted: \(W_H W_{H-1}^{e_1} W_{H-2}^{e_2} \cdots\) with \(e_1 \le D\), \(e_{i+1} \le D e_i\)",
        right={name: counted**power},
        holds=multiplied_out**power <= printed if multiplied_out == counted else None,
        difference=F(abs(multiplied_out - counted)),
        reason="" if multiplied_out == counted else "the two counts of the monomials differ",
    )


def _check_wide(instance: Wide) -> Evidence:
    h, d, n = instance.depth, instance.degree, instance.width
    printed = printed_counts((1, n, *[1] * (h - 1)), degree=d).products
    needed = fewest_products_of_wide_layers(depth=h, degree=d, width=n)
    return Evidence(
        statement=r"\(J\) products are enough, all constants being numbers, identities, unit vectors or vectors of ones",
        instance=f"H = {h}, D = {d}, widths 1-{n}{'-1' * (h - 1)}, sigma(z) = z^{d}",
        left_route=r"\(J\) of line 761",
        left=printed,
        right_route=r"the lower bound of the proof, \(\binom{G + 2q - 1}{2q}\): one computation",
        right=needed,
        holds=None if needed <= printed else False,
        difference=F(max(needed - printed, 0)),
        reason="the lower bound is not above the print" if needed <= printed else "",
    )


CLAIM = Claim(
    id="A.1.3",
    module=__name__,
    verdict=Verdict.CORRECTED,
    figure="products needed",
    check=check,
    check_printed=check_printed,
    showcases=(
        Showcase("two quadratic layers", lambda: Sizes((2, 3, 2), 2)),
        Showcase("two cubic layers", lambda: Sizes((2, 2, 2), 3)),
        Showcase("three quadratic layers", lambda: Sizes((2, 2, 2, 1), 2)),
        Showcase("three cubic layers", lambda: Sizes((1, 2, 1, 1), 3)),
        Showcase("four quadratic layers", lambda: Sizes((1, 1, 1, 1, 1), 2)),
        Showcase("the printed J at widths 1", lambda: Sizes((1,) * 8, 2), printed=True),
        Showcase("nine monomials for seven terms", lambda: Terms(3, 2), printed=True),
        Showcase("three cubic layers, one of them wide", lambda: Wide(3, 3, 500_000), printed=True),
    ),
)

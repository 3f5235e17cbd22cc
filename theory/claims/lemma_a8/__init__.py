"""Lemma A.8: the gradients of a polynomial network of any depth are sums of products of matrices; the list of them."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction as F
from functools import partial

from theory.claims.record import Claim, Evidence, Showcase, Verdict
from theory.claims.support.product_lists import OneSample, check_list
from theory.claims.support.recursion_cases import MixedProduct, lookup_after
from theory.claims.support.small_networks import network
from theory.exact import to_fraction, to_fraction_array
from theory.inputs import Discrete, Gaussian
from theory.polynomial_networks import evaluate, gradient_products
from theory.problem import TeacherStudent
from theory.trace_forms import g
from theory.trace_forms.letters import gradient_letter, weight_letter

#: By depth and degree: sizes and coefficients.
SHOWN: dict[tuple[int, int], tuple[tuple[int, ...], tuple[F | int, ...]]] = {
    (1, 2): ((3, 2), (1, 1, F(1, 2))),
    (2, 2): ((2, 3, 2), (F(1, 2), 1, -1)),
    (3, 1): ((2, 2, 3, 1), (F(1, 2), 1)),
    (3, 2): ((2, 2, 2, 1), (1, F(1, 2), 1)),
    (2, 3): ((2, 2, 2), (1, 0, 2, 1)),
}


def instance(depth: int, degree: int) -> OneSample:
    """A network of that depth and degree, at the sample (1/2, -1, 3/2, ...)."""
    sizes, sigma = SHOWN[depth, degree]
    problem = network(sizes, sigma, Gaussian(sizes[0]), seed=10 * depth + degree)
    name = f"sizes {'-'.join(map(str, sizes))}, coefficients {', '.join(map(str, sigma))}"
    return OneSample(name, problem, tuple(F((-1) ** i * (i + 1), 2) for i in range(sizes[0])))


@dataclass(frozen=True)
class ThirdLayer:
    """Three layers of one unit, the third 0 at first: step 0 moves it alone, by the sample of batch 0. Batch 1 is the first atom."""

    name: str
    problem: TeacherStudent

    @property
    def given(self) -> dict[str, str]:
        """The batches, for a page."""
        return {"Batches": r"of one sample: \(\{x\}\) at \(t = 0\), \(\{1\}\) at \(t = 1\)"}


def check_printed(instance: ThirdLayer) -> Evidence:
    """The print has letters of layers 1 and 2 only: where these agree, and the sample, g_{1,1} must agree too, whatever batch 0 was."""
    problem = instance.problem
    atoms, _ = problem.inputs.support() or ((), ())
    products = list(gradient_products(problem.sizes, problem.polynomial, 1))
    by_products, by_runs, printed_letters = [], [], set()
    for first in range(len(atoms)):
        lookup = lookup_after(MixedProduct(problem, (g(0, 1),), history=((first,), (0,))))
        weights = [to_fraction_array(lookup(weight_letter(1, layer))) for layer in (1, 2, 3)]
        printed_letters.add((weights[0].item(), weights[1].item()))
        by_products.append(evaluate(products, weights, problem.teacher_weights, atoms[0]).item())
        by_runs.append(to_fraction(lookup(gradient_letter(1, 1)).item()))
    if len(printed_letters) > 1:
        raise ValueError(f"step 0 must leave layers 1 and 2 as they are, but left {sorted(printed_letters)} for {instance.name}")
    agree = by_products == by_runs
    return Evidence(
        statement=r"\(g_{1,1}\) is a sum of products of \(W_{1,1}, W_{1,2}, W_1^*, W_2^*\), the sample and constants",
        instance=instance.name,
        left_route="Lemma A.8 with all three layers, by the sample of batch 0",
        left={f"x = {atom[0]}": value for atom, value in zip(atoms, by_products, strict=True)},
        right_route="backpropagation along both paths of SGD",
        right={f"x = {atom[0]}": value for atom, value in zip(atoms, by_runs, strict=True)},
        holds=len(set(by_runs)) == 1 if agree else None,
        difference=max(abs(x - y) for x, y in zip(by_products, by_runs, strict=True)),
        reason="" if agree else "the two routes to the gradient differ",
    )


def third_layer_moves() -> ThirdLayer:
    """W_{1,3} = x^2 / 2, W_{1,1} = W_{1,2} = 1: g_{1,1} = W_{1,3} (W_{1,3} - 1) at the sample 1, -1/4 after x = 1 and 2 after x = 2."""
    problem = TeacherStudent([[[1]], [[1]], [[0]]], [[[1]]] * 3, Discrete([1, 2]), F(1, 2))
    return ThirdLayer("three linear layers of one unit, w = (1, 1, 0), w* = (1, 1, 1), alpha = 1/2, x in {1, 2}, then x = 1", problem)


CLAIM = Claim(
    id="A.8",
    module=__name__,
    verdict=Verdict.MISPRINTED,
    figure="one long product",
    check=check_list,
    check_printed=check_printed,
    showcases=(
        *(Showcase(f"H = {h}, D = {d}", partial(instance, h, d)) for h, d in SHOWN),
        Showcase("the third layer counts", third_layer_moves, printed=True),
    ),
)

"""Lines 271-275: a product of letters of step t as a sum of products of letters of step t - 1. True of its mean, with powers of 1/b."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction as F

from theory.claims.record import Claim, Evidence, Showcase, Verdict, tabulated
from theory.claims.support.recursion_cases import (
    MixedProduct,
    at_batch_size,
    fractions,
    held_exactly,
    lookup_after,
    mean_over_batches,
)
from theory.inputs import Discrete
from theory.problem import TeacherStudent
from theory.recursion import conditional_expectation, unroll
from theory.trace_forms import W, g

BATCH_SIZES = (1, 2, 3)


def check(instance: MixedProduct) -> Evidence:
    """E[ product | F_t ] in the letters W_{t-1} and g_{t-1}, power by power of 1/b, against the sum over all batches."""
    problem, t, lookup = instance.problem, instance.step, lookup_after(instance)
    powers = [unroll(form, problem, t) for form in conditional_expectation(instance.form, problem, t)]
    late = sorted({str(x) for form in powers for x in form.letters if x.step == t})
    values = [form.evaluate(lookup, problem) for form in powers]
    return held_exactly(
        instance,
        r"the product's expectation given \(\mathcal{F}_t\) is a sum of products in the letters of step \(t - 1\), times powers of \(1/b\)",
        f"Theorems A.4 and A.5: {len(powers)} powers of 1/b, {sum(len(form.terms) for form in powers)} products",
        {b: at_batch_size(values, b) for b in BATCH_SIZES},
        "sum over all lists of b samples, Kronecker products multiplied out",
        {b: mean_over_batches(instance, b) for b in BATCH_SIZES},
        [f"letters of step {t}: {', '.join(late)}"] if late else [],
    )


def check_printed(instance: MixedProduct) -> Evidence:
    """The print: the product itself, without an expectation, with constants independent of b.

    Its letters of step t - 1 are fixed by F_t, and so the product would be: its variance given F_t would be 0, its mean the same for all b.
    """
    twice = replace(instance, rows=instance.rows * 2)  # tr(A) tr(A) = tr(A (x) A)
    problem, t, lookup = instance.problem, instance.step, lookup_after(instance)
    first, second = ([form.evaluate(lookup, problem) for form in conditional_expectation(x.form, problem, t)] for x in (instance, twice))
    left, right = [], []
    for b in BATCH_SIZES:
        mean, square = at_batch_size(first, b), at_batch_size(second, b)
        left.append((fractions(mean), fractions(square - mean * mean)))
        mean, square = mean_over_batches(instance, b), mean_over_batches(twice, b)
        right.append((fractions(mean), fractions(square - mean * mean)))
    fixed = all(variance == 0 for _, variance in right) and len({mean for mean, _ in right}) == 1
    return Evidence(
        statement=r"the product is fixed by \(\mathcal{F}_t\), and the same for every \(b\) (as printed): its mean and variance given "
        r"\(\mathcal{F}_t\)",
        instance=str(instance),
        left_route="Theorem A.4, for the product and its square",
        left=tabulated("b", BATCH_SIZES, left),
        right_route="sum over all lists of b samples",
        right=tabulated("b", BATCH_SIZES, right),
        holds=fixed if left == right else None,
        difference=max(abs(x - y) for p, q in zip(left, right, strict=True) for x, y in zip(p, q, strict=True)),
        reason="" if left == right else "the two routes differ",
    )


def scalar_gradient() -> MixedProduct:
    """g_{1,1} of the network of one unit in each layer, after a batch of one sample."""
    problem = TeacherStudent([[[1]], [[1]]], [[[0]], [[1]]], Discrete([1, 2]), learning_rates=F(1, 2))
    return MixedProduct(problem, (g(1, 1),), history=((0,),))


def squared_norm() -> MixedProduct:
    """||g_{1,1}||^2 of the same."""
    return replace(scalar_gradient(), rows=(g(1, 1).T @ g(1, 1),))


def mixed() -> MixedProduct:
    """Weights and gradients of two layers, two inputs, a constant between them, a matrix."""
    law = Discrete([(1, 0), (F(1, 2), -1)], [F(1, 3), F(2, 3)])
    problem = TeacherStudent([[[1, F(1, 2)]], [[-1]]], [[[0, 1]], [[2]]], law, learning_rates=F(1, 2))
    return MixedProduct(problem, (g(1, 1).T @ W(0, 1),), [[1, 0], [2, 1]], W(1, 2) @ g(1, 2), history=((0, 1),))


CLAIM = Claim(
    id="3.1.1 step back",
    module=__name__,
    verdict=Verdict.CORRECTED,
    check=check,
    check_printed=check_printed,
    showcases=(
        Showcase("a scalar gradient", scalar_gradient),
        Showcase("a squared norm", squared_norm),
        Showcase("weights and gradients of two layers", mixed),
        Showcase("a scalar gradient is random, given the past", scalar_gradient, printed=True),
        Showcase("the mean of a squared norm depends on b", squared_norm, printed=True),
    ),
)

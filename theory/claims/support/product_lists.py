"""The list of products of a network at one sample, against backpropagation: what the claims on polynomial networks check."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction as F

import numpy as np

from theory.backpropagation import batch_gradient, exact_sigma
from theory.claims.record import Evidence
from theory.exact import to_fmpq_array, to_fraction_array
from theory.polynomial_networks import Product, count_products, evaluate, gradient_products
from theory.problem import TeacherStudent


@dataclass(frozen=True)
class OneSample:
    """A network, its teacher and a sample."""

    name: str
    problem: TeacherStudent
    x: tuple[F, ...]


def check_list(instance: OneSample) -> Evidence:
    """Of every layer: the sum of the products is the gradient, each of them has its shape, and there are as many as the formulas say."""
    problem = instance.problem
    lists = {k: list(gradient_products(problem.sizes, problem.polynomial, k)) for k in range(1, problem.depth + 1)}
    left = {f"layer {k}": evaluate(products, problem.student, problem.teacher_weights, instance.x) for k, products in lists.items()}
    matrices = [to_fmpq_array(w) for w in problem.student], [to_fmpq_array(w) for w in problem.teacher_weights]
    x = to_fmpq_array(np.array([instance.x], dtype=object))
    gradients = batch_gradient(*matrices, exact_sigma(problem.polynomial), x)
    right = {f"layer {k}": to_fraction_array(g) for k, g in enumerate(gradients, start=1)}
    distance = max(abs(a - b) for k in left for a, b in zip(left[k].ravel(), right[k].ravel(), strict=True))
    faults = [fault for k, products in lists.items() for fault in broken_products(problem, k, products)]
    return Evidence(
        statement=f"{sum(map(len, lists.values()))} products, each of which chains, add up to the gradients of every layer",
        instance=instance.name,
        left_route="the products of Lemma A.8, multiplied out and summed",
        left=left,
        right_route="backpropagation" + (f"; broken: {', '.join(faults)}" if faults else ""),
        right=right,
        holds=distance == 0 and not faults,
        difference=distance,
    )


def broken_products(problem: TeacherStudent, layer: int, products: list[Product]) -> list[str]:
    """What is wrong with a list: products that do not chain or have another shape, other numbers of products or of letters."""
    faults = []
    for product in products:
        try:
            if product.type_check() != (problem.sizes[layer], problem.sizes[layer - 1]):
                faults.append(f"{product} has shape {product.type_check()}")
        except ValueError as error:
            faults.append(str(error))
    counts = count_products(problem.sizes, problem.polynomial, layer)
    if (len(products), max(len(p.letters) for p in products)) != (counts.products, counts.letters):
        faults.append(f"layer {layer} has {len(products)} products for {counts.products}, or too long ones")
    return faults

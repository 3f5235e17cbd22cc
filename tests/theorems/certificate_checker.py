"""Checks the file of the certificate from its own words, with Python's fractions alone: python certificate_checker.py certificate.json.

The moments come by another way than the certificate's: A = b S is L L^T with independent L_11^2 ~ chi^2_b, L_22^2 ~ chi^2_{b-1} and
L_21 ~ N(0, 1) (Bartlett), so that det A = L_11^2 L_22^2 and tr A = L_11^2 + L_21^2 + L_22^2. Polynomials are compared at as many integers b
as determine them, minors computed by Gaussian elimination.
"""

from __future__ import annotations

import json
import sys
from fractions import Fraction as F
from functools import cache
from itertools import product
from math import comb, prod
from pathlib import Path


def faults(text: str) -> list[str]:
    """What is wrong with the file; empty when it proves that var(b) decreases from start - 1 on."""
    data = json.loads(text)
    start, blocks = data["start"], data["blocks"]
    expected = sorted((part, m) for part in ("trace", "traceless") for m in range(2 * data["layers"]))
    found = [] if sorted((b["part"], b["frequency"]) for b in blocks) == expected else ["a block is missing or stands twice"]
    for block in blocks:
        name = f"{block['part']}, frequency {block['frequency']}"
        found += [f"{name}: {fault}" for fault in _faults_of(block, start, 2 * data["layers"] - 1)]
    return found


def _faults_of(block: dict, start: int, degree: int) -> list[str]:
    m, pairs, form = block["frequency"], [tuple(p) for p in block["powers_of_tau_and_rho"]], block["form"]
    found = []
    if sorted(pairs) != [(i, j) for i, j in product(range(degree + 1), repeat=2) if i + 2 * j + m <= degree]:
        found.append("not all polynomials of the degree")
    for b in range(2, 3 + max(len(entry) for row in form for entry in row)):
        if [[_at(entry, F(1, b)) for entry in row] for row in form] != _form(block["part"], m, pairs, b):
            found.append(f"the form is another one at b = {b}")
    slope = [[[k * c for k, c in enumerate(entry)][1:] for entry in row] for row in form]
    for k, minor in enumerate(block["minors"], start=1):
        if min(minor) < 0 or not any(minor):
            found.append(f"minor {k} is not positive term by term")
        values = {b: _determinant([[_at(entry, F(1, b)) for entry in row[:k]] for row in slope[:k]]) for b in range(2, 60)}
        scales = (all(_at(minor, F(b - start)) == value * b**n for b, value in values.items()) for n in range(30))
        if len(minor) > 30 or not any(scales):
            found.append(f"minor {k} is another one")
    step = [[_at(entry, F(1, start - 1)) - _at(entry, F(1, start)) for entry in row] for row in form]
    steps = [_determinant([row[:k] for row in step[:k]]) for k in range(1, len(step) + 1)]
    if min(steps) <= 0 or steps != [F(x) for x in block["step_minors"]] or len(block["minors"]) != len(pairs):
        found.append("the last step's minors are others, not positive, or too few")
    return found


def _form(part: str, m: int, pairs: list[tuple[int, int]], b: int) -> list[list[F]]:
    gram = [[_moment(i + k, j + n + m, b) for k, n in pairs] for i, j in pairs]
    if part == "traceless":
        return [[entry / b for entry in row] for row in gram]
    mean = [_moment(i, j, b) if m == 0 else F(0) for i, j in pairs]
    return [[(1 + F(1, b)) * entry - x * y for entry, y in zip(row, mean, strict=True)] for row, x in zip(gram, mean, strict=True)]


@cache
def _moment(i: int, j: int, b: int) -> F:
    """E tau^i rho^j, rho = tau^2 - 4 det S."""
    return sum((F(comb(j, n) * (-4) ** n) * _trace_and_determinant(i + 2 * (j - n), n, b) for n in range(j + 1)), F(0))


@cache
def _trace_and_determinant(i: int, n: int, b: int) -> F:
    def chi_square(k: int, freedom: int) -> int:
        return prod(freedom + 2 * s for s in range(k))

    total = 0
    for x in range(i + 1):
        for y in range(i - x + 1):
            z = i - x - y
            normal = prod(range(1, 2 * y, 2))
            total += comb(i, x) * comb(i - x, y) * chi_square(x + n, b) * normal * chi_square(z + n, b - 1)
    return F(total, b ** (i + 2 * n))


def _at(coefficients: list[int], x: F) -> F:
    return sum((c * x**k for k, c in enumerate(coefficients)), F(0))


def _determinant(matrix: list[list[F]]) -> F:
    rows, total = [list(row) for row in matrix], F(1)
    for k in range(len(rows)):
        pivot = next((i for i in range(k, len(rows)) if rows[i][k]), None)
        if pivot is None:
            return F(0)
        if pivot != k:
            rows[k], rows[pivot], total = rows[pivot], rows[k], -total
        total *= rows[k][k]
        for i in range(k + 1, len(rows)):
            factor = rows[i][k] / rows[k][k]
            rows[i] = [a - factor * c for a, c in zip(rows[i], rows[k], strict=True)]
    return total


if __name__ == "__main__":
    source = Path(sys.argv[1]).read_text(encoding="utf-8")
    print("\n".join(faults(source)) or f"every form is positive definite: var decreases from b = {json.loads(source)['start'] - 1} on")

"""What the joint moments will cost, from sizes alone: bounds on the numbers of terms, and estimates of the length of numbers.

One sample's gradient has degree q = 2 D^(H-1) in x, and each of its entries is a sum over the p_H outputs of the residual, of degree
D^(H-1), times a derivative of an output: two bounds on the number r of averages, beside the number of weights and that of atoms less one.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from theory.budget import BEYOND_REACH, Cost, as_count, saturated, saturated_binomial, saturated_power
from theory.budget.unit_costs import UNITS
from theory.degrees import gradient_degree, output_degree
from theory.engines.base import Quantity
from theory.engines.deep_moments import linear_start, many_inputs
from theory.engines.deep_moments.lengths import lengths, weight_bits
from theory.inputs import InputLaw, Rademacher
from theory.problem import TeacherStudent

#: Orders of moments beyond which nothing is affordable, and laws answer none.
_MOST_DEGREE = 10_000
#: The kinds that ask of the last sample no more than its outputs.
LOSSES = ("loss", "loss_variance")


@dataclass(frozen=True)
class _Sizes:
    """Numbers of terms of one problem's polynomials."""

    p: int
    averages: int
    sample_terms: float  # powers of x in the gradient of a sample
    spare: float  # powers of x in a gradient beyond what its entries span: each of them is in all averages
    parity: int  # 2 where gradients are even in x
    highest: int
    average_length: float  # of the coefficients of averages, in those of a sample's gradient,
    direction_length: float  # and of the directions
    output: int  # the degree in x of an output

    @classmethod
    def of(cls, problem: TeacherStudent, inputs: int | None = None) -> _Sizes:
        p, outputs, d, h = inputs or problem.sizes[0], problem.sizes[-1], problem.activation_degree, problem.depth
        output = int(saturated_power(d, h - 1))
        parity = 2 if not any(problem.polynomial[::2]) or not any(problem.polynomial[1::2]) else 1
        lowest = 2 if h == 1 or not problem.polynomial[0] else 1
        terms = _sample_terms(p, lowest, parity, 2 * output)
        weights = float(_span_of_gradient(problem))
        products = outputs * (saturated_binomial(p + output, p) - (1 if lowest == 2 else 0))  # of a residual and a derivative
        twice = math.comb(min(outputs, p), 2) if problem.is_linear else 0  # r_i r_j = r_j r_i, residuals being such derivatives
        span = min(weights, terms, products - twice)
        atoms, powers = max(2, problem.inputs.atom_count or math.inf), _distinct_powers(problem.inputs, parity, 2 * output)
        averages = int(min(span, atoms - 1, powers, 1e6))
        is_whole = problem.is_linear and span == terms  # each power of x is an average
        average = 1.0 if is_whole else min(float(outputs), max(1.0, span / 4))  # quotients of minors of the residuals: measured
        direction = 1.0 if is_whole or averages == span else 1 + average  # a few are told from the others
        return cls(p, averages, terms, terms - span, parity, 2 * output, average, direction, output)

    def terms(self, weight_degree: float, sample_degree: float) -> float:
        """Of a polynomial of these degrees in the averages and in x."""
        return saturated_binomial(self.averages + weight_degree, self.averages) * self.in_sample(sample_degree)

    def in_sample(self, degree: float) -> float:
        """Of a polynomial of this degree in x; half of them where it is even or odd."""
        return max(1.0, saturated_binomial(self.p + degree, self.p) / self.parity)

    def in_product(self, count: int) -> float:
        """Powers of x in the products of so many averages: of all powers that the degree allows, or of those that averages have."""
        averages = saturated_binomial(self.averages + self.spare + count, count) if self.spare < BEYOND_REACH else BEYOND_REACH
        return min(saturated_binomial(self.p + self.highest * count, self.p) / self.parity, averages)


def _sample_terms(p: int, lowest: int, parity: int, highest: int) -> float:
    """Powers of x of these degrees, those of one parity only where it is 2."""
    if highest > _MOST_DEGREE:
        return BEYOND_REACH
    return sum(saturated_binomial(p + k - 1, k) for k in range(lowest + lowest % parity, highest + 1, parity))


def _span_of_gradient(problem: TeacherStudent) -> int:
    """Its dimension: one for every weight, or in linear networks what the narrowest layers let through.

    There the entries of layer k are products of a residual in U_k, of dimension min p_j over j >= k, and of a combination of inputs in V_k,
    of dimension min p_j over j < k, where U_1 < U_2 < ... and V_1 > V_2 > ...: together sum_k (dim U_k - dim U_{k-1}) dim V_k.
    """
    sizes = problem.sizes
    if not problem.is_linear:
        return sum(w.size for w in problem.student)
    behind = [0, *(min(sizes[k:]) for k in range(1, len(sizes)))]
    return sum((behind[k] - behind[k - 1]) * min(sizes[:k]) for k in range(1, len(sizes)))


def _distinct_powers(law: InputLaw, parity: int, highest: int) -> float:
    """Powers of x of these degrees that a law tells from each other, and from constants: x_i^2 = 1 where coordinates are signs."""
    if not isinstance(law, Rademacher):
        return math.inf
    return sum(saturated_binomial(law.dimension, k) for k in range(parity, min(highest, law.dimension) + 1, parity))


def averages_bound(problem: TeacherStudent) -> int:
    """How many averages a batch's gradient has at most, as what is predicted takes it."""
    return _Sizes.of(problem).averages


def required_order(problem: TeacherStudent, quantity: Quantity) -> int:
    """The highest order of the inputs' moments that are asked for."""
    highest = 2 * int(saturated_power(problem.activation_degree, problem.depth - 1))
    last = _last_order(highest, quantity)
    if _is_far(problem, quantity):
        return _MOST_DEGREE * highest
    degrees = quantity.batch_degrees(problem)
    return max(last, 2 * highest, degrees[0] * highest) if any(degrees) else last


def _last_order(highest: int, quantity: Quantity) -> int:
    """Of the moments of the last sample, where a gradient has this degree in it: gradients are squared, or not."""
    return highest if quantity.kind in ("mean", *LOSSES) else 2 * highest


def predict(problem: TeacherStudent, quantity: Quantity) -> Cost:
    """Seconds and bytes of `DeepMoments.compute`."""
    if linear_start.applies(problem, quantity):
        return _linear_start(problem, quantity)
    if _is_far(problem, quantity):
        return Cost.beyond_reach(f"moments of order over {_MOST_DEGREE:,}")
    if many_inputs.applies(problem, quantity):
        return _many_inputs(problem, quantity)
    sizes, degrees = _Sizes.of(problem), quantity.batch_degrees(problem)
    while degrees and not degrees[-1]:
        degrees.pop()
    r = sizes.averages
    points = saturated(*(saturated_binomial(d + r, r) for d in degrees[:-1]))
    samples, length = lengths(problem, quantity, len(degrees), sizes.direction_length)
    seconds, moments, memory = _last(problem, quantity, sizes, length, bool(degrees))
    if degrees:
        table, asked, held = _table(problem, sizes, degrees[-1], samples[-1] * sizes.average_length)
        seconds, moments, memory = seconds + table, moments + asked, memory + held
    seconds = seconds * points + moments
    inner = 1.0
    for s, d in enumerate(degrees[:-1]):
        table, asked, held = _table(problem, sizes, d, samples[s] * sizes.average_length)
        count = saturated_binomial(d + r, r)
        rule = UNITS["deep_moments.rule"] * count * (2 * r * d) * (1 + d * d / 400)
        node = UNITS["deep_moments.contraction"] * count * _values(problem, quantity) * (1 + d * sum(degrees[s + 1 :]) / 200)
        seconds, memory, inner = seconds + inner * (table + rule + node) + asked, memory + held, inner * count
    monomials = saturated_binomial(r + (degrees or [0])[-1], r)
    basis = f"{as_count(points)} points, {as_count(monomials)} monomials in {r} averages, weights of about {as_count(length)} bits"
    return Cost(UNITS["deep_moments.start"] + min(seconds, BEYOND_REACH), 3e7 + min(memory, BEYOND_REACH), basis)


def _last(problem: TeacherStudent, quantity: Quantity, sizes: _Sizes, length: float, averaged: bool) -> tuple[float, float, float]:
    """Seconds of the polynomials in the averages of the last batch, or at t = 0 the numbers, and of the moments of x; bytes.

    Weights have `length` bits, and their powers more.
    """
    d, h, widths, k = problem.activation_degree, problem.depth, (sizes.p, *problem.sizes[1:]), quantity.layer or 1
    outputs = [output_degree(j, activation_degree=d) if j else 0 for j in range(h + 1)]  # in the weights, of layer j
    m = 2 * outputs[-1] - 1
    weight = sizes.terms(1, 0) if averaged else 1.0
    products = pairs = read = largest = 0.0

    def multiply(count: float, degree: float) -> None:
        """So many products of terms whose degrees in the weights add up to this."""
        nonlocal products
        products += count * _long_product(length * degree / 2)

    def expected(count: float, left: tuple[float, float], right: tuple[float, float]) -> None:
        """E[f g] for so many pairs of polynomials of these degrees in the weights and in x."""
        nonlocal pairs, read, largest
        powers = sizes.in_sample(left[1]), sizes.in_sample(right[1])
        monomials = [sizes.terms(x[0] * averaged, 0) for x in (left, right)]
        multiply(count * powers[0] * monomials[1] * (monomials[0] + (powers[1] if averaged else 0)), left[0] + right[0])
        pairs += count * powers[0] * powers[1]
        read += powers[0] * monomials[0] + powers[1] * monomials[1]
        largest = max(largest, powers[0] * monomials[0])

    for j in range(h):  # W_{j+1} z_j, the powers of that, and back
        before, after = (
            sizes.terms(outputs[j] * d * averaged, saturated_power(d, j)),
            sizes.terms(outputs[j + 1] * averaged, saturated_power(d, j)),
        )
        multiply(2 * widths[j] * widths[j + 1] * weight * before, outputs[j + 1])
        if j + 1 < h:
            multiply(
                (d - 1) * widths[j + 1] * after * sizes.terms((d - 1) * outputs[j + 1] * averaged, (d - 1) * saturated_power(d, j)),
                d * outputs[j + 1],
            )
    z = outputs[k - 1] * d, saturated_power(d, k - 1)
    delta = m - z[0], sizes.highest - z[1]
    entries, degree = float(widths[k] * widths[k - 1]), 2 * m
    if quantity.kind in LOSSES:
        expected(widths[-1], (outputs[-1], sizes.output), (outputs[-1], sizes.output))
        degree = 2 * outputs[-1]
        if quantity.kind == "loss_variance":
            multiply(sizes.terms(degree * averaged, 0) ** 2 / 2, 2 * degree)
            degree *= 2
    elif quantity.kind == "trace_form":
        letters, degree = sum(len(term.letters) for term in quantity.expression.terms), sum(quantity.batch_degrees(problem)[-1:])
        multiply(letters * max(widths) ** 2 * sizes.terms(degree, 0) ** 1.5, degree)
    else:
        read += widths[k] * sizes.terms(delta[0] * averaged, delta[1]) + widths[k - 1] * sizes.terms(z[0] * averaged, z[1])
        pairs += widths[k - 1] * sizes.in_sample(delta[1]) * sizes.in_sample(z[1])
        multiply(entries * sizes.in_sample(delta[1]) * sizes.terms(delta[0] * averaged, 0) * sizes.terms(z[0] * averaged, 0), m)
        degree = m
    if quantity.kind in ("variance", "second_moment"):
        for n, x in ((widths[k], delta), (widths[k - 1], z)):
            multiply(n * sizes.terms(x[0] * averaged, x[1]) ** 2 / 2, 2 * x[0])
        multiply(entries * sizes.terms(m * averaged, 0) ** 2 / 2, 2 * m)
        expected(1.0, (2 * delta[0], 2 * delta[1]), (2 * z[0], 2 * z[1]))
        degree = 2 * m
    values, bits = _values(problem, quantity), length * degree
    contracted = sizes.terms(degree, 0) * min(values, 2) + values * sizes.terms(m, 0) if averaged else 0.0
    seconds = UNITS["deep_moments.level"] * (1 + sum(widths) / 4) + products * UNITS["deep_moments.product"]
    seconds += pairs * UNITS["deep_moments.pair"] + read * UNITS["deep_moments.read"]
    seconds += contracted * UNITS["deep_moments.contraction"] * (1 + degree * (1 + bits / 300) / 100 + _divisor(bits, sizes.averages))
    order = _last_order(sizes.highest, quantity)
    asked = min(pairs, sizes.in_sample(order))  # once, and remembered
    moments = asked * problem.inputs.moment_seconds(order) if asked else 0.0
    return seconds, moments, (read + 2 * largest) * (80 + bits / 8)


def _table(problem: TeacherStudent, sizes: _Sizes, degree: int, length: float) -> tuple[float, float, float]:
    """Seconds of the directions of one batch and of E[u^a] for |a| <= degree, and of the moments of x, which are asked for once; bytes.

    A sample's polynomials have coefficients of so many bits.
    """
    r, p, law = sizes.averages, sizes.p, problem.inputs
    weights = sum(w.size for w in problem.student)
    halves = [saturated_binomial(r + k - 1, k) for k in range(degree // 2 + 2)]  # products of k polynomials of a sample
    powers = [sizes.in_product(k) for k in range(degree // 2 + 2)]
    seconds = cells = pairs = 0.0
    for j in range(degree + 1):
        head, tail = j // 2, j - j // 2
        words, square = saturated_binomial(r + j - 1, j), powers[head] * powers[tail]
        bits = law.moment_bits(sizes.highest * j) + length * j / 2
        held = halves[head] * powers[tail] + halves[tail] * powers[tail]
        # matrices are multiplied modulo primes: to these and back takes time for every entry
        seconds += (halves[head] * square + words * powers[tail]) * (
            UNITS["deep_moments.multiplication"] + UNITS["deep_moments.bit"] * bits
        )
        seconds += square * (UNITS["deep_moments.pair"] + UNITS["deep_moments.residue"] * bits)
        seconds += (held + words) * (UNITS["deep_moments.cell"] + UNITS["deep_moments.residue"] * bits)
        cells, pairs = cells + held, pairs + square
    terms = saturated_binomial(2 * r + degree, 2 * r) * (degree / 8 + 1)
    moments = saturated_binomial(p + sizes.highest * degree, p) / sizes.parity
    bits, entries = law.moment_bits(sizes.highest * degree) + length * degree / 2, saturated_binomial(r + degree, r)
    seconds += (
        UNITS["deep_moments.direction"] * (weights + r) * sizes.sample_terms * (1 + length / 600)
        + UNITS["deep_moments.pair"] * sizes.sample_terms**2
    )
    seconds += terms * UNITS["deep_moments.cumulant"] * (1 + bits / 3000) + entries * degree / 2 * UNITS["deep_moments.read"]
    if isinstance(law, Rademacher):
        seconds /= 4  # most joint moments vanish: measured
    asked = min(moments * law.moment_seconds(sizes.highest * degree), BEYOND_REACH)
    return min(seconds, BEYOND_REACH), asked, (2 * cells / max(1, degree) + pairs / max(1, degree) + entries * degree / 3) * (80 + bits / 8)


def _long_product(bits: float) -> float:
    """What a product of two coefficients of this length takes, by one of short ones: rationals over a common denominator."""
    return 1 + bits / 22 + (bits / 170) ** 1.75


def _divisor(bits: float, averages: int) -> float:
    """What the greatest common divisors of denominators of this length take, in short contractions; one average has none of its own."""
    return (bits / 3500) ** 1.7 * averages / 2 if averages > 1 else 0.0


def _linear_start(problem: TeacherStudent, quantity: Quantity) -> Cost:
    if quantity.kind == "loss_variance":
        return Cost(UNITS["deep_moments.start"] / 3, 1e6, "loss(w_0) is a number")
    p, *widths = problem.sizes
    flops = 4.0 * p**3 + sum(2.0 * w.size * (p + widths[-1]) for w in problem.student) + 2.0 * p * p * sum(widths)
    flops /= 3 if quantity.kind in LOSSES else 1  # no gradient
    bits = (problem.depth + 1) * (1 + weight_bits(problem))
    entries = float(sum(w.size for w in problem.student) + p * p)
    seconds = flops * UNITS["deep_moments.multiplication"] * (1 + bits / 300) + entries * UNITS["deep_moments.entry"] * (1 + bits / 500)
    seconds += problem.inputs.moment_seconds(2) * (1 if problem.inputs.atom_count else entries) + 1e-6 * p * p
    basis = f"{as_count(flops)} products in matrices, {as_count(bits)} bits"
    return Cost(UNITS["deep_moments.start"] + seconds, 2e7 + entries * (200 + bits), basis)


def _many_inputs(problem: TeacherStudent, quantity: Quantity) -> Cost:
    """The network of at most 2 p_1 inputs, and what leads to it."""
    p, width = problem.sizes[:2]
    seen = many_inputs.seen_inputs(problem)
    sizes, length = _Sizes.of(problem, seen), weight_bits(problem)
    bits = 2 * length + problem.inputs.moment_bits(2)
    seconds, moments, memory = _last(problem, quantity, sizes, length, False)
    asked = sizes.in_sample(_last_order(sizes.highest, quantity))
    seconds = (seconds + moments) * (1 + width * bits / 300) + asked * UNITS["law.gaussian"]  # orthogonal directions have long numbers
    flops = 2.0 * p * p * width + 8.0 * p * width * width + 16.0 * width**3
    seconds += (flops + p * p) * UNITS["deep_moments.entry"] * (1 + bits / 300)
    basis = f"{seen} inputs in the place of {p}, {as_count(asked)} moments"
    return Cost(UNITS["deep_moments.start"] + min(seconds, BEYOND_REACH), 3e7 + memory + p * p * (200 + bits), basis)


def _is_far(problem: TeacherStudent, quantity: Quantity) -> bool:
    m = gradient_degree(problem.depth, activation_degree=problem.activation_degree)
    factor = 2 if quantity.kind != "trace_form" else sum(len(term.letters) for term in quantity.expression.terms)
    inputs = saturated_power(problem.activation_degree, problem.depth - 1)
    return saturated(2 * factor, inputs, saturated_power(m, quantity.step)) > _MOST_DEGREE or (m == 1 and quantity.step > 60)


def _values(problem: TeacherStudent, quantity: Quantity) -> float:
    """How many polynomials are averaged at once."""
    if quantity.kind == "trace_form":
        rows, columns = quantity.expression.shape(problem) or (1, 1)
        return float(rows * columns)
    entries = float(problem.student[(quantity.layer or 1) - 1].size)
    return {"variance": 2 + entries, "second_moment": 2.0, "mean": entries, "loss": 1.0, "loss_variance": 2.0}[quantity.kind]

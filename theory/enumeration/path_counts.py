"""What following every path will cost: paths x work on each, from sizes alone and with logarithms first.

With m the degree of the gradient in the weights, the length of the weights' integers is multiplied by m at every step; the probability
of a batch has b times the digits of an atom's. Seconds were measured on one core.
"""

from __future__ import annotations

import math

from theory.activations import Activation
from theory.budget import BEYOND_REACH, Budget, Cost, as_count, as_power_of_ten, refuse_large, saturated
from theory.budget.unit_costs import UNITS
from theory.degrees import gradient_degree
from theory.enumeration.batches import Urn
from theory.enumeration.path_limits import SECONDS_PER_PATH, PathCost
from theory.exact import Number
from theory.problem import TeacherStudent

#: Of a number of paths that is told, and of batch sizes through which a polynomial is laid.
MOST_DIGITS, MOST_UNKNOWNS = 10_000, 10_000
_LONGEST = Budget(seconds=math.inf, bytes=MOST_DIGITS, name=f"{MOST_DIGITS:,} digits")
#: Of the numbers in ball arithmetic.
BALL_BITS = 256
#: Batches of one step that are kept in memory; more are listed anew whenever they are needed.
KEPT = 10_000
#: Digits of a number of paths that is looked at closer.
_MOST_PATH_DIGITS = 15
#: Weights that have not grown after so many doublings of their length do not grow.
_SETTLED = 1000


def count_paths(urn: Urn, b: int, batches: int, literal: bool) -> int:
    """How many there are; UnaffordableError, before it is formed, for a number of more than MOST_DIGITS digits."""
    if (magnitude := saturated(batches) * urn.log10_batches(b, literal)) > MOST_DIGITS:
        name = "batch_size" if urn.log10_batches(b, literal) > MOST_DIGITS else "step"
        cost = Cost(1e-10 * magnitude**1.6, magnitude, f"at least {as_power_of_ten(magnitude)}")
        refuse_large(name, "to write the number of paths out", cost, f"a smaller {name}", _LONGEST)
    return urn.batch_count(b, literal) ** batches


def path_cost(problem: TeacherStudent, urn: Urn, b: int, step: int, batches: int, literal: bool, merged: bool = True) -> PathCost:
    """Of following all paths of so many batches, drawn from the atoms of the law; equal weights are `merged`, or every path is followed."""
    b = b if batches else 1  # none is drawn
    magnitude = saturated(batches) * urn.log10_batches(b, literal)
    if magnitude > _MOST_PATH_DIGITS:
        return PathCost.beyond_reach(f"{as_power_of_ten(magnitude)} paths")
    per_step = urn.batch_count(b, literal)
    before = urn.batch_count(b, False) if merged else per_step  # orders of draws lead to the same weights
    followed = before ** (batches - 1) * per_step if batches else 1
    return _cost(*_work(problem, urn, b, step, followed, literal), per_step**batches)


def interpolation_cost(problem: TeacherStudent, urn: Urn, sizes: range, step: int, batches: int) -> PathCost:
    """Of all these batch sizes together, and of the system of linear equations that they give."""
    unknowns = sizes.stop - sizes.start  # len() of a range ends at 2^63
    largest = path_cost(problem, urn, sizes[-1], step, batches, False)
    if unknowns > MOST_UNKNOWNS or largest.seconds >= BEYOND_REACH:
        magnitude = math.log10(unknowns) + saturated(batches) * urn.log10_batches(sizes[-1], False)
        return PathCost.beyond_reach(f"up to {as_power_of_ten(magnitude)} paths, {as_count(unknowns)} batch sizes")
    paths = sum(urn.batch_count(b, False) ** batches for b in sizes)
    system = unknowns**3 * operation_seconds(unknowns * math.log2(unknowns + 1)) / 3
    seconds, held = _work(problem, urn, sizes[-1], step, paths, False)
    return _cost(seconds + system, held + 100.0 * unknowns**2, paths)


def _cost(seconds: float, size: float, paths: int) -> PathCost:
    short = seconds / SECONDS_PER_PATH
    basis = f"{as_count(paths)} paths" + (f" of long numbers, as much work as {as_count(short)} short ones" if short > 2 * paths else "")
    return PathCost(seconds, size, basis, paths)


def _work(problem: TeacherStudent, urn: Urn, b: int, step: int, paths: int, literal: bool) -> tuple[float, float]:
    """Seconds on all paths: sums over the drawn atoms of every batch, the gradients at all atoms, the probabilities; and the bytes of the
    weights before the last batch and of the batches of one step, as far as they are kept."""
    parameters = sum(w.size for w in problem.student)
    weights, chance = weight_bits(problem, step), chance_bits(problem, b) * (step + 1)
    drawn = b if literal else min(b, urn.atoms)
    sums = saturated(paths, parameters, drawn) * operation_seconds(weights)
    per_step = urn.batch_count(b, literal)
    nodes = max(1.0, paths / per_step) * (1 + 1 / max(1, per_step - 1) if per_step > 1 else step + 1)
    gradient = UNITS["enumeration.gradient"] + 4 * parameters * operation_seconds(weights) + _powers_seconds(problem, weights)
    gradients = nodes * urn.atoms * gradient
    total = paths * (parameters + 4) * operation_seconds(2 * weights + chance)
    draws = saturated(nodes, per_step, drawn, problem.depth) * UNITS["enumeration.draw"] if literal else 0.0
    held = nodes * (500 * problem.depth + parameters * (250 + weights / 4)) + saturated(min(per_step, KEPT), drawn, 150)
    return 1e-3 + sums + gradients + total + draws + paths * UNITS["enumeration.path"], 1e6 + held


def _powers_seconds(problem: TeacherStudent, weights: float) -> float:
    """The powers of the last hidden layer's pre-activations in one gradient: D for each unit, as long as the gradient itself at the end."""
    if not problem.is_polynomial or problem.activation_degree == 1:
        return 0.0
    degree = problem.activation_degree
    bits = saturated(gradient_degree(problem.depth, activation_degree=degree), weights)
    return 5e-9 * bits * math.sqrt(1 + bits / 1e7) * degree * sum(problem.sizes[1:-1])


def _gained_bits(problem: TeacherStudent, degree: int, sigma: float, inputs: float) -> float:
    """What a gradient adds to m times the weights' bits: twice, for delta and for z, those of the activation's coefficients, which pass
    through the activations after them, and of the inputs, which pass through all."""
    through = [degree**k for k in range(problem.depth)]
    return 2 * (sum(through[:-1]) * sigma + through[-1] * inputs) + math.log2(max(problem.sizes))


def operation_seconds(bits: float) -> float:
    """A rational operation in an object array: mostly the greatest common divisor."""
    return UNITS["enumeration.number"] + UNITS["enumeration.bit"] * bits * math.sqrt(1 + bits / 3e4)


def weight_bits(problem: TeacherStudent, step: int) -> float:
    """Typical length of the integers of w_step; nothing is assumed to cancel. Stops where it is endless."""
    rows, labels, _ = problem.labelled_atoms() or ((), None, ())
    inputs = max((_length(x) for row in rows[:64] for x in row), default=0.0)
    weights = max(_length(x) for w in problem.networks for x in w.ravel()[:256].tolist())
    weights = max([weights, *(_length(x) for row in (labels or ())[:64] for x in row)])
    if isinstance(problem.activation, Activation):
        if not problem.activation.is_piecewise_linear:
            return BALL_BITS
        sigma, degree = max(map(_length, problem.activation.slopes)), 1
    else:
        sigma, degree = 0.0 if problem.is_linear else max(map(_length, problem.activation)), problem.activation_degree
    m = gradient_degree(problem.depth, activation_degree=degree)
    gained = _gained_bits(problem, degree, sigma, inputs)
    if m == 1:
        rate = max((_length(problem.learning_rate(s)) for s in {0, step // 2, step - 1} if 0 <= s < step), default=0.0)
        return weights + step * (gained + rate)
    for s in range(min(step, _SETTLED)):
        weights = m * weights + gained + _length(problem.learning_rate(s))
        if weights > BEYOND_REACH:
            break
    return weights


def chance_bits(problem: TeacherStudent, b: int) -> float:
    """Length of the probability of a batch of b draws, no factors cancelling."""
    law = problem.inputs.support()
    longest = max((_length(q) for q in law[1][:256] if q != 1), default=0.0) if law else 0.0
    return saturated(b) * longest


def _length(number: Number) -> float:
    """Bits of numerator and denominator together; 0 and 1 are none."""
    p, q = number.as_integer_ratio()
    return math.log2(max(1, abs(p))) + math.log2(q)

"""var(g_1) of one linear network as the value of the certificate's forms: which polynomials its gradient has for coefficients.

The first batch enters as S_0 with the unknowns tau (p = 1) or tau, u, v (p = 2) of `batch_invariants`; an entry of g_{1,k} is then
tr(C S_1), and its parts tr C, C_11 - C_22 and 2 C_12 are its values at S_1 = I, diag(1, -1) and [[0, 1], [1, 0]].
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from math import comb, isqrt

from flint import Ordering, fmpq, fmpq_mpoly, fmpq_mpoly_ctx, fmpq_poly

from theory.arithmetic.rows import RowMatrix, Rows
from theory.backpropagation import end_to_end, linear_gradients
from theory.budget import CannotError
from theory.claims.record import Evidence, tabulated
from theory.claims.variance_decreasing.certificates import TRACE, TRACELESS, certificate, forms
from theory.claims.variance_decreasing.second_values import second_values
from theory.exact import to_fmpq, to_fraction
from theory.inputs import Gaussian
from theory.inverse_batch import InverseBatchPolynomial
from theory.problem import TeacherStudent

#: S_1 in whose directions an entry tr(C S_1) is taken, by the part of C that this gives.
DIRECTIONS = {
    1: {TRACE: [[[1]]]},
    2: {TRACE: [[[1, 0], [0, 1]]], TRACELESS: [[[1, 0], [0, -1]], [[0, 1], [1, 0]]]},
}
#: Coefficients of tau^i rho^j, by frequency and by whether they belong to Re z^m or to Im z^m.
Coefficients = dict[tuple[int, str], dict[tuple[int, int], fmpq]]


@dataclass(frozen=True)
class OneStep:
    """A linear network with one or two Gaussian inputs, the gradient of `layer` after one step, and batch sizes to compare at."""

    name: str
    problem: TeacherStudent
    layer: int
    batch_sizes: tuple[int, ...] = (1, 2, 3, 5)

    @property
    def step(self) -> int:
        """t = 1."""
        return 1

    def evidence(self) -> Evidence:
        """The certificate covers the network, and its forms have the second route's values at the network's coefficients."""
        proved = certificate(self.problem.inputs.dimension, self.problem.depth).decreasing_from
        v = variance_by_forms(self.problem, self.layer)
        falls = v.decreasing_from()
        left = [Fraction(v(b)) for b in self.batch_sizes]
        route, right = second_values(self.problem, 1, self.layer, self.batch_sizes)
        return Evidence(
            statement=rf"the variance decreases on \(b = {proved}, {(proved or 0) + 1}, \ldots\)",
            instance=self.name,
            left_route="the certificate's forms at the network's coefficients",
            left=tabulated("b", self.batch_sizes, left),
            right_route=route,
            right=tabulated("b", self.batch_sizes, right),
            holds=left == right and proved is not None and falls is not None and falls <= proved,
            difference=max(abs(x - y) for x, y in zip(left, right, strict=True)),
        )


def variance_by_forms(problem: TeacherStudent, layer: int) -> InverseBatchPolynomial:
    """var(g_{1,layer}) of a linear network with p = 1 or 2 Gaussian inputs: the forms of `certificates`, at its coefficients."""
    total = fmpq_poly([0])
    for part, polynomial in entries(problem, layer):
        for (m, _), coefficients in in_blocks(polynomial).items():
            monomials = tuple(coefficients)
            form = forms(problem.inputs.dimension, m, monomials)[part == TRACELESS]
            half = fmpq(1, 2) if m else fmpq(1)  # the mean square of cos and of sin
            for x, row in zip(monomials, form, strict=True):
                for y, entry in zip(monomials, row, strict=True):
                    total += half * coefficients[x] * coefficients[y] * fmpq_poly(entry.coeffs())
    return InverseBatchPolynomial([to_fraction(c) for c in total.coeffs()])


def entries(problem: TeacherStudent, layer: int) -> Iterator[tuple[str, fmpq_mpoly]]:
    """The parts of C for every entry of g_{1,layer}, polynomials in tau, u, v.

    Raises CannotError for what is not linear with one or two centred Gaussian inputs, and where the determinant of their covariance has
    no rational root.
    """
    p = problem.inputs.dimension
    if not (problem.is_linear and problem.inputs.is_centred_gaussian and p <= 2):
        raise CannotError(f"the forms are those of linear networks with one or two centred Gaussian inputs, not of {problem}")
    context = fmpq_mpoly_ctx.get(["tau", "u", "v"], Ordering.lex)

    def over(rows: Rows) -> RowMatrix:
        return RowMatrix([[context.constant(to_fmpq(x)) for x in row] for row in rows])

    tau, u, v = context.gens()
    covariance = [[to_fmpq(x) for x in row] for row in problem.inputs.second_moment.tolist()]
    first = coloured([[tau]] if p == 1 else [[(tau + u) / 2, v / 2], [v / 2, (tau - u) / 2]], covariance)
    weights, target = [over(w.tolist()) for w in problem.student], end_to_end([over(w.tolist()) for w in problem.teacher_weights])
    error = (end_to_end(weights) - target) @ first
    moved = problem.optimizer.step(weights, linear_gradients(weights, error), to_fmpq(problem.learning_rate(0)))
    left = end_to_end(moved) - target
    for part, directions in DIRECTIONS[p].items():
        for direction in directions:
            gradient = linear_gradients(moved, left @ coloured(direction, covariance))
            yield from ((part, entry) for row in gradient[layer - 1].rows for entry in row)


def coloured(s: Rows, covariance: Rows) -> RowMatrix:
    """L S L^T with L L^T = Sigma: the batch of inputs of this covariance that are L times standard ones.

    With Sigma = M diag(d_1, d_2) M^T, M unit lower triangular, only the product of the roots of d_1 and d_2 enters: that of det Sigma.
    """
    if len(s) == 1:
        return RowMatrix(s) * covariance[0][0]
    (d, below), (_, corner) = covariance
    slope = below / d if d else fmpq(0)
    last = corner - slope * below
    determinant = d * last
    root = fmpq(isqrt(int(determinant.p)), isqrt(int(determinant.q)))
    if root**2 != determinant:
        raise CannotError(f"the determinant of the covariance must be the square of a rational number, but was {determinant}")
    lower = RowMatrix([[fmpq(1), fmpq(0)], [slope, fmpq(1)]])
    return lower @ RowMatrix([[s[0][0] * d, s[0][1] * root], [s[1][0] * root, s[1][1] * last]]) @ lower.T


def in_blocks(polynomial: fmpq_mpoly) -> Coefficients:
    """A polynomial in tau, u, v as a sum of c tau^i rho^j Re z^m and c tau^i rho^j Im z^m, z = u + i v.

    u^j v^k = (z + z')^j (z - z')^k / (2^(j+k) i^k), z' the conjugate; of z^a z'^b, a > b, and its mirror image with the sign (-1)^k
    remains 2 rho^b Re z^(a-b) for even k and 2 i rho^b Im z^(a-b) for odd k.
    """
    found: Coefficients = defaultdict(lambda: defaultdict(fmpq))
    for (i, j, k), c in polynomial.to_dict().items():
        j, k = int(j), int(k)
        scale = c * fmpq((-1) ** (k // 2), 2 ** (j + k))
        for b in range((j + k) // 2 + 1):
            a = j + k - b
            times = sum((-1) ** n * comb(k, n) * comb(j, b - n) for n in range(min(k, b) + 1) if b - n <= j)
            if times:
                found[a - b, "Im" if k % 2 else "Re"][int(i), b] += scale * times * (2 if a > b else 1)
    return found


def one_input(depth: int) -> OneStep:
    """One unit in each of `depth` layers, alternating signs, a long step."""
    student = [[[Fraction((-1) ** k * (k + 2), 3)]] for k in range(depth)]
    problem = TeacherStudent(student, [[[1]]] * depth, Gaussian(1), learning_rates=Fraction(1, 2))
    return OneStep(f"{depth} linear layers of one unit, x ~ N(0, 1), alpha = 1/2, layer 1", problem, 1)


def wide_network() -> OneStep:
    """Sizes 1-3-2."""
    student = [[[1], [Fraction(1, 2)], [-1]], [[1, 0, 2], [Fraction(1, 3), 1, 1]]]
    problem = TeacherStudent(student, [[[1], [1], [0]], [[0, 1, 0], [2, 0, 1]]], Gaussian(1), learning_rates=Fraction(1, 4))
    return OneStep("sizes 1-3-2, x ~ N(0, 1), alpha = 1/4, layer 2", problem, 2)


def two_inputs() -> OneStep:
    """Sizes 2-2-1, correlated inputs."""
    law, rate = Gaussian(cov=[[2, 1], [1, 1]]), Fraction(1, 4)
    problem = TeacherStudent([[[1, Fraction(1, 2)], [-1, 1]], [[1, 2]]], [[[0, 1], [1, 1]], [[1, -1]]], law, rate)
    return OneStep("sizes 2-2-1, x ~ N(0, Sigma), alpha = 1/4, layer 1", problem, 1)

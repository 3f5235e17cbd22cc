"""The front of linear regression: what is asked for, what it costs, and the numbers."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from fractions import Fraction

from flint import fmpq, fmpq_mat, fmpq_poly

from theory.budget import Budget, CannotError, Cost, as_count
from theory.exact import (
    MatrixLike,
    Number,
    NumberLike,
    as_flag,
    as_index,
    as_number,
    as_rows,
    as_sequence,
    shown,
    spelled,
    to_fmpq,
)
from theory.inputs import InputLaw, as_law
from theory.inverse_batch import InverseBatchPolynomial
from theory.linear_regression import cost
from theory.linear_regression.draws import Draws
from theory.linear_regression.moments import Moments
from theory.linear_regression.operators import Operators
from theory.linear_regression.recursions import coefficients
from theory.linear_regression.stationarity import is_stable, largest_stable_rate
from theory.linear_regression.values import Stationary, Trajectory, stationary, trajectory
from theory.optimizers import SGD, LearningRates, as_learning_rates, as_optimizer, rates_before


class LinearRegression:
    """w^T x fitted to labels y by SGD from w_0, on n samples or on a population; see the module.

    Args:
        X: (n, p), n samples; a column of ones is an intercept. Numbers as everywhere: exact ones stay exact, floats are binary rationals.
        y: (n,), any labels.
        w0: (p,), the initial weights.
        learning_rates: alpha_0, alpha_1, ...; or one number for every step; or a function t -> alpha_t. Not negative.
        replacement: whether a batch is drawn with replacement; without, b is at most n, and each batch is a fresh subset.
        optimizer: SGD(momentum=, dampening=, nesterov=, weight_decay=), in torch's conventions; g_t stays the gradient of the loss alone.

    Raises TypeError and ValueError, naming the argument. Cost of making it: n p^4 / 4 products of integers.
    """

    def __init__(
        self,
        X: MatrixLike,
        y: Iterable[NumberLike],
        w0: Iterable[NumberLike],
        learning_rates: NumberLike | Iterable[NumberLike] | Callable[[int], NumberLike],
        replacement: bool = False,
        optimizer: SGD | None = None,
        *,
        budget: Budget | None = None,
    ) -> None:
        x = as_rows(X, "X")
        labels = as_rows(y, "y")
        if labels.shape != (len(x), 1):
            raise ValueError(f"y must have one number for each of the {len(x)} rows of X, but had shape {labels.shape}")
        Budget.of(budget).require(cost.of_moments(*x.shape), "the moments of the data", ("fewer columns", "a sample of the rows"))
        self._set(x.shape[1], w0, learning_rates, optimizer)
        self._draws = Draws(len(x), as_flag(replacement, "replacement"))
        self._moments = Moments.of_data(x, labels[:, 0])

    @classmethod
    def population(
        cls,
        law: InputLaw,
        w_star: Iterable[NumberLike],
        w0: Iterable[NumberLike],
        learning_rates: NumberLike | Iterable[NumberLike] | Callable[[int], NumberLike],
        noise: NumberLike = 0,
        optimizer: SGD | None = None,
        *,
        budget: Budget | None = None,
    ) -> LinearRegression:
        """y = x^T w* + xi with xi independent of x, of mean 0 and variance `noise`; every batch is b new samples.

        L(w) = 1/2 E (x^T w - y)^2 includes the noise: it tends to noise / 2 or more. Any law with fourth moments.
        """
        inputs = as_law(law, "law")
        if inputs.targets is not None:
            raise ValueError(f"law must have no targets of its own (LinearRegression(X, y, ...) learns those), but was {shown(law)}")
        if (reason := inputs.missing_moments_reason(4)) is not None:
            raise ValueError(f"law must have fourth moments: {reason}")
        p = inputs.dimension
        variance = as_number(noise, "noise", text=True)
        if variance < 0:
            raise ValueError(f"noise must be a variance, not negative, but was {shown(noise)}")
        Budget.of(budget).require(cost.of_law(inputs), "the fourth moments of the inputs", ("fewer coordinates",))
        self = cls.__new__(cls)
        self._set(p, w0, learning_rates, optimizer)
        self._draws = Draws(None, True)
        self._moments = Moments.of_population(inputs, _vector(w_star, "w_star", p), to_fmpq(variance))
        return self

    def _set(self, p: int, w0: object, learning_rates: object, optimizer: SGD | None) -> None:
        self.dimension = p
        self._w0 = _vector(w0, "w0", p)
        self.learning_rates: LearningRates = as_learning_rates(learning_rates)
        self.optimizer = SGD() if optimizer is None else as_optimizer(optimizer)

    def __repr__(self) -> str:
        return f"<LinearRegression: p = {self.dimension}, {self._draws}, {self.optimizer}>"

    # -- every batch size at once -----------------------------------------------------------------------------------------------------

    def variance_polynomial(self, step: int, *, budget: Budget | None = None) -> InverseBatchPolynomial:
        """var(g_step | w_0), of degree step + 1 in 1/b; without replacement it is 0 at b = n and holds for b <= n.

        Exact. Cost: step^2 / 2 products with matrices of order p^2 / 2, of numbers whose length grows with the step.
        """
        operators, columns = self._columns(step, budget)
        noise = fmpq_poly((operators.sample_noise * columns).entries())
        return self._draws.in_inverse_batch(_spread(operators, columns) + noise.left_shift(1), step + 1)

    def full_gradient_variance_polynomial(self, step: int, *, budget: Budget | None = None) -> InverseBatchPolynomial:
        """var(grad L(w_step) | w_0), of degree step in 1/b. Exact; the cost is that of `variance_polynomial`."""
        return self._draws.in_inverse_batch(_spread(*self._columns(step, budget)), step)

    def loss_polynomial(self, step: int, *, budget: Budget | None = None) -> InverseBatchPolynomial:
        """E[L(w_step) | w_0], of degree step in 1/b. Exact; the cost is that of `variance_polynomial`."""
        operators, columns = self._columns(step, budget)
        return self._draws.in_inverse_batch(fmpq_poly((operators.loss * columns).entries()), step)

    # -- one batch size ---------------------------------------------------------------------------------------------------------------

    def trajectory(self, steps: int, batch_size: int, *, budget: Budget | None = None) -> Trajectory:
        """var(g_t), var(grad L(w_t)) and E L(w_t) at t = 0, ..., steps and one batch size.

        By balls whose precision is doubled until every value is known to a double. Raises RangeError where it is beyond the doubles. Cost:
        `steps` products of a matrix of order p^2 / 2 (2 p^2 with momentum) with a vector; n = 500 and p = 7 take a second for 2,000 steps.
        """
        t, b = as_index(steps, "steps"), self._draws.check(batch_size)
        Budget.of(budget).require(self.trajectory_cost(t), f"{as_count(t)} steps", ("fewer steps", "fewer columns"))
        operators = Operators(self._moments, self.optimizer)
        return trajectory(operators, operators.start(self._w0), self._rates(t), self._draws.scale(b), b)

    def variance(self, step: int, batch_size: int, *, budget: Budget | None = None) -> float:
        """var(g_step | w_0) at one batch size, within one unit in the last place; see `trajectory`."""
        return float(self.trajectory(as_index(step, "step"), batch_size, budget=budget).variance[-1])

    def full_gradient_variance(self, step: int, batch_size: int, *, budget: Budget | None = None) -> float:
        """var(grad L(w_step) | w_0), as `variance`."""
        return float(self.trajectory(as_index(step, "step"), batch_size, budget=budget).full_gradient_variance[-1])

    def loss(self, step: int, batch_size: int, *, budget: Budget | None = None) -> float:
        """E[L(w_step) | w_0], as `variance`."""
        return float(self.trajectory(as_index(step, "step"), batch_size, budget=budget).loss[-1])

    # -- infinite time ----------------------------------------------------------------------------------------------------------------

    def stationary(self, batch_size: int, *, budget: Budget | None = None) -> Stationary:
        """The limits as t -> infinity at the constant learning rate, from any w_0: exact, by one linear system of order p^2 / 2.

        Raises ValueError where the rate varies, where it is not stable at this batch size, or where the columns of X are dependent.
        """
        b = self._draws.check(batch_size)
        if not isinstance(self.learning_rates, Fraction | float):
            raise ValueError("learning_rates must be one number for every step: only a constant rate has a limit that is computed")
        operators, c, rate = self._operators(budget), self._draws.scale(b), to_fmpq(self.learning_rates)
        if not is_stable(operators, rate, c):
            raise ValueError(f"learning_rates must be stable at batch_size = {b}, but {spelled(self.learning_rates)} is not")
        return stationary(operators, rate, c, b)

    def largest_stable_rate(self, batch_size: int, *, budget: Budget | None = None) -> tuple[Fraction, Fraction]:
        """(low, high) around the supremum of the stable constant learning rates: low is stable, high not.

        At a stable rate E||w_t||^2 stays bounded and w_0 is forgotten, whatever w_0: var(g_t) may vanish at other rates, as at b = n.
        Both are decided exactly; high / low - 1 is below 3e-12. CannotError for all but plain SGD, whose stable rates need not
        be an interval (`stationary` decides one rate). Raises ValueError where the columns of X are dependent.
        """
        b = self._draws.check(batch_size)
        if not self.optimizer.is_plain:
            raise CannotError(f"optimizer must be plain SGD here (`stationary` decides one rate of any), but was {self.optimizer}")
        operators, halving = self._operators(budget), cost.of_halving(self._size, self._bits)
        alternatives = ("columns that are further from dependent", "fewer columns")
        return largest_stable_rate(
            operators, self._draws.scale(b), lambda: Budget.of(budget).require(halving, "the largest stable rate, by halving", alternatives)
        )

    def _operators(self, budget: Budget | None) -> Operators:
        """For the questions about infinite time."""
        Budget.of(budget).require(self.limit_cost(), "the limit", ("fewer columns", "a long trajectory"))
        if self._moments.inputs.rank() < self.dimension:
            raise ValueError("the columns of X must be linearly independent: what no sample sees never moves, and has no limit of its own")
        return Operators(self._moments, self.optimizer)

    # -- what it costs ----------------------------------------------------------------------------------------------------------------

    def polynomial_cost(self, step: int) -> Cost:
        """Predicted for each of the three polynomials."""
        return cost.of_polynomial(self._size, as_index(step, "step"), self._bits)

    def trajectory_cost(self, steps: int) -> Cost:
        """Predicted for `trajectory`, and for a value at this step."""
        return cost.of_trajectory(self._size, as_index(steps, "steps"), isinstance(self.learning_rates, Fraction | float))

    def limit_cost(self) -> Cost:
        """Predicted for `stationary` and `largest_stable_rate`; this takes about 50 times as long where doubles do not reach it."""
        return cost.of_limit(self._size, self._bits)

    # -- inside -----------------------------------------------------------------------------------------------------------------------

    @property
    def _size(self) -> int:
        """Of the state."""
        return (2 if self.optimizer.has_buffer else 1) * self.dimension + 1

    def _columns(self, step: int, budget: Budget | None) -> tuple[Operators, fmpq_mat]:
        t = as_index(step, "step")
        alternatives = ("a smaller step", "one batch size: variance(step, batch_size)")
        Budget.of(budget).require(self.polynomial_cost(t), f"the polynomial at t = {as_count(t)}", alternatives)
        operators = Operators(self._moments, self.optimizer)
        return operators, coefficients(operators, operators.start(self._w0), self._rates(t))

    def _rates(self, steps: int) -> list[fmpq]:
        return [to_fmpq(a) for a in rates_before(self.learning_rates, steps)]

    @property
    def _bits(self) -> float:
        return cost.bits(self._moments.second.entries())


def _spread(operators: Operators, columns: fmpq_mat) -> fmpq_poly:
    """var(grad L(w_t)) in c: what D makes of the squared gradient, without the mean's part."""
    of_mean = fmpq_poly((operators.gradient_square * columns).entries())
    return of_mean - of_mean[0]


def _vector(value: object, name: str, p: int) -> list[fmpq]:
    numbers: list[Number] = [as_number(x, f"{name}[{i}]", text=True) for i, x in enumerate(as_sequence(value, name))]
    if len(numbers) != p:
        raise ValueError(f"{name} must have one number for each of the {p} columns of the inputs, but had {len(numbers)}")
    return [to_fmpq(x) for x in numbers]

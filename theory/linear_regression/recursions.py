"""The two ways through the steps: coefficients in c, in rationals, and values at one c, in balls.

The covariance of the state is D = sum_{k >= 1} c^k D_k with D'_k = A D_k A^T + Q N(D_{k-1}) Q^T, D_0 := m m^T. Both maps take positive
semidefinite matrices to such, N(M) being an average of covariances. So every D_k is positive semidefinite, and var(g), var(grad L) and the
loss, traces of products of such matrices beyond their constant terms, have coefficients in c that are not negative.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from flint import arb, arb_mat, fmpq, fmpq_mat

from theory.linear_regression.operators import Operators, Quadratic, outer

Rates = Sequence[fmpq]


class Steps:
    """The maps of every step, each made once for each learning rate."""

    def __init__(self, operators: Operators, rates: Rates) -> None:
        self._operators, self._rates = operators, rates
        self._quadratics: dict[bool, tuple[Quadratic, Quadratic]] = {}

    def __iter__(self) -> Iterator[tuple[fmpq_mat, fmpq_mat, fmpq_mat, bool]]:
        """A, M -> A M A^T, M -> Q N(M) Q^T, and whether they are those of the step before."""
        last: tuple[fmpq, bool] | None = None
        drift = kept = noise = fmpq_mat(0, 0)
        for t, rate in enumerate(self._rates):
            is_first = t == 0 and self._operators.optimizer.has_buffer
            is_new = (rate, is_first) != last
            if is_new:
                last = (rate, is_first)
                of_kept, of_noise = self._of(is_first)
                drift, kept, noise = self._operators.drift(rate, is_first), of_kept(rate), of_noise(rate)
            yield drift, kept, noise, not is_new

    def _of(self, is_first: bool) -> tuple[Quadratic, Quadratic]:
        if is_first not in self._quadratics:
            self._quadratics[is_first] = self._operators.kept(is_first), self._operators.noise(is_first)
        return self._quadratics[is_first]


def coefficients(operators: Operators, start: fmpq_mat, rates: Rates) -> fmpq_mat:
    """The columns m m^T, D_1, ..., D_t after these steps: the second moment of the state is their sum, weighted with 1, c, ..., c^t."""
    mean = start
    columns = outer(mean)
    for drift, kept, noise, _ in Steps(operators, rates):
        mean = drift * mean
        moved, gained = kept * columns, noise * columns
        rows, count = columns.nrows(), columns.ncols()
        first = outer(mean)
        columns = fmpq_mat(
            rows,
            count + 1,
            [
                (first[i, 0] if k == 0 else gained[i, k - 1] + moved[i, k] if k < count else gained[i, k - 1])
                for i in range(rows)
                for k in range(count + 1)
            ],
        )
    return columns


def balls(operators: Operators, start: fmpq_mat, rates: Rates, c: fmpq, seen: Callable[[arb_mat, arb_mat], None]) -> None:
    """Shows m m^T and D at every step, t = 0, ..., len(rates), in the precision that is set."""
    mean, scale = arb_mat(start), arb(c)
    spread = arb_mat(outer(start)) * 0
    seen(_outer(mean), spread)
    ball_drift = ball_kept = ball_noise = arb_mat(0, 0)
    for drift, kept, noise, is_same in Steps(operators, rates):
        if not is_same:
            ball_drift, ball_kept, ball_noise = arb_mat(drift), arb_mat(kept + noise * c), arb_mat(noise) * scale
        spread = ball_kept * spread + ball_noise * _outer(mean)
        mean = ball_drift * mean
        seen(_outer(mean), spread)


def _outer(m: arb_mat) -> arb_mat:
    entries = [row[0] for row in m.tolist()]
    return arb_mat([[entries[i] * entries[j]] for i in range(len(entries)) for j in range(i, len(entries))])

"""Checks beside figure 1: a scalar network whose exact variance no simulation sees, batches that no run meets, and runs that diverge."""

from __future__ import annotations

from fractions import Fraction as F
from typing import TYPE_CHECKING, Any

import numpy as np

from theory import Gaussian, TeacherStudent
from theory.exact import to_float

if TYPE_CHECKING:
    from xarray import Dataset

SCALAR_SIZES = (1, 2, 4, 8)


def scalar_problem() -> TeacherStudent:
    """w = (1/2, -2/3), w* = 3/4, one Gaussian input, alpha = 1/10."""
    return TeacherStudent([[[F(1, 2)]], [[F(-2, 3)]]], [[[F(3, 4)]], [[1]]], Gaussian(1), learning_rates=F(1, 10))


def scalar_example(replicas: int, steps: int, seed: int) -> dict[str, Any]:
    """var(g_{t,1}) exactly, and as simulated with a standard error that knows of nothing amiss."""
    from empirics import simulate
    from reports.text.numbers import decimal, signed
    from theory import variance_poly

    problem = scalar_problem()
    run = simulate(problem, batch_sizes=SCALAR_SIZES, steps=steps, replicas=replicas, seed=seed, device="cpu", workers=1)
    rows, degree = [], 0
    for step in range(steps):
        v = variance_poly.variance_polynomial(problem, step, 1)
        degree = v.degree
        for b in SCALAR_SIZES:
            at = run.sel(step=step, layer=1, batch_size=b)
            exact, got, se = float(v(b)), float(at.var_gradient), float(at.var_gradient_se)
            sampled = step > 0 and se > 0
            rows.append(
                {
                    "step": step,
                    "b": b,
                    "degree": v.degree,
                    "exact": decimal(exact, 4),
                    "simulated": decimal(got, 4),
                    "error": f"{se:.1g}" if sampled else "0",
                    "z": signed((got - exact) / se) if sampled else "–",
                    "off": sampled and abs(got - exact) > 6 * se,
                }
            )
    return {
        "rows": rows,
        "replicas": f"{replicas:,}",
        "degree": degree,
        "step": steps - 1,
        "estimator": run.var_gradient.attrs["estimator"],
        "diverged": f"{float(run.diverged.max()):g}",
    }


def normal_weights(seed: int) -> TeacherStudent:
    """Figure 1's problem with weights and teacher from N(0, 1/fan_in)."""
    draw = np.random.default_rng(seed)
    student, teacher = ([draw.normal(size=(n, m)) / m**0.5 for m, n in ((64, 256), (256, 128))] for _ in range(2))
    return TeacherStudent(student, teacher, Gaussian(64), learning_rates=lambda t: F(1, 10 * (t + 1)))


def divergence(problem: TeacherStudent, batch_sizes: tuple[int, ...], replicas: int, seed: int, steps: int = 60) -> dict[str, Any]:
    """What becomes of runs: the fraction that has diverged, and by which step."""
    from empirics import simulate

    run = simulate(problem, batch_sizes=batch_sizes, steps=steps, replicas=replicas, estimator="naive", seed=seed, device="cpu", workers=1)
    found = []
    for b in run.batch_size.values.tolist():
        lost = run.diverged.sel(batch_size=b).values
        all_by = int(np.argmax(lost >= 1)) if lost[-1] >= 1 else None
        found.append({"b": b, "lost": f"{lost[-1]:.3g}", "everyone": lost[-1] >= 1, "all_by": all_by})
    return {"found": found, "replicas": replicas, "steps": steps}


def rare_batches(data: Dataset, steps: int = 12) -> list[dict[str, Any]]:
    r"""For random signs: from which step the variance is carried by batches that nobody sees, by a lower bound.

    A_x: every sample of the batches 0, ..., t-1 is x or -x. Then S_s = x x^T in each, w_t is a fixed point w(x), and
    P(A_x) = q = 2^(-(p-1) b t). For two such x, with f the full gradient,

        var(g_t) >= var(f_t) >= (q / 2) ||f(w(x)) - f(w(x'))||^2 >= (q / 2) (||f(w(x))|| - ||f(w(x'))||)^2.

    Here x and x' are the signs of the first and last right singular vectors of W_2 W_1 - W*_2 W*_1. Extended precision; for every b the
    first step at which the bound exceeds the simulated variance, or why there is none: "short", the data end before; "diverged", there
    is no simulated variance; "numbers", the norms outgrow the precision before.
    """
    from empirics import synthetic

    problem = synthetic("rademacher")
    p = problem.sizes[0]
    paths = [_log_norms(problem, x, steps) for x in _extreme_signs(problem)]
    found = []
    for b in data.batch_size.values.tolist():
        row: dict[str, Any] = {"b": b, "iteration": None, "bound": None, "why": "numbers"}
        for t, (high, low) in enumerate(zip(*paths, strict=False)):
            if t >= len(data.step):
                row["why"] = "short"
                break
            simulated = float(data.var_gradient.sel(step=t, layer=1, batch_size=b))
            if not np.isfinite(simulated):
                row["why"] = "diverged"
                break
            bound = 2 * high - 0.1 - ((p - 1) * b * t + 1) * np.log10(2)  # (1 - 1/10)^2 > 10^-0.1
            if t > 0 and high >= low + 1 and bound > np.log10(simulated):
                row |= {"iteration": t + 1, "bound": int(bound), "why": None}
                break
        found.append(row)
    return found


def _extreme_signs(problem: TeacherStudent) -> list[np.ndarray]:
    (w1, w2), (v1, v2) = ([to_float(w) for w in pair] for pair in (problem.student, problem.teacher_weights))
    rows = np.linalg.svd(w2 @ w1 - v2 @ v1)[2]
    return [np.where(row >= 0, 1, -1) for row in (rows[0], rows[-1])]


def _log_norms(problem: TeacherStudent, x: np.ndarray, steps: int) -> list[float]:
    """log10 of ||f_1|| along the path with S = x x^T, as long as the numbers last."""
    (w1, w2), (v1, v2) = ([np.array(w.tolist(), dtype=np.longdouble) for w in pair] for pair in (problem.student, problem.teacher_weights))
    teacher, found = v2 @ v1, []
    with np.errstate(over="ignore", invalid="ignore"):
        for t in range(steps):
            d = w2 @ w1 - teacher
            square = np.square(w2.T @ d).sum()
            if not np.isfinite(square):
                break
            found.append(float(np.log10(square)) / 2)
            rate, e = np.longdouble(float(problem.learning_rate(t))), d @ x
            w1, w2 = problem.optimizer.step((w1, w2), (np.outer(w2.T @ e, x), np.outer(e, w1 @ x)), rate)
    return found

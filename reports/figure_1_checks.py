"""Two checks beside figure 1: a scalar network whose exact variance no simulation sees, and initial weights with which runs diverge."""

from __future__ import annotations

from fractions import Fraction as F
from typing import Any

import numpy as np

from theory import Gaussian, TeacherStudent

SCALAR_SIZES = (1, 2, 4, 8)


def scalar_problem() -> TeacherStudent:
    """w = (1/2, -2/3), w* = 3/4, one Gaussian input, alpha = 1/10."""
    return TeacherStudent([[[F(1, 2)]], [[F(-2, 3)]]], [[[F(3, 4)]], [[1]]], Gaussian(1), learning_rates=F(1, 10))


def scalar_example(replicas: int, steps: int, seed: int) -> dict[str, Any]:
    """var(g_{t,1}) exactly, and as simulated with a standard error that knows of nothing amiss."""
    from empirics import simulate
    from reports.figure_1 import signed
    from reports.numbers import decimal
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
            rows.append({
                "step": step, "b": b, "degree": v.degree, "exact": decimal(exact, 4), "simulated": decimal(got, 4),
                "error": f"{se:.1g}" if sampled else "0", "z": signed((got - exact) / se) if sampled else "–",
                "off": sampled and abs(got - exact) > 6 * se,
            })  # fmt: skip
    return {
        "rows": rows, "replicas": f"{replicas:,}", "degree": degree, "step": steps - 1, "estimator": run.var_gradient.attrs["estimator"],
        "diverged": f"{float(run.diverged.max()):g}",
    }  # fmt: skip


def normal_weights(seed: int) -> TeacherStudent:
    """Figure 1's problem with weights and teacher from N(0, 1/fan_in)."""
    draw = np.random.default_rng(seed)
    student, teacher = ([draw.normal(size=(n, m)) / m**0.5 for m, n in ((64, 256), (256, 128))] for _ in range(2))
    return TeacherStudent(student, teacher, Gaussian(64), learning_rates=lambda t: F(1, 10 * (t + 1)))


def divergence(replicas: int, seed: int, steps: int = 60) -> dict[str, Any]:
    """What becomes of runs from such weights: the fraction that has diverged, and by which step."""
    from empirics import simulate

    run = simulate(
        normal_weights(seed), batch_sizes=(4, 16), steps=steps, replicas=replicas, estimator="naive", seed=seed, device="cpu", workers=1
    )
    found = []
    for b in run.batch_size.values.tolist():
        lost = run.diverged.sel(batch_size=b).values
        all_by = int(np.argmax(lost >= 1)) if lost[-1] >= 1 else None
        found.append({"b": b, "lost": f"{lost[-1]:.3g}", "everyone": lost[-1] >= 1, "all_by": all_by})
    return {"found": found, "replicas": replicas, "steps": steps}

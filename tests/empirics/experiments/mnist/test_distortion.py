"""Elastic distortion against sums written out: the Gaussian filter as a weighted mean, the bilinear interpolation from four pixels."""

from __future__ import annotations

import math

import numpy as np
import pytest

pytest.importorskip("torch")
from empirics.experiments.mnist.distortion import distorted

HEIGHT, WIDTH, ALPHA, SIGMA = 9, 7, 5.0, 1.5
IMAGES = np.random.default_rng(1).uniform(-1, 1, (3, HEIGHT, WIDTH)).astype(np.float32)


def smoothed(field: np.ndarray) -> np.ndarray:
    """Sum over all pixels with weights exp(-r^2 / 2 sigma^2), normalised per axis over the window of 4 sigma."""
    reach = int(4 * SIGMA + 0.5)
    total = sum(math.exp(-(k**2) / (2 * SIGMA**2)) for k in range(-reach, reach + 1))
    result = np.zeros(field.shape)
    for y in range(HEIGHT):
        for x in range(WIDTH):
            for i in range(HEIGHT):
                for j in range(WIDTH):
                    if abs(y - i) <= reach and abs(x - j) <= reach:
                        result[y, x] += field[i, j] * math.exp(-((y - i) ** 2 + (x - j) ** 2) / (2 * SIGMA**2)) / total**2
    return result


def value(image: np.ndarray, y: float, x: float) -> float:
    """Between four pixels; -1 where there is none."""
    i, j = math.floor(y), math.floor(x)
    result = 0.0
    for m in (i, i + 1):
        for n in (j, j + 1):
            pixel = image[m, n] if 0 <= m < HEIGHT and 0 <= n < WIDTH else -1.0
            result += (1 - abs(y - m)) * (1 - abs(x - n)) * pixel
    return result


def test_it_is_what_the_formula_says() -> None:
    draw = np.random.Generator(np.random.PCG64DXSM(7))
    found = distorted(IMAGES, 7, ALPHA, SIGMA)
    for image, result in zip(IMAGES.astype(float), found, strict=True):
        v, u = (ALPHA * smoothed(field) for field in draw.uniform(-1, 1, (2, HEIGHT, WIDTH)))
        expected = [[value(image, y + v[y, x], x + u[y, x]) for x in range(WIDTH)] for y in range(HEIGHT)]
        assert np.allclose(result, expected, rtol=0, atol=2e-6)


def test_seeds_and_sizes() -> None:
    assert np.array_equal(distorted(IMAGES, 3), distorted(IMAGES, 3)) and not np.array_equal(distorted(IMAGES, 3), distorted(IMAGES, 4))
    assert np.array_equal(distorted(IMAGES, 3)[:2], distorted(IMAGES[:2], 3))
    assert np.array_equal(distorted(IMAGES, 3, alpha=0), IMAGES) and distorted(IMAGES, 3).dtype == np.float32
    assert np.abs(distorted(-np.ones((2, 9, 7)), 3, alpha=100) + 1).max() < 1e-12


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((IMAGES[0], 0), "images must have the shape"),
        ((IMAGES, 0, -1), "alpha must not be negative"),
        ((IMAGES, 0, 1, 0), "sigma must be positive"),
    ],
)
def test_what_is_no_distortion(arguments: tuple, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        distorted(*arguments)

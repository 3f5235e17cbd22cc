"""Bits do not depend on how many threads the linear algebra of a machine would use."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.stored_run import ROOT

SCRIPT = """
import hashlib
from empirics import simulate, synthetic
problem = synthetic(sizes=(100, 333, 77))
result = simulate(problem, batch_sizes=[4], steps=3, replicas=16, shard_replicas=8, estimator={estimator!r}, workers={workers})
print(hashlib.sha256(b"".join(result[name].values.tobytes() for name in sorted(result.data_vars))).hexdigest())
"""


def digest(threads: int, estimator: str, workers: int = 1) -> str:
    names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
    environment = os.environ | dict.fromkeys(names, str(threads)) | {"PYTHONPATH": str(ROOT)}
    script = SCRIPT.format(estimator=estimator, workers=workers)
    return subprocess.run([sys.executable, "-c", script], env=environment, check=True, capture_output=True, encoding="utf-8").stdout


@pytest.mark.parametrize("estimator", ["naive", "rao_blackwell"])
def test_bits_do_not_depend_on_threads(estimator):
    """QR and products of 100-333-77 have other bits on two threads of OpenBLAS than on one."""
    assert digest(1, estimator) == digest(2, estimator) == digest(4, estimator)


def test_nor_on_workers_where_threads_are_many():
    assert digest(4, "controlled") == digest(4, "controlled", workers=2)

"""One small run with eight shards, for the tests of stores."""

from __future__ import annotations

import os
import subprocess
import sys
from fractions import Fraction as F
from pathlib import Path

from empirics.runs.results import Collector
from empirics.runs.work import run_shard
from tests.instances import network
from theory import Gaussian

PROBLEM = network((2, 3, 1), Gaussian(2), F(1, 20), seed=3)
REQUEST = {"batch_sizes": [1, 4], "steps": 3, "replicas": 66, "seed": 5, "shard_replicas": 16}  # shards of 16, 16, 16 and 18 replicas
ROOT = Path(__file__).parents[1]


def shards(path):
    return sorted(Path(path).glob("*.nc"))


def run_here(plan):
    """The dataset of a plan, shard after shard in this process, without a store."""
    collector = Collector(plan)
    for shard in plan.shards():
        collector.add(run_shard(plan, shard))
    return collector.dataset()


def start(script):
    """A process of its own."""
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    pipes = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
    return subprocess.Popen([sys.executable, "-c", script], **pipes, encoding="utf-8", cwd=ROOT, env=environment)

"""The diabetes data that scikit-learn ships, 442 patients with ten measurements each: read from its files, without importing it."""

from __future__ import annotations

import gzip

from theory.inputs.shipped_files import shipped_file
from theory.linear_regression.tables import Table, table_of

NAMES = ["age", "sex", "bmi", "bp", "s1", "s2", "s3", "s4", "s5", "s6", "progression"]


def load_diabetes() -> Table:
    """Age, sex, body mass index, blood pressure, six blood serum measurements, and disease progression after a year, the target.

    ValueError where scikit-learn is not installed.
    """
    files = [shipped_file("sklearn", f"datasets/data/diabetes_{part}.csv.gz") for part in ("data_raw", "target")]
    if files[0] is None or files[1] is None:
        raise ValueError("data must be a CSV file where no package has the diabetes data: pip install scikit-learn installs them")
    with gzip.open(files[0], "rt") as rows, gzip.open(files[1], "rt") as targets:
        pairs = zip(rows.read().splitlines(), targets.read().split(), strict=True)
        records = [(n, [*row.split(), target]) for n, (row, target) in enumerate(pairs, start=2)]
    return table_of([(1, NAMES), *records], None, "the diabetes data of scikit-learn")

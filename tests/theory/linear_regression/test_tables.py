"""CSV files for linear regression, and what is wrong with them, line by line; the diabetes data are those of scikit-learn."""

from __future__ import annotations

from fractions import Fraction as F

import numpy as np
import pytest

from theory.linear_regression import LinearRegression, load_diabetes, read_table


def written(tmp_path, text):
    path = tmp_path / "data.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_numbers_are_what_is_written(tmp_path):
    table = read_table(written(tmp_path, "a,b,y\n0.1,1/3,2\n1e-1, -4,5\n"), "b")
    assert table.columns == ("a", "y") and table.target == "b"
    assert table.X.tolist() == [[F(1, 10), 2], [F(1, 10), 5]] and table.y.tolist() == [F(1, 3), -4]
    bare = read_table(written(tmp_path, "\ufeff1,2\n\n3,4\n"))
    assert bare.columns == ("1",) and bare.target == "2" and bare.y.tolist() == [2, 4]


@pytest.mark.parametrize(
    ("text", "target", "message"),
    [
        ("", None, "must have a row, but are empty"),
        ("a,b\n", None, "rows of numbers, but have none"),
        ("a,b\n1,2\n3\n", None, "line 3 must have 2 fields, but has 1"),
        ("a,b\n1,x\n", None, "line 2, column b must be a number"),
        ("a,b\n1,\n", None, "line 2, column b must be a number, but is empty"),
        ("a,b\n1,nan\n", None, "line 2, column b must be"),
        ("a,a\n1,2\n", None, "with different names"),
        ("a\n1\n", None, "must have two columns or more"),
        ("a,b\n1,2\n", "c", "target must be a column"),
    ],
)
def test_what_is_no_table_is_named(tmp_path, text, target, message):
    with pytest.raises(ValueError, match=message):
        read_table(written(tmp_path, text), target)
    with pytest.raises(ValueError, match="cannot be read"):
        read_table(tmp_path / "nothing.csv")


def test_standardised_columns(tmp_path):
    table = read_table(written(tmp_path, "a,c,y\n1,7,1\n2,7,0\n6,7,4\n")).standardised()
    assert table.columns == ("intercept", "a")
    assert np.allclose(table.X.mean(axis=0), [1, 0]) and np.allclose(table.X.var(axis=0), [0, 1])
    assert LinearRegression(table.X, table.y, [0, 0], F(1, 10)).variance(3, batch_size=3) == 0


def test_the_diabetes_data_are_those_of_scikit_learn():
    datasets = pytest.importorskip("sklearn.datasets")
    theirs = datasets.load_diabetes(scaled=False)
    ours = load_diabetes()
    assert ours.columns == tuple(theirs.feature_names) and np.array_equal(ours.y.astype(float), theirs.target)
    assert np.array_equal(ours.X.astype(float), theirs.data)

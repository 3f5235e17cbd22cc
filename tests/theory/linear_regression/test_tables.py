"""CSV files for linear regression, and what is wrong with them, line by line; the diabetes data are those of scikit-learn."""

from __future__ import annotations

import sys
from fractions import Fraction as F

import numpy as np
import pytest

from theory import DataSet
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
        ("a\n1\n", None, "line 1, column 1 must be a number|must have two columns or more"),
        ("1,NA,3\n4,5,6\n", None, "line 1, column 2 must be a number"),
        ("1,,3\n4,5,6\n", None, "line 1, column 2 must be a number, but is empty"),
        ("1,nan,3\n4,5,6\n", None, "line 1, column 2 must be"),
        ("a,b\n1,2\n", "c", "target must be a column"),
    ],
)
def test_what_is_no_table_is_named(tmp_path, text, target, message):
    with pytest.raises(ValueError, match=message):
        read_table(written(tmp_path, text), target)
    with pytest.raises(ValueError, match="cannot be read"):
        read_table(tmp_path / "nothing.csv")
    for target in (1, 1e308, b"a", ["a"], np.array(["a"])):
        with pytest.raises(TypeError, match="target must be the name of a column, as text, but was"):
            read_table(written(tmp_path, "a,b\n1,2\n"), target)


def test_standardised_columns(tmp_path):
    table = read_table(written(tmp_path, "a,c,y\n1,7,1\n2,7,0\n6,7,4\n")).standardised()
    assert table.columns == ("intercept", "a")
    assert np.allclose(table.X.mean(axis=0), [1, 0]) and np.allclose(table.X.var(axis=0), [0, 1])
    assert LinearRegression(table.X, table.y, [0, 0], F(1, 10)).variance(3, batch_size=3) == 0


@pytest.mark.parametrize(
    "column", [["1e200", "2e200", "5e200"], ["1e-200", "2e-200", "5e-200"], ["1e400", "2", "5"], [str(10**15 + k) for k in (0, 1, 4)]]
)
def test_columns_of_every_size_vary(tmp_path, column):
    table = read_table(written(tmp_path, "x,y\n" + "".join(f"{x},{k}\n" for k, x in enumerate(column)))).standardised()
    x = table.X[:, 1]
    assert table.columns == ("intercept", "x") and np.isclose(x.mean(), 0, atol=1e-15) and np.isclose(x.var(), 1)
    exact = [F(c) for c in column]
    middle = sum(exact) / 3
    assert np.allclose(x / x[2], [float((c - middle) / (exact[2] - middle)) for c in exact])


def test_what_is_left_out_is_named_and_targets_go_by_number_too(tmp_path):
    path = written(tmp_path, "a,c,y\n1,7,1\n2,7,0\n6,7,4\n")
    assert read_table(path).standardised().left_out == ("c",) and read_table(path, "1").target == "a"


def test_labels_of_a_law_are_not_overlooked():
    with pytest.raises(ValueError, match="law must have no targets of its own"):
        LinearRegression.population(DataSet([1, 2, 3], [1, 2, 3]), [7], [0], F(1, 10))


def test_the_diabetes_data_are_those_of_scikit_learn():
    datasets = pytest.importorskip("sklearn.datasets")
    theirs = datasets.load_diabetes(scaled=False)
    ours = load_diabetes()
    assert ours.columns == tuple(theirs.feature_names) and np.array_equal(ours.y.astype(float), theirs.target)
    assert np.array_equal(ours.X.astype(float), theirs.data)


def test_data_that_are_not_installed_are_asked_for(monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn", None)
    with pytest.raises(ValueError, match="data must be a CSV file where no package has the diabetes data"):
        load_diabetes()

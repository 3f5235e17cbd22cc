"""Arguments are checked without torch, `empirics` loads its names when they are used, and the checks know all that there is to choose."""

from __future__ import annotations

import subprocess
import sys

import pytest

import empirics
from empirics import arguments
from empirics.engine_records import ENGINES
from empirics.engines.base import Engine
from empirics.runs import plan
from tests.instances import network
from theory import Gaussian

ALONE = """
import sys
import empirics, empirics.arguments, empirics.experiments.synthetic_problem
problem = empirics.synthetic()
for bad in ({"batch_sizes": [0]}, {"steps": 0}, {"dtype": "float16"}, {"device": "tpu"}, {"engine": "fast"}, {"estimator": "best"}):
    try:
        empirics.arguments.check_request(problem, **{"batch_sizes": [2], "steps": 2, "replicas": 8} | bad)
    except ValueError:
        continue
    raise SystemExit(f"{bad} was not refused")
print("torch" in sys.modules, "xarray" in sys.modules)
"""


def test_arguments_are_checked_without_torch():
    done = subprocess.run([sys.executable, "-c", ALONE], capture_output=True, encoding="utf-8")
    assert (done.returncode, done.stdout.split()) == (0, ["False", "False"]), done.stderr


def test_every_public_name_is_there():
    assert all(getattr(empirics, name) is not None for name in empirics.__all__) and set(empirics.__all__) <= set(dir(empirics))
    assert {name for names in empirics._HOMES.values() for name in names} == set(empirics.__all__)
    with pytest.raises(AttributeError, match="no attribute 'simulat'"):
        empirics.simulat  # noqa: B018


def test_the_choices_are_those_that_there_are():
    assert set(arguments.DTYPES) == set(plan.DTYPES)
    assert all(issubclass(record.load(), Engine) and record.name == name for name, record in ENGINES.items())


@pytest.mark.parametrize("word, meant", [("float46", "float64"), ("Float64", "float64"), ("controled", "controlled")])
def test_a_word_that_is_nearly_right(word, meant):
    option = "dtype" if "oat" in word else "estimator"
    with pytest.raises(ValueError, match=f"did you mean '{meant}'"):
        arguments.check_request(empirics.synthetic(), batch_sizes=[2], steps=2, replicas=8, **{option: word})


def test_an_engine_that_does_not_take_the_problem_names_those_that_do():
    with pytest.raises(ValueError, match="engine must be 'auto' or 'networks' or 'autograd' here, but was 'two_linear': "):
        arguments.check_request(network((2, 3, 3, 1), Gaussian(2)), batch_sizes=[2], steps=2, replicas=8, engine="two_linear")

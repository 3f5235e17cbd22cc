"""Problems as people write them: TOML or JSON files, and the options of the command line.

A file holds `student` and `teacher` (one matrix per layer), `learning_rates`, a table `inputs`, and optionally `activation` (the
coefficients of a polynomial, or a name such as "tanh"), a table `optimizer` (momentum, dampening, nesterov, weight_decay) and `sampling`:

    student = [[["1/2"]], [[2]]]            # W_1, W_2; fractions in quotes
    teacher = [[["3/4"]], [[1]]]
    learning_rates = ["1/10", "1/20"]       # or one for every step
    [inputs]
    law = "discrete"                        # a name of theory.inputs.NAMED, and the law's own keys beside it
    atoms = [1, 2]
    probabilities = ["1/2", "1/2"]

With the law "data_set", whose keys are `points` and `targets`, labels may be learned and the teacher left out; the numbers of a data set
are doubles, the nearest to a decimal. Any other decimal is read as the decimal that is written: 0.1 is 1/10, where the Python number 0.1 is
a rational near it. Numbers in quotes may be as long as they like, and mean in a file what they mean in Python: "1/3", "0.1". On the command
line a matrix is rows parted by semicolons: "1 1/2; 0 3".
"""

from __future__ import annotations

import inspect
import json
import tomllib
from collections import Counter
from collections.abc import Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from theory import TeacherStudent
from theory.activations import Activation
from theory.exact import as_double, did_you_mean, read_number, shown, written
from theory.inputs import NAMED, DataSet, InputLaw, name_of
from theory.optimizers import SGD
from theory.problem import as_problem

KEYS = ("student", "teacher", "learning_rates", "activation", "inputs", "optimizer", "sampling")
OPTIMIZER_KEYS = ("momentum", "dampening", "nesterov", "weight_decay")
#: The laws of files: those with a name, and data sets.
LAWS: dict[str, type[InputLaw]] = NAMED | {"data_set": DataSet}
LARGEST_PLAIN_INTEGER = 1 << 53  # other programs read larger JSON numbers as floats


def read_problem(path: Path) -> TeacherStudent:
    """The problem in a .toml or .json file. Raises ValueError or TypeError naming what is wrong."""
    if path.suffix not in (".toml", ".json"):
        raise ValueError(f"problem must be a .toml or .json file (or, for simulate, 'synthetic'), but was {shown(str(path))}")
    try:
        text = path.read_text(encoding="utf-8-sig")  # with or without a byte-order mark
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise ValueError(f"problem {str(path)!r} cannot be read: {reason}") from error
    try:
        data = tomllib.loads(text, parse_float=_decimal) if path.suffix == ".toml" else _loads_json(text)
    except RecursionError:
        raise ValueError(f"problem {path.name!r} must be a table of nested lists, but is nested too deeply to be read") from None
    except ValueError as error:  # both decoders raise kinds of ValueError
        hint = "; write long integers in quotes" if "integer string conversion" in str(error) else ""
        raise ValueError(f"problem {path.name!r} is not valid {path.suffix[1:].upper()}: {error}{hint}") from error
    return make_problem(data)


def make_problem(data: Any) -> TeacherStudent:
    """A problem from the mapping that a file holds."""
    if not isinstance(data, Mapping):
        raise TypeError(f"problem must be a table with {', '.join(KEYS)}, but was {type(data).__name__}")
    unknown = [key for key in data if key not in KEYS]
    if unknown:
        raise ValueError(f"problem must have the keys {', '.join(KEYS)}, but had {shown(unknown[0])}{did_you_mean(unknown[0], KEYS)}")
    law = data.get("inputs")
    if isinstance(law, str):
        law = {"law": law}
    learns_targets = isinstance(law, Mapping) and "targets" in law
    for key in ("student", "inputs", *(() if learns_targets else ("teacher",))):
        if key not in data:
            raise ValueError(f"problem must have {shown(key)}")
    return TeacherStudent(
        student=data["student"],
        teacher=data.get("teacher"),
        inputs=_law(law, _columns(data["student"])),
        learning_rates=data.get("learning_rates", []),
        activation=data.get("activation", [0, 1]),
        optimizer=_optimizer(data.get("optimizer", {})),
        sampling=data.get("sampling", "independent"),
    )


def problem_data(problem: TeacherStudent) -> dict[str, Any]:
    """The inverse of `make_problem`: integers as numbers, other rationals as strings, floats as the rationals that they are.

    Raises ValueError for what no file can hold: learning rates or an activation given by a function, laws that are only a table of
    moments.
    """
    as_problem(problem)
    if callable(problem.learning_rates):
        raise ValueError("learning_rates must be numbers to be written down, but are a function")
    data = {
        "student": _spelled(problem.student),
        "teacher": None if problem.teacher is None else _spelled(problem.teacher),
        "learning_rates": _spelled(problem.learning_rates),
        "activation": _spelled(problem.polynomial) if problem.is_polynomial else _activation_name(problem.activation_function),
        "inputs": _law_data(problem.inputs),
        "optimizer": _optimizer_data(problem.optimizer),
        "sampling": problem.sampling,
    }
    usual: dict[str, Any] = {"teacher": None, "activation": [0, 1], "optimizer": {}, "sampling": "independent"}
    return {key: value for key, value in data.items() if key not in usual or value != usual[key]}


def problem_json(problem: TeacherStudent) -> str:
    """The problem as the text of a .json file that `batchlaw variance` reads, one key a line.

    Examples:
        >>> from theory import Rademacher
        >>> print(problem_json(TeacherStudent([[[Fraction(1, 2)]]], [[[1]]], Rademacher(1), Fraction(1, 3))))
        {
          "student": [[["1/2"]]],
          "teacher": [[[1]]],
          "learning_rates": "1/3",
          "inputs": {"law": "rademacher"}
        }
    """
    lines = (f"  {json.dumps(key)}: {json.dumps(value)}" for key, value in problem_data(problem).items())
    return "{\n" + ",\n".join(lines) + "\n}"


def parse_list(text: str, name: str) -> list[Fraction]:
    """Numbers parted by spaces or commas."""
    if not isinstance(text, str):
        raise TypeError(f"{name} must be text, but was {shown(text)}")
    numbers = [read_number(word, name) for word in text.replace(",", " ").split()]
    if not numbers:
        raise ValueError(f"{name} must hold at least one number, but was {shown(text)}")
    return numbers


def parse_matrix(text: str, name: str) -> list[list[Fraction]]:
    """Rows parted by semicolons."""
    if not isinstance(text, str):
        raise TypeError(f"{name} must be text, but was {shown(text)}")
    return [parse_list(row, name) for row in text.strip().strip(";").split(";")]


def _decimal(text: str) -> Fraction:
    return read_number(text, "a number")


def _loads_json(text: str) -> Any:
    return json.loads(text, parse_float=_decimal, parse_int=_decimal, parse_constant=_decimal, object_pairs_hook=_table)


def _table(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A JSON object; of two equal keys Python would silently take the last."""
    table = dict(pairs)
    if len(table) < len(pairs):
        key, count = Counter(key for key, _ in pairs).most_common(1)[0]
        raise ValueError(f"every key must be there once, but {shown(key)} was there {count} times")
    return table


def _spelled(value: Any) -> Any:
    """Nested lists of numbers as a file spells them."""
    if isinstance(value, np.ndarray):
        return _spelled(value.tolist())
    if isinstance(value, Sequence):
        return [_spelled(x) for x in value]
    number = Fraction(value)
    return int(number) if number.denominator == 1 and abs(number) < LARGEST_PLAIN_INTEGER else written(number)


def _activation_name(sigma: Activation) -> str:
    if not sigma.is_certified:
        raise ValueError("activation must be a polynomial or a named one to be written down, but is a function of the user's")
    return sigma.name


def _law_data(law: InputLaw) -> dict[str, Any]:
    name = name_of(law, LAWS)
    if name is None:
        allowed = ", ".join(kind.__name__ for kind in LAWS.values())
        raise ValueError(f"inputs must be of the laws that files name, {allowed}, to be written down, but were {shown(law)}")
    return {"law": name} | {key: _spelled(value) for key, value in law.parameters().items() if key != "dimension"}


def laws_and_keys() -> str:
    """Every law that a file may name, with its keys: "uniform (low, high)"."""
    return ", ".join(f"{name} ({', '.join(keys)})" if (keys := _keys(name)) else name for name in LAWS)


def _keys(law: str) -> dict[str, inspect.Parameter]:
    """Those of a law's table in a file; of the dimension a file says nothing: it stands in the network's sizes."""
    return {key: argument for key, argument in inspect.signature(LAWS[law]).parameters.items() if key != "dimension"}


def _columns(student: Any) -> int:
    """p, from the first row of W_1; TeacherStudent says what is wrong when there is none."""
    try:
        return max(1, len(student[0][0]))
    except (TypeError, IndexError, KeyError):
        return 1


def _law(table: Any, dimension: int) -> InputLaw:
    if not isinstance(table, Mapping):
        raise TypeError(f"inputs must be a table with a 'law', but was {shown(table)}")
    name = table.get("law")
    if not isinstance(name, str) or name not in LAWS:
        raise ValueError(f"inputs.law must be one of {', '.join(LAWS)}, but was {shown(name)}{did_you_mean(name, LAWS)}")
    given, keys = {key: value for key, value in table.items() if key != "law"}, _keys(name)
    for key in given:
        if key not in keys:
            allowed = ", ".join(keys) or "no further keys"
            raise ValueError(f"inputs of law {name!r} take {allowed}, but had {shown(key)}{did_you_mean(key, keys)}")
    for key, argument in keys.items():
        if argument.default is argument.empty and key not in given:
            raise ValueError(f"inputs of law {name!r} must have {key!r}")
    if name == "data_set":
        return DataSet(**{key: _doubles(value, key) for key, value in given.items()})
    return NAMED[name].on_dimension(dimension, **given)


def _doubles(value: Any, name: str) -> Any:
    """The doubles nearest to decimals, in nested lists; a number in quotes must be a double, and whatever else is there stays as it is."""
    if isinstance(value, list):
        return [_doubles(x, f"{name}[{i}]") for i, x in enumerate(value)]
    if isinstance(value, str):
        number = read_number(value, name)
        return float(number) if as_double(number, name) == number else number
    return as_double(value, name) if isinstance(value, Fraction) else value


def _optimizer(table: Any) -> SGD:
    if not isinstance(table, Mapping):
        raise TypeError(f"optimizer must be a table with {', '.join(OPTIMIZER_KEYS)}, but was {shown(table)}")
    for key in table:
        if key not in OPTIMIZER_KEYS:
            raise ValueError(f"optimizer takes {', '.join(OPTIMIZER_KEYS)}, but had {shown(key)}{did_you_mean(key, OPTIMIZER_KEYS)}")
    return SGD(**table)


def _optimizer_data(optimizer: SGD) -> dict[str, Any]:
    """What is not plain."""
    if optimizer.is_plain:
        return {}
    given = {key: getattr(optimizer, key) for key in OPTIMIZER_KEYS}
    return {key: x if isinstance(x, bool) else _spelled(x) for key, x in given.items() if x}

"""A model of the user's own, from MODULE:FUNCTION on the command line: the module is imported from here, the function called."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable
from importlib import import_module, invalidate_caches
from pathlib import Path
from typing import Any

from theory.exact import did_you_mean, shown

WANTED = "(model, loss, dataset), and may add an optimizer"


def made_by(place: str) -> tuple[Any, ...]:
    """What FUNCTION() of MODULE:FUNCTION returns: a model, a loss, a data set, and perhaps a function that makes an optimizer.

    ValueError for what is no such place, for a module or function that is not there or that fails, and TypeError for what returns another
    thing. Whether the three fit each other is for those who use them to say.
    """
    found = _called(_function(place), place)
    if not isinstance(found, tuple) or len(found) not in (3, 4):
        what = f"a tuple of {len(found)}" if isinstance(found, tuple) else shown(found)
        raise TypeError(f"{place} must return {WANTED}, but returned {what}")
    return found


def _function(place: str) -> Callable[[], Any]:
    module_name, colon, name = place.partition(":")
    parts = module_name.split(".")
    if not colon or not name.isidentifier() or not all(part.isidentifier() for part in parts) or parts[-1] == "py":
        hint = f"; of a file {module_name} say {Path(module_name).stem}:{name or 'make'}" if module_name.endswith(".py") else ""
        raise ValueError(f"model must be MODULE:FUNCTION, such as my_net:make, but was {place!r}{hint}")
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.insert(0, here)  # as `python -m` does
    invalidate_caches()
    try:
        module = import_module(module_name)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{module_name}.".startswith(f"{error.name}."):
            raise ValueError(f"{module_name} could not be imported: {_told(error)}") from error
        raise ValueError(f"model must be a function of a module, but there is no {error.name} in {here}, and none is installed") from None
    except (Exception, SystemExit) as error:
        raise ValueError(f"{module_name} could not be imported: {_told(error)}") from error
    function = getattr(module, name, None)
    if not callable(function):
        functions = [n for n, value in vars(module).items() if callable(value) and getattr(value, "__module__", "") == module_name]
        what = "has no such name" if function is None else f"has {shown(function)} there"
        raise ValueError(f"model must be a function of {module_name}, but {module_name} {what}: {name!r}{did_you_mean(name, functions)}")
    return function


def _called(function: Callable[[], Any], place: str) -> Any:
    try:
        return function()
    except (Exception, SystemExit) as error:
        raise ValueError(f"{place} failed: {_told(error)}") from error


def _told(error: BaseException) -> str:
    """In a line: what it was, and where."""
    last = traceback.extract_tb(error.__traceback__)[-1]
    file, line = (error.filename, error.lineno) if isinstance(error, SyntaxError) else (last.filename, last.lineno)
    return f"{type(error).__name__}: {' '.join(str(error).split())} ({file}, line {line})"

"""What a page was made with: the versions that decide its numbers and drawings."""

from __future__ import annotations

import platform
from importlib.metadata import PackageNotFoundError, version

import flint


def versions() -> dict[str, str]:
    """Name and version of the package, Python, and the libraries that compute and draw."""
    return {
        "batchlaw": _version("batchlaw"),
        "Python": platform.python_version(),
        "numpy": _version("numpy"),
        "python-flint": _version("python-flint"),
        "FLINT": flint.__FLINT_VERSION__,
        "matplotlib": _version("matplotlib"),
    }


def _version(distribution: str) -> str:
    try:
        return version(distribution)
    except PackageNotFoundError:
        return "not installed"

"""The libraries of the extra `experiments`, and the error of whatever is imported without them."""

from importlib.util import find_spec

LIBRARIES = ("torch", "xarray", "h5netcdf", "h5py", "dask", "distributed", "psutil", "threadpoolctl")


def missing() -> tuple[str, ...]:
    """Those of LIBRARIES that are not installed."""
    return tuple(name for name in LIBRARIES if not _is_installed(name))


def require_extra(package: str) -> None:
    """ImportError that names the package, what is not installed, and how to install it."""
    if lacking := missing():
        raise ImportError(f"{package} needs {', '.join(lacking)}: pip install 'batchlaw[experiments]'", name=lacking[0])


def _is_installed(name: str) -> bool:
    try:
        return find_spec(name) is not None
    except (ImportError, ValueError):  # kept out on purpose, by a finder or by None in sys.modules
        return False

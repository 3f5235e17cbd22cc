"""The libraries of the extras, and the error of whatever is imported without them."""

from importlib.util import find_spec

LIBRARIES = ("torch", "xarray", "h5netcdf", "h5py", "dask", "distributed", "psutil", "threadpoolctl")
#: Of extras that come on top of `experiments`.
FURTHER = {"yelp": ("transformers", "tokenizers", "huggingface_hub")}


def missing(extra: str | None = None) -> tuple[str, ...]:
    """Those of LIBRARIES that are not installed, and those of a further extra."""
    return tuple(name for name in (*LIBRARIES, *FURTHER.get(extra or "", ())) if not _is_installed(name))


def require_extra(package: str, extra: str | None = None) -> None:
    """ImportError that names the package, what is not installed, and how to install it."""
    if lacking := missing(extra):
        extras = ",".join(filter(None, ("experiments", extra)))
        raise ImportError(f"{package} needs {', '.join(lacking)}: pip install 'batchlaw[{extras}]'", name=lacking[0])


def _is_installed(name: str) -> bool:
    try:
        return find_spec(name) is not None
    except (ImportError, ValueError):  # kept out on purpose, by a finder or by None in sys.modules
        return False

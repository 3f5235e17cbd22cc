# `make test` and `make report` work as the first command on a machine with Python 3.11 and pip.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
# Paths may have spaces: recipes quote them, and make's own names escape them.
EMPTY :=
SPACE := $(EMPTY) $(EMPTY)
STAMP := $(subst $(SPACE),\ ,$(VENV))/.installed
HYPOTHESIS_PROFILE ?= ci

# Two test processes on two cores: a linear-algebra library that starts threads of its own only gets in the way.
export OPENBLAS_NUM_THREADS ?= 1
export OMP_NUM_THREADS ?= 1
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: report test lint types benchmark calibrate clean
.DEFAULT_GOAL := report

report: $(STAMP)
	@"$(BIN)/python" -m reports

test: $(STAMP)
	@HYPOTHESIS_PROFILE=$(HYPOTHESIS_PROFILE) "$(BIN)/python" -m pytest -n 2 --dist worksteal

lint: $(STAMP)
	@"$(BIN)/python" -m ruff check .
	@"$(BIN)/python" -m ruff format --check .

types: $(STAMP)
	@"$(BIN)/python" -m mypy

benchmark: $(STAMP)
	@"$(BIN)/python" -m pip install --quiet --constraint constraints.txt --editable '.[benchmark]'
	@"$(BIN)/python" -m pytest tests/benchmarks --benchmark-enable --benchmark-only

# Fits theory/budget/unit_costs.py, the seconds behind every predicted cost, to this machine.
calibrate: $(STAMP)
	@"$(BIN)/python" -m tests.benchmarks.calibrate

clean:
	rm -rf "$(VENV)" build dist site *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis .benchmarks
	find theory empirics reports tests -name __pycache__ -type d -prune -exec rm -rf {} +

# Debian keeps ensurepip in a package of its own (python3-venv); without it, the pip outside fills the environment.
$(STAMP): pyproject.toml constraints.txt
	@echo "making the virtual environment $(VENV)"
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python >= 3.11 is needed: make PYTHON=...")'
	@if $(PYTHON) -c 'import ensurepip' 2>/dev/null; then $(PYTHON) -m venv "$(VENV)"; \
	else $(PYTHON) -m venv --without-pip "$(VENV)" && $(PYTHON) -m pip --python "$(BIN)/python" install --quiet pip; fi
	@"$(BIN)/python" -m pip install --quiet --constraint constraints.txt --editable '.[test]'
	@touch "$@"

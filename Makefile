# The commands that people and CI run. On a bare machine with Python 3.11 and pip, `make demo` and `make test` are enough.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV ?= .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check install --quiet --constraint constraints.txt

.PHONY: demo test check format footprint clean

demo: $(VENV)/core.stamp          ## poses on the sample photograph and clip, and a report, into demo-out/
	@$(BIN)/python scripts/demo.py

test: $(VENV)/dev.stamp           ## all tests
	$(BIN)/python -m pytest --numprocesses 2 --dist worksteal

check: $(VENV)/dev.stamp          ## formatter, linter, strict types
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

format: $(VENV)/dev.stamp         ## put the files into shape
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

footprint: $(VENV)/core.stamp     ## what the core weighs once installed, and how long its import takes
	$(BIN)/python -m benchmarks.footprint

clean:
	rm -rf $(VENV) demo-out build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis

$(VENV)/core.stamp: pyproject.toml constraints.txt
	@echo "installing gonio into $(VENV) (about a minute, once)"
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11) and "gonio needs Python 3.11 or newer; name one with: make PYTHON=/path/to/python3.11")'
	@test -x $(BIN)/python || "$(PYTHON)" -m venv $(VENV)
	@$(PIP) --editable '.[analysis,cpu]'
	@touch $@

$(VENV)/dev.stamp: $(VENV)/core.stamp
	@$(PIP) --editable '.[dev]'
	@touch $@

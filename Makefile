# Everything a newcomer types. Each target makes .venv when it isn't there, from pinned versions (.ci/constraints.txt).
PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet --no-input
PINS := -c .ci/constraints.txt
JOBS ?= 2

.PHONY: demo test test-kill test-histories check fuzz bench wheel clean

demo: .venv/.runtime
	@$(BIN)/hxrules demo

# The conformance tests count which endpoints the official SDKs drove, so they run in one process.
test: check
	$(BIN)/pytest tests/conformance
	$(BIN)/pytest -n $(JOBS) --ignore tests/conformance --ignore tests/kill
	$(BIN)/pytest -n $(JOBS) tests/kill --ignore tests/kill/test_everywhere.py

# A run killed at every point there is; `make test` visits a few of them (KILL_SEED=… chooses others).
test-kill: .venv/.dev
	$(BIN)/pytest -n $(JOBS) tests/kill

# Generated histories of two apps, their people and their runs (HISTORIES=… how many, SEED=… which).
test-histories: .venv/.dev
	HISTORIES=$(or $(HISTORIES),200) HISTORIES_SEED=$(or $(SEED),1) $(BIN)/pytest -n $(JOBS) tests/histories

check: .venv/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

# MINUTES are of CPU time; what is found is kept in tests/fuzz/found, where every test run looks.
fuzz: .venv/.dev
	$(BIN)/python -m tests.fuzz --minutes $(or $(MINUTES),10) --seed $(or $(SEED),20261122)

bench: .venv/.dev
	$(BIN)/python tests/bench/bench_language.py

wheel: .venv/.dev
	$(PIP) wheel --no-deps --no-build-isolation --wheel-dir dist .

clean:
	rm -rf .venv dist .mypy_cache .ruff_cache .pytest_cache

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "hxrules needs Python 3.11 or newer: make PYTHON=python3.12 $(MAKECMDGOALS)")'
	$(PYTHON) -m venv .venv

.venv/.runtime: .venv/bin/python pyproject.toml .ci/constraints.txt
	$(PIP) install $(PINS) hatchling editables
	$(PIP) install $(PINS) --no-build-isolation --editable .
	@touch $@

# One of the SDKs comes as source, and newer Pythons bring nothing to build it with.
.venv/.dev: .venv/.runtime
	$(PIP) install $(PINS) setuptools
	$(PIP) install $(PINS) --no-build-isolation --editable '.[dev]'
	@touch $@

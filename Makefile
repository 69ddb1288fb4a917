# make demo · make test · make up · make lint · make bench · make lock
# Needs python3 (3.11 to 3.13) and make; everything else is installed, hash-locked, into .venv.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
SERVERS := tests/integration/servers
AZURITE := $(SERVERS)/node_modules/.package-lock.json

export DO_NOT_TRACK := 1

.PHONY: help install demo test up lint format bench lock clean

help: ## Say what there is
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-8s %s\n", $$1, $$2}'

install: $(READY) ## Install everything into .venv

$(READY): requirements-uv.txt requirements-dev.txt pyproject.toml
	@$(PYTHON) -c 'import sys; v = sys.version_info; sys.exit(None if (3, 11) <= v[:2] <= (3, 13) else f"Python 3.11 to 3.13 is needed, {sys.executable} is {v[0]}.{v[1]}; say make PYTHON=python3.12 …")'
	@echo "Installing into $(VENV) …"
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-uv.txt
	@$(BIN)/uv pip sync --quiet --compile-bytecode --python $(BIN)/python --require-hashes requirements-dev.txt
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation -e .
	@touch $@

demo: $(READY) ## Six months of sample bills through the real scheduler, to a report
	@$(BIN)/python -m finops_airflow.demo

up: $(READY) ## Airflow with its UI, on this machine
	@$(BIN)/python -m finops_airflow.up

test: $(READY) $(AZURITE) ## All tests (PYTEST_ARGS='-k words' for some)
	@$(BIN)/python -m pytest --numprocesses 2 --dist loadfile $(PYTEST_ARGS)

$(AZURITE): $(SERVERS)/package-lock.json
	@if command -v npm > /dev/null; then npm ci --silent --no-audit --no-fund --ignore-scripts --prefix $(SERVERS); \
	else echo "npm is not here: the tests that need Azurite will be skipped"; fi

lint: $(READY) ## Style, types, layers, SQL
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/lint-imports --no-cache
	@$(BIN)/mypy
	@$(BIN)/sqlfmt --check --quiet --no-progressbar dbt_project
	@$(BIN)/python -m tests.lint.dbt_manifest

format: $(READY) ## Put Python and SQL into the house's form
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .
	@$(BIN)/sqlfmt --quiet --no-progressbar dbt_project

bench: $(READY) ## Speed and memory, as ratios in one run (BENCH_ARGS=--full for 10 million lines)
	@$(BIN)/python -m tests.bench $(BENCH_ARGS)

lock: $(READY) ## Compile the requirement files again, with hashes, for Python 3.11 to 3.13
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --upgrade \
	    requirements-uv.in -o requirements-uv.txt
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-strip-extras --no-header \
	    --upgrade pyproject.toml -o requirements.txt
	@$(BIN)/python deploy/lock_for_pip.py requirements.txt
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header \
	    --extra dev -c requirements.txt pyproject.toml -o requirements-dev.txt

clean: ## Remove the installation; data under .data stays
	@rm -rf $(VENV)

# make demo · make test · make up · make lint · make bench · make conformance · make lock
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
JUDGE := .venv-conformance/.ready
RIVAL := .venv-converter/.ready
MLFLOW := .venv-mlflow/.ready
# What it needs has wheels for 3.12 alone. Where pyenv is, its python3.12 may be hidden behind a shim that refuses.
PYTHON312 := $(shell for each in python3.12 "$$(pyenv prefix 3.12 2> /dev/null)/bin/python3.12"; do \
    "$$each" -c '' 2> /dev/null && echo "$$each" && break; done)

export DO_NOT_TRACK := 1

.PHONY: help install demo test up lint format bench rival conformance judge python312 lock clean

help: ## Say what there is
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-11s %s\n", $$1, $$2}'

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
	@env -u FINOPS_CONFIG_DIR $(BIN)/python -m finops_airflow.demo

up: $(READY) ## Airflow with its UI, on this machine
	@$(BIN)/python -m finops_airflow.up

test: $(READY) $(AZURITE) $(MLFLOW) ## All tests (PYTEST_ARGS='-k words' for some)
	@$(BIN)/python -m pytest --numprocesses 2 --dist loadfile --no-loadscope-reorder $(PYTEST_ARGS)

$(AZURITE): $(SERVERS)/package-lock.json
	@if command -v npm > /dev/null; then npm ci --silent --no-audit --no-fund --ignore-scripts --prefix $(SERVERS); \
	else echo "npm is not here: the tests that need Azurite will be skipped"; fi

$(MLFLOW): requirements-mlflow.txt | $(READY)
	@echo "Installing MLflow's tracking server into $(@D) …"
	@$(BIN)/uv venv --quiet --clear --python $(BIN)/python $(@D)
	@$(BIN)/uv pip sync --quiet --compile-bytecode --python $(@D)/bin/python --require-hashes requirements-mlflow.txt
	@touch $@

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

rival: $(RIVAL) ## Install focus-converter, which make bench then compares with

$(RIVAL): requirements-converter.txt | $(READY)
	@echo "Installing focus-converter into $(@D) …"
	@$(BIN)/uv venv --quiet --clear --python $(BIN)/python $(@D)
	@$(BIN)/uv pip sync --quiet --python $(@D)/bin/python --require-hashes requirements-converter.txt
	@touch $@

conformance: $(READY) judge ## Is it FOCUS? The official validator's word (CONFORMANCE_ARGS='--lines 20000')
	@$(BIN)/python -m tests.conformance $(CONFORMANCE_ARGS)

python312:
	@echo "$(PYTHON312)"

judge: $(if $(PYTHON312),$(JUDGE))
	@test -n "$(PYTHON312)" || echo "There is no python3.12: focus-validator cannot be installed, and what needs it is skipped"

$(JUDGE): requirements-conformance.txt | $(READY)
	@echo "Installing focus-validator into $(@D) …"
	@$(BIN)/uv venv --quiet --clear --python "$(PYTHON312)" $(@D)
	@$(BIN)/uv pip sync --quiet --python $(@D)/bin/python --require-hashes requirements-conformance.txt
	@touch $@

lock: $(READY) ## Compile the requirement files again, with hashes, for Python 3.11 to 3.13
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --upgrade \
	    requirements-uv.in -o requirements-uv.txt
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-strip-extras --no-header \
	    --upgrade pyproject.toml -o requirements.txt
	@$(BIN)/python deploy/lock_for_pip.py requirements.txt
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header \
	    --extra dev -c requirements.txt pyproject.toml -o requirements-dev.txt
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.12 --generate-hashes --no-header --upgrade \
	    requirements-conformance.in -o requirements-conformance.txt
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --upgrade \
	    requirements-converter.in -o requirements-converter.txt
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --upgrade \
	    requirements-mlflow.in -o requirements-mlflow.txt

clean: ## Remove the installation; data under .data stays
	@rm -rf $(VENV) $(dir $(JUDGE)) $(dir $(RIVAL)) $(dir $(MLFLOW))

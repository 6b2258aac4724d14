# What a person types. Each works on a fresh clone and can be run again at any time.
PYTHON ?= python3
BIN := .venv/$(if $(filter Windows_NT,$(OS)),Scripts,bin)
export PATH := $(CURDIR)/$(BIN):$(PATH)
export MLFLOW_DISABLE_TELEMETRY := true
WORKERS := -n 2 --dist loadfile --no-loadscope-reorder

.PHONY: help env repro refresh test test-all test-long bench ui docs lock
help: ## this list
	@grep -E '^[a-z-]+:.*## ' Makefile | sed -E 's/^([a-z-]+):.*## /  make \1	/'

env: $(BIN)/ready ## the environment alone, in .venv
	@echo 'next: source $(BIN)/activate; then `vidpipe --help`'

repro: $(BIN)/ready ## rebuild every result, then compare with what is committed
	@git rev-parse --git-dir > /dev/null 2>&1 || { echo "$(CURDIR): expected a git repository, which DVC needs; clone the project, \
	or make one: git init && git add --all && git commit --message Start" >&2; exit 1; }
	dvc repro
	vidpipe results

refresh: $(BIN)/ready ## record anew, without a run, the stages whose code changed in no more than words and layout
	vidpipe refresh

test: $(BIN)/ready ## lint, types, import contracts, dependencies, fast tests
	ruff check
	ruff format --check
	mypy
	lint-imports --no-logo
	deptry src --no-ansi
	vidpipe dvc-yaml --check
	pytest $(WORKERS)

test-all: test ## the same, then the slow tests
	pytest $(WORKERS) -m slow

test-long: $(BIN)/ready ## pipelines from end to end, crashes, remotes, an emulated processor: half an hour
	pytest -m long

bench: $(BIN)/ready ## speed beside what one would take instead, into docs/performance.md; twenty minutes, alone
	python -m benchmarks.bench

ui: $(BIN)/ready ## the MLflow UI on this project's runs, on localhost
	vidpipe ui

docs: $(BIN)/ready ## the pages of docs/ as a site with a Python reference, in .vidpipe/site; a link that leads nowhere is an error
	pip install --quiet --constraint requirements.lock zensical==0.0.73 mkdocstrings-python==2.0.11
	zensical build --clean --strict

lock: $(BIN)/ready ## resolve the newest versions that pyproject.toml allows into requirements.lock, and hash their files
	pip install --quiet pip-tools uv
	CUSTOM_COMPILE_COMMAND="make lock" pip-compile --quiet --strip-extras --extra dev --no-emit-index-url --no-emit-find-links \
		--no-emit-trusted-host --output-file requirements.lock pyproject.toml
	sed -i 's/^\(torch==[0-9.]*\)+cpu/\1/' requirements.lock  # the same lock for every build of torch
	echo "torch; python_version < '3'" > .venv/no-torch.txt
	grep --invert-match '^torch==' requirements.lock | uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
		--no-annotate --no-header --no-emit-index-url --no-emit-find-links --override .venv/no-torch.txt --output-file requirements.hashes -

# The environment: exact versions from the lock, files by their hashes, torch of the index that is chosen, this package in place.
# To compile all modules would take as long as the rest. Python compiles those that it imports, if it may.
COMPILED := $(COMPILE)$(PYTHONDONTWRITEBYTECODE)
# uv where there is one: a quarter of a minute in place of two and a half. It does not read pip's settings.
UV ?= $(shell command -v uv)
ifneq ($(UV),)
PIP := "$(UV)" pip install --python .venv $(if $(COMPILED),--compile-bytecode)
export UV_INDEX_STRATEGY ?= unsafe-best-match
export UV_EXTRA_INDEX_URL ?= $(PIP_EXTRA_INDEX_URL)
else
PIP := pip --disable-pip-version-check install $(if $(COMPILED),,--no-compile)
endif
$(BIN)/ready: requirements.lock requirements.hashes pyproject.toml
	@$(PYTHON) -c 'import sys; v = sys.version_info; sys.exit(v < (3, 11) and \
	f"$(PYTHON) is Python {v[0]}.{v[1]}: expected 3.11 or newer; name one that is installed: make env PYTHON=python3.12")'
	$(PYTHON) -m venv .venv
	$(PIP) --no-deps --require-hashes --requirement requirements.hashes
	$(PIP) --constraint requirements.lock torch
	$(PIP) --no-deps --editable .
	@touch $@

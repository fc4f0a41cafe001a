# Every target sets up what it needs, so any of them may be the first command in a fresh clone.

PYTHON ?= python3
UV ?= uv
REQUEST ?= examples/xpovio-initial.json
ROUNDS ?= 7

BIN := .venv/bin
LOCK := $(UV) pip compile --quiet --universal --generate-hashes --python-version 3.10 \
	--custom-compile-command "make lock"

export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: help decide test test-long mutants lint rego stale docs pytest bench setup lock clean
.DELETE_ON_ERROR:

help: ## List the targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1\t\2/p' $(MAKEFILE_LIST) | expand -t 11

decide: .venv/installed ## Decide a request: make decide REQUEST=examples/xpovio-initial.json
	@$(BIN)/priorauth decide $(REQUEST)

test: lint rego stale pytest ## Run every check but the long tests

test-long: .venv/installed ## Run the long tests: every combination, loads, kills, a soak, Spark, compose, FHIR
	@echo "== Long tests"
	@$(BIN)/pytest -m long tests

mutants: .venv/installed ## Break each rule and figure of the policy in turn: a test must fail
	@$(BIN)/python scripts/mutants.py

lint: .venv/installed ## Check the Python: format, lint, types
	@echo "== Python"
	@$(BIN)/ruff format --check
	@$(BIN)/ruff check
	@$(BIN)/mypy

rego: .venv/installed ## Check the Rego: format, types, builtins, tests, coverage of every file
	@echo "== Rego"
	@$(BIN)/python scripts/check_rego.py

stale: .venv/installed
	@echo "== Docs"
	@$(BIN)/python scripts/make_docs.py --check
	@$(BIN)/python scripts/vendor.py --check

docs: .venv/installed ## Write the generated docs and schemas: clause tables, codes, help
	@$(BIN)/python scripts/make_docs.py

bench: .venv/bench ## Measure what a decision costs, as ratios within one run, for README
	@PYTHONPATH=tests $(BIN)/python benchmarks/bench.py --rounds $(ROUNDS)

pytest: .venv/installed ## Run the tests, Rego's too, against a real OPA
	@echo "== Tests"
	@$(BIN)/pytest --numprocesses 2 --dist loadfile -m "not long"

setup: .venv/installed ## Only set up: the virtual environment, and OPA
	@$(BIN)/python -W ignore::RuntimeWarning:runpy -m priorauth.opa

lock: ## Lock the dependencies anew (needs uv)
	$(LOCK) pyproject.toml --output-file requirements/base.txt
	$(LOCK) pyproject.toml --output-file requirements/dev.txt --all-extras --group dev
	$(LOCK) pyproject.toml --extra fhir --group build --constraint requirements/dev.txt \
		--output-file requirements/fhir.txt
	$(LOCK) --group bench --constraint requirements/dev.txt --output-file requirements/bench.txt

clean: ## Remove everything that make has made
	rm -rf .venv .hypothesis .mypy_cache .pytest_cache .ruff_cache dist

.venv/locked: requirements/dev.txt
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.10 or later is needed" if sys.version_info < (3, 10) else 0)'
	@echo "Setting up .venv"
	@$(PYTHON) -m venv .venv
	@$(BIN)/pip install --quiet --require-hashes --requirement $<
	@touch $@

.venv/installed: .venv/locked pyproject.toml
	@$(BIN)/pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

.venv/bench: requirements/bench.txt .venv/installed
	@$(BIN)/pip install --quiet --require-hashes --requirement $<
	@touch $@

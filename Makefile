# `make help` lists what there is. Everything works on a fresh machine with python3 (and venv), make and git.
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
OUT ?= out

.DEFAULT_GOAL := help
.PHONY: help demo test test-fast test-long lint format bench bench-large score figures compare fit setup setup-dev system wheel audit clean

help: ## List the targets
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  \033[1m%-12s\033[0m %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.core: pyproject.toml constraints.txt | $(BIN)/python
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e .
	@touch $@

$(VENV)/.dev: pyproject.toml constraints.txt | $(BIN)/python
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev,s3,spark,roads,analysis,cloud,airflow,lineage]'
	@touch $@ $(VENV)/.core

$(VENV)/.fit: $(VENV)/.dev
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[fit]'
	@touch $@

setup: $(VENV)/.core ## Make .venv with the pinned core (what `pothole run` needs)

setup-dev: $(VENV)/.dev ## Make .venv with everything that tests and benchmarks need

system: ## Install what tests need from the system (Java 17, Chromium, ShellCheck), or say what is missing
	@tools/system_packages.sh

demo: $(VENV)/.core ## Simulate a small fleet's day, find its potholes, show them
	@$(BIN)/python tools/demo.py --out $(OUT)/demo

QUICK = not slow and not spark and not browser
# ARGS goes to pytest, such as ARGS='-k lease'; a phase in which nothing is selected (exit status 5) is no failure.
PYTEST = $(BIN)/python -m pytest --durations 25 $(ARGS)
NOTHING = { status=$$?; [ $$status = 5 ]; } || exit $$status
# A file's tests stay together, and so does what shares Airflow's services; two at a time, however many cores there are.
SERVICES = -n 2 --dist loadgroup --no-loadscope-reorder

test: system test-fast ## Run the tests: the quick ones, then those that start services; ARGS='-k ...' selects some
	$(PYTEST) $(SERVICES) -m "not ($(QUICK)) and not long" || $(NOTHING)

test-fast: $(VENV)/.dev ## Run the quick tests
	$(PYTEST) -n auto -m "$(QUICK) and not long" || $(NOTHING)

test-long: system $(VENV)/.dev ## Run what takes too long for every day: before a release
	$(PYTEST) -m long || $(NOTHING)

lint: $(VENV)/.dev ## Check format, lint and types
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

format: $(VENV)/.dev ## Format the code
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

score: $(VENV)/.dev ## Score detection on simulated fleets and on real recordings
	$(BIN)/python -m benchmarks.score

figures: $(VENV)/.dev ## What detection is asked for and what it reaches on simulated fleets
	$(BIN)/python -m benchmarks.figures $(ARGS)

compare: $(VENV)/.dev ## All figures of detection: the published detectors on the same data, then `make figures`
	$(BIN)/python -m benchmarks.compare
	$(BIN)/python -m benchmarks.figures $(ARGS)

fit: $(VENV)/.fit ## Fit the classifier on simulated fleets (other seeds than those of `make score`)
	$(BIN)/python -m benchmarks.fit

bench: $(VENV)/.dev ## Time the day of 22.5 million samples against its baselines
	$(BIN)/python -m benchmarks.day

bench-large: $(VENV)/.dev ## Time ten times that day
	$(BIN)/python -m benchmarks.day --large

wheel: $(VENV)/.core ## Build the wheel, and beside it its bill of materials (CycloneDX), below out/wheel
	@rm -rf $(OUT)/wheel
	$(BIN)/pip wheel --quiet --disable-pip-version-check --no-deps -w $(OUT)/wheel .
	$(BIN)/python tools/sbom.py --out $(OUT)/wheel/pothole-pipeline.cdx.json

AUDIT := .venv-audit
$(AUDIT)/bin/pip-audit: Makefile
	$(PYTHON) -m venv $(AUDIT)
	$(AUDIT)/bin/pip install --quiet --disable-pip-version-check -c constraints.txt pip-audit==2.10.1
	@touch $@

audit: $(AUDIT)/bin/pip-audit ## Ask whether what is pinned has known vulnerabilities; say so where no database is reached
	@$(PYTHON) tools/audit.py $<

clean: ## Remove the environment and all output
	rm -rf $(VENV) $(AUDIT) $(OUT) .pytest_cache .mypy_cache .ruff_cache

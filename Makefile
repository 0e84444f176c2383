# make compare   trains a policy for about half a minute and compares it and the shipped ones with DFTSP and heuristics
# make test      runs the tests
# make lint      ruff and mypy
# make docs      builds the documentation site, site/index.html
# make setup     only creates .venv
# Each works from a bare clone. Nothing is reinstalled while pyproject.toml and constraints.txt stay the same.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed

.PHONY: compare plan test lint docs setup clean

compare: plan $(INSTALLED)
	$(BIN)/python scripts/compare.py

plan: # says on a bare machine what will take how long, before anything is installed
	@test -e $(INSTALLED) || $(PYTHON) agents/edge_llm_agents/commands/plan.py

test: $(INSTALLED)
	$(BIN)/python -m pytest -n 2

lint: $(INSTALLED)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

docs: $(VENV)/.installed-docs
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict

setup: $(INSTALLED)

$(INSTALLED): pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=python3.11")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --disable-pip-version-check -c constraints.txt -e '.[agents,plots,viewer,dev]'
	touch $@

$(VENV)/.installed-docs: $(INSTALLED)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[docs]'
	touch $@

clean:
	rm -rf $(VENV) build site *.egg-info .pytest_cache .mypy_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

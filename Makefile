# make compare   trains a policy for about half a minute and compares it and the shipped ones with DFTSP and heuristics
# make test      runs the tests
# make test-steady  runs ROUNDS=20 times, beside two busy processes, the tests that start processes, have limits in seconds or get signals
# make test-tools  runs the tests with RL Zoo, moviepy and RLlib, whose versions need environments of their own
# make release   builds wheel and source distribution into dist/, checks them and uses them outside the checkout
# make lint      ruff and mypy
# make docs      builds the documentation site, site/index.html
# make setup     only creates .venv
# Each works from a bare clone. Nothing is reinstalled while pyproject.toml and constraints.txt stay the same.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
NEW_ENOUGH := import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=python3.11")
INSTALLED := $(VENV)/.installed
ROUNDS := 20

# Empty is not set: where it is, each worker and each process that tests start compiles the sources anew, a second or more.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: compare plan test test-steady test-tools test-ecosystem test-rllib lint docs setup release clean

compare: plan $(INSTALLED)
	$(BIN)/python scripts/compare.py

plan: # says on a bare machine what will take how long, before anything is installed
	@test -e $(INSTALLED) || $(PYTHON) agents/edge_llm_agents/commands/plan.py

test: $(INSTALLED)
	$(BIN)/python -m tests.kernels
	$(BIN)/python -m pytest -n 2 --durations=10

test-steady: $(INSTALLED)
	$(BIN)/python -m tests.steady --rounds $(ROUNDS)

test-tools: test-ecosystem test-rllib

test-ecosystem: .venv-ecosystem/.installed
	.venv-ecosystem/bin/python -m pytest tests/tools/test_rl_zoo.py tests/tools/test_films.py

test-rllib: .venv-rllib/.installed
	.venv-rllib/bin/python -m pytest tests/tools/test_rllib.py

lint: $(INSTALLED)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

docs: $(VENV)/.installed-docs
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict

setup: $(INSTALLED)

release: $(INSTALLED)
	$(BIN)/python scripts/release.py

# MO-Gymnasium asks for pygame, whose files are those of pygame-ce, so it comes without what it asks for.
$(INSTALLED): pyproject.toml constraints.txt
	$(PYTHON) -c '$(NEW_ENOUGH)'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --disable-pip-version-check -c constraints.txt -e '.[agents,plots,viewer,dev]'
	$(BIN)/python -m pip install --disable-pip-version-check -c constraints.txt --no-deps mo-gymnasium
	touch $@

# Without the other pinned versions, which RL Zoo and RLlib do not all take.
.venv-%/.installed: pyproject.toml constraints.txt
	$(PYTHON) -c '$(NEW_ENOUGH)'
	$(PYTHON) -m venv $(@D)
	$(@D)/bin/python -m pip install --quiet --disable-pip-version-check $$(grep '^torch==' constraints.txt) \
		-e '.[agents,multi-agent,$*]' pytest hypothesis
	touch $@

$(VENV)/.installed-docs: $(INSTALLED)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[docs]'
	touch $@

clean:
	rm -rf $(VENV) .venv-* build dist site *.egg-info .pytest_cache .mypy_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

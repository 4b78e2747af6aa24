# Everything runs in this folder's own .venv; nothing outside the checkout is touched.
PYTHON ?= python3
BIN := .venv/bin
# Container images switch off the cache of compiled modules; a command starts three times slower without it.
unexport PYTHONDONTWRITEBYTECODE
PYTEST := $(BIN)/python -m pytest -n auto --maxprocesses 8 --dist worksteal

.PHONY: demo test check lint types layers test-hosts test-browser bench clean

demo: .venv/installed  ## the main job, on the embedded sandbox
	$(BIN)/custify demo

test: .venv/tested  ## the tests, without those that are slow by nature
	$(PYTEST) -m "not slow" $(MORE)

# Here `test` is run with coverage and in another order each time; the slow tests add theirs, and the sum is judged.
# Those that measure real windows of seconds run one after another.
THOROUGH := --random-order --hypothesis-profile=thorough --cov
check: MORE = $(THOROUGH) --cov-report= --cov-fail-under=0
check: .venv/checked lint types layers test  ## lint, types, layers and all tests, with coverage
	$(PYTEST) -m "slow and not alone" $(THOROUGH) --cov-append --cov-report= --cov-fail-under=0
	$(BIN)/python -m pytest -m "slow and alone" $(THOROUGH) --cov-append --cov-report=term

lint: .venv/checked
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: .venv/checked
	$(BIN)/mypy

layers: .venv/checked
	$(BIN)/lint-imports

test-hosts:  ## the connector inside real hosts, each in an environment of its own from PyPI; HOSTS="airbyte" for some
	$(PYTHON) tests/hosts/run.py $(HOSTS)

test-browser: .venv/browser  ## the console in a real browser: needs Chromium, at /usr/bin/chromium or as CHROMIUM says
	$(BIN)/python -m pytest tests/browser

bench: .venv/installed  ## the benchmarks, side by side with others: about 15 minutes on a quiet machine
	$(BIN)/python benchmarks/run.py

.venv/installed: pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --upgrade 'pip>=25.1'
	$(BIN)/python -m pip install --quiet --editable .
	touch $@

.venv/tested: .venv/installed
	$(BIN)/python -m pip install --quiet --group test
	touch $@

.venv/checked: .venv/tested
	$(BIN)/python -m pip install --quiet --group check
	touch $@

.venv/browser: .venv/tested
	$(BIN)/python -m pip install --quiet --group browser
	touch $@

clean:
	rm -rf .venv tests/hosts/.environments custify-demo .coverage .mypy_cache .ruff_cache .pytest_cache .hypothesis

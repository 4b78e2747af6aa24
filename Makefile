# Everything runs in this folder's own .venv; nothing outside the checkout is touched.
PYTHON ?= python3
BIN := .venv/bin
# Container images switch off the cache of compiled modules; a command starts three times slower without it.
unexport PYTHONDONTWRITEBYTECODE
IN_PARALLEL := -m pytest -n auto --maxprocesses 8 --dist worksteal
PYTEST := $(BIN)/python $(IN_PARALLEL)
# The exact versions of all that development installs; `make lock` writes it. Without hashes, so that pip alone takes
# them beside an editable package.
LOCK := requirements-dev.txt
OLDEST := 3.10
COMPILE = $(UV) pip compile --quiet $(UPGRADE) --no-annotate --custom-compile-command "make lock" pyproject.toml
RELEASE := .environments/release/bin
INSTALL := $(BIN)/python -m pip install --quiet --constraint $(LOCK)
# Only what makes environments for other Pythons and for releases needs uv.
UV := $(BIN)/uv
INSTALL_INTO := $(UV) pip install --quiet --constraint $(LOCK) --python

.PHONY: demo test check lint types layers test-hosts test-browser test-lowest test-sdist site release audit api lock bench clean

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

test-python-%: .venv/uv  ## `make test` on another Python, which uv finds or fetches: make test-python-3.14
	$(UV) venv --quiet --clear --python $* .environments/python-$*
	$(INSTALL_INTO) .environments/python-$* --editable . --group test
	.environments/python-$*/bin/python $(IN_PARALLEL) -m "not slow" $(MORE)

test-lowest: .venv/uv  ## `make test` with the lowest versions that pyproject.toml allows, on the oldest Python
	$(UV) venv --quiet --clear --python $(OLDEST) .environments/lowest
	$(UV) pip install --quiet --python .environments/lowest --resolution lowest-direct --editable . --group test
	.environments/lowest/bin/python $(IN_PARALLEL) -m "not slow" $(MORE)

# Without --quiet, which hides the warnings from `strict` as well.
site: .environments/site/installed  ## the pages as a searchable site, in build/site; a link that leads nowhere is an error
	NO_MKDOCS_2_WARNING=1 .environments/site/bin/mkdocs build

release: .environments/release/installed  ## what a release ships, each file checked: dist/, and an SBOM in build/release
	rm -rf dist build/release
	$(RELEASE)/python -m build --outdir dist
	$(RELEASE)/twine check --strict dist/*
	$(RELEASE)/check-wheel-contents dist/*.whl
	$(UV) venv --quiet --clear --python $(BIN)/python build/release/wheel
	$(INSTALL_INTO) build/release/wheel dist/*.whl
	$(RELEASE)/cyclonedx-py environment --pyproject pyproject.toml --mc-type library --output-reproducible \
	    --output-file build/release/sbom.cdx.json build/release/wheel/bin/python

test-sdist: .environments/release/installed  ## `make test` in the sdist, as those who package it run it; MORE="-k …" for a part
	rm -rf build/sdist
	$(RELEASE)/python -m build --sdist --outdir build/sdist
	tar --extract --gzip --file build/sdist/*.tar.gz --directory build/sdist --strip-components 1
	$(MAKE) --directory build/sdist test

audit: .environments/release/installed  ## known vulnerabilities in the locked versions; one that cannot be looked up fails
	$(RELEASE)/pip-audit --strict --disable-pip --no-deps --requirement $(LOCK)

api: .environments/release/installed  ## what changed in the public API since the last tag, or since SINCE=v0.1.0
	$(RELEASE)/griffe check --search . $(if $(SINCE),--against $(SINCE)) custify_connector.contract

lock: .venv/uv  ## write the lock after a change of pyproject.toml; make lock UPGRADE=--upgrade takes newer versions
	$(COMPILE) --universal --python-version $(OLDEST) --output-file $(LOCK) \
	    --group test --group browser --group check --group site --group release
	$(COMPILE) --python-version 3.13 --constraint $(LOCK) --extra duckdb --extra postgres --output-file containers/constraints.txt

bench: .venv/installed  ## the benchmarks, side by side with others: about half an hour on a quiet machine
	$(BIN)/python benchmarks/run.py

.venv/installed: pyproject.toml $(LOCK)
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --upgrade 'pip>=25.1'
	$(INSTALL) --editable .
	touch $@

.venv/tested: .venv/installed
	$(INSTALL) --group test
	touch $@

.venv/uv: .venv/installed
	$(BIN)/python -m pip install --quiet 'uv>=0.9'
	touch $@

.venv/checked: .venv/tested
	$(INSTALL) --group check
	touch $@

.venv/browser: .venv/tested
	$(INSTALL) --group browser
	touch $@

# What a site and a release need stands apart from what the connector is tested with.
.environments/%/installed: .venv/uv
	$(UV) venv --quiet --clear --python $(BIN)/python .environments/$*
	$(INSTALL_INTO) .environments/$* --group $*
	touch $@

clean:
	rm -rf .venv .environments build dist tests/hosts/.environments custify-demo .coverage .mypy_cache .ruff_cache .pytest_cache .hypothesis

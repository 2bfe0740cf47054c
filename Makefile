# make demo   sample logs -> workspace -> daily report, on a bare machine with Python >= 3.11
# make test   every check, and the tests of a few minutes, on the same bare machine
# The rest: test-long (the same with more material), test-lab, test-servers, test-spark, test-slow, lab (notebooks), worlds, accept, bench, prove,
# faults, fuzz, samples, docs, lock, wheel, clean.

SHELL := /bin/sh
.DELETE_ON_ERROR:
.PHONY: demo test test-long test-lab test-servers test-spark test-slow lab worlds accept bench prove faults fuzz samples docs lock wheel clean

# The first interpreter that is new enough and can make environments; `make demo PYTHON=…` overrides.
PYTHON ?= $(shell for p in python3.13 python3.12 python3.11 python3 python3.14 python; do \
	$$p -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
	&& { echo $$p; break; }; done)

VENV := .venv
LAB := .venv-lab
SPARK := .venv-spark
SBOM := .venv-sbom
BIN := $(VENV)/bin
OUT := demo
# A file's tests share what they set up, and a notebook's cells their kernel. In their own order the
# last files are short ones, so that no process ends long before the others.
SPREAD := --numprocesses logical --maxprocesses 4 --dist loadfile --no-loadscope-reorder
# What is compiled once need not be compiled by each process that a test or a benchmark starts.
unexport PYTHONDONTWRITEBYTECODE
# A continuous integration's variables make pytest print whole pages where it compares them.
PYTEST := env -u CI -u BUILD_NUMBER $(BIN)/pytest --tb=short
NBVAL := --nbval-lax --nbval-current-env --nbval-cell-timeout=120
SIZE := small

# The same package index settings as always, no questions, and only what the lock names.
PIP := -m pip --disable-pip-version-check --no-input install --quiet
LOCKED := $(PIP) --require-hashes --no-deps -r
SELF := $(PIP) --no-deps --no-build-isolation -e .

# demo: exit code 1 says that the report has findings, which the sample logs are made to have.
demo: $(VENV)/run.stamp
	@$(BIN)/hookanalysis demo -o $(OUT) || test $$? -eq 1

test: $(VENV)/test.stamp
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(PYTEST) $(SPREAD) tests

test-long: $(VENV)/test.stamp
	$(PYTEST) $(SPREAD) $(NBVAL) -m long tests notebooks

# The day's notebook in JupyterLab itself.
test-lab: $(VENV)/test.stamp $(LAB)/lab.stamp
	$(PYTEST) -m long tests/test_lab.py -k daily

# Every server and framework of tests/lab that is installed.
test-servers: $(VENV)/test.stamp
	$(PYTEST) -m long tests/test_real_servers.py

# The samples and a played world, read by Spark; it needs Java.
test-spark: $(VENV)/test.stamp $(SPARK)/spark.stamp
	$(PYTEST) -m long tests/test_spark.py

# By hand: a month as cron plays it, the container, and order and parts of sixty worlds.
test-slow: $(VENV)/test.stamp
	$(PYTEST) $(SPREAD) $(NBVAL) -m slow tests notebooks

lab: $(LAB)/lab.stamp
	$(LAB)/bin/jupyter lab notebooks

# What a change does to the stored worlds of tests/gate, row by row; and to accept it on purpose.
worlds: $(VENV)/test.stamp
	PYTHONPATH=tests $(BIN)/python -m gate $(GATE)

accept: $(VENV)/test.stamp
	PYTHONPATH=tests $(BIN)/python -m gate --accept $(GATE)

prove: $(VENV)/test.stamp
	PYTHONPATH=tests $(BIN)/python benchmarks/prove.py $(or $(CASES),--write)
	PYTHONPATH=tests $(BIN)/python -m street.run $(or $(STREET),0 1000) --jobs 2

# Each write, fsync, open, rename, mkdir and allocation of four commands fails, an hour of work; and
# broken files, for as many seconds.
faults: $(VENV)/test.stamp
	PYTHONPATH=tests $(BIN)/python -m faults $(or $(COMMANDS),load reconcile export report)

fuzz: $(VENV)/test.stamp
	PYTHONPATH=tests $(BIN)/python -m fuzz $(or $(SECONDS),60)

bench: $(VENV)/test.stamp
	$(BIN)/python benchmarks/run.py --size $(SIZE)

# The committed sample logs, from the played world and its fixed seed.
samples: $(VENV)/run.stamp
	rm -rf data/samples
	PYTHONPATH=tests $(BIN)/python -m world data/samples

# The generated parts of README and docs/: outcomes, data dictionary, command help, public names.
docs: $(VENV)/test.stamp
	$(BIN)/python tests/manual.py --write

# Versions and hashes of every platform's wheels, for every supported Python, and no addresses.
LOCK := .venv-lock/bin/uv pip compile --quiet --universal --fork-strategy fewest --python-version 3.11 \
	--generate-hashes --no-annotate --no-header --no-emit-index-url --no-emit-find-links --upgrade
lock: | check-python
	test -x .venv-lock/bin/uv || { $(PYTHON) -m venv .venv-lock && .venv-lock/bin/python $(PIP) uv; }
	$(LOCK) pyproject.toml --group build -o requirements.txt
	$(LOCK) pyproject.toml --group build --group test -c requirements.txt -o requirements-test.txt
	$(LOCK) pyproject.toml --group build --extra lab -c requirements.txt -o requirements-lab.txt
	$(LOCK) pyproject.toml --group build --group stores --extra spark -c requirements.txt -o requirements-spark.txt
	$(LOCK) --group pyproject.toml:sbom -o requirements-sbom.txt

# Beside the wheel, what the lock installs with it, as CycloneDX: names, versions, hashes.
wheel: $(VENV)/run.stamp $(SBOM)/sbom.stamp
	$(BIN)/hatchling build -t wheel -d dist
	$(SBOM)/bin/cyclonedx-py requirements requirements.txt --pyproject pyproject.toml \
		--output-reproducible --output-format JSON --output-file dist/hookanalysis.cdx.json

clean:
	rm -rf $(VENV) $(LAB) $(SPARK) $(SBOM) .venv-lock $(OUT) dist .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

.PHONY: check-python
check-python:
	@test -n "$(PYTHON)" || { \
	echo "No Python >= 3.11 that can make environments was found."; \
	echo "Install one (Debian, Ubuntu: apt-get install python3 python3-venv), or name it:"; \
	echo "  make demo PYTHON=/path/to/python3.12"; exit 2; } >&2

# A stamp is newer than its lock once everything in the lock is installed.
$(BIN)/python $(LAB)/bin/python $(SPARK)/bin/python $(SBOM)/bin/python: | check-python
	@echo "Making an environment with $(PYTHON) …"
	@$(PYTHON) -m venv --clear $(@D)/..

$(VENV)/run.stamp: requirements.txt pyproject.toml | $(BIN)/python
	@echo "Installing the $$(grep -c "^[a-z].*==" $<) packages of $<: a minute or two …"
	@$(BIN)/python $(LOCKED) $<
	@$(BIN)/python $(SELF)
	@touch $@

$(VENV)/test.stamp: requirements-test.txt pyproject.toml | $(BIN)/python
	@echo "Installing the $$(grep -c "^[a-z].*==" $<) packages of $<: a minute or two …"
	@$(BIN)/python $(LOCKED) $<
	@$(BIN)/python $(SELF)
	@touch $@ $(VENV)/run.stamp

$(LAB)/lab.stamp: requirements-lab.txt pyproject.toml | $(LAB)/bin/python
	@echo "Installing the $$(grep -c "^[a-z].*==" $<) packages of $<: a minute or two …"
	@$(LAB)/bin/python $(LOCKED) $<
	@$(LAB)/bin/python $(SELF)
	@touch $@

$(SPARK)/spark.stamp: requirements-spark.txt pyproject.toml | $(SPARK)/bin/python
	@echo "Installing the $$(grep -c "^[a-z].*==" $<) packages of $<: some minutes, PySpark is large …"
	@$(SPARK)/bin/python $(LOCKED) $<
	@$(SPARK)/bin/python $(SELF)
	@touch $@

$(SBOM)/sbom.stamp: requirements-sbom.txt | $(SBOM)/bin/python
	@$(SBOM)/bin/python $(LOCKED) $<
	@touch $@

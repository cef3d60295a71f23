# Every command a person needs; `make help` lists them.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: help
help: ## list the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-17s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.venv/ready: requirements/dev.txt pyproject.toml
	@$(PYTHON) -c 'import sys, venv, ensurepip; assert sys.version_info >= (3, 11)' \
	  || { echo 'Python 3.11 or newer with venv is needed (Debian: apt-get install python3-venv)' >&2; exit 1; }
	$(PYTHON) -m venv .venv
	@# --no-deps: the lock is complete, and an old pip resolves extras past it as soon as there is a newer release
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements/dev.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

.PHONY: setup
setup: .venv/ready ## the virtual environment with the locked dependencies

.PHONY: demo
demo: .venv/ready ## a review answered, a Pod before and after, two containers that end (under a minute)
	@$(BIN)/python -m examples.demo

.PHONY: test
test: .venv/ready ## lint, types, import contracts and all tests but those of the cluster (under 5 minutes)
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports
	@# more processes than cores: most tests wait for others
	$(BIN)/pytest --numprocesses=4 --dist=worksteal --cov --cov-report=term-missing:skip-covered --cov-fail-under=100

.PHONY: browser
browser: .venv/ready ## install chromium and chromedriver, which the tests of the page need (apt-get)
	$(BIN)/python -m tests.support.browser

.PHONY: format
format: .venv/ready ## fix what lint can fix
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

.PHONY: docs
docs: .venv/ready ## the generated pages
	$(BIN)/python -m tools.docs

.PHONY: lock
lock: ## write the lock files anew from pyproject.toml (needs uv)
	for set in 'webhook:pyproject.toml' 'certs:--extra certs --extra cluster pyproject.toml' \
	  'dev:--extra certs --extra cluster --group dev pyproject.toml' 'fuzz:--group fuzz' 'sbom:--group sbom'; do \
	  uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-emit-find-links --no-header \
	    --python-version 3.11 $${set#*:} -o requirements/$${set%%:*}.txt || exit; \
	done

-include tests/launcher/targets.mk tests/cluster/targets.mk tests/fuzz/targets.mk bench/targets.mk

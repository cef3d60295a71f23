# Targets of the launcher; the Makefile includes this file.

.PHONY: launcher
launcher: .venv/ready ## write webhook/launcher/texts.py from its sources (needs node and npm)
	$(BIN)/python webhook/launcher/src/build.py

.PHONY: test-launcher
test-launcher: .venv/ready ## the whole signal matrix, oracle and fuzz (root; installs ten package managers once)
	$(BIN)/python -m tests.signals.tools
	$(BIN)/pytest -m matrix -n 3 --dist worksteal tests/signals

.PHONY: docs-entrypoints
docs-entrypoints: .venv/ready ## measure the tables of docs/entrypoints.md anew (root)
	$(BIN)/python -m tests.signals.table docs/entrypoints.md

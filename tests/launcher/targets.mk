# Targets of the launcher; the Makefile includes this file.

.PHONY: launcher
launcher: .venv/ready ## write webhook/launcher/texts.py from its sources (needs node and npm)
	$(BIN)/python webhook/launcher/src/build.py

# Every run is a container of its own that mostly waits: two processes with eight containers each keep two cores busy.
PROOF := $(BIN)/pytest -m matrix -n 2 --dist worksteal
ORACLE := tests/launcher/test_oracle.py tests/launcher/test_fuzz.py
HOOK := tests/launcher/test_hook_matrix.py tests/launcher/test_hook_servers.py

.PHONY: launcher-tools
launcher-tools: .venv/ready
	$(BIN)/python -m tests.launcher.tools

.PHONY: test-launcher
test-launcher: launcher-tools ## the whole signal matrix (root; installs ten package managers once)
	$(PROOF) tests/launcher $(ORACLE:%=--ignore=%) $(HOOK:%=--ignore=%)

.PHONY: test-hook
test-hook: launcher-tools ## the signal hook with every package manager, shell and init, and with real servers (root)
	$(PROOF) $(HOOK)

.PHONY: test-oracle
test-oracle: launcher-tools ## every way to invoke a package manager against the launcher, and the fuzz (root)
	$(PROOF) $(ORACLE)

MOMENTS ?= 2025

.PHONY: test-moments
test-moments: launcher-tools ## SIGTERM at random moments: MOMENTS containers, three shells, three modes (root)
	$(BIN)/python -m tests.launcher.stress --runs $(MOMENTS)

.PHONY: docs-entrypoints
docs-entrypoints: .venv/ready ## measure the tables of docs/entrypoints.md anew (root)
	$(BIN)/python -m tests.launcher.table docs/entrypoints.md

.PHONY: programs
programs: launcher-tools ## what SIGTERM does behind every program of programs.tsv, measured again (root, debootstrap)
	$(BIN)/python -m tests.launcher.programs $(PROGRAMS)

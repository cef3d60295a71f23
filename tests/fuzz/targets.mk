# Coverage-guided fuzzing with atheris, which is not in the development lock: 35 MB that only this needs.
FUZZ_SECONDS ?= 60

.PHONY: fuzz
fuzz: .venv/ready ## coverage-guided fuzzing of reviews and Pods (FUZZ_SECONDS=60 each)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements/fuzz.txt
	$(BIN)/python -m tests.fuzz bodies $(FUZZ_SECONDS)
	$(BIN)/python -m tests.fuzz pods $(FUZZ_SECONDS)
	$(BIN)/python -m tests.fuzz pairs $(FUZZ_SECONDS)

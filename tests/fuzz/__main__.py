"""Coverage-guided fuzzing: python -m tests.fuzz {bodies,pods,pairs} SECONDS.

`bodies` are bytes as they come over HTTP, beginning with those of tests/serving/bodies.py; `pods`, and `pairs` of them,
are what hypothesis makes of bytes with tests/support/strategies.py. What breaks a property is written below
build/fuzz/, and ends the run with an error.
"""

from __future__ import annotations

import sys
from pathlib import Path
from random import Random

import atheris

with atheris.instrument_imports(include=["webhook"]):
    from tests.fuzz.properties import check_body, one_pair, one_pod
    from tests.serving.bodies import ANSWERED, NOT_ANSWERABLE

MAX_BYTES = 20_000
"""Of an input; hypothesis needs less for its largest Pod, and a longer body is only slower."""
RANDOM = [Random(number).randbytes(MAX_BYTES // 4) for number in range(100)]  # of few bytes come simple Pods
SEEDS = {
    "bodies": [body for body in (ANSWERED | NOT_ANSWERABLE).values() if len(body) <= MAX_BYTES],
    "pods": RANDOM,
    "pairs": RANDOM,
}
WORDS = """
    uid kind operation CREATE object metadata annotations labels spec containers initContainers command args lifecycle
    preStop sleep seconds exec httpGet postStart terminationGracePeriodSeconds restartPolicy Always ownerReferences Job
    lastcall.webhook/status lastcall.webhook/inject lastcall.webhook/drain-seconds lastcall.webhook/entrypoint npm start
    sh -c /bin/sh tini -- null true [] {} -1 9223372036854775808 1e400
""".split()


def main() -> None:
    """Fuzz until the time is over or something is found."""
    target, seconds = sys.argv[1:]
    folder = Path("build/fuzz", target)
    corpus, words = folder / "corpus", folder / "words"
    corpus.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(SEEDS[target]):
        (corpus / f"seed-{number}").write_bytes(seed)
    words.write_text("".join(f'"{word}"\n' for word in WORDS))
    limits = (f"-max_total_time={seconds}", f"-max_len={MAX_BYTES}", "-len_control=0", "-timeout=30")
    places = (f"-dict={words}", f"-artifact_prefix={folder}/")
    one = {"bodies": check_body, "pods": one_pod, "pairs": one_pair}[target]
    atheris.Setup([sys.argv[0], str(corpus), *limits, *places, "-verbosity=1", "-print_final_stats=1"], one)
    atheris.Fuzz()


if __name__ == "__main__":
    main()

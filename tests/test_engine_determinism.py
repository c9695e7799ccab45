"""The same input gives the same bits: in any thread, in any process, whatever was asked before."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from random import Random

import pytest

from strategies import as_rows, random_network, sampled_evidence
from twitchdx.engines import Answer, Engine
from twitchdx.network import Network
from twitchdx.numerics import Array

THREADS = 4


def question(seed: int) -> tuple[Network, list[dict[str, Array]]]:
    """A network and some evidence, built anew: no engine has seen it."""
    random = Random(seed)
    network = random_network(random, 25)
    return network, [sampled_evidence(random, network, share) for share in (0.0, 0.2, 0.5, 0.9)]


def bits(answer: Answer) -> str:
    parts = [f"{name} {each.tobytes().hex()}" for name, each in sorted(answer.marginals.items())]
    return "\n".join([answer.log_evidence.hex(), *parts])


@pytest.mark.parametrize("seed", range(3))
def test_threads_at_once_get_the_bits_of_one(engine: Engine, seed: int) -> None:
    network, patients = question(seed)
    alone = [bits(engine.answer(network, patient, list(network))) for patient in patients]
    # Built anew, so that whatever an engine prepares for a network is prepared by all threads at once.
    network, patients = question(seed)
    together = threading.Barrier(THREADS)

    def ask(first: int) -> dict[int, str]:
        together.wait(timeout=60)
        order = [(first + k) % len(patients) for k in range(len(patients))]
        return {k: bits(engine.answer(network, patients[k], list(network))) for k in order}

    with ThreadPoolExecutor(THREADS) as pool:
        for found in pool.map(ask, range(THREADS)):
            assert [found[k] for k in range(len(patients))] == alone


def test_batches_in_threads_get_the_bits_of_one(engine: Engine) -> None:
    network, patients = question(7)
    rows = as_rows(network, patients * (1 if engine.name == "pgmpy" else 50))
    targets = list(network)
    alone = engine.answer_many(network, rows, targets)
    network = question(7)[0]
    together = threading.Barrier(THREADS)

    def ask(_: int) -> tuple[bytes, ...]:
        together.wait(timeout=60)
        answers = engine.answer_many(network, rows, targets)
        return (answers.log_evidence.tobytes(), *(answers.marginals[name].tobytes() for name in targets))

    expected = (alone.log_evidence.tobytes(), *(alone.marginals[name].tobytes() for name in targets))
    with ThreadPoolExecutor(THREADS) as pool:
        assert set(pool.map(ask, range(THREADS))) == {expected}


def test_what_was_asked_before_never_matters(engine: Engine) -> None:
    network, patients = question(11)
    fresh = [bits(engine.answer(question(11)[0], patient, list(network))) for patient in patients]
    for order in (range(4), (3, 1, 0, 2), (2, 2, 3, 0, 1)):
        for k in order:
            assert bits(engine.answer(network, patients[k], list(network))) == fresh[k]


_AGAIN = """
import sys
from test_engine_determinism import bits, question
from twitchdx.engines import ENGINES
engine = ENGINES[sys.argv[1]]
for seed in range(4):
    network, patients = question(seed)
    for patient in patients:
        print(bits(engine.answer(network, patient, list(network))))
"""


def test_every_process_gives_the_same_bits(engine: Engine) -> None:
    here = []
    for seed in range(4):
        network, patients = question(seed)
        here.extend(bits(engine.answer(network, patient, list(network))) for patient in patients)
    # The seed decides the order of sets and so whatever was left to it.
    for seed in ("0", "4711"):
        done = subprocess.run(
            [sys.executable, "-c", _AGAIN, engine.name],
            capture_output=True,
            encoding="utf-8",
            check=True,
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": os.pathsep.join(sys.path)},
        )
        assert done.stdout.split() == "\n".join(here).split()

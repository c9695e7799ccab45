"""Work in child processes, which can be stopped, and whose memory can be bounded and measured."""

from __future__ import annotations

import importlib
import json
import os
import resource
import subprocess
import sys
import threading
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, SimpleQueue
from time import monotonic
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
_KIB_PER_MB = 1e6 / 1024
# Seconds until a child must have said its first word: it imports, and reads a network.
_PREPARATION = 180.0


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that a child reported, or why there will be no more.

    Attributes
    ----------
    value : mapping or None
        What it reported.
    failure : str
        Why it ended before it was done; empty otherwise.
    """

    value: dict[str, Any] | None
    failure: str = ""


def stream_child(
    function: str, arguments: dict[str, Any], *, patience: float, gigabytes: float | None = None
) -> Generator[Line]:
    """Run a generator of this package in a child, and pass on what it yields.

    Parameters
    ----------
    function : str
        `module:name` in this package; it yields mappings that JSON can hold.
    arguments : mapping
        Its keyword arguments.
    patience : float
        Seconds that may pass without a word before the child is killed; three minutes before the first.
    gigabytes : float, optional
        Bound of its address space.
    """
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, [str(ROOT), *_own_path()]))}
    # One thread each: what is compared is the work of one core.
    environment |= dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    command = [sys.executable, "-W", "ignore", "-m", "benchmarks.children", function]
    command += [json.dumps(arguments), str(gigabytes or 0)]
    with subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as child:
        try:
            yield from _listen(child, patience)
        finally:
            child.kill()


def _own_path() -> list[str]:
    return [os.environ["PYTHONPATH"]] if "PYTHONPATH" in os.environ else []


def _listen(child: subprocess.Popen[str], patience: float) -> Generator[Line]:
    assert child.stdout is not None
    assert child.stderr is not None
    heard: SimpleQueue[str | None] = SimpleQueue()
    complaints: list[str] = []
    stdout, stderr = child.stdout, child.stderr

    def read() -> None:
        for text in stdout:
            heard.put(text)
        heard.put(None)

    for target in (read, lambda: complaints.extend(stderr)):
        threading.Thread(target=target, daemon=True).start()
    waiting = _PREPARATION
    while True:
        started = monotonic()
        try:
            text = heard.get(timeout=waiting)
        except Empty:
            yield Line(None, f"> {waiting:g} s")
            return
        if text is None:
            break
        if text.startswith("{"):
            yield Line(json.loads(text))
            waiting = patience
        else:  # a library said something
            waiting = max(0.0, waiting - (monotonic() - started))
    if child.wait() != 0:
        yield Line(None, _reason(complaints, child.returncode))


def _reason(complaints: list[str], code: int) -> str:
    last = complaints[-1].strip() if complaints else ""
    if "MemoryError" in last or "bad_alloc" in last or code in {-9, -6}:
        return "out of memory"
    return last[:100] or f"ended with {code}"


def peak_megabytes() -> float:
    """Largest resident memory of this program so far."""
    status = Path("/proc/self/status")
    if status.exists():  # what `getrusage` says on Linux starts with the memory of the parent
        high = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(high.split()[1]) / _KIB_PER_MB
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / _KIB_PER_MB


def main() -> None:
    """Be the child: the function, its arguments as JSON, the bound of memory."""
    function, arguments, gigabytes = sys.argv[1:]
    if float(gigabytes):
        limit = int(float(gigabytes) * 1e9)
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    module, name = function.split(":")
    for value in getattr(importlib.import_module(f"benchmarks.{module}"), name)(**json.loads(arguments)):
        print(json.dumps(value), flush=True)


if __name__ == "__main__":
    main()

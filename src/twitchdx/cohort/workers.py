"""Work in slices on several threads, which an interrupt ends."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable

# A slice should take about so long, whatever the engine: an interrupt waits for the slices begun.
_SECONDS = 0.2
_LONGEST = 4096
# How often the main thread looks up to show the progress, in seconds.
_GLANCE = 0.1


def work_through(
    total: int, work: Callable[[int, int], None], threads: int, advance: Callable[[int], None]
) -> None:
    """Do some work on every index from 0 to `total`, in slices.

    Parameters
    ----------
    total : int
        How many.
    work : callable
        Takes the first index of a slice and the index after its last; runs in several threads.
    threads : int
        How many.
    advance : callable
        Is told, in the calling thread, up to which index slices have been done or begun.

    Notes
    -----
    An exception, also an interrupt of the calling thread, ends the work: no further slice is begun, those
    begun are finished, all threads have ended when it is raised.
    """
    crew = _Crew(total, work)
    started: list[threading.Thread] = []
    try:
        for number in range(min(threads, total)):
            # Noted before it starts: an interrupt can come while it does.
            started.append(threading.Thread(target=crew.work_on, name=f"cohort-{number}"))
            started[-1].start()
        while not crew.wait(_GLANCE):
            advance(crew.next)
        advance(crew.next)
    finally:
        crew.stop()
        # `Thread.join` would not do: before Python 3.13, one that is interrupted takes a living thread for
        # ended. Whoever is impatient interrupts again; what has begun must be finished all the same.
        while True:
            try:
                crew.wait()
                break
            except KeyboardInterrupt:
                continue
        for each in started:
            # One that did not get as far as starting finds nothing to do, should it start yet.
            with contextlib.suppress(RuntimeError):
                each.join()
    if crew.failures:
        raise crew.failures[0]


class _Crew:
    """Threads that take slices, each index once."""

    def __init__(self, total: int, work: Callable[[int, int], None]) -> None:
        self.next = 0
        self.failures: list[BaseException] = []
        self._total = total
        self._work = work
        self._changed = threading.Condition()
        self._busy = 0  # slices that have begun and not ended

    def stop(self) -> None:
        """Let no further slice begin."""
        with self._changed:
            self._total = self.next
            self._changed.notify_all()

    def wait(self, seconds: float | None = None) -> bool:
        """Wait until all slices have ended and none is to begin; whether that is so."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._busy and self.next == self._total, seconds)

    def work_on(self) -> None:
        """Take slice after slice, until there are no more or one fails."""
        size = 1
        while True:
            start, stop = self._begin(size)
            if start == stop:
                return
            began = time.perf_counter()
            try:
                self._work(start, stop)
            except BaseException as error:  # noqa: BLE001 - raised again in the calling thread
                self.failures.append(error)
                self.stop()
            finally:
                self._end()
            pace = (time.perf_counter() - began) / (stop - start)
            # Rows differ: a slice grows to at most four times the one before.
            size = max(1, min(4 * size, _LONGEST, int(_SECONDS / max(pace, 1e-9))))

    def _begin(self, size: int) -> tuple[int, int]:
        """First and last index of the next slice; the same where there is none."""
        with self._changed:
            start = self.next
            self.next = min(start + size, self._total)
            self._busy += self.next > start
            return start, self.next

    def _end(self) -> None:
        with self._changed:
            self._busy -= 1
            self._changed.notify_all()

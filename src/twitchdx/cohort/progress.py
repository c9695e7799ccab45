"""A progress bar on standard error for runs that take long."""

from __future__ import annotations

import contextlib
import sys
import threading
from collections.abc import Callable, Iterator

# A bar that would be gone at once is not shown, in seconds.
_DELAY = 1.0


@contextlib.contextmanager
def progress_bar(total: int | None, *, shown: bool | None) -> Iterator[Callable[[int], object]]:
    """A bar that counts patients.

    Parameters
    ----------
    total : int or None
        How many there are; None where that is not known.
    shown : bool or None
        Whether to show it; None: on a terminal, once the run takes more than a second.

    Yields
    ------
    callable
        Takes how many more are done.
    """
    if shown is None:
        shown, delay = sys.stderr is not None and sys.stderr.isatty(), _DELAY
    else:
        delay = 0.0
    if not shown:
        yield lambda _: None
        return
    from tqdm import tqdm

    class Bar(tqdm):  # type: ignore[type-arg]
        monitor_interval = 0  # no thread of its own

    Bar.set_lock(threading.RLock())  # the default one is for several processes
    with Bar(total=total, unit=" patients", unit_scale=True, delay=delay, file=sys.stderr) as bar:
        yield bar.update

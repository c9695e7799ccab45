"""The compiled core of the exact engine: found, checked and loaded once in a process.

``hatch_build.py`` compiles the C files of this folder into a library beside them. Where it could not, there
is none, and numpy answers instead. `core_status` says which of the two it is.

Only the standard library is imported here: the build reads this file before anything is installed.
"""

from __future__ import annotations

import functools
import os
import sys
import threading
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import ctypes

__all__ = ["LIBRARY", "SWITCH", "core_status", "load_core", "source_digest"]

CoreStatus = Literal["compiled", "absent", "off", "stale", "unusable"]

#: Environment variable that has numpy answer when it is 0 at the first answer of a process.
SWITCH = "TWITCHDX_CORE"

#: Where the library lies if it was compiled.
LIBRARY = Path(__file__).with_name("_core" + {"darwin": ".dylib", "win32": ".dll"}.get(sys.platform, ".so"))

# Two threads that ask first at once get one library and one warning.
_first = threading.Lock()


def load_core() -> ctypes.CDLL | None:
    """The compiled core, or None where numpy has to answer.

    Warns
    -----
    RuntimeWarning
        A library is there, but it is not one of these sources or not one for this machine. Said once.
    """
    return _core()[0]


def core_status() -> CoreStatus:
    """Which core answers, and why.

    Returns
    -------
    {"compiled", "absent", "off", "stale", "unusable"}
        The compiled core answers; or numpy does, because no library was compiled, because ``TWITCHDX_CORE=0``
        says so, because the C files have changed since, or because the library cannot be loaded.
    """
    return _core()[1]


def source_digest(folder: Path) -> str:
    """SHA-256 of the C files of a folder, with their names; empty where there are none."""
    import hashlib  # an installed package has no C files, and no use for it

    sources = sorted(folder.glob("*.[ch]"))
    digest = hashlib.sha256()
    for source in sources:
        content = source.read_bytes()
        digest.update(f"{source.name}\0{len(content)}\0".encode() + content)
    return digest.hexdigest() if sources else ""


def _core() -> tuple[ctypes.CDLL | None, CoreStatus]:
    with _first:
        return _load()


@functools.cache
def _load() -> tuple[ctypes.CDLL | None, CoreStatus]:
    if os.environ.get(SWITCH) == "0":
        return None, "off"
    if not LIBRARY.exists():
        return None, "absent"
    import ctypes

    try:
        core = ctypes.CDLL(str(LIBRARY))
        core.core_digest.restype = ctypes.c_char_p
        compiled_from = core.core_digest().decode()
    except (OSError, AttributeError) as error:
        _warn(f"The compiled core cannot be used: {error}.")
        return None, "unusable"
    if source_digest(LIBRARY.parent) not in {"", compiled_from}:
        _warn(f"The C files in {LIBRARY.parent} have changed since they were compiled.")
        return None, "stale"
    return core, "compiled"


def _warn(problem: str) -> None:
    mend = "`pip install -e .` in the checkout, or installing the package again, compiles it anew."
    off = f"{SWITCH}=0 silences this."
    warnings.warn(f"{problem} numpy answers instead, more slowly. {mend} {off}", RuntimeWarning, stacklevel=5)

"""Compiles the core of the exact engine while the package is built.

The library needs libc and libm alone, and not Python: one wheel a platform serves every version of it. Where
it cannot be compiled, the wheel is a pure one, in which numpy answers.
"""

from __future__ import annotations

import os
import runpy
import shlex
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.config import BuilderConfig
from hatchling.builders.hooks.plugin.interface import BuildHookInterface
from hatchling.builders.wheel import WheelBuilder

PACKAGES = "src"
CORE = "twitchdx/engines/core"

# Wheels run on other machines: no instruction that only this one has. Reproducible digits: no product and sum
# rounded together where the machine happens to be able to.
FLAGS = ("-std=c99", "-O3", "-ffp-contract=off", "-fvisibility=hidden", "-shared")


class CompilationError(Exception):
    """The C files could not be compiled; the text says why."""


class CoreBuildHook(BuildHookInterface[BuilderConfig]):
    """Adds the compiled core to a wheel, or puts it beside its sources for an editable install."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compile the core and say in the build data where it is."""
        # What looks for the library says what it is called, and by which digest it knows its sources.
        loader = runpy.run_path(str(Path(self.root, PACKAGES, CORE, "__init__.py")))
        library: Path = loader["LIBRARY"]
        wanted = os.environ.get(loader["SWITCH"], "")
        editable = version == "editable"
        if editable:
            library.unlink(missing_ok=True)  # one of an earlier build, which this one may not replace
        if wanted == "0":
            self.app.display_info(f"{loader['SWITCH']}=0: the core is not compiled, numpy will answer.")
            return
        self.scratch = tempfile.TemporaryDirectory()
        compiled = Path(self.scratch.name, library.name)
        try:
            compile_core(library.parent, compiled, loader["source_digest"](library.parent))
        except CompilationError as error:
            if wanted == "1":
                raise
            self.app.display_warning(
                f"The core of the exact engine was not compiled: {error}\n"
                "The package works without it; numpy answers, more slowly. To have it, install again where "
                f"there is a C compiler (CC names it). {loader['SWITCH']}=1 makes this an error, "
                f"{loader['SWITCH']}=0 leaves the core out on purpose."
            )
            return
        if editable:
            shutil.copy(compiled, library)
        else:
            build_data["force_include"][str(compiled)] = f"{CORE}/{library.name}"
            build_data["pure_python"] = False
            build_data["tag"] = f"py3-none-{self.platform()}"

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:  # noqa: ARG002
        """Leave nothing behind."""
        if hasattr(self, "scratch"):
            self.scratch.cleanup()

    def platform(self) -> str:
        """The tag of this platform; on macOS the version and the architectures that are compiled for."""
        builder = self.build_config.builder
        assert isinstance(builder, WheelBuilder)
        return builder.get_best_matching_tag().rpartition("-")[2]


def compile_core(folder: Path, library: Path, digest: str) -> None:
    """Compile the C files of a folder into one shared library.

    Parameters
    ----------
    folder : Path
        Where the C files are.
    library : Path
        The file to write.
    digest : str
        What `core_digest` of the library returns; empty if there are no C files.

    Raises
    ------
    CompilationError
        There are no C files or no compiler, or the compiler refused.
    """
    # By name, so that the library does not depend on where the sources lie.
    sources = sorted(source.name for source in folder.glob("*.c"))
    if not sources:
        raise CompilationError(f"there are no C files in {folder}.")
    command = [
        *find_compiler(),
        *FLAGS,
        *([] if sys.platform == "win32" else ["-fPIC"]),
        f'-DCORE_DIGEST="{digest}"',
        *(shlex.split(os.environ.get("ARCHFLAGS", "")) if sys.platform == "darwin" else []),
        *shlex.split(os.environ.get("CFLAGS", "")),
        *("-o", str(library), *sources),
        *shlex.split(os.environ.get("LDFLAGS", "")),
        *([] if sys.platform == "win32" else ["-lm"]),
    ]
    try:
        done = subprocess.run(
            command, cwd=folder, capture_output=True, encoding="utf-8", errors="replace", check=False
        )
    except OSError as error:
        raise CompilationError(f"the compiler does not start: {error}.") from error
    if done.returncode != 0:
        raise CompilationError(f"{shlex.join(command)} says\n{done.stderr.strip()}")


def find_compiler() -> list[str]:
    """The command of the C compiler, with the arguments that CC may give it.

    Raises
    ------
    CompilationError
        None was found. That of Visual Studio is not looked for: it takes other flags.
    """
    if chosen := os.environ.get("CC"):
        return shlex.split(chosen, posix=sys.platform != "win32")
    for name in ("cc", "gcc", "clang"):
        if found := shutil.which(name):
            return [found]
    raise CompilationError("no C compiler was found (cc, gcc or clang, or what CC names).")

"""The command line: `twitchdx diagnose`, `interview`, `models`, `show`, `check`, `validate`, `card`, ..."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from twitchdx.cli.arguments import parse_arguments
from twitchdx.cli.output import print_text
from twitchdx.errors import TwitchdxError

__all__ = ["main"]

_WRONG_INPUT = 2
# What a shell reports of a program that a signal ended: 128 + SIGINT, 128 + SIGPIPE.
_INTERRUPTED = 130
_PIPE_CLOSED = 141


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command.

    Parameters
    ----------
    argv : sequence of str, optional
        The arguments; those of the process if left out.

    Returns
    -------
    int
        Exit code: 0 done; 1 `check` found errors, `validate` a failure, or `card --check` a
        difference; 2 the input is wrong (the reason is on standard error).

    Raises
    ------
    SystemExit
        After `--help` and `--version` (0), and where the arguments cannot be understood (2).
    """
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # a bar that the terminal cannot show must not end the program
            stream.reconfigure(errors="replace")
    try:
        arguments = parse_arguments(argv)
        code: int = arguments.run(arguments)
        sys.stdout.flush()
    except BrokenPipeError:
        _abandon_output()
        return _PIPE_CLOSED
    except KeyboardInterrupt:
        return _INTERRUPTED
    except TwitchdxError as error:
        print_text(f"twitchdx: {error}", sys.stderr)
        return _WRONG_INPUT
    except OSError as error:
        place = f"{error.filename}: " if error.filename else ""
        print_text(f"twitchdx: {place}{error.strerror or error}", sys.stderr)
        return _WRONG_INPUT
    return code


def _abandon_output() -> None:
    # The reader has gone (`| head`). At its end Python would flush once more and complain.
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)

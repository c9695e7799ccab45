"""`twitchdx card`: the generated parts of a model card, and the picture beside it."""

from __future__ import annotations

import argparse

from twitchdx.card import make_card
from twitchdx.cli.output import print_text
from twitchdx.cli.validating import model_folder

_OUTDATED = 1


def card(arguments: argparse.Namespace) -> int:
    """Write the card of a model, or say whether it is up to date."""
    made = make_card(model_folder(arguments.folder))
    outdated = made.outdated()
    if not arguments.check:
        made.write()
    stale = f"not up to date: run `twitchdx card {arguments.folder}`" if arguments.check else "written"
    for path in made.texts:
        print_text(f"{path}: {stale if path in outdated else 'up to date'}")
    return _OUTDATED if arguments.check and outdated else 0

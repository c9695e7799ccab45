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
    if arguments.check:
        for path in outdated:
            print_text(f"{path} is not up to date: run `twitchdx card {arguments.folder}`")
        return _OUTDATED if outdated else 0
    made.write()
    for path in made.texts:
        print_text(f"{path}: {'written' if path in outdated else 'up to date'}")
    return 0

"""The model card: what a model is, what it rests on and what it reproduces, written from the model itself.

The parts of MODEL_CARD.md between ``<!-- begin generated: NAME -->`` and ``<!-- end generated: NAME -->`` are
written here; all other text is the author's. The picture structure.svg stands beside it.
"""

from __future__ import annotations

from twitchdx.card.blocks import fill_blocks
from twitchdx.card.drawing import draw_structure
from twitchdx.card.portrait import gather_patients
from twitchdx.card.writing import CARD_FILE, PICTURE_FILE, ModelCard, make_card

__all__ = [
    "CARD_FILE",
    "PICTURE_FILE",
    "ModelCard",
    "draw_structure",
    "fill_blocks",
    "gather_patients",
    "make_card",
]

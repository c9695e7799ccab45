"""The files of a card, as they should be."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from twitchdx.card.blocks import begin_marker, end_marker, fill_blocks
from twitchdx.card.contents import BLOCKS, write_blocks
from twitchdx.card.drawing import draw_structure
from twitchdx.card.portrait import Portrait, draw_portrait

CARD_FILE = "MODEL_CARD.md"
PICTURE_FILE = "structure.svg"

# How a new card heads its blocks; the author writes between them.
_HEADINGS = {
    "identity": "What it is",
    "provenance": "Where the numbers come from",
    "influential": "The judgements that matter most",
    "causes": "Causes",
    "figures": "Published figures that it reproduces",
    "vignettes": "Short cases",
    "sources": "Sources",
}


@dataclass(frozen=True, slots=True)
class ModelCard:
    """The card of a model.

    Attributes
    ----------
    texts : dict of Path to str
        File -> what it should hold.
    """

    texts: dict[Path, str]

    def outdated(self) -> tuple[Path, ...]:
        """The files that do not exist or hold something else."""
        return tuple(path for path, text in self.texts.items() if _read(path) != text)

    def write(self) -> None:
        """Bring every file up to date."""
        for path in self.outdated():
            path.write_bytes(self.texts[path].encode("utf-8"))


def make_card(folder: str | os.PathLike[str]) -> ModelCard:
    """The card of a model, from the model and from what the author wrote.

    Parameters
    ----------
    folder : str or path
        The model folder. A card that does not exist is begun.

    Raises
    ------
    ModelError
        As in `draw_portrait`; or the markers of the generated blocks are wrong.
    """
    portrait = draw_portrait(folder)
    card = Path(folder) / CARD_FILE
    text = _read(card)
    filled = fill_blocks(_begin(portrait) if text is None else text, write_blocks(portrait), CARD_FILE)
    return ModelCard({card: filled, card.with_name(PICTURE_FILE): draw_structure(portrait.model)})


def _read(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.is_file() else None


def _begin(portrait: Portrait) -> str:
    """A card without a word of the author."""
    title = portrait.spec.model.title
    parts = [f"# Model card: {title}"]
    for name in BLOCKS:
        parts += [f"## {_HEADINGS[name]}", f"{begin_marker(name)}\n{end_marker(name)}"]
        if name == "identity":
            parts.append(f"![The variables of the model and the arrows between them]({PICTURE_FILE})")
    return "\n\n".join(parts) + "\n"

"""``python -m twitchdx.schemas``: write the published schemas into the checkout."""

from __future__ import annotations

from pathlib import Path

from twitchdx.schemas import SCHEMA_FILES
from twitchdx.schemas.generation import generate_schemas

for name, text in generate_schemas().items():
    Path(__file__).with_name(SCHEMA_FILES[name]).write_text(text, encoding="utf-8")

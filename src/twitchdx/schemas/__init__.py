"""The published JSON Schemas: of a model, of its validation, of a diagnosis, of a case.

The files beside this module are committed, so that other programs can read them without running anything.
``python -m twitchdx.schemas`` writes them anew after a change of the records or of the model format.
"""

from __future__ import annotations

from importlib import resources

#: What has a schema -> its file. The number is the version of the format that it describes.
SCHEMA_FILES = {
    "model": "model-1.json",
    "validation": "validation-1.json",
    "diagnosis": "diagnosis-1.json",
    "case": "case-1.json",
}


def schema_text(name: str) -> str:
    """A published schema as JSON text; `name` is a key of `SCHEMA_FILES`."""
    return resources.files(__name__).joinpath(SCHEMA_FILES[name]).read_text(encoding="utf-8")

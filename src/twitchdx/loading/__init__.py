"""Text to spec: strict YAML, the model folder, the shape of the format, the shipped models."""

from __future__ import annotations

from twitchdx.loading.folder import Source, read_folder
from twitchdx.loading.registry import available_models, find_model
from twitchdx.loading.schema import model_schema, parse_spec
from twitchdx.loading.strict_yaml import read_yaml

__all__ = [
    "Source",
    "available_models",
    "find_model",
    "model_schema",
    "parse_spec",
    "read_folder",
    "read_yaml",
]

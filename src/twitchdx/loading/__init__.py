"""Text to spec: strict YAML, the model folder, the shape of the format, the shipped models."""

from __future__ import annotations

from twitchdx.loading.case import Case, case_schema, parse_case
from twitchdx.loading.folder import Source, read_folder
from twitchdx.loading.registry import available_models, find_model
from twitchdx.loading.schema import Parsed, model_schema, parse_spec, spec_data
from twitchdx.loading.strict_yaml import read_yaml

__all__ = [
    "Case",
    "Parsed",
    "Source",
    "available_models",
    "case_schema",
    "find_model",
    "model_schema",
    "parse_case",
    "parse_spec",
    "read_folder",
    "read_yaml",
    "spec_data",
]

"""Text to spec: strict YAML, the model folder, the shape of the format, the shipped models."""

from __future__ import annotations

from twitchdx.loading.case import Case, case_schema, parse_case
from twitchdx.loading.folder import Source, read_folder
from twitchdx.loading.registry import available_models, default_model, find_model
from twitchdx.loading.schema import (
    model_schema,
    parse_spec,
    parse_validation,
    spec_data,
    validation_schema,
)
from twitchdx.loading.shape import Parsed
from twitchdx.loading.strict_yaml import read_yaml

__all__ = [
    "Case",
    "Parsed",
    "Source",
    "available_models",
    "case_schema",
    "default_model",
    "find_model",
    "model_schema",
    "parse_case",
    "parse_spec",
    "parse_validation",
    "read_folder",
    "read_yaml",
    "spec_data",
    "validation_schema",
]

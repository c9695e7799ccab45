"""Schemas for publication: what pydantic makes of a class, with what its attributes mean."""

from __future__ import annotations

import ast
import copy
import functools
import inspect
import sys
from collections.abc import Mapping
from itertools import pairwise
from types import MappingProxyType, ModuleType
from typing import Any

_DIALECT = "https://json-schema.org/draft/2020-12/schema"


def published_schema(
    title: str,
    root: type,
    home: ModuleType,
    schema: Mapping[str, Any],
    attribute_of: Mapping[str, str] = MappingProxyType({}),
) -> dict[str, Any]:
    """A schema with title, dialect, and the docstring of each attribute as its description.

    pydantic can read these docstrings too, but then does so whenever it prepares to read a file, which takes
    half a second; and it leaves out those of a base class.

    Parameters
    ----------
    title : str
        What the schema describes.
    root : type
        The class that it was made of.
    home : module
        Where the classes of its definitions are found by their names.
    schema : mapping
        What pydantic made of it; it stays as it is.
    attribute_of : mapping of str to str
        Key of a file -> attribute, where the two differ.
    """
    described = copy.deepcopy(dict(schema))
    _describe(described, root, attribute_of)
    for name, definition in described.get("$defs", {}).items():
        _describe(definition, getattr(home, name), attribute_of)
    described.pop("title", None)
    return {"$schema": _DIALECT, "title": title, **described}


def _describe(definition: dict[str, Any], described_class: type, attribute_of: Mapping[str, str]) -> None:
    for key, value in definition["properties"].items():
        attribute = attribute_of.get(key, key)
        for each in described_class.__mro__[:-1]:
            docstrings = attribute_docstrings(sys.modules[each.__module__])[each.__name__]
            if attribute in docstrings:
                value["description"] = docstrings[attribute]
                break


@functools.cache
def attribute_docstrings(module: ModuleType) -> dict[str, dict[str, str]]:
    """What stands below each attribute in the source of a module: class -> attribute -> docstring."""
    return {
        each.name: {
            attribute.target.id: inspect.cleandoc(text)
            for attribute, below in pairwise(each.body)
            if isinstance(attribute, ast.AnnAssign) and isinstance(attribute.target, ast.Name)
            if isinstance(below, ast.Expr) and isinstance(below.value, ast.Constant)
            if isinstance(text := below.value.value, str)
        }
        for each in ast.parse(inspect.getsource(module)).body
        if isinstance(each, ast.ClassDef)
    }

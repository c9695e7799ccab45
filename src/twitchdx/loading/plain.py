"""Plain data to frozen dataclasses and back, straight from their annotations.

pydantic decides what a model file may hold and says what is wrong with one. It needs a fifth of a second to
get ready, half of what a first diagnosis may cost, so a sound model does without it: `build` takes what
is right beyond doubt and refuses everything else, which is then for pydantic to judge.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from operator import attrgetter
from types import MappingProxyType, NoneType, UnionType
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

T = TypeVar("T")
Reader = Callable[[Any], Any]


class Misfit(Exception):  # noqa: N818 - no error: someone else looks at the data again
    """The data is not right beyond doubt."""


def build(root: type[T], data: object) -> T:
    """An instance of a dataclass from plain data, with the types that its annotations say and no others.

    Raises
    ------
    Misfit
        A key is missing or unknown, a value has another type, or an annotation is none of those that
        are read here.
    """
    hint: Any = root
    built: T = _reader(hint)(data)
    return built


def plain_data(value: Any) -> Any:
    """What a dataclass holds as plain data, without the attributes that have their default value."""
    kind: Any = type(value)
    if kind is dict:
        return {key: plain_data(each) for key, each in value.items()}
    if kind is tuple:
        return [plain_data(each) for each in value]
    if kind in _SCALARS:
        return value
    defaults, attributes = _defaults(kind)
    # Most attributes have their default value, or are text.
    return {
        name: each if type(each) is str else plain_data(each)
        for (name, default), each in zip(defaults.items(), attributes(value), strict=True)
        if each is not default and each != default
    }


_SCALARS = frozenset({str, float, int, bool, NoneType})


@functools.cache
def _defaults(kind: Any) -> tuple[Mapping[str, object], Callable[[Any], tuple[Any, ...]]]:
    """Attribute -> default value (MISSING where there is none), and what gets all attributes."""
    defaults = {each.name: _default(each) for each in fields(kind)}
    # A name given twice, so that one attribute comes as a tuple too.
    first = next(iter(defaults))
    get = attrgetter(*defaults, first)
    return MappingProxyType(defaults), lambda value: get(value)[:-1]


def _default(attribute: Field[Any]) -> object:
    factory = attribute.default_factory
    return attribute.default if factory is MISSING else factory()


@functools.cache
def _reader(hint: Any) -> Reader:
    """What reads the values of one annotation."""
    if hint in _PLAIN_READERS:
        reader = _PLAIN_READERS[hint]
    elif isinstance(hint, type) and is_dataclass(hint):
        reader = _read_dataclass(hint)
    else:
        match get_origin(hint), get_args(hint):
            case origin, words if origin is Literal:
                reader = _read_word(frozenset(words))
            case origin, (key, value) if origin is dict:
                reader = _read_mapping(_reader(key), _reader(value))
            case origin, (each, end) if origin is tuple and end is ...:
                reader = _read_tuple(_reader(each))
            case origin, (each, none) if origin in (UnionType, Union) and none is NoneType:
                reader = _read_optional(_reader(each))
            case _:
                reader = _refuse
    return reader


def _refuse(_data: object) -> Any:
    raise Misfit


def _read_dataclass(kind: type) -> Reader:
    # Filled at first use: a class may hold others of its own kind.
    readers: dict[str, Reader] = {}
    needed = frozenset(name for name, default in _defaults(kind)[0].items() if default is MISSING)

    def read(data: Any) -> Any:
        if not readers:
            hints = get_type_hints(kind)
            readers.update({each.name: _reader(hints[each.name]) for each in fields(kind)})
        if type(data) is not dict or not needed <= data.keys() <= readers.keys():
            raise Misfit
        return kind(**{key: readers[key](value) for key, value in data.items()})

    return read


def _read_mapping(key: Reader, value: Reader) -> Reader:
    def read(data: Any) -> Any:
        if type(data) is not dict:
            raise Misfit
        return {key(name): value(each) for name, each in data.items()}

    return read


def _read_tuple(each: Reader) -> Reader:
    def read(data: Any) -> Any:
        if type(data) is not list:
            raise Misfit
        return tuple([each(value) for value in data])

    return read


def _read_optional(each: Reader) -> Reader:
    return lambda data: None if data is None else each(data)


def _read_word(words: frozenset[str]) -> Reader:
    def read(data: Any) -> Any:
        if type(data) is not str or data not in words:
            raise Misfit
        return data

    return read


def _read_exactly(kind: type) -> Reader:
    def read(data: Any) -> Any:
        if type(data) is not kind:
            raise Misfit
        return data

    return read


def _read_number(data: Any) -> float:
    if type(data) is float:
        return data
    # A whole number is a number; one that a float64 does not hold exactly is not beyond doubt.
    if type(data) is int and abs(data) <= _EXACT:
        return float(data)
    raise Misfit


_EXACT = 2**53
_PLAIN_READERS: dict[Any, Reader] = {
    str: _read_exactly(str),
    int: _read_exactly(int),
    bool: _read_exactly(bool),
    float: _read_number,
    Any: lambda data: data,  # for someone else to judge
}

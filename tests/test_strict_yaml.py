"""YAML is read as JSON would be, whatever YAML 1.1 thinks of `no` and 12:30; everything else is refused."""

from __future__ import annotations

import json
import math

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from twitchdx.loading import read_yaml
from twitchdx.loading.strict_yaml import MAX_BYTES, MAX_DEPTH, MAX_ISSUES, MAX_NODES, Data


def read(text: str) -> Data:
    """The data of a text without issues."""
    document = read_yaml(text.encode(), "a.yaml")
    assert document.issues == ()
    return document.data


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0", 0),
        ("-0", 0),
        ("12", 12),
        ("-3", -3),
        ("0.5", 0.5),
        ("1e-3", 0.001),
        ("1E3", 1000.0),
        ("2.5e+2", 250.0),
        ("-1.5e-2", -0.015),
        ("true", True),
        ("false", False),
        ("null", None),
    ],
)
def test_json_scalars_are_values(text: str, value: object) -> None:
    found = read(f"a: {text}")
    assert isinstance(found, dict)
    assert found["a"] == value
    assert type(found["a"]) is type(value)


@pytest.mark.parametrize(
    "text",
    [
        *("no", "yes", "on", "off", "No", "Y", "n", "True", "FALSE", "Null", "~", "NULL"),
        *("12:30", "1:20:30", "2026-01-31", "2026-01-31T10:00:00Z"),
        *("007", "0x1", "0o17", "0b1", "1_000", "+1", "1.", ".5", "1e", "--1", "1,000"),
        *(".nan", ".inf", "-.inf", "NaN", "Infinity", "1e999", "-1e999"),
        *("<<", "=", "0.1.2", "4 mmol/L", "9" * 400, "1" + "0" * 330 + ".0"),
    ],
)
def test_everything_else_is_text(text: str) -> None:
    assert read(f"a: {text}") == {"a": text}
    assert read(f"- {text}\n- 1\n") == [text, 1]


def test_empty_is_text_and_quoted_numbers_are_text() -> None:
    assert read("a:") == {"a": ""}
    assert read("a: \"1\"\nb: 'true'\nc: |\n  7\nd: >-\n  null\n") == {
        "a": "1",
        "b": "true",
        "c": "7\n",
        "d": "null",
    }


def test_keys_are_always_text() -> None:
    assert read("1: a\ntrue: b\nno: c\nnull: d\n12:30: e\n") == {
        "1": "a",
        "true": "b",
        "no": "c",
        "null": "d",
        "12:30": "e",
    }


@pytest.mark.parametrize(
    ("code", "line", "text"),
    [
        ("duplicate-key", 3, "a: 1\nb: 2\na: 3\n"),
        ("duplicate-key", 2, "x: {a: 1,\n  a: 2}\n"),
        ("duplicate-key", 2, "1: a\n'1': b\n"),
        ("yaml-anchor", 2, "a: 1\nb: &x 2\n"),
        ("yaml-anchor", 1, "&x a: 1\n"),
        ("yaml-alias", 2, "a: &x [1]\nb: *x\n"),
        ("yaml-alias", 2, "a: &x {b: 1}\nc: {<<: *x}\n"),
        ("yaml-alias", 1, "a: &a [*a]\n"),
        ("yaml-tag", 1, "a: !!str 1\n"),
        ("yaml-tag", 1, "a: !!python/object/apply:os.system ['true']\n"),
        ("yaml-tag", 2, "a: 1\nb: !local {c: 1}\n"),
        ("yaml-tag", 1, "!!set {a, b}\n"),
        ("yaml-tag", 2, "%TAG ! tag:x,2000:\n--- !y\na: 1\n"),
        ("yaml-documents", 3, "a: 1\n\n---\nb: 2\n"),
        ("yaml-documents", 2, "---\n---\na: 1\n"),
        ("yaml-key", 1, "[a, b]: 1\n"),
        ("yaml-key", 2, "a: 1\n? {b: 2}\n: 3\n"),
        ("yaml-syntax", 2, "a: [1\nb: 2\n"),
        ("yaml-syntax", 1, "a: b: c\n"),
        ("yaml-syntax", 2, "a:\n\t- 1\n"),
        ("yaml-syntax", 2, 'a: "no end\n'),
        ("yaml-syntax", 1, "a: \x07\n"),
        ("yaml-syntax", 1, "a: \x00\n"),
        ("yaml-syntax", 1, "a: @b\n"),
        ("control-character", 2, 'a: 1\nb: "\\e[2J"\n'),
        ("control-character", 1, '"\\a": 1\n'),
        ("control-character", 1, 'a: "\\x85"\n'),
        ("yaml-too-deep", 1, "[" * (MAX_DEPTH + 1) + "]" * (MAX_DEPTH + 1)),
        ("yaml-too-large", 1, "[" + "0," * (MAX_NODES + 1) + "]"),
    ],
)
def test_what_a_model_file_has_no_business_to_hold_is_refused(code: str, line: int, text: str) -> None:
    document = read_yaml(text.encode(), "a.yaml")
    found = [(issue.code, issue.where.file, issue.where.line) for issue in document.issues]
    assert (code, "a.yaml", line) in found
    assert all(issue.fix and issue.message and issue.severity == "error" for issue in document.issues)


def test_the_bounds_themselves_are_allowed() -> None:
    assert read("[" * MAX_DEPTH + "]" * MAX_DEPTH) is not None
    # The list itself counts as one entry.
    data = read("[" + "0," * (MAX_NODES - 1) + "]")
    assert isinstance(data, list)
    assert len(data) == MAX_NODES - 1


def test_the_first_of_two_equal_keys_is_kept_so_that_reading_goes_on() -> None:
    document = read_yaml(b"a: 1\na: {b: 2, b: 3}\nc: 4\n", "a.yaml")
    assert document.data == {"a": 1, "c": 4}
    assert [issue.code for issue in document.issues] == ["duplicate-key", "duplicate-key"]
    assert "line 1" in document.issues[0].message


def test_reading_stops_after_a_hundred_issues() -> None:
    document = read_yaml(b"".join(b"a: 1\n" for _ in range(500)), "a.yaml")
    assert document.data is None
    assert len(document.issues) == MAX_ISSUES + 1
    assert document.issues[-1].code == "too-many-issues"


def test_a_file_larger_than_the_limit_is_not_parsed() -> None:
    document = read_yaml(b"a" * (MAX_BYTES + 1), "a.yaml")
    assert [issue.code for issue in document.issues] == ["yaml-too-large"]


def test_bytes_that_are_no_text_are_refused_with_their_line() -> None:
    document = read_yaml(b"a: 1\nb: \xff\xfe\n", "a.yaml")
    assert [(issue.code, issue.where.line) for issue in document.issues] == [("not-utf8", 2)]


def test_a_byte_order_mark_and_windows_line_ends_do_no_harm() -> None:
    assert read("\ufeffa: 1\r\nb: 2\r\n") == {"a": 1, "b": 2}


def test_the_line_of_everything_is_known() -> None:
    document = read_yaml(b"a:\n  b: 1\n  c:\n    - x\n    - {d: 2,\n       e: 3}\n", "a.yaml")
    lines = document.lines
    assert lines.find(["a", "b"]).line == 2
    assert lines.find(["a", "c"]).line == 3
    assert lines.find(["a", "c", 0]).line == 4
    assert lines.find(["a", "c", 1, "e"]).line == 6
    # What is not there is placed at the nearest thing that is.
    assert lines.find(["a", "c", 1, "missing"]).line == 5
    assert lines.find(["a", "c", 9]).line == 3


finite = st.floats(allow_nan=False, allow_infinity=False)
integers = st.integers(-(10**300), 10**300)
# YAML cannot hold control characters, and libyaml takes no lone surrogates.
characters = st.characters(
    exclude_categories=("Cs", "Cc", "Co", "Cn"), exclude_characters="\u2028\u2029\ufeff"
)
texts = st.text(characters, max_size=20)
# The dumper of YAML 1.1 does not quote 0E0, which is a number in JSON: no digits for it.
words = texts.filter(lambda text: not any(each.isdigit() for each in text))
json_data = st.recursive(
    st.none() | st.booleans() | integers | finite | texts,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(texts, inner, max_size=5),
    max_leaves=30,
)


def same(a: object, b: object) -> bool:
    """Equal, and of equal types all the way down."""
    if type(a) is not type(b):
        return False
    if isinstance(a, dict) and isinstance(b, dict):
        return list(a) == list(b) and all(same(a[key], b[key]) for key in a)
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(map(same, a, b))
    return a == b and (not isinstance(a, float) or math.copysign(1, a) == math.copysign(1, float(b)))  # type: ignore[arg-type]


@given(json_data)
@example({"a": 1e-3, "b": -0.0, "c": 5e-324})
def test_json_is_read_as_json(data: object) -> None:
    # ASCII escapes aside, so that the text of the strings is the reader's own business.
    document = read_yaml(json.dumps(data, ensure_ascii=False).encode(), "a.yaml")
    assert document.issues == ()
    assert same(document.data, data)


@given(
    st.dictionaries(
        st.from_regex(r"[a-z]{1,8}", fullmatch=True), st.lists(words | integers, max_size=4), max_size=5
    )
)
def test_block_style_is_read_too(data: dict) -> None:
    written = yaml.safe_dump(data, default_flow_style=False, allow_unicode=True, sort_keys=False)
    document = read_yaml(written.encode(), "a.yaml")
    assert document.issues == ()
    assert same(document.data, data)


@given(st.binary(max_size=200))
@example(b"\x00")
@example(b"a: !\n")
@example(b"? \n? \n")
@example(b"\xef\xbb\xbf")
@example(b"%YAML 3.0\n---\n")
@example(b"- - - - ? a\n: *")
def test_random_bytes_never_raise(data: bytes) -> None:
    document = read_yaml(data, "a.yaml")
    assert document.data is None or document.lines is not None
    for issue in document.issues:
        assert issue.code
        assert issue.fix
        assert issue.where.file == "a.yaml"
        assert issue.where.line is not None
        assert 1 <= issue.where.line <= data.count(b"\n") + data.count(b"\r") + 2


@given(st.text("ab:-?[]{},&*!|>'\"%@`# \n\t1.e", max_size=60))
def test_random_yaml_never_raises_and_holds_plain_data(text: str) -> None:
    document = read_yaml(text.encode(), "a.yaml")
    json.dumps(document.data, allow_nan=False)

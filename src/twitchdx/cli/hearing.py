"""What a person types at a question: an answer, or a wish."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from twitchdx.interview import Item, Question

Wish = Literal["skip", "back", "why", "quit", "help", "nothing"]

_WISHES: dict[str, Wish] = {
    **dict.fromkeys(("?", "skip", "s", "unsure", "not sure", "unknown"), "skip"),
    **dict.fromkeys(("don't know", "dont know", "do not know", "i don't know", "i dont know"), "skip"),
    **dict.fromkeys(("dunno", "pass", "no idea"), "skip"),
    **dict.fromkeys(("b", "back"), "back"),
    **dict.fromkeys(("w", "why", "why?"), "why"),
    **dict.fromkeys(("q", "quit", "exit", "stop"), "quit"),
    **dict.fromkeys(("h", "help"), "help"),
    "": "nothing",
}
_YES_OR_NO = {
    **dict.fromkeys(("yes", "y", "yeah", "yep", "true"), True),
    **dict.fromkeys(("no", "n", "nope", "none", "never", "false"), False),
}
_NONE = {"0", "none", "no", "n", "none of these", "nothing", "-"}
# So many letters say which one is meant.
_TELLING = 3
_ALL = {"all", "all of these", "all of them"}


@dataclass(frozen=True, slots=True)
class Heard:
    """An answer, as `Interview.answer` takes it."""

    value: Any


@dataclass(frozen=True, slots=True)
class Unheard:
    """What was typed and could not be understood, and what to type instead."""

    hint: str


def hear(line: str, question: Question) -> Heard | Unheard | Wish:
    """Understand a line.

    Parameters
    ----------
    line : str
        What was typed.
    question : Question
        What was asked.
    """
    text = " ".join(line.split()).casefold().rstrip(".!").replace("\N{RIGHT SINGLE QUOTATION MARK}", "'")
    # A word that is one of the answers is that answer.
    if text in _WISHES and text not in _words_of(question):
        return _WISHES[text]
    return _hear_checklist(text, question) if question.checklist else _hear_item(text, question.items[0])


def _words_of(question: Question) -> set[str]:
    return {word.casefold() for each in question.items for pair in each.states.items() for word in pair}


def _hear_item(text: str, item: Item) -> Heard | Unheard:
    called = {state: (state, state.replace("_", " "), label) for state, label in item.states.items()}
    found = _find(text, called)
    if found is not None:
        return Heard(found)
    if item.unit is not None and re.match(r"[-+.]?\d", text):
        return Heard(text)  # a measurement, and never the place of an answer
    if item.yes_or_no and text in _YES_OR_NO:
        return Heard(_YES_OR_NO[text])
    answers = ["present", "absent"] if item.yes_or_no else list(item.states)
    if item.unit is None and text.isdecimal() and 1 <= int(text) <= len(answers):
        return Heard(answers[int(text) - 1])
    begun = [
        state for state, words in called.items() if any(each.casefold().startswith(text) for each in words)
    ]
    if len(begun) == 1 and not item.yes_or_no:
        return Heard(begun[0])
    return Unheard(_hint(item))


def _hint(item: Item) -> str:
    if item.yes_or_no:
        return "Please type yes or no, or ? if you don't know."
    if item.unit is not None:
        return f"Please type a number ({item.unit}), or ? if you don't know."
    return f"Please type a number from 1 to {len(item.states)}, or ? if you don't know."


def _hear_checklist(text: str, question: Question) -> Heard | Unheard:
    if text in _NONE:
        return Heard([])
    if text in _ALL:
        return Heard(value=True)
    if text in {"yes", "y"}:
        return Unheard("Which of them? Please type their numbers, such as 1 3.")
    called = {
        each.variable: (each.variable, each.variable.replace("_", " "), each.label) for each in question.items
    }
    whole = _find(text, called)
    if whole is not None:
        return Heard([whole])
    numbers = re.fullmatch(r"\d+(?:[\s,;&+]+(?:and )?\d+)*[\s,;]*", text) is not None
    parts = re.findall(r"\d+", text) if numbers else re.split(r"\s*(?:[,;&+]|\band\b)\s*", text)
    present = []
    for part in filter(None, parts):
        place = int(part) if part.isdecimal() else 0
        found = (
            question.items[place - 1].variable if 1 <= place <= len(question.items) else _find(part, called)
        )
        if found is None:
            return Unheard(
                f"I did not understand {part!r}. Please type the numbers of all that apply, such as 1 3, "
                "none if none does, or ? if you don't know."
            )
        present.append(found)
    return Heard(present)


def _find(text: str, called: Mapping[str, tuple[str, ...]]) -> str | None:
    """The name that some words stand for: all its words, or a part that no other name has."""
    exact = [name for name, words in called.items() if text in {each.casefold() for each in words}]
    if exact:
        return exact[0]
    if len(text) < _TELLING:
        return None
    near = [name for name, words in called.items() if any(text in each.casefold() for each in words)]
    return near[0] if len(near) == 1 else None

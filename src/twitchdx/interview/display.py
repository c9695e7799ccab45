"""An interview as a few lines of text, and as HTML."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from twitchdx.interview.interviewing import Interview
    from twitchdx.interview.wording import Item


def interview_text(interview: Interview) -> str:
    """Where it stands, and the question with its answers."""
    return "\n".join(_lines(interview))


def _lines(interview: Interview) -> list[str]:
    question = interview.question
    head = _standing(interview)
    if question is None:
        return [head, f"  {interview.stopped}"]
    asked = [f"  - {each.text} [{each.variable}]" for each in question.items] if question.checklist else []
    answers = [] if question.checklist else [f"  answers: {_answers(question.items[0])}"]
    return [head, f"  {question.text}", *asked, *answers, f"  why: {question.reason}"]


def _standing(interview: Interview) -> str:
    asked, skipped = interview.asked, len(interview.skipped)
    left_open = f", {skipped} left open" if skipped else ""
    return f"<Interview {interview.model.name}: {asked} of at most {interview.most} questions{left_open}>"


def _answers(item: Item) -> str:
    if item.yes_or_no:
        return f"True, False [{item.variable}]"
    number = f", or a number in {item.unit}" if item.unit else ""
    return f"{', '.join(item.states)}{number} [{item.variable}]"


def interview_html(interview: Interview) -> str:
    """The same as a paragraph, a list, and a line of small print."""
    question = interview.question
    head = f"<small>{escape(_standing(interview)[1:-1])}</small>"
    if question is None:
        return f"<div>{head}<p>{escape(interview.stopped or '')}</p></div>"
    if question.checklist:
        entries = [f"{escape(each.text)} <code>{escape(each.variable)}</code>" for each in question.items]
    else:
        entries = [escape(_answers(question.items[0]))]
    listed = "".join(f"<li>{each}</li>" for each in entries)
    return (
        f"<div>{head}<p><b>{escape(question.text)}</b></p><ul>{listed}</ul>"
        f"<small>{escape(question.reason)}</small></div>"
    )

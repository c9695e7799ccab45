"""`twitchdx interview`: a conversation in the terminal."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import TextIO

from twitchdx.cli.hearing import Heard, Unheard, Wish, hear
from twitchdx.cli.output import line_width, print_document, print_text, print_wrapped
from twitchdx.display import diagnosis_text
from twitchdx.errors import EvidenceError, ImpossibleEvidenceError, Issue, OptionError, Where
from twitchdx.interview import MOST, Interview, Item, Question
from twitchdx.spec import LEVELS

# An interview says a few dozen things; a file beyond this is something else.
_MAX_BYTES = 1_000_000
_HELP = (
    "Type the number of an answer or its words. ? means that you don't know; nothing is then assumed. "
    "b goes back, why says why it is asked, q leaves."
)
_WHY = {
    "basis": "Everybody is asked this first.",
    "danger": "Warning signs come before everything else, however unlikely they are.",
    "value": "Of all that could still be asked, this helps most to decide what to do.",
}


def interview(arguments: argparse.Namespace) -> int:
    """Ask until it is time to stop, and print the answer."""
    led = _begin(arguments)
    # With --json standard output is for a program, and the conversation goes where a person sees it.
    out = sys.stderr if arguments.json else sys.stdout
    conversation = _Conversation(led, out, arguments.save or arguments.resume)
    try:
        conversation.hold()
    except KeyboardInterrupt:
        print_text("\n", out)
        conversation.say_where_it_is_kept()
        raise
    if arguments.json:
        print_document(led.diagnosis.to_json(indent=2))
    else:
        print_text("")
        print_text(diagnosis_text(led.diagnosis.record, line_width(), complete=arguments.all))
    if conversation.left:
        conversation.say_where_it_is_kept()
    return 0


def _begin(arguments: argparse.Namespace) -> Interview:
    if arguments.save and arguments.save != arguments.resume and os.path.lexists(arguments.save):
        fix = "Name a file that does not exist, or go on with it: --resume FILE."
        issue = Issue(
            "error", "file-exists", Where("--save", arguments.save), "there is a file already.", fix
        )
        raise OptionError("The answers cannot be kept there.", [issue])
    if arguments.resume is None:
        most = MOST if arguments.most is None else arguments.most
        return Interview(arguments.model, most=most)
    with Path(arguments.resume).open("rb") as stream:
        text = stream.read(_MAX_BYTES + 1).decode("utf-8", errors="replace")
    return Interview.from_json(text, arguments.model)


class _Conversation:
    """An interview with a person at a keyboard, or with lines from a pipe."""

    def __init__(self, led: Interview, out: TextIO, save: str | None) -> None:
        self.led = led
        self.out = out
        self.file = None if save is None else Path(save)
        self.left = False

    def hold(self) -> None:
        """Ask until it is time to stop, or the person leaves."""
        self._greet()
        while not self.left:
            question = self.led.question
            if question is not None:
                self._ask(question)
                self._hear_out(question)
            elif not self._end():
                return
        self._say("Thank you. This is the answer to what you have said so far.")
        self._say_what_is_open()
        question = self.led.question
        if question is not None and question.kind != "value":
            self._say(
                "You have not been asked about all warning signs yet. If anything about this worries you, or "
                "something new comes with it, have it looked at sooner than the answer says."
            )

    def _end(self) -> bool:
        """Say why it ends; whether the person goes back instead."""
        print_text("", self.out)
        self._say(self.led.stopped or "")
        triage = self.led.diagnosis.triage
        if triage is not None and triage.level == LEVELS[-1]:  # what to do comes before anything else
            self._say(triage.action)
        if not self.led.asked:
            return False
        self._say("Thank you. Press Enter for the whole answer, or type b if an answer was a mistake.")
        line = self._prompt()
        if line is None or line.strip().casefold() not in {"b", "back"}:
            self._say_what_is_open()
            return False
        self.led.back()
        self._keep()
        return True

    def say_where_it_is_kept(self) -> None:
        """How to go on, where answers are kept."""
        if self.file is not None:
            self._say(f"Your answers are in {self.file}. To go on: twitchdx interview --resume {self.file}")

    def _say_what_is_open(self) -> None:
        variables = self.led.model.variables
        labels = [variables[name].label for name in self.led.skipped]
        if labels:
            self._say(f"Left open, and not taken for a no: {'; '.join(labels)}.")

    def _greet(self) -> None:
        spec = self.led.model.spec
        assert spec is not None  # an interview needs a model with roles
        begun = "Welcome back." if self.led.asked else "Hello."
        print_wrapped(
            f"{begun} I will ask at most {self.led.most} questions, warning signs early on, and stop when no "
            f"answer is likely to change what to do. {spec.model.disclaimer}",
            file=self.out,
        )
        print_wrapped(_HELP, file=self.out)
        self._keep()

    def _ask(self, question: Question) -> None:
        print_text("", self.out)
        place = f"{self.led.asked + 1}. "
        print_wrapped(question.text, place, file=self.out)
        print_wrapped(f"({question.reason})", " " * len(place), file=self.out)
        if question.checklist:
            for number, each in enumerate(question.items, start=1):
                print_wrapped(each.text, f"   {number:>2}  ", file=self.out)
            print_wrapped("Type the numbers of all that apply, such as 1 3, or none.", "   ", file=self.out)
        else:
            self._show_answers(question.items[0])

    def _show_answers(self, item: Item) -> None:
        if item.unit is not None:
            print_wrapped(f"Type a number ({item.unit}).", "   ", file=self.out)
            return
        words = ["yes", "no"] if item.yes_or_no else list(item.states.values())
        for number, each in enumerate(words, start=1):
            print_wrapped(each, f"   {number:>2}  ", file=self.out)

    def _hear_out(self, question: Question) -> None:
        """Read lines until the question is settled, or the person leaves."""
        before = self.led.asked
        while self.led.asked == before and not self.left:
            line = self._prompt()
            heard = "quit" if line is None else hear(line, question)
            if isinstance(heard, Unheard):
                self._say(heard.hint)
            elif isinstance(heard, Heard):
                self._answer(heard)
            elif self._fulfil(heard, question):
                return
        self._keep()

    def _prompt(self) -> str | None:
        """A line, or None at the end of input: what was said until then is answered."""
        print(">", end=" ", flush=True, file=self.out)
        line = sys.stdin.readline()
        if not sys.stdin.isatty() or not line:
            print_text("", self.out)  # nobody pressed Enter
        return line or None

    def _answer(self, heard: Heard) -> None:
        try:
            self.led.answer(heard.value)
        except ImpossibleEvidenceError as error:
            conflict = "; ".join(self._spoken(name, state) for name, state in error.conflict.items())
            self._say(
                "As the model sees it, these cannot be true together: "
                f"{conflict}. Please answer once more, or type b to change the answer before."
            )
        except EvidenceError as error:
            for issue in error.issues:
                self._say(f"{issue.message[0].upper()}{issue.message[1:]} {issue.fix}".rstrip())
            self._say("Please answer once more, or type ? if you don't know.")

    def _spoken(self, name: str, state: str) -> str:
        variable = self.led.model.variables[name]
        label = dict(zip(variable.states, variable.state_labels, strict=True)).get(state, state)
        return f"{variable.label}: {label}"

    def _fulfil(self, wish: Wish, question: Question) -> bool:
        """Do what is wished; whether the question is to be asked anew."""
        match wish:
            case "skip":
                self.led.skip()
                self._say("That is fine; nothing is assumed about it.")
            case "quit":
                self.left = True
            case "back" if self.led.asked:
                self.led.back()
                self._keep()
                return True
            case "back":
                self._say("This is the first question.")
            case "why":
                self._say(f"{question.reason} {_WHY[question.kind]}")
            case "help":
                self._say(_HELP)
            case "nothing":
                self._say("Please type an answer, ? if you don't know, or q to leave.")
        return False

    def _say(self, text: str) -> None:
        print_wrapped(text, file=self.out)

    def _keep(self) -> None:
        """Write all answers to the file, whole or not at all, for nobody else to read."""
        if self.file is None:
            return
        beside = self.file.with_name(f"{self.file.name}.new")
        with os.fdopen(
            os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8"
        ) as to:
            to.write(f"{self.led.to_json()}\n")
        beside.replace(self.file)

"""What the command line understands, and the help that teaches it. Commands load when they run."""

from __future__ import annotations

import argparse
import importlib
import sys
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

from twitchdx import __version__

_TOP = """\
Bayesian differential diagnosis: how probable each cause of a complaint is, why,
and what to do next. Not a medical device."""

_TOP_EXAMPLES = """\
examples:
  twitchdx models                           which models there are
  twitchdx show MODEL                       what can be said in the words of one
  twitchdx interview                        be asked, one question after another
  twitchdx diagnose age=34 muscle_cramps=yes
  twitchdx diagnose case.json --json
  twitchdx diagnose --help                  more about one command"""

_DIAGNOSE = """\
Ranked causes, how soon to seek care, and what to do next, for one patient. What
is not said is not observed, which is not the same as absent: say NAME=no for
what was looked for and not found."""

_DIAGNOSE_EXAMPLES = """\
values:
  NAME=yes, NAME=no         for what is present or absent (also true and false)
  NAME=STATE                one of its states (see `twitchdx show MODEL NAME`)
  NAME=34, NAME="3.1 UNIT"  for what is measured; a bare number has the unit of
                            the model
  NAME=VALUE adds to a case and never replaces what the case says: where both
  name the same variable they must agree.

a case file:
  {"title": "...", "description": "...", "model": "MODEL",
   "evidence": {"age": 34, "muscle_cramps": true,
                "serum_potassium": "3.1 mmol/L",
                "thirst": {"absent": 0.2, "present": 1.0}}}
  Only "evidence" is needed. Likelihoods of every state say what is uncertain.

examples:
  twitchdx diagnose age=34 sex=female muscle_cramps=yes
  twitchdx diagnose age=34 "serum_potassium=3.1 mmol/L"
  twitchdx diagnose case.json               a case from a file
  twitchdx diagnose models/*/cases/healthy_runner.json muscle_weakness=no
                                            a case of a checkout, and one
                                            thing more
  twitchdx diagnose - --json < case.json    from standard input, as JSON
  twitchdx diagnose --model ./my_model      without evidence: how probable each
                                            cause is beforehand"""

_INTERVIEW = """\
A conversation in the terminal: one question after another, each with the reason
why it is asked, warning signs first. It ends when no further answer is likely to
change what to do. Nothing is sent anywhere."""

_INTERVIEW_EXAMPLES = """\
answers:
  the number of an answer, or its words; of a list, the numbers of all that apply
  (such as 1 3), all, or none
  ?            I don't know, or would rather not say: nothing is assumed
  b            back to the question before
  why          why this is asked
  q            leave; with --save, all answers are kept

examples:
  twitchdx interview
  twitchdx interview --save mine.json       keep the answers in a file ...
  twitchdx interview --resume mine.json     ... and go on another day"""

_MODELS_EXAMPLES = """\
example:
  twitchdx models                           name, version and title of each"""

_SHOW_EXAMPLES = """\
examples:
  twitchdx show MODEL                       every variable: states, question,
                                            codes, units
  twitchdx show MODEL hypokalaemia          one variable: definition, parents,
                                            every number with its source
  twitchdx show ./my_model                  a model in a folder of yours"""

_CHECK = """\
Report every problem of a model folder with file and line; then how many of its
facts it answers, how well its numbers are supported, and what the whole network
makes of the figures that were published. Ends with 1 when there are errors,
else with 0."""

_CHECK_EXAMPLES = """\
examples:
  twitchdx check ./my_model
  twitchdx check MODEL --all                a shipped model, with every
                                            published figure
  twitchdx check MODEL --influence          which judgements matter most"""

_VALIDATE = """\
Hold a model against what it should reproduce: published figures that set none of
its numbers, and short cases with what the answer must say. Both lie in the folder
validation of the model. Ends with 1 when a figure is missed and nothing explains
why, or a case fails; else with 0."""

_VALIDATE_EXAMPLES = """\
examples:
  twitchdx validate MODEL
  twitchdx validate ./my_model"""

_CARD = """\
Write the parts of MODEL_CARD.md that follow from the model: what lies between
<!-- begin generated: NAME --> and <!-- end generated: NAME -->, and the picture
structure.svg beside it. All other text is the author's and stays. A card that does
not exist is begun. Measures how much each number moves the answers to all
vignettes and cases, which takes a minute or so for a large model."""

_CARD_EXAMPLES = """\
examples:
  twitchdx card ./my_model                  bring the card up to date
  twitchdx card ./my_model --check          change nothing; end with 1 where it is
                                            not up to date"""

_EXPORT_EXAMPLES = """\
formats:
  bif, xmlbif   the network for other programs; noisy nodes become tables, large
                ones are split by helper nodes with a double underscore in their
                names
  json          {"name", "version", "digest", "content"}: the whole model as
                read; its content follows the schema of `twitchdx schema model`,
                and is again a model when saved as model.yaml

examples:
  twitchdx export MODEL --format bif --output model.bif
  twitchdx export MODEL --format json | python -m json.tool"""

_SCHEMA_EXAMPLES = """\
examples:
  twitchdx schema diagnosis                 what `diagnose --json` prints
  twitchdx schema case > case.schema.json   for an editor that checks case files"""

_MODEL_HELP = "a shipped model, the path of a model folder, or of a network file"


class _TopHelp(argparse.RawDescriptionHelpFormatter):
    """Leaves room for the names of the commands, which argparse counts without their indentation."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog)
        self._action_max_length = len("  interview  ")


class _Parser(argparse.ArgumentParser):
    def __init__(self, **options: Any) -> None:
        options.setdefault("formatter_class", argparse.RawDescriptionHelpFormatter)
        super().__init__(allow_abbrev=False, **options)

    def error(self, message: str) -> NoReturn:
        # The help first: the last line on the screen says what was wrong.
        self.print_help(sys.stderr)
        self.exit(2, f"\n{self.prog}: error: {message}\n")


def parse_arguments(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Arguments to a namespace whose `run` carries the command out.

    Raises
    ------
    SystemExit
        After help or version (0), or where the arguments cannot be understood (2).
    """
    parser, commands = _build()
    arguments, further = parser.parse_known_args(argv)
    # argparse takes evidence on one side of the options only; here it may stand on both.
    flags = [each for each in further if each.startswith("-")]
    if flags or (further and arguments.command != "diagnose"):
        commands[arguments.command].error(f"unrecognized arguments: {' '.join(flags or further)}")
    if arguments.command == "interview" and arguments.resume and arguments.most is not None:
        commands["interview"].error("--most was said when the interview began; leave it out with --resume")
    if arguments.command == "diagnose":
        arguments.given = [*arguments.given, *further]
        arguments.reject = commands["diagnose"].error
    return arguments


def _build() -> tuple[argparse.ArgumentParser, dict[str, argparse.ArgumentParser]]:
    parser = _Parser(prog="twitchdx", description=_TOP, epilog=_TOP_EXAMPLES, formatter_class=_TopHelp)
    parser.add_argument("--version", action="version", version=f"twitchdx {__version__}")
    added = parser.add_subparsers(
        dest="command", metavar="COMMAND", required=True, title="commands", parser_class=_Parser
    )
    commands: dict[str, argparse.ArgumentParser] = {}

    def add(name: str, summary: str, epilog: str, description: str = "") -> argparse.ArgumentParser:
        text = description or f"{summary[0].upper()}{summary[1:]}."
        commands[name] = added.add_parser(name, help=summary, description=text, epilog=epilog)
        return commands[name]

    _add_diagnose(add("diagnose", "diagnose one patient", _DIAGNOSE_EXAMPLES, _DIAGNOSE))
    _add_interview(add("interview", "be asked one question after another", _INTERVIEW_EXAMPLES, _INTERVIEW))
    models = add("models", "list the models that ship with the library", _MODELS_EXAMPLES)
    models.set_defaults(run=_command("show", "list_models"))
    _add_show(add("show", "show the variables of a model, or one of them", _SHOW_EXAMPLES))
    _add_check(add("check", "report every problem of a model folder", _CHECK_EXAMPLES, _CHECK))
    _add_validate(
        add("validate", "hold a model against what it should reproduce", _VALIDATE_EXAMPLES, _VALIDATE)
    )
    _add_card(add("card", "write the model card", _CARD_EXAMPLES, _CARD))
    _add_export(add("export", "write a model for other programs", _EXPORT_EXAMPLES))
    schema = add("schema", "print a JSON Schema of this library", _SCHEMA_EXAMPLES)
    schema.add_argument(
        "name", choices=("model", "validation", "diagnosis", "case"), help="what it describes"
    )
    schema.set_defaults(run=_command("export", "print_schema"))
    return parser, commands


def _command(module: str, function: str) -> Callable[[argparse.Namespace], int]:
    def run(arguments: argparse.Namespace) -> int:
        code: int = getattr(importlib.import_module(f"twitchdx.cli.{module}"), function)(arguments)
        return code

    return run


def _add_diagnose(parser: argparse.ArgumentParser) -> None:
    parser.usage = (
        "twitchdx diagnose [CASE.json | -] [NAME=VALUE ...] [--model MODEL]\n"
        "                         [--complaint FINDING] [--engine ENGINE]\n"
        "                         [--json | --all]"
    )
    parser.add_argument(
        "given", nargs="*", metavar="CASE.json | - | NAME=VALUE",
        help="a case file or - for standard input, and what was observed, which adds to the case",
    )  # fmt: skip
    parser.add_argument(
        "--model",
        help=f"{_MODEL_HELP}; left out: that of the case, else the usual one of those that are shipped",
    )
    parser.add_argument(
        "--complaint", metavar="FINDING", help="the finding to explain, if not that of the model"
    )
    parser.add_argument("--engine", help="which engine computes; left out: the best that there is")
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="print JSON (see `twitchdx schema diagnosis`)")
    form.add_argument(
        "--all", action="store_true", help="show every cause and every step, not only the first"
    )
    parser.set_defaults(run=_command("diagnosing", "diagnose"))


def _add_interview(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "model", metavar="MODEL", nargs="?",
        help="a shipped model, or the path of a model folder; left out: the usual one",
    )  # fmt: skip
    parser.add_argument("--most", type=int, metavar="N", help="ask at most so many questions; left out: 15")
    parser.add_argument("--save", metavar="FILE", help="keep the answers in this file, after each of them")
    parser.add_argument(
        "--resume", metavar="FILE", help="go on with an interview that was saved, and keep its answers there"
    )
    form = parser.add_mutually_exclusive_group()
    form.add_argument(
        "--json",
        action="store_true",
        help="print the answer as JSON at the end; the conversation is on standard error",
    )
    form.add_argument(
        "--all", action="store_true", help="show every cause and every step at the end, not only the first"
    )
    parser.set_defaults(run=_command("interviewing", "interview"))


def _add_show(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("model", metavar="MODEL", help=_MODEL_HELP)
    parser.add_argument(
        "variable", metavar="VARIABLE", nargs="?", help="show all about this one; left out: list all"
    )
    parser.set_defaults(run=_command("show", "show"))


def _add_check(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folder", metavar="MODEL-FOLDER", help="a model folder, or a shipped model")
    parser.add_argument("--all", action="store_true", help="list every published figure, not only 15")
    parser.add_argument(
        "--influence",
        action="store_true",
        help="measure how much each number moves the answers to all vignettes and cases (a minute or so)",
    )
    parser.set_defaults(run=_command("check", "check"))


def _add_validate(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folder", metavar="MODEL-FOLDER", help="a model folder, or a shipped model")
    parser.set_defaults(run=_command("validating", "validate"))


def _add_card(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folder", metavar="MODEL-FOLDER", help="a model folder, or a shipped model")
    parser.add_argument("--check", action="store_true", help="compare only, and write nothing")
    parser.set_defaults(run=_command("carding", "card"))


def _add_export(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("model", metavar="MODEL", help=_MODEL_HELP)
    parser.add_argument("--format", required=True, choices=("bif", "xmlbif", "json"), help="see below")
    parser.add_argument(
        "--output", metavar="FILE", help="where to write (an existing file is replaced); left out: print"
    )
    parser.set_defaults(run=_command("export", "export"))

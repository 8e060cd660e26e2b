"""Rephrase typer's usage errors, and hints, for this command line. Pure.

Typer reports values as pydantic does ("Input should be greater than or equal to 1"); the rephrased message names the
value given and the values that the option accepts.
"""

import re
import shlex
from collections.abc import Callable, Collection, Sequence
from typing import Final

from ingest.core.database_url import is_database, without_password

Rewrite = tuple[re.Pattern[str], Callable[[re.Match[str]], str]]

_VALUE: Final = r"Invalid value for '(?P<option>[^']+)'(?: / '[^']+')*: "
_OPTION: Final = re.compile(r"(?<![\w-])--[a-z][a-z-]*")
_ASKDOCS: Final = re.compile(r"\baskdocs (?:reindex|doctor|status|eval|impact)(?: --?[a-z-]+| [A-Z]{2,})*")
"""A command in a hint, with its options."""
_OTHER_COMMAND: Final = re.compile(
    r"\b(?:ask|askdocs|reindex|inspect|eval|status|doctor|models|serve|mcp|impact|gaps|replay|export) "
)

_REWRITES: Final[Sequence[Rewrite]] = [
    (
        re.compile(_VALUE + r"Input should be greater than or equal to (?P<least>\S+)$"),
        lambda found: f"{found['option']} takes {found['least']} or more",
    ),
    (
        re.compile(_VALUE + r"Input should be less than or equal to (?P<most>\S+)$"),
        lambda found: f"{found['option']} takes at most {_grouped(found['most'])}",
    ),
    (
        re.compile(_VALUE + r"Input should be a valid integer.*$"),
        lambda found: f"{found['option']} takes a whole number",
    ),
    (re.compile(_VALUE + r"Input should be a valid number.*$"), lambda found: f"{found['option']} takes a number"),
    (
        re.compile(_VALUE + r"'(?P<given>.*)' is not one of (?P<choices>'.+')\.$"),
        lambda found: f"{found['option']} takes {_any_of(found['choices'])}, not {found['given']!r}",
    ),
    (re.compile(_VALUE + "(?P<reason>.+)$"), lambda found: f"{found['option']}: {found['reason']}"),
    (
        re.compile(r"No such option: (?P<option>\S+)(?: \(Possible options: (?P<near>.+)\))?$"),
        lambda found: f"there is no option {found['option']}{_suggestion(found['near'])}",
    ),
    (
        re.compile(r"No such option: (?P<option>\S+) Did you mean (?P<near>.+)\?$"),
        lambda found: f"there is no option {found['option']}{_suggestion(found['near'])}",
    ),
    (
        re.compile(r"No such command '(?P<command>.*?)'\.(?: Did you mean (?P<near>.+)\?)?$"),
        lambda found: f"there is no command {found['command']!r}{_suggestion(found['near'])}",
    ),
    (
        re.compile(r"Option '(?P<option>[^']+)' requires an argument\.$"),
        lambda found: f"{found['option']} takes a value",
    ),
    (
        re.compile(r"Option '(?P<option>[^']+)' does not take a value\.$"),
        lambda found: f"{found['option']} takes no value",
    ),
    (
        re.compile(r"Got unexpected extra arguments?(?:\(s\))? \((?P<given>.*)\)$"),
        lambda found: f"there is an argument too many: {found['given']}",
    ),
]


def rephrase(message: str) -> str:
    """Rephrase a usage error of typer in plain words; an unknown message is returned unchanged."""
    message = " ".join(message.replace("Value error, ", "").split())
    for pattern, text in _REWRITES:
        if found := pattern.match(message):
            return text(found)
    return message


def fit_hint(hint: str, options: Collection[str]) -> str:
    """Leave out the parts of a hint that name an option which the command does not have.

    `options` are those of the command. A part that names another command is kept, whatever its options.
    """
    parts = re.split(r"(, or |; |, )", hint)
    kept: list[str] = []
    for at in range(0, len(parts), 2):
        unknown = [option for option in _OPTION.findall(parts[at]) if option not in options]
        if not unknown or _OTHER_COMMAND.search(parts[at]):
            kept += [parts[at - 1] if kept else "", parts[at]]
    return "".join(kept)


def with_places(hint: str, arguments: Sequence[str]) -> str:
    """Repeat the --docs and --index of the call in the commands that a hint names: without, they act on other docs."""
    given = dict(zip(arguments, [*arguments[1:], ""], strict=False))
    given |= dict(one.split("=", 1) for one in arguments if one.startswith(("--docs=", "--index=")))
    for name, value in given.items():
        if is_database(value):  # a hint has no password; where the address can't be parsed, it is not repeated
            given[name] = without_password(value)
    places = [
        f" {name} {shlex.quote(given[name])}"
        for name in ("--docs", "--index")
        if given.get(name) and f"{name} " not in hint
    ]
    return _ASKDOCS.sub(lambda found: found[0] + "".join(places), hint)


def _any_of(choices: str) -> str:
    """The list 'a', 'b', 'c' as "a, b or c"."""
    names = re.findall("'([^']*)'", choices)
    return f"{', '.join(names[:-1])} or {names[-1]}" if len(names) > 1 else names[0]


def _suggestion(near: str | None) -> str:
    return f"; did you mean {near}?" if near else ""


def _grouped(number: str) -> str:
    return f"{int(number):,}" if number.isdigit() else number

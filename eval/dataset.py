"""Read question files: JSON lines, each a question and where its answer is."""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

from ingest.core.errors import UsageError
from ingest.core.paths import file_problem
from rag.assistant import checked_question

_QUESTION: Final = 'each line is an object with "question"'
_GOLD: Final = 'gold is a list of {"page": …, "section": …, "quote": …}; section or quote may be left out'


@dataclass(frozen=True, slots=True)
class Entry:
    """A line that asks something; `fields` is the whole JSON object."""

    line: int
    question: str
    fields: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class BadLine:
    """A line that can't be used, and why."""

    line: int
    reason: str
    hint: str
    vote: bool = False
    """Whether it is a reader's vote, as logs of questions have them."""


@dataclass(frozen=True, slots=True)
class Gold:
    """Evidence: a page by its site path or file name, the heading above the answer, and words of the answer."""

    page: str
    section: str = ""
    quote: str = ""


@dataclass(frozen=True, slots=True)
class Question:
    """A question with its evidence; `need` says whether one gold entry is enough or every page is needed.

    `facts` are short strings that a right answer contains. An unanswerable question has neither.
    """

    id: str
    question: str
    kind: str
    answerable: bool
    gold: tuple[Gold, ...] = ()
    facts: tuple[str, ...] = ()
    need: Literal["any", "all"] = "any"


@dataclass(frozen=True, slots=True)
class QuestionFile:
    """All usable questions of a file in their order, the unusable lines, and the file's SHA-256."""

    name: str
    sha256: str
    questions: tuple[Question, ...]
    bad: tuple[BadLine, ...]


def read_entries(path: Path) -> Iterator[Entry | BadLine]:
    """Yield each line as an entry, in order; empty lines are skipped. Raises UsageError when the file can't be read."""
    for number, line in enumerate(_text(path).split("\n"), 1):  # splitlines would split inside JSON strings
        if line.strip():
            entry = _entry(number, line)
            if not (isinstance(entry, BadLine) and entry.vote):
                yield entry


def read_questions(path: Path, *, strict: bool = False) -> QuestionFile:
    """Read a file of judged questions.

    Raises UsageError for a file that can't be read or contains no question, and with `strict` for
    the first unusable line.
    """
    questions: dict[str, Question] = {}
    bad: list[BadLine] = []
    for entry in read_entries(path):
        found = entry if isinstance(entry, BadLine) else _question(entry)
        if isinstance(found, Question) and found.id in questions:
            found = BadLine(
                entry.line, f"the id {found.id} is on an earlier line already", "give each question its own id"
            )
        if isinstance(found, BadLine):
            if strict:
                raise bad_line_error(path, found)
            bad.append(found)
        else:
            questions[found.id] = found
    if not questions:
        raise bad_line_error(path, bad[0]) if bad else UsageError(f"{path} contains no question", _QUESTION)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return QuestionFile(path.name, digest, tuple(questions.values()), tuple(bad))


def read_any_questions(path: Path) -> QuestionFile:
    """Read a file whose lines need no gold, such as a log: those count as answerable, of kind "unlabelled".

    A question that occurs twice without an id is read once. Raises UsageError for a file without any question.
    """
    questions: dict[str, Question] = {}
    bad: list[BadLine] = []
    for entry in read_entries(path):
        labelled = isinstance(entry, Entry) and (
            "gold" in entry.fields or isinstance(entry.fields.get("answerable"), bool)
        )
        if isinstance(entry, BadLine) or labelled:
            found = entry if isinstance(entry, BadLine) else _question(entry)
        else:
            found = _unlabelled(entry)
        if isinstance(found, BadLine):
            bad.append(found)
        else:
            questions.setdefault(found.id, found)
    if not questions:
        raise bad_line_error(path, bad[0]) if bad else UsageError(f"{path} contains no question", _QUESTION)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return QuestionFile(path.name, digest, tuple(questions.values()), tuple(bad))


def _unlabelled(entry: Entry) -> Question | BadLine:
    try:
        text = checked_question(entry.question)
    except UsageError as error:
        return BadLine(entry.line, error.message, error.hint)
    return Question(str(entry.fields.get("id") or " ".join(text.lower().split())), text, "unlabelled", answerable=True)


def bad_line_error(path: Path, bad: BadLine) -> UsageError:
    """The error for a bad line, where no line may be skipped."""
    return UsageError(f"{path}, line {bad.line}: {bad.reason}", bad.hint)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise UsageError(file_problem(path, error), "give a file of JSON lines") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"{path} is not UTF-8 text", "give a file of JSON lines in UTF-8") from error


def _entry(number: int, line: str) -> Entry | BadLine:
    try:
        fields = json.loads(line)
    except (ValueError, RecursionError):
        return BadLine(number, "not valid JSON", _QUESTION)
    if not isinstance(fields, dict) or not isinstance(fields.get("question"), str):
        vote = isinstance(fields, dict) and "vote_on" in fields
        return BadLine(number, "without a question", _QUESTION, vote)
    return Entry(number, fields["question"], fields)


def _question(entry: Entry) -> Question | BadLine:
    """The judged question of a line."""
    fields = entry.fields
    try:
        text = checked_question(entry.question)
        gold = tuple(_gold(item) for item in _list(fields.get("gold")))
        facts = tuple(str(fact) for fact in _list(fields.get("facts")))
        answerable = _flag(_answerable(fields))
        _check(answerable, gold, fields.get("need", "any"))
    except UsageError as error:
        return BadLine(entry.line, error.message, error.hint)
    kind = str(fields.get("kind") or ("other" if answerable else "unanswerable"))
    identity = str(fields.get("id") or f"line-{entry.line}")
    return Question(identity, text, kind, answerable, gold, facts, "all" if fields.get("need") == "all" else "any")


def _answerable(fields: Mapping[str, Any]) -> object:
    """What a line says of it; without `answerable`, a line with gold is answerable."""
    if "answerable" in fields or fields.get("gold") or fields.get("kind") == "unanswerable":
        return fields.get("answerable", bool(fields.get("gold")))
    raise UsageError(
        "neither gold nor answerable",
        'say where the answer is ("gold"), or that the docs have none ("answerable": false)',
    )


def _check(answerable: bool, gold: Sequence[Gold], need: object) -> None:  # noqa: FBT001 - a field of the line
    if answerable and not gold:
        raise UsageError("an answerable question without gold", _GOLD)
    if gold and not answerable:
        raise UsageError("an unanswerable question with gold", "drop the gold, or say that it is answerable")
    if need not in ("any", "all"):
        raise UsageError(f"need is {need!r}", "it takes any or all")


def _flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise UsageError("answerable is neither true nor false", "give true or false, or leave it out")
    return value


def _list(value: object) -> list[Any]:
    if value is None:
        return []
    if not isinstance(value, list):
        raise UsageError("gold and facts are lists", _GOLD)
    return value


def _gold(item: object) -> Gold:
    values = [item.get(name) or "" for name in ("page", "section", "quote")] if isinstance(item, dict) else [""]
    if not values[0] or not all(isinstance(value, str) for value in values) or not any(values[1:]):
        raise UsageError("gold without a page, or with neither section nor quote", _GOLD)
    return Gold(*values)

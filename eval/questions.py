"""Question files: JSON lines, each a question and where its answer stands."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ingest.errors import UsageError


@dataclass(frozen=True, slots=True)
class Gold:
    """Evidence: a page by its site path, and the heading above the answer (the title where there is none)."""

    page: str
    section: str


@dataclass(frozen=True, slots=True)
class Question:
    """A question with its evidence; `need` says whether one gold entry is enough or every page is needed."""

    id: str
    question: str
    kind: str
    answerable: bool
    gold: tuple[Gold, ...]
    need: Literal["any", "all"] = "any"


def read_questions(path: Path) -> list[Question]:
    """Read a question file. Raises UsageError that names the line which is none."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} can't be read", "give a file of JSON lines") from error
    return [_question(line, f"{path}, line {number}") for number, line in enumerate(lines, 1) if line.strip()]


def _question(line: str, place: str) -> Question:
    try:
        entry = json.loads(line)
        gold = tuple(Gold(item["page"], item["section"]) for item in entry["gold"])
        need: Literal["any", "all"] = "all" if entry.get("need") == "all" else "any"
        return Question(entry["id"], entry["question"], entry["kind"], bool(entry["answerable"]), gold, need)
    except (ValueError, KeyError, TypeError) as error:
        raise UsageError(f"{place}: no question", "it takes id, question, kind, answerable and gold") from error

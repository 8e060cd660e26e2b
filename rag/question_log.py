"""The log of questions: what was asked, whether the docs answered, and how readers voted. JSON lines.

Questions and comments are masked (`ingest.text.masking`) before a line is made of them, so that the file never
contains an e-mail address, a key or a long number that somebody typed. Stored are the masked question, the time,
whether and how confidently it was answered, the chunks and pages behind the answer, and votes. Not stored are who
asked, from which address, and the answer's text.
"""

import contextlib
import json
import os
import re
import secrets
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, Literal

from ingest.core.errors import DocsError, UsageError
from ingest.core.urls import site_path
from ingest.text.masking import mask
from rag.records import Answer

Vote = Literal["", "up", "down"]

_PAGES: Final = 3
_ID: Final = re.compile("[0-9a-f]{1,16}")
_MAX_QUESTION: Final = 4_000
_MAX_COMMENT: Final = 1_000


@dataclass(frozen=True, slots=True)
class LoggedQuestion:
    """One question of the log. `time` is UTC, ISO 8601, to the second; `pages` are the site paths of the best passages.

    `cited` are chunk ids, `unsupported` counts sentences that no cited passage supports. `vote` is the last one that
    a reader gave, "" without one.
    """

    id: str
    time: str
    question: str
    answered: bool
    confidence: float
    pages: tuple[str, ...] = ()
    cited: tuple[str, ...] = ()
    unsupported: int = 0
    complete: bool = True
    generation: str = ""
    model: str = ""
    under: str = ""
    vote: Vote = ""
    comment: str = ""


def log_entry(
    answer: Answer, *, confidence: float, generation: str = "", under: str = "", entry_id: str = ""
) -> LoggedQuestion:
    """Describe an answered or refused question for the log; the question is masked. Without an id it gets a new one."""
    return LoggedQuestion(
        id=entry_id or secrets.token_hex(8),
        time=_now(),
        question=mask(answer.question[:_MAX_QUESTION]),
        answered=answer.answered,
        confidence=round(confidence, 4),
        pages=tuple(dict.fromkeys(site_path(hit.chunk.url) for hit in answer.hits))[:_PAGES],
        cited=tuple(dict.fromkeys(citation.hit.chunk.id for citation in answer.citations)),
        unsupported=len(answer.unsupported),
        complete=answer.complete,
        generation=generation,
        model=(answer.completion.model or "") if answer.completion else "",
        under=under,
    )


class QuestionLog:
    """Appends to a log file. Threads and processes may append at the same time; each line is one write."""

    def __init__(self, path: Path) -> None:
        """Open the log for appending, readable by its owner only where it is new. Raises DocsError."""
        self.path = path
        self._lock = threading.Lock()
        try:
            self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        except OSError as error:
            raise DocsError(
                f"--log {path}: {error.strerror}", "name a file in a folder that you may write to"
            ) from error

    def add(self, entry: LoggedQuestion) -> None:
        """Append a question. It is masked again, so that no caller can forget to. Raises OSError."""
        self._append(asdict(replace(entry, question=mask(entry.question), comment=mask(entry.comment))))

    def add_vote(self, question_id: str, vote: Literal["up", "down"], comment: str = "") -> None:
        """Append a reader's vote on a question. Raises OSError, and UsageError for an invalid question id."""
        if not _ID.fullmatch(question_id):  # it comes from a client, and an id looks like a secret to `mask`
            raise UsageError("that is not the id of an answer", "send the `id` of the answer's document")
        line = {"vote_on": question_id, "time": _now(), "vote": vote}
        self._append({**line, "comment": mask(comment[:_MAX_COMMENT])} if comment else line)

    def close(self) -> None:
        """Close the file."""
        with contextlib.suppress(OSError):
            os.close(self._file)

    def _append(self, line: Mapping[str, Any]) -> None:
        data = (json.dumps(line, ensure_ascii=True) + "\n").encode()
        with self._lock:
            os.write(self._file, data)


def read_log(path: Path) -> list[LoggedQuestion]:
    """Read a log, votes merged into their questions, in the order of time. Lines that were cut short are skipped.

    Raises UsageError for a file that can't be read or contains no question.
    """
    entries: dict[str, LoggedQuestion] = {}
    votes: list[Mapping[str, Any]] = []
    for fields in _read_lines(path):
        if "vote_on" in fields:
            votes.append(fields)
        elif (entry := _read_entry(fields)) is not None:
            entries[entry.id] = entry
    for fields in votes:
        voted, vote = str(fields["vote_on"]), fields.get("vote")
        if voted in entries and vote in ("up", "down"):
            entries[voted] = replace(entries[voted], vote=vote, comment=str(fields.get("comment", "")))
    if not entries:
        raise UsageError(f"{path} contains no question", "give a file that `askdocs serve --log FILE` wrote")
    return sorted(entries.values(), key=lambda entry: entry.time)


def _read_lines(path: Path) -> Iterator[Mapping[str, Any]]:
    try:
        with path.open(encoding="utf-8", errors="replace") as file:
            for line in file:
                with contextlib.suppress(ValueError, RecursionError):
                    fields = json.loads(line)
                    if isinstance(fields, dict):
                        yield fields
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}", "give a file that `askdocs serve --log FILE` wrote") from error


def _read_entry(fields: Mapping[str, Any]) -> LoggedQuestion | None:
    """The question of a line; None where a field is missing or has another type. Unknown fields are ignored."""
    known = {name: fields[name] for name in LoggedQuestion.__dataclass_fields__ if name in fields}
    try:
        entry = LoggedQuestion(**{**known, "pages": _texts(known, "pages"), "cited": _texts(known, "cited")})
        datetime.fromisoformat(entry.time)
    except (TypeError, ValueError):
        return None
    texts = (entry.id, entry.question, entry.generation, entry.under)
    numbers = (entry.confidence, entry.unsupported)
    good = all(isinstance(text, str) for text in texts) and all(isinstance(number, int | float) for number in numbers)
    return entry if good and isinstance(entry.answered, bool) and entry.question.strip() else None


def _texts(fields: Mapping[str, Any], name: str) -> tuple[str, ...]:
    values: Sequence[object] = fields.get(name, ())
    return tuple(str(value) for value in values) if isinstance(values, list) else ()


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")

"""Read recorded answers: a document of `ask --json`, or the outcomes of a saved run."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from eval.records import EvalRun, Outcome
from ingest.core.errors import UsageError
from ingest.core.paths import file_problem
from rag.assistant import checked_question

_HINT: Final = "give a file that `ask --json` wrote, or a saved run with --batch"
_MOST: Final = 50_000_000
"""Characters; a document of 1,000 passages has under ten million."""


@dataclass(frozen=True, slots=True)
class Source:
    """A cited place with the words that it says; `quote` is "" where they were not recorded."""

    url: str
    quote: str = ""


@dataclass(frozen=True, slots=True)
class Recorded:
    """A recorded answer, and what is needed to ask again.

    `model` are the slugs that were asked for, `answered_by` the one that answered. Settings that were not recorded
    are None, and so is the hash of the prompt of a quoted answer. `parts` are the chunks that a widened passage was
    merged from, by its chunk id; `context` are the words that passages are to be widened to, None for the default.
    """

    id: str
    question: str
    generation: str
    chunk_ids: tuple[str, ...]
    answered: bool
    text: str
    sources: tuple[Source, ...]
    written: bool
    k: int = 8
    model: str = ""
    answered_by: str = ""
    under: str = ""
    strict: bool = False
    temperature: float | None = None
    max_tokens: int | None = None
    prompt_sha256: str = ""
    parts: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    context: int | None = None

    @property
    def needed(self) -> tuple[str, ...]:
        """The ids of all chunks that were read."""
        return tuple(part for chunk_id in self.chunk_ids for part in self.parts.get(chunk_id, (chunk_id,)))


def read_answer(path: Path, text: str | None = None) -> Recorded:
    """The answer of a file, or of `text` where that is given. Raises UsageError for anything else than an answer."""
    try:
        text = path.read_text(encoding="utf-8-sig") if text is None else text
        document = json.loads(text[:_MOST])
        return _recorded(document)
    except OSError as error:
        raise UsageError(file_problem(path, error), _HINT) from error
    except UsageError as error:
        raise UsageError(f"{path}: {error.message}", error.hint) from error
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise UsageError(f"{path} is not an answer of ask --json", _HINT) from error


def _recorded(document: Mapping[str, Any]) -> Recorded:
    if "askdocs_run" in document:
        raise UsageError("a saved run, not an answer", "askdocs replay --batch FILE")
    if "error" in document:
        raise UsageError("the record of a failure, not an answer", _HINT)
    request = document.get("request") or {}
    chunk_ids = tuple(_text(chunk, "chunk_id") for chunk in document["chunks"])
    if not chunk_ids:
        raise UsageError("the answer names no passage", "record it again: ask --json")
    return Recorded(
        id="",
        question=checked_question(_text(document, "question")),
        generation=_text(document["index"], "generation"),
        chunk_ids=chunk_ids,
        answered=document["answered"] is True,
        text=_text(document, "answer"),
        sources=tuple(Source(_text(one, "url"), _text(one, "quote")) for one in document["citations"]),
        written=document["mode"] == "openrouter",
        k=_count(request.get("k")) or len(chunk_ids),
        model=str(request.get("model") or document["model"] or ""),
        answered_by=str(document["model"] or ""),
        under=str(request.get("under") or ""),
        strict=request.get("strict") is True,
        temperature=_number(request.get("temperature"), 0, 2),
        max_tokens=_count(request.get("max_tokens")),
        prompt_sha256=str(request.get("prompt_sha256") or ""),
        parts={chunk["chunk_id"]: tuple(chunk["parts"]) for chunk in document["chunks"] if chunk.get("parts")},
        context=0,  # the passages are recorded as they were widened
    )


def recorded_outcomes(run: EvalRun) -> list[Recorded]:
    """The answers of a saved run. Raises UsageError for a run without answers."""
    found = [_of_outcome(outcome, run) for outcome in run.outcomes if outcome.answer]
    if not found:
        raise UsageError(
            f"the run of {run.name} measured ranking alone", "save one with answers: askdocs eval … --save"
        )
    return found


def _of_outcome(outcome: Outcome, run: EvalRun) -> Recorded:
    answer = outcome.answer
    assert answer is not None  # noqa: S101 - the caller left the others out
    return Recorded(
        id=outcome.id,
        question=outcome.question,
        generation=run.system.generation,
        chunk_ids=outcome.passages,
        answered=not outcome.refused,
        text=answer.text,
        sources=tuple(Source(url) for url in answer.sources),
        written=run.measured.mode == "openrouter",
        model=run.system.model or answer.model,
        answered_by=answer.model,
        under=run.measured.under,
        prompt_sha256=answer.prompt_sha256,
        k=run.measured.k,
    )


def _text(fields: Mapping[str, Any], name: str) -> str:
    value = fields[name]
    if not isinstance(value, str):
        raise TypeError(name)
    return value


def _number(value: object, least: float, most: float) -> float | None:
    """A number within its limits; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if least <= value <= most else None


def _count(value: object) -> int | None:
    number = _number(value, 1, 10_000_000)
    return None if number is None else int(number)

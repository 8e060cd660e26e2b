"""Outcomes, hits and pages made up for tests."""

from dataclasses import replace

from eval.records import AnswerCounts, EvalRun, Outcome, RunConfig, SystemVersion
from ingest.core.records import Chunk, Document
from ingest.index.base import StoredPage
from rag.records import Hit

FOUND = Outcome(
    id="q1",
    question="What is it?",
    kind="factoid",
    answerable=True,
    gold=("/docs/a › One",),
    stale=False,
    rank=1,
    words=50,
    parts=(1,),
    page_rank=1,
    refused=False,
    confidence=0.8,
    signals={"cosine": 0.7},
    seconds=0.01,
)
ANSWER = AnswerCounts("It is so. [1]", facts=2, facts_found=2, cited=1, held=1, claims=1, supported=1, words=4)
SYSTEM = SystemVersion("minilm", "20261121T000000000-00000000", "2026-11-21", 100, "", "0.1.0", "c0de")
MEASURED = RunConfig("5ha", "retrieval", 10, "")


def outcomes(ranks: list[int | None], **more: object) -> tuple[Outcome, ...]:
    """One outcome per rank; evidence at rank r stands after 100 r words."""
    return tuple(
        replace(FOUND, id=f"q{at}", rank=rank, words=rank and rank * 100, parts=(rank,), page_rank=rank, **more)  # type: ignore[arg-type]  # fields by name
        for at, rank in enumerate(ranks, 1)
    )


def run_of(found: tuple[Outcome, ...], **more: object) -> EvalRun:
    """A run of these outcomes."""
    fields: dict[str, object] = {"name": "made.jsonl", "measured": MEASURED, "system": SYSTEM, "outcomes": found}
    fields |= {"created_at": "2026-11-21T08:00:00+00:00", "seconds": 1.0, **more}
    return EvalRun(**fields)  # type: ignore[arg-type]  # fields by name


def page(path: str, body: str, *aliases: str) -> StoredPage:
    """A page of the index."""
    title = body.split("\n", 1)[0].removeprefix("# ")
    document = Document(f"https://site.test{path}", title, "", body, aliases=tuple(aliases))
    return StoredPage(document, f"site.test{path.replace('/', '__')}.md")


def hit(rank: int, stored: StoredPage, text: str, *headings: str) -> Hit:
    """A hit that holds `text` of the page."""
    start = stored.document.body.index(text)
    document = stored.document
    chunk = Chunk(
        f"c{rank}", document.url, "", document.title, headings, text, document.title, start, start + len(text), 9
    )
    return Hit(rank, 1 / rank, 0.5, 1.0, chunk)

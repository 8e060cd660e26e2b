"""Our figures against those of an independent scorer, over real questions and pages."""

import json
import os
import sys
from pathlib import Path

import pytest

from eval.dataset import Question, read_questions
from eval.gold import Docs, Passage, find_evidence, find_targets, is_stale, page_rank
from eval.intervals import intervals
from eval.metrics import RETRIEVAL, tabulate
from eval.records import Outcome
from ingest.chunk import chunk_document
from ingest.core.records import Chunk, Document
from ingest.index.base import StoredPage
from ingest.index.bm25 import build_bm25
from ingest.text.terms import terms
from rag.records import Hit
from tests.eval.made import FOUND

DATA = os.environ.get("ASKDOCS_TEST_DATA", "")
pytestmark = pytest.mark.skipif(not DATA, reason="ASKDOCS_TEST_DATA names no folder of test data")
OURS = {
    "recall@1": "recall@1",
    "recall@5": "recall@5",
    "recall@10": "recall@10",
    "mrr": "mrr",
    "page_recall@5": "page@5",
    "recall@300_words": "words@300",
    "recall@1000_words": "words@1000",
    "recall@2000_words": "words@2000",
}


def test_agreement(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", [str(Path(DATA) / "tools"), *sys.path])
    import evidence  # type: ignore[import-not-found]  # stands in the folder of test data

    file = Path(DATA) / "questions" / "openrouter-2025-crawl.jsonl"
    pages = [
        StoredPage(Document(path.name, path.stem, "", path.read_text(encoding="utf-8")), path.name)
        for path in sorted((Path(DATA) / "corpora" / "openrouter-2025-crawl").glob("*.md"))
    ]
    docs = Docs.of(pages)
    chunks = [c for page in pages for c in chunk_document(page.document, lambda text: len(text.split()), 120)]
    lexical = build_bm25([f"{chunk.context}\n{chunk.text}" for chunk in chunks])
    outcomes: list[Outcome] = []
    results: dict[str, list[dict[str, object]]] = {}
    for question in read_questions(file).questions:
        best = (-lexical.scores(list(terms(question.question)))).argsort(kind="stable")[:60]
        ranked = [chunks[row] for row in best]
        outcomes.append(measured(question, docs, ranked))
        results[question.id] = [{"text": c.text, "headings": c.headings, "page": c.url} for c in ranked]
    gold = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    theirs = evidence.score(gold, results)
    assert theirs["n"] == sum(outcome.judged for outcome in outcomes) > 30
    got = intervals(tabulate(outcomes, RETRIEVAL))
    assert {name: got[name].value for name in OURS} == pytest.approx({name: theirs[n] for name, n in OURS.items()})
    assert 0.3 < theirs["recall@5"] < 0.99


def measured(question: Question, docs: Docs, ranked: list[Chunk]) -> Outcome:
    targets = find_targets(question, docs)
    passages = [Passage.of(Hit(rank, 0, 0, 0, chunk)) for rank, chunk in enumerate(ranked, 1)]
    found = find_evidence(question, targets, passages)
    fields = {name: getattr(FOUND, name) for name in Outcome.__dataclass_fields__}
    fields |= {"id": question.id, "answerable": question.answerable, "page_rank": page_rank(targets, passages)}
    fields |= {"rank": found.complete and found.complete.rank, "words": found.complete and found.complete.words}
    fields |= {"stale": question.answerable and is_stale(question, targets)}
    return Outcome(**fields)

"""The JSON documents of answers, passages, pages and the server's status. No path of the machine is in them."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cli.serve.answerer import Answered
from ingest.core.urls import site_path
from ingest.index.freshness import docs_date
from ingest.index.page_lookup import find_page
from rag.open import Opened
from rag.records import Hit, Retrieved
from rag.serialize import SCHEMA, answer_json, hits_json, index_json

if TYPE_CHECKING:
    from cli.serve.service import Service


def answer_document(answered: Answered, *, chunks: bool = True) -> dict[str, Any]:
    """The document of `ask --json`, with an id for feedback and the note where there is one. Reads the database."""
    opened = answered.opened
    hits = chunk_documents(answered.answer.hits, opened) if chunks else []
    document = answer_json(answered.answer, hits, opened.generation, answered.request)
    if not chunks:
        del document["chunks"]
    document["id"] = answered.id
    if answered.note:
        document["note"] = answered.note
    return document


def search_document(question: str, found: Retrieved, opened: Opened) -> dict[str, Any]:
    """The document of `inspect --json`. Reads the database."""
    return {
        "schema": SCHEMA,
        "question": question,
        "index": index_json(opened.generation),
        "chunks": chunk_documents(found.hits, opened),
    }


def chunk_documents(hits: Sequence[Hit], opened: Opened) -> list[dict[str, Any]]:
    """Chunks as `inspect --json` has them, but for the path of the file: that is the server's own business."""
    found = hits_json(hits, opened.store, Path())
    for chunk in found:
        chunk["file_path"] = chunk.get("file_name", "")
    return found


def page_document(opened: Opened, path: str, start: int = 0, most: int = 40_000) -> dict[str, Any]:
    """A page's text from the character `start` on. Raises UsageError for a path that the index does not have."""
    page = opened.store.pages([find_page(opened.store, path)])[0].document
    start = max(0, start)
    end = min(len(page.body), start + most)
    return {
        "schema": SCHEMA,
        "page": site_path(page.url),
        "url": page.url,
        "title": page.title,
        "text": page.body[start:end],
        "start": start,
        "end": end,
        "next": end if end < len(page.body) else None,
        "characters": len(page.body),
    }


def status_document(service: "Service") -> dict[str, Any]:
    """What the server answers from. No path of the machine is in it."""
    opened = service.current()
    manifest = opened.generation.manifest
    return {
        "schema": SCHEMA,
        "index": index_json(opened.generation) | {"pages": manifest["pages"], "chunks": manifest["chunks"]},
        "docs_date": docs_date(service.settings.index, opened.generation) or None,
        "sources": list(manifest.get("sources", [])),
        "answers": "written" if service.has_model and not service.budget.is_used_up() else "quoted",
        "workers": service.workers,
        "problem": "the newest generation can't be opened" if service.problem else None,
    }

"""Convert hits and answers to JSON documents and text. Pure, but for `hits_json`, which reads the hits' pages."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ingest.core.settings import Settings
from ingest.core.urls import site_path
from ingest.index.base import IndexReader, Published, StoredPage
from rag.generate.prompt import prompt_sha256
from rag.records import Answer, AnswerOptions, Citation, Completion, Hit

SCHEMA = 1


def hits_json(hits: Sequence[Hit], store: IndexReader, docs: Path) -> list[dict[str, Any]]:
    """Chunks as `inspect --json` shows them. `docs` is the folder of their files. Raises IndexDamaged."""
    pages = {page.document.url: page for page in store.pages(list({hit.chunk.url for hit in hits}))}
    return [hit_json(hit, pages.get(hit.chunk.url), docs) for hit in hits]


def hit_json(hit: Hit, page: StoredPage | None, docs: Path) -> dict[str, Any]:
    """Return a chunk as `inspect --json` shows it, with the facts of the file that contains its page.

    Of a widened passage, `parts` are the ids of the chunks in it, and the white space between them is the page's.
    """
    chunk = hit.chunk
    text = page.document.body[chunk.start : chunk.end] if hit.parts and page else chunk.text
    return {
        "rank": hit.rank,
        "score": round(hit.score, 6),
        "cosine": round(hit.cosine, 6),
        "bm25": round(hit.bm25, 6),
        "chunk_id": chunk.id,
        "page": site_path(chunk.url),
        "url": hit.url,
        "title": chunk.title,
        "headings": list(chunk.headings),
        "text": text,
        **({"parts": [part.chunk.id for part in hit.parts]} if hit.parts else {}),
        "context": chunk.context,
        "tokens": chunk.tokens,
        "start": chunk.start,
        "end": chunk.end,
        **file_facts(page, docs),
    }


def file_facts(page: StoredPage | None, docs: Path) -> dict[str, Any]:
    """Name, size and dates of a page's file: when it was fetched, and when the site last changed it."""
    if page is None:
        return {}
    path = docs / page.file
    fetched = page.document.fetched_at[:10]
    return {
        "file_path": str(path),
        "file_name": path.name,
        "file_type": "text/markdown",
        "file_size": path.stat().st_size if path.is_file() else len(page.document.body.encode()),
        "creation_date": fetched,
        "last_modified_date": _day(page.document.last_modified) or fetched,
    }


def _day(stamp: str | None) -> str:
    """The day of an HTTP or ISO date, as YYYY-MM-DD; "" for what is neither."""
    from datetime import datetime
    from email.utils import parsedate_to_datetime

    for read in (datetime.fromisoformat, parsedate_to_datetime):
        try:
            return read(stamp or "").date().isoformat()
        except (ValueError, TypeError):
            continue
    return ""


def index_json(generation: Published) -> dict[str, Any]:
    """Which index answered."""
    return {"generation": generation.name, "embedder": generation.manifest["embedder"]["name"]}


def citation_json(citation: Citation) -> dict[str, Any]:
    """A citation as `ask --json` shows it; offsets are characters of the page body."""
    hit = citation.hit
    return {
        "marker": citation.marker,
        "url": hit.url,
        "page": site_path(hit.chunk.url),
        "title": hit.chunk.title,
        "headings": list(hit.chunk.headings),
        "quote": citation.quote,
        "start": citation.start,
        "end": citation.end,
        "chunk_id": hit.chunk.id,
    }


def request_json(answer: Answer, options: AnswerOptions, settings: Settings) -> dict[str, Any]:
    """What `askdocs replay` needs to ask again; null where only a model would be told it."""
    asked = answer.completion is not None
    return {
        "k": options.k,
        "under": options.under,
        "context": options.context_words if asked else None,
        "strict": options.strict,
        "search_tool": options.search_tool,
        "rewrite": options.rewrite,
        "model": settings.model if asked else None,
        "temperature": settings.temperature if asked else None,
        "max_tokens": settings.max_tokens if asked else None,
        "prompt_sha256": prompt_sha256(answer.question, answer.hits) if asked and not options.search_tool else None,
    }


def answer_json(
    answer: Answer,
    chunks: Sequence[Mapping[str, Any]],
    generation: Published,
    request: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """The document of `ask --json`, with the request where it is known."""
    completion, usage = answer.completion, answer.usage
    return {
        "schema": SCHEMA,
        "question": answer.question,
        "answer": answer.text,
        "answered": answer.answered,
        "complete": answer.complete,
        "mode": answer.mode,
        "backend": answer.backend,
        "citations": [citation_json(citation) for citation in answer.citations],
        "unsupported": list(answer.unsupported),
        "chunks": list(chunks),
        "model": completion.model if completion else None,
        "usage": _usage_json(usage),
        "cost_usd": usage.cost_usd if usage else 0.0,
        "index": index_json(generation) | {name: generation.manifest[name] for name in ("pages", "chunks")},
        **({"request": dict(request)} if request else {}),
        "timings_ms": {name: round(value, 1) for name, value in answer.timings_ms.items()},
    }


def _usage_json(completion: Completion | None) -> dict[str, int | None] | None:
    """Tokens of a completion: 0 where no model was asked, null where the server gave no numbers."""
    if completion is None:
        return {"prompt_tokens": 0, "completion_tokens": 0}
    usage = {"prompt_tokens": completion.prompt_tokens, "completion_tokens": completion.completion_tokens}
    return None if set(usage.values()) == {None} else usage


def heading_path(hit: Hit) -> str:
    """Title › section, as people read it."""
    return " › ".join((hit.chunk.title, *hit.chunk.headings[-2:]))

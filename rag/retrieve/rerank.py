"""Rerank hits with a model that reads question and passage together."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Final

from ingest.core.deadline import limit
from ingest.core.errors import ModelError
from ingest.core.settings import Settings
from ingest.embed.base import embedding_text
from ingest.embed.registry import REMOTE, is_remote
from rag.records import Hit

CANDIDATES: Final = 30
"""How many hits are reordered: the passage that answers is hardly ever further down, and each costs time."""

Rerank = Callable[[str, Sequence[Hit]], tuple[Hit, ...]]


def get_reranker(name: str, settings: Settings) -> Rerank:
    """A reranker by name: `openrouter:SLUG`, or a sentence-transformers CrossEncoder's name or folder.

    Loads nothing yet. What it returns raises ModelError.
    """
    score = _remote(name.removeprefix(REMOTE), settings) if is_remote(name) else _local(name, settings.device)

    def rerank(question: str, hits: Sequence[Hit]) -> tuple[Hit, ...]:
        if not hits:
            return ()
        scores = score(question, [embedding_text(hit.chunk) for hit in hits])
        order = sorted(range(len(hits)), key=lambda at: (-scores[at], at))
        return tuple(replace(hits[at], rank=rank, score=scores[at]) for rank, at in enumerate(order, 1))

    return rerank


def rerank_request(slug: str, question: str, texts: Sequence[str]) -> dict[str, Any]:
    """The body of a request to `/rerank`."""
    return {"model": slug, "query": question, "documents": list(texts), "top_n": len(texts)}


def _remote(slug: str, settings: Settings) -> Callable[[str, Sequence[str]], list[float]]:
    def score(question: str, texts: Sequence[str]) -> list[float]:
        from ingest.openrouter.client import load, post_json

        load()
        answer = post_json(settings, "/rerank", rerank_request(slug, question, texts), limit(settings.timeout))
        scores = [0.0] * len(texts)
        results = answer.get("results")
        for result in results if isinstance(results, list) else []:
            at, value = (result.get("index"), result.get("relevance_score")) if isinstance(result, dict) else (None, 0)
            if type(at) is int and 0 <= at < len(texts) and isinstance(value, int | float):
                scores[at] = min(1.0, max(0.0, float(value)))
        if not any(scores):
            raise ModelError(f"{slug} gave no scores", "try another --reranker, or none")
        return scores

    return score


def _local(name: str, device: str) -> Callable[[str, Sequence[str]], list[float]]:
    from ingest.embed.loading import load

    models: list[Any] = []
    loading = threading.Lock()

    def score(question: str, texts: Sequence[str]) -> list[float]:
        with loading:  # threads that ask at the same time wait for one load
            if not models:
                models.append(load(name, device, ("CrossEncoder",)))
        values = models[0].predict([(question, text) for text in texts], show_progress_bar=False)
        return [min(1.0, max(0.0, float(value))) for value in values]

    return score

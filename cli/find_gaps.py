"""Find the gaps of a question log: shared by `gaps` and `eval --new --from-log`."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from cli.context import open_index
from cli.terminal import progress_bars
from ingest.core.records import Count, of_stage
from ingest.core.settings import Settings

if TYPE_CHECKING:
    from eval.gaps.clusters import Gap
    from ingest.embed.base import Embedder, Embedding
    from rag.question_log import LoggedQuestion


def find_gaps_of(settings: Settings, entries: "Sequence[LoggedQuestion]", *, quiet: bool) -> "list[Gap]":
    """Cluster the weak questions of a log and explain each cluster. Raises DocsError."""
    import numpy as np

    from eval.gaps.clusters import find_gaps, subject_of, weak_questions
    from eval.gaps.reasons import explain_gaps
    from ingest.embed.registry import get_embedder

    weak = weak_questions(entries)
    if not weak:
        return []
    opened = open_index(settings, use_model=True, quiet=quiet)
    words, chunks = opened.store.vocabulary, max(1, int(opened.store.manifest["chunks"]))
    texts = [subject_of(question.text, lambda term: words.frequency(term) / chunks) for question in weak]
    with progress_bars(quiet=quiet) as progress:
        embeddings = _embed_distinct(get_embedder(settings), texts, of_stage(progress, "embed"))
        vectors = [one.vector if one.added is None else one.added for one in embeddings]
        gaps: list[Gap] = []
        found = find_gaps(weak, np.stack(vectors))
        for gap in explain_gaps(found, embeddings, opened):
            gaps.append(gap)
            progress("search", len(gaps), len(found))
    return gaps


def _embed_distinct(embedder: "Embedder", texts: Sequence[str], count: Count) -> "list[Embedding]":
    """Embed each distinct text once, the longest first, so that the texts of a batch are about equally long."""
    from dataclasses import replace

    from eval.gaps.clusters import question_key
    from ingest.embed.token_vectors import NO_TOKENS

    keys = [question_key(text) for text in texts]
    distinct = dict(zip(reversed(keys), reversed(texts), strict=True))  # of equal ones the first, the most frequent
    names = sorted(distinct, key=len, reverse=True)
    made: dict[str, Embedding] = {}
    for at, embedding in embedder.embed_stream([distinct[name] for name in names]):
        made[names[at]] = replace(embedding, tokens=NO_TOKENS)
        count(len(made), len(names))
    return [made[key] for key in keys]

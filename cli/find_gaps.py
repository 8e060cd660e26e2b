"""Find the gaps of a question log: shared by `gaps` and `eval --new --from-log`."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from cli.context import open_index
from cli.terminal import progress_bars
from ingest.core.settings import Settings

if TYPE_CHECKING:
    from eval.gaps.clusters import Gap
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
    embedder = get_embedder(settings)
    words, chunks = opened.store.vocabulary, max(1, int(opened.store.manifest["chunks"]))
    texts = [subject_of(question.text, lambda term: words.frequency(term) / chunks) for question in weak]
    vectors = np.zeros((len(weak), embedder.dimension), dtype=np.float32)
    with progress_bars(quiet=quiet) as progress:
        for done, (at, embedding) in enumerate(embedder.embed_stream(texts), 1):
            vectors[at] = embedding.vector
            progress("embed", done, len(weak))
        gaps: list[Gap] = []
        found = find_gaps(weak, vectors)
        for gap in explain_gaps(found, opened):
            gaps.append(gap)
            progress("search", len(gaps), len(found))
    return gaps

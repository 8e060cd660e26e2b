"""Late interaction: how well a passage matches each word of a question at its best place. Pure; numpy only."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from ingest.embed.token_vectors import SCALE, TokenVectors, unit_rows, word_at

Floats = NDArray[np.float32]


def token_weights(question: str, spans: Sequence[tuple[int, int]], idf: Callable[[str], float]) -> Floats:
    """How much each token counts, float32[len(spans)], their sum 1: the idf of the word that it belongs to.

    Marks count nothing. Where no token counts, all count the same.
    """
    weights = np.array([idf(word_at(question, *span)) for span in spans], dtype=np.float32)
    total = float(weights.sum())
    return weights / total if total > 0 else np.full(len(spans), 1 / max(1, len(spans)), dtype=np.float32)


def max_similarity(question: Floats, weights: Floats, passages: Sequence[TokenVectors], means: Floats) -> Floats:
    """For each passage the weighted mean over the question's tokens of the best cosine with a token of the passage.

    The MaxSim of ColBERT (Khattab and Zaharia 2020), its sum weighted: float32[len(passages)],
    about 0..1. `question` is float32[q, WIDTH], rows of length 1. A passage without tokens gets 0.
    """
    return weigh_matches(weights, best_matches(question, passages, means))


def weigh_matches(weights: Floats, matches: Floats) -> Floats:
    """The weighted mean over the question's tokens of their best matches: float32[passages]."""
    # A product depends in its last digits on where in the matrix its row is: equal passages shall be equal.
    return np.asarray(np.round(weights @ matches, 5), dtype=np.float32)


def best_matches(question: Floats, passages: Sequence[TokenVectors], means: Floats) -> Floats:
    """For each token of the question and each passage the best cosine with a token of the passage.

    float32[len(question), len(passages)]; 0 for a passage without tokens. `means`, float32[2, WIDTH], are subtracted
    from the passages' tokens and the question's: see ingest/index/whitening.py.
    """
    found = np.zeros((len(question), len(passages)), dtype=np.float32)
    filled = [at for at, passage in enumerate(passages) if len(passage)]
    if filled and len(question):
        tokens = np.concatenate([passages[at] for at in filled]).astype(np.float32)
        tokens /= np.float32(SCALE)
        tokens -= means[0]
        # The products are scaled, not the tokens: there are fewer of them. This is most of the time of a search.
        lengths = np.maximum(np.sqrt(np.einsum("ij,ij->i", tokens, tokens)), 1e-9)
        starts = np.cumsum([0, *(len(passages[at]) for at in filled[:-1])])
        found[:, filled] = np.maximum.reduceat((unit_rows(question - means[1]) @ tokens.T) / lengths, starts, axis=1)
    return found


def word_matches(question: str, spans: Sequence[tuple[int, int]], best: Floats) -> dict[str, float]:
    """For each word of the question its best match in any passage: the mean over its tokens. `best`: float32[n, p]."""
    found: dict[str, list[float]] = {}
    for span, match in zip(spans, best.max(axis=1, initial=0.0), strict=False):
        if word := word_at(question, *span):
            found.setdefault(word, []).append(float(match))
    return {word: sum(matches) / len(matches) for word, matches in found.items()}

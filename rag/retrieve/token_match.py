"""Late interaction by place: where a passage matches the question, not only how well. Pure; numpy only."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from ingest.core.records import Chunk
from ingest.embed.base import embedding_text
from ingest.embed.minilm import MiniLm
from ingest.embed.token_vectors import SCALE, TokenVectors, unit_rows
from rag.records import QuestionTokens
from rag.retrieve.late_interaction import Floats


@dataclass(frozen=True, slots=True, eq=False)
class TokenMatch:
    """The cosine of each token of a question with each of a passage, float32[q, n], and the places of the latter.

    `starts` and `ends` are offsets of the page's body; `weights` are those of the question's tokens, their sum 1.
    """

    starts: NDArray[np.int64]
    ends: NDArray[np.int64]
    cosine: Floats
    weights: Floats

    def score(self, start: int, end: int) -> float:
        """The weighted mean over the question of the best cosine with a token in this part of the page, about 0..1."""
        best = self._best(start, end)
        return float(self.weights @ best) if best is not None else 0.0

    def shares(self, start: int, end: int) -> tuple[float, ...]:
        """What each token of the question adds to the score of this part: its weight times its best cosine there."""
        best = self._best(start, end)
        return tuple((self.weights * best).tolist()) if best is not None else (0.0,) * len(self.weights)

    def _best(self, start: int, end: int) -> Floats | None:
        inside = (self.starts >= start) & (self.ends <= end)
        return self.cosine[:, inside].max(axis=1) if inside.any() else None


def match_tokens(
    question: QuestionTokens, tokens: TokenVectors, places: NDArray[np.int64], means: Floats
) -> TokenMatch | None:
    """Compare a question with a passage; None where the places are not those of the token vectors.

    `places` are offsets of the page's body, a row (start, end) for each row of `tokens`. `means` are subtracted as in
    `max_similarity`.
    """
    if not len(tokens) or len(places) != len(tokens):
        return None
    passage = unit_rows(tokens / np.float32(SCALE) - means[0])
    cosine = unit_rows(question.vectors - means[1]) @ passage.T
    starts, ends = places.T
    return TokenMatch(starts, ends, np.asarray(cosine, dtype=np.float32), question.weights)


@lru_cache(maxsize=512)  # to cut a passage into tokens takes half a millisecond; about 3 MB
def token_places(embedder: MiniLm, chunk: Chunk) -> NDArray[np.int64]:
    """Where the tokens of a chunk are in the page's body, as rows (start, end); its context is before its start."""
    places = np.array(embedder.token_places(embedding_text(chunk)), dtype=np.int64).reshape(-1, 2)
    return places + (chunk.start - len(chunk.context) - 1)

"""The ranking of one question: its best passages, and the evidence on which they are taken for an answer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

from ingest.core.records import Chunk
from ingest.index.base import Candidates, IndexReader
from ingest.text.language import stop_terms
from ingest.text.terms import terms
from rag.abstain import SMALL_TALK, Evidence, coverage, signals
from rag.query.frame import frame_terms
from rag.query.small_talk import is_small_talk
from rag.records import Hit, QuestionTokens, Retrieved
from rag.retrieve.exact import missing_compounds
from rag.retrieve.fusion import CANDIDATES, Ranking, rows_per_page

_COVERING: Final = 3
"""How many of the best hits together should contain the question's words."""


@dataclass(frozen=True, slots=True, eq=False)
class Searched:
    """One search of the index: its terms, its first stage and its ranking."""

    words: list[str]
    found: Candidates
    ranking: Ranking
    tokens: QuestionTokens | None


@dataclass(frozen=True, eq=False)
class Ranked:
    """The ranking of one question, before any chunk is read.

    `rows` are the ranked chunks, best first; `complete` says that no other chunk is eligible.
    """

    store: IndexReader
    question: str
    search: str
    rows: list[int]
    complete: bool
    whole: Searched
    scores: Mapping[int, float]
    """The fused scores of the candidates."""
    undemoted: Mapping[int, float]
    """The same before passages of a crowding page were demoted."""
    embed_ms: float
    under: str = ""
    absent: tuple[str, ...] = ()
    """Literals of the question that no passage contains although the docs name others of their kind."""
    _at: dict[int, int] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_at", {int(row): at for at, row in enumerate(self.whole.found.rows)})

    def top(self, k: int) -> Retrieved:
        """The best `k` passages. Raises IndexDamaged."""
        return self._retrieved(list(enumerate(self.rows[:k], 1)))

    def top_per_page(self, k: int) -> Retrieved:
        """The best `k` passages, but few of each page, unless all come from one page. Raises IndexDamaged."""
        pages = {row: int(self.whole.found.pages[self._at[row]]) for row in self.rows}
        if self.complete and len(set(pages.values())) == 1:
            return self.top(k)  # there is no other page that it could crowd out
        return self._retrieved(rows_per_page(self.rows, pages, k))

    def hits(self, ranked: Sequence[tuple[int, int]]) -> tuple[Hit, ...]:
        """The hits at these (rank, row) pairs. Raises IndexDamaged."""
        rows = [row for _, row in ranked]
        explained = self.store.explain(rows, self.whole.words)
        chunks = self.store.chunks(rows)
        return tuple(
            self._hit(rank, row, Hit(rank, 0.0, 0.0, 0.0, chunk, terms=found))
            for (rank, row), chunk, found in zip(ranked, chunks, explained, strict=True)
        )

    def _retrieved(self, ranked: Sequence[tuple[int, int]]) -> Retrieved:
        """Coverage and signals are those of the undiversified ranking, whichever passages are shown."""
        best = self.store.explain(self.rows[:_COVERING], self.whole.words)
        words, idf, hits = self._subject(), self.store.idf, self.hits(ranked)
        talk = is_small_talk(self.question) and not any(_is_heading_of(self.question, hit.chunk) for hit in hits)
        return Retrieved(
            self.question,
            hits,
            coverage(words, best, idf),
            self.embed_ms,
            {**signals(self._evidence(words, best), idf), SMALL_TALK: float(talk)},
            self.search if self.search != self.question else "",
            self.whole.tokens,
            self.under,
        )

    def _evidence(self, words: list[str], best: Sequence[Mapping[str, float]]) -> Evidence:
        found, frequency, late = self.whole.found, self.store.vocabulary.frequency, self.whole.ranking.late
        return Evidence(
            terms=words,
            known={word for word in words if frequency(word)},
            best=best[0] if best else (),
            passages=int(self.store.manifest["chunks"]),
            absent=len(self.absent),
            bm25=found.bm25[: min(CANDIDATES, found.best)],
            late=late.get(self.rows[0], max(late.values())) if late and self.rows else None,
            nearest=None if found.nearest is None or not len(found.nearest) else float(found.nearest[0]),
            mean=found.mean,
            deviation=found.deviation,
            near=self._near_terms(),
        )

    def _near_terms(self) -> dict[str, float]:
        """For each term of the question its best match in any candidate; none in docs whose language isn't English.

        The bundled model knows the meaning of English words alone.
        """
        if self._language != "en":
            return {}
        near = {term: match for word, match in self.whole.ranking.words.items() for term in terms(word)}
        return near | dict.fromkeys(self._missing_compounds, 0.0) if near else near

    @property
    def _language(self) -> str:
        return str(self.store.manifest.get("language", "en"))

    @cached_property
    def _missing_compounds(self) -> dict[str, frozenset[str]]:
        return missing_compounds(self.whole.words, self.store.vocabulary, self._stop)

    @property
    def _stop(self) -> frozenset[str]:
        return stop_terms(self._language) | frame_terms(self.search)

    def _subject(self) -> list[str]:
        """The terms of the question that an answer should contain.

        A numbered thing whose number the docs have, but never behind its noun, counts by its words: "error 503" where
        a table has 503. A compound that the docs have in no way of writing counts as one word, without its parts.
        """
        stop = self._stop.union(*self._missing_compounds.values())
        frequency = self.store.vocabulary.frequency

        def is_split(term: str) -> bool:
            noun, _, number = term.partition(" ")
            return bool(noun and number) and not frequency(term) and frequency(number) > 0

        return [word for word in self.whole.words if word not in stop and not is_split(word)]

    def _hit(self, rank: int, row: int, hit: Hit) -> Hit:
        found, ranking, at = self.whole.found, self.whole.ranking, self._at[row]
        others = {} if found.page is None else {"page": float(found.page[at])}
        if found.added is not None:
            others["added"] = float(found.added[at])
        if found.asked is not None and found.asked.cosine is not None:
            others["questions"] = float(found.asked.cosine[at])
        if row in ranking.late:
            others |= {"whitened": ranking.whitened[row], "late": ranking.late[row]}
        if row in ranking.model:
            others["model"] = ranking.model[row]
        if row in self.scores and self.scores[row] < self.undemoted[row]:
            others["crowded"] = self.scores[row] - self.undemoted[row]
        last = min(self.scores.values(), default=0.0)
        return Hit(
            rank=rank,
            row=row,
            score=self.scores.get(row, min(last, float(found.score[at]))),
            cosine=0.0 if found.cosine is None else float(found.cosine[at]),
            bm25=float(found.bm25[at]),
            chunk=hit.chunk,
            cosine_rank=None if found.cosine_rank is None else int(found.cosine_rank[at]),
            bm25_rank=int(found.bm25_rank[at]) or None,
            terms=hit.terms,
            signals=others,
        )


def _is_heading_of(text: str, chunk: Chunk) -> bool:
    """Whether a chunk is under a heading or title of just these words."""
    words = list(terms(text))
    return any(list(terms(heading)) == words for heading in (chunk.title, *chunk.headings))

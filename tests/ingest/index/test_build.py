from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import duckdb
import numpy as np
import pytest

import ingest.index.build
import ingest.index.spool
from ingest.core.errors import CorpusError, IndexDamaged
from ingest.embed.base import Embedding, QueryEmbedding, embed_all, embedding_text
from ingest.embed.token_vectors import SCALE, WIDTH, compress
from ingest.index.base import StoredPage
from ingest.index.bm25 import build_bm25
from ingest.index.build import IndexReport, build_index
from ingest.index.folder.database import Store
from ingest.index.folder.generations import Generation, current_generation
from ingest.text.terms import terms
from tests.ingest.made import WordEmbedder, document, quiet, stored

LONG = "\n\n".join(f"## Part {n}\n\nText of part {n}." for n in range(5))


def build(folder: Path, pages: list[StoredPage], embedder: WordEmbedder, *, full: bool = False) -> IndexReport:
    embedder.embedded.clear()
    return build_index(folder, pages, embedder, quiet, full=full)


def test_row_by_row_an_index_has_chunks_pages_vectors_and_postings(tmp_path: Path, embedder: WordEmbedder) -> None:
    generation = build(tmp_path, stored(b=LONG, a="alpha"), embedder).generation
    with duckdb.connect(str(generation.folder / "index.duckdb"), read_only=True) as database:
        assert database.execute("SHOW TABLES").fetchall() == [("chunks",), ("pages",)]
    store = Store(generation)
    chunks, vectors = store.all_chunks(), store.vectors()
    np.testing.assert_array_equal(vectors, [embedder.embed_query(embedding_text(chunk)).vector for chunk in chunks])
    assert store.urls() == [chunk.url for chunk in chunks] == ["https://h.org/docs/a"] + ["https://h.org/docs/b"] * 5
    query = list(terms("part 3 alpha"))
    expected = build_bm25([embedding_text(chunk) for chunk in chunks]).scores(query)
    np.testing.assert_array_equal(store.bm25().scores(query), expected)
    assert int(expected.argmax()) == 4


def test_pages_and_chunks_come_back_whole(tmp_path: Path, embedder: WordEmbedder) -> None:
    page = document("Ünï 'x'", anchors=("top",), aliases=("https://h.org/o",), etag='W/"1"', source="https://h.org")
    pages = [StoredPage(page, "sub/a.md"), *stored(b=LONG)]
    store = Store(build(tmp_path, pages, embedder).generation)
    assert store.pages() == pages
    assert store.pages(["https://h.org/docs/b", "nowhere"]) == pages[1:]
    chunks = store.all_chunks()
    assert chunks[0].text == "Ünï 'x'"
    assert store.chunks([3, 0]) == [chunks[3], chunks[0]]
    assert store.page_chunks([page.url]) == [(0, chunks[0])]


def test_thousands_of_pages_without_aliases_dates_or_headings_are_stored(
    tmp_path: Path, embedder: WordEmbedder
) -> None:
    pages = stored(**{f"p{n}": f"text {n}" for n in range(2_500)})
    odd = replace(pages[77].document, aliases=("https://h.org/odd",), last_modified="today", body="# T\n\n## H\n\nx")
    pages[77] = StoredPage(odd, "odd.md")
    store = Store(build(tmp_path, pages, embedder).generation)
    assert store.pages([odd.url]) == [pages[77]]
    assert [chunk.headings for _, chunk in store.page_chunks([odd.url])] == [("H",)]
    assert len({chunk.id for chunk in store.all_chunks()}) == 2_500
    assert store.pages() == sorted(pages, key=lambda page: page.document.url)


def test_unchanged_pages_keep_their_generation(tmp_path: Path, embedder: WordEmbedder) -> None:
    first = build(tmp_path, stored(a="alpha", b=LONG), embedder)
    assert (first.published, first.total, first.embedded) == (True, 6, 6)
    again = build(tmp_path, stored(b=LONG, a="alpha"), embedder)
    assert again == IndexReport(first.generation, published=False, total=6, embedded=0, removed=0)
    assert embedder.embedded == []


def test_of_a_changed_page_only_what_changed_is_embedded(tmp_path: Path, embedder: WordEmbedder) -> None:
    old = build(tmp_path, stored(a="alpha", b=LONG), embedder).generation
    changed = LONG.replace("Text of part 3.", "New text of part 3.")
    report = build(tmp_path, stored(a="alpha", b=changed), embedder)
    assert embedder.embedded == ["B › Part 3\nNew text of part 3."]
    assert (report.published, report.total, report.embedded, report.removed) == (True, 6, 1, 1)
    new, before = Store(report.generation), Store(old)
    kept = {chunk.id: row for row, chunk in enumerate(before.all_chunks())}
    for row, chunk in enumerate(new.all_chunks()):
        if chunk.id in kept:
            np.testing.assert_array_equal(new.vectors()[row], before.vectors()[kept[chunk.id]])
    assert current_generation(tmp_path) == report.generation


def test_a_removed_page_leaves_without_embedding(tmp_path: Path, embedder: WordEmbedder) -> None:
    build(tmp_path, stored(a="alpha", b=LONG), embedder)
    report = build(tmp_path, stored(a="alpha"), embedder)
    assert (report.total, report.embedded, report.removed) == (1, 0, 5)


def test_full_another_embedder_and_damage_embed_everything(tmp_path: Path, embedder: WordEmbedder) -> None:
    pages = stored(a="alpha", b=LONG)
    first = build(tmp_path, pages, embedder).generation
    full = build(tmp_path, pages, embedder, full=True)
    assert (full.published, full.embedded) == (True, 6)
    assert full.generation.name != first.name
    other = build(tmp_path, pages, WordEmbedder("words/2"))
    assert other.embedded == 6
    (other.generation.folder / "vectors.npy").write_bytes(b"")
    assert build(tmp_path, pages, WordEmbedder("words/2")).embedded == 6


def test_equal_texts_are_embedded_once(tmp_path: Path, embedder: WordEmbedder) -> None:
    report = build(tmp_path, stored(a="## H\n\nsame\n\n## H\n\nsame"), embedder)
    assert (report.total, report.embedded, len(embedder.embedded)) == (2, 1, 1)


def test_the_manifest_says_what_the_index_was_made_of(tmp_path: Path, embedder: WordEmbedder) -> None:
    days = ["2026-11-19", "2026-11-20"]
    pages = [StoredPage(document("x", f"https://h.org/{d}", fetched_at=d, source="https://h.org"), d) for d in days]
    manifest = build(tmp_path, pages, embedder).generation.manifest
    assert (manifest["pages"], manifest["chunks"], manifest["sources"]) == (2, 2, ["https://h.org"])
    assert manifest["docs_date"] == "2026-11-20"
    assert manifest["embedder"] == {"name": "words", "fingerprint": "words/1", "dimension": 8, "normalised": True}


def test_pages_without_text_are_refused_and_the_index_stays(tmp_path: Path, embedder: WordEmbedder) -> None:
    before = build(tmp_path, stored(a="alpha"), embedder).generation
    with pytest.raises(CorpusError, match="no text"):
        build(tmp_path, stored(a="## Only a heading"), embedder)
    assert current_generation(tmp_path) == before


def test_a_generation_that_vanishes_under_a_reader_is_damage(tmp_path: Path, embedder: WordEmbedder) -> None:
    generation: Generation = build(tmp_path, stored(a="alpha"), embedder).generation
    store = Store(generation)
    for path in generation.folder.iterdir():
        path.unlink()
    for read in (store.vectors, store.bm25, store.all_chunks):
        with pytest.raises(IndexDamaged) as caught:
            read()
        assert "reindex" in caught.value.hint


def test_only_pages_that_changed_are_cut_again(
    tmp_path: Path, embedder: WordEmbedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    build(tmp_path, stored(a="alpha", b=LONG, c="gamma"), embedder)
    cut: list[str] = []
    real = ingest.index.build.chunk_document
    monkeypatch.setattr(
        ingest.index.build, "chunk_document", lambda page, *rest: (cut.append(page.url), real(page, *rest))[1]
    )
    pages = stored(a="alpha", b=LONG, c="new")
    report = build(tmp_path, pages, embedder)
    assert cut == ["https://h.org/docs/c"]
    fresh = [chunk for page in pages for chunk in real(page.document, embedder.count, embedder.max_tokens)]
    assert Store(report.generation).all_chunks() == fresh
    pages[0] = replace(pages[0], document=replace(pages[0].document, anchors=("top",)))
    build(tmp_path, pages, embedder)
    assert cut[1:] == ["https://h.org/docs/a"], "an anchor is part of a chunk"


def test_threads_may_ask_one_store_at_the_same_time(tmp_path: Path, embedder: WordEmbedder) -> None:
    store = Store(build(tmp_path, stored(b=LONG, a="alpha", **{"it's": "quoted"}), embedder).generation)
    urls = ["https://h.org/docs/a", "https://h.org/docs/it's"]
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: (store.pages(urls), store.chunks([5, 0])), range(40)))
    assert all(one == found[0] for one in found)
    pages, chunks = found[0]
    assert [page.document.url for page in pages] == urls
    assert [chunk.url for chunk in chunks] == [store.urls()[5], store.urls()[0]]
    assert store.chunks([]) == store.pages([]) == []


class TokenEmbedder(WordEmbedder):
    """A token vector for each word."""

    has_tokens = True

    def embed_stream(self, texts: Sequence[str]) -> Iterator[tuple[int, Embedding]]:
        for at, embedding in super().embed_stream(texts):
            states = np.random.default_rng(len(texts[at])).normal(size=(len(texts[at].split()), 384))
            yield at, Embedding(embedding.vector, compress(states.astype(np.float32)))

    def embed_query(self, text: str) -> QueryEmbedding:
        return QueryEmbedding(super().embed_query(text).vector, np.eye(WIDTH, dtype=np.float32)[:2], ((0, 1), (1, 2)))


def test_token_vectors_and_their_means_are_those_of_the_embedder(tmp_path: Path) -> None:
    embedder = TokenEmbedder()
    store = Store(build(tmp_path, stored(b=LONG, a="alpha"), embedder).generation)
    chunks = store.all_chunks()
    right = embed_all(embedder, [embedding_text(chunk) for chunk in chunks])
    found = store.passages(range(len(chunks)))
    for one, vector, tokens in zip(right, found.vectors, found.tokens, strict=True):
        np.testing.assert_array_equal(one.vector, vector)
        np.testing.assert_array_equal(one.tokens, tokens)
    whole = np.load(store.generation.folder / "tokens.npy")
    np.testing.assert_array_equal(whole, np.concatenate([one.tokens for one in right]))
    np.testing.assert_allclose(store.token_means()[0], whole.mean(axis=0) / SCALE, atol=1e-6)
    np.testing.assert_allclose(store.token_means()[1], [0.5, 0.5] + [0.0] * (WIDTH - 2))


def test_chunks_that_wait_in_a_file_are_indexed_and_reused_as_others(
    tmp_path: Path, embedder: WordEmbedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    pages, more = stored(a="alpha", b=LONG), stored(a="alpha", b=LONG, c="Ünï \U0001f600")
    expected = Store(build(tmp_path / "memory", more, embedder).generation).all_chunks()
    monkeypatch.setattr(ingest.index.spool, "_IN_MEMORY", 1)
    build(tmp_path / "file", pages, embedder)
    report = build(tmp_path / "file", more, embedder)
    assert (report.total, report.embedded, embedder.embedded) == (7, 1, [embedding_text(expected[-1])])
    assert Store(report.generation).all_chunks() == expected

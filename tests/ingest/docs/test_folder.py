import os
import stat
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ingest.core.atomic import remove_unfinished
from ingest.core.errors import CorpusError
from ingest.core.records import Document
from ingest.docs.folder import (
    MAX_PAGE_BYTES,
    read_corpus,
    read_document,
    read_front_matter,
    read_sources,
    render_document,
    write_document,
    write_sources,
)
from tests.ingest.made import document

PAGE = Document(
    url="https://h.org/docs/a?x=1",
    title="A \"quoted\": title — #1 'x' 模型 🙂",
    description="- yes: [no] {maybe} & *all* | > %",
    body='# A\n\n---\n\nText: "x"\n\n---\nend\n',
    anchors=("", "a-b", ""),
    aliases=("https://h.org/old", "https://h.org/docs/a: b"),
    fetched_at="2026-11-20T08:15:00+00:00",
    last_modified="Fri, 20 Nov 2026 08:15:00 GMT",
    etag="W/\"abc-'1'\"",
    source="https://h.org/docs",
)


def test_a_page_comes_back_as_it_was_written(tmp_path: Path) -> None:
    path = write_document(tmp_path / "docs", "sub/a.md", PAGE)
    assert read_document(path, tmp_path / "docs") == PAGE
    assert stat.S_IMODE(path.stat().st_mode) == 0o644
    assert [found.name for found in (tmp_path / "docs" / "sub").iterdir()] == ["a.md"]


LINE = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=30)


@example("next\x85line", "a\u2028b\u2029c", "\ufeff\x7f\x1b")
@given(LINE, LINE, LINE)
def test_no_text_in_the_front_matter_gets_lost(title: str, description: str, etag: str) -> None:
    page = replace(PAGE, title=title, description=description, etag=etag)
    meta, body = read_front_matter(render_document(page), "x")
    assert (meta["title"], meta["description"], meta["etag"], body) == (title, description, etag, page.body)


def test_a_page_without_front_matter_is_known_by_its_place(tmp_path: Path) -> None:
    (tmp_path / "guides").mkdir()
    (tmp_path / "guides" / "my notes.md").write_bytes(b"\xef\xbb\xbfIntro\r\n\r\n# The *Notes* #\r\n")
    (tmp_path / "bare.md").write_text("no heading")
    (tmp_path / ".hidden.md").write_text("# not read")
    notes, bare = sorted(read_corpus(tmp_path).documents, key=lambda page: page.url, reverse=True)
    assert (notes.url, notes.title, notes.body) == ("/guides/my notes", "The *Notes*", "Intro\n\n# The *Notes* #\n")
    assert (bare.url, bare.title, bare.source) == ("/bare", "bare", "")


def test_values_that_look_like_other_types_stay_text() -> None:
    meta, body = read_front_matter("---\ntitle: 2026-11-20\n---\n", "x")
    assert (meta["title"], body) == ("2026-11-20", "")


@pytest.mark.parametrize(
    "front",
    [
        pytest.param("a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]", id="alias-bomb"),
        pytest.param("a: !!python/object/apply:os.system [ls]", id="python-object"),
        pytest.param("title: !!int x", id="wrong-type"),
        pytest.param("title: !!timestamp x", id="wrong-date"),
        pytest.param("a: 0b_", id="no-number"),
        pytest.param("a: " + "[" * 5_000, id="deep"),
        pytest.param("title: 'open", id="no-yaml"),
        pytest.param("- a\n- b", id="list"),
    ],
)
def test_front_matter_that_is_no_plain_mapping_is_refused(front: str) -> None:
    with pytest.raises(CorpusError, match=r"^page.md: the front matter") as caught:
        read_front_matter(f"---\n{front}\n---\n\n# x\n", "page.md")
    assert caught.value.hint


def test_files_that_are_no_pages_are_problems_and_the_rest_is_read(tmp_path: Path) -> None:
    files = {
        "binary.md": b"# x\0y",
        "empty.md": b"",
        "only-front-matter.md": b"---\ntitle: x\n---",
        "latin.md": b"# caf\xe9",
        "large.md": b"x" * (MAX_PAGE_BYTES + 1),
        "bad.md": b"---\n- x\n---\n# y",
    }
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
    (tmp_path / "dangling.md").symlink_to(tmp_path / "nowhere")
    (tmp_path / "folder.md").mkdir()
    os.mkfifo(tmp_path / "pipe.md")
    write_document(tmp_path, "good.md", PAGE)
    write_document(tmp_path, "twice.md", replace(PAGE, url="http://www.h.org/docs/a?x=1"))
    corpus = read_corpus(tmp_path)
    assert corpus.documents == [PAGE]
    said = {Path(problem.url).name: problem.detail for problem in corpus.problems}
    assert said.keys() == {*files, "dangling.md", "folder.md", "pipe.md", "twice.md"}
    assert "binary" in said["binary.md"]
    assert "UTF-8" in said["latin.md"]
    assert "empty" in said["empty.md"]
    assert "empty" in said["only-front-matter.md"]
    assert "10,000,001 bytes" in said["large.md"]
    assert "good.md" in said["twice.md"]


@pytest.mark.skipif(os.getuid() == 0, reason="root may read everything")
def test_a_file_without_read_permission_is_a_problem(tmp_path: Path) -> None:
    write_document(tmp_path, "a.md", PAGE).chmod(0)
    assert "Permission" in read_corpus(tmp_path).problems[0].detail


def test_a_symlink_in_place_of_a_page_is_replaced_not_followed(tmp_path: Path) -> None:
    outside = tmp_path / "outside.txt"
    outside.write_text("mine")
    docs = tmp_path / "docs"
    docs.mkdir()
    (docs / "a.md").symlink_to(outside)
    path = write_document(docs, "a.md", PAGE)
    assert outside.read_text() == "mine"
    assert not path.is_symlink()
    assert read_document(path, docs) == PAGE


def test_a_write_that_fails_leaves_the_old_page_and_no_litter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_document(tmp_path, "a.md", PAGE)

    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(CorpusError, match="No space left"):
        write_document(tmp_path, "a.md", document("new"))
    assert read_document(path, tmp_path) == PAGE
    assert list(tmp_path.iterdir()) == [path]


def test_sources_are_recorded_and_a_broken_record_is_said(tmp_path: Path) -> None:
    assert read_sources(tmp_path) == ()
    write_sources(tmp_path, ["https://h.org/docs", "/srv/é"])
    assert read_sources(tmp_path) == ("https://h.org/docs", "/srv/é")
    write_sources(tmp_path, ["https://h.org/docs"], (), {"/srv/é"})
    assert (read_sources(tmp_path), read_sources(tmp_path, "leaving")) == (("https://h.org/docs",), ("/srv/é",))
    for broken in ("", "{", "[]", "{}", "null", '{"schema": 1, "rources": []}', '{"schema": 2, "sources": []}'):
        (tmp_path / ".askdocs.json").write_text(broken)
        with pytest.raises(CorpusError, match="record of sources"):
            read_sources(tmp_path)


def test_what_a_killed_run_left_of_a_page_goes_and_files_of_others_stay(tmp_path: Path) -> None:
    path = write_document(tmp_path, "sub/a.md", PAGE)
    (tmp_path / "sub" / ".askdocs-0abc.tmp").write_text("half")
    (tmp_path / "own.tmp").write_text("mine")
    remove_unfinished(tmp_path)
    assert sorted(file for file in tmp_path.rglob("*") if file.is_file()) == [tmp_path / "own.tmp", path]


def test_no_folder_is_an_error_with_a_remedy(tmp_path: Path) -> None:
    with pytest.raises(CorpusError) as caught:
        read_corpus(tmp_path / "none")
    assert "askdocs reindex" in caught.value.hint


@pytest.mark.parametrize(
    "front",
    [
        pytest.param('title: "\\uD800"', id="half-a-character"),
        pytest.param("url: javascript:alert(1)", id="script-url"),
        pytest.param("url: 'https://h.org/a b'", id="url-with-space"),
    ],
)
def test_a_page_that_would_break_the_index_is_a_problem(tmp_path: Path, front: str) -> None:
    (tmp_path / "bad.md").write_text(f"---\n{front}\n---\n\n# Bad\n\ntext\n", encoding="utf-8")
    (tmp_path / "good.md").write_text("# Good\n\ntext\n", encoding="utf-8")
    corpus = read_corpus(tmp_path)
    assert [file.path.name for file in corpus.files] == ["good.md"]
    assert [(problem.url, problem.reason) for problem in corpus.problems] == [("bad.md", "unusable")]


def test_a_link_out_of_the_folder_is_not_read(tmp_path: Path) -> None:
    docs = tmp_path / "docs"
    docs.mkdir()
    (tmp_path / "secret").write_text("# Secret\n\nnothing for the docs\n", encoding="utf-8")
    (docs / "page.md").symlink_to(tmp_path / "secret")
    corpus = read_corpus(docs)
    assert corpus.files == ()
    assert corpus.problems[0].detail == "the link leads out of the docs folder"

import json
from pathlib import Path

import pytest

from ingest.corpus import MAX_PAGE_BYTES
from ingest.errors import UsageError
from ingest.local_pages import local_pages
from ingest.records import Page, Problem


def read(path: Path) -> dict[str, str]:
    """Address -> text."""
    return {page.url: page.body.decode() for page in local_pages(path) if isinstance(page, Page)}


def test_a_folder_gives_its_markdown_and_html_by_path(tmp_path: Path) -> None:
    (tmp_path / "guides" / ".git").mkdir(parents=True)
    files = ["a.md", "guides/b.mdx", "guides/C.HTML", "d.htm", "e.txt", "f.png", ".g.md", "guides/.git/h.md", "i.json"]
    for name in files:
        (tmp_path / name).write_text(name)
    (tmp_path / "link.md").symlink_to("/etc/hostname")
    (tmp_path / "folder.md").mkdir()
    pages = list(local_pages(tmp_path))
    assert all(isinstance(page, Page) for page in pages)
    kinds = {page.url: page.content_type for page in pages if isinstance(page, Page)}
    assert kinds == {
        "/a": "text/markdown",
        "/d": "text/html",
        "/e": "text/markdown",
        "/guides/C": "text/html",
        "/guides/b": "text/markdown",
    }


def test_the_manifest_gives_addresses(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "a.html").write_text("A")
    (tmp_path / "b.html").write_text("B")
    lines = [json.dumps({"url": "https://h.org/é", "file": "sub/a.html", "status": 200}), "", '{"url":"u","file":"no"}']
    (tmp_path / "manifest.jsonl").write_text("\n".join(lines))
    assert read(tmp_path) == {"https://h.org/é": "A", "/b": "B"}


@pytest.mark.parametrize("line", ["{", "[]", '"x"', '{"url": "x"}', "3"])
def test_a_broken_line_of_the_manifest_is_named(tmp_path: Path, line: str) -> None:
    (tmp_path / "manifest.jsonl").write_text(f'{{"url": "u", "file": "f"}}\n{line}\n')
    with pytest.raises(UsageError, match=r"manifest\.jsonl, line 2"):
        read(tmp_path)


def test_a_file_too_large_is_a_problem(tmp_path: Path) -> None:
    (tmp_path / "large.md").write_bytes(b"x" * (MAX_PAGE_BYTES + 1))
    (tmp_path / "small.md").write_text("x")
    problem, page = local_pages(tmp_path)
    assert problem == Problem("large.md", "too-large", "10,000,001 bytes")
    assert isinstance(page, Page)


def test_a_joined_file_is_cut_at_titles_with_a_source(tmp_path: Path) -> None:
    path = tmp_path / "llms-full.txt"
    path.write_bytes(
        b"preface\r\n\r\n# One\r\nSource: https://h.org/1\r\n\r\ntext\r\n\r\n# No page\r\n\r\nmore\r\n"
        b"```\r\nSource: https://h.org/no\r\n```\r\n\r\n# Two\r\nSource: https://h.org/2\r\n"
    )
    assert read(path) == {
        "https://h.org/1": "# One\n\ntext\n\n# No page\n\nmore\n```\nSource: https://h.org/no\n```\n",
        "https://h.org/2": "# Two\n\n\n",
    }


def test_a_joined_file_is_cut_at_front_matter_with_a_url(tmp_path: Path) -> None:
    first = "---\ntitle: One\nurl: https://h.org/1\n---\n\n# One\n\ntext\n\n---\n\nnote: a rule is above"
    second = "---\nurl: https://h.org/2\n---\n\n# Two"
    path = tmp_path / "all.md"
    path.write_text(f"{first}\n\n{second}\n")
    assert [page.body.decode() for page in local_pages(path) if isinstance(page, Page)] == [first, second]


def test_a_single_page_is_a_page(tmp_path: Path) -> None:
    (tmp_path / "a.html").write_text("<h1>A</h1>")
    [page] = local_pages(tmp_path / "a.html")
    assert page == Page("/a", b"<h1>A</h1>", "text/html")


def test_nothing_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="nothing at"):
        read(tmp_path / "none")

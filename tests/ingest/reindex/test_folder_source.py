import json
from pathlib import Path

import pytest

from ingest.core.errors import UsageError
from ingest.core.records import Document, Page, Problem
from ingest.docs.folder import MAX_PAGE_BYTES, write_document
from ingest.reindex.crawl_source import SourcePages
from ingest.reindex.folder_files import read_local_pages
from ingest.reindex.folder_source import read_local_source
from tests.ingest.made import quiet


def read(path: Path) -> dict[str, str]:
    """Address -> text."""
    return {page.url: page.body.decode() for page in read_local_pages(path).pages if isinstance(page, Page)}


def test_a_folder_gives_its_markdown_and_html_by_path(tmp_path: Path) -> None:
    (tmp_path / "guides" / ".git").mkdir(parents=True)
    files = ["a.md", "guides/b.mdx", "guides/C.HTML", "d.htm", "e.txt", "f.png", ".g.md", "guides/.git/h.md", "i.json"]
    for name in files:
        (tmp_path / name).write_text(name)
    (tmp_path / "link.md").symlink_to("/etc/hostname")
    (tmp_path / "folder.md").mkdir()
    pages = read_local_pages(tmp_path).pages
    assert all(isinstance(page, Page) for page in pages)
    kinds = {page.url: page.content_type for page in pages if isinstance(page, Page)}
    assert kinds == {
        "/a": "text/markdown",
        "/d": "text/html",
        "/e": "text/markdown",
        "/guides/C": "text/html",
        "/guides/b": "text/mdx",
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
    problem, page = read_local_pages(tmp_path).pages
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
    assert [page.body.decode() for page in read_local_pages(path).pages if isinstance(page, Page)] == [first, second]


def test_a_single_page_is_a_page(tmp_path: Path) -> None:
    (tmp_path / "a.html").write_text("<h1>A</h1>")
    [page] = read_local_pages(tmp_path / "a.html").pages
    assert page == Page("/a", b"<h1>A</h1>", "text/html")


def test_nothing_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="nothing at"):
        read(tmp_path / "none")


def gathered(path: Path, *at_hand: Document) -> SourcePages:
    return read_local_source(path, at_hand, quiet)


def test_an_example_in_a_code_block_begins_no_page(tmp_path: Path) -> None:
    path = tmp_path / "all.md"
    example = "```yaml\n---\nurl: https://h.org/no\n---\n```"
    pages = [
        f"---\naliases:\n- https://h.org/x\nurl: https://h.org/{name}\n---\n\n# {name}\n\n{example}" for name in "ab"
    ]
    path.write_text("\n\n".join(pages))
    assert [page.body.decode() for page in read_local_pages(path).pages if isinstance(page, Page)] == pages
    path.write_text(
        "# One\nSource: https://h.org/1\n\n```sh\nnever closed\n\n# Two\nSource: https://h.org/2\n\nText.\n"
    )
    assert list(read(path)) == ["https://h.org/1", "https://h.org/2"]


def test_a_crawl_of_whole_pages_gives_their_content(tmp_path: Path) -> None:
    table = "```\n|  |  |\n| --- | --- |\n| $ | npm install bulb |\n```"
    for at, name in enumerate(["One", "Two", "Three", "Four", "Five"]):
        card = f"[#### Number {at}\n\nAll about it.\n\nNext](/docs/{at})"
        menu = "Search\n\n* Start\n\n  + [Setup](/docs/setup)"
        text = f"{menu}\n\n# {name}\n\nCopy\n\nText of {name}.\n\n{table}\n\nHelpful?\n\n{card}[Built](https://b.example)\n"
        (tmp_path / f"docs_{name.lower()}.md").write_text(text)
    came = gathered(tmp_path)
    assert {page.url: page.body for page in came.documents} == {
        f"/docs_{name.lower()}": f"# {name}\n\nText of {name}.\n\n```bash\nnpm install bulb\n```\n"
        for name in ["One", "Two", "Three", "Four", "Five"]
    }


def test_sites_are_learned_apart(tmp_path: Path) -> None:
    for host in ("a", "b"):
        for at in range(3):
            text = f"---\nurl: https://{host}.org/{at}\n---\n\nSearch\n\n# Page {host}{at}\n\nText {host}{at}.\n"
            (tmp_path / f"{host}{at}.md").write_text(text)
    assert all("Search" in page.body for page in gathered(tmp_path).documents), "three pages of a host teach nothing"


def test_our_own_pages_come_back_as_they_were(tmp_path: Path) -> None:
    page = Document(
        "https://h.org/a", "Alpha", "What it is.", "# Alpha\n\nWhat it is.\n\nWhat it does.\n", source="https://h.org"
    )
    write_document(tmp_path, "a.md", page)
    [back] = gathered(tmp_path).documents
    assert (back.url, back.title, back.description, back.body) == (page.url, page.title, page.description, page.body)


def test_a_page_that_stands_twice_is_kept_once(tmp_path: Path) -> None:
    for name in ("docs_zdr", "docs_guides_zdr"):
        (tmp_path / f"{name}.md").write_text("# Retention\n\nNothing is kept.\n")
    [page] = gathered(tmp_path).documents
    assert (page.url, page.aliases) == ("/docs_guides_zdr", ("/docs_zdr",))


def test_pages_that_a_joined_file_no_longer_lists_are_named_and_kept(tmp_path: Path) -> None:
    path = tmp_path / "llms-full.txt"
    path.write_text("# One\nSource: https://h.org/1\n\nText one.\n\n# Two\nSource: https://h.org/2\n\nText two.\n")
    first = gathered(path)
    assert first.report.problems == []
    other = Document("https://h.org/3", "Three", "", "# Three\n\nText.\n", source="https://h.org")
    path.write_text("# One\nSource: https://h.org/1\n\nText one.\n")
    again = gathered(path, *first.documents, other)
    assert again.report.problems == [
        Problem("https://h.org/2", "not-listed", "llms-full.txt does not list it", kept_old=True)
    ]
    assert again.gone == set()


def test_pages_that_a_folder_no_longer_has_are_gone(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / f"{name}.md").write_text(f"# {name}\n\nText of {name}.\n")
    first = gathered(tmp_path)
    (tmp_path / "b.md").unlink()
    again = gathered(tmp_path, *first.documents)
    assert (again.gone, again.report.problems) == ({"/b"}, [])


def test_what_recurs_in_sources_is_not_taken_for_chrome(tmp_path: Path) -> None:
    for number in range(6):
        lines = [f"---\ntitle: Tea {number}\n---", "<!-- prettier-ignore-start -->", f"Pot {number} is hot.", ":::tip"]
        (tmp_path / f"{number}.md").write_text("\n\n".join([*lines, "Pour.", ":::", "<!-- prettier-ignore-end -->"]))
    documents = read_local_source(tmp_path, (), quiet).documents
    assert [document.body for document in documents] == [
        f"# Tea {number}\n\nPot {number} is hot.\n\n> **Tip**\n>\n> Pour.\n" for number in range(6)
    ]


def test_a_box_that_is_not_closed_is_reported(tmp_path: Path) -> None:
    (tmp_path / "b.org").write_text("* Tea\n")
    (tmp_path / "a.md").write_text("# Tea\n\n:::warning Steam\n\nMind it.\n")
    gathered = read_local_source(tmp_path, (), quiet)
    assert gathered.report.notes == [
        "/a: :::warning is not closed",
        "left out (.org is not read: give their HTML): b.org",
    ]
    assert gathered.documents[0].body == "# Tea\n\n**Warning: Steam**\n\nMind it.\n"


@pytest.mark.parametrize("title", ["Index page not found", "404 Not Found", "Sign in", "Access denied"])
def test_a_file_is_never_the_answer_to_a_wrong_address(tmp_path: Path, title: str) -> None:
    (tmp_path / "a.md").write_text(f"# {title}\n\nYou can go back to home: the page was not found.\n")
    assert [page.title for page in read_local_source(tmp_path, (), quiet).documents] == [title]

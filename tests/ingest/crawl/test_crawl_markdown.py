"""Reading the `.md` variants of a site: only on request, and only where they are as good as the HTML."""

import json
from collections.abc import Callable

import pytest

from ingest.core.errors import CrawlFailed
from ingest.core.records import Document
from ingest.core.settings import Settings
from ingest.core.urls import site_path
from ingest.crawl.markdown_variants import compare
from ingest.docs.folder import read_corpus
from ingest.reindex.pipeline import ReindexOptions, ReindexReport, reindex
from tests.ingest.clean.plain_site import PAGES, content, plain_page
from tests.ingest.crawl.site import Answer, Site
from tests.ingest.made import WordEmbedder, quiet

Run = Callable[..., ReindexReport]

NAMES = ("a", "b", "c", "d", "e", "f")
SHELL = "<html><head><title>App</title></head><body><div id=root></div></body></html>"
WORDS = "Put the kettle on, wait until the water boils, and pour it over the leaves"


def markdown(body: str) -> Answer:
    return Answer(body, headers={"Content-Type": "text/markdown; charset=utf-8"})


def page(name: str, more: str = "") -> str:
    return (
        f"<html><body><main><h1>Page {name}</h1><p>{WORDS} of {name}.</p><h2 id=how>How</h2>"
        f"<pre><code>boil --page {name}</code></pre>{more}</main></body></html>"
    )


def twin(name: str) -> str:
    return f"# Page {name}\n\n{WORDS} of {name}.\n\n## How\n\n```bash\nboil --page {name}\n```\n"


@pytest.fixture
def listed(site: Site) -> Site:
    """Six pages in both forms, listed in llms.txt; the start page is HTML only."""
    lines = "\n".join(f"- [{name}](/docs/{name}.md)" for name in NAMES)
    site.pages |= {"/docs": page("Start"), "/llms.txt": Answer(lines, headers={"Content-Type": "text/plain"})}
    for name in NAMES:
        site.pages |= {f"/docs/{name}": page(name), f"/docs/{name}.md": markdown(twin(name))}
    return site


@pytest.fixture
def run(settings: Settings, embedder: WordEmbedder, listed: Site) -> Run:

    def run(**options: object) -> ReindexReport:
        return reindex(settings, ReindexOptions((listed.url("/docs"),), **options), quiet)  # type: ignore[arg-type]  # options by name

    return run


def asked(site: Site, form: str) -> int:
    """How many pages were asked for in a form since the last look."""
    count = sum(
        path.endswith(".md") == (form == "md")
        for path in site.paths()
        if path.startswith("/docs/") and "." not in path.removesuffix(".md")
    )
    site.log.clear()
    return count


def recorded(settings: Settings) -> list[str]:
    return list(json.loads((settings.docs / ".askdocs.json").read_text()).get("markdown", []))


def anchors(settings: Settings) -> int:
    return sum(any(document.anchors) for document in read_corpus(settings.docs).documents)


def test_html_is_the_rule(listed: Site, settings: Settings, run: Run) -> None:
    assert run().notes == []
    assert asked(listed, "md") == 0
    assert (recorded(settings), anchors(settings)) == ([], 7)


def test_markdown_on_request_is_remembered_until_it_is_taken_back(listed: Site, settings: Settings, run: Run) -> None:
    report = run(markdown=True)
    assert report.notes[0].endswith("100.0% of the words and 6 of 6 code blocks of the HTML pages in a sample of 6")
    assert "the .md variants are read" in report.notes[0]
    assert (report.seen, anchors(settings), recorded(settings)) == (7, 1, [listed.url("/docs")])
    assert {site_path(d.url) for d in read_corpus(settings.docs).documents} == {
        *("/docs", *(f"/docs/{name}" for name in NAMES))
    }
    listed.log.clear()
    again = run()
    assert (again.crawl.not_modified, again.notes) == (7, [])
    assert asked(listed, "md") == 6
    back = run(markdown=False)
    assert (back.count("changed"), anchors(settings), recorded(settings)) == (6, 7, [])
    assert asked(listed, "md") == 0


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"/docs/c.md": Answer("no", 404)}, "no usable .md variant (http-404)"),
        ({"/docs/c.md": page("c")}, "no usable .md variant (not-text)"),
        ({"/docs/c": page("c", f"<p>{WORDS}, then read the leaves.</p>" * 9)}, "% of the words"),
        ({"/docs/c": page("c", "<pre><code>x</code></pre>")}, "6 of 7 code blocks"),
        ({"/llms.txt": Answer("", 404)}, "the site lists its pages nowhere"),
    ],
)
def test_poorer_variants_are_not_read(
    listed: Site, settings: Settings, run: Run, change: dict[str, str | Answer], why: str
) -> None:
    listed.pages |= change
    listed.pages["/docs"] = page("Start", "".join(f'<p><a href="/docs/{name}">{name}</a></p>' for name in NAMES))
    report = run(markdown=True)
    assert "the HTML is read, not the .md variants" in report.notes[0]
    assert why in report.notes[0]
    assert (report.seen, anchors(settings), recorded(settings)) == (7, 7, [])


def test_menus_that_only_html_has_are_not_missed_in_the_variants(site: Site, run: Run) -> None:
    """Nothing tells the menus of these pages but that they recur."""
    paths = {f"/docs/{slug}": slug for slug in PAGES}
    site.pages = {path: plain_page(slug) for path, slug in paths.items()} | {"/docs": plain_page("kites")}
    site.pages |= {f"{path}.md": markdown(content(slug)) for path, slug in paths.items()}
    site.pages["/llms.txt"] = Answer(
        "".join(f"- [{path}]({path}.md)\n" for path in paths), headers={"Content-Type": "text/plain"}
    )
    report = run(markdown=True)
    assert "the .md variants are read: they hold 100.0% of the words" in report.notes[0]


def test_a_page_without_a_variant_is_read_as_html(listed: Site, settings: Settings, run: Run) -> None:
    run(markdown=True)
    listed.pages["/docs/b.md"] = Answer("gone", 404)
    report = run()
    assert (report.problems, report.seen, anchors(settings)) == ([], 7, 2)


def test_a_site_that_needs_a_browser_is_read_as_markdown(listed: Site, settings: Settings, run: Run) -> None:
    listed.pages |= dict.fromkeys(("/docs", *(f"/docs/{name}" for name in NAMES)), SHELL)
    listed.pages["/docs.md"] = markdown("# Start\n\nHere the docs begin.\n")
    report = run()
    assert "their HTML is empty without a browser" in report.notes[0]
    assert (report.seen, recorded(settings)) == (7, [listed.url("/docs")])


def test_a_site_that_needs_a_browser_and_has_nothing_else(listed: Site, run: Run) -> None:
    listed.pages = dict.fromkeys(("/docs", *(f"/docs/{name}" for name in NAMES)), SHELL)
    with pytest.raises(CrawlFailed, match=r"empty .*may need a browser"):
        run()


def test_a_site_that_stays_blank_is_given_up(site: Site, run: Run) -> None:
    names = [f"/docs/p{n}x" for n in range(200)]
    lines = "\n".join(f"- [{name}]({name})" for name in names)
    site.pages |= dict.fromkeys(("/docs", *names), SHELL)
    site.pages["/llms.txt"] = Answer(lines, headers={"Content-Type": "text/plain"})
    with pytest.raises(CrawlFailed, match="empty"):
        run()
    assert 50 <= len({path for path in site.paths() if path in names}) < 70


def test_the_comparison() -> None:
    html = Document("https://h.org/a", "A", "", f"# A\n\n{WORDS}. [Tea](https://h.org/tea)\n\n```\nx\n```\n")
    same = Document("https://h.org/a", "A", "", f"# A\n\n{WORDS}. [Tea](/tea)\n\n```text\nx\n```\n\nMore of it.\n")
    less = Document("https://h.org/a", "A", "", f"# A\n\n{WORDS}. [Tea](/tea)\n\nx\n")
    assert compare([(html, same)]).markdown
    assert not compare([(html, less)]).markdown, "a code block is missing"
    assert compare([(None, same)]).markdown
    assert not compare([]).markdown

"""The address that answered is the one that is kept, asked again and cited; stubs are followed as redirects are."""

from collections.abc import Callable
from pathlib import Path

import pytest

from ingest.core.records import Document
from ingest.core.settings import Settings
from ingest.docs.folder import read_corpus
from ingest.reindex.options import ReindexOptions, ReindexReport
from ingest.reindex.pipeline import reindex
from tests.ingest.crawl.site import Answer, Site
from tests.ingest.made import WordEmbedder, quiet

Reindex = Callable[..., ReindexReport]
WORDS = "Alpha birds need a heated house when it is colder than minus four degrees."


@pytest.fixture
def update(settings: Settings, embedder: WordEmbedder, site: Site) -> Reindex:
    def update(path: str = "/guide/", **more: object) -> ReindexReport:
        options = ReindexOptions((site.url(path),), **more)  # type: ignore[arg-type]  # fields by name
        return reindex(settings, options, quiet)

    return update


def pages(settings: Settings, site: Site) -> dict[str, Document]:
    found = read_corpus(settings.docs).documents
    return {document.url.removeprefix(site.origin): document for document in found}


def text(title: str, *links: str, body: str = "") -> str:
    said = body or f"{title} tells how the aviary is run, from feeding to cleaning."
    anchors = "".join(f'<a href="{link}">{link}</a> ' for link in links)
    main = f"<main><h1>{title}</h1><p>{said}</p>{anchors}</main>"
    return f"<html><head><title>{title}</title></head><body>{main}</body></html>"


def stub(target: str) -> str:
    return f'<html><head><meta http-equiv="refresh" content="0; url={target}"></head><body>Redirecting…</body></html>'


@pytest.mark.parametrize(
    ("start", "child", "leaf"),
    [
        ("/guide/", "/guide/birds/", "/guide/birds/alpha/"),
        ("/guide/index.html", "/guide/birds/index.html", "/guide/birds/alpha.html"),
        ("/guide/", "/guide/Birds", "/guide/Birds/Alpha.htm"),
        ("/guide", "/guide/birds.php?id=1", "/guide/birds.php?id=2"),
    ],
)
def test_a_server_that_knows_one_spelling_only(
    site: Site, settings: Settings, update: Reindex, start: str, child: str, leaf: str
) -> None:
    """An unchanged page shows no links: what is below it is asked again by the addresses of the first run."""
    site.pages |= {start: text("Start", child), child: text("Birds", leaf), leaf: text("Alpha", body=WORDS)}
    assert update(start).count("added") == 3
    assert sorted(pages(settings, site)) == sorted([start, child, leaf])
    site.log.clear()
    again = update(start)
    assert (again.unchanged, again.changes, again.problems) == (3, [], [])
    assert sorted(path for path in site.paths() if site.pages.get(path)) == sorted([start, child, leaf])
    site.pages[leaf] = text("Alpha", body=WORDS.replace("four", "nine"))
    assert [change.url for change in update(start).changes] == [site.url(leaf)]
    assert "minus nine" in pages(settings, site)[leaf].body


def test_a_page_recorded_without_its_slash_is_found_and_keeps_its_file(
    site: Site, settings: Settings, update: Reindex
) -> None:
    site.pages |= {"/guide/": text("Start", "birds/"), "/guide/birds/": text("Birds")}
    update()
    files = sorted(path.name for path in settings.docs.glob("*.md"))
    for path in settings.docs.glob("*.md"):
        path.write_text(path.read_text().replace("/guide/\n", "/guide\n").replace("/birds/\n", "/birds\n"))
    report = update()
    assert sorted(pages(settings, site)) == ["/guide/", "/guide/birds/"]
    assert sorted(path.name for path in settings.docs.glob("*.md")) == files
    assert (report.count("removed"), report.count("added")) == (0, 0)


def test_slash_twins_are_one_page(site: Site, settings: Settings, update: Reindex) -> None:
    site.pages |= {"/guide/": text("Start", "/guide/a", "/guide/a/", "/guide/a/index.html")}
    site.pages |= dict.fromkeys(("/guide/a", "/guide/a/", "/guide/a/index.html"), text("A"))
    update()
    assert sorted(pages(settings, site)) == ["/guide/", "/guide/a"]


def test_a_start_page_that_is_a_stub(site: Site, settings: Settings, update: Reindex) -> None:
    site.pages |= {"/tool/": stub("latest/"), "/tool/latest/": text("Tool", "use/"), "/tool/latest/use/": text("Use")}
    report = update("/tool/")
    found = pages(settings, site)
    assert sorted(found) == ["/tool/latest/", "/tool/latest/use/"]
    assert found["/tool/latest/"].aliases == (site.url("/tool"),)
    assert (report.notes, report.problems) == ([], [])
    assert update("/tool/").count("removed") == 0


@pytest.mark.parametrize("move", [stub("/en/latest/"), Answer(status=302, headers={"Location": "/en/latest/"})])
def test_a_start_page_that_moves_within_its_host_moves_the_scope(
    site: Site, settings: Settings, update: Reindex, move: str | Answer
) -> None:
    site.pages |= {
        "/docs/": move,
        "/docs/old/": text("Old"),
        "/en/latest/": text("Tool", "use/", "/docs/old/", "/en/stable/", "/blog/"),
        "/en/latest/use/": text("Use"),
        "/en/stable/": text("Stable"),
        "/blog/": text("Blog"),
        "/sitemap.xml": Answer(
            f"<urlset><url><loc>{site.url('/en/latest/listed/')}</loc></url></urlset>",
            headers={"Content-Type": "application/xml"},
        ),
        "/en/latest/listed/": text("Listed"),
    }
    report = update("/docs/")
    wanted = ["/docs/old/", "/en/latest/", "/en/latest/listed/", "/en/latest/use/"]
    assert sorted(pages(settings, site)) == wanted
    prefix = f"{site.url('/docs/')} leads to {site.url('/en/latest/')}"
    assert report.notes == [f"{prefix}: the pages below /en/latest are read as well"]
    again = update("/docs/")
    assert (again.changes, again.unchanged) == ([], 4)


def test_a_start_page_that_leads_to_another_host_is_refused(site: Site, update: Reindex) -> None:
    site.pages |= {"/docs/": stub("https://elsewhere.h.org/docs/")}
    with pytest.raises(Exception, match="off-site-redirect"):
        update("/docs/")


def test_stubs_in_the_middle_are_followed_and_become_aliases(site: Site, settings: Settings, update: Reindex) -> None:
    site.pages |= {
        "/guide/": text("Start", "old/", "gone/", "away/"),
        "/guide/old/": stub("../older.html"),
        "/guide/older.html": Answer(status=301, headers={"Location": "/guide/oldest/"}),
        "/guide/oldest/": stub("/guide/new/#part"),
        "/guide/new/": text("New"),
        "/guide/gone/": stub("/guide/nowhere/"),
        "/guide/away/": stub("https://elsewhere.h.org/"),
    }
    report = update()
    found = pages(settings, site)
    assert sorted(found) == ["/guide/", "/guide/new/"]
    assert [name.removeprefix(site.origin) for name in found["/guide/new/"].aliases] == [
        "/guide/old",
        "/guide/older.html",
        "/guide/oldest",
    ]
    assert {problem.url.removeprefix(site.origin): problem.reason for problem in report.problems} == {
        "/guide/gone": "http-404",
        "/guide/away": "off-site-redirect",
    }


def test_circles_of_stubs_end_and_the_rest_is_kept(site: Site, settings: Settings, update: Reindex) -> None:
    site.pages |= {
        "/guide/": text("Start", "a/", "b/", "self/", "n0/", "fine/"),
        "/guide/a/": stub("../b/"),
        "/guide/b/": Answer(status=302, headers={"Location": "/guide/a/"}),
        "/guide/self/": stub("/guide/self/?again"),
        "/guide/self/?again": stub("/guide/self/"),
        **{f"/guide/n{n}/": stub(f"../n{n + 1}/") for n in range(100)},
        "/guide/fine/": text("Fine"),
    }
    report = update()
    assert sorted(pages(settings, site)) == ["/guide/", "/guide/fine/"]
    found = {problem.url.removeprefix(site.origin): problem.reason for problem in report.problems}
    assert found == dict.fromkeys(("/guide/a", "/guide/b", "/guide/self", "/guide/n0"), "redirect-loop")
    assert len(site.log) < 60


def test_a_moved_start_page_below_a_folder(site: Site, settings: Settings, update: Reindex) -> None:
    """Without a final slash the new start is a page; its folder is what moved."""
    site.pages |= {
        "/docs": Answer(status=308, headers={"Location": "/manual/intro"}),
        "/manual/intro": text("Intro", "/manual/use", "/about"),
        "/manual/use": text("Use"),
        "/about": text("About"),
    }
    update("/docs")
    assert sorted(pages(settings, site)) == ["/manual/intro", "/manual/use"]


@pytest.mark.usefixtures("embedder")
def test_saved_pages_link_from_their_canonical_address(settings: Settings, tmp_path: Path) -> None:
    folder = tmp_path / "saved"
    folder.mkdir()
    canonical = '<link rel="canonical" href="https://docs.h.org/en/sub/m.html">'
    links = '<a href="other.html">the other</a>, <a href="../top.html#x">the top</a>, <a href="/r/">root</a>'
    body = f"<main><h1>M</h1><p>Read {links}.</p><p>{WORDS}</p></main>"
    (folder / "m.html").write_text(f"<html><head><title>M</title>{canonical}</head><body>{body}</body></html>")
    reindex(settings, ReindexOptions(from_path=folder), quiet)
    [page] = read_corpus(settings.docs).documents
    assert page.url == "https://docs.h.org/en/sub/m.html"
    for target in ("https://docs.h.org/en/sub/other.html", "https://docs.h.org/en/top.html#x", "https://docs.h.org/r/"):
        assert f"({target})" in page.body


@pytest.mark.parametrize("options", [{"markdown": True}, {}])
@pytest.mark.parametrize("address", ["/guide/a", "/guide/a/"])
def test_a_page_that_is_listed_as_markdown_is_cited_at_its_html(
    site: Site, settings: Settings, update: Reindex, address: str, options: dict[str, bool]
) -> None:
    site.pages |= {
        "/guide/": text("Start", address),
        "/guide/llms.txt": Answer("# Guide\n\n- [A](/guide/a.md)\n", headers={"Content-Type": "text/plain"}),
        address: text("A", body=WORDS),
        "/guide/a.md": Answer(f"# A\n\n{WORDS}\n", headers={"Content-Type": "text/markdown"}),
    }
    for _ in range(2):
        report = update(**options)
        assert sorted(pages(settings, site)) == ["/guide/", address]
        assert ["the .md variants are read" in note for note in report.notes] == [True] * len(options)


def test_a_start_page_without_content_has_pages_below_it(site: Site, settings: Settings, update: Reindex) -> None:
    menu = '<nav><a href="/guide/use/">Use</a></nav><main><img src="/logo.svg" alt=""></main>'
    site.pages |= {"/guide/": f"<html><head><title>Guide</title></head><body>{menu}</body></html>"}
    site.pages |= {"/guide/use/": text("Use")}
    report = update()
    assert sorted(pages(settings, site)) == ["/guide/use/"]
    assert [problem.reason for problem in report.problems] == ["empty"]


def test_sources_of_pages_are_not_pages(site: Site, settings: Settings, update: Reindex) -> None:
    site.pages |= {"/guide/": text("Start", "use.html", "_sources/index.rst.txt"), "/guide/use.html": text("Use")}
    site.pages["/guide/_sources/index.rst.txt"] = Answer("Start\n=====\n", headers={"Content-Type": "text/plain"})
    report = update()
    assert sorted(pages(settings, site)) == ["/guide/", "/guide/use.html"]
    assert (report.crawl.skipped, report.problems) == (1, [])

import pytest

from ingest.clean.page import clean_page
from ingest.core.errors import CleanError
from ingest.core.records import Page

URL = "https://docs.h.org/v1/a/"
REFRESH = "<meta http-equiv=refresh content='1; url=latest/'>"
STUBS = {  # the forms that generators write, each with where it leads
    "refresh": ('<meta http-equiv="refresh" content="0; url=../b/"><title>Moved</title>', "https://docs.h.org/v1/b/"),
    "no url=": ('<META HTTP-EQUIV=Refresh CONTENT="0;/b">', "https://docs.h.org/b"),
    "quoted": ("<meta http-equiv=refresh content=\"1 ; URL = 'b c.html#top'\">", "https://docs.h.org/v1/a/b c.html"),
    "commas": ('<meta http-equiv="refresh" content="0,url=/b?x=1&amp;y=2">', "https://docs.h.org/b?x=1&y=2"),
    "base": ('<base href="/v2/"><meta http-equiv="refresh" content="0; url=b">', "https://docs.h.org/v2/b"),
    "no script": (f"<noscript>{REFRESH}</noscript><p>Redirecting to latest/...", "https://docs.h.org/v1/a/latest/"),
    "replace": ('<script>location.replace("b/" + window.location.hash)</script>', "https://docs.h.org/v1/a/b/"),
    "script": ("<script>window.location.href='/b/' + window.location.search</script>", "https://docs.h.org/b/"),
    "assign": ('<script>location.assign("https://docs.h.org/b")</script><p>One moment.</p>', "https://docs.h.org/b"),
    "canonical": ('<link rel="canonical" href="/b/"><p>This page has moved to b.</p>', "https://docs.h.org/b/"),
}
PAGES = {  # short pages that only resemble them
    "itself": '<meta http-equiv="refresh" content="5; url=https://docs.h.org/v1/a/#now">',
    "no address": '<meta http-equiv="refresh" content="30">',
    "much later": '<meta http-equiv="refresh" content="600; url=/b">',
    "an application": '<script src="/app.js"></script><script>if (old) location.href = "/b"</script>',
    "a variable": '<script>location.href = target + "?x"</script>',
    "another version": '<link rel="canonical" href="https://docs.h.org/v2/a/">',
    "its own address": '<link rel="canonical" href="https://docs.h.org/v1/a"><title>Redirects</title>',
}
TEXT = "<main><h1>Proxies</h1><p>A proxy forwards what it gets, and keeps a copy of each answer.</p></main>"


def document(head: str, body: str = "") -> Page:
    return Page(URL, f"<!doctype html><html><head>{head}</head><body>{body}</body></html>".encode())


@pytest.mark.parametrize("form", STUBS)
def test_a_stub_says_where_it_leads(form: str) -> None:
    stub, target = STUBS[form]
    with pytest.raises(CleanError) as caught:
        clean_page(document(stub))
    assert (caught.value.reason, caught.value.target) == ("redirect", target)


@pytest.mark.parametrize("form", PAGES)
def test_a_short_page_is_read(form: str) -> None:
    assert "keeps a copy" in clean_page(document(PAGES[form], TEXT)).document.body


def test_a_long_page_that_leads_on_is_read() -> None:
    head = '<meta http-equiv="refresh" content="0; url=/b">'
    assert (
        clean_page(document(head, TEXT.replace("</main>", "<p>More is said here.</p>" * 30))).document.title
        == "Proxies"
    )


MACHINE_PAGES = {  # of Sphinx: they have words, and nothing to read
    "search": (
        '<link rel="search" title="Search" href="search.html"/>',
        "<p>From here you can search these documents. Enter your search words into the box below.</p>",
    ),
    "genindex": ("", '<h2>A</h2><table class="indextable genindextable"><tr><td><a href="x.html#a">a()</a></table>'),
    "modules": ("", '<table class="indextable modindextable"><tr><td><a href="m.html">m</a></td><td>A module</table>'),
}


@pytest.mark.parametrize("kind", MACHINE_PAGES)
def test_pages_for_searching_are_not_documentation(kind: str) -> None:
    head, body = MACHINE_PAGES[kind]
    html = f"<html><head>{head}</head><body><a href='use.html'>Use</a><main><h1>All</h1>{body}</main></body></html>"
    with pytest.raises(CleanError) as caught:
        clean_page(Page("https://docs.h.org/en/search.html", html.encode()))
    assert caught.value.reason == "empty"
    assert "https://docs.h.org/en/use.html" in caught.value.links


def test_a_page_about_searching_is_read() -> None:
    head = '<link rel="search" href="search.html"><link rel="search" type="application/opensearchdescription+xml">'
    assert clean_page(document(head, TEXT)).document.title == "Proxies"

from collections.abc import Iterable

import pytest

from ingest.core.records import Document
from ingest.crawl.aliases import AliasResolver, CrawledPage, FetchedPage, Validators


def arrival(path: str, text: str, *names: str, canonical: str | None = None, title: str = "") -> FetchedPage:
    document = Document(f"https://h.org{path}", title or path, "", text)
    return FetchedPage(
        document, tuple(f"https://h.org{name}" for name in names), canonical and f"https://h.org{canonical}"
    )


def short(pages: Iterable[CrawledPage]) -> list[str]:
    return [page.url.removeprefix("https://h.org") for page in pages]


def aliases(resolver: AliasResolver) -> dict[str, list[str]]:
    cut = len("https://h.org")
    return {url[cut:]: [alias[cut:] for alias in names] for url, names in resolver.aliases().items()}


def test_redirects_and_equal_content() -> None:
    resolver = AliasResolver({})
    first = list(resolver.settle(arrival("/a", "same", "/old", "/older")))
    assert first[0].aliases == ("https://h.org/old", "https://h.org/older")
    assert first[0].document is not None
    assert first[0].document.aliases == first[0].aliases
    assert short(resolver.settle(arrival("/b", "same", "/b0"))) == []
    assert short(resolver.settle(arrival("/c", "other"))) == ["/c"]
    assert aliases(resolver) == {"/a": ["/old", "/older", "/b", "/b0"]}
    assert resolver.settled("http://www.h.org/b0/")


def test_the_canonical_address_wins_over_the_first() -> None:
    resolver = AliasResolver({})
    copy = arrival("/a", "same", canonical="/b")
    assert resolver.wants(copy) == "https://h.org/b"
    resolver.park(copy, "https://h.org/b")
    assert short(resolver.settle(arrival("/b", "same", canonical="/b"))) == ["/b"]
    assert aliases(resolver) == {"/b": ["/a"]}


def test_a_canonical_link_to_other_content_loses_nothing() -> None:
    resolver = AliasResolver({})
    resolver.park(arrival("/docs/a", "mine", canonical="/docs"), "https://h.org/docs")
    assert short(resolver.settle(arrival("/docs", "the start"))) == ["/docs", "/docs/a"]
    assert aliases(resolver) == {}


@pytest.mark.parametrize(("path", "canonical"), [("/v1/faq", "/faq"), ("/faq?view=print", "/faq")])
def test_other_versions_of_a_page_are_aliases(path: str, canonical: str) -> None:
    resolver = AliasResolver({})
    resolver.park(arrival(path, "older words", canonical=canonical), f"https://h.org{canonical}")
    assert short(resolver.settle(arrival(canonical, "newer words"))) == [canonical]
    assert aliases(resolver) == {canonical: [path]}


def test_a_canonical_link_to_a_page_of_the_same_title() -> None:
    resolver = AliasResolver({"https://h.org/start": Validators('"x"', None, "0" * 64, "Start")})
    resolver.park(arrival("/intro", "see /intro#one", canonical="/start", title="Start"), "https://h.org/start")
    assert short(resolver.unchanged("h.org/start")) == ["/start"]
    assert aliases(resolver) == {"/start": ["/intro"]}


def test_a_canonical_page_that_fails() -> None:
    resolver = AliasResolver({})
    for path in ("/a", "/b"):
        resolver.park(arrival(path, "same", canonical="/x"), "https://h.org/x")
    assert short(resolver.failed("h.org/x")) == ["/a"]
    assert aliases(resolver) == {"/a": ["/b"]}
    assert resolver.wants(arrival("/c", "other", canonical="/x")) is None


def test_pages_that_name_each_other() -> None:
    resolver = AliasResolver({})
    resolver.park(arrival("/a", "one", canonical="/b"), "https://h.org/b")
    second = arrival("/b", "two", canonical="/a")
    assert resolver.wants(second) is None
    assert short(resolver.settle(second)) == ["/b", "/a"]


def test_a_canonical_page_that_redirects() -> None:
    resolver = AliasResolver({})
    resolver.park(arrival("/a", "same", canonical="/b"), "https://h.org/b")
    assert short(resolver.settle(arrival("/c", "same", "/b"))) == ["/c"]
    assert short(resolver.rest()) == []
    assert aliases(resolver) == {"/c": ["/b", "/a"]}


def test_what_never_came_stands_at_the_end() -> None:
    resolver = AliasResolver({})
    resolver.park(arrival("/a", "one", canonical="/b"), "https://h.org/b")
    assert short(resolver.rest()) == ["/a"]


def test_the_address_of_the_last_crawl_wins() -> None:
    known = arrival("/b", "same")
    resolver = AliasResolver({known.document.url: Validators('"x"', None, known.document.sha256)})
    copy = arrival("/a", "same")
    assert resolver.wants(copy) == "https://h.org/b"
    resolver.park(copy, "https://h.org/b")
    pages = list(resolver.unchanged("h.org/b"))
    assert [(page.url, page.document) for page in pages] == [("https://h.org/b", None)]
    assert aliases(resolver) == {"/b": ["/a"]}


def test_the_content_of_the_last_crawl_may_have_moved_on() -> None:
    old = arrival("/b", "same")
    resolver = AliasResolver({old.document.url: Validators('"x"', None, old.document.sha256)})
    resolver.park(arrival("/a", "same"), "https://h.org/b")
    assert short(resolver.settle(arrival("/b", "changed"))) == ["/b", "/a"]

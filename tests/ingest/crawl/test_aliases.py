from collections.abc import Iterable

import pytest

from ingest.core.records import Document
from ingest.crawl.aliases import Arrival, Collapse, Crawled, Validators


def arrival(path: str, text: str, *names: str, canonical: str | None = None, title: str = "") -> Arrival:
    document = Document(f"https://h.org{path}", title or path, "", text)
    return Arrival(document, tuple(f"https://h.org{name}" for name in names), canonical and f"https://h.org{canonical}")


def short(pages: Iterable[Crawled]) -> list[str]:
    return [page.url.removeprefix("https://h.org") for page in pages]


def aliases(collapse: Collapse) -> dict[str, list[str]]:
    cut = len("https://h.org")
    return {url[cut:]: [alias[cut:] for alias in names] for url, names in collapse.aliases().items()}


def test_redirects_and_equal_content() -> None:
    collapse = Collapse({})
    first = list(collapse.settle(arrival("/a", "same", "/old", "/older")))
    assert first[0].aliases == ("https://h.org/old", "https://h.org/older")
    assert first[0].document is not None
    assert first[0].document.aliases == first[0].aliases
    assert short(collapse.settle(arrival("/b", "same", "/b0"))) == []
    assert short(collapse.settle(arrival("/c", "other"))) == ["/c"]
    assert aliases(collapse) == {"/a": ["/old", "/older", "/b", "/b0"]}
    assert collapse.settled("http://www.h.org/b0/")


def test_the_canonical_address_wins_over_the_first() -> None:
    collapse = Collapse({})
    copy = arrival("/a", "same", canonical="/b")
    assert collapse.wants(copy) == "https://h.org/b"
    collapse.park(copy, "https://h.org/b")
    assert short(collapse.settle(arrival("/b", "same", canonical="/b"))) == ["/b"]
    assert aliases(collapse) == {"/b": ["/a"]}


def test_a_canonical_link_to_other_content_loses_nothing() -> None:
    collapse = Collapse({})
    collapse.park(arrival("/docs/a", "mine", canonical="/docs"), "https://h.org/docs")
    assert short(collapse.settle(arrival("/docs", "the start"))) == ["/docs", "/docs/a"]
    assert aliases(collapse) == {}


@pytest.mark.parametrize(("path", "canonical"), [("/v1/faq", "/faq"), ("/faq?view=print", "/faq")])
def test_other_versions_of_a_page_are_aliases(path: str, canonical: str) -> None:
    collapse = Collapse({})
    collapse.park(arrival(path, "older words", canonical=canonical), f"https://h.org{canonical}")
    assert short(collapse.settle(arrival(canonical, "newer words"))) == [canonical]
    assert aliases(collapse) == {canonical: [path]}


def test_a_canonical_link_to_a_page_of_the_same_title() -> None:
    collapse = Collapse({"https://h.org/start": Validators('"x"', None, "0" * 64, "Start")})
    collapse.park(arrival("/intro", "see /intro#one", canonical="/start", title="Start"), "https://h.org/start")
    assert short(collapse.unchanged("h.org/start")) == ["/start"]
    assert aliases(collapse) == {"/start": ["/intro"]}


def test_a_canonical_page_that_fails() -> None:
    collapse = Collapse({})
    for path in ("/a", "/b"):
        collapse.park(arrival(path, "same", canonical="/x"), "https://h.org/x")
    assert short(collapse.failed("h.org/x")) == ["/a"]
    assert aliases(collapse) == {"/a": ["/b"]}
    assert collapse.wants(arrival("/c", "other", canonical="/x")) is None


def test_pages_that_name_each_other() -> None:
    collapse = Collapse({})
    collapse.park(arrival("/a", "one", canonical="/b"), "https://h.org/b")
    second = arrival("/b", "two", canonical="/a")
    assert collapse.wants(second) is None
    assert short(collapse.settle(second)) == ["/b", "/a"]


def test_a_canonical_page_that_redirects() -> None:
    collapse = Collapse({})
    collapse.park(arrival("/a", "same", canonical="/b"), "https://h.org/b")
    assert short(collapse.settle(arrival("/c", "same", "/b"))) == ["/c"]
    assert short(collapse.rest()) == []
    assert aliases(collapse) == {"/c": ["/b", "/a"]}


def test_what_never_came_stands_at_the_end() -> None:
    collapse = Collapse({})
    collapse.park(arrival("/a", "one", canonical="/b"), "https://h.org/b")
    assert short(collapse.rest()) == ["/a"]


def test_the_address_of_the_last_crawl_wins() -> None:
    known = arrival("/b", "same")
    collapse = Collapse({known.document.url: Validators('"x"', None, known.document.sha256)})
    copy = arrival("/a", "same")
    assert collapse.wants(copy) == "https://h.org/b"
    collapse.park(copy, "https://h.org/b")
    pages = list(collapse.unchanged("h.org/b"))
    assert [(page.url, page.document) for page in pages] == [("https://h.org/b", None)]
    assert aliases(collapse) == {"/b": ["/a"]}


def test_the_content_of_the_last_crawl_may_have_moved_on() -> None:
    old = arrival("/b", "same")
    collapse = Collapse({old.document.url: Validators('"x"', None, old.document.sha256)})
    collapse.park(arrival("/a", "same"), "https://h.org/b")
    assert short(collapse.settle(arrival("/b", "changed"))) == ["/b", "/a"]

from ingest.reindex.dedupe import LocalPage, lists_itself, merge_duplicates
from tests.ingest.made import document

LONG = " ".join(f"word{number} and" for number in range(200))


def arrival(url: str, body: str = LONG, canonical: str | None = None, *, listed: bool = False) -> LocalPage:
    return LocalPage(document(body, url), canonical, listed)


def merged(*arrivals: LocalPage) -> dict[str, tuple[str, ...]]:
    """Address -> aliases."""
    return {page.url: page.aliases for page in merge_duplicates(arrivals)}


def test_same_content_is_kept_once() -> None:
    assert merged(arrival("https://h.org/a"), arrival("https://h.org/b")) == {"https://h.org/a": ("https://h.org/b",)}
    told = arrival("https://h.org/a", canonical="https://h.org/b")
    assert merged(told, arrival("https://h.org/b")) == {"https://h.org/b": ("https://h.org/a",)}
    assert merged(arrival("/b"), arrival("https://h.org/b")) == {"https://h.org/b": ("/b",)}
    assert merged(arrival("/faq_long-question"), arrival("/faq", listed=True)) == {"/faq": ("/faq_long-question",)}


def test_of_two_addresses_for_one_text_the_deeper_is_the_newer() -> None:
    near = f"{LONG} and a link to [another place](/x)"
    assert merged(arrival("/docs_zdr"), arrival("/other", "x"), arrival("/docs_guides_zdr", near)) == {
        "/docs_guides_zdr": ("/docs_zdr",),
        "/other": (),
    }


def test_pages_that_differ_are_two() -> None:
    half = LONG[: len(LONG) * 3 // 4]
    assert len(merged(arrival("/a"), arrival("/b/a", half))) == 2, "too much differs"
    other = LocalPage(document(f"{LONG} end", "/b/a", "Beta"))
    assert len(merged(arrival("/a"), other)) == 2, "the titles differ"
    assert len(merged(arrival("/v1/a"), arrival("/v2/a", f"{LONG} end"))) == 2, "versions"
    assert len(merged(arrival("https://h.org/a"), arrival("https://h.org/b", f"{LONG} end"))) == 2, "each has its URL"
    assert len(merged(*(arrival(f"/{number}x", f"{LONG} {number}") for number in range(30)))) == 30, "too many"


def test_of_one_address_the_last_page_counts() -> None:
    assert [page.body for page in merge_duplicates([arrival("/a", "old"), arrival("/a", "new")])] == ["# Alpha\n\nnew"]


def test_a_page_lists_itself() -> None:
    assert lists_itself("/docs_guides_zdr", "see [it](/docs/guides/zdr#why) there")
    assert lists_itself("https://h.org/docs/faq", "* [FAQ](https://h.org/docs/faq)")
    assert not lists_itself("/docs_faq", "[FAQ](/docs/faq/more) and /docs/faq")

import pytest

from ingest.crawl.fetch import Fetcher
from ingest.crawl.robots import parse_robots, read_robots
from tests.ingest.crawl.site import Answer, Hook, Site

RULES = """
# a comment
User-agent: *
Disallow: /docs/private/
Allow: /docs/private/open
Disallow: /*.bak$
Crawl-delay: 2.5
Sitemap: /maps/one.xml
User-agent: otherbot
Disallow: /
Sitemap: https://h.org/two.xml
"""


@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        ("/docs/faq", True),
        ("/docs/private/x", False),
        ("/docs/private/open", True),
        ("/docs/x.bak", False),
        ("/docs/x.bak2", True),
    ],
)
def test_rules(path: str, allowed: bool) -> None:  # noqa: FBT001 - a column of the table
    robots = parse_robots(RULES.encode(), "https://h.org/robots.txt")
    assert robots.allows(f"https://h.org{path}") is allowed


def test_delay_and_sitemaps() -> None:
    robots = parse_robots(RULES.encode(), "https://h.org/robots.txt")
    assert robots.delay == 2.5
    assert robots.sitemaps == ("https://h.org/maps/one.xml", "https://h.org/two.xml")


def test_a_group_of_our_own_counts_alone() -> None:
    text = b"User-agent: *\nDisallow: /\n\nUser-agent: AskDocs\nDisallow: /docs/x\nCrawl-delay: 9999\n"
    robots = parse_robots(text, "https://h.org/robots.txt")
    assert (robots.allows("https://h.org/docs/y"), robots.allows("https://h.org/docs/x")) == (True, False)
    assert robots.delay == 30.0


def test_what_is_no_robots_file_has_no_rules() -> None:
    for body in (b"<html><body>Disallow everything? No.</body></html>", b"\xff\xfe\x00", b""):
        assert parse_robots(body, "https://h.org/robots.txt").allows("https://h.org/")


def test_half_a_megabyte_is_read() -> None:
    text = (
        b"User-agent: *\nDisallow: /a\n" + b"#" * 500 * 1024 + b"\nDisallow: /b\n" + b"#" * 100_000 + b"\nDisallow: /c"
    )
    robots = parse_robots(text, "https://h.org/robots.txt")
    assert [robots.allows(f"https://h.org/{path}") for path in "abc"] == [False, False, True]


def moved(times: int) -> dict[str, str | Answer | Hook]:
    hops = {f"/r{n}": Answer(status=301, headers={"Location": f"/r{n - 1}"}) for n in range(2, times + 1)}
    return {
        "/robots.txt": Answer(status=301, headers={"Location": f"/r{times}"}),
        "/r1": "User-agent: *\nDisallow: /",
        **hops,
    }


@pytest.mark.parametrize(
    ("pages", "allowed", "problem"),
    [
        pytest.param({"/robots.txt": "User-agent: *\nDisallow: /"}, False, "", id="forbidden"),
        pytest.param({}, True, "", id="404"),
        pytest.param({"/robots.txt": Answer(status=403)}, True, "", id="403"),
        pytest.param({"/robots.txt": Answer("")}, True, "", id="empty"),
        pytest.param({"/robots.txt": Answer(status=429)}, False, "http-429", id="429"),
        pytest.param({"/robots.txt": Answer(status=503)}, False, "http-503", id="503"),
        pytest.param({"/robots.txt": lambda handler: handler.raw(b"")}, False, "reset", id="reset"),
        pytest.param(moved(5), False, "", id="five-redirects"),
        pytest.param(moved(20), True, "", id="too-many-redirects"),
    ],
)
def test_fetching(
    site: Site,
    fetcher: Fetcher,
    pages: dict[str, str | Answer | Hook],
    allowed: bool,  # noqa: FBT001 - a column of the table
    problem: str,
) -> None:
    site.pages |= pages
    robots = read_robots(site.url("/docs/x"), fetcher)
    assert (robots.allows(site.url("/docs")), robots.problem) == (allowed, problem)

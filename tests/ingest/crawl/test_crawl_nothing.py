"""A run that brings no page says why in one line, and what to do about it."""

import pytest

from ingest.core.errors import CrawlFailed, UsageError
from ingest.core.settings import Settings
from ingest.reindex.pipeline import ReindexOptions, reindex
from tests.ingest.crawl.site import OK, Answer, Site, raw
from tests.ingest.made import quiet

pytestmark = pytest.mark.usefixtures("embedder")


class Everywhere(dict[str, str | Answer | object]):
    """The same answer for every address but robots.txt, as a site behind a wall gives it."""

    def __init__(self, answer: str | Answer) -> None:
        super().__init__()
        self._answer = answer

    def get(self, path: str, default: object = None) -> object:
        return default if path == "/robots.txt" else self._answer


def text(title: str, said: str) -> str:
    return f"<html><body><main><h1>{title}</h1><p>{said}</p></main></body></html>"


WALLS: dict[str, tuple[str | Answer, str, str]] = {
    "login": (text("Log in to go on", "<input type=password>"), "login", "--from FOLDER"),
    "soft 404": (text("Page not found", "Go home."), "soft-404", "check the address"),
    "robot check": (text("Just a moment...", "Checking your browser."), "challenge", "--from FOLDER"),
    "forbidden": (Answer("no", 403), "http-403", "--from FOLDER"),
    "needs a browser": ("<title>App</title><div id=root></div>", "empty", "--from FOLDER"),
    "elsewhere": (Answer(status=302, headers={"Location": "https://login.h.org/x"}), "off-site-redirect", "leads to"),
    "not there": (Answer("", 404), "http-404", "check the address"),
    "not text": (Answer("%PDF-1.7", headers={"Content-Type": "application/pdf"}), "not-text", "a page of"),
}


@pytest.mark.parametrize("wall", WALLS)
def test_walls(site: Site, settings: Settings, wall: str) -> None:
    answer, word, advice = WALLS[wall]
    site.pages = Everywhere(answer)  # type: ignore[assignment]  # a dict that holds everything
    with pytest.raises(CrawlFailed) as caught:
        reindex(settings, ReindexOptions((site.url("/docs"),)), quiet)
    assert caught.value.message.startswith(f"no page came: {site.url('/docs')}: {word}")
    assert advice in caught.value.hint
    assert caught.value.exit_status == 1
    assert not settings.docs.exists()


@pytest.mark.parametrize(
    ("url", "word", "advice"),
    [
        ("http://127.0.0.1:9/docs", "refused", "try again later"),
        ("http://10.0.0.1/docs", "private-address", "--allow-private"),
    ],
)
def test_hosts_that_can_not_be_reached(settings: Settings, url: str, word: str, advice: str) -> None:
    with pytest.raises(CrawlFailed) as caught:
        reindex(settings, ReindexOptions((url,)), quiet)
    assert caught.value.message.startswith(f"no page came: {url}: {word}")
    assert advice in caught.value.hint


def test_a_page_of_100_megabytes(site: Site, settings: Settings) -> None:
    site.pages["/docs"] = raw(OK + b"Content-Length: 100000000\r\n\r\n<html>")
    with pytest.raises(CrawlFailed, match="too-large"):
        reindex(settings, ReindexOptions((site.url("/docs"),)), quiet)


@pytest.mark.parametrize("url", ["", "not-a-url", "h.org/docs", "file:///etc/passwd", "https://"])
def test_what_is_no_url_is_a_mistake_of_usage(settings: Settings, url: str) -> None:
    with pytest.raises(UsageError, match="not an http or https URL"):
        reindex(settings, ReindexOptions((url,)), quiet)

"""A small website on loopback: pages given as a dict, hooks for faults, a log of what was asked."""

import gzip
import hashlib
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self
from urllib.parse import urljoin

import pytest
from bs4 import BeautifulSoup

from ingest.core.errors import CleanError, FetchError
from ingest.core.records import Cleaned, Document, Page
from ingest.core.urls import site_path
from ingest.crawl.aliases import CrawledPage
from ingest.crawl.crawler import Crawl
from ingest.crawl.fetch import Fetcher


def html(title: str, *links: str, text: str = "", canonical: str = "") -> str:
    """Write a page with a title, a sentence and links."""
    head = f'<link rel="canonical" href="{canonical}">' if canonical else ""
    anchors = "".join(f'<a href="{link}">{link}</a> ' for link in links)
    said = text or f"All about {title}."
    return f"<html><head>{head}</head><body><h1>{title}</h1><p>{said}</p>{anchors}</body></html>"


def read(page: Page) -> Cleaned:
    """Clean a page of this site: the least that a crawl needs."""
    soup = BeautifulSoup(page.body, "lxml")
    title, text = soup.find("h1"), soup.find("p")
    if title is None:
        raise CleanError(page.url, "no-title")
    if title.get_text() == "Hang":
        time.sleep(60)
    canonical = soup.find("link", rel="canonical")
    body = f"# {title.get_text()}\n\n{text.get_text() if text else ''}"
    links = tuple(urljoin(page.url, str(a["href"])) for a in soup.find_all("a", href=True))
    return Cleaned(Document(page.url, title.get_text(), "", body), links, str(canonical["href"]) if canonical else None)


@dataclass
class Answer:
    """What a path answers."""

    body: str | bytes = ""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class Asked:
    """One request as it came, and when."""

    path: str
    headers: dict[str, str]
    at: float


Hook = Callable[["Handler"], Answer | None]


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # else each answer waits 40 ms for the client's acknowledgement
    server: "Site"

    def do_GET(self) -> None:
        site = self.server
        site.log.append(Asked(self.path, dict(self.headers.items()), time.monotonic()))
        thing = site.pages.get(self.path, Answer(html("Not here"), 404))
        answer = thing(self) if callable(thing) else thing
        if answer is not None:
            self.reply(answer if isinstance(answer, Answer) else Answer(answer))

    def reply(self, answer: Answer) -> None:
        body = answer.body.encode() if isinstance(answer.body, str) else answer.body
        etag = f'"{hashlib.sha256(body).hexdigest()[:16]}"'
        fresh = self.server.validators and answer.status == 200
        if fresh and self.headers.get("If-None-Match") == etag:
            self.send_response(304)
            self.end_headers()
            return
        headers = {"Content-Type": "text/html; charset=utf-8", **({"ETag": etag} if fresh else {}), **answer.headers}
        if "gzip" in self.headers.get("Accept-Encoding", "") and self.server.compress:
            body, headers["Content-Encoding"] = gzip.compress(body), "gzip"
        self.send_response(answer.status)
        for name, value in ({"Content-Length": str(len(body))} | headers).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def raw(self, data: bytes) -> None:
        """Write bytes as they are and close the connection."""
        self.wfile.write(data)
        self.wfile.flush()
        self.close_connection = True

    def log_message(self, *_: object) -> None:
        pass


class Site(ThreadingHTTPServer):
    """The server; `pages` maps a path to HTML, an Answer, or a hook that gives one or does it all itself."""

    daemon_threads = True

    def __init__(self, pages: dict[str, str | Answer | Hook]) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.pages = pages
        self.log: list[Asked] = []
        self.validators, self.compress = True, False

    def __enter__(self) -> Self:
        threading.Thread(target=self.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.shutdown()
        self.server_close()

    def handle_error(self, *_: object) -> None:
        """Clients that hang up are part of the tests."""

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def url(self, path: str) -> str:
        return self.origin + path

    def paths(self) -> list[str]:
        return [asked.path for asked in self.log]


OK = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n"  # the start of an answer, for `raw`
PAGE = html("Models", text="A model answers.")


def reason(fetcher: Fetcher, url: str) -> str:
    with pytest.raises(FetchError) as caught:
        fetcher.fetch(url)
    return caught.value.reason


def in_turn(*answers: Answer) -> Hook:
    """Give one answer after the other, the last one for ever."""
    left: Iterator[Answer] = iter(answers)
    return lambda _handler: next(left, answers[-1])


def raw(data: bytes) -> Hook:
    return lambda handler: handler.raw(data)


def stall(_handler: Handler) -> None:
    time.sleep(60)


Run = Callable[..., tuple[Crawl, dict[str, CrawledPage]]]


def problems(work: Crawl) -> dict[str, str]:
    return {site_path(problem.url): problem.reason for problem in work.report.problems}


def aliases(work: Crawl) -> dict[str, list[str]]:
    return {site_path(url): [site_path(name) for name in names] for url, names in work.aliases().items()}

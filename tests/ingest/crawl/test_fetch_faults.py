import gzip
import shutil
import socket
import ssl
import struct
import subprocess
import threading
import time
import zlib
from pathlib import Path

import pytest

from ingest.crawl.fetch import Fetcher, FetchOptions
from tests.ingest.crawl.site import OK, PAGE, Answer, Handler, Hook, Site, raw, reason, stall


def reset(handler: Handler) -> None:
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    handler.close_connection = True
    handler.connection.close()


def drip(start: bytes) -> Hook:
    def hook(handler: Handler) -> None:
        handler.raw(start)
        for _ in range(1_200):
            handler.raw(b"x")
            time.sleep(0.05)

    return hook


ZIPPED = gzip.compress(PAGE.encode(), mtime=0)  # tests are named by it: two workers must agree
FAULTS: dict[str, tuple[Hook | Answer, str]] = {
    "closed": (raw(b""), "reset"),
    "reset": (reset, "reset"),
    "no-http": (raw(b"SSH-2.0-OpenSSH_9.6\r\n\r\n"), "bad-http"),
    "short": (raw(OK + b"Content-Length: 100\r\n\r\n<html>"), "truncated"),
    "closed-early": (raw(OK + b"\r\n<html><body>half"), "truncated"),
    "chunk-cut": (raw(OK + b"Transfer-Encoding: chunked\r\n\r\nff\r\n<html>"), "truncated"),
    "chunk-bad": (raw(OK + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n<html>"), "truncated"),
    "gzip-cut": (Answer(ZIPPED[:-9], headers={"Content-Encoding": "gzip"}), "truncated"),
    "gzip-false": (Answer(PAGE, headers={"Content-Encoding": "gzip"}), "bad-encoding"),
    "gzip-twice": (Answer(ZIPPED, headers={"Content-Encoding": "gzip, gzip"}), "bad-encoding"),
    "brotli": (Answer(PAGE, headers={"Content-Encoding": "br"}), "bad-encoding"),
    "empty": (Answer(""), "empty"),
    "pdf": (Answer("%PDF", headers={"Content-Type": "application/pdf"}), "not-text"),
    "binary": (Answer(b"\x7fELF\0\0\0"), "not-text"),
    "stall": (stall, "timeout"),
    "drip-headers": (drip(b"HTTP/1.1 200 OK\r\nX: "), "timeout"),
    "drip-body": (drip(OK + b"Content-Length: 1000\r\n\r\n"), "timeout"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_faults(site: Site, fault: str) -> None:
    site.pages["/a"], word = FAULTS[fault]
    with Fetcher(FetchOptions((site.origin,), deadline=0.8, backoff=0.01)) as fetcher:
        start = time.monotonic()
        assert reason(fetcher, site.url("/a")) == word
        assert time.monotonic() - start < 20


def test_a_fault_that_passes(site: Site, fetcher: Fetcher) -> None:
    hooks = iter([reset, raw(OK + b"Content-Length: 100\r\n\r\n<html>")])

    def hook(handler: Handler) -> Answer | None:
        return next(hooks, lambda _: Answer(PAGE))(handler)

    site.pages["/a"] = hook
    assert fetcher.fetch(site.url("/a")).status == 200


def test_unknown_hosts(monkeypatch: pytest.MonkeyPatch) -> None:
    def lookup(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", lookup)
    with Fetcher(FetchOptions(backoff=0.01, delay=0.01)) as fetcher:
        assert reason(fetcher, "https://no-such-host.h.org/") == "dns"


def test_refused() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound but not listening
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/"
        with Fetcher(FetchOptions((url,), backoff=0.01)) as fetcher:
            assert reason(fetcher, url) == "refused"
            assert reason(fetcher, "gopher://h.org/") == "bad-url"


def test_tls_that_is_none(site: Site, fetcher: Fetcher) -> None:
    assert reason(fetcher, site.url("/a").replace("http:", "https:")) == "tls"


@pytest.mark.skipif(not shutil.which("openssl"), reason="needs the openssl command to make a certificate")
def test_a_certificate_that_nobody_vouches_for(site: Site, fetcher: Fetcher, tmp_path: Path) -> None:
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    make = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=127.0.0.1", "-days", "2"]
    subprocess.run([*make, "-keyout", key, "-out", certificate], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    site.socket = context.wrap_socket(site.socket, server_side=True)
    assert reason(fetcher, site.url("/a").replace("http:", "https:")) == "tls"
    assert site.log == []


def bomb(megabytes: int, wbits: int) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, wbits)
    return b"".join([packer.compress(bytes(1_000_000)) for _ in range(megabytes)]) + packer.flush()


@pytest.mark.parametrize(("coding", "wbits"), [("gzip", 31), ("deflate", 15), ("deflate", -15)])
def test_bombs_stop(site: Site, fetcher: Fetcher, coding: str, wbits: int) -> None:
    site.pages["/a"] = Answer(bomb(60, wbits), headers={"Content-Encoding": coding})
    start = time.monotonic()
    assert reason(fetcher, site.url("/a")) == "too-large"
    assert time.monotonic() - start < 20


def test_large_bodies_stop(site: Site, fetcher: Fetcher) -> None:
    def endless(handler: Handler) -> None:
        handler.raw(OK + b"\r\n")
        while True:
            handler.raw(b"<p>More of it.</p>" * 10_000)

    site.pages |= {"/endless": endless, "/declared": raw(OK + b"Content-Length: 99000000\r\n\r\n")}
    assert reason(fetcher, site.url("/endless")) == "too-large"
    assert reason(fetcher, site.url("/declared")) == "too-large"
    assert fetcher.bytes < 12_000_000


@pytest.mark.parametrize(
    ("body", "coding"),
    [
        (ZIPPED, "gzip"),
        (ZIPPED, "X-GZIP"),
        (ZIPPED + b"\0\0\0", "gzip"),
        (gzip.compress(PAGE[:20].encode(), mtime=0) + gzip.compress(PAGE[20:].encode(), mtime=0), "gzip"),
        (zlib.compress(PAGE.encode()), "deflate"),
        (zlib.compress(PAGE.encode())[2:-4], "deflate"),
        (PAGE.encode(), "identity"),
    ],
)
def test_encodings(site: Site, fetcher: Fetcher, body: bytes, coding: str) -> None:
    site.pages["/a"] = Answer(body, headers={"Content-Encoding": coding})
    page = fetcher.fetch(site.url("/a")).page
    assert page is not None
    assert page.body == PAGE.encode()


def test_a_connection_that_is_made_while_the_fetcher_closes_is_closed_too(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A crawl that ends early leaves threads behind; what they open later nobody else would close."""
    connect, begun, closed = socket.create_connection, threading.Event(), threading.Event()
    made: list[socket.socket] = []

    def slowly(*arguments: object, **options: object) -> socket.socket:
        begun.set()
        assert closed.wait(10)
        made.append(connect(*arguments, **options))  # type: ignore[arg-type]  # passed on as they came
        return made[-1]

    monkeypatch.setattr(socket, "create_connection", slowly)
    site.pages["/a"] = PAGE
    fetcher = Fetcher(FetchOptions((site.origin,)))
    found: list[str] = []
    thread = threading.Thread(target=lambda: found.append(reason(fetcher, site.url("/a"))))
    thread.start()
    assert begun.wait(10)
    fetcher.close()
    closed.set()
    thread.join(10)
    assert (found, [sock.fileno() for sock in made], site.log) == (["stopped"], [-1], [])

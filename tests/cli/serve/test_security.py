"""Who is refused: other names, other sites, forms, strangers without the token, too much of anything."""

import base64
import contextlib
import socket
import time
from collections.abc import Iterator

import pytest

from cli.serve.app import listen
from cli.serve.options import ServeOptions
from tests.cli.serve.conftest import QUESTION, Running, serving
from tests.conftest import CommandLine

TOKEN = "0123456789abcdef0123456789abcdef"
GETS = [
    "/",
    "/?q=x",
    "/widget.js",
    "/page/app.js",
    "/api/search?q=x",
    "/api/page?path=/docs/faq",
    "/api/status",
    "/healthz",
]
GETS += ["/openapi.json", "/v1/models"]
POSTS = ["/api/ask", "/api/feedback", "/v1/chat/completions", "/mcp"]
ROUTES = [("GET", path) for path in GETS] + [("POST", path) for path in POSTS]
FOREIGN_HOSTS = [
    "evil.example",
    "evil.example:8765",
    "127.0.0.1.evil.example",
    "0.0.0.0",
    "localhost.evil.example",
    "[::2]",
    "127.0.0.1@evil",
    "",
    "127.0.0.1/x",
    "127.0.0.1:80:80",
    "10.0.0.1",
    "[::ffff:10.0.0.1]",
    "localhost:x",
    "2130706433",
    "127.1",
    "[::1",
]
FOREIGN_ORIGINS = [
    "null",
    "http://evil.example",
    "https://127.0.0.1",
    "http://localhost:3000",
    "http://127.0.0.1",
    "http://0.0.0.0:8765",
    "http://[::1]:1",
    "file://",
    "chrome-extension://abc",
    "http://127.0.0.1.evil.example",
    "",
    "http://",
]


def send(server: Running, method: str, path: str, **headers: str) -> int:
    body = {"question": QUESTION} if method == "POST" else None
    return server.request(method, path, body, headers).status


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_other_names_of_the_host_are_refused_on_every_route(running: Running, method: str, path: str) -> None:
    assert {host: send(running, method, path, Host=host) for host in FOREIGN_HOSTS} == dict.fromkeys(FOREIGN_HOSTS, 421)


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_other_sites_are_refused_on_every_route(running: Running, method: str, path: str) -> None:
    refused = [origin for origin in FOREIGN_ORIGINS if origin]
    assert {origin: send(running, method, path, Origin=origin) for origin in refused} == dict.fromkeys(refused, 403)


def test_its_own_names_are_served(running: Running) -> None:
    for host in (f"127.0.0.1:{running.port}", f"localhost:{running.port}", f"[::1]:{running.port}", "LOCALHOST"):
        assert send(running, "GET", "/api/status", Host=host) == 200, host
        own = f"http://{host}"
        assert send(running, "GET", "/api/status", Host=host, Origin=own) == 200, own


def test_requests_that_a_browser_marks_as_cross_site_are_refused(running: Running) -> None:
    for site in ("cross-site", "same-site"):
        assert send(running, "GET", "/api/search?q=x", **{"Sec-Fetch-Site": site}) == 403
        assert send(running, "GET", "/api/search?q=x", **{"Sec-Fetch-Site": site, "Sec-Fetch-Mode": "navigate"}) == 403
    followed = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}
    assert send(running, "GET", "/?q=x", **followed) == 200


@pytest.mark.parametrize("path", POSTS)
@pytest.mark.parametrize(
    "kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "", "application/jsonx"]
)
def test_a_body_must_be_declared_as_json(running: Running, path: str, kind: str) -> None:
    assert running.request("POST", path, b'{"question": "x"}', {"Content-Type": kind}).status == 415


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_every_answer_forbids_what_a_page_does_not_need(running: Running, method: str, path: str) -> None:
    response = running.request(method, path, {"question": QUESTION} if method == "POST" else None)
    assert response.headers["content-security-policy"].startswith("default-src 'none'")
    assert "frame-ancestors 'none'" in response.headers["content-security-policy"]
    assert "unsafe" not in response.headers["content-security-policy"]
    assert response.headers["x-content-type-options"] == "nosniff"
    assert response.headers["referrer-policy"] == "no-referrer"
    assert "access-control-allow-origin" not in response.headers
    assert "server" not in response.headers


def test_a_long_body_is_refused_with_and_without_a_length(running: Running) -> None:
    long = b'{"question": "' + b"x" * 300_000 + b'"}'
    assert running.post("/api/ask", long).status == 413
    with socket.create_connection(("127.0.0.1", running.port), timeout=20) as connection:
        connection.sendall(
            b"POST /api/ask HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
            b"Transfer-Encoding: chunked\r\n\r\n"
        )
        sent = b""
        try:
            for _ in range(40):
                connection.sendall(b"4000\r\n" + b"x" * 0x4000 + b"\r\n")
            connection.sendall(b"0\r\n\r\n")
            sent = connection.recv(200)
        except OSError:
            pass  # it hung up
    assert not sent.startswith(b"HTTP/1.1 200")
    assert running.get("/healthz").status == 200


def test_hundreds_of_half_sent_requests_do_not_keep_others_out(running: Running) -> None:
    head = b"POST /api/ask HTTP/1.1\r\nHost: localhost\r\nContent-Le"
    held = [socket.create_connection(("127.0.0.1", running.port), timeout=20) for _ in range(600)]
    try:
        for connection in held:
            with contextlib.suppress(OSError):  # the oldest were closed to make room
                connection.sendall(head)
        started = time.monotonic()
        assert running.get("/healthz").status == 200
        assert running.post("/api/ask", {"question": QUESTION}).status == 200
        assert time.monotonic() - started < 10
    finally:
        for connection in held:
            connection.close()


@pytest.mark.parametrize("sent", [b"", b"GET / HT", b"POST /api/ask HTTP/1.1\r\nHost: localhost\r\nX: "])
def test_a_request_that_drips_in_is_given_up(running: Running, sent: bytes) -> None:
    with socket.create_connection(("127.0.0.1", running.port), timeout=20) as connection:
        started = time.monotonic()
        try:
            connection.sendall(sent)
            while time.monotonic() - started < 40:
                time.sleep(1)
                connection.sendall(b"x" if sent else b"")
                connection.settimeout(0)
                with contextlib.suppress(BlockingIOError):
                    assert connection.recv(100) == b""
                    break
                connection.settimeout(20)
        except ConnectionError:
            pass
        assert time.monotonic() - started < 25


def test_a_body_that_drips_in_is_given_up_and_one_that_is_slow_is_not(running: Running) -> None:
    head = b"POST /api/ask HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 30\r\n\r\n"
    with socket.create_connection(("127.0.0.1", running.port), timeout=60) as slow:
        slow.sendall(head)
        time.sleep(3)
        slow.sendall(b'{"question": "streaming?"}    ')
        assert slow.recv(100).startswith(b"HTTP/1.1 200")
    with socket.create_connection(("127.0.0.1", running.port), timeout=60) as never:
        never.sendall(head + b"{")
        started = time.monotonic()
        with contextlib.suppress(ConnectionError):
            assert not never.recv(100).startswith(b"HTTP/1.1 200")
        assert time.monotonic() - started < 25


def test_errors_name_no_path_key_or_traceback(running: Running, starter: CommandLine) -> None:
    paths = [
        "/page/../../etc/passwd",
        "/page/%2e%2e%2f%2e%2e%2fetc%2fpasswd",
        "/page/secrets",
        "/api/page?path=../../x",
        "/%00",
    ]
    for path in paths:
        response = running.get(path)
        assert response.status in (400, 404), path
        assert str(starter.cwd) not in response.text
        assert "Traceback" not in response.text


@pytest.fixture(scope="module")
def guarded(starter: CommandLine) -> Iterator[Running]:
    """A server with a token and a site that may embed the widget."""
    arguments = ("--token", TOKEN, "--allow-origin", "https://docs.example.org", "--per-minute", "100000")
    with serving(starter, *arguments) as server:
        yield server


@pytest.mark.parametrize(("method", "path"), [route for route in ROUTES if route[1] != "/healthz"])
def test_with_a_token_strangers_see_nothing(guarded: Running, method: str, path: str) -> None:
    assert send(guarded, method, path) == 401
    wrong = [f"Bearer {TOKEN}x", f"Bearer {TOKEN[:-1]}", f"Basic {TOKEN}", TOKEN, "Bearer", "Bearer ä"]
    for given in wrong:
        assert (
            guarded.request(
                method,
                path,
                {"question": "x"} if method == "POST" else None,
                {"Authorization": given.encode("latin-1").decode("latin-1")},
            ).status
            == 401
        )
    assert send(guarded, method, f"{path}{'&' if '?' in path else '?'}token={TOKEN}") == 401


def test_the_token_opens(guarded: Running) -> None:
    assert send(guarded, "GET", "/api/status", Authorization=f"Bearer {TOKEN}") == 200
    assert guarded.get("/healthz").status == 200


def test_a_browser_asks_for_the_token_as_a_password(guarded: Running) -> None:
    refused = guarded.get("/")
    assert refused.headers["www-authenticate"].startswith("Basic ")
    for name in ("", "somebody"):
        given = base64.b64encode(f"{name}:{TOKEN}".encode()).decode()
        assert guarded.get("/", Authorization=f"Basic {given}").status == 200
    for wrong in (TOKEN, f":{TOKEN}x", f"{TOKEN}:", ":"):
        given = base64.b64encode(wrong.encode()).decode()
        assert guarded.get("/", Authorization=f"Basic {given}").status == 401
    foreign = {"Origin": "http://evil.example", "Sec-Fetch-Site": "cross-site"}  # a browser adds the password by itself
    given = base64.b64encode(f":{TOKEN}".encode()).decode()
    assert guarded.post("/api/ask", {"question": QUESTION}, Authorization=f"Basic {given}", **foreign).status == 403


def test_an_allowed_site_may_ask_and_nothing_else(guarded: Running) -> None:
    origin = {"Origin": "https://docs.example.org", "Sec-Fetch-Site": "cross-site"}
    preflight = guarded.request("OPTIONS", "/api/ask", None, origin)
    assert preflight.status == 204
    assert preflight.headers["access-control-allow-origin"] == "https://docs.example.org"
    asked = guarded.post("/api/ask", {"question": QUESTION}, Authorization=f"Bearer {TOKEN}", **origin)
    assert asked.status == 200
    assert asked.headers["access-control-allow-origin"] == "https://docs.example.org"
    assert guarded.request("OPTIONS", "/api/search", None, origin).status == 403
    assert send(guarded, "GET", "/api/status", Authorization=f"Bearer {TOKEN}", **origin) == 403


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--host", "0.0.0.0"), "token"),
        (("--host", "::"), "token"),
        (("--token", "short"), "16 characters"),
        (("--allow-origin", "*"), "not an origin"),
        (("--allow-origin", "https://*.example.org"), "not an origin"),
        (("--allow-origin", "https://example.org/docs"), "not an origin"),
        (("--port", "70000"), "65,535"),
        (("--examples", "none.txt"), "there is no file none.txt"),
    ],
)
def test_unsafe_servers_do_not_start(starter: CommandLine, arguments: tuple[str, ...], said: str) -> None:
    ended = starter("serve", *arguments)
    assert ended.status == 2
    assert said in ended.err


def test_a_port_that_is_taken_is_said_in_one_line(starter: CommandLine, running: Running) -> None:
    ended = starter("serve", "--port", str(running.port))
    assert ended.status == 2
    assert ended.err.count("\n") == 2
    assert f"port {running.port} of 127.0.0.1 is in use by another program" in ended.err
    assert "--port" in ended.err


def test_an_answer_is_not_kept_back_until_the_client_acknowledges_its_head() -> None:
    with listen(ServeOptions(port=0)) as listener:
        assert listener.proto == socket.IPPROTO_TCP  # asyncio looks at this before it sets TCP_NODELAY

"""The widget in a page of another site, in Chromium."""

import http.server
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from tests.cli.serve.browser import NEEDS_CHROMIUM, wait_for_script, webdriver
from tests.cli.serve.conftest import QUESTION, Running, serving
from tests.conftest import CommandLine

pytestmark = NEEDS_CHROMIUM

PAGE = """\
<!DOCTYPE html><html style="font-size: 10px; color-scheme: SCHEME"><title>Docs</title>
<style>* { color: red; font-size: 40px } button { display: none }</style>
<body><p>Docs</p>
<script>
// The widget's root is closed; a test has to look into it.
const attach = Element.prototype.attachShadow;
Element.prototype.attachShadow = function (options) { return (window.root = attach.call(this, options)); };
</script>
<script src="SERVER/widget.js" data-label="Ask us" defer></script>
"""
"""A site with a style that would break what is not kept apart from it."""


class Handler(http.server.BaseHTTPRequestHandler):
    """Sends the server's page."""

    def do_GET(self) -> None:
        body = self.server.page.encode()  # type: ignore[attr-defined] # set by the fixture
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        """Say nothing."""


@dataclass(frozen=True)
class Site:
    """A site that embeds the widget: its origin, and the server of the answers."""

    origin: str
    server: Running


@pytest.fixture(autouse=True)
def _new_tab(browser: Any, site: Site) -> None:
    """No conversation of the test before."""
    browser.get(site.origin)
    browser.execute_script("sessionStorage.clear()")


@pytest.fixture(scope="module")
def site(starter: CommandLine) -> Iterator[Site]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as pages:
        threading.Thread(target=pages.serve_forever, daemon=True).start()
        origin = f"http://localhost:{pages.server_address[1]}"  # another site than 127.0.0.1
        near = f"http://127.0.0.1:{pages.server_address[1]}"
        allowed = ("--allow-origin", origin, "--allow-origin", near)
        with serving(starter, *allowed, "--per-minute", "100000") as server:
            pages.page = PAGE.replace("SERVER", server.url).replace("SCHEME", "light")  # type: ignore[attr-defined]
            yield Site(origin, server)
        pages.shutdown()


def in_widget(browser: Any, script: str) -> Any:
    """Run a script in the page; `root` is the widget's."""
    return browser.execute_script(script)


def type_keys(browser: Any, keys: str) -> None:
    """Press keys where the focus is; WebDriver can't name elements of a closed root."""
    webdriver.ActionChains(browser).send_keys(keys).perform()


def ask_widget(browser: Any, question: str, count: int = 1) -> None:
    """Ask through the widget's form, and wait for the whole answer."""
    wait_for_script(browser, "return root.adoptedStyleSheets[0].cssRules.length")
    if not in_widget(browser, "return root.querySelector('dialog').open"):
        in_widget(browser, "root.querySelector('.launch').click()")
    in_widget(browser, "root.querySelector('input').focus()")
    type_keys(browser, question + "\n")
    wait_for_script(browser, f"return root.querySelectorAll('.tools').length === {count}")


def test_the_widget_shows_what_the_page_shows(browser: Any, site: Site) -> None:
    browser.get(site.origin)
    assert in_widget(browser, "return root.querySelector('.launch').textContent") == "Ask us"
    ask_widget(browser, QUESTION)
    html = in_widget(browser, "return root.querySelector('.answer').innerHTML")
    assert "<mark>" in html
    assert 'class="cite"' in html
    served = site.server.post("/api/ask", {"question": QUESTION}).json
    text = in_widget(browser, "return root.querySelector('.answer').innerText")
    assert "**" not in text
    assert "](" not in text
    assert [one["marker"] for one in served["citations"]] == in_widget(
        browser, "return [...root.querySelectorAll('.answer .cite')].map(one => Number(one.textContent))"
    )
    in_widget(browser, "root.querySelector('.answer .cite').click()")
    lefts = "return ['.sources', '.sources .open'].map(one => root.querySelector(one).getBoundingClientRect().left)"
    assert len(set(in_widget(browser, lefts))) == 1
    link = in_widget(browser, "return root.querySelector('.sources .open a').href")
    assert link == served["citations"][0]["link"]
    ask_widget(browser, "and which of them are free?", 2)
    assert in_widget(browser, "return root.querySelectorAll('.turn').length") == 2


def test_the_widget_has_its_style_where_the_browser_knows_the_page_already(browser: Any, site: Site) -> None:
    """The server and a site of the same domain, such as ask.example.org and docs.example.org, share a cache."""
    browser.get(site.server.url)
    browser.get(site.origin.replace("localhost", "127.0.0.1"))
    wait_for_script(browser, "return root.adoptedStyleSheets[0].cssRules.length", 5)


def test_a_conversation_goes_on_on_the_next_page_of_the_site(browser: Any, site: Site) -> None:
    browser.get(site.origin)
    ask_widget(browser, QUESTION)
    answered = "return root.querySelector('.answer')?.innerText"
    said = in_widget(browser, answered)
    browser.get(f"{site.origin}/other")
    assert wait_for_script(browser, answered) == said
    wait_for_script(browser, "return root.querySelector('dialog').open && root.querySelectorAll('.tools').length === 1")
    ask_widget(browser, "and which of them are free?", 2)
    assert len(in_widget(browser, "return [...root.querySelectorAll('.turn')].map(one => one.id)")) == 2


def test_the_site_s_style_and_the_widget_s_are_apart(browser: Any, site: Site) -> None:
    browser.get(site.origin)
    ask_widget(browser, QUESTION)
    size, color = in_widget(
        browser, "const s = getComputedStyle(root.querySelector('.answer p')); return [s.fontSize, s.color]"
    )
    assert size == "15px"
    assert color == "rgb(28, 31, 35)"
    width = in_widget(browser, "const d = root.querySelector('dialog'); return [d.scrollWidth, d.clientWidth]")
    assert width[0] == width[1]


def test_the_keyboard_opens_and_closes_the_widget(browser: Any, site: Site) -> None:
    browser.get(site.origin)
    type_keys(browser, webdriver.Keys.TAB)
    assert in_widget(browser, "return root.activeElement.className") == "launch"
    type_keys(browser, " ")
    assert in_widget(browser, "return root.activeElement.tagName") == "INPUT"
    assert in_widget(browser, "return root.querySelector('.launch').ariaExpanded") == "true"
    type_keys(browser, webdriver.Keys.ESCAPE)
    state = "return [root.querySelector('dialog').open, root.activeElement.className]"
    assert in_widget(browser, state) == [False, "launch"]


def test_a_page_of_an_allowed_site_may_ask_and_no_more(browser: Any, site: Site) -> None:
    browser.get(site.origin)
    read = "const done = arguments[1]; fetch(arguments[0]).then(() => done('read'), () => done('refused'))"
    assert browser.execute_async_script(read, f"{site.server.url}/api/status") == "refused"
    assert browser.execute_async_script(read, f"{site.server.url}/page/answer.js") == "read"


def test_a_site_that_is_not_allowed_gets_no_widget(browser: Any, site: Site, running: Running) -> None:
    browser.get(site.origin)
    load = (
        "const s = document.createElement('script'); s.src = arguments[0];"
        "s.onload = () => arguments[1]('loaded'); s.onerror = () => arguments[1]('refused'); document.body.append(s)"
    )
    assert browser.execute_async_script(load, f"{running.url}/widget.js") == "refused"

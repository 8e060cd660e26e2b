"""Links of citations open the served docs at the quoted words, in Chromium."""

import base64
import html
import http.server
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from tests.cli.serve.browser import NEEDS_CHROMIUM, ask, wait_for
from tests.cli.serve.conftest import Running, serving
from tests.conftest import CommandLine

pytestmark = NEEDS_CHROMIUM

SENTENCES = {
    "short": ("Which port does the kettle listen on?", "The kettle listens on port 4711."),
    "punctuation": (
        "How is the toaster's browning set?",
        "The toaster's browning - from 1 to 9, \u201cblack\u201d - is set with <code>--level=N</code> &amp; kept.",
    ),
    "long": (
        "When does the refrigerator defrost itself?",
        (
            "The refrigerator defrosts itself every <strong>14</strong> days at night, when <a href='/x'>the door</a>"
            " was closed for at least two hours, no alarm is active, and the thermometer reads below four degrees."
        ),
    ),
    "list": (
        "What does the dishwasher need before it starts?",
        (
            "The dishwasher needs three things before it starts:<ul><li>salt in the tank</li><li>a closed door</li>"
            "<li>water pressure of two bar</li></ul>"
        ),
    ),
    "split": (
        "Who may open the oven's service hatch?",
        "The oven&rsquo;s service hatch may be opened by trained&nbsp;staff only,<br>never by guests.",
    ),
}
"""A question, and the HTML that answers it."""

SPACE = '<div style="height: 150em"></div>'
PAGE = """<!DOCTYPE html><html><head><title>{title}</title></head><body><main><article><h1>{title}</h1>
<h2 id="about">About it</h2>{space}<p>{sentence}</p>{space}</article></main></body></html>"""
MAGENTA = "::target-text { background: rgb(255, 0, 255) !important; color: rgb(255, 0, 255) !important }"
COUNT = """
const [png, done] = arguments, image = new Image();
image.onload = () => {
  const canvas = new OffscreenCanvas(image.width, image.height), context = canvas.getContext("2d");
  context.drawImage(image, 0, 0);
  const { data } = context.getImageData(0, 0, image.width, image.height);
  let count = 0;
  for (let at = 0; at < data.length; at += 4) count += data[at] === 255 && data[at + 1] === 0 && data[at + 2] === 255;
  done(count);
};
image.src = `data:image/png;base64,${png}`;
"""


class Kitchen(http.server.BaseHTTPRequestHandler):
    """A docs site with a page for each sentence."""

    def do_GET(self) -> None:
        name = self.path.split("?")[0].removeprefix("/docs").strip("/")
        if name in SENTENCES:
            body = PAGE.format(title=f"Manual {name}", sentence=SENTENCES[name][1], space=SPACE)
        elif not name:
            body = "".join(f"<li><a href='/docs/{one}'>{one}</a></li>" for one in SENTENCES)
            body = f"<!DOCTYPE html><title>Kitchen</title><main><h1>Kitchen</h1><ul>{body}</ul></main>"
        else:
            self.send_error(404)
            return
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *args: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def kitchen(tmp_path_factory: pytest.TempPathFactory, starter: CommandLine) -> Iterator[Running]:
    """A server of answers over the kitchen's docs, as they were crawled."""
    folder = tmp_path_factory.mktemp("kitchen")
    command = CommandLine(folder, starter.environ)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Kitchen) as site:
        threading.Thread(target=site.serve_forever, daemon=True).start()
        source = f"http://127.0.0.1:{site.server_address[1]}/docs"
        assert command("reindex", "--source", source, "--allow-private", "--docs", "docs").status == 0
        with serving(command, "--docs", "docs", "--per-minute", "100000") as server:
            yield server
        site.shutdown()


def highlighted(browser: Any) -> int:
    """Pixels of the window that show words which the address names."""
    browser.execute_script(
        "document.head.append(Object.assign(document.createElement('style'), {textContent: arguments[0]}))", MAGENTA
    )
    png = base64.b64encode(browser.get_screenshot_as_png()).decode()
    return int(browser.execute_async_script(COUNT, png))


@pytest.mark.parametrize("name", list(SENTENCES))
def test_a_citation_opens_the_page_at_the_very_sentence(browser: Any, kitchen: Running, name: str) -> None:
    question, sentence = SENTENCES[name]
    browser.get(kitchen.url)
    ask(browser, question)
    wait_for(browser, ".tools")
    wait_for(browser, ".answer a.cite")[0].click()
    link = wait_for(browser, ".sources .open a")[0]
    assert f"/docs/{name}#" in link.get_attribute("href")
    link.click()
    wait_for(browser, "article")
    assert highlighted(browser) > 0
    words = html.unescape(sentence.split("<")[0].split(" - ")[0])
    top = browser.execute_script(
        "const paragraph = [...document.querySelectorAll('p')].find(one => one.innerText.startsWith(arguments[0]));"
        "return paragraph.getBoundingClientRect().top",
        words[:20],
    )
    assert 0 < top < browser.execute_script("return innerHeight")

"""The page in a real browser: Debian's Chromium, driven by Selenium. Skipped where one of them is missing."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.cli.serve.browser import NEEDS_CHROMIUM, ask, hosts_asked, open_browser, wait_for, webdriver
from tests.cli.serve.clients import MISSING, npm_file
from tests.cli.serve.conftest import QUESTION, Running, serving
from tests.cli.serve.xss import vectors
from tests.conftest import CommandLine
from tests.rag.server import answer
from tests.rag.test_injection import DEMANDS, ORDERS

pytestmark = NEEDS_CHROMIUM
PAGE_FILES = ("/page/app.js", "/page/answer.js", "/page/style.css", "/page/answer.css", "/page/icon.svg")


def test_ask_follow_up_and_open_a_source(browser: Any, running: Running) -> None:
    browser.get(running.url)
    assert wait_for(browser, ".examples a", 4)
    ask(browser, QUESTION)
    first = wait_for(browser, ".turn .answer a.cite")[0]
    wait_for(browser, ".tools button", 2)
    first.click()
    card = wait_for(browser, ".sources li.open")[0]
    assert card.find_element("css selector", "a").get_attribute("href").startswith("https://openrouter.ai/docs/")
    assert ":~:text=" in card.find_element("css selector", "a").get_attribute("href")
    ask(browser, "and which of them are free?")
    wait_for(browser, ".tools", 2)
    assert len(browser.find_elements("css selector", ".turn")) == 2
    assert "q=What" in browser.current_url
    assert hosts_asked(browser, running.url) == set()


def test_a_conversation_is_still_there_after_a_source_was_opened(browser: Any, running: Running) -> None:
    browser.get(running.url)
    ask(browser, QUESTION)
    wait_for(browser, ".tools")
    ask(browser, "and which of them are free?")
    wait_for(browser, ".tools", 2)
    browser.get(f"{running.url}/api/status")
    browser.back()
    assert len(wait_for(browser, ".turn", 2)) == 2


def test_the_keyboard_alone_is_enough(browser: Any, running: Running) -> None:
    keys = webdriver.Keys
    browser.get(running.url)
    body = browser.find_element("css selector", "body")
    body.send_keys("/")
    assert browser.switch_to.active_element.get_attribute("id") == "q"
    browser.switch_to.active_element.send_keys(QUESTION + keys.ENTER)
    wait_for(browser, ".tools")
    for _ in range(60):
        webdriver.ActionChains(browser).send_keys(keys.TAB).perform()
        if "cite" in (browser.switch_to.active_element.get_attribute("class") or ""):
            break
    browser.switch_to.active_element.send_keys(keys.ENTER)
    assert browser.switch_to.active_element.tag_name == "li"
    webdriver.ActionChains(browser).key_down(keys.CONTROL).send_keys("k").key_up(keys.CONTROL).perform()
    assert browser.switch_to.active_element.get_attribute("id") == "q"


def test_without_javascript_a_link_shows_the_whole_answer(running: Running) -> None:
    browser = open_browser(scripts=False)
    try:
        browser.get(f"{running.url}/?q=What+are+model+variants%3F")
        assert browser.find_elements("css selector", ".answer a.cite")
        assert browser.find_elements("css selector", ".sources li blockquote")
        field = browser.find_element("css selector", "#q")
        field.clear()
        field.send_keys("How do I bake sourdough bread?")
        browser.find_element("css selector", "form button").click()
        assert browser.find_elements("css selector", ".refused")
    finally:
        browser.quit()


def test_a_telephone_shows_it_without_scrolling_sideways(browser: Any, running: Running) -> None:
    browser.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride", {"width": 360, "height": 740, "deviceScaleFactor": 2, "mobile": True}
    )
    try:
        browser.get(f"{running.url}/?q=How+do+I+set+a+fallback+model%3F")
        width = browser.execute_script("return [document.documentElement.scrollWidth, innerWidth]")
        assert width[0] <= width[1]
    finally:
        browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def test_a_written_answer_appears_by_sentence(browser: Any, written: Callable[..., Any]) -> None:
    with written() as (server, model):
        model.says(answer("A variant is a suffix of the slug [1]. ", "Pigs fly [1]."))
        browser.get(server.url)
        ask(browser, QUESTION)
        wait_for(browser, ".tools")
        assert "A variant is a suffix" in browser.find_element("css selector", ".answer").text
        assert "Pigs fly" in browser.find_element("css selector", ".answer").text.split("unsupported")[0]
        assert [one.text for one in browser.find_elements("css selector", ".unsure")] == ["unsupported"]


def test_chips_and_cards_appear_with_their_sentence(browser: Any, written: Callable[..., Any]) -> None:
    with written() as (server, model):
        model.says(
            answer("A variant is a suffix of the slug [1]. ", "It is free [2].\n\n", "- One [1]\n", "- Two", ".")
        )
        model.pause = 0.7
        browser.get(server.url)
        ask(browser, QUESTION)
        wait_for(browser, ".turn .answer a.cite")
        early = browser.execute_script(
            "const all = (s) => [...document.querySelectorAll(s)].map(one => one.textContent);"
            "window.first = document.querySelector('.answer a.cite'); first.focus();"
            "return [all('.answer a.cite'), all('.sources .path'), all('.tools')]"
        )
        chips, cards, tools = early
        assert tools == []  # there is more to come
        assert set(chips) == {str(number) for number in range(1, len(cards) + 1)}
        wait_for(browser, ".tools")
        assert browser.execute_script("return document.activeElement === first")  # what was shown is not replaced
        items = [one.text.split()[0] for one in browser.find_elements("css selector", ".answer li")]
        assert items == ["One", "Two."]
        assert len(browser.find_elements("css selector", ".sources > li")) == 2


def use_screen(browser: Any, scheme: str, *, small: bool) -> None:
    """Prefer light or dark; a telephone of 360 pixels, or the window as it is."""
    feature = {"name": "prefers-color-scheme", "value": scheme}
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [feature]})
    if small:
        telephone = {"width": 360, "height": 740, "deviceScaleFactor": 2, "mobile": True}
        browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", telephone)
    else:
        browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def violations(browser: Any) -> list[tuple[str, list[str]]]:
    """What axe-core finds wrong for people with disabilities, by the rules of WCAG 2.2 AA and its best practices."""
    script = npm_file("axe-core", "axe.min.js")
    assert script is not None
    browser.execute_script(script.read_text("utf-8"))
    found = browser.execute_async_script("axe.run(document).then(arguments[0])")
    return [(one["id"], [node["html"][:200] for node in one["nodes"]]) for one in found["violations"]]


@pytest.mark.skipif(npm_file("axe-core", "axe.min.js") is None, reason=MISSING)
@pytest.mark.parametrize("screen", ["window", "telephone"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(browser: Any, running: Running, scheme: str, screen: str) -> None:
    use_screen(browser, scheme, small=screen == "telephone")
    found = {}
    try:
        browser.get(running.url)
        found["empty"] = violations(browser)
        ask(browser, "How do I set a fallback model?")
        wait_for(browser, ".tools")
        found["answer"] = violations(browser)
        browser.execute_script("arguments[0].click()", wait_for(browser, ".answer a.cite")[0])
        wait_for(browser, ".sources .open")
        found["card"] = violations(browser)
        browser.execute_script("document.querySelectorAll('details').forEach(d => d.open = true)")
        found["passages"] = violations(browser)
        ask(browser, "How do I bake sourdough bread?")
        wait_for(browser, ".tools", 2)
        assert browser.find_elements("css selector", ".refused")
        found["refusal"] = violations(browser)
        browser.get(f"{running.url}/?q=How+do+I+set+a+fallback+model%3F")
        browser.execute_script("document.querySelectorAll('details').forEach(d => d.open = true)")
        found["without JavaScript"] = violations(browser)
    finally:
        use_screen(browser, "light", small=False)
    assert found == {name: [] for name in found}


def test_words_of_the_question_are_marked_in_excerpts_and_not_in_their_code(browser: Any, running: Running) -> None:
    browser.get(f"{running.url}/?q=What+are+model+variants%3F")
    marked = {one.text.lower() for one in browser.find_elements("css selector", ".answer mark")}
    assert marked & {"variant", "variants"}
    assert not browser.find_elements("css selector", ".answer code mark, .answer .cite mark")


POISON = """\
---
url: "https://docs.example.org/{number}"
title: "Zebra {number}"
---
# Zebra {number}

The zebra of farm {number} is striped.

{vector}
"""


@pytest.fixture(scope="module")
def poisoned(tmp_path_factory: pytest.TempPathFactory, starter: CommandLine) -> Iterator[tuple[Running, int]]:
    """A server over pages that each hold one vector, or one order to a model."""
    folder = tmp_path_factory.mktemp("poisoned") / "work"
    (folder / "markdown_docs").mkdir(parents=True)
    all_vectors = [*vectors(), *ORDERS]
    for number, vector in enumerate(all_vectors):
        text = POISON.format(number=number, vector=vector)
        (folder / "markdown_docs" / f"{number}.md").write_text(text, "utf-8")
    command = CommandLine(folder, starter.environ)
    assert command("reindex", "--no-crawl").status == 0
    with serving(command, "--per-minute", "100000") as server:
        yield server, len(all_vectors)


def test_no_vector_runs_or_calls_another_host(browser: Any, poisoned: tuple[Running, int]) -> None:
    server, count = poisoned
    assert count >= 250
    browser.get(server.url)
    browser.get_log("performance")
    ran, asked = [], set()
    for number in range(count):
        browser.get(f"{server.url}/?q=Tell+me+about+the+zebra+of+farm+{number}")
        browser.execute_script("document.querySelectorAll('details').forEach(d => d.open = true)")
        if browser.execute_script("return window.hit === 1"):
            ran.append(number)
        asked |= hosts_asked(browser, server.url)
    assert (ran, asked) == ([], set())


def test_no_vector_runs_when_the_page_s_script_shows_it(browser: Any, poisoned: tuple[Running, int]) -> None:
    server, count = poisoned
    browser.get(server.url)
    for number in range(0, count, 12):
        ask(browser, f"Tell me about the zebra of farm {number}")
        wait_for(browser, ".tools", number // 12 + 1)
    browser.execute_script("document.querySelectorAll('details').forEach(d => d.open = true)")
    assert browser.execute_script("return window.hit") is None
    assert hosts_asked(browser, server.url) == set()


def test_no_vector_runs_in_what_a_model_says(browser: Any, written: Callable[..., Any]) -> None:
    said = [*DEMANDS.values(), *vectors()]
    with written() as (server, model):
        browser.get(server.url)
        for number, at in enumerate(range(0, len(said), 21), 1):
            parts = (f"{one}\n\n" for one in said[at : at + 21])
            model.says(answer("A variant is a suffix of the slug [1].\n\n", *parts))
            ask(browser, QUESTION)
            wait_for(browser, ".tools", number)
        assert browser.execute_script("return window.hit") is None
        assert hosts_asked(browser, server.url) == set()


def test_page_and_script_are_small(running: Running) -> None:
    sizes = [len(running.get(path).body) for path in ("/", *PAGE_FILES)]
    assert sum(sizes) < 60_000

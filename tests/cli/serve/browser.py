"""Chromium for tests, driven by Selenium: start it, wait for what a page shows, see which hosts it asked."""

import json
import shutil
import time
from typing import Any

import pytest

webdriver = pytest.importorskip("selenium.webdriver", reason="selenium is not installed: make check-serve installs it")
BINARY, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
NEEDS_CHROMIUM = [
    pytest.mark.skipif(not (BINARY and DRIVER), reason="Chromium and its driver are not installed"),
    pytest.mark.slow,
]


def open_browser(**preferences: Any) -> Any:
    options = webdriver.ChromeOptions()
    options.binary_location = BINARY or ""
    for argument in (
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-dev-shm-usage",
        "--window-size=1000,900",
    ):
        options.add_argument(argument)
    if preferences.get("dark"):
        options.add_argument("--blink-settings=preferredColorScheme=0")
    if preferences.get("scripts") is False:
        options.add_experimental_option("prefs", {"profile.managed_default_content_settings.javascript": 2})
    options.set_capability("goog:loggingPrefs", {"performance": "ALL", "browser": "ALL"})
    return webdriver.Chrome(options, webdriver.ChromeService(DRIVER))


def wait_for(browser: Any, selector: str, count: int = 1, seconds: float = 30) -> list[Any]:
    ended = time.monotonic() + seconds
    while time.monotonic() < ended:
        found = browser.find_elements("css selector", selector)
        if len(found) >= count:
            return list(found)
        time.sleep(0.05)
    raise AssertionError(
        f"{selector} did not appear; the page says: {browser.find_element('css selector', 'body').text[:500]}"
    )


def hosts_asked(browser: Any, own: str) -> set[str]:
    """Addresses outside the server that the page sent a request to since the last call."""
    asked = set()
    for entry in browser.get_log("performance"):
        message = json.loads(entry["message"])["message"]
        if message["method"] == "Network.requestWillBeSent":
            url = message["params"]["request"]["url"]
            if not url.startswith((own, "data:", "about:", "chrome:")):
                asked.add(url)
    return asked


def ask(browser: Any, question: str) -> None:
    field = browser.find_element("css selector", "#q")
    field.clear()
    field.send_keys(question + "\n")


def wait_for_script(browser: Any, script: str, seconds: float = 30) -> Any:
    """What a script returns, once that is not false."""
    ended = time.monotonic() + seconds
    while time.monotonic() < ended:
        found = browser.execute_script(script)
        if found:
            return found
        time.sleep(0.05)
    raise AssertionError(f"never true: {script}")

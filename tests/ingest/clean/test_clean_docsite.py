"""The cleaner on a whole documentation site in three layouts, measured against the site's own texts."""

import importlib
import os
import sys
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from ingest.clean.page import clean_page
from ingest.core.records import Page

DATA = os.environ.get("ASKDOCS_TEST_DATA", "")
pytestmark = pytest.mark.skipif(not DATA, reason="ASKDOCS_TEST_DATA names no folder of test data")
EVERY = 9  # every ninth page, so that a layout takes a few seconds


@pytest.fixture
def tools() -> Iterator[dict[str, ModuleType]]:
    folders = [str(Path(DATA) / name) for name in ("docsite", "tools")]
    sys.path[:0] = folders
    yield {name: importlib.import_module(name) for name in ("serve", "clean_check")}
    for folder in folders:
        sys.path.remove(folder)


def fetch(site: Any, path: str) -> Page:
    url = site.url(urllib.parse.quote(path, safe="/&"))
    with urllib.request.urlopen(url) as answer:
        return Page(url=url, body=answer.read(), content_type=answer.headers["Content-Type"])


@pytest.mark.parametrize("layout", ["fern-2025", "fern-2026", "mintlify-2026"])
def test_a_site_keeps_its_text_code_and_structure(tools: dict[str, ModuleType], layout: str) -> None:
    with tools["serve"].DocSite(layout=layout, md=False, llms=False) as site:
        pages = dict(list(site.pages().items())[::EVERY])
        got = {path: fetch(site, path) for path in pages}
    have = {path: clean_page(page).document.body for path, page in got.items()}
    served = {path: page.body.decode() for path, page in got.items()}
    check = tools["clean_check"]
    rows, found, _, total, dirty = check.measure(pages, served, have)
    tally = check.measure.tally
    assert dirty == []
    assert min(kept for kept, _, _ in rows) > 0.95
    assert sum(kept for kept, _, _ in rows) / len(rows) > 0.995
    assert sum(clean for _, clean, _ in rows) / len(rows) > 0.99
    assert found >= 0.99 * total
    assert tally["headings"] >= 0.99 * tally["headings all"]
    assert tally["rows"] >= 0.99 * tally["rows all"]
    assert tally["languages"] >= 0.98 * tally["languages all"]

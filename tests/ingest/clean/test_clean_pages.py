"""Whole pages in the DOM of documentation platforms, against markdown that was read and found right beside them."""

import re
from pathlib import Path

import pytest

from ingest.clean.page import clean_page
from ingest.core.records import Cleaned, Page

PAGES = Path(__file__).parent / "pages"
URL = "https://kettle.example/docs/brewing"
NAMES = sorted(path.stem for path in PAGES.glob("*.html"))


def cleaned(name: str) -> Cleaned:
    return clean_page(Page(url=URL, body=(PAGES / f"{name}.html").read_bytes()))


def headings(body: str) -> list[str]:
    outside = re.sub(r"^[ >]*(```+)[^\n]*\n.*?^[ >]*\1 *$", "", body, flags=re.MULTILINE | re.DOTALL)
    return re.findall(r"^#{1,6} .*$", outside, re.MULTILINE)


def test_there_are_pages_of_all_platforms() -> None:
    assert {"fern", "mintlify", "docusaurus", "material", "sphinx", "vitepress", "starlight", "antora"} <= set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_a_page_gives_its_markdown(name: str) -> None:
    assert cleaned(name).document.body == (PAGES / f"{name}.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", NAMES)
def test_every_heading_has_its_anchor_entry(name: str) -> None:
    document = cleaned(name).document
    assert len(document.anchors) == len(headings(document.body))


@pytest.mark.parametrize(
    ("name", "anchors"),
    [
        ("fern", ("", "water")),
        ("mintlify", ("page-title", "water", "why-96", "heat", "may-2", "new")),
        ("sphinx", ("spouts", "use", "spout.pour", "use")),
        ("antora", ("", "_power")),
        ("generic", ("", "when")),
    ],
)
def test_anchors_are_those_of_the_page(name: str, anchors: tuple[str, ...]) -> None:
    assert cleaned(name).document.anchors == anchors


def test_links_are_those_of_the_whole_page_navigation_included() -> None:
    assert cleaned("fern").links == (
        "https://kettle.example/docs/api",
        "https://kettle.example/docs/start",
        "https://kettle.example/docs/brewing",
        "https://kettle.example/docs/switch",
        "https://kettle.example/docs/cups",
        "https://kettle.example/docs/logo",
    )


def test_canonical_comes_from_the_link_else_from_open_graph() -> None:
    assert cleaned("fern").canonical == "https://kettle.example/docs/brewing"
    assert cleaned("mintlify").canonical == "https://kettle.example/docs/brewing"
    assert cleaned("generic").canonical is None


def test_title_and_description_stand_apart_as_well() -> None:
    document = cleaned("mintlify").document
    assert (document.title, document.description) == ("Brewing", "How a pot is made")
    assert cleaned("generic").document.description == ""

"""Small pages for tests: content in, cleaned markdown out."""

from ingest.clean.page import clean_page
from ingest.core.records import Cleaned, Page

URL = "https://kettle.example/docs/a/page"
LONG = "Water is heated until it boils, and then it is poured over the leaves. " * 4


def clean(html: str, url: str = URL) -> Cleaned:
    return clean_page(Page(url=url, body=html.encode(), content_type="text/html"))


def body(inner: str, head: str = "") -> str:
    """Clean a page with this content and give what follows its title."""
    got = clean(f"<html><head>{head}</head><body><main><h1>Tea</h1>{inner}</main></body></html>").document.body
    return got.removeprefix("# Tea\n\n").removesuffix("\n")


def bare(inner: str) -> str:
    """Clean a page whose content is in no element that says so."""
    return clean(f"<html><head><title>Tea</title></head><body>{inner}</body></html>").document.body

"""Cleaning next to other HTML-to-text tools: CPU time per page, and what of the pages' own texts survives.

Run `python -m tests.bench.clean PAGES_FOLDER` from the repository's root, with the `bench` extra installed.
PAGES_FOLDER has `manifest.jsonl` (`url`, `file`) and the pages; ASKDOCS_TEST_DATA names the test data whose
`tools/page_check.py` judges the texts (without it, only times are taken). The numbers also go to `--json`.
`--parse` compares with the bare parse alone, which needs no extra; MOST_PARSES is the most that cleaning should take.

Each tool is timed against ours in turn (ours, theirs, ours, theirs ...), so that a busy machine slows both down.
"""

import argparse
import contextlib
import gc
import importlib
import io
import json
import os
import re
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ingest.clean.page import clean_page
from ingest.core.records import Page

Tool = Callable[[str, bytes], str]
MOST_PARSES = 1.7
FIGURES = ("F1", "with", "without", "code", "rows")


def ours(url: str, html: bytes) -> str:
    return clean_page(Page(url=url, body=html)).document.body


def parse_only() -> Tool:
    """The floor for everything that works on a Beautiful Soup tree: building it."""
    from bs4 import BeautifulSoup

    return lambda _, html: str(bool(BeautifulSoup(html, "lxml")))


def trafilatura() -> Tool:
    from trafilatura import extract

    options = {"include_links": True, "include_tables": True, "include_formatting": True}
    return lambda url, html: extract(html, url=url, output_format="markdown", **options) or ""


def markdownify() -> Tool:
    from markdownify import markdownify as convert

    return lambda _, html: convert(html.decode(), heading_style="ATX")


def readability() -> Tool:
    from markdownify import markdownify as convert
    from readability import Document

    return lambda _, html: convert(Document(html.decode()).summary(), heading_style="ATX")


def markitdown() -> Tool:
    from markitdown import MarkItDown

    converter = MarkItDown(enable_plugins=False)
    return lambda _, html: converter.convert_stream(io.BytesIO(html), file_extension=".html").text_content


def html_to_markdown() -> Tool:
    from html_to_markdown import ConversionOptions, PreprocessingOptions, convert

    options = ConversionOptions(preprocessing=PreprocessingOptions(preset="aggressive"), extract_metadata=False)
    return lambda _, html: convert(html.decode(), options).content or ""


PEERS: dict[str, Callable[[], Tool]] = {
    "BeautifulSoup parse (lxml)": parse_only,
    "trafilatura": trafilatura,
    "markdownify": markdownify,
    "readability-lxml + markdownify": readability,
    "markitdown": markitdown,
    "html-to-markdown": html_to_markdown,
}


def load(folder: Path) -> list[tuple[str, bytes]]:
    """Give (address, HTML) of all pages that the manifest names."""
    rows = map(json.loads, (folder / "manifest.jsonl").read_text(encoding="utf-8").splitlines())
    return [(row["url"], (folder / row["file"]).read_bytes()) for row in rows]


def cpu_ms(tool: Tool, pages: list[tuple[str, bytes]]) -> float:
    """Give the CPU milliseconds per page of one round over all pages."""
    gc.collect()
    start = time.process_time()
    for url, html in pages:
        tool(url, html)
    return (time.process_time() - start) * 1000 / len(pages)


def spread(values: list[float]) -> list[float]:
    """Give lowest, median and highest."""
    return [round(value, 2) for value in (min(values), statistics.median(values), max(values))]


def compare(tool: Tool, pages: list[tuple[str, bytes]], pairs: int) -> dict[str, list[float]]:
    """Time a tool against ours in turn; `times` is theirs over ours within each pair."""
    cpu_ms(tool, pages[:1])
    rounds = [(cpu_ms(ours, pages), cpu_ms(tool, pages)) for _ in range(pairs)]
    mine, theirs = ([pair[i] for pair in rounds] for i in (0, 1))
    return {"ours_ms": spread(mine), "ms": spread(theirs), "times": spread([b / a for a, b in rounds])}


def judge(tool: Tool, folder: Path, pages: list[tuple[str, bytes]]) -> dict[str, str]:
    """Write what a tool makes of the pages, and read the figures that page_check prints about it."""
    check: Any = importlib.import_module("page_check")
    with tempfile.TemporaryDirectory() as out:
        for number, (url, html) in enumerate(pages):
            (Path(out) / f"{number}.md").write_text(f"---\nurl: {url}\n---\n{tool(url, html)}\n", encoding="utf-8")
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            check.main(out, folder)
    line = printed.getvalue().splitlines()[-1]
    return dict(re.findall(r"\b(F1|precision|recall|with|without|code|rows) ([\d./]+)", line))


def measure(folder: Path, pairs: int) -> dict[str, dict[str, Any]]:
    """Give {tool: its times and figures}."""
    pages = load(folder)
    data = os.environ.get("ASKDOCS_TEST_DATA", "")
    if data:
        sys.path.insert(0, str(Path(data) / "tools"))
    cpu_ms(ours, pages)
    report: dict[str, dict[str, Any]] = {"askdocs": judge(ours, folder, pages) if data else {}}
    for name, make in PEERS.items():
        tool = make()
        report[name] = dict(compare(tool, pages, pairs))
        if data and make is not parse_only:
            report[name] |= judge(tool, folder, pages)
    report["askdocs"]["ms"] = spread([ms for name in PEERS for ms in report[name]["ours_ms"]])
    return report


def cleaning_over_parse(folder: Path, pairs: int) -> list[float]:
    """Give the CPU time of cleaning over that of the bare parse, within each pair: lowest, median, highest."""
    pages = load(folder)
    cpu_ms(ours, pages)
    parse = parse_only()
    rounds = [(cpu_ms(ours, pages), cpu_ms(parse, pages)) for _ in range(pairs)]
    return spread([mine / bare for mine, bare in rounds])


def show(report: dict[str, dict[str, Any]]) -> None:
    """Print the report as a markdown table."""
    print("| tool | CPU ms/page: median (lowest to highest) | times ours |", " | ".join(FIGURES), "|")
    print("|" + " --- |" * (3 + len(FIGURES)))
    for name, row in report.items():
        low, middle, high = row["ms"]
        times = "{1} ({0} to {2})".format(*row["times"]) if "times" in row else "1"
        figures = " | ".join(str(row.get(figure, "")) for figure in FIGURES)
        print(f"| {name} | {middle} ({low} to {high}) | {times} | {figures} |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pages", type=Path, help="folder with manifest.jsonl and the pages")
    parser.add_argument("--pairs", type=int, default=5, help="rounds of ours and theirs for each tool")
    parser.add_argument("--json", type=Path, default=Path(tempfile.gettempdir()) / "clean_bench.json")
    parser.add_argument("--parse", action="store_true", help="only cleaning over the bare parse")
    told = parser.parse_args()
    if told.parse:
        low, middle, high = cleaning_over_parse(told.pages, told.pairs)
        print(f"cleaning takes {middle} ({low} to {high}) times the bare parse; at most {MOST_PARSES} is wanted")
        return
    report = measure(told.pages, told.pairs)
    show(report)
    told.json.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()

"""Directives of MyST whose content is not markdown (`{list-table}`, `{csv-table}`, `{glossary}`) -> markdown."""

import csv
import re
from collections.abc import Mapping, Sequence
from typing import Final

from ingest.clean.render.tables import markdown_table

NAMES: Final = frozenset(("list-table", "csv-table"))
LISTS: Final = frozenset(("glossary", "eval-rst"))
_RST_DROPPED = re.compile(
    r"[ \t]*(?:\.\.[ ](?:auto\w+|toctree|contents|include|image|figure|_[^:]*|index|currentmodule)::?"
    r"|:[\w-]+:(?:[ \t]|$))"
)
_RST_DIRECTIVE = re.compile(r"^[ \t]*\.\.[ ][\w:-]+::[ \t]*(.*)$|^[ ]{1,4}")
_ROW = re.compile(r"[ \t]*[*-][ \t]+[*-](?:[ \t]+(?P<cell>.*))?$")
_CELL = re.compile(r"[ \t]+[*-](?:[ \t]+(?P<cell>.*))?$")


def directive_table(name: str, lines: Sequence[str], options: Mapping[str, str]) -> str:
    """The table that a directive's lines write; "" where they write none. The first row is its head if it says so."""
    rows = _listed(lines) if name == "list-table" else _separated(lines, options)
    rows = [[re.sub(r"(?<!\\)\|", r"\\|", " ".join(cell.split())) for cell in row] for row in rows]
    has_head = options.get("header-rows", "0").strip() not in ("", "0") or "header" in options
    return markdown_table(rows, has_head=has_head) if rows else ""


def plain_lines(name: str, lines: Sequence[str]) -> list[str]:
    """The content of a directive that is not markdown, as markdown: terms of a glossary, words of reStructuredText."""
    if name == "glossary":
        return [f"- {line.strip()}\n" if line[:1].strip() else line for line in lines]
    return [_RST_DIRECTIVE.sub(r"\1", line) for line in lines if not _RST_DROPPED.match(line)]


def _listed(lines: Sequence[str]) -> list[list[str]]:
    rows: list[list[str]] = []
    for line in lines:
        row = _ROW.match(line)
        cell = None if row else _CELL.match(line)
        if row:
            rows.append([row["cell"] or ""])
        elif cell and rows:
            rows[-1].append(cell["cell"] or "")
        elif rows:
            rows[-1][-1] += f" {line.strip()}"
    return rows


def _separated(lines: Sequence[str], options: Mapping[str, str]) -> list[list[str]]:
    head = [options["header"]] if options.get("header") else []
    separator = {"tab": "\t", "space": " "}.get(options.get("delim", ","), options.get("delim", ","))
    try:
        return [row for row in csv.reader([*head, *lines], delimiter=separator, skipinitialspace=True) if row]
    except (csv.Error, TypeError):
        return []

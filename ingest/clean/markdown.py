"""Markdown page (a platform's `.md` twin, a file) -> the same kind of blocks that HTML gives."""

import re
from dataclasses import dataclass
from urllib.parse import urldefrag, urlsplit

from ingest.clean.dom.tree import squash
from ingest.clean.includes.expand import expand_includes, refuse
from ingest.clean.mdx.components import render_components
from ingest.clean.mdx.expressions import read_constants, write_expressions
from ingest.clean.mdx.html_blocks import render_html_blocks
from ingest.clean.mdx.normalize import (
    decode_entities,
    heading_words,
    link_bare,
    number_lists,
    pipe_tables,
    reflow,
    unlinked,
    without_escapes,
    without_rules,
)
from ingest.clean.mdx.references import bare_targets, inline_references
from ingest.clean.mdx.roles import plain_marks
from ingest.clean.mdx.shortcodes import render_shortcodes
from ingest.clean.mdx.source import (
    Protected,
    fence_indented_code,
    has_components,
    has_program,
    protect,
    strip_code_of_page,
)
from ingest.clean.render.blocks import Block
from ingest.clean.render.inline import link_target
from ingest.core.urls import normalise
from ingest.text.front_matter import split_front_matter

_HEADING = re.compile(r"(#{1,6})[ \t]+(.*?)(?:[ \t]+#+)?[ \t]*")
_HEADING_ID = re.compile(r"\s*\{#([\w:.-]+)\}$")
_INNER_HEADING = re.compile(r"^([ ]{1,}|[ ]*(?:>[ ]?)+)#{1,6}[ \t]+(.*?)(?:[ \t]+#+)?[ \t]*$", re.MULTILINE)
_NO_BLOCK = r"(?![ \t>*+<-]|\d+\.|#|\||\x00F)"
# An underlined heading is a paragraph: it may have lines, here up to four.
_SETEXT = re.compile(rf"^({_NO_BLOCK}\S.*(?:\n{_NO_BLOCK}\S.*){{0,3}})\n(=+|-{{2,}})[ \t]*$", re.MULTILINE)
_LINK = re.compile(
    r"(!?)\[((?:[^\[\]]|\[[^\[\]]*\])*)\]\(\s*<?([^\s<>()]*(?:\([^\s()]*\)[^\s<>()]*)*)>?(?:\s+[\"'(][^)]*[\"')])?\s*\)"
)
_AUTOLINK = re.compile(r"<(https?://[^\s<>]+)>")
# Quotes that speak to language models only: an index of the site, or advice for agents.
_FOR_MACHINES = re.compile(
    r"^>[ ]?(?:\#+[ ]*Documentation[ ]Index\b|\**For[ ](?:language[ ]models|LLMs|AI[ ](?:agents|assistants))\b)"
    r".*(?:\n>.*)*\n?",
    re.MULTILINE | re.IGNORECASE,
)
_AGENT_LINE = re.compile(r"^For AI agents: .*$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class MarkdownPage:
    """What a markdown page gave."""

    title: str
    description: str
    blocks: list[Block]
    links: tuple[str, ...]
    canonical: str | None
    notes: tuple[str, ...] = ()


def read_markdown(text: str, url: str, *, mdx: bool = False) -> MarkdownPage:
    """Read title, description, content and links off a markdown or MDX page. `mdx`: it is declared as MDX."""
    matter, text = split_front_matter(text.replace("\r\n", "\n").replace("\r", "\n"))
    matter |= {name: decode_entities(matter[name]) for name in ("title", "description") if name in matter}
    expanded = expand_includes(text, url, refuse)
    kept = protect(expanded.text)
    kept.notes += expanded.notes
    body = _read_dialects(kept, mdx=mdx or url.endswith(".mdx"))
    links: dict[str, None] = {}
    canonical = _canonical(matter, url)
    home = canonical or normalise(url) or url
    body = _absolute(body, url if "://" in url else home, home, links)
    body = without_rules(_SETEXT.sub(_atx, _INNER_HEADING.sub(_bold_heading, body)))
    blocks = _blocks(number_lists(without_escapes(decode_entities(reflow(pipe_tables(link_bare(body)))))))
    title, description, blocks = _top(blocks, matter, url)
    for block in blocks:
        block.text = _finish(block.text, kept)
    blocks = [block for block in blocks if block.text.strip()]
    title = re.sub(r"[`*]", "", kept.restore(title)).strip()
    return MarkdownPage(title, kept.restore(description), blocks, tuple(links), canonical, tuple(kept.notes))


def _read_dialects(kept: Protected, *, mdx: bool) -> str:
    """The text of a page in plain markdown, code still as marks."""
    text = strip_code_of_page(kept.text)
    mdx = mdx or has_program(kept.text)
    if mdx or has_components(kept.text):
        text = write_expressions(text, kept, read_constants(kept.text, kept), strict=mdx)
    else:
        text = fence_indented_code(text, kept)
    text = bare_targets(_AGENT_LINE.sub("", _FOR_MACHINES.sub("", text)))
    text = render_html_blocks(plain_marks(render_shortcodes(text), kept), kept)
    return inline_references(render_components(text, kept), kept)


def _atx(match: re.Match[str]) -> str:
    return f"{'#' if match[2][0] == '=' else '##'} {' '.join(match[1].split())}\n"


def _bold_heading(match: re.Match[str]) -> str:
    words = match[2].strip("*") if match[2].startswith("**") and match[2].endswith("**") else match[2]
    return f"{match[1]}**{words}**" if words else match[1]


def _absolute(text: str, base: str, home: str, links: dict[str, None]) -> str:
    """Make links absolute and collect them; images become their alternative text.

    `base` is where the text came from; `home`, the page's own address, is where links within it lead.
    """

    def note(target: str) -> str:
        address = link_target(target, home if target.startswith("#") else base)
        if address.startswith(("http://", "https://")) and not target.startswith("#"):
            links.setdefault(urldefrag(address).url)
        return address

    def link(match: re.Match[str]) -> str:
        label = _LINK.sub(lambda m: m[2], match[2]) if "](" in match[2] else match[2]
        if match[1]:
            return unlinked(label)
        address = note(match[3])
        return f"[{label}]({address})" if address and label.strip() else label

    text = _LINK.sub(link, text)
    for found in _AUTOLINK.findall(text):
        note(found)
    return text


def _blocks(text: str) -> list[Block]:
    """Split text at its headings. Every line that begins with `#` marks and a space is one here."""
    out: list[Block] = []
    lines: list[str] = []
    for line in text.split("\n"):
        match = _HEADING.fullmatch(line)
        if not match or not match[2]:
            lines.append(line)
            continue
        out.append(Block("\n".join(lines)))
        lines = []
        anchor = _HEADING_ID.search(match[2])
        words = heading_words(_HEADING_ID.sub("", match[2]))
        out.append(Block(words, "heading", level=len(match[1]), anchor=anchor[1] if anchor else ""))
    out.append(Block("\n".join(lines)))
    return [block for block in out if block.text.strip()]


def _top(blocks: list[Block], matter: dict[str, str], url: str) -> tuple[str, str, list[Block]]:
    """Take title and description off the top; later headings of level 1 go to level 2."""
    title = matter.get("title", "")
    head = next((b for b in blocks[:2] if b.kind == "heading" and b.level == 1), None)
    if head is not None and (not title or squash(head.text) == squash(title)):
        title = title or head.text
        blocks = [block for block in blocks if block is not head]
    name = urlsplit(url).path.rstrip("/").rsplit("/", 1)[-1].removesuffix(".md").removesuffix(".mdx")
    title = title or next((b.text for b in blocks if b.kind == "heading"), "") or name.replace("-", " ").capitalize()
    for block in blocks:
        if block.kind == "heading":
            block.level = max(2, block.level)
    return (title, *_description(blocks, matter.get("description", "")))


def _description(blocks: list[Block], given: str) -> tuple[str, list[Block]]:
    """The quote right below the title describes the page, unless it is a callout."""
    if not blocks or blocks[0].kind != "text":
        return given, blocks
    match = re.match(r"\s*((?:>[^\n]*(?:\n|$))+)", blocks[0].text)
    quoted = " ".join(line.lstrip("> ").strip() for line in match[1].split("\n")).strip() if match else ""
    if match is None or not quoted or re.match(r"\*\*|\[!", quoted) or "\x00F" in quoted or (given and given != quoted):
        return given, blocks
    return quoted, [Block(blocks[0].text[match.end() :]), *blocks[1:]]


def _finish(text: str, kept: Protected) -> str:
    text = "\n".join(line.rstrip() for line in text.split("\n"))
    text = re.sub("(\x00F\\d+\x00)\n(?=[ \t>]*\x00F)", r"\1\n\n", text)  # a blank line between code blocks
    text = re.sub(r"^((?:[ \t]*>)+)(?:\n\1)+$", r"\1", text, flags=re.MULTILINE)
    return kept.restore(re.sub(r"\n{3,}", "\n\n", text).strip("\n"))


def _canonical(matter: dict[str, str], url: str) -> str | None:
    target = link_target(matter.get("canonical_url") or matter.get("canonical") or matter.get("url", ""), url)
    return target if target.startswith(("http://", "https://")) else None

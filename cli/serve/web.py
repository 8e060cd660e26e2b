"""The web page at /, rendered on the server so that it works without JavaScript, and the files that it needs."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from html import escape
from importlib.resources import files
from typing import Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from cli.serve.render import answer_html, fragment_url, markdown_html, title_path
from cli.serve.service import Answered, Asked, Service
from ingest.core.errors import DocsError
from ingest.core.urls import site_path
from ingest.index.freshness import docs_date
from rag.open import Opened
from rag.records import Citation, Hit
from rag.serialize import heading_path

_FILES: Final = {
    "app.js": "text/javascript",
    "style.css": "text/css",
    "widget.js": "text/javascript",
    "icon.svg": "image/svg+xml",
}
_EXAMPLES: Final = 4
_ASKING: Final = re.compile(r"^(?:how|what|when|where|which|why|who|can|do|does|is|are)\b.*\?$", re.IGNORECASE)
_LONGEST: Final = 70
"""Characters of an example question; longer ones do not fit a telephone's button."""


@dataclass
class Web:
    """The handlers of the page and its files."""

    service: Service

    @cached_property
    def _files(self) -> dict[str, bytes]:
        folder = files("cli.serve") / "page"
        return {name: (folder / name).read_bytes() for name in _FILES}

    @cached_property
    def _template(self) -> str:
        return (files("cli.serve") / "page" / "index.html").read_text(encoding="utf-8")

    async def file(self, request: Request) -> Response:
        """One of the page's files."""
        name = request.path_params["name"]
        if name not in _FILES:
            raise HTTPException(404)
        return Response(self._files[name], media_type=_FILES[name], headers={"cache-control": "max-age=300"})

    async def widget(self, _request: Request) -> Response:
        """GET /widget.js : the script that other sites embed."""
        return Response(
            self._files["widget.js"], media_type="text/javascript", headers={"cache-control": "max-age=300"}
        )

    async def page(self, request: Request) -> Response:
        """GET / : the empty page; GET /?q= : the page with the answer, whole."""
        question = " ".join(request.query_params.get("q", "").split())
        opened = self.service.current()
        status = 200
        if not question:
            content = await self.service.call(partial(self._examples, opened))
        else:
            # A link from another site must not spend the operator's money.
            own = request.headers.get("sec-fetch-site", "none") in ("none", "same-origin")
            try:
                answered = await self.service.answer(Asked(question, self.service.default_options(), may_pay=own))
                content = turn_html(answered)
            except DocsError as error:
                status = 400 if error.code == "usage" else 503
                said = f"{error.message}; {error.hint}" if error.code == "usage" else "The server can't answer now."
                content = f'<p class="note">{escape(said)}</p>'
        return HTMLResponse(self._fill(question, content, opened), status, {"cache-control": "no-store"})

    def _fill(self, question: str, content: str, opened: Opened) -> str:
        manifest = opened.generation.manifest
        date = docs_date(self.service.settings.index, opened.generation)[:10]
        sources = ", ".join(manifest.get("sources", []))
        name = site_name(manifest.get("sources", []))
        values = {
            "title": escape(f"{question} – {name}" if question else f"Ask {name}"),
            "name": escape(name),
            "question": escape(question),
            "content": content,
            "about": escape(
                f"{sources or 'Documentation'}: {manifest['pages']:,} pages{f', as of {date}' if date else ''}"
            ),
        }
        return re.sub(r"\{\{(\w+)\}\}", lambda found: values[found.group(1)], self._template)

    def _examples(self, opened: Opened) -> str:
        """Buttons with example questions: from the operator's file, else from the headings of the docs."""
        asked = self._own_questions() or example_questions(opened)
        items = "".join(f'<li><a href="/?q={_query(one)}">{escape(one)}</a></li>' for one in asked[:_EXAMPLES])
        return f'<section class="examples" aria-label="Example questions"><ul>{items}</ul></section>' if items else ""

    def _own_questions(self) -> list[str]:
        file = self.service.options.questions
        if file is None:
            return []
        try:
            lines = file.read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError):
            return []
        return [line.strip() for line in lines if line.strip()]


def site_name(sources: Sequence[str]) -> str:
    """What the docs are called on the page: the host that they came from."""
    hosts = list(dict.fromkeys(source.partition("://")[2].partition("/")[0] for source in sources if "://" in source))
    return f"the {hosts[0]} docs" if len(hosts) == 1 else "the docs"


def example_questions(opened: Opened) -> list[str]:
    """Headings that are questions, spread over the pages; else the titles of the longest pages as questions."""
    chunks = opened.store.all_chunks()
    asked: dict[str, str] = {}
    for chunk in chunks:
        for heading in chunk.headings:
            if chunk.url not in asked and len(heading) <= _LONGEST and _ASKING.match(heading):
                asked[chunk.url] = heading
    found = list(dict.fromkeys(asked.values()))
    if len(found) < _EXAMPLES:
        sizes: dict[str, int] = {}
        for chunk in chunks:
            sizes[chunk.title] = sizes.get(chunk.title, 0) + len(chunk.text)
        titles = sorted(sizes, key=lambda title: (-sizes[title], title))
        found += [title for title in titles if title not in found and len(title) <= _LONGEST]
    step = max(1, len(found) // _EXAMPLES)
    return found[: step * _EXAMPLES : step]


def turn_html(answered: Answered) -> str:
    """One question with its answer, sources and passages, as the page shows it."""
    answer = answered.answer
    parts = [f'<article class="turn" data-id="{escape(answered.id)}"><h2 class="asked">{escape(answer.question)}</h2>']
    if answered.note:
        parts.append(f'<p class="note">{escape(answered.note)}</p>')
    if answer.answered:
        parts.append(f'<div class="answer">{answer_html(answer.text, answer.citations)}</div>')
        parts += (
            [f'<ul class="unsupported">{"".join(f"<li>{escape(one)}</li>" for one in answer.unsupported)}</ul>']
            if answer.unsupported
            else []
        )
        parts.append(f'<ol class="sources">{"".join(map(source_html, answer.citations))}</ol>')
    else:
        parts.append(f'<p class="refused">{escape(answer.text)}</p>')
        near = list({hit.chunk.url: hit for hit in answer.hits[::-1]}.values())[::-1][:3]
        if near:
            items = "".join(f"<li>{_link(hit.url, heading_path(hit))}</li>" for hit in near)
            parts.append(f"<p>Nearest pages:</p><ul>{items}</ul>")
    passages = "".join(map(passage_html, answer.hits))
    parts.append(f'<details class="passages"><summary>Passages</summary>{passages}</details></article>')
    return "".join(parts)


def source_html(citation: Citation) -> str:
    """A source card: title › section, the quoted words, and the link to the very sentence."""
    link = fragment_url(citation.hit.url, citation.quote)
    path = title_path(citation)
    head = f'<a href="{escape(link)}" rel="noopener noreferrer">{path}</a>' if link else path
    return (
        f'<li id="source-{citation.marker}" value="{citation.marker}"><p class="path">{head}</p>'
        f"<blockquote>{markdown_html(citation.quote)}</blockquote></li>"
    )


def passage_html(hit: Hit) -> str:
    """A passage as `inspect` shows it."""
    return (
        f'<section class="passage"><h3>{_link(hit.url, heading_path(hit))} <small>{hit.score:.3f}</small></h3>'
        f"{markdown_html(hit.chunk.text)}</section>"
    )


def _link(url: str, text: str) -> str:
    if not url.startswith(("http://", "https://")):
        return f"{escape(text)} <small>{escape(site_path(url))}</small>"
    return f'<a href="{escape(url)}" rel="noopener noreferrer">{escape(text)}</a>'


def _query(text: str) -> str:
    from urllib.parse import quote_plus

    return escape(quote_plus(text))

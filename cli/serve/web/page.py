"""The web page at /, rendered on the server so that it works without JavaScript, and the files that it needs."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from html import escape
from importlib.resources import files
from typing import Final
from urllib.parse import quote_plus, urlsplit

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from cli.serve.answerer import Answered, Asked
from cli.serve.options import is_loopback
from cli.serve.service import Service
from cli.serve.web.turn import turn_html
from ingest.core.database_url import IndexAddress
from ingest.core.errors import DocsError
from ingest.index.freshness import docs_date
from rag.open import Opened

FILES: Final = {
    "app.js": "text/javascript",
    "answer.js": "text/javascript",
    "answer.css": "text/css",
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
    _found: tuple[str, list[str]] = field(default_factory=lambda: ("", []))

    @cached_property
    def _files(self) -> dict[str, bytes]:
        folder = files("cli.serve.web") / "static"
        return {name: (folder / name).read_bytes() for name in FILES}

    @cached_property
    def _template(self) -> str:
        return (files("cli.serve.web") / "static" / "index.html").read_text(encoding="utf-8")

    async def file(self, request: Request) -> Response:
        """One of the page's files."""
        name = request.path_params["name"]
        if name not in FILES:
            raise HTTPException(404)
        return Response(self._files[name], media_type=FILES[name], headers={"cache-control": "max-age=300"})

    async def widget(self, _request: Request) -> Response:
        """GET /widget.js : the script that other sites embed."""
        return Response(
            self._files["widget.js"], media_type="text/javascript", headers={"cache-control": "max-age=300"}
        )

    async def page(self, request: Request) -> Response:
        """GET / : the empty page; GET /?q= : the page with the answer, whole."""
        question = " ".join(request.query_params.get("q", "").split())
        status = 200
        about = page_facts(self.service.current(), self.service.settings.index)
        if not question:
            content = await self._welcome()
        else:
            # A link from another site must not spend the operator's money.
            own = request.headers.get("sec-fetch-site", "none") in ("none", "same-origin")
            try:
                asked = Asked(question, self.service.default_options(), may_pay=own)
                content, about = await self.service.answer(asked, partial(_turn, index=self.service.settings.index))
            except DocsError as error:
                status = 400 if error.code == "usage" else 503
                said = f"{error.message}; {error.hint}" if error.code == "usage" else "The server can't answer now."
                content = f'<p class="note">{escape(said)}</p>'
        return HTMLResponse(self._fill(question, content, about), status, {"cache-control": "no-cache"})

    def _fill(self, question: str, content: str, about: "PageFacts") -> str:
        values = {
            "title": escape(f"{question} – {about.name}" if question else f"Ask {about.name}"),
            "name": escape(about.name),
            "question": escape(question),
            "content": content,
            "about": escape(about.text),
        }
        return re.sub(r"\{\{(\w+)\}\}", lambda found: values[found.group(1)], self._template)

    async def _welcome(self) -> str:
        """What an empty page says: how it answers, and example questions of the operator's file or of the docs."""
        way = (
            "written from the docs and checked sentence by sentence"
            if self.service.has_model
            else "quoted from the docs"
        )
        asked = self._own_questions() or await self._questions_of_docs()
        items = "".join(f'<li><a href="/?q={_query(one)}">{escape(one)}</a></li>' for one in asked[:_EXAMPLES])
        examples = (
            f'<section class="examples" aria-label="Example questions"><ul>{items}</ul></section>' if items else ""
        )
        text = f"Answers are {way}; each citation opens its page at the quoted words."
        return f'<div class="welcome"><p>{text}</p>{examples}</div>'

    async def _questions_of_docs(self) -> list[str]:
        """Example questions of the current generation, found once: all headings are read."""
        name = self.service.current().generation.name
        if self._found[0] != name:
            self._found = (name, await self.service.read(example_questions))
        return self._found[1]

    def _own_questions(self) -> list[str]:
        file = self.service.options.questions
        if file is None:
            return []
        try:
            lines = file.read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError):
            return []
        return [line.strip() for line in lines if line.strip()]


@dataclass(frozen=True, slots=True)
class PageFacts:
    """What the page calls the docs, and its line on their pages and date."""

    name: str
    text: str


def page_facts(opened: Opened, index: IndexAddress) -> PageFacts:
    """What the page says about a generation."""
    manifest = opened.generation.manifest
    date = docs_date(index, opened.generation)[:10]
    shown = [source for source in manifest.get("sources", []) if not is_loopback(urlsplit(source).hostname or "")]
    sources = ", ".join(source.partition("://")[2] or source for source in shown)
    text = f"{sources or 'Documentation'}: {manifest['pages']:,} pages{f', as of {date}' if date else ''}"
    return PageFacts(site_name(manifest.get("sources", [])), text)


def _turn(answered: Answered, index: IndexAddress) -> tuple[str, PageFacts]:
    return turn_html(answered), page_facts(answered.opened, index)


def site_name(sources: Sequence[str]) -> str:
    """What the docs are called on the page: the host that they came from."""
    hosts = {urlsplit(source).hostname or "" for source in sources if "://" in source}
    host = hosts.pop() if len(hosts) == 1 else ""
    return f"the {host} docs" if host and not is_loopback(host) else "the docs"


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


def _query(text: str) -> str:
    return escape(quote_plus(text))

"""One question with its answer, sources and passages as the web page shows them. Reads nothing but what it is given."""

from dataclasses import dataclass, field
from html import escape

from cli.serve.answerer import Answered
from cli.serve.events import Shown
from cli.serve.web.fragments import fragment_url
from cli.serve.web.render import answer_html, safe_html
from ingest.core.urls import site_path
from rag.generate.excerpts.emphasis import decisive_words
from rag.records import Answer, Citation, Hit
from rag.serialize import heading_path

_NEAREST = 3


@dataclass(slots=True)
class PartialTurn:
    """An answer as far as it was checked. Its source cards have the same ids as those of the whole turn."""

    id: str
    _marked: list[str] = field(default_factory=list)
    _citations: list[Citation] = field(default_factory=list)

    @property
    def prefix(self) -> str:
        """What the ids of source cards begin with."""
        return card_prefix(self.id)

    def add(self, step: Shown) -> str:
        """Add a piece. Returns the answer so far as HTML, with a chip for each citation so far."""
        self._marked.append(step.piece.shown)
        self._citations += step.piece.citations
        words = words_to_mark(step.answered) if step.answered else frozenset[str]()
        return answer_html("".join(self._marked), self._citations, words, self.prefix)


def card_prefix(answer_id: str) -> str:
    """What the ids of an answer's source cards begin with; many answers fit on a page."""
    return f"s{answer_id}"


def turn_html(answered: Answered) -> str:
    """The whole turn as one `article`.

    Its data attributes are for the page's script: the text to copy, and whether votes are kept.
    """
    answer, prefix = answered.answer, card_prefix(answered.id)
    votes = " data-votes" if answered.takes_votes else ""
    parts = [
        f'<article class="turn" id="{escape(answered.id)}" data-markdown="{escape(turn_markdown(answer))}"{votes}>',
        f'<h2 class="asked">{escape(answer.question)}</h2>',
        f'<p class="note">{escape(answered.note)}</p>' if answered.note else "",
    ]
    if answer.answered or answer.citations:
        html = answer_html(answered.marked, answer.citations, words_to_mark(answered), prefix)
        parts += [f'<p class="how">{_how(answered)}</p>', f'<div class="answer">{html}</div>', _unmarked(answer)]
    if not answer.answered:
        parts.append(_refusal_html(answered))
    parts.append(f"{_evidence_html(answer, prefix)}</article>")
    return "".join(parts)


def turn_markdown(answer: Answer) -> str:
    """Question, answer and numbered sources as markdown, for pasting into a chat or an issue."""
    notes = []
    for citation in answer.citations:
        title = heading_path(citation.hit).replace('"', "'")
        notes.append(f'[{citation.marker}]: {citation.hit.url} "{title}"')
    return "\n\n".join(part for part in (f"## {answer.question}", answer.text, "\n".join(notes)) if part) + "\n"


def words_to_mark(answered: Answered) -> frozenset[str]:
    """The words of the question that are marked in an answer of excerpts. A model's words are its own."""
    if not answered.answer.excerpts:
        return frozenset()
    return decisive_words(answered.answer.question, answered.opened.assistant.retriever.idf)


def _how(answered: Answered) -> str:
    """Where the words come from, and as of when."""
    answer, date = answered.answer, answered.opened.assistant.docs_date
    completion = answer.completion
    written = answer.mode == "openrouter" and answer.answered
    how = (
        f"Written by {(completion and completion.model) or 'a model'} from the docs"
        if written
        else "Quoted from the docs"
    )
    return escape(f"{how}{f' as of {date}' if date else ''}{'' if answer.complete else ' – incomplete'}")


def _unmarked(answer: Answer) -> str:
    """Sentences without support that were left out: the others are marked where they are."""
    if not answer.dropped:
        return ""
    items = "".join(f"<li>{escape(one)}</li>" for one in answer.unsupported)
    return f'<p class="note">Left out, because no passage supports it:</p><ul class="unsupported">{items}</ul>'


def _refusal_html(answered: Answered) -> str:
    answer = answered.answer
    text = "" if answer.citations else f'<p class="refused">{escape(answer.text)}</p>'
    near = list({hit.chunk.url: hit for hit in answer.hits[::-1]}.values())[::-1][:_NEAREST]
    if not near:
        return text
    items = "".join(f"<li>{link_html(hit.url, heading_path(hit))}</li>" for hit in near)
    return f'{text}<h3>Pages that come closest</h3><ul class="nearest">{items}</ul>'


def _evidence_html(answer: Answer, prefix: str) -> str:
    """Source cards and passages. A screen reader does not read them out by itself, only the answer."""
    cards = "".join(source_html(citation, prefix) for citation in answer.citations)
    sources = f'<h3>Sources</h3><ol class="sources">{cards}</ol>' if cards else ""
    return f'<section class="evidence" aria-live="off">{sources}{_passages_html(answer)}</section>'


def _passages_html(answer: Answer) -> str:
    """All passages that were found, behind a toggle."""
    if not answer.hits:
        return ""
    count = f"{len(answer.hits)} passage{'s' if len(answer.hits) != 1 else ''}"
    passages = "".join(map(passage_html, answer.hits))
    return f'<details class="passages"><summary>{count} found, best first</summary>{passages}</details>'


def source_html(citation: Citation, prefix: str) -> str:
    """A source card: title › section as a link to the very sentence, and the quoted words."""
    number = citation.marker
    url = fragment_url(citation.hit.url, citation.quote) or citation.hit.url
    return (
        f'<li id="{prefix}-{number}" data-marker="{number}" value="{number}" tabindex="-1">'
        f'<p class="path">{link_html(url, heading_path(citation.hit))}</p>'
        f"<blockquote>{safe_html(citation.quote, links=False)}</blockquote></li>"
    )


def passage_html(hit: Hit) -> str:
    """A passage as `inspect` shows it."""
    score = f'<small title="score">{hit.score:.3f}</small>'
    head = f"<h3>{link_html(hit.url, heading_path(hit))} {score}</h3>"
    return f'<section class="passage">{head}{safe_html(hit.chunk.text)}</section>'


def link_html(url: str, text: str) -> str:
    """A link to a page of the web; the path of any other page."""
    if not url.startswith(("http://", "https://")):
        return f"{escape(text)} <small>{escape(site_path(url))}</small>"
    return f'<a href="{escape(url)}" rel="noopener noreferrer">{escape(text)}</a>'

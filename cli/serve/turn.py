"""One question with its answer, sources and passages as the web page shows them. Reads nothing but what it is given."""

from html import escape

from cli.serve.render import answer_html, fragment_url, safe_html
from cli.serve.service import Answered
from ingest.core.urls import site_path
from rag.generate.emphasis import decisive_words
from rag.records import Answer, Citation, Hit
from rag.serialize import heading_path

_NEAREST = 3


def turn_html(answered: Answered) -> str:
    """The whole turn as one `article`; the ids in it are its own, so that many fit on a page."""
    answer, prefix = answered.answer, f"s{answered.id}"
    parts = [
        f'<article class="turn" id="{escape(answered.id)}"><h2 class="asked">{escape(answer.question)}</h2>',
        f'<p class="note">{escape(answered.note)}</p>' if answered.note else "",
    ]
    if answer.answered or answer.citations:
        html = answer_html(answered.marked, answer.citations, words_to_mark(answered), prefix)
        parts += [f'<p class="how">{_how(answered)}</p>', f'<div class="answer">{html}</div>', _unmarked(answer)]
    if not answer.answered:
        parts.append(_refusal_html(answered))
    if answer.citations:
        cards = "".join(source_html(citation, prefix) for citation in answer.citations)
        parts.append(f'<h3>{"Sources" if len(answer.citations) > 1 else "Source"}</h3><ol class="sources">{cards}</ol>')
    count = f"{len(answer.hits)} passage{'s' if len(answer.hits) != 1 else ''}"
    passages = "".join(map(passage_html, answer.hits))
    parts.append(
        f'<details class="passages"><summary>{count} found, best first</summary>{passages}</details></article>'
    )
    return "".join(parts)


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
    return f'{text}<h3>Nearest pages</h3><ul class="nearest">{items}</ul>'


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

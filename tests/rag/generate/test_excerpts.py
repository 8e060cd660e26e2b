import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from ingest.chunk import chunk_document
from ingest.core.records import Chunk, Document
from ingest.embed.minilm import MiniLm
from ingest.index.bm25 import build_bm25
from ingest.index.folder.database import Store
from ingest.text.markdown import LIST_ITEM, blocks_of
from ingest.text.sentences import runs, sentences
from rag.generate.excerpts.choose import answer_from_excerpts
from rag.generate.excerpts.emphasis import decisive_words, emphasized
from rag.generate.excerpts.text import marked_text
from rag.records import Citation, Hit, Retrieved
from rag.retrieve.search import Retriever
from tests.conftest import CommandLine
from tests.ingest.made import document

QUESTIONS = Path(__file__).parents[3] / "eval" / "questions" / "starter.jsonl"


def borders(body: str) -> tuple[set[int], set[int]]:
    """Where the blocks, sentences, items and rows of a page begin and end."""
    starts, ends = set(), set()
    for block in blocks_of(body):
        places = [(block.start, block.end), *((line.start, line.end) for line in block.lines if block.kind == "table")]
        if block.kind == "text":
            text = body[block.start : block.end]
            places += [*runs(text, block.start), *sentences(text, block.start)]
        starts |= {start for start, _ in places}
        ends |= {end for _, end in places}
    return starts, ends


@pytest.mark.parametrize("line", QUESTIONS.read_text(encoding="utf-8").splitlines())
def test_every_excerpt_is_verbatim_and_begins_and_ends_at_a_border(
    retriever: Retriever, store: Store, line: str
) -> None:
    question = json.loads(line)["question"]
    pages = {page.document.url: page.document for page in store.pages()}
    texts, citations = answer_from_excerpts(retriever.search(question, 8), retriever)
    assert [citation.marker for citation in citations] == list(range(1, len(texts) + 1))
    assert 1 <= len(citations) <= 3
    for citation, text in zip(citations, texts, strict=True):
        body = pages[citation.hit.chunk.url].body
        starts, ends = borders(body)
        assert body[citation.start : citation.end] == citation.quote
        assert (citation.start in starts, citation.end in ends) == (True, True)
        chunk = citation.hit.chunk
        assert citation.start < chunk.end
        assert citation.end > chunk.start
        words = re.findall(r"\w+", citation.quote)
        assert all(word in words for word in re.findall(r"\w+", text)), "all that is shown is quoted"
    shown = [sentence for text in texts for sentence in text.split("\n") if len(sentence.split()) > 5]
    assert len(set(shown)) == len(shown), "nothing is shown twice"
    markers = re.findall(r"(?m)\[(\d)\]$", marked_text(texts))
    assert markers == [str(citation.marker) for citation in citations], "one marker for each excerpt"


@dataclass(frozen=True)
class OnePage:
    """A page and its chunks, as an index gives them."""

    page: Document
    chunks: Sequence[Chunk]

    def idf(self, term: str) -> float:
        return build_bm25([chunk.text for chunk in self.chunks]).idf_of(term)

    def mentions(self, _retrieved: Retrieved, _text: str) -> list[Hit]:
        return [Hit(rank, 1.0, 1.0, 1.0, chunk) for rank, chunk in enumerate(self.chunks, 1)]

    def token_matches(self, _: Retrieved, hits: Sequence[Hit]) -> list[None]:
        return [None] * len(hits)

    def neighbours(self, hits: Sequence[Hit]) -> list[tuple[Chunk, ...]]:
        return [tuple(chunk for chunk in self.chunks if chunk.headings == hit.chunk.headings) for hit in hits]

    def next_section(self, hit: Hit) -> Hit | None:
        after = next((chunk for chunk in self.chunks if chunk.start >= hit.chunk.end), None)
        return None if after is None else replace(hit, row=hit.row + 1, chunk=after)

    def pages(self, urls: Iterable[str]) -> dict[str, Document]:
        return dict.fromkeys(urls, self.page)


def quote(page: str | Document, question: str) -> tuple[tuple[str, ...], tuple[Citation, ...]]:
    """The excerpts of one page whose chunks were all found, in page order."""
    whole = page if isinstance(page, Document) else document(page)
    model = MiniLm()
    chunks = chunk_document(whole, model.count, model.max_tokens)
    hits = tuple(Hit(rank, 1.0, 1.0, 1.0, chunk) for rank, chunk in enumerate(chunks, 1))
    return answer_from_excerpts(Retrieved(question, hits, 1.0), OnePage(whole, chunks))


def excerpt(page: str, question: str) -> str:
    return "\n---\n".join(quote(page, question)[0])


STEPS = """## Set up

To set up the sensor:

1. Connect the cable.
2. Press the button for two seconds.

   The light turns green.
3. Wait.

## Refunds

Unused credits are paid back.
"""


def test_a_list_is_shown_with_the_sentence_that_leads_it_in_and_its_numbers() -> None:
    texts, (citation, *_) = quote(STEPS, "How do I set up the sensor?")
    assert texts[0].startswith("To set up the sensor:\n1. Connect the cable.\n2. Press the button for two seconds.\n")
    assert texts[0].endswith("The light turns green.\n3. Wait.")
    assert citation.quote.startswith("To set up the sensor:")
    assert citation.quote.endswith("3. Wait.")


def table(rows: int) -> str:
    lines = [
        f"| `E{number}` | The reading number {number} of the probe is out of its range |" for number in range(rows)
    ]
    return "\n".join(["## Codes", "", "| Code | Meaning |", "| --- | --- |", *lines, ""])


def test_of_a_long_table_the_head_and_the_rows_that_matter_are_shown() -> None:
    page = table(30).replace("The reading number 17 of the probe is out of its range", "The battery is empty")
    texts, (citation, *_) = quote(page, "Which code means that the battery is empty?")
    lines = texts[0].split("\n")
    assert lines[:3] == ["| Code | Meaning |", "| --- | --- |", "| … |"]
    assert lines[3] == "| `E17` | The battery is empty |"
    assert "E16" not in texts[0]
    assert citation.quote.startswith("| Code | Meaning |\n| --- | --- |\n| `E0` |")
    assert citation.quote.endswith("| `E17` | The battery is empty |")


def test_a_short_table_is_shown_whole() -> None:
    assert excerpt(table(3), "What does E1 mean?").count("\n") == 4


CODE = """## Streaming

Tokens can be sent as they are made. Set the flag to stream a response:

```python
client.run(stream=True)
```

## Limits

The limit of streams is 5.
"""


def test_code_is_whole_and_for_those_who_want_it() -> None:
    assert "```python\nclient.run(stream=True)\n```" in excerpt(CODE, "Show a code example of streaming")
    assert "```" not in excerpt(CODE, "Are tokens sent as they are made?")


def test_code_that_is_too_long_for_the_chunks_around_a_hit_is_not_cut() -> None:
    lines = [f"client.call_number_{number}(option=True, other=None)  # of the client" for number in range(120)]
    page = "## Client\n\nThe client is used like this.\n\n```python\n" + "\n".join(lines) + "\n```\n"
    whole = document(page)
    chunks = chunk_document(whole, MiniLm().count, 254)
    for at, chunk in enumerate(chunks):
        near = OnePage(whole, chunks[max(0, at - 1) : at + 2])
        hits = (Hit(1, 1.0, 1.0, 1.0, chunk),)
        texts, _ = answer_from_excerpts(Retrieved("Show a code example of the client", hits, 1.0), near)
        assert all(text == "The client is used like this." for text in texts)


@pytest.mark.parametrize(
    "code", ["__init__", "**kwargs", "argv[1]", "a | b", "[text](url)", "**/*.md", "_HERON_DEBUG_=1", "x[1]"]
)
def test_inline_code_is_literal_in_prose_tables_and_lists(code: str) -> None:
    cell = code.replace("|", "\\|")
    page = (
        f"## Names\n\nThe **special** name is `{code}` in _every_ [file](http://h.org/x).\n\n"
        f"- The item is `{code}`.\n\n| Name | Use |\n| --- | --- |\n| `{cell}` | a **table** |\n"
    )
    text = excerpt(page, "What is the special name?")
    assert f"The special name is `{code}` in every file." in text
    assert f"- The item is `{code}`." in text
    assert f"| `{cell}` | a table |" in text


def test_a_page_cannot_forge_a_marker() -> None:
    text = excerpt("## Marks\n\nThe mark of the river is blue [2]. Read `row[2]`.\n", "What is the mark of the river?")
    assert "blue (2)" in text
    assert "`row[2]`" in text


def test_a_description_answers_only_where_there_is_nothing_else() -> None:
    body = "# Rivers\n\nAll about rivers and their lengths.\n\nThe longest river is the Nile.\n"
    page = Document("https://h.org/rivers", "Rivers", "All about rivers and their lengths.", body)
    assert quote(page, "How long are rivers and their lengths?")[0] == ("The longest river is the Nile.",)
    bare = Document(page.url, page.title, page.description, body.rsplit("\n\n", 1)[0] + "\n")
    assert quote(bare, "What are rivers?")[0] == ("All about rivers and their lengths.",)


def test_alternative_texts_of_pictures_answer_nothing() -> None:
    page = "## Preferences\n\n![The Preferences dialog](http://h.org/a.png)\n\nOpen the dialog with the menu.\n"
    assert excerpt(page, "Where is the Preferences dialog?") == "Open the dialog with the menu."


def test_no_excerpt_begins_with_a_pronoun_that_refers_to_nothing() -> None:
    page = (
        "## Cache\n\nThe proxy keeps replies in a cache. It is emptied when the disk quota of the account is reached.\n"
    )
    assert excerpt(page, "When is the disk quota reached?").startswith("The proxy keeps replies in a cache. It is")


def test_what_defines_beats_what_tells_what_to_do() -> None:
    page = (
        "## Errors\n\n- To mend error 402, add credits to the account of your organisation.\n"
        "\nSome more words about errors are here.\n\nError 402 means that the credits are used up.\n"
    )
    assert "Error 402 means that the credits are used up." in excerpt(page, "What does error 402 mean?")


DEFINITIONS = """# Tide tables

## Requests

When `slw` is set to `true`, the station must keep a slack water window. SLW is enabled by default. SLW has limits.

```bash
curl -X GET https://tides.example/slw
```

## Windows

The station reports a Slack Water Window (SLW). That is a useful thing to have. Old stations lack it.

## Gauges

A gauge that floats is called a buoy gauge. A gauge lets you read the level from the shore.

## Answers of the server

- `417`: The station is asleep. Wake it and try again.
- `418`: The station is a teapot.

## Drift

Use it with care, as the `drift` of old buoys is large.
"""


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("what is SLW", "The station reports a Slack Water Window (SLW). That is a useful thing to have. Old stations"),
        ("What is a buoy gauge?", "A gauge that floats is called a buoy gauge."),
        ("what does a gauge do", "A gauge lets you read the level from the shore."),
        ("What does error 417 mean?", "- `417`: The station is asleep. Wake it and try again."),
        ("define drift", "Use it with care, as the `drift` of old buoys is large."),
    ],
)
def test_a_question_for_a_definition_gets_the_piece_that_defines_and_nothing_else(question: str, answer: str) -> None:
    texts, (citation,) = quote(DEFINITIONS, question)
    assert len(texts) == 1
    assert texts[0].startswith(answer)
    assert "curl" not in texts[0]
    assert citation.quote in DEFINITIONS


@pytest.mark.parametrize(
    "question", ["What is the limit of SLW?", "what is the difference between SLW and drift", "what are the gauges"]
)
def test_a_question_for_a_value_or_a_list_is_not_one_for_a_definition(question: str) -> None:
    assert "Slack Water Window" not in excerpt(DEFINITIONS, question).split("---")[0]


def test_the_list_that_a_definition_leads_in_belongs_to_it() -> None:
    page = (
        "## Locks\n\nSome locks are old.\n\nA fair lock is a lock that:\n\n- serves in order\n- never starves a boat\n"
    )
    assert (
        excerpt(page, "What is a fair lock?")
        == "A fair lock is a lock that:\n- serves in order\n- never starves a boat"
    )


def test_code_in_another_language_than_the_question_names_is_not_shown() -> None:
    page = "## Client\n\nCall the client.\n\n```go\nclient.Call()\n```\n\n```python\nclient.call()\n```\n"
    assert "client.call()" in excerpt(page, "python example of the client")
    assert "client.Call()" not in excerpt(page, "python example of the client")


def test_code_that_no_sentence_explains_is_no_answer_unless_it_is_asked_for() -> None:
    page = "## Boats\n\n```bash\ncurl https://boats.example/colour\n```\n\nThe colour of boats is red.\n"
    assert excerpt(page, "Which colour have boats?") == "The colour of boats is red."


def test_a_section_that_the_docs_call_deprecated_comes_last() -> None:
    page = "## Paint (deprecated)\n\nPaint boats with tar.\n\n## Colours\n\nPaint boats with oil.\n"
    assert excerpt(page, "With what are boats painted?").startswith("Paint boats with oil.")
    assert excerpt(page, "What was the deprecated way to paint boats?").startswith("Paint boats with tar.")


def test_a_second_excerpt_adds_something() -> None:
    page = "## Cats\n\nA cat sleeps for 15 hours a day.\n\n## Dogs\n\nA dog sleeps for 12 hours a day.\n"
    texts = quote(page, "How long does a cat sleep, and how long does a dog sleep?")[0]
    assert texts == ("A cat sleeps for 15 hours a day.", "A dog sleeps for 12 hours a day.")
    same = "## Cats\n\nA cat sleeps for 15 hours a day.\n\n## Pets\n\nA cat sleeps for 15 hours each day.\n"
    assert quote(same, "How long does a cat sleep?")[0] == ("A cat sleeps for 15 hours a day.",)


def test_without_passages_there_is_no_answer() -> None:
    assert answer_from_excerpts(Retrieved("What?", (), 0.0), OnePage(document(""), ())) == ((), ())


def bold(question: str, text: str) -> Iterator[str]:
    yield from re.findall(r"\*\*(.+?)\*\*", emphasized(text, decisive_words(question, lambda _: 1.0)))


def test_the_words_of_the_question_are_emphasised_outside_code() -> None:
    text = "Rate limits are per key: `rate limit`.\n\n```\nrate\n```"
    assert list(bold("What is the rate limit?", text)) == ["Rate limits"]


def test_an_item_keeps_its_marker() -> None:
    assert LIST_ITEM.match(excerpt("## Fruit\n\n- An apple is red.\n- A pear is green.\n", "What is an apple?"))


@pytest.mark.parametrize("question", ["How do I bake sourdough bread?", "Who won the world cup in 1998?"])
def test_a_question_off_topic_is_refused_with_the_nearest_pages(starter: CommandLine, question: str) -> None:
    refused = starter("ask", "--no-llm", question)
    assert refused.status == 3
    assert refused.out.startswith("The docs do not answer this question.\n\nNearest pages:\n")
    assert "https://openrouter.ai/docs/" in refused.out


LINKS = """# Pumps

## Set a spare pump

- [Set a spare pump for the garden](/docs/garden)
- [Set a spare pump for the roof](/docs/roof)

## Levers

Turn the red lever to name the spare pump, which starts when the first one fails.

## Colours

The blue lever opens the drain, and the green lever closes the vents of the house.
"""


def test_next_to_prose_those_rows_of_a_table_are_shown_that_matter_and_fit() -> None:
    said = (
        "The probe score of a model is a number, and the router maps the probe score to one of the tiers of the docs. "
    )
    page = f"## The probe score\n\n{said * 2}\n\n{table(6)[10:]}".replace(
        "The reading number 4 of the probe is out of its range", "The probe score of the medium tier is 33 to 66"
    )
    shown = excerpt(page, "Which probe score means the medium tier?")
    assert "| `E4` | The probe score of the medium tier is 33 to 66 |" in shown


def test_code_after_few_words_is_shown_with_them() -> None:
    page = "## Port in use\n\nIf the port is taken, choose one:\n\n```sh\nPORT=9 probe\n```\n"
    assert "PORT=9" in excerpt(page, "the port is taken error")
    page = "## Drain\n\nWait for the drain of the probe.\n\n```js\nprobe.drain();\n```\n"
    assert excerpt(page, "probe drain").endswith("probe.drain();\n```")


DESCRIBED = """List spare sensors in `spares` so that a reading survives when the first sensor fails.

## How it works

`spares` is an array of names, most wanted first.

```json
{"spares": ["north", "south"]}
```

## Costs

You pay for the sensor that measured. A failed sensor costs nothing.
"""


def test_where_the_description_of_a_page_fits_best_its_first_section_answers() -> None:
    """The section has the substance, but none of the words that the search goes by."""
    page = replace(
        document(DESCRIBED),
        title="Spare sensors",
        description="List spare sensors in `spares` so that a reading survives when the first sensor fails.",
    )
    model = MiniLm()
    chunks = chunk_document(page, model.count, model.max_tokens)
    hits = tuple(
        Hit(rank, score, 1.0, 1.0, chunk)
        for rank, (score, chunk) in enumerate([(1.0, chunks[0]), (0.6, chunks[-1])], 1)
    )
    texts, _ = answer_from_excerpts(
        Retrieved("How do I list spare sensors for when the first sensor fails?", hits, 1.0), OnePage(page, chunks)
    )
    assert texts[0].startswith("`spares` is an array of names, most wanted first.")
    assert '{"spares": ["north", "south"]}' in texts[0]


def test_a_question_that_asks_two_things_gets_an_excerpt_for_each() -> None:
    page = document(
        "## Battery\n\nThe battery of the sensor lasts two years in the cold.\n\n"
        "## Battery care\n\nKeep the battery of the sensor dry. The battery of the sensor likes the shade.\n\n"
        "## Colour\n\nThe case is grey.\n"
    )
    model = MiniLm()
    chunks = chunk_document(page, model.count, model.max_tokens)
    by_heading = {chunk.headings[-1]: chunk for chunk in chunks}

    def found(question: str, *headings: str) -> Retrieved:
        hits = (Hit(rank, 1.0, 1.0, 1.0, by_heading[heading]) for rank, heading in enumerate(headings, 1))
        return Retrieved(question, tuple(hits), 1.0)

    first, second = "How long does the battery of the sensor last", "what is the colour of its case"
    whole = found(f"{first}, and {second}?", "Battery", "Battery care")
    halves = [found(first, "Battery", "Battery care"), found(second, "Colour")]
    texts, _ = answer_from_excerpts(whole, OnePage(page, chunks), halves)
    assert texts == ("The battery of the sensor lasts two years in the cold.", "The case is grey.")
    texts, _ = answer_from_excerpts(whole, OnePage(page, chunks))
    assert "grey" not in " ".join(texts)


@pytest.mark.parametrize(
    "said",
    [
        "Later, in the Advanced Guide, you will see how to calibrate the sensor.",
        "In this section we'll see how to calibrate the sensor.",
        "You have already seen how to calibrate the sensor.",
        "This page explains how to calibrate the sensor.",
        "- How to calibrate the sensor\n- Why calibrate the sensor at all",
        "*A page about how to calibrate the sensor.*",
    ],
)
def test_what_a_page_says_of_itself_is_no_answer(said: str) -> None:
    page = f"## Calibrate\n\n{said}\n\nTurn the wheel of the sensor to zero.\n"
    assert excerpt(page, "How do I calibrate the sensor?") == "Turn the wheel of the sensor to zero."


def test_a_question_how_to_gets_what_to_do() -> None:
    page = (
        "## Alarm\n\nThe alarm of the sensor is loud, because an alarm that nobody hears is useless.\n\n"
        "Set `alarm` to `off`.\n"
    )
    assert "Set `alarm` to `off`." in excerpt(page, "How can I turn off the alarm of the sensor?")


FILES = """## Form

Clicking the button moves the focus:

```jsx
function Form() { return <input ref={field} /> }
```

```jsx
export const field = makeField();
```

```css
input { margin: 5px; }
```
"""


def test_of_blocks_of_code_in_a_row_one_is_shown_and_style_sheets_are_for_questions_of_style() -> None:
    shown = excerpt(FILES, "How do I move the focus to an input?")
    assert "function Form()" in shown
    assert "makeField" not in shown
    assert "margin" not in shown
    assert "margin" in excerpt(FILES.replace("Clicking the button moves the focus:", ""), "css margin of the input")


def test_an_excerpt_does_not_end_with_what_leads_in_code_that_is_not_shown() -> None:
    step = "1. Move the rows of the sensor into an array:\n\n```js\nlet rows = [];\n```"
    page = f"## Rows\n\nThe sensor draws rows.\n\n{step}\n"
    shown = excerpt(page, "Where are the rows of the sensor?")
    assert shown.endswith(("```", "The sensor draws rows."))


def test_a_list_of_links_alone_answers_nothing_where_a_sentence_does(askdocs: CommandLine) -> None:
    (askdocs.cwd / "docs").mkdir()
    (askdocs.cwd / "docs" / "pumps.md").write_text(LINKS, encoding="utf-8")
    told = askdocs("ask", "How do I set a spare pump?", "--no-llm", "--docs", "docs", "--json").json
    assert told["citations"][0]["quote"].startswith("Turn the red lever to name the spare pump")
    assert "for the garden" not in told["citations"][0]["quote"]
    bare = LINKS.partition("## Levers")[0]
    (askdocs.cwd / "other").mkdir()
    (askdocs.cwd / "other" / "pumps.md").write_text(bare, encoding="utf-8")
    alone = askdocs("ask", "How do I set a spare pump?", "--no-llm", "--docs", "other", "--json").json
    assert "for the garden" in alone["answer"], "links are better than nothing"


def test_code_before_a_sentence_is_shown_only_with_a_name_of_the_sentence() -> None:
    sentence = "To exclude a link from the build, add the `skip-build` attribute to that element of the page.\n"
    page = "## Links\n\n```html\n<link href=/a.css>\n<link href=/b.css>\n```\n\n" + sentence
    question = "How do I exclude a link from the build?"
    assert excerpt(page, question) == sentence.strip()
    assert "<link skip-build" in excerpt(page.replace("<link href=/b", "<link skip-build href=/b"), question)


def test_a_short_statement_is_shown_with_the_code_that_uses_its_names() -> None:
    page = (
        "## Streams\n\nReturn events with `response=EventStream` in the route.\n\n"
        "Import `EventStream` from `web.events`:\n\n```python\nfrom web.events import EventStream\n"
        + "".join(f"step_{number}()\n" for number in range(20))
        + "```\n"
    )
    assert "from web.events import EventStream" in excerpt(page, "Which response do I use for events?")
    assert "import" not in excerpt(page.replace("EventStream\n", "Other\n"), "Which route do events take?")


def test_the_signature_above_a_short_description_is_shown_to_those_who_ask_for_its_name() -> None:
    page = "## Queues\n\n```python\nawait queue.drain()\n```\n\nWait until nothing is left to do.\n"
    assert excerpt(page, "queue drain") == "```python\nawait queue.drain()\n```\n\nWait until nothing is left to do."


def test_nested_items_are_shown_below_the_item_that_they_belong_to() -> None:
    rest = "".join(f"- Type {number}:\n  - Shown as text like the others of this list.\n" for number in range(12))
    page = f"## Types\n\nThese types are known:\n\n{rest}- `timedelta`:\n  - Shown as a number of seconds.\n"
    assert excerpt(page, "How is a timedelta shown, as seconds?") == (
        "These types are known:\n…\n- `timedelta`:\n  - Shown as a number of seconds."
    )


def test_of_a_long_table_a_row_without_what_is_asked_for_is_left_out() -> None:
    row = "| `{}` | 429 | The request was not served, since the providers of the model {} | Wait, then retry it |\n"
    rows = "".join(row.format(f"code_{number}", "returned an error at that time") for number in range(9))
    page = f"## Errors\n\n| Code | HTTP | Meaning | Action |\n|---|---|---|---|\n{rows}" + row.format(
        "all_busy", "have no capacity left"
    )
    shown = excerpt(page, "What should a client do when the code is all_busy?")
    assert "`all_busy`" in shown
    assert "code_" not in shown


def test_an_excerpt_goes_on_beyond_the_chunk_that_was_found() -> None:
    page = document("## Kits\n\nChoose the large kit when you need sails and oars.\n\n> A small kit is lighter.\n")
    whole = chunk_document(page, len, 1000)[0]
    at = whole.text.index("> A small")
    first = replace(whole, text=whole.text[:at], end=whole.start + at)
    second = replace(whole, id="other", text=whole.text[at:], start=whole.start + at)
    found = Retrieved("Is a small or a large kit lighter?", (Hit(1, 1.0, 1.0, 1.0, second),), 1.0)
    texts = answer_from_excerpts(found, OnePage(page, (first, second)))[0]
    assert texts == ("Choose the large kit when you need sails and oars.\n\nA small kit is lighter.",)


def test_an_excerpt_does_not_begin_with_what_the_page_says_of_itself() -> None:
    page = (
        "## Workers\n\nAs you saw in the previous chapter, there are several strategies.\n\n"
        "Here I'll show you how to start a server with workers.\n\n"
        "On Kubernetes, run a single worker for each container.\n"
    )
    shown = excerpt(page, "How many workers should I run for each container on Kubernetes?")
    assert shown == "On Kubernetes, run a single worker for each container."

"""A model's text as it is shown: the same in whatever parts it comes, and each piece as soon as it is complete."""

from collections.abc import Iterator, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rag.generate.prompt import Passages
from rag.generate.splitter import PieceSplitter
from rag.generate.stream import ThinkingFilter
from rag.generate.writer import Written, write_answer
from rag.records import Completion
from tests.rag.verify.test_citation_fuzz import HITS, hit

PARTS = [
    "The limit is 20",
    " [1].",
    "[1]",
    "[9]",
    "Keys expire after a day",
    ". ",
    "! ",
    "? ",
    ": ",
    "\n",
    "\n\n",
    "- ",
    "2. ",
]
PARTS += [
    "`",
    "```",
    "~~~",
    "```py\n",
    "> ",
    "    ",
    "| a | b |",
    "|---|---|",
    "# ",
    "[",
    "]",
    "(",
    ")",
    "[x](https://h.org/docs/a)",
]
PARTS += [
    "https://evil.example/x ",
    "<",
    ">",
    "NOT_IN_DOCS",
    "NOT",
    "<think>",
    "</think>",
    "<|im_end|>",
    "日本。",
    "e.g. ",
    "A",
    "a",
    " ",
]
PARTS += ["\u200b", "\x1b[2J", "[^1]", "【1】", "[1", ", 2]", "</s>", "[ref]: ", "**", '"', "…"]


def written(parts: Sequence[str], *, strict: bool = False, finish: str = "stop") -> tuple[str, Written]:
    shown: list[str] = []
    passages = Passages(HITS)
    stream = [Completion("m", ""), *parts, Completion("m", finish)]
    answer = write_answer(stream, passages, lambda piece: shown.append(piece.shown), strict=strict)
    return "".join(shown), answer


@settings(deadline=None, max_examples=500)
@given(st.lists(st.sampled_from(PARTS), max_size=25), st.lists(st.integers(1, 9), min_size=1), st.booleans())
def test_every_cutting_of_a_text_gives_one_answer(parts: list[str], sizes: list[int], strict: bool) -> None:  # noqa: FBT001
    text = "".join(parts)
    whole = written([text], strict=strict)
    assert written(list(text), strict=strict) == whole
    pieces, at = [], 0
    while at < len(text):
        pieces.append(text[at : at + sizes[len(pieces) % len(sizes)]])
        at += len(pieces[-1])
    assert written(pieces, strict=strict) == whole


@settings(deadline=None, max_examples=500)
@given(st.text(alphabet="[]() `~>-|#*.!:1aA\n<_", max_size=80))
def test_pieces_joined_are_the_text(text: str) -> None:
    splitter = PieceSplitter()
    pieces = [piece for character in text for piece in splitter.feed(character)] + splitter.end()
    assert "".join(pieces).rstrip() == text.rstrip()


def test_what_is_shown_is_the_answer() -> None:
    said = "The limit is 20 [1]. Pigs fly [2].\n\n- Keys expire after a day [2].\n- Last\n\n```\ncode\n```\nEnd."
    shown, answer = written([said])
    assert answer.text == said
    assert shown.replace(" [unsupported]", "") == said


PIECES = {
    "a sentence": ("The limit is 20 [1]. K", "The limit is 20 [1]."),
    "a sentence with marks behind it": ("The limit is 20. [1] [2] K", "The limit is 20. [1] [2]"),
    "a line": ("The limit is 20 [1].\n", "The limit is 20 [1]."),
    "a list item": ("- the limit is 20 [1]\n- k", "- the limit is 20 [1]"),
    "a heading": ("## Limits\n", "## Limits"),
    "a block of code": ("```\na. B\n\nc\n```\n", "```\na. B\n\nc\n```"),
    "the head of a table": ("| a | b |\n|---|---|\n", "| a | b |\n|---|---|"),
    "code in a quote that ends": ("> ```\n> x = 1\nT\n", "> ```\n> x = 1"),
}


@pytest.mark.parametrize("name", PIECES)
def test_a_piece_is_given_as_soon_as_it_is_complete(name: str) -> None:
    text, piece = PIECES[name]
    splitter = PieceSplitter()
    assert [one for character in text[:-1] for one in splitter.feed(character)] == []
    assert splitter.feed(text[-1]) == [piece]


OPEN = [
    "See e.g. A",
    "Version 3.5 i",
    "Use `a. B",
    "See [this. A",
    "a <b. C",
    "| a | b |\n| c | d |"[:12],
]


@pytest.mark.parametrize("text", OPEN)
def test_a_piece_that_may_go_on_is_held(text: str) -> None:
    assert PieceSplitter().feed(text) == []


REFUSALS = [
    "NOT_IN_DOCS",
    "NO_IN_DOCS",
    "[NOT_IN_DOCS]",
    "**NOT_IN_DOCS**",
    "NOT IN DOCS.",
    "NOT_IN_THE_DOCS",
    "not_in_docs",
]
REFUSALS += ["`NOT_IN_DOCS`", "NOT_FOUND_IN_DOCS!", "NOT-IN-DOCS", "The answer is NOT_IN_DOCS.", "Sorry: NOT_IN_DOCS"]


@pytest.mark.parametrize("text", REFUSALS)
def test_a_refusal_is_one_in_all_its_forms(text: str) -> None:
    shown, answer = written(list(text))
    assert (shown, answer.answered) == ("", False)


@pytest.mark.parametrize("text", ["Not in docs folders, the limit is 20 [1].", "NOT_IN_DOCSTRINGS is a rule [1]."])
def test_words_that_only_resemble_it_are_text(text: str) -> None:
    assert written(list(text))[1].text == text


class Stream(Iterator[str | Completion]):
    """A generator's twin that counts what was read of it."""

    def __init__(self, parts: Sequence[str]) -> None:
        self.read = 0
        self.closed = False
        self._parts = parts

    def generate(self) -> Iterator[str | Completion]:
        try:
            yield Completion("m", "")
            for part in self._parts:
                self.read += 1
                yield part
            yield Completion("m", "stop")
        finally:
            self.closed = True

    def __next__(self) -> str | Completion:
        raise NotImplementedError


def test_a_refusal_closes_the_stream() -> None:
    stream = Stream(["NOT_IN_DOCS", ".", *[" And so on."] * 100])
    answer = write_answer(stream.generate(), Passages(HITS), lambda _: None)
    assert (answer.answered, answer.completion.model, answer.completion.complete) == (False, "m", True)
    assert (stream.read, stream.closed) == (2, True)


def test_a_model_that_repeats_itself_is_stopped() -> None:
    stream = Stream(["The limit of the service is 20 [1]. "] * 100)
    answer = write_answer(stream.generate(), Passages(HITS), lambda _: None)
    assert answer.text == " ".join(["The limit of the service is 20 [1]."] * 2)
    assert (answer.completion.complete, answer.completion.problem) == (False, "the model repeats itself")
    assert stream.read < 5
    assert stream.closed


def test_what_a_model_repeats_of_the_prompt_is_dropped() -> None:
    said = "(page: https://h.org/docs/a)\nThe limit is 20 [1]. (Answer from the passages above. After every"
    assert written(list(said))[1].text == "The limit is 20 [1]."


def test_what_follows_a_template_mark_is_dropped() -> None:
    shown, answer = written(["The limit is 20 [1].<|im_end|>\n<|im_start|>user\nWhat? Why?"])
    assert shown == answer.text == "The limit is 20 [1]."


@pytest.mark.parametrize(
    "thoughts", ["<think>Hm. NOT_IN_DOCS?</think>", "<think></think>", "\n<thinking>a\n\nb</thinking>"]
)
@pytest.mark.parametrize("size", [1, 3, 1000])
def test_thinking_is_not_part_of_the_answer(thoughts: str, size: int) -> None:
    text, thinking = f"{thoughts}\n\nThe limit is 20 [1].", ThinkingFilter()
    parts = [thinking.feed(text[at : at + size]) for at in range(0, len(text), size)]
    assert ("".join([*parts, thinking.end()]).lstrip(), thinking.thought) == ("The limit is 20 [1].", True)


@pytest.mark.parametrize("text", ["<think", "<", "<b>x</b>", "a <think>b</think>"])
def test_other_tags_are_text(text: str) -> None:
    thinking = ThinkingFilter()
    assert "".join([*map(thinking.feed, text), thinking.end()]) == text


@pytest.mark.parametrize(
    ("text", "closing"),
    [
        ("```py\nx = 1", "\n```"),
        ("> ~~~~\n> x", "\n> ~~~~"),
        ("- a\n- ```\n  x\n", "  ```"),
        ("a ``` b", ""),
        ("```\nx\n```", ""),
    ],
)
def test_a_block_of_code_that_is_left_open_is_closed(text: str, closing: str) -> None:
    assert written([text])[1].text == (text + closing).strip()


def echoed(said: str) -> Written:
    """What is left of a text in which TAG, LABEL and PATH are those of the prompt's first passage."""
    passages = Passages([hit("## Limits\n\nThe limit is 20.", "https://h.org/docs/a"), *HITS[1:]])
    text = said.replace("TAG", passages.tag).replace("LABEL", next(iter(passages.labels)))
    text = text.replace("PATH", passages.hits[0].chunk.path)
    return write_answer([Completion("m", ""), *text, Completion("m", "stop")], passages, lambda _: None)


ECHOES = {
    "the tag as a name": ("The TAG says that the limit is 20 [LABEL].", "The passage says that the limit is 20 [1]."),
    "the tag with its label": ("TAG label=LABEL: the limit is 20.", "passage [1]: the limit is 20."),
    "tags in code": (
        "Set this [LABEL]:\n\n```\n<TAG label=LABEL>\n(page: https://h.org/docs/a)\nlimit = 20\n</TAG>\n```",
        "Set this [1]:\n\n```\nlimit = 20\n```",
    ),
    "the line of headings": ("[LABEL] PATH\n\nThe limit is 20 [LABEL].", "The limit is 20 [1]."),
    "marks before the answer": ("[LABEL]\n\nThe limit is 20.", "[1] The limit is 20."),
    "the question after the answer": (
        "The limit is 20 [LABEL].\n\nQuestion: Which?\n\nAnswer: 30",
        "The limit is 20 [1].",
    ),
    "the question before it": ("Question: Which?\n\nAnswer: The limit is 20 [LABEL].", "The limit is 20 [1]."),
    "both on two lines": ("Question: Which?\nAnswer: The limit is 20 [LABEL].", "The limit is 20 [1]."),
    "empty code": ("The limit is 20 [LABEL].\n\n```text\n```\n\n```\n\n```", "The limit is 20 [1]."),
}


@pytest.mark.parametrize("name", ECHOES)
def test_what_surrounds_passages_in_the_prompt_is_not_shown(name: str) -> None:
    said, left = ECHOES[name]
    assert echoed(said).text == left


@pytest.mark.parametrize("said", ["[LABEL]", "[LABEL] [LABEL]\n", "[LABEL] PATH", "- [LABEL]\n- [LABEL]", "```\n```"])
def test_an_answer_without_a_word_of_its_own_is_a_refusal(said: str) -> None:
    written = echoed(said)
    assert (written.text, written.answered) == ("", False)


@pytest.mark.parametrize("text", ["- Question: what to ask [1].", "Questions are free [1].", "The title [1]"])
def test_words_that_only_resemble_the_prompt_are_text(text: str) -> None:
    assert echoed(f"The limit is 20 [1].\n\n{text}").text.startswith("The limit is 20 [1].\n\n" + text[:9])


def test_code_that_comes_again_and_again_ends_the_answer() -> None:
    for block in ("```\n```\n", "```js\n```\n", "```py\nlimits = client.limits.set(20, 30, 40)\n```\n\n"):
        stream = Stream(["The limit of the service is 20 [1].\n\n", *[block] * 100])
        answer = write_answer(stream.generate(), Passages(HITS), lambda _: None)
        assert answer.completion.problem == "the model repeats itself"
        assert stream.read < 6

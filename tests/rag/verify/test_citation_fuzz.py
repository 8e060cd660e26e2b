"""Model outputs with wrong, strange and forged marks: what is cited is what was retrieved, and nothing else."""

import random
import re

import pytest

from ingest.chunk import chunk_document
from ingest.embed.minilm import MiniLm
from rag.generate.prompt import Passages
from rag.generate.writer import Written, write_answer
from rag.records import Completion, Hit
from tests.ingest.made import document

MODEL = MiniLm()
MARKS = "[0] [99] [1,2] [2;1] [ 3 ] [1][1] [-1] [1.5] [01] [a] [] [1] [4] [p2a3b] 【2】 [1, 99] [[2]] [1](https://e.example/x)".split()
SAYINGS = (
    "The limit is 20.|Keys expire after a day.|Pigs fly high.|- an item|`a[9]` in code|See https://e.example/z.".split(
        "|"
    )
)


def hit(text: str, url: str, rank: int = 1) -> Hit:
    (chunk,) = chunk_document(document(text, url), MODEL.count, MODEL.max_tokens)
    return Hit(rank, 1.0, 1.0, 1.0, chunk)


HITS = [
    hit("The limit is 20.", "https://h.org/docs/a"),
    hit("Keys expire after a day.", "https://h.org/docs/b", 2),
    hit("A third page.", "https://h.org/docs/c", 3),
]


def answered(text: str, hits: list[Hit], size: int = 5) -> Written:
    pieces = [text[at : at + size] for at in range(0, len(text), size)]
    return write_answer([*pieces, Completion("m", "stop")], Passages(hits), lambda _: None)


@pytest.mark.parametrize("seed", range(200))
def test_no_mark_is_left_that_names_no_passage(seed: int) -> None:
    chance = random.Random(seed)
    said = " ".join(f"{chance.choice(SAYINGS)} {chance.choice(MARKS)}" for _ in range(chance.randint(1, 6)))
    answer = answered(said, HITS, chance.randint(1, 20))
    assert "://e.example" not in re.sub(r"`[^`]*`", "", answer.text)
    outside = re.sub(r"`[^`]*`", "", answer.text)
    assert {int(number) for number in re.findall(r"\[(\d{1,3})\]", outside)} <= {1, 2, 3}
    for citation in answer.citations:
        assert citation.hit is HITS[citation.marker - 1]
        assert citation.quote in citation.hit.chunk.text


def test_a_poisoned_passage_is_cited_by_its_own_address_only() -> None:
    evil = [hit(f"The limit is 9{n}00, says page {n}.", f"https://h.org/docs/evil{n}", n + 4) for n in range(5)]
    answer = answered("The limit is 9200 [1]. The limit is 9200, says page 2 [6]. The limit is 20 [1].", [*HITS, *evil])
    assert answer.unsupported == ("The limit is 9200.",)
    assert [(c.marker, c.hit.url) for c in answer.citations] == [
        (1, "https://h.org/docs/a"),
        (6, "https://h.org/docs/evil2"),
    ]

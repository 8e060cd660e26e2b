"""Sentences of our own about the starter pages, true and altered: which of them a passage supports.

`support.jsonl` has a half for development, a half that was held out while the check was first tuned, and a
"fresh" part of 60 freer sentences. All three have since been read and tuned on: their figures flatter. The
80 sentences of `support_blind.jsonl`, worded as a model words its answers, were written before they were
run, and nothing was tuned on how they came out. When first run, 33 of 40 altered ones were caught and 14 of
40 true ones refused; when the check had been tuned on the other three, 29 and 7. Those 29 of 40 and 7 of 40
are what to expect on answers it has not seen; negations in other words are what it misses most (2 of 8 caught).
"""

import json
import time
from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest

from ingest.core.urls import site_path
from ingest.index.folder.database import Store
from rag.records import Hit
from rag.verify.support import SUPPORTED, support_score, supported
from rag.verify.token_reader import ENCODED, TokenReader
from tests.ingest.made import document

LIST = [
    json.loads(line)
    for name in ("support.jsonl", "support_blind.jsonl")
    for line in Path(__file__).with_name(name).read_text(encoding="utf-8").splitlines()
]
GAMMA = "Gamma and Beta include 10 results.\n\nPrices are the same.\n\nThe engine Delta includes one."
TABLE = "| Field | Meaning |\n|---|---|\n| `age` | time since the last visit |\n| `size` | number of pages |"
FLOORS = {"dev": (0.96, 0.05), "held": (0.93, 0.02), "fresh": (0.86, 0.01), "blind": (0.72, 0.18)}
"""What was reached: the share of altered sentences that are caught at least, and of true ones that are not let pass."""


@pytest.fixture(scope="module")
def passages(store: Store) -> dict[tuple[str, str], list[Hit]]:
    """The passages of each section, by page and heading."""
    found = defaultdict(list)
    for chunk in store.chunks(list(range(len(store.page_numbers())))):
        heading = chunk.headings[-1] if chunk.headings else ""
        found[site_path(chunk.url), heading].append(Hit(1, 1.0, 1.0, 1.0, chunk))
    return found


def rates(entries: list[dict[str, str]], passages: dict[tuple[str, str], list[Hit]]) -> tuple[float, float]:
    judged = [(e["supported"], supported(e["sentence"], passages[e["page"], e["heading"]])) for e in entries]
    altered = [held for true, held in judged if not true]
    right = [held for true, held in judged if true]
    return 1 - sum(altered) / len(altered), 1 - sum(right) / len(right)


@pytest.mark.parametrize("half", FLOORS)
def test_altered_sentences_are_caught_and_true_ones_pass(half: str, passages: dict[tuple[str, str], list[Hit]]) -> None:
    caught, alarms = rates([entry for entry in LIST if entry["half"] == half], passages)
    floor, ceiling = FLOORS[half]
    assert caught >= floor
    assert alarms <= ceiling


def test_over_all_parts_nine_in_ten_are_caught(passages: dict[tuple[str, str], list[Hit]]) -> None:
    caught, alarms = rates(LIST, passages)
    assert caught >= 0.9
    assert alarms <= 0.1


def test_over_both_halves_nine_in_ten_are_caught_in_milliseconds(
    passages: dict[tuple[str, str], list[Hit]],
) -> None:
    started = time.perf_counter()
    halves = [entry for entry in LIST if entry["half"] in ("dev", "held")]
    caught, alarms = rates(halves, passages)
    assert (time.perf_counter() - started) / len(halves) < 0.05
    assert caught >= 0.9
    assert alarms <= 0.1
    assert len(halves) >= 200


def test_the_list_is_of_passages_that_there_are(passages: dict[tuple[str, str], list[Hit]]) -> None:
    assert all(passages[entry["page"], entry["heading"]] for entry in LIST)
    assert len({entry["sentence"] for entry in LIST if entry["supported"]}) == sum(e["supported"] for e in LIST)


def test_a_claim_of_another_page_is_not_supported_here(passages: dict[tuple[str, str], list[Hit]]) -> None:
    true = [entry for entry in LIST if entry["supported"]]
    pages = [entry["page"] for entry in true]
    moved = [(entry, other) for entry, other in zip(true, true[40:] + true[:40], strict=True)]
    held = [
        entry["sentence"]
        for entry, other in moved
        if entry["page"] != other["page"] and supported(entry["sentence"], passages[other["page"], other["heading"]])
    ]
    assert len(set(pages)) > 10
    assert len(held) <= 0.03 * len(moved), held


@pytest.mark.parametrize(
    ("claim", "text", "holds"),
    [
        ("Die Gebühr für den Kauf beträgt 5 Prozent und wird sofort fällig.", "The fee is 5 %, due at once.", True),
        ("Die Gebühr für den Kauf beträgt 7 Prozent und wird sofort fällig.", "The fee is 5 %, due at once.", False),
        ("Use `a.b` or `c_d`.", "`a.b` and `c_d` may be used.", True),
        ("It is off by default.", "It is on by default.", False),
        ("The limit is 1,000 requests.", "The limit is 1000 requests.", True),
        ("GET lists the keys.", "POST lists the keys.", False),
        ("Not every model has a window of 5 tokens.", "Only some models have a window of 5 tokens.", True),
        ("Every model has a window of 5 tokens.", "Only some models have a window of 5 tokens.", False),
        ("The reply never holds the alias.", "The reply holds the real name, never the alias.", True),
        ("The window is smaller than that of Alpha.", "The window is bigger than that of Alpha.", False),
        ("It costs $2 per thousand pages.", "It costs $2 per 1,000 pages.", True),
        ("The router itself is free.", "The router costs nothing.", True),
        ("Delta and Beta include 10 results.", GAMMA, False),
        ("A session ends after 5 minutes of inactivity.", "A session lapses after 5 minutes without activity.", True),
        ("The session is renewed by each request.", "The session is not renewed.", False),
        ("Caching by hand disables retries.", "Caching switches retries off.", True),
        ("A list holds no more than 5 names.", "A list holds at most 5 names.", True),
        ("The rule is not only for members.", "The rule is for members only.", False),
        ("Where both are set, the preset wins.", "Where both are set, the header wins.", False),
        ("If no filter is given, all rows are counted.", "With no filter every row counts.", True),
        ("Gemini takes 5 images.", "Claude takes 5 images.", False),
        ("Alpha costs $2, and Beta is free.", "Alpha costs $2.\n\nMore text follows.\n\nBeta is free.", True),
        ("`size` is the number of pages.", TABLE, True),
        ("`age` is the number of pages.", TABLE, False),
        ("`sort` is required.", 'Pass it:\n\n```json\n{"sort": 1}\n```', False),
    ],
)
def test_what_a_sentence_says_is_held_against_the_words(claim: str, text: str, holds: bool) -> None:  # noqa: FBT001
    from ingest.chunk import chunk_document
    from ingest.embed.minilm import MiniLm

    model = MiniLm()
    (chunk,) = chunk_document(document(text), model.count, model.max_tokens)
    assert supported(claim, [Hit(1, 1.0, 1.0, 1.0, chunk)]) is holds


def test_a_score_says_how_well_passages_support_a_sentence() -> None:
    passages = ["The retry limit is 5. Each retry waits twice as long as the one before it."]
    said = {
        claim: support_score(claim, passages)
        for claim in ("The retry limit is 5.", "The retry limit is 7.", "Pigs can fly over mountains.")
    }
    right, altered, foreign = said.values()
    assert right >= SUPPORTED > altered > foreign >= 0.0
    assert right <= 1.0
    assert support_score("The retry limit is 5.", []) == 0.0


LIMITS = (
    "Requests beyond the quota of a workspace are answered with an error until the next minute begins. "
    "The quota itself is set by the owner of the workspace on the page of limits."
)


@pytest.mark.parametrize(
    ("claim", "holds"),
    [
        (
            "Once a workspace has used up its quota, further requests fail with an error until a new minute starts.",
            True,
        ),
        (
            "Backups of a workspace run every night and are kept in another region for disaster recovery purposes.",
            False,
        ),
        ("Once a workspace has used up its quota of 40, requests fail with an error until a new minute starts.", False),
    ],
)
def test_a_long_sentence_is_decided_by_its_meaning(claim: str, holds: bool) -> None:  # noqa: FBT001
    assert (support_score(claim, [LIMITS]) >= SUPPORTED) is holds


def test_a_place_far_into_a_long_passage_is_found() -> None:
    padding = "Colours of the rainbow are listed here for painters. " * 60
    claim = "Once a workspace has used up its quota, further requests fail with an error until a new minute starts."
    assert support_score(claim, [padding + LIMITS]) >= SUPPORTED
    assert support_score(claim, [padding]) < SUPPORTED


@pytest.mark.parametrize("passage", ["# Limits", "---", "| a |\n|---|", "```\n```"])
def test_a_passage_that_states_nothing_supports_nothing(passage: str) -> None:
    assert support_score("The limit is five requests.", [passage]) < SUPPORTED


def test_the_token_vectors_of_the_index_are_those_of_the_model(store: Store) -> None:
    (chunk,) = store.chunks([0])
    hit = Hit(1, 1.0, 1.0, 1.0, chunk, row=0)
    stored = TokenReader(lambda rows: store.passages(rows).tokens).passage(hit)
    encoded = ENCODED.passage(hit)
    assert stored.shape == encoded.shape
    assert np.abs(stored - encoded).max() < 0.02

"""Scripted changes of a small site: each effect on the answers is named, and what changes nothing raises no alarm."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from eval.dataset import read_any_questions
from eval.impact.effects import EFFECTS, Impact, sign_test
from eval.impact.report import impact_json, impact_markdown, impact_page, impact_text
from eval.impact.run import measure_impact
from ingest.core.settings import Settings
from ingest.docs.folder import read_corpus
from ingest.embed.registry import get_embedder
from ingest.index.folder.generations import current_generation, generation_names
from ingest.reindex.pipeline import index_corpus
from rag.open import open_generations
from rag.records import AnswerOptions
from tests.ingest.made import quiet, settings_of

PAGES = {
    "limits": """# Rate limits

## Free accounts

A free account may send 20 requests per minute. Requests beyond the limit are answered with status 429.

## Paid accounts

A paid account may send 600 requests per minute, and more on request to the support team.
""",
    "keys": """# API keys

## Rotating a key

To rotate an API key, create a new key in the dashboard and delete the old one after a day.

## Leaked keys

A leaked key is disabled within seconds by the secret scanner, and its owner gets an e-mail.
""",
    "billing": """# Billing

## Invoices

Invoices are sent on the first day of each month to the address of the account's owner.

## Refunds

Unused credits are refunded within 14 days of the purchase when you ask the support team.
""",
    "streaming": """# Streaming

## Turning it on

Set the parameter stream to true, and the answer arrives as server-sent events.

## Cancelling a stream

Close the connection to cancel a stream; the tokens that were sent until then are billed.
""",
}
QUESTIONS = [
    {"id": "limit", "question": "How many requests per minute may a free account send?", "facts": ["20 requests"],
     "gold": [{"page": "/docs/limits", "section": "Free accounts"}]},
    {"id": "rotate", "question": "How do I rotate an API key?", "facts": ["dashboard"],
     "gold": [{"page": "/docs/keys", "section": "Rotating a key"}]},
    {"id": "refund", "question": "When are unused credits refunded?", "facts": ["14 days"],
     "gold": [{"page": "/docs/billing", "section": "Refunds"}]},
    {"id": "cancel", "question": "How do I cancel a stream?", "facts": ["close the connection"],
     "gold": [{"page": "/docs/streaming", "section": "Cancelling a stream"}]},
    {"id": "webhook", "question": "How are webhook deliveries retried?", "answerable": False},
]  # fmt: skip
WEBHOOKS = """# Webhooks

## Retries

Webhook deliveries are retried five times with exponential back-off, the last time after one hour.
"""
Docs = dict[str, str]
Change = Callable[[Docs], None]


def replaced(page: str, old: str, new: str) -> Change:
    def change(docs: Docs) -> None:
        assert old in docs[page]
        docs[page] = docs[page].replace(old, new)

    return change


def renamed(docs: Docs) -> None:
    docs["api-keys"] = docs.pop("keys")


def moved(docs: Docs) -> None:
    section = docs["streaming"][docs["streaming"].index("## Cancelling") :]
    docs["streaming"] = docs["streaming"].replace(section, "")
    docs["billing"] += f"\n{section}"


def reordered(docs: Docs) -> None:
    first, second = docs["limits"].index("## Free"), docs["limits"].index("## Paid")
    text = docs["limits"]
    docs["limits"] = f"{text[:first]}{text[second:]}\n{text[first:second]}"


def removed(docs: Docs) -> None:
    del docs["billing"]


def added(docs: Docs) -> None:
    docs["webhooks"] = WEBHOOKS


CASES: dict[str, tuple[Change, dict[str, set[str]]]] = {
    "a number": (replaced("limits", "20 requests", "50 requests"), {"limit": {"fact lost", "lost citation"}}),
    "a paragraph": (
        replaced(
            "billing",
            "Unused credits are refunded within 14 days of the purchase when you ask the support team.",
            "Write to the team.",
        ),
        {"refund": {"lost citation", "fact lost"}},
    ),
    "other words": (
        replaced(
            "keys", "create a new key in the dashboard and delete", "make a fresh key in the dashboard, then remove"
        ),
        {"rotate": {"lost citation", "other wording"}},
    ),
    "a page's address": (renamed, {"rotate": {"other source", "stale gold"}}),
    "a section's place": (moved, {"cancel": {"other source"}}),
    "a heading": (replaced("billing", "## Refunds", "## Money back"), {"refund": {"other source", "stale gold"}}),
    "a page": (removed, {"refund": {"lost citation", "fact lost", "stale gold"}}),
    "a new page": (added, {"webhook": {"newly answered"}}),
    "a new fact": (
        replaced("limits", "20 requests per minute.", "20 requests per minute, and 200 per day."),
        {"limit": {"lost citation", "other wording"}},
    ),
    "the order": (reordered, {}),
    "white space": (replaced("keys", "## Leaked keys\n\n", "## Leaked keys\n\n\n"), {}),
    "elsewhere": (replaced("billing", "first day of each month", "second day of each month"), {}),
}


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    settings = settings_of(tmp_path_factory.mktemp("impact"))
    index(settings, PAGES)
    return settings


def index(settings: Settings, pages: Docs) -> None:
    shutil.rmtree(settings.docs, ignore_errors=True)
    settings.docs.mkdir(parents=True)
    for name, text in pages.items():
        front = f"---\nurl: https://h.org/docs/{name}\n---\n\n"
        (settings.docs / f"{name}.md").write_text(front + text, encoding="utf-8")
    index_corpus(settings, read_corpus(settings.docs), get_embedder(settings), quiet)


def impacts(built: Settings, folder: Path, change: Change) -> list[Impact]:
    settings = settings_of(folder)
    shutil.copytree(built.index, settings.index)
    before = current_generation(settings.index).name
    pages = dict(PAGES)
    change(pages)
    index(settings, pages)
    path = folder / "questions.jsonl"
    path.write_text("\n".join(json.dumps(question) for question in QUESTIONS), encoding="utf-8")
    names = [before, generation_names(settings.index)[-1]]
    opened = open_generations(settings, names, use_model=False)
    return list(measure_impact(read_any_questions(path).questions, *opened, AnswerOptions(), quiet))


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES)
def test_each_effect_is_named_and_nothing_else(built: Settings, tmp_path: Path, case: str) -> None:
    change, expected = CASES[case]
    found = {one.question.id: set(one.effects) - {"same answer"} for one in impacts(built, tmp_path, change)}
    for name, effects in expected.items():
        assert effects <= found[name], f"{name}: {found[name]}"
    assert {name for name, effects in found.items() if effects} == set(expected), "a false alarm"


@pytest.mark.slow
def test_the_cause_is_the_changed_section_and_a_loss_is_one_for_the_reader(built: Settings, tmp_path: Path) -> None:
    found = impacts(built, tmp_path, CASES["a number"][0])
    limit = next(one for one in found if one.question.id == "limit")
    assert (limit.page, limit.section, limit.loss) == ("/docs/limits", "Free accounts", True)
    document = impact_json(found, "a", "b")
    assert (document["questions"], document["changed"], document["losses"]) == (5, 1, 1)
    assert document["causes"] == [{"page": "/docs/limits", "section": "Free accounts", "questions": ["limit"]}]
    text = "\n".join(impact_text(found))
    assert text.startswith("1 question of 5 lost something; 1 changed in all.")
    assert "/docs/limits › Free accounts\n  LOSS  How many requests" in text
    assert "- **loss** · fact lost, lost citation" in impact_markdown(found)
    page = impact_page(found, "a", "b")
    assert "<del>20</del> <ins>50</ins>" in page
    assert "<script" not in page


def test_the_sign_test_is_the_binomial_one() -> None:
    assert sign_test(0, 0) == 1
    assert sign_test(0, 5) == 1 / 32
    assert sign_test(5, 0) == 1
    assert sign_test(1, 1) == 0.75
    assert set(EFFECTS) >= {"newly refused", "same answer"}


@pytest.mark.slow
def test_without_a_file_the_headings_of_the_changed_pages_are_asked_first(built: Settings, tmp_path: Path) -> None:
    settings = settings_of(tmp_path)
    shutil.copytree(built.index, settings.index)
    before = current_generation(settings.index).name
    pages = dict(PAGES)
    CASES["a paragraph"][0](pages)
    index(settings, pages)
    opened = open_generations(settings, [before, generation_names(settings.index)[-1]], use_model=False)
    found = list(measure_impact((), *opened, AnswerOptions(), quiet))
    asked = [one.question.question for one in found]
    assert asked[:2] == ["Billing: Invoices", "Billing: Refunds"]
    assert len(asked) == len(set(asked)) == 8
    changed = {one.question.question for one in found if one.effects != ("same answer",)}
    assert changed == {"Billing: Refunds"}


@pytest.mark.slow
def test_without_a_file_the_text_above_the_first_heading_is_asked_too(tmp_path: Path) -> None:
    settings = settings_of(tmp_path)
    lead = "Webhooks call an address of yours when a payment arrives; each call is retried for 12 hours.\n\n"
    pages = PAGES | {"webhooks": f"# Webhooks\n\n{lead}## Signing\n\nEvery call is signed with the account's secret.\n"}
    index(settings, pages)
    before = current_generation(settings.index).name
    index(settings, pages | {"webhooks": pages["webhooks"].replace("12 hours", "48 hours")})
    opened = open_generations(settings, [before, generation_names(settings.index)[-1]], use_model=False)
    changed = [one for one in measure_impact((), *opened, AnswerOptions(), quiet) if one.effects != ("same answer",)]
    assert [(one.page, "lost citation" in one.effects) for one in changed] == [("/docs/webhooks", True)]
    assert changed[0].question.question.startswith("Webhooks: Webhooks call an address of yours")


def test_a_log_of_questions_is_a_file_of_questions(tmp_path: Path) -> None:
    log = tmp_path / "questions.log"
    lines = [{"id": "a1", "question": "How do I rotate a key?", "answered": True}, {"vote_on": "a1", "vote": "up"}]
    log.write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
    found = read_any_questions(log)
    assert [one.question for one in found.questions] == ["How do I rotate a key?"]
    assert found.bad == ()

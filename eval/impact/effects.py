"""Compare the answers to the same questions on two generations, to show the effect of a docs change. Pure.

Each question gets the effects that it shows, and the change of the docs that caused them: the changed page and section
that the old or the new answer cites.
"""

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final, Literal

from eval.dataset import Question
from eval.gold import Docs, find_targets, has_fact, is_stale, normalize_text
from ingest.core.urls import site_path
from ingest.docs.changes import PageChange, differences
from rag.records import Answer

Effect = Literal[
    "newly refused",
    "fact lost",
    "lost citation",
    "stale gold",
    "other source",
    "other wording",
    "fact won",
    "newly answered",
    "same answer",
]
EFFECTS: Final[Mapping[Effect, str]] = {
    "newly refused": "answered before, refused now",
    "fact lost": "a fact of the question file is no longer in the answer",
    "lost citation": "the docs no longer contain the words that were cited",
    "stale gold": "the docs no longer contain the gold of the question file",
    "other source": "another page or section is cited",
    "other wording": "the answer reads otherwise: other words, or other figures",
    "fact won": "a fact of the question file is now in the answer",
    "newly answered": "refused before, answered now",
    "same answer": "nothing changed for the reader",
}
"""All effects, the worst first, and what each means."""

LOSSES: Final[frozenset[Effect]] = frozenset({"newly refused", "fact lost"})
"""What `--gate` fails for: a reader gets less than before."""

_MARK: Final = re.compile(r"\s*\[\d{1,3}\]")


@dataclass(frozen=True, slots=True)
class Cited:
    """A citation: its target, and the words that it quotes."""

    page: str
    section: str
    quote: str


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The answer to a question in one generation."""

    answered: bool
    text: str
    cited: tuple[Cited, ...]
    facts: tuple[str, ...]
    stale: bool
    confidence: float


@dataclass(frozen=True, slots=True)
class Impact:
    """A question with its answers before and after, the effects, and the changed page and section behind them."""

    question: Question
    before: Snapshot
    after: Snapshot
    effects: tuple[Effect, ...]
    page: str = ""
    section: str = ""

    @property
    def loss(self) -> bool:
        """Whether a reader gets less than before. A question that the docs never answered has nothing to lose."""
        return bool(LOSSES & set(self.effects)) and self.question.answerable

    def json(self) -> dict[str, Any]:
        """The line of the document."""
        return {
            "id": self.question.id,
            "question": self.question.question,
            "effects": list(self.effects),
            "loss": self.loss,
            "cause": {"page": self.page, "section": self.section} if self.page else None,
            "before": asdict(self.before),
            "after": asdict(self.after),
        }


@dataclass(frozen=True, slots=True)
class DocsChange:
    """The docs of two generations, and what differs between them."""

    before: Docs
    after: Docs
    pages: Sequence[PageChange]

    @classmethod
    def of(cls, before: Docs, after: Docs) -> "DocsChange":
        """Compare all pages of both."""
        return cls(before, after, differences(before.pages.values(), after.pages.values()).changes)


def take_snapshot(question: Question, answer: Answer, confidence: float, docs: Docs) -> Snapshot:
    """Keep of an answer what is compared."""
    cited = [
        Cited(site_path(citation.hit.chunk.url), (citation.hit.chunk.headings or ("",))[-1], citation.quote)
        for citation in answer.citations
    ]
    found = [fact for fact in question.facts if answer.answered and has_fact(answer.text, fact)]
    stale = bool(question.gold) and question.answerable and is_stale(question, find_targets(question, docs))
    return Snapshot(
        answer.answered, answer.text, tuple(dict.fromkeys(cited)), tuple(found), stale, round(confidence, 4)
    )


def compare_answers(question: Question, before: Snapshot, after: Snapshot, change: DocsChange) -> Impact:
    """Name the effects on one question, and their cause."""
    effects = _effects(before, after, change)
    page, section = _cause(before, after, change) if effects != ("same answer",) else ("", "")
    return Impact(question, before, after, effects, page, section)


def _effects(before: Snapshot, after: Snapshot, change: DocsChange) -> tuple[Effect, ...]:
    both = before.answered and after.answered
    shown: Mapping[Effect, bool] = {
        "newly refused": before.answered and not after.answered,
        "newly answered": after.answered and not before.answered,
        "fact lost": bool(set(before.facts) - set(after.facts)),
        "fact won": bool(set(after.facts) - set(before.facts)),
        "stale gold": after.stale and not before.stale,
        "lost citation": any(not change.after.says("", cited.quote) for cited in before.cited),
        "other source": both and _sources(before) != _sources(after),
        "other wording": both and _statements(before.text) != _statements(after.text),
    }
    return tuple(effect for effect in EFFECTS if shown.get(effect)) or ("same answer",)


def _sources(snapshot: Snapshot) -> set[tuple[str, str]]:
    return {(cited.page, cited.section) for cited in snapshot.cited}


def _statements(text: str) -> list[str]:
    """What an answer says, whatever the order of its paragraphs and the numbers of its marks."""
    return sorted(filter(None, (normalize_text(_MARK.sub("", line)) for line in text.splitlines())))


def _cause(before: Snapshot, after: Snapshot, change: DocsChange) -> tuple[str, str]:
    """The changed page and section that the old answer cites, else the new one; else the page alone, else nothing.

    A question whose cited pages are all as they were changed its answer because others rank differently now.
    """
    for snapshot in (before, after):
        for cited in snapshot.cited:
            for page in change.pages:
                if cited.page in (site_path(page.url), site_path(page.other) if page.other else ""):
                    named = [part.heading for part in page.sections if part.heading == cited.section]
                    inside = [part.heading for part in page.sections if cited.quote in part.before + part.after]
                    return cited.page, (named or inside or [""])[0]
    return "", ""


def group_by_cause(impacts: Iterable[Impact]) -> dict[tuple[str, str], list[Impact]]:
    """The questions whose answer changed, by the changed page and section, losses first.

    Those of which no cited page changed, ("", ""), come last among their like.
    """
    groups: dict[tuple[str, str], list[Impact]] = {}
    for impact in impacts:
        if impact.effects != ("same answer",):
            groups.setdefault((impact.page, impact.section), []).append(impact)
    return dict(
        sorted(
            groups.items(),
            key=lambda item: (not any(one.loss for one in item[1]), not item[0][0], -len(item[1]), item[0]),
        )
    )


def count_effects(impacts: Sequence[Impact]) -> dict[Effect, int]:
    """How many questions show each effect, the worst first; those that none shows are left out."""
    counts = {effect: sum(effect in impact.effects for impact in impacts) for effect in EFFECTS}
    return {effect: count for effect, count in counts.items() if count}


def sign_test(won: int, lost: int) -> float:
    """The probability of at least so many losses among the questions that changed, if chance decided each.

    The exact one-sided sign test (Conover 1999, section 3.4); 1 where nothing changed.
    """
    changed = won + lost
    return float(sum(math.comb(changed, count) for count in range(lost, changed + 1)) / 2**changed)


def refusal_change(impacts: Sequence[Impact]) -> dict[str, float]:
    """Questions that are newly answered and newly refused, and the chance of that many losses."""
    won = sum("newly answered" in impact.effects for impact in impacts)
    lost = sum("newly refused" in impact.effects for impact in impacts)
    return {"newly_answered": won, "newly_refused": lost, "p": round(sign_test(won, lost), 4)}

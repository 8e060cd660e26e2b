"""Compare a recorded answer with the one of now. Pure."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from eval.replay.recorded import Recorded, Source
from eval.word_diff import DiffPart, word_diff
from rag.records import Answer

Effect = Literal["newly refused", "newly answered", "other source", "other wording", "same answer"]


@dataclass(frozen=True, slots=True)
class Replayed:
    """A recorded answer with the one of now.

    `prompt_same` is None where no prompt was recorded. `lost` and `won` are the citations that only one of them has.
    """

    recorded: Recorded
    answer: Answer
    effect: Effect
    difference: tuple[DiffPart, ...]
    lost: tuple[Source, ...]
    won: tuple[Source, ...]
    prompt_same: bool | None

    @property
    def answered_by(self) -> str:
        """The model that answered now, "" for quoted pages."""
        return (self.answer.completion.model or "") if self.answer.completion else ""

    @property
    def cost_usd(self) -> float:
        """What asking again cost, as far as the server says."""
        return (self.answer.completion.cost_usd or 0.0) if self.answer.completion else 0.0

    def json(self) -> dict[str, Any]:
        """The replay as documents show it."""
        then = self.recorded
        return {
            **({"id": then.id} if then.id else {}),
            "question": then.question,
            "effect": self.effect,
            "passages": len(then.chunk_ids),
            "prompt_same": self.prompt_same,
            "before": {"answered": then.answered, "answer": then.text, "model": then.answered_by or None},
            "after": {
                "answered": self.answer.answered,
                "answer": self.answer.text,
                "model": self.answered_by or None,
            },
            "difference": [asdict(part) for part in self.difference],
            "citations_lost": [asdict(source) for source in self.lost],
            "citations_won": [asdict(source) for source in self.won],
            "cost_usd": self.cost_usd,
        }


def compare_replay(recorded: Recorded, answer: Answer, sources: Sequence[Source], prompt: str) -> Replayed:
    """Name the difference; `prompt` is the hash of the prompt of now."""
    if not any(source.quote for source in recorded.sources):  # a run records addresses alone
        sources = [Source(source.url) for source in sources]
    lost = tuple(source for source in recorded.sources if source not in sources)
    won = tuple(source for source in sources if source not in recorded.sources)
    return Replayed(
        recorded,
        answer,
        _effect(recorded, answer, moved=bool(lost or won)),
        tuple(word_diff(recorded.text, answer.text)),
        tuple(dict.fromkeys(lost)),
        tuple(dict.fromkeys(won)),
        prompt == recorded.prompt_sha256 if recorded.prompt_sha256 else None,
    )


def _effect(recorded: Recorded, answer: Answer, *, moved: bool) -> Effect:
    if recorded.answered != answer.answered:
        return "newly answered" if answer.answered else "newly refused"
    if moved:
        return "other source"
    return "same answer" if recorded.text.split() == answer.text.split() else "other wording"

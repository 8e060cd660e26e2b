"""Output of `replay`: what differs, word by word, with the citations."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cli.terminal import format_count, say
from ingest.core.errors import DocsError

if TYPE_CHECKING:
    from eval.replay.compare import Replayed
    from eval.replay.recorded import Recorded
    from eval.replay.rerun import Place
    from eval.word_diff import DiffPart

_SHOWN = 30
"""Differences of a run that are printed; --json has them all."""
_MARKS = {"same": "{}", "gone": "[-{}-]", "new": "{{+{}+}}"}
"""As `git diff --word-diff` marks them."""


@dataclass(frozen=True, slots=True)
class Failed:
    """A question that could not be asked again, and why."""

    recorded: "Recorded"
    error: DocsError


def answer_lines(replayed: "Replayed", place: "Place") -> Iterator[str]:
    """The verdict, where the passages are from, and the difference."""
    then = replayed.recorded
    yield then.question
    where = f"{format_count(len(then.chunk_ids), 'passage')} of {then.generation}"
    if not place.exact:
        where += f", which is gone; they are unchanged in {place.generation}"
    yield f"{replayed.effect}: {where}"
    if replayed.prompt_same is not None:
        yield (
            "the same prompt"
            if replayed.prompt_same
            else "another prompt: the rules or what surrounds the passages changed"
        )
    yield from _difference(replayed)


def _difference(replayed: "Replayed") -> Iterator[str]:
    if replayed.effect == "same answer":
        return
    yield ""
    yield word_diff_text(replayed.difference)
    for mark, sources in (("-", replayed.lost), ("+", replayed.won)):
        for source in sources:
            quote = " ".join(source.quote.split())
            yield f"{mark} {source.url}" + (f"  “{quote[:160]}”" if quote else "")


def word_diff_text(parts: "Sequence[DiffPart]") -> str:
    """Both texts in one line: [-words that went-] and {+words that came+}."""
    return " ".join(_MARKS[part.kind].format(part.text) for part in parts)


def note_settings(replayed: "Replayed") -> None:
    """Say on stderr which model answered where it is another one, and what it cost."""
    then, now = replayed.recorded.answered_by, replayed.answered_by
    if now and then != now:
        say(f"note: answered by {now}; {then or 'another model'} answered then")
    if now:
        say(f"note: asking again cost ${replayed.cost_usd:.6f}")


def place_json(place: "Place", recorded: "Recorded") -> dict[str, Any]:
    """Where the passages of then were found."""
    return {"recorded": recorded.generation, "used": place.generation, "exact": place.exact}


def run_json(replays: "Sequence[Replayed | Failed]", place: "Place", first: "Recorded") -> dict[str, Any]:
    """The document of a replayed run."""
    done = [one for one in replays if not isinstance(one, Failed)]
    return {
        "generation": place_json(place, first),
        "questions": len(replays),
        "effects": dict(Counter(one.effect for one in done)),
        "replays": [one.json() for one in done],
        "problems": [
            {"what": one.recorded.id, "reason": one.error.message} for one in replays if isinstance(one, Failed)
        ],
        "cost_usd": round(sum(one.cost_usd for one in done), 6),
    }


def run_lines(replays: "Sequence[Replayed | Failed]", place: "Place", name: str) -> Iterator[str]:
    """The counts, then each difference."""
    done = [one for one in replays if not isinstance(one, Failed)]
    gone = "" if place.exact else " (the generation of the run is gone; its passages are looked up in this one)"
    yield f"{name}: {format_count(len(replays), 'answer')} asked again from {place.generation}{gone}"
    for effect, count in Counter(one.effect for one in done).most_common():
        yield f"  {count:>5}  {effect}"
    differing = [one for one in done if one.effect != "same answer"]
    for one in differing[:_SHOWN]:
        yield f"\n{one.recorded.id}: {one.recorded.question}"
        yield one.effect
        yield from _difference(one)
    if len(differing) > _SHOWN:
        yield f"\nand {len(differing) - _SHOWN:,} more: --json lists all"
    for failure in (one for one in replays if isinstance(one, Failed)):
        yield f"\n{failure.recorded.id}: {failure.recorded.question}\nnot asked: {failure.error.message}"

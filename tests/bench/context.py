"""Passages alone against passages with the text around them, at the same number of tokens: how often facts are there.

    python -m tests.bench.context --docs DIR --index DIR QUESTIONS.jsonl [QUESTIONS.jsonl ...] [--json FILE]

For each budget of words, one passage is widened for each hundred of them; then as many passages alone are taken as have
at most the same tokens, counted by the bundled tokenizer in the text that a model reads. Whole questions count: all of
their facts are in the text. The interval is that of the difference, paired by question (bootstrap, 95 %).
"""

import argparse
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from eval.dataset import Question, read_questions
from eval.gold import has_fact
from eval.intervals import intervals
from eval.metrics import Table
from ingest.core.settings import load_settings
from ingest.embed.minilm import MiniLm
from ingest.text.markdown import reading_text
from rag.assistant import Assistant
from rag.open import open_assistant
from rag.records import PASSAGE_WORDS, Hit

BUDGETS = (300, 450, 600, 800, 1200, 2000)
_DEEP = 80


@dataclass(frozen=True)
class Row:
    """One budget: shares of questions with all facts, and what was read on average."""

    words: int
    k: int
    alone: float
    widened: float
    low: float
    high: float
    tokens_alone: float
    tokens_widened: float
    passages_alone: float
    passages_widened: float


def main() -> None:
    """Print a row for each budget."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("questions", nargs="+", type=Path)
    parser.add_argument("--docs", type=Path, required=True)
    parser.add_argument("--index", type=Path, required=True)
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    settings = load_settings({"docs": given.docs, "index": str(given.index)}, {}, Path.cwd())
    assistant = open_assistant(settings, use_model=False).assistant
    asked = [one for path in given.questions for one in read_questions(path).questions if one.answerable and one.facts]
    ranked = [(one, assistant.find_passages(one.question, _DEEP).hits) for one in asked]
    rows = [compare(assistant, ranked, words) for words in BUDGETS]
    print(f"{len(asked)} questions; all facts in the text: passages alone, and widened, at the same tokens")
    print("words    k  alone  widened  difference (95 %)   tokens       passages")
    for row in rows:
        print(
            f"{row.words:5}  {row.k:3}  {row.alone:.3f}    {row.widened:.3f}  {row.widened - row.alone:+.3f} "
            f"({row.low:+.3f} {row.high:+.3f})  {row.tokens_alone:5.0f} {row.tokens_widened:5.0f}  "
            f"{row.passages_alone:5.1f} {row.passages_widened:5.1f}"
        )
    if given.json:
        given.json.write_text(json.dumps([vars(row) for row in rows], indent=1), encoding="utf-8")


def compare(assistant: Assistant, ranked: Sequence[tuple[Question, Sequence[Hit]]], words: int) -> Row:
    """Widen to so many words, and cut the ranking at as many tokens."""
    count, k = MiniLm().count, max(1, words // PASSAGE_WORDS)
    pairs = []
    for question, hits in ranked:
        wide = assistant.widen(hits[:k], words)
        room = tokens_of(wide, count)
        alone = [hits[0]]
        for hit in hits[1:]:
            if tokens_of([*alone, hit], count) > room:
                break
            alone.append(hit)
        pairs.append((question.facts, alone, wide))
    found = np.array([[has_all(alone, facts), has_all(wide, facts)] for facts, alone, wide in pairs], float)
    difference = intervals(Table(("difference",), found[:, 1:] - found[:, :1], np.ones((len(pairs), 1))))["difference"]
    tokens = np.mean([[tokens_of(alone, count), tokens_of(wide, count)] for _, alone, wide in pairs], axis=0)
    passages = np.mean([[len(alone), len(wide)] for _, alone, wide in pairs], axis=0)
    shares = found.mean(axis=0)
    return Row(words, k, *shares, difference.low or 0.0, difference.high or 0.0, *tokens, *passages)


def has_all(hits: Sequence[Hit], facts: Sequence[str]) -> bool:
    """Whether the passages contain all facts."""
    text = "\n".join(reading_text(hit.chunk) for hit in hits)
    return all(has_fact(text, fact) for fact in facts)


def tokens_of(hits: Sequence[Hit], count: Callable[[str], int]) -> int:
    """Tokens of the passages as a model reads them."""
    return sum(count(reading_text(hit.chunk)) for hit in hits)


if __name__ == "__main__":
    main()

"""Sentences judged as they end: marked, or with --strict dropped; in lists and tables, never in code."""

import pytest

from rag.generate.splitter import PieceSplitter
from rag.verify.sentence_gate import MARK, SentenceGate
from tests.rag.conftest import Ask
from tests.rag.server import ModelServer, answer
from tests.rag.verify.test_citation_fuzz import HITS

SAID = """Good one [1]. Bad two [2]. Third good. [1] Bad late. [2]

- good item [1]
- bad item [2]. And good again [1].

| a | b |
|---|---|
| good | 1 [1] |
| bad | 2 [2] |

```python
x = "bad"  # bad. Bad.
```
# bad heading
Last bad one:
1. good [1]
2. bad [2]"""
MARKED = (
    SAID.replace("two [2].", f"two [2].{MARK}")
    .replace("late. [2]", f"late. [2]{MARK}")
    .replace("bad item [2].", f"bad item [2].{MARK}")
    .replace("| bad | 2 [2] |", f"| bad | 2 [2]{MARK} |")
    .replace("2. bad [2]", f"2. bad [2]{MARK}")
)
STRICT = (
    SAID.replace(" Bad two [2].", "")
    .replace(" Bad late. [2]", "")
    .replace("- bad item [2]. And", "- And")
    .replace("\n| bad | 2 [2] |", "")
    .replace("\n2. bad [2]", "")
)


@pytest.mark.parametrize(("strict", "shown"), [(False, MARKED), (True, STRICT)])
def test_each_sentence_is_judged_once(strict: bool, shown: str) -> None:  # noqa: FBT001
    gate = SentenceGate(HITS, {}, lambda sentence: "bad" not in sentence.lower(), strict=strict)
    splitter = PieceSplitter()
    checked = [gate.check(piece) for piece in (*splitter.feed(SAID), *splitter.end())]
    assert "".join(one.marked for one in checked) == shown
    assert "".join(one.text for one in checked) == (STRICT if strict else SAID)
    bad = [" ".join(sentence.split()) for one in checked for sentence in one.unsupported]
    assert bad == ["Bad two.", "Bad late.", "bad item.", "| bad | 2 |", "bad"]


ANSWER = (
    "A model variant is a suffix written after a model's slug [1]. Pigs fly high [2]. See [x](https://evil.example/a)."
)


def test_strict_drops_what_nothing_supports_and_says_how_much(ask: Ask, server: ModelServer) -> None:
    server.says(answer(ANSWER))
    strict, plain, document = ask("--strict"), ask(), ask("--strict", "--json")
    assert strict.out.startswith("A model variant is a suffix written after a model's slug [1].\n")
    assert "note: 2 sentences without support were dropped\n" in strict.err
    assert "dropped: Pigs fly high.\n" in strict.err
    assert "note: 1 links and pictures that lead to no source were removed" in strict.err
    assert f"Pigs fly high [2].{MARK} See x.{MARK}\n" in plain.out
    assert document.json["answer"] == "A model variant is a suffix written after a model's slug [1]."
    assert document.json["unsupported"] == ["Pigs fly high.", "See x."]


def test_an_answer_of_which_nothing_is_left_is_a_refusal(ask: Ask, server: ModelServer) -> None:
    server.says(answer("Pigs fly high [2]."))
    refused = ask("--strict")
    assert refused.status == 3
    assert refused.out.startswith("No sentence of this answer could be verified; the pages say:\n\n[1] ")
    assert "Pigs" not in refused.out
    assert "dropped: Pigs fly high." in refused.err

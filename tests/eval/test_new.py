import json
from pathlib import Path

import pytest

from eval.dataset import read_questions
from tests.conftest import CommandLine

QUOTE = "A model variant is a suffix, such as `:free`, written after a model's slug"
NEW = ("eval", "--new", "/docs/faq", "--quote", QUOTE, "--question", "What is a variant?")


def test_a_line_is_made_checked_printed_and_added(starter: CommandLine, tmp_path: Path) -> None:
    printed = starter(*NEW).json
    assert printed["gold"] == [{"page": "/docs/faq", "section": "What are model variants?", "quote": QUOTE}]
    assert (printed["question"], printed["answerable"], printed["need"]) == ("What is a variant?", True, "any")
    file = tmp_path / "mine.jsonl"
    file.write_text('{"id": "mine-07", "question": "Old?", "answerable": false}', encoding="utf-8")
    assert starter(NEW[0], file, *NEW[1:]).json["id"] == "mine-08"
    assert [question.id for question in read_questions(file, strict=True).questions] == ["mine-07", "mine-08"]
    again = starter(NEW[0], file, *NEW[1:])
    assert (again.status, "asks that already" in again.err) == (2, True)
    found = starter("eval", file, "--retrieval-only", "--json").json
    assert (found["stale"], found["retrieval"]["recall@5"]["value"]) == ([], 1.0)


@pytest.mark.parametrize(
    ("page", "quote", "message"),
    [
        ("/docs/none", QUOTE, "the index has no page /docs/none"),
        ("/docs/faq", "the moon is made of green cheese", "/docs/faq does not say that"),
        ("/docs/faq", "model variant", "the quote has 2 words"),
    ],
)
def test_what_does_not_stand_there_is_refused(starter: CommandLine, page: str, quote: str, message: str) -> None:
    refused = starter("eval", "--new", page, "--quote", quote, "--question", "What is it?", "--json")
    assert refused.status == 2
    assert message in json.loads(refused.out)["error"]["message"]

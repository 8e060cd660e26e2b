import json
from pathlib import Path

import pytest

from eval.dataset import Gold, read_questions
from ingest.core.errors import UsageError

GOOD = {"id": "a-1", "question": "What is it?", "kind": "howto", "gold": [{"page": "/docs/a", "section": "One"}]}


def written(tmp_path: Path, *lines: object) -> Path:
    path = tmp_path / "questions.jsonl"
    text = "\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines)
    path.write_text("\ufeff" + text, encoding="utf-8")
    return path


def test_what_a_line_leaves_out_is_filled_in(tmp_path: Path) -> None:
    gone = {"question": "Is it gone?", "answerable": False}
    quoted = {"question": "Where?", "gold": [{"page": "b.md", "quote": "it stands here"}], "need": "all"}
    file = read_questions(written(tmp_path, GOOD, "", gone, quoted))
    one, two, three = file.questions
    assert (one.id, one.kind, one.answerable, one.need, one.facts) == ("a-1", "howto", True, "any", ())
    assert (two.id, two.kind, two.answerable, two.gold) == ("line-3", "unanswerable", False, ())
    assert (three.id, three.need, three.gold) == ("line-4", "all", (Gold("b.md", "", "it stands here"),))


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        ("{", "not valid JSON"),
        ("[" * 99_999, "not valid JSON"),
        ([1], "without a question"),
        ({"id": 1}, "without a question"),
        ({"question": "?!"}, "contains no word"),
        ({"question": "Really?", "answerable": True}, "without gold"),
        ({"question": "Where is the rest?"}, "neither gold nor answerable"),
        ({**GOOD, "id": "b", "answerable": False}, "unanswerable question with gold"),
        ({**GOOD, "id": "b", "answerable": "yes"}, "neither true nor false"),
        ({**GOOD, "id": "b", "gold": [{"page": "/docs/a"}]}, "neither section nor quote"),
        ({**GOOD, "id": "b", "gold": ["/docs/a"]}, "without a page"),
        ({**GOOD, "id": "b", "gold": "/docs/a"}, "are lists"),
        ({**GOOD, "id": "b", "need": "some"}, "need is 'some'"),
        (GOOD, "the id a-1 is on an earlier line already"),
    ],
)
def test_a_bad_line_is_named_and_the_rest_is_read(tmp_path: Path, bad: object, reason: str) -> None:
    path = written(tmp_path, GOOD, "", bad, {**GOOD, "id": "a-2"})
    file = read_questions(path)
    assert [question.id for question in file.questions] == ["a-1", "a-2"]
    assert [(line.line, reason in line.reason) for line in file.bad] == [(3, True)]
    with pytest.raises(UsageError, match=r"questions\.jsonl, line 3: "):
        read_questions(path, strict=True)


@pytest.mark.parametrize("lines", [[], ["", " "], ["{"]])
def test_a_file_without_questions_is_refused(tmp_path: Path, lines: list[str]) -> None:
    with pytest.raises(UsageError):
        read_questions(written(tmp_path, *lines))

"""What asks nothing of the docs is refused with a hint how to ask, unless a heading says just that."""

import pytest

from tests.conftest import CommandLine

HINT = "I only answer questions about these docs. Say what you want to know"


@pytest.mark.parametrize("said", ["Hello!", "thanks, that's great", "Who are you?", "Vielen Dank!", "你好"])
def test_small_talk_is_refused_with_a_hint(starter: CommandLine, said: str) -> None:
    found = starter("ask", "--no-llm", said)
    assert found.status == 3
    assert HINT in found.out


def test_a_greeting_before_a_question_is_left_alone(starter: CommandLine) -> None:
    assert starter("ask", "--no-llm", "Hi, what are model variants?").status == 0


def test_a_heading_of_these_words_is_found(askdocs: CommandLine) -> None:
    (askdocs.cwd / "markdown_docs").mkdir()
    (askdocs.cwd / "markdown_docs" / "spec.md").write_text(
        "# Messages\n\n## Hello\n\nThe client opens with a Hello message, which carries its version.\n\n"
        "## Data\n\nA Data message carries up to 4 kB.\n",
        encoding="utf-8",
    )
    assert askdocs("reindex", "--no-crawl").status == 0
    found = askdocs("ask", "--no-llm", "Hello")
    assert HINT not in found.out
    assert "which carries its version" in found.out

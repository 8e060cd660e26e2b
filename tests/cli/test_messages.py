"""The table of messages is that of the code, and its words are plain."""

import re

from tests.messages import TABLE, table


def test_the_table_is_up_to_date() -> None:
    assert TABLE.read_text(encoding="utf-8") == table(), "run: make messages"


def test_messages_are_in_plain_words() -> None:
    said = [line for line in table().splitlines() if line.startswith(("| error", "| note", "| warning", "| said"))]
    assert len(said) > 100
    clumsy = re.compile(
        r"(?<!there )\b(?:is no|are no)\b|\b(?:holds?|held|tells?|told|stands?|at hand|anew|beside|mend)\b|\b1 \w+s\b"
    )
    assert [line for line in said if clumsy.search(line)] == []
    assert [line for line in said if re.search(r"\[Errno|Traceback|Exception", line)] == []

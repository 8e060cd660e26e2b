"""Docs of a handful of passages, all on one subject: what is there is answered, its missing neighbour refused."""

import pytest

from tests.conftest import CommandLine

SHELVES = "\n".join(
    f"## Shelf {number}\n\nShelf {number} carries {load} kg and is made of {wood}.\n"
    for number, load, wood in ((1, 20, "oak"), (2, 35, "pine"), (3, 50, "beech"))
)


@pytest.fixture
def shelves(askdocs: CommandLine) -> CommandLine:
    (askdocs.cwd / "markdown_docs").mkdir()
    (askdocs.cwd / "markdown_docs" / "shelves.md").write_text(f"# Shelves\n\n{SHELVES}", encoding="utf-8")
    assert askdocs("reindex", "--no-crawl").status == 0
    return askdocs


def test_one_of_several_like_passages_answers(shelves: CommandLine) -> None:
    found = shelves("ask", "--no-llm", "How many kg does shelf 2 carry?")
    assert found.status == 0
    assert "Shelf 2 carries 35 kg" in found.out


@pytest.mark.parametrize("question", ["How many kg does shelf 8 carry?", "How do I bake sourdough bread?"])
def test_what_is_missing_is_refused(shelves: CommandLine, question: str) -> None:
    assert shelves("ask", "--no-llm", question).status == 3


@pytest.mark.parametrize(
    ("question", "status"),
    [("What does L4 mean?", 0), ("What does L9 mean?", 3), ("What do hinges stand for?", 3)],
)
def test_words_that_only_ask_count_neither_for_nor_against_an_answer(
    askdocs: CommandLine, question: str, status: int
) -> None:
    table = "| Label | Meaning |\n|---|---|\n| L2 | Load on the left only |\n| L4 | Load on all four corners |\n"
    (askdocs.cwd / "markdown_docs").mkdir()
    (askdocs.cwd / "markdown_docs" / "labels.md").write_text(f"# Labels\n\n{table}", encoding="utf-8")
    (askdocs.cwd / "markdown_docs" / "care.md").write_text("# Care\n\nOil the wheels every spring.\n", encoding="utf-8")
    assert askdocs("reindex", "--no-crawl").status == 0
    found = askdocs("ask", "--no-llm", question)
    assert found.status == status
    assert ("all four corners" in found.out) == (status == 0)


ERRORS = """The service answers with these errors:

- **400**: The request is malformed. Check its fields.
- **429**: Too many requests. Wait a minute.
- **503**: No worker is free. Fix it by adding one, or try again later.
"""


def test_an_error_is_found_where_its_number_alone_is_written(askdocs: CommandLine) -> None:
    (askdocs.cwd / "markdown_docs").mkdir()
    (askdocs.cwd / "markdown_docs" / "errors.md").write_text(f"# Errors\n\n{ERRORS}", encoding="utf-8")
    (askdocs.cwd / "markdown_docs" / "care.md").write_text("# Care\n\nOil the wheels every spring.\n", encoding="utf-8")
    assert askdocs("reindex", "--no-crawl").status == 0
    found = askdocs("ask", "--no-llm", "what does error 503 mean")
    assert found.status == 0
    assert "No worker is free" in found.out


MANUAL = {
    "descale": "# Descale\n\nWhen the orange light blinks, descale the machine with one litre of water.\n",
    "data": "# Technical data\n\nPower 1450 watts. Weight 8.2 kilograms. Pressure 15 bar.\n",
    "trays": "# Clean\n\nEmpty the drip tray every day, and rinse it under warm water without soap.\n",
}


@pytest.mark.parametrize(
    ("question", "status"),
    [
        ("How do I descale the machine?", 0),
        ("How do I empty the drip-tray?", 0),
        ("Is the tray dishwasher safe?", 3),
        ("How do I run it in Docker?", 3),
        ("Is the machine self-cleaning?", 3),
    ],
)
def test_a_question_that_turns_on_what_no_passage_is_near_is_refused(
    askdocs: CommandLine, question: str, status: int
) -> None:
    (askdocs.cwd / "markdown_docs").mkdir()
    for name, text in MANUAL.items():
        (askdocs.cwd / "markdown_docs" / f"{name}.md").write_text(text, encoding="utf-8")
    assert askdocs("reindex", "--no-crawl").status == 0
    assert askdocs("ask", "--no-llm", question).status == status


def test_words_of_a_language_that_the_model_does_not_know_make_no_refusal(askdocs: CommandLine) -> None:
    (askdocs.cwd / "markdown_docs").mkdir()
    text = (
        "# 自行车\n\n## 保修\n\n车架保修十年，其他零件保修两年。\n\n"
        "## 给链条上油\n\n用抹布擦干净链条，然后在每一节上滴一滴油。\n"
    )
    (askdocs.cwd / "markdown_docs" / "bike.md").write_text(text, encoding="utf-8")
    assert askdocs("reindex", "--no-crawl").status == 0
    found = askdocs("ask", "--no-llm", "车架保修多久？")
    assert found.status == 0
    assert "车架保修十年" in found.out

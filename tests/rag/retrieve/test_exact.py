"""Questions that name something to the letter, on small docs of our own: through the command line."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import CommandLine, bare_environment

HEADINGS = ("## {}", "## v{}", "## Version {} (2026)")
VERSIONS = ["2.10.0", "2.1.12", "2.1.2", "2.1.1", "2.0.0", "1.12.1", "1.2.1", "1.2.0", "1.1.12"]
CHANGES = "Adds the export of tables.|Fixes the import of tables.|Removes the old editor.|Speeds up the editor."

Docs = Callable[[dict[str, str]], CommandLine]


@pytest.fixture(scope="module")
def index_docs(tmp_path_factory: pytest.TempPathFactory, starter: CommandLine) -> Docs:
    """Indexes pages: title -> body."""

    def build(pages: dict[str, str]) -> CommandLine:
        folder = tmp_path_factory.mktemp("docs") / "work"
        (folder / "markdown_docs").mkdir(parents=True)
        for number, (title, body) in enumerate(pages.items()):
            text = f'---\nurl: "https://docs.example.org/{number}"\ntitle: "{title}"\n---\n# {title}\n\n{body}\n'
            (folder / "markdown_docs" / f"{number}.md").write_text(text, "utf-8")
        command = CommandLine(folder, bare_environment(folder))
        built = command("reindex", "--no-crawl")
        assert built.status == 0, built.err
        return command

    return build


@pytest.fixture(scope="module", params=HEADINGS)
def releases(request: pytest.FixtureRequest, index_docs: Docs) -> CommandLine:
    changes = CHANGES.split("|")
    body = "\n\n".join(
        f"{request.param.format(version)}\n\n- {changes[at % 4]}\n- {changes[(at + 1) % 4]}"
        for at, version in enumerate(VERSIONS)
    )
    return index_docs({"Changes": body, "Start": "Install the editor with the package manager."})


def first_heading(command: CommandLine, tmp_path: Path, questions: list[str]) -> list[str]:
    import json

    file = tmp_path / "questions.jsonl"
    file.write_text("".join(json.dumps({"id": str(n), "question": q}) + "\n" for n, q in enumerate(questions)), "utf-8")
    found = command("inspect", "--questions", file, "-k", "1", "--json")
    assert found.status == 0, found.err
    return [json.loads(line)["chunks"][0]["headings"][-1] for line in found.out.splitlines()]


def test_the_section_of_the_version_comes_first(releases: CommandLine, tmp_path: Path) -> None:
    asked = [form.format(version) for version in VERSIONS for form in ("What changed in {}?", "release notes for v{}")]
    shown = first_heading(releases, tmp_path, asked)
    wanted = [version for version in VERSIONS for _ in range(2)]
    wrong = [
        (question, heading)
        for question, heading, version in zip(asked, shown, wanted, strict=True)
        if version not in heading.replace("v", "").split()
    ]
    assert wrong == []


def test_a_version_that_does_not_exist_is_refused(releases: CommandLine) -> None:
    assert releases("ask", "What changed in 2.1.3?", "--no-llm").status == 3
    assert releases("ask", "What changed in version 3.0.0?", "--no-llm").status == 3


def test_a_number_that_nothing_has_is_refused_and_one_that_something_has_comes_first(
    index_docs: Docs, tmp_path: Path
) -> None:
    pumps = {
        f"Pump {n}": f"Pump {n} lifts {n * 12} litres a minute and is serviced every {n + 3} months."
        for n in (2, 4, 5, 9)
    }
    command = index_docs({"Pumps": "\n\n".join(f"## {name}\n\n{text}" for name, text in pumps.items())})
    assert first_heading(command, tmp_path, ["How many litres does pump 5 lift?"]) == ["Pump 5"]
    assert command("ask", "How many litres does pump 7 lift?", "--no-llm").status == 3


def test_docs_in_german_answer_german_questions(index_docs: Docs) -> None:
    command = index_docs(
        {
            "Tarife": "Der kleine Tarif kostet zwanzig Euro im Monat und enthält fünftausend Anfragen.",
            "Schlüssel": "Ein Schlüssel wird in den Einstellungen angelegt und gilt sechzig Tage.",
            "Sicherung": "Die Datenbank wird jede Nacht um vier Uhr gesichert.",
        }
    )
    for question, fact in [
        ("Wie lange gilt ein Schlüssel?", "sechzig Tage"),
        ("Was kostet der kleine Tarif?", "zwanzig Euro"),
        ("Wann wird die Datenbank gesichert?", "vier Uhr"),
    ]:
        answered = command("ask", question, "--no-llm")
        assert answered.status == 0, answered.err
        assert fact in answered.out


def test_a_code_and_an_option_that_the_docs_lack_are_refused(index_docs: Docs) -> None:
    codes = {"TW-101": "tank empty", "TW-102": "hose blocked", "TW-230": "filter full"}
    errors = "\n\n".join(f"## {code}: {what}\n\nThe {what} sensor stops the machine." for code, what in codes.items())
    options = (
        "| Option | Default | Meaning |\n|---|---|---|\n| pump.rate | 7 | Litres a minute |\n| pump.lid | on | Lid |"
    )
    command = index_docs({"Errors": errors, "Options": options})
    for question, status in {
        "TW-102": 0,
        "what does TW-230 mean": 0,
        "what is error TW-231": 3,
        "TW-999": 3,
        "pump.rate": 0,
        "what is pump.speed": 3,
    }.items():
        assert command("ask", "--no-llm", question).status == status, question

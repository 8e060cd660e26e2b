"""Sources that include other files: the files' text is in the page, nothing of the syntax is."""

import os
from pathlib import Path

import pytest

from ingest.reindex.crawl_source import SourcePages
from ingest.reindex.folder_source import read_local_source
from ingest.reindex.included_files import LARGEST_INCLUDE
from tests.ingest.made import quiet

BOIL = "def fill(pot):\n    pot.water = 1\n\n\n@timed\ndef boil(pot):\n    pot.heat = 100\n\n    return pot\n"


def read(folder: Path, files: dict[str, str]) -> SourcePages:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return read_local_source(folder, (), quiet)


def body(gathered: SourcePages, url: str = "/tea") -> str:
    [page] = [page for page in gathered.documents if page.url == url]
    return page.body.removeprefix("# Tea\n\n").removesuffix("\n")


@pytest.mark.parametrize(
    ("line", "want"),
    [
        ('--8<-- "part.md"', "Steep for **four** minutes."),
        ("--8<-- 'parts/part.md'", "Steep for **four** minutes."),
        ('-8<- "part.md"', "Steep for **four** minutes."),
        ("--8<--\npart.md\n; gone.md\n--8<--", "Steep for **four** minutes."),
        ("{{#include parts/part.md}}", "Steep for **four** minutes."),
        ("{!parts/part.md!}", "Steep for **four** minutes."),
        ("<!--@include: ./parts/part.md-->", "Steep for **four** minutes."),
        ("<!-- @include: @/parts/part.md -->", "Steep for **four** minutes."),
        ('{{< include "parts/part.md" >}}', "Steep for **four** minutes."),
        ('{{% readfile file="/parts/part.md" %}}', "Steep for **four** minutes."),
        ('{% include "./parts/part.md" %}', "Steep for **four** minutes."),
        ('{%\n   include-markdown "parts/part.md"\n%}', "Steep for **four** minutes."),
        ("```{include} parts/part.md\n```", "Steep for **four** minutes."),
        (":::{include} parts/part.md\n:::", "Steep for **four** minutes."),
        ("import Part from './parts/part.md';\n\n<Part />", "Steep for **four** minutes."),
        ('import Part from "@site/parts/part.md"\n\n<Part></Part>', "Steep for **four** minutes."),
        (":::note\n{{#include parts/part.md}}\n:::", "> **Note**\n>\n> Steep for **four** minutes."),
        ('!!! note\n    --8<-- "part.md"', "> **Note**\n>\n> Steep for **four** minutes."),
        ("- {{#include parts/part.md}}", "- Steep for **four** minutes."),
    ],
)
def test_an_included_text_is_part_of_the_page(tmp_path: Path, line: str, want: str) -> None:
    part = "---\nsidebar: false\n---\n\nSteep for __four__ minutes.\n"
    came = read(tmp_path, {"tea.md": f"# Tea\n\n{line}\n", "parts/part.md": part})
    assert body(came) == want
    assert [page.url for page in came.documents] == ["/tea"], "the part is not a page of its own"
    assert came.report.notes == ["left out (part of the pages that include them): parts/part.md"]


@pytest.mark.parametrize(
    ("line", "want"),
    [
        ('```py\n--8<-- "boil.py:7:7"\n```', "```python\npot.heat = 100\n```"),
        ('```py\n--8<-- "boil.py::2"\n```', "```python\ndef fill(pot):\n    pot.water = 1\n```"),
        ("```py\n{{#include boil.py:2}}\n```", "```python\npot.water = 1\n```"),
        (
            "- Do:\n  ```py\n  {{#include boil.py:1:2}}\n  ```",
            "- Do:\n  ```python\n  def fill(pot):\n      pot.water = 1\n  ```",
        ),
        ("<<< ./boil.py", f'```python title="boil.py"\n{BOIL.rstrip()}\n```'),
        (
            "::: code-group\n<<< @/boil.py{1 py:line-numbers} [Boil it]\n:::",
            f'```python title="Boil it"\n{BOIL.rstrip()}\n```',
        ),
        ("```{literalinclude} boil.py\n:lines: 1-2\n```", "```python\ndef fill(pot):\n    pot.water = 1\n```"),
        (
            "```{literalinclude} boil.py\n:language: py\n:caption: Boil\n:pyobject: boil\n```",
            '```python title="Boil"\n@timed\ndef boil(pot):\n    pot.heat = 100\n\n    return pot\n```',
        ),
        (
            ":::{literalinclude} /boil.py\n:start-after: '@timed'\n:end-before: heat\n:::".replace("'", ""),
            "```python\ndef boil(pot):\n```",
        ),
        ("{* ../../boil.py ln[1:2] hl[2] *}", "```python\ndef fill(pot):\n    pot.water = 1\n```"),
        ('{{% readfile file="boil.py" code="true" lang="text" %}}', f"```text\n{BOIL.rstrip()}\n```"),
        (
            "import boil from '!!raw-loader!./boil.py';\n\n<CodeBlock language=\"py\">{boil}</CodeBlock>",
            f"```python\n{BOIL.rstrip()}\n```",
        ),
    ],
)
def test_an_included_program_is_code(tmp_path: Path, line: str, want: str) -> None:
    came = read(tmp_path, {"tea.md": f"# Tea\n\n{line}\n", "boil.py": BOIL})
    assert (body(came), came.report.notes) == (want, [])


@pytest.mark.parametrize(
    ("marks", "include"),
    [
        ("# --8<-- [start:hot]\n{}\n# --8<-- [end:hot]", '```py\n--8<-- "x.py:hot"\n```'),
        ("# ANCHOR: hot\n{}\n# ANCHOR_END: hot", "```py\n{{#include x.py:hot}}\n```"),
        ("# region hot\n{}\n# endregion hot", "<<< @/x.py#hot [x]"),
        ("# #region hot\n{}\n# #endregion", "<<< @/x.py#hot [x]"),
    ],
)
def test_a_section_of_a_file_is_included_without_its_marks(tmp_path: Path, marks: str, include: str) -> None:
    inner = "    heat()\n    # ANCHOR: inner\n    hold()\n    # ANCHOR_END: inner"
    code = "cold()\n" + marks.format(inner) + "\ncold()\n"
    came = read(tmp_path, {"tea.md": f"# Tea\n\n{include}\n", "x.py": code})
    assert body(came).split("\n")[1:-1] == ["heat()", "hold()"]
    assert came.report.notes == []


def test_what_is_between_two_comments_is_included(tmp_path: Path) -> None:
    line = '{%\n  include-markdown "../README.md"\n  start="<!--intro-start-->"\n  end="<!--intro-end-->"\n%}'
    readme = "# Pot\n\n<!--intro-start-->\nIt boils.\n<!--intro-end-->\n\n## Licence\n\nFree.\n"
    came = read(tmp_path, {"docs/tea.md": f"# Tea\n\n{line}\n", "README.md": readme})
    assert body(came, "/docs/tea") == "It boils."
    assert len(came.documents) == 2, "a file of which a part is included stays a page"


def test_props_of_a_partial_are_filled_in(tmp_path: Path) -> None:
    uses = """<Time name="Assam" minutes={'4'} />\n\n<Time name="Sencha" minutes="2" />\n"""
    page = f"# Tea\n\nimport Time from './_time.mdx'\n\n{uses}"
    came = read(tmp_path, {"tea.mdx": page, "_time.mdx": "Steep {props.name} for {props.minutes} minutes.\n"})
    assert body(came) == "Steep Assam for 4 minutes.\n\nSteep Sencha for 2 minutes."


def test_included_files_include_others_and_never_themselves(tmp_path: Path) -> None:
    files = {
        "tea.md": "# Tea\n\n{{#include a/one.md}}\n",
        "a/one.md": "One.\n\n{{#include ../b/two.md}}\n",
        "b/two.md": "Two.\n\n{{#include ../a/one.md}}\n\nEnd.\n",
    }
    came = read(tmp_path, files)
    assert body(came) == "One.\n\nTwo.\n\nEnd."
    assert "/tea: the included file ../a/one.md includes itself" in came.report.notes


def test_two_pages_that_include_each_other_stay_pages(tmp_path: Path) -> None:
    came = read(
        tmp_path, {"a.md": "# A\n\nWords of a.\n\n{{#include b.md}}", "b.md": "# B\n\nWords of b.\n\n{{#include a.md}}"}
    )
    assert [page.url for page in came.documents] == ["/a", "/b"]


@pytest.mark.parametrize(
    ("target", "reason"),
    [
        ("none.md", "is not in the folder"),
        ("../outside/secret.md", "is not in the folder"),
        ("/etc/hostname", "is not in the folder"),
        ("https://h.example/x.md", "is not in the folder"),
        ("link.md", "is not in the folder"),
        ("linked/secret.md", "is not in the folder"),
        (".env", "is hidden"),
        (".git/config", "is hidden"),
        ("large.md", "is larger than 1,000,000 bytes"),
        ("pot.png", "is not text"),
        ("kettle.md:cold", "has no section cold"),
        ("tea.md", "includes itself"),
    ],
)
def test_only_files_below_the_folder_are_read(tmp_path: Path, target: str, reason: str) -> None:
    outside, docs = tmp_path / "outside", tmp_path / "docs"
    for folder in (outside, docs / ".git"):
        folder.mkdir(parents=True)
    (outside / "secret.md").write_text("SECRET")
    (docs / "link.md").symlink_to(outside / "secret.md")
    (docs / "linked").symlink_to(outside)
    (docs / ".env").write_text("SECRET=1")
    (docs / ".git" / "config").write_text("SECRET")
    (docs / "large.md").write_bytes(b"x" * (LARGEST_INCLUDE + 1))
    (docs / "pot.png").write_bytes(b"\x89PNG\x00\x00SECRET")
    (docs / "kettle.md").write_text("Hot.\n")
    came = read(docs, {"tea.md": f'# Tea\n\nBefore.\n\n--8<-- "{target}"\n\nAfter.\n'})
    assert body(came) == "Before.\n\nAfter."
    shown = target.removesuffix(":cold")
    assert f"/tea: the included file {shown} {reason}" in came.report.notes
    assert not any("SECRET" in page.body for page in came.documents)


def test_a_fifo_is_not_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.md")
    came = read(tmp_path, {"tea.md": "# Tea\n\nWords.\n\n{{#include pipe.md}}\n"})
    assert body(came) == "Words."
    assert came.report.notes == ["/tea: the included file pipe.md is not in the folder"]


def test_files_that_include_each_other_many_times_stay_within_bounds(tmp_path: Path) -> None:
    files = {f"{n}.md": f"# {n}\n\nWords {n}.\n" + f"{{{{#include {n + 1}.md}}}}\n" * 9 for n in range(9)}
    came = read(tmp_path, files)
    assert any("is one too many" in note for note in came.report.notes)
    assert all(len(page.body) < 6_000_000 for page in came.documents)


def test_a_line_that_shows_how_a_file_is_included_stays(tmp_path: Path) -> None:
    text = '# Tea\n\n```text\n;--8<-- "part.md"\n\\{{#include part.md}}\n```\n\n`--8<-- "part.md"` includes it.\n'
    came = read(tmp_path, {"tea.md": text, "part.md": "Part.\n"})
    assert (
        body(came, "/tea") == '```text\n--8<-- "part.md"\n{{#include part.md}}\n```\n\n`--8<-- "part.md"` includes it.'
    )


def test_text_included_by_all_pages_is_not_taken_for_chrome(tmp_path: Path) -> None:
    pages = {f"{n}.md": f"# Pot {n}\n\nPot {n} holds {n} cups.\n\n{{{{#include foot.md}}}}\n" for n in range(8)}
    came = read(tmp_path, {**pages, "foot.md": "Keep it clean.\n"})
    assert [page.body for page in came.documents] == [
        f"# Pot {n}\n\nPot {n} holds {n} cups.\n\nKeep it clean.\n" for n in range(8)
    ]


def test_files_left_out_are_named_with_the_reason(tmp_path: Path) -> None:
    (tmp_path / "b.md").symlink_to(tmp_path / "a.md")
    for n in range(7):
        (tmp_path / f"{n}.ipynb").write_text("{}")
    came = read(tmp_path, {"a.md": "# A\n\nWords.\n", "pot.png": ""})
    assert came.report.notes == [
        "left out (.ipynb is not read: give their HTML): 0.ipynb, 1.ipynb, 2.ipynb, 3.ipynb, 4.ipynb and 2 more",
        "left out (links, which are not followed): b.md",
    ]


def test_sources_of_sphinx_include_files(tmp_path: Path) -> None:
    tea = (
        "Tea\n===\n\n.. include:: parts/part.rst\n   :start-after: shown\n\n"
        ".. note::\n\n   .. include:: /parts/hot.rst\n\n"
        ".. literalinclude:: boil.py\n   :pyobject: fill\n   :caption: Fill it\n\n.. include:: ../out.rst\n\nEnd.\n"
    )
    files = {
        "tea.rst": tea,
        "parts/part.rst": "Hidden.\n\n.. shown\n\nSteep it.\n",
        "parts/hot.rst": "Hot.\n",
        "boil.py": BOIL,
    }
    came = read(tmp_path, files)
    fill = '```python title="Fill it"\ndef fill(pot):\n    pot.water = 1\n```'
    assert body(came) == f"Steep it.\n\n> **Note**\n>\n> Hot.\n\n{fill}\n\nEnd."
    assert came.report.notes == [
        "/tea: the included file ../out.rst is not in the folder",
        "left out (part of the pages that include them): parts/hot.rst",
    ]


def test_pages_of_antora_include_their_partials_and_examples(tmp_path: Path) -> None:
    tea = "= Tea\n\ninclude::partial$hot.adoc[]\n\n[source,py]\n----\ninclude::example$boil.py[tag=boil]\n----\n"
    files = {
        "modules/ROOT/pages/tea.adoc": tea,
        "modules/ROOT/partials/hot.adoc": "Keep it *hot*.\n",
        "modules/ROOT/examples/boil.py": "import pot\n# tag::boil[]\npot.boil()\n# end::boil[]\n",
        "modules/ROOT/nav.adoc": "* xref:tea.adoc[Tea]\n",
    }
    came = read(tmp_path, files)
    assert body(came, "/modules/ROOT/pages/tea") == "Keep it **hot**.\n\n```python\npot.boil()\n```"
    assert len(came.documents) == 1
    assert came.report.notes == [
        "left out (parts and menus of Antora's pages): modules/ROOT/nav.adoc, modules/ROOT/partials/hot.adoc"
    ]

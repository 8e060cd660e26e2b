"""reStructuredText sources come out as the HTML that Sphinx makes of them would; nothing in them is executed."""

import time

import pytest

from ingest.clean.page import clean_page
from ingest.core.records import Cleaned, Page


def clean(text: str) -> Cleaned:
    return clean_page(Page("/tea", text.encode(), "text/x-rst"))


def body(text: str) -> str:
    got = clean(f"Tea\n===\n\n{text}\n").document.body
    return got.removeprefix("# Tea\n\n").removesuffix("\n")


@pytest.mark.parametrize(
    ("text", "want"),
    [
        ("Use ``pour()`` *now*, **hot**.", "Use `pour()` *now*, **hot**."),
        ("See :func:`~pot.lid.open`, :class:`Pot <pot.Pot>`, :doc:`/guide`.", "See `open`, `Pot`, guide."),
        (":menuselection:`File --> Brew` and :kbd:`Ctrl+B`", "File > Brew and `Ctrl+B`"),
        ("So :math:`a_1^2`.\n\n.. math::\n   :label: e\n\n   x = y", "So $a_1^2$.\n\n$$x = y$$"),
        (".. note:: Hot.\n\n   Very.", "> **Note**\n>\n> Hot.\n>\n> Very."),
        (".. warning::\n   :class: big\n\n   * Hot.\n   * Wet.", "> **Warning**\n>\n> - Hot.\n> - Wet."),
        (".. admonition:: Mind the lid\n\n   Hot.", "> **Note: Mind the lid**\n>\n> Hot."),
        (".. seealso:: The pot.", "> **See also**\n>\n> The pot."),
        (".. versionadded:: 2.1\n   The lid.", "*Added in version 2.1:* The lid."),
        (".. deprecated:: 3", "*Deprecated since version 3*"),
        (
            (
                ".. code-block:: python\n   :caption: tea.py\n   :emphasize-lines: 1\n\n   pour()\n"
                "   if hot:\n       wait()"
            ),
            '```python title="tea.py"\npour()\nif hot:\n    wait()\n```',
        ),
        ("Do::\n\n   a <b>", "Do:\n\n```\na <b>\n```"),
        (">>> 1 + 1\n2", "```python\n>>> 1 + 1\n2\n```"),
        (
            ".. py:function:: boil(pot, *, hot=True)\n   :module: pot\n\n   Boils it.\n\n   :param pot: What to boil.",
            "- `boil(pot, *, hot=True)`\n\n  Boils it.\n  - `pot`:\n\n    What to boil.",
        ),
        (".. option:: --hot, -h\n\n   Heats.", "- `--hot, -h`\n\n  Heats."),
        (
            ".. tabs::\n\n   .. tab:: Gas\n\n      Light it.\n\n   .. code-tab:: bash Mains\n\n      plug in",
            '**Gas**\n\nLight it.\n\n```bash title="Mains"\nplug in\n```',
        ),
        (
            (
                ".. tab-set::\n\n   .. tab-item:: Gas\n      :sync: a\n\n      Light it.\n\n"
                "   .. tab-item:: Mains\n\n      Plug."
            ),
            "**Gas**\n\nLight it.\n\n**Mains**\n\nPlug.",
        ),
        (".. some-extension:: Words\n   :option: x\n\n   Inner *words*.", "Inner *words*."),
        (".. glossary::\n\n   Pot\n      A vessel.", "- Pot\n\n  A vessel."),
        (
            ".. list-table::\n   :header-rows: 1\n\n   * - a\n     - b\n   * - 1\n     - 2",
            "| a | b |\n| --- | --- |\n| 1 | 2 |",
        ),
        ("=== ===\na   b\n=== ===\n1   2\n=== ===", "| a | b |\n| --- | --- |\n| 1 | 2 |"),
        ("A note [1]_.\n\n.. [1] Said.", "A note [^1].\n\n[^1]: Said."),
        ("Made of |what|, |version| and Pots_.\n\n.. |what| replace:: tin", "Made of tin, version and Pots."),
        ("Hot,|br|cold.\n\n.. |br| raw:: html\n\n   <br>\n\nEnd.", "Hot, cold.\n\nEnd."),
        (
            "`Pots <https://pot.example/>`_ and `these`_\n\n.. _these: https://x.example",
            "[Pots](https://pot.example/) and [these](https://x.example)",
        ),
        (".. image:: pot.png\n   :alt: A pot\n\n.. figure:: lid.png\n\n   The lid.", "A pot\n\n*The lid.*"),
        (
            ".. toctree::\n   :maxdepth: 2\n\n   one\n   two\n\n.. automodule:: pot\n   :members:\n\nEnd.",
            "- `pot`\n\nEnd.",
        ),
        (":orphan:\n\nWords.", "Words."),
        (
            ".. _hot:\n\nHeat\n----\n\nWords.\n\nCold\n----\n\nSee :ref:`hot` and :ref:`this <hot>`.",
            "## Heat\n\nWords.\n\n## Cold\n\nSee Heat and this.",
        ),
        (".. only:: html\n\n   Shown.\n\n.. comment", "Shown."),
    ],
)
def test_what_a_reader_of_the_built_page_sees(text: str, want: str) -> None:
    assert body(text) == want


def test_sections_have_levels_and_anchors() -> None:
    got = clean("===\nTea\n===\n\nWords.\n\nHot pots\n========\n\nSome.\n\nThe lid\n-------\n\nMore.\n").document
    assert got.body == "# Tea\n\nWords.\n\n## Hot pots\n\nSome.\n\n### The lid\n\nMore.\n"
    assert got.anchors[1:] == ("hot-pots", "the-lid")


@pytest.mark.parametrize(
    "text",
    [
        ".. include:: /etc/hostname",
        ".. literalinclude:: /etc/hostname",
        ".. raw:: html\n   :file: /etc/hostname",
        ".. raw:: html\n\n   <script>alert(1)</script>",
        ".. csv-table::\n   :file: /etc/hostname",
        ".. csv-table::\n   :url: http://127.0.0.1:9/x",
        ".. code-block:: text\n   :file: /etc/hostname",
        ".. figure:: /etc/hostname",
        ".. role:: html(raw)\n   :format: html\n\n:html:`<script>alert(1)</script>`",
        ".. |x| include:: /etc/hostname\n\n|x|",
        ".. math:: \\input{/etc/hostname}",
        ".. default-role:: nonsense\n\n`<script>`",
        ".. plot:: /etc/hostname\n\n   import os",
        ".. exec::\n\n   import os",
    ],
)
def test_nothing_is_read_or_executed(text: str) -> None:
    from pathlib import Path

    host = Path("/etc/hostname").read_text().strip() or "no name"
    got = clean(f"Tea\n===\n\nBefore.\n\n{text}\n\nAfter.\n").document.body
    assert got.startswith("# Tea\n\nBefore.")
    assert "After." in got
    assert host not in got.replace("/etc/hostname", "")


def test_an_error_is_noted_and_the_rest_is_kept() -> None:
    got = clean("Tea\n===\n\nBefore.\n\n.. list-table::\n\n   words\n\nAfter.\n")
    assert got.document.body == "# Tea\n\nBefore.\n\nAfter.\n"
    assert len(got.notes) == 1
    assert got.notes[0].startswith("line 6:")


def test_a_lone_page_notes_what_it_includes() -> None:
    got = clean("Tea\n===\n\nBefore.\n\n.. include:: lid.rst\n   :start-line: 2\n\nAfter.\n")
    assert got.document.body == "# Tea\n\nBefore.\n\nAfter.\n"
    assert got.notes == ("the included file lid.rst is not part of the page",)


@pytest.mark.parametrize(
    "text",
    [
        "\n".join(f".. |{n}| replace:: |{n + 1}| |{n + 1}|" for n in range(60)) + "\n\n|0|",
        "\n".join("  " * n + "* deep" for n in range(300)),
        "\n\n".join("   " * n + ".. note::" for n in range(300)),
        "*a " * 20_000,
        "`a " * 20_000,
        "|a " * 20_000,
        "a_ " * 10_000,
        ":a:`" * 10_000,
        ".. a::\n" * 10_000,
        "[1]_ " * 5_000,
        "::\n\n" * 10_000,
        "+-" * 20_000,
        "\n".join(f"Head {n}\n--------" for n in range(3_000)),
    ],
)
def test_hostile_sources_end_soon(text: str) -> None:
    start = time.process_time()
    got = clean(f"Tea\n===\n\nBefore.\n\n{text}\n\nAfter.\n")
    assert time.process_time() - start < 40
    assert "Before." in got.document.body

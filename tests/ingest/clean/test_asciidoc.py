"""AsciiDoc sources: the blocks and marks that documentation uses become what their HTML would give."""

import time

import pytest

from ingest.clean.page import clean_page
from ingest.core.records import Cleaned, Page


def clean(text: str) -> Cleaned:
    return clean_page(Page("/tea", text.encode(), "text/asciidoc"))


def body(text: str) -> str:
    got = clean(f"= Tea\n\n{text}\n").document.body
    return got.removeprefix("# Tea\n\n").removesuffix("\n")


@pytest.mark.parametrize(
    ("text", "want"),
    [
        ("Use `pour()` _now_, *hot*, `+a|b+`, ``pot``s, #very#.", "Use `pour()` *now*, **hot**, `a|b`, `pot`s, very."),
        ("A `Map<String>` or List<T> fits.", "A `Map<String>` or List<T> fits."),
        (
            "See https://pot.example[Pots^] and link:lid.html[the lid].",
            "See [Pots](https://pot.example) and [the lid](/lid.html).",
        ),
        ("See xref:ROOT:pot.adoc#lid[the lid], <<hot-pots>> and <<hot,heat>>.", "See the lid, hot pots and heat."),
        ("Press kbd:[Ctrl+C], btn:[OK], menu:File[Save].", "Press `Ctrl+C`, **OK**, File > Save."),
        ("So stem:[a_1^2].footnote:[Proved.]", "So $a_1^2$. (Proved.)"),
        (":pot: kettle\n\nA {pot}{nbsp}and {other}.", "A kettle and other."),
        ("NOTE: Mind it.", "> **Note**\n>\n> Mind it."),
        ("[WARNING]\n.Hot\n====\nMind it.\n\nNow.\n====", "> **Warning: Hot**\n>\n> Mind it.\n>\n> Now."),
        (
            "[source,java]\n----\npour(); // <1>\n\nwait();\n----\n<1> Pours.",
            "```java\npour();\n\nwait();\n```\n\n1. Pours.",
        ),
        (".pot.sh\n[source,bash]\n----\nls\n----", '```bash title="pot.sh"\nls\n```'),
        ("....\nplain <b>\n....", "```\nplain <b>\n```"),
        ("* one\n** inner\n* two\n\n//-\n. first\n. second", "- one\n   - inner\n- two\n\n1. first\n2. second"),
        ("* one\n+\n----\nls\n----\n* two", "- one\n\n   ```\n   ls\n   ```\n\n- two"),
        ("Pot:: A vessel.\nLid::\nA cover.", "- Pot\n\n  A vessel.\n\n- Lid\n\n  A cover."),
        ("|===\n|a |b\n\n|1 |2\n|3 |4\n|===", "| a | b |\n| --- | --- |\n| 1 | 2 |\n| 3 | 4 |"),
        ('[cols="1,1",options="header"]\n|===\n|a\n|b\n\n|1\n|2\n|===', "| a | b |\n| --- | --- |\n| 1 | 2 |"),
        ("[cols=2*]\n|===\n|Module|Size\n|===", "|  |  |\n| --- | --- |\n| Module | Size |"),
        ("ifdef::gone[]\nHidden.\nendif::[]\nifndef::gone[]\nShown.\nendif::[]", "Shown."),
        ("// comment\n////\nhidden\n////\nWords.\n\n'''\n\nEnd.", "Words.\n\nEnd."),
        ("image::pot.png[A pot,200]\n\n++++\n<script>x</script>\n++++\n\ntoc::[]\n\nEnd.", "A pot\n\nEnd."),
        (
            "[tabs]\n====\nGas::\n+\n--\nLight it.\n--\nMains:: \n+\nPlug it in.\n====",
            "**Gas**\n\nLight it.\n\n**Mains**\n\nPlug it in.",
        ),
        ("He said:\n\n____\nTea.\n____", "He said:\n\n> Tea."),
    ],
)
def test_what_a_reader_of_the_built_page_sees(text: str, want: str) -> None:
    assert body(text) == want


def test_sections_have_levels_and_the_anchors_that_are_named() -> None:
    head = "= Tea\nAn Author <a@b.example>\nv1.0\n:toc:\n\nWords.\n\n"
    got = clean(f"{head}[#hot]\n== Hot pots\n\nSome.\n\n[[lid]]\n=== The lid\n\nMore.\n")
    assert got.document.body == "# Tea\n\nWords.\n\n## Hot pots\n\nSome.\n\n### The lid\n\nMore.\n"
    assert got.document.anchors == ("", "hot", "lid")


def test_a_lone_page_notes_what_it_includes() -> None:
    got = clean("= Tea\n\nBefore.\n\ninclude::partial$lid.adoc[]\n\nAfter.\n")
    assert got.document.body == "# Tea\n\nBefore.\n\nAfter.\n"
    assert got.notes == ("the included file partial$lid.adoc is not part of the page",)


@pytest.mark.parametrize(
    "text",
    [
        "====\n" * 5_000, "[NOTE]\n====\n" * 3_000, "* a\n+\n" * 5_000, "ifdef::a[]\n" * 20_000, "*a " * 20_000,
        "`a " * 20_000, "xref:a[" * 10_000, "<<a " * 20_000, "|===\n" + "|a " * 20_000, "a::\n" * 10_000, "[" * 20_000,
        ":a: {a}{a}\n" * 99 + "{a}", "+" * 20_000, "__a " * 20_000, "footnote:[" * 9_000, "{" * 20_000,
        "----\n" * 9_999, "** a\n*** b\n" * 5_000,
    ],
)  # fmt: skip
def test_hostile_sources_end_soon(text: str) -> None:
    start = time.process_time()
    assert "Before." in clean(f"= Tea\n\nBefore.\n\n{text}\n\nAfter.\n").document.body
    assert time.process_time() - start < 20

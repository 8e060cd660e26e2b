"""The title of a box is not the heading of what follows the box."""

import pytest

from tests.ingest.clean.pages_of_one import body, clean

FOLD = "<details><summary>On Windows?</summary><p>Use the file.</p></details>"
ENTRY = (
    '<dl class="py function"><dt class="sig sig-object py" id="k.{0}"><span class="sig-name">{0}</span>(cup)</dt>'
    "<dd><p>Does it.</p></dd></dl>"
)


def test_a_fold_before_more_text_is_no_heading() -> None:
    assert body(f"<h2>Linux</h2>{FOLD}<p>Then start.</p>") == (
        "## Linux\n\n**On Windows?** Use the file.\n\nThen start."
    )


def test_folds_at_the_end_of_a_section_are_headings() -> None:
    assert body(f"<h2>Help</h2>{FOLD}{FOLD}<h2>Then</h2><p>x") == (
        "## Help\n\n### On Windows?\n\nUse the file.\n\n### On Windows?\n\nUse the file.\n\n## Then\n\nx"
    )


def test_a_fold_before_a_fold_that_is_no_heading_is_none_either() -> None:
    assert "###" not in body(f"<h2>Help</h2>{FOLD}{FOLD}<p>Then start.</p>")


@pytest.mark.parametrize(
    "markup",
    [
        (
            '<div class="accordion"><div class="accordion-item"><h3 class="accordion-header"><button>Keys</button></h3>'
            '<div class="accordion-body"><p>Ask us.</p></div></div></div>'
        ),
        (
            '<div class="tabbed-set"><div class="tabbed-labels"><label>A</label></div><div class="tabbed-content">'
            '<div class="tabbed-block"><h3>Keys</h3><p>Ask us.</p></div></div></div>'
        ),
        '<div role="tabpanel"><h3>Keys</h3><p>Ask us.</p></div>',
    ],
)
def test_headings_in_boxes_end_with_them(markup: str) -> None:
    assert "**Keys** Ask us.\n\nAfter." in body(f"<h2>Help</h2>{markup}<p>After.</p>")
    assert "### Keys\n\nAsk us.\n\n## Then" in body(f"<h2>Help</h2>{markup}<h2>Then</h2><p>x</p>")


def test_text_after_an_api_entry_is_in_the_section_again() -> None:
    inner = f"<h2 id='h'>Helpers</h2><p>These help.</p>{ENTRY.format('open')}<p>All raise errors.</p>"
    document = clean(f"<main><h1 id='t'>Tea</h1>{inner}</main>").document
    assert document.body.endswith(
        "## Helpers\n\nThese help.\n\n### open(cup)\n\nDoes it.\n\n## Helpers\n\nAll raise errors.\n"
    )
    assert document.anchors == ("t", "h", "k.open", "h")


def test_text_after_an_api_entry_above_all_sections_is_in_the_page() -> None:
    assert body(f"{ENTRY.format('open')}<p>All raise errors.</p>") == (
        "## open(cup)\n\nDoes it.\n\n## Tea\n\nAll raise errors."
    )


def test_entries_that_follow_each_other_need_no_heading_between_them() -> None:
    inner = f"<h2>Helpers</h2>{ENTRY.format('open')}{ENTRY.format('shut')}"
    assert body(inner) == "## Helpers\n\n### open(cup)\n\nDoes it.\n\n### shut(cup)\n\nDoes it."


def test_text_after_the_methods_of_a_class_is_in_the_class() -> None:
    cls = (
        '<dl class="py class"><dt class="sig sig-object py" id="k.Pot">Pot</dt><dd><p>A pot.</p>'
        f"{ENTRY.format('pour')}<p>Pots are hot.</p></dd></dl>"
    )
    assert body(f"<h2>API</h2>{cls}").endswith("#### pour(cup)\n\nDoes it.\n\n### Pot\n\nPots are hot.")


def test_headings_after_a_box_have_the_level_that_they_had_before_it() -> None:
    panel = '<div role="tabpanel"><h4>Deep</h4><p>x</p></div>'
    assert body(f"<h2>A</h2>{panel}{FOLD}<h2>B</h2><p>y").count("\n### On Windows?") == 1


def test_ten_thousand_boxes_in_each_other() -> None:
    depth = 10_000
    inner = "<details><summary>Fold</summary>" * depth + "deep" + "</details>" * depth
    got = body(f"<h2>A</h2>{inner}<p>After.</p>")
    assert "deep" in got
    assert got.endswith("After.")

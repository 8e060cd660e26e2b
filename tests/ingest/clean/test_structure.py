"""Footnotes, definition lists, tabs and raised letters in the markup of several generators."""

import pytest

from tests.ingest.clean.pages_of_one import body


@pytest.mark.parametrize(
    ("mark", "note"),
    [
        (
            '<sup id="fnref:1"><a class="footnote-ref" href="#fn:1">1</a></sup>',
            (
                '<div class="footnote"><hr><ol><li id="fn:1"><p>Or milk.&#160;<a class="footnote-backref" '
                'href="#fnref:1" title="Jump back to footnote 1 in the text">&#8617;</a></p></li></ol></div>'
            ),
        ),
        (
            (
                '<sup class="footnote">[<a id="_footnoteref_1" class="footnote" href="#_footnotedef_1" '
                'title="View footnote.">1</a>]</sup>'
            ),
            (
                '<div id="footnotes"><hr><div class="footnote" id="_footnotedef_1"><a href="#_footnoteref_1">1</a>. '
                "Or milk.</div></div>"
            ),
        ),
        (
            '<sup class="footnote-reference"><a href="#m">1</a></sup>',
            '<div class="footnote-definition" id="m"><sup class="footnote-definition-label">1</sup><p>Or milk.</p>',
        ),
        (
            '<sup class="footnote-reference" id="fr-m-1"><a href="#footnote-m">1</a></sup>',
            '<hr><ol class="footnote-definition"><li id="footnote-m"><p>Or milk. <a href="#fr-m-1">↩</a></p></li></ol>',
        ),
        (
            '<a href="#fn1" class="footnote-ref" id="fnref1" role="doc-noteref"><sup>1</sup></a>',
            (
                '<section id="footnotes" class="footnotes" role="doc-endnotes"><hr><ol><li id="fn1"><p>Or milk.<a '
                'href="#fnref1" class="footnote-back" role="doc-backlink">↩︎</a></p></li></ol></section>'
            ),
        ),
        (
            '<a class="footnote-reference" href="#id2" id="id1">[1]</a>',
            (
                '<table class="docutils footnote" id="id2"><colgroup><col class="label"><col></colgroup><tbody><tr>'
                '<td class="label"><a class="fn-backref" href="#id1">[1]</a></td><td>Or milk.</td></tr></tbody></table>'
            ),
        ),
        (
            '<a class="footnote-reference brackets" href="#id2" id="id1">1</a>',
            (
                '<dl class="footnote brackets"><dt class="label" id="id2"><span class="brackets"><a class="fn-backref" '
                'href="#id1">1</a></span></dt><dd><p>Or milk.</p></dd></dl>'
            ),
        ),
    ],
)
def test_footnotes_are_marked_and_have_no_way_back(mark: str, note: str) -> None:
    assert body(f"<p>Add water{mark}.</p>{note}") == "Add water[^1].\n\n[^1]: Or milk."


def test_headings_that_lead_back_to_the_contents_keep_their_words() -> None:
    assert body('<h2><a class="toc-backref" href="#id1" role="doc-backlink">Pots</a></h2><p>x') == "## Pots\n\nx"


def test_the_type_of_a_parameter_is_behind_a_colon() -> None:
    inner = '<dl class="simple"><dt><strong>size</strong><span class="classifier">float</span></dt><dd><p>Cups.'
    assert body(inner) == "- **size** : float\n\n  Cups."
    older = (
        '<dl><dt>size <span class="classifier-delimiter">:</span> <span class="classifier">float</span></dt><dd>Cups.'
    )
    assert "size : float" in body(older)


def test_tabs_of_antora_have_their_labels() -> None:
    tabs = (
        '<div class="openblock tabs is-sync is-loading"><div class="content"><div class="ulist tablist"><ul>'
        '<li id="a" class="tab"><p>Maven</p></li><li id="b" class="tab"><p>Gradle</p></li></ul></div>'
        '<div id="a--panel" class="tabpanel" aria-labelledby="a"><div class="listingblock"><div class="content">'
        '<pre><code class="language-xml">&lt;a/&gt;</code></pre></div></div></div>'
        '<div id="b--panel" class="tabpanel" aria-labelledby="b"><p>Write it.</p></div></div></div>'
    )
    assert body(tabs) == '```xml title="Maven"\n<a/>\n```\n\n**Gradle**\n\nWrite it.'


def test_notes_below_code_are_an_ordered_list() -> None:
    row = '<tr><td><i class="conum" data-value="{0}"></i><b>{0}</b></td><td>{1}</td></tr>'
    inner = f'<div class="colist arabic"><table>{row.format(1, "Boils.")}{row.format(2, "Pours.")}</table></div>'
    assert body(inner) == "1. Boils.\n2. Pours."


def test_raised_and_lowered_letters() -> None:
    inner = (
        "<p>H<sub>2</sub>O, x<sub>i</sub>, log<sub>2</sub>(n), 10<sup>6</sup>, 1<sup>st</sup>, Pot<sup>®</sup>, "
        "lid<sup>deprecated</sup>"
    )
    assert body(inner) == "H2O, x_i, log_2(n), 10^6, 1st, Pot®, lid deprecated"

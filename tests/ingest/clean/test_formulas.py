"""Formulas of all renderers become TeX between dollar signs, at their place."""

import pytest

from tests.ingest.clean.pages_of_one import body

SQUARE = "<math><msup><mi>x</mi><mn>2</mn></msup></math>"
KATEX = (
    '<span class="katex"><span class="katex-mathml"><math><semantics><mrow><msup><mi>x</mi><mn>2</mn></msup></mrow>'
    '<annotation encoding="application/x-tex">x^2</annotation></semantics></math></span>'
    '<span class="katex-html" aria-hidden="true">x2</span></span>'
)


@pytest.mark.parametrize(
    "markup",
    [
        r'<span class="math notranslate nohighlight">\(x^2\)</span>',
        r'<span class="math inline">\(x^2\)</span>',
        '<span class="math inline">x^2</span>',
        r'<span class="arithmatex">\(x^2\)</span>',
        '<span class="arithmatex"><span class="MathJax_Preview">x^2</span><script type="math/tex">x^2</script></span>',
        (
            '<span class="MathJax_Preview"></span><span class="MathJax"><nobr>x2</nobr></span>'
            '<script type="math/tex" id="m1">x^2</script>'
        ),
        KATEX,
        '<math alttext="x^2"><mi>x</mi></math>',
        (
            '<mjx-container class="MathJax" jax="SVG"><svg></svg><mjx-assistive-mml><math alttext="x^2"></math>'
            "</mjx-assistive-mml></mjx-container>"
        ),
        (
            '<span class="mwe-math-element"><span style="display: none;"><math alttext="{\\displaystyle x^2}">'
            '<mi>x</mi></math></span><img alt="{\\displaystyle x^2}" aria-hidden="true"></span>'
        ),
        '<img class="math" src="_images/math/a.png" alt="x^2">',
        '<math-renderer class="js-inline-math">$x^2$</math-renderer>',
    ],
)
def test_a_formula_stays_in_its_sentence(markup: str) -> None:
    assert body(f"<p>Let {markup} be the area.</p>") == "Let $x^2$ be the area."


@pytest.mark.parametrize(
    "markup",
    [
        r'<div class="math notranslate nohighlight">\[x^2\]</div>',
        r'<span class="math display">\[x^2\]</span>',
        r'<div class="arithmatex">\[x^2\]</div>',
        (
            '<div class="arithmatex"><div class="MathJax_Preview">x^2</div>'
            '<script type="math/tex; mode=display">x^2</script></div>'
        ),
        f'<span class="katex-display">{KATEX}</span>',
        '<math display="block" alttext="x^2"></math>',
        '<mjx-container display="true"><math alttext="x^2"></math></mjx-container>',
        '<div class="math"><img src="a.png" alt="x^2"></div>',
    ],
)
def test_a_formula_of_its_own_is_a_paragraph(markup: str) -> None:
    assert body(f"<p>Before.</p>{markup}<p>After.</p>") == "Before.\n\n$$x^2$$\n\nAfter."
    assert body(f"<p>Before {markup} after.</p>") == "Before\n\n$$x^2$$\n\nafter."


def test_the_number_of_a_formula_is_after_it() -> None:
    number = '<span class="eqno">(3)<a class="headerlink" href="#e" title="Link to this equation">¶</a></span>'
    markup = rf'<div class="math notranslate nohighlight" id="e">{number}\[x^2\]</div>'
    assert body(markup) == "$$x^2$$ (3)"


def test_formulas_in_lists_tables_and_definitions() -> None:
    area = r'<span class="math">\(x^2\)</span>'
    assert body(f"<ul><li>the area {area}</li><li>b</li></ul>") == "- the area $x^2$\n- b"
    assert body(f"<table><tr><th>A<th>B</tr><tr><td>the area {area}<td>1</table>").endswith("| the area $x^2$ | 1 |")
    assert body(f"<dl><dt>area</dt><dd>is {area} here</dd></dl>") == "- area\n\n  is $x^2$ here"


def test_mathml_without_tex_is_written_as_tex() -> None:
    fraction = "<math><mfrac><mi>a</mi><msqrt><mi>b</mi></msqrt></mfrac></math>"
    assert body(f"<p>Let {SQUARE} and {fraction}.</p>") == r"Let $x^{2}$ and $\frac{a}{\sqrt{b}}$."


@pytest.mark.parametrize("size", [1_000_000])
def test_a_huge_formula_is_kept(size: int) -> None:
    tex = "x+" * (size // 2)
    assert body(rf'<p>Let <span class="math">\({tex}\)</span> be.</p><p>After.</p>') == f"Let ${tex}$ be.\n\nAfter."


def test_deep_mathml_gives_its_characters() -> None:
    depth = 3000
    assert "z" in body(f"<p>Let <math>{'<mrow>' * depth}<mi>z</mi>{'</mrow>' * depth}</math> be.</p>")


def test_a_page_about_math_is_no_formula() -> None:
    assert body('<div class="math"><h2>Sums</h2><p>Add them.</p></div>') == "## Sums\n\nAdd them."

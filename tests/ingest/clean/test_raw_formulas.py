r"""TeX in the text of a page, between `\(` and `\)`, is a formula where a script sets it, and text where none does."""

import time

import pytest

from tests.ingest.clean.pages_of_one import body

LOADERS = [
    '<script async src="https://cdn.jsdelivr.net/npm/mathjax@3/es5/tex-mml-chtml.js"></script>',
    '<script src="https://cdn.example/mathjax/2.7.1/MathJax.js?config=TeX-AMS-MML_HTMLorMML"></script>',
    '<script>window.MathJax = {tex: {inlineMath: [["\\\\(", "\\\\)"]]}};</script>',
    '<script src="/js/auto-render.min.js" onload="renderMathInElement(document.body);"></script>',
    '<script>document.addEventListener("DOMContentLoaded", () => renderMathInElement(document.body))</script>',
]
MATHJAX = LOADERS[0]


@pytest.mark.parametrize("loader", LOADERS)
def test_formulas_in_text_are_formulas_where_a_script_sets_them(loader: str) -> None:
    text = r"<p>The load \(\rho_1 &lt; 1\) is low.</p><p>\[ L = \lambda \, W \]</p><p>$$ a^2 $$</p>"
    assert body(text, loader) == r"The load $\rho_1 < 1$ is low." + "\n\n" + r"$$L = \lambda \, W$$" + "\n\n$$a^2$$"


@pytest.mark.parametrize(
    ("text", "want"),
    [
        (r"<ul><li>With \(a_1\) and \(b\)</li></ul>", "- With $a_1$ and $b$"),
        (r"<table><tr><th>s</th></tr><tr><td>\(b^2\)</td></tr></table>", "| s |\n| --- |\n| $b^2$ |"),
        (r"<h2>The \(\rho\)</h2><p>X.</p>", "## The $\\rho$\n\nX."),
        (r"<p>So \[ a \] holds.</p>", "So\n$$a$$\nholds."),
        (
            "<p>\\begin{align}\na &amp;= b \\\\\nc &amp;= d\n\\end{align}</p>",
            r"$$\begin{align} a &= b \\ c &= d \end{align}$$",
        ),
        (r"<p>Type <code>\(x\)</code>.</p><pre>\[x\]</pre>", "Type `\\(x\\)`.\n\n```\n\\[x\\]\n```"),
        (r'<p class="mathjax_ignore">Escape as \(x\).</p>', r"Escape as \(x\)."),
        (r'<div class="mathjax_ignore"><p class="mathjax_process">So \(x\).</p></div>', "So $x$."),
        (r"<p>A lone \( stays, $5 and $6 too.</p>", r"A lone \( stays, $5 and $6 too."),
        (r"<p>The load $\rho$ is.</p>", r"The load $\rho$ is."),
    ],
)
def test_formulas_keep_their_place(text: str, want: str) -> None:
    assert body(text, MATHJAX) == want


@pytest.mark.parametrize(
    "head",
    [
        "",
        '<script src="/js/app.js"></script>',
        "<script>window.MathJax = {options: {ignoreHtmlClass: '.*|', processHtmlClass: 'arithmatex'}};</script>"
        + MATHJAX,
    ],
)
def test_text_stays_text_where_no_script_sets_it(head: str) -> None:
    text = r"Escape as \(x\) in grep, or as \[x\]; $$ is the process."
    assert body(f"<p>{text}</p>", head) == text


@pytest.mark.parametrize("piece", [r"\(", r"\[", "$$ a ", r"\begin{a}", r"\(a\[", r"\begin{a} x \begin{b}"])
def test_signs_that_never_close_end_soon(piece: str) -> None:
    start = time.process_time()
    assert "After." in body(f"<p>{piece * 20_000}</p><p>After.</p>", MATHJAX)
    assert time.process_time() - start < 20

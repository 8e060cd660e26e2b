"""Code as it is to be used: no removed lines, no marks of authors, no buttons."""

import pytest

from tests.ingest.clean.pages_of_one import body

OLD, NEW = "import { pot } from 'old'", "import { pot } from 'new'"
NEW_BLOCK = f"```typescript\n{NEW}\n```"


@pytest.mark.parametrize(
    "lines",
    [
        f'<span class="line diff remove"><b>{OLD}</b></span>\n<span class="line diff add"><b>{NEW}</b></span>',
        f'<span class="line diff remove">{OLD}</span><span class="line diff add">{NEW}</span>',
        (
            f'<div class="ec-line del"><div class="code">{OLD}</div></div>'
            f'<div class="ec-line ins"><div class="code">{NEW}</div></div>'
        ),
        f'<div class="token-line code-block-removed-line">{OLD}</div><div class="token-line">{NEW}</div>',
        f'<span class="line line-remove">{OLD}</span>\n<span class="line line-add">{NEW}</span>',
        f'<span class="line"><del>{OLD}</del></span>\n<span class="line">{NEW}</span>',
        f"<del>{OLD}\n</del>{NEW}",
        f"{OLD} // [!code --]\n{NEW} // [!code ++]",
        f"{NEW} // [!code focus]",
        f"{NEW} // [!code highlight:3]",
        f"{NEW}  // (1)!",
    ],
)
def test_removed_lines_and_marks_are_left_out(lines: str) -> None:
    assert body(f'<pre class="shiki"><code class="language-ts">{lines}</code></pre>') == NEW_BLOCK


def test_a_block_of_removed_lines_only_is_marked() -> None:
    assert body(f'<pre><code class="language-ts"><span class="line diff remove">{OLD}</span></code></pre>') == (
        f"```diff\n- {OLD}\n```"
    )


def test_a_diff_is_kept_as_it_is() -> None:
    lines = '<span class="line diff remove">- old</span>\n<span class="line diff add">+ new</span>'
    assert body(f'<pre><code class="language-diff">{lines}</code></pre>') == "```diff\n- old\n+ new\n```"
    colours = '<span class="token deleted-sign deleted">- old</span>\n<span class="token inserted">+ new</span>'
    assert body(f'<pre><code class="language-diff">{colours}</code></pre>') == "```diff\n- old\n+ new\n```"


def test_notes_of_material_leave_no_sign_in_the_code() -> None:
    code = '<div class="annotate highlight"><pre><code class="language-yaml">a: 1  # (1)\nb: 2</code></pre></div>'
    assert body(f"{code}<ol><li>The first.</li></ol>") == "```yaml\na: 1\nb: 2\n```\n\n1. The first."


def test_a_number_in_a_comment_is_kept_where_no_notes_follow() -> None:
    assert body("<pre><code class='language-py'>f(x)  # (1)</code></pre>") == "```python\nf(x)  # (1)\n```"


@pytest.mark.parametrize(
    "button",
    [
        "<button>Copy</button>",
        '<div class="copy-code">Copy</div>',
        '<span class="code-copy-btn">Copy</span>',
        '<a class="clipboard-icon" href="#">Copy</a>',
    ],
)
def test_buttons_to_copy_are_no_code(button: str) -> None:
    assert body(f"<pre>{button}<code class='language-sh'>boil</code></pre>") == "```bash\nboil\n```"


def test_code_elements_beside_each_other_stay_apart() -> None:
    assert (
        body("<p><code>boil</code><code>pour</code> and <kbd>Ctrl</kbd>+<kbd>C</kbd>") == "`boil` `pour` and `Ctrl`+`C`"
    )
    assert body("<pre><code>boil</code><code>pour</code></pre>") == "```\nboil\npour\n```"


def test_names_in_code_keep_their_marks() -> None:
    assert body("<p><code>__init__</code>, <code>**kwargs</code>, <code>*args</code>, <code>argv[1]</code>") == (
        "`__init__`, `**kwargs`, `*args`, `argv[1]`"
    )
    assert body("<h2 id='c'><code>__call__</code></h2><p>Calls.") == "## `__call__`\n\nCalls."

"""Markdown sources of site generators: their containers, tabs, shortcodes and roles become plain markdown."""

import time

import pytest

from tests.ingest.clean.test_clean_markdown import body, clean

NOTE = "> **Note**\n>\n> Hot."


@pytest.mark.parametrize(
    ("text", "want"),
    [
        (":::note\nHot.\n:::", NOTE),
        (":::note\n\nHot.\n\n:::", NOTE),
        ("::: note\nHot.\n:::\n\nEnd.", f"{NOTE}\n\nEnd."),
        (":::caution[Mind the `lid`]{icon=fire}\nHot.\n:::", "> **Caution: Mind the `lid`**\n>\n> Hot."),
        (
            ":::tip **Lids** and [more](/x)\nHot.\n:::",
            "> **Tip: Lids and [more](https://kettle.example/x)**\n>\n> Hot.",
        ),
        ("::: danger STOP\nHot.\n:::", "> **Danger: STOP**\n>\n> Hot."),
        ('::: {.callout-tip title="Lids"}\nHot.\n:::', "> **Tip: Lids**\n>\n> Hot."),
        (':::tip{title="Lids"}\nHot.\n:::', "> **Tip: Lids**\n>\n> Hot."),
        (":::{warning}\n:class: dropdown\nHot.\n:::", "> **Warning**\n>\n> Hot."),
        ("```{admonition} Lids\n:class: tip\nHot.\n```", "> **Tip: Lids**\n>\n> Hot."),
        ("!!! warning\n    Hot.\n\n    Very.\n\nEnd.", "> **Warning**\n>\n> Hot.\n>\n> Very.\n\nEnd."),
        ('!!! tip inline end "Lids"\n\n    Hot.', "> **Tip: Lids**\n>\n> Hot."),
        ('!!! note ""\n    Hot.', NOTE),
        ('??? question "Why?"\n    Taste.', "> **Question: Why?**\n>\n> Taste."),
        ("???+ example\n\tTea.", "> **Example**\n>\n> Tea."),
        ("/// note | Lids\nHot.\n///", "> **Note: Lids**\n>\n> Hot."),
        ("> [!CAUTION]\n> Hot.", "> **Caution**\n>\n> Hot."),
        ("> [!tip]- Lids\n> Hot.", "> **Tip: Lids**\n>\n> Hot."),
        ("{{< note >}}\nHot.\n{{< /note >}}", NOTE),
        ('{{% alert title="Lids" color="warning" %}}\nHot.\n{{% /alert %}}', "> **Warning: Lids**\n>\n> Hot."),
        ('{{< callout type="tip" >}}Hot.{{< /callout >}}', "> **Tip**\n>\n> Hot."),
        ('{% include tip.html content="Hot." %}', "> **Tip**\n>\n> Hot."),
        ('{% hint style="danger" %}\nHot.\n{% endhint %}', "> **Danger**\n>\n> Hot."),
        ('<Aside type="caution" title="Lids">\nHot.\n</Aside>', "> **Caution: Lids**\n>\n> Hot."),
    ],
)
def test_boxes_of_every_dialect_are_our_callouts(text: str, want: str) -> None:
    assert body(text) == want


@pytest.mark.parametrize(
    "text",
    [
        '=== "Gas"\n\n    Light it.\n\n=== "Mains"\n\n    Plug it in.',
        (
            '<Tabs>\n<TabItem value="a" label="Gas">\n\nLight it.\n\n</TabItem>\n<TabItem label="Mains">\nPlug it in.\n'
            "</TabItem>\n</Tabs>"
        ),
        "::::{tab-set}\n:::{tab-item} Gas\n:sync: a\nLight it.\n:::\n:::{tab-item} Mains\nPlug it in.\n:::\n::::",
        "````{tab-set}\n```{tab-item} Gas\nLight it.\n```\n```{tab-item} Mains\nPlug it in.\n```\n````",
        '{{< tabs >}}\n{{< tab "Gas" >}}Light it.{{< /tab >}}\n{{% tab "Mains" %}}Plug it in.{{% /tab %}}{{< /tabs >}}',
        (
            '{% tabs %}\n{% tab title="Gas" %}\nLight it.\n{% endtab %}\n{% tab title="Mains" %}\nPlug it in.\n'
            "{% endtab %}\n{% endtabs %}"
        ),
        (
            "<Tabs\n  values={[\n    {label: 'Gas', value: 'a'},\n    {value: 'b', label: 'Mains'},\n  ]}>\n"
            '<TabItem value="a">Light it.</TabItem>\n<TabItem value="b">Plug it in.</TabItem>\n</Tabs>'
        ),
        (
            '{{< tabs items="Gas,Mains" >}}{{< tab >}}Light it.{{< /tab >}}\n'
            "{{< tab >}}Plug it in.{{< /tab >}}{{< /tabs >}}"
        ),
        ":::tabs\n== Gas\nLight it.\n== Mains\nPlug it in.\n:::",
    ],
)
def test_tabs_of_every_dialect_keep_their_labels(text: str) -> None:
    assert body(f"{text}\n\nEnd.") == "**Gas**\n\nLight it.\n\n**Mains**\n\nPlug it in.\n\nEnd."


def test_containers_are_read_within_each_other_and_in_lists() -> None:
    assert body("::::info Tea\nOne.\n\n:::tip\nTwo.\n:::\n\nThree.\n::::\n\nEnd.") == (
        "> **Info: Tea**\n>\n> One.\n>\n> > **Tip**\n> >\n> > Two.\n>\n> Three.\n\nEnd."
    )
    assert body('!!! note\n    One.\n\n    === "Gas"\n\n        ```sh\n        light\n        ```\n\nEnd.') == (
        '> **Note**\n>\n> One.\n>\n> ```bash title="Gas"\n> light\n> ```\n\nEnd.'
    )
    assert body("1. Fill.\n\n    !!! tip\n        Cold.\n\n2. Heat.") == (
        "1. Fill.\n\n    > **Tip**\n    >\n    > Cold.\n\n2. Heat."
    )
    assert body("- Fill.\n\n  :::tip\n  Cold.\n  :::\n- Heat.") == "- Fill.\n\n  > **Tip**\n  >\n  > Cold.\n\n- Heat."


def test_a_label_with_code_does_not_break_the_code_that_it_titles() -> None:
    assert body('=== "`a.css`"\n\n    ```css\n    b\n    ```') == '```css title="a.css"\nb\n```'


def test_what_only_looks_like_a_container_stays() -> None:
    text = "A ratio of 3:::1 is strong.\n\nReally!!! note that.\n\nx === 'y' and a == b == c."
    assert body(text) == text
    code = '```md\n:::note\n!!! tip\n{{< x >}}\n=== "A"\n```'
    assert body(code).endswith(code.replace("```md", "```markdown"))
    assert (
        body("Write `:::note` or `{{< note >}}` or `{{% x %}}`.") == "Write `:::note` or `{{< note >}}` or `{{% x %}}`."
    )


@pytest.mark.parametrize(
    ("text", "want"),
    [
        ("Run:\n\n    make\n    # all of it\n\nEnd.", "Run:\n\n```\nmake\n# all of it\n```\n\nEnd."),
        ("Run:\n\n\tmake\n\t\tit", "Run:\n\n```\nmake\n\tit\n```"),
        ("- One\n\n      make all\n\n- Two", "- One\n\n  ```\n  make all\n  ```\n\n- Two"),
        (
            "1. One\n\n   more\n\n       make `x`\n\n   end",
            "1. One\n\n   more\n\n   ```\n   make `x`\n   ```\n\n   end",
        ),
        ("- One\n\n    more of one", "- One\n\n    more of one"),
        ("Words\n    that go on", "Words that go on"),
        ("    a\n\n    b", "```\na\n\nb\n```"),
        ("> Quote\n>\n>     code", "> Quote\n>\n> ```\n> code\n> ```"),
    ],
)
def test_indented_code_is_code_and_indented_words_are_not(text: str, want: str) -> None:
    assert body(text) == want


def test_an_indent_in_mdx_is_no_code() -> None:
    assert body("import X from 'y'\n\n<Card>\n\n    Pour it.\n\n</Card>\n\n    And drink.").endswith("And drink.")
    assert "```" not in body("import X from 'y'\n\n    Pour it.")


@pytest.mark.parametrize(
    ("text", "want"),
    [
        ("## C#", "## C#"),
        ("## F# ##", "## F#"),
        ("## Use `#` #", "## Use `#`"),
        ("Heat\n====\n\nx\n\nLids\n-----\n\ny", "## Heat\n\nx\n\n## Lids\n\ny"),
        ("## Heat {#heat .big}", "## Heat"),
        ("x\n\nHeat and\nlids\n====\n\ny", "x\n\n## Heat and lids\n\ny"),
        ("## Heat {: #heat }", "## Heat"),
    ],
)
def test_headings(text: str, want: str) -> None:
    assert body(text) == want


def test_anchors_of_attribute_lists_are_kept() -> None:
    assert clean("# Tea\n\n## Heat {: #hot .x }\n\nx\n").document.anchors == ("", "hot")


def test_reference_links_are_links() -> None:
    text = (
        "See [the cups][c], [Lids][] and [pots], not [^1] nor [x] nor [ ].\n\n[c]: /cups 'Cups'\n[lids]: <lids.md>\n"
        "[Pots]:\n  /pots\n\n[^1]: Tea."
    )
    home = "https://kettle.example"
    assert body(text) == (
        f"See [the cups]({home}/cups), [Lids]({home}/docs/lids.md) and [pots]({home}/pots), not [^1] nor [x] "
        "nor [ ].\n\n[^1]: Tea."
    )
    assert body(f"Hot.\n\n> See [#1].\n>\n> [#1]:\n>   {home}/a") == f"Hot.\n\n> See [#1]({home}/a).\n>"
    assert (
        body("See [a](<b c.md>) and [d].\n\n[d]: <e f>") == f"See [a]({home}/docs/b%20c.md) and [d]({home}/docs/e%20f)."
    )
    assert body("看[杯子][c]和 __[Cup][c]__。\n\n[c]: /c\n") == f"看[杯子]({home}/c)和 **[Cup]({home}/c)**。"
    assert body("See [`Cup`] and [Cup].\n\n[`cup`]: /c\n") == f"See [`Cup`]({home}/c) and [Cup]."
    assert body("See [`Cup`][tea.Cup] and a[0][1].") == "See `Cup` and a[0][1]."


def test_toml_front_matter() -> None:
    got = clean('+++\ntitle = "Brewing"\ndescription = "How"\ndate = 2024-01-01\n[params]\nx = 1\n+++\n\nFill it.\n')
    assert got.document.body == "# Brewing\n\nHow\n\nFill it.\n"
    assert clean("+++\ntitle = broken\n+++\n\nFill it.\n").document.title == "broken"


@pytest.mark.parametrize(
    ("text", "want"),
    [
        ("Let $a\\_b + \\{x\\}$ and $x \\, dx$ be.", "Let $a\\_b + \\{x\\}$ and $x \\, dx$ be."),
        ("$$\nE = mc^2 \\\\\n\\text{_it_}\n$$", "$$E = mc^2 \\\\ \\text{_it_}$$"),
        ("It is \\(x^2\\) big.", "It is $x^2$ big."),
        ("\\[\n\\int_0^1 x\\,dx\n\\]", "$$\\int_0^1 x\\,dx$$"),
        ("```{math}\n:label: e\na_1\n```", "$$a_1$$"),
        ("```math\na_1\n```", "$$a_1$$"),
        (":::{math}\n:name: e\n\na_1\n:::", "$$a_1$$"),
        ("$$ a_1 $$ (eq)\n\nEnd.", "$$a_1$$\n\nEnd."),
        ("It costs $5 or $10, \\$3 at least.", "It costs $5 or $10, $3 at least."),
        ("Escaped \\(words\\) and \\[more\\].", "Escaped (words) and [more]."),
    ],
)
def test_formulas_are_left_as_they_are(text: str, want: str) -> None:
    assert body(text) == want


@pytest.mark.parametrize(
    ("code", "want"),
    [
        ("```js\na() // [!code --]\nb() // [!code ++]\nc() // [!code focus]\n```", "```javascript\nb()\nc()\n```"),
        ("```py\na() # [!code --:2]\nb()\nc()\n```", "```python\nc()\n```"),
        ("```html\n<a> <!-- [!code --] -->\n<b>\n```", "```html\n<b>\n```"),
        ("```js del={1,3-4}\na\nb\nc\nd\ne\n```", "```javascript\nb\ne\n```"),
        ('```js del={"old":1} ins={2} title="x.js"\na\nb\n```', '```javascript title="x.js"\nb\n```'),
        ('```diff lang="js"\n-a\n+b\n c\n```', "```javascript\nb\nc\n```"),
        ("```diff\n-a\n+b\n```", "```diff\n-a\n+b\n```"),
        ("```js\n// highlight-next-line\na\n// highlight-start\nb\n// highlight-end\n```", "```javascript\na\nb\n```"),
        ("```js\n// remove-next-line\na\nb\n# removed-start\nc\n# removed-end\nd\n```", "```javascript\nb\nd\n```"),
        ("``` yaml title='m.yml' hl_lines='1' linenums='1'\na: 1 # (1)!\n```", '```yaml title="m.yml"\na: 1\n```'),
        ("``` { .py .annotate }\na = 1  # (1)\n```", "```python\na = 1\n```"),
        ("```js:line-numbers {1} [app.js]\na\n```", '```javascript title="app.js"\na\n```'),
        ("```rust,ignore\n# use x;\nlet a = 1;\n#\n#[derive(X)]\n```", "```rust\nlet a = 1;\n#[derive(X)]\n```"),
        ("```{code-block} python\n:linenos:\n:caption: tea.py\n\na = 1\n```", '```python title="tea.py"\na = 1\n```'),
        ("```{code-cell}\n---\ntags: [x]\n---\na = 1\n```", "```\na = 1\n```"),
        ('```python\n--8<-- "a.py"\n```\n\nEnd.', "End."),
        ("```rust\n{{#include x.rs}}\n```\n\nEnd.", "End."),
        ('{{< tab header="sh" lang="bash" >}}\nls\n{{< /tab >}}', '```bash title="sh"\nls\n```'),
        (
            "<pre><code class='lang-js'>export function a() {\n<strong>  b()\n</strong>}\n</code></pre>",
            "```javascript\nexport function a() {\n  b()\n}\n```",
        ),
        (
            "```bash\ngit clone -b {{< param version >}}\n{{</* x */>}}\n```",
            "```bash\ngit clone -b <version>\n{{< x >}}\n```",
        ),
        ("```py hidelines=~\n~a\nb\n```", "```python\nb\n```"),
        (":::{code-block} sh\n:linenos:\n\nls :::\n:::", "```bash\nls :::\n```"),
        ("<div class='x'><pre><code>{{ 1 }}</code></pre></div>\n\n`a`", "```\n{{ 1 }}\n```\n\n`a`"),
        (
            '<CodeBlock language="js" title="a.js">{`a()\n\nb()`}</CodeBlock>',
            '```javascript title="a.js"\na()\n\nb()\n```',
        ),
        ('<Code code={`a <b>`} lang="ts" mark={1} />', "```typescript\na <b>\n```"),
        ("```jsx\n<Code code={`a`} />\n```", "```jsx\n<Code code={`a`} />\n```"),
        ("{{< highlight go >}}\na := `x`\n{{< /highlight >}}", "```go\na := `x`\n```"),
        ("{% highlight ruby %}\nputs 1\n{% endhighlight %}", "```ruby\nputs 1\n```"),
    ],
)
def test_code_is_what_a_reader_should_use(code: str, want: str) -> None:
    assert body(code) == want


@pytest.mark.parametrize(
    ("text", "want"),
    [
        ("See {ref}`the cups <cups>`, {doc}`pots`, {py:func}`tea.make` and {class}`~tea.Cup`.",
         "See the cups, pots, `tea.make` and `Cup`."),
        ("(hot)=\n## Heat\n\n% not shown\n\n{kbd}`Esc` {octicon}`x;1em`now.", "## Heat\n\n`Esc` now."),
        ("See {numref}`Figure %s <f>` and :py:func:`tea.make`.", "See Figure and `tea.make`."),
        ("It is {math}`a_1`.", "It is $a_1$."),
        ("Press ++ctrl+alt+del++ :material-check: now.", "Press Ctrl+Alt+Del now."),
        ("[Go](/x){ .md-button .big } or ![Cup](c.png){ width=300 }", "[Go](https://kettle.example/x) or Cup"),
        ("Words.\n{: .fs-6 }\n\nMore {: x=1 } words.", "Words.\n\nMore words."),
        ("Tea.\n\n--8<--\na.md\nb.md\n--8<--\n\n--8<-- 'c.md'", "Tea."),
        ("The ==hot== tea.\n\n*[tea]: A drink\n\n[TOC]", "The hot tea."),
        ("Tea\n:   A drink.\n\n    Hot.\n\nCup\n:   Holds it.\n:   Round.",
         "- Tea\n\n  A drink.\n\n  Hot.\n\n- Cup\n\n  Holds it.\n\n  Round."),
        ("Hot[^a].\n\n[^a]: Very\n    so.\n\n    And on.\n\nEnd.", "Hot[^a].\n\n[^a]: Very so.\n\n  And on.\n\nEnd."),
        ("x<sup>2</sup> and H<sub>2</sub>O", "x^2 and H2O"),
        ("Hot[^a].\n\n[^a]:\n    Very.\n\nEnd.", "Hot[^a].\n\n[^a]: Very.\n\nEnd."),
        ('Use {{< param "x" >}}the {{< glossary_tooltip text="Pod" term_id="pod" >}} well.', "Use the Pod well."),
        ('See [cups]({{< ref "cups.md#size" >}}).', "See [cups](https://kettle.example/docs/cups/#size)."),
        ("{{< unknown a=1 >}}Words stay.{{< /unknown >}}\n\n{% include x.md %}\n\n{{#include y.md}}", "Words stay."),
        ("{{< comment >}}\nNot _shown_.\n{{< /comment >}}\nShown.{% comment %}Nor this.{% endcomment %}", "Shown."),
        ("A {del}`bad word` and {sub}`2`.", "A bad word and 2."),
        ('Old <Badge type="warning" text="beta" /> tea.', "Old **beta** tea."),
        ("<details>\n<summary>Why?</summary>\n\nTaste.\n\n</details>\n\nAfter.", "**Why?**\n\nTaste.\n\nAfter."),
        ("## FAQ\n\n<details>\n<summary>Why?</summary>\nTaste.\n</details>\n\n## End\n\nx",
         "## FAQ\n\n### Why?\n\nTaste.\n\n## End\n\nx"),
    ],
)  # fmt: skip
def test_inline_marks_become_words(text: str, want: str) -> None:
    assert body(text) == want


@pytest.mark.parametrize(
    ("text", "want"),
    [
        ("a | b\n--|--\n1 | `x|y`", "| a | b |\n| --- | --- |\n| 1 | `x\\|y` |"),
        ("<table>\n<tr><th>A</th><th>B</th></tr>\n<tr><td>1</td><td><code>x</code></td></tr>\n</table>",
         "| A | B |\n| --- | --- |\n| 1 | `x` |"),
        ("```{list-table} Sizes\n:header-rows: 1\n\n* - Cup\n  - Size\n* - `a|b`\n  - 1\n    litre\n```",
         "**Sizes**\n\n| Cup | Size |\n| --- | --- |\n| `a\\|b` | 1 litre |"),
        (':::{csv-table}\n:header: "Cup", "Size"\n\nbig, "1, 2"\n:::', "| Cup | Size |\n| --- | --- |\n| big | 1, 2 |"),
        ("```{glossary}\nTea\n  A drink.\n\nCup\n  Holds it.\n```", "- Tea\n\n  A drink.\n\n- Cup\n\n  Holds it."),
        ("```{eval-rst}\n.. autoclass:: tea.Cup\n   :members:\n\nSee :ref:`cups <c>`.\n\n.. note:: Hot.\n```",
         "See cups.\n\nHot."),
        ("<ul>\n  <li>One</li>\n  <li>Two <b>big</b></li>\n</ul>", "- One\n- Two **big**"),
        ("<h2 id='hot'>Heat</h2>\n\nx", "## Heat\n\nx"),
        ("<pre><code class='language-py'>a = 1\nb</code></pre>", "```python\na = 1\nb\n```"),
    ],
)  # fmt: skip
def test_tables_and_html_blocks(text: str, want: str) -> None:
    assert body(text) == want


@pytest.mark.parametrize(
    "text",
    [
        ":::note\n" * 10_000 + "deep",
        "".join(f"{':' * n} note\n" for n in range(3_003, 3, -1)) + "deep",
        "".join(f"{'`' * n}{{note}}\n" for n in range(2_003, 3, -1)) + "deep",
        "".join(f"{'    ' * n}!!! note\n" for n in range(1_000)) + "deep",
        "<Note>\n" * 10_000 + "deep",
        "{{< note >}}\n" * 10_000 + "deep",
        "{{< highlight go >}}\n" * 5_000 + "deep",
        "{{< note " * 10_000 + "deep",
        "{% x " * 10_000 + "deep",
        "> " * 5_000 + "deep",
        "<table>" * 5_000 + "deep",
        "<ul><li>" * 3_000 + "deep",
        "[a][b] " * 5_000 + "deep",
        "$" + "x" * 1_000_000 + "$ deep",
        "$$\n" + "x^2 " * 250_000 + "\n$$\n\ndeep",
        "\\begin{align} " * 5_000 + "deep",
        "Term\n" + ": x\n" * 5_000 + "deep",
        "[^1]: x\n" * 5_000 + "deep",
        "\\[ a\n" * 30_000 + "deep",
        "\\(" * 100_000 + "deep",
        "\\begin{a}\n" * 50_000 + "deep",
        "{% a %}\n" * 50_000 + "deep",
        ":material-" * 50_000 + "deep",
        "<pre>\n" * 50_000 + "deep",
        "<table>\n" * 50_000 + "deep",
        "<div>" * 50_000 + "deep",
        "<p>x" * 50_000 + "deep",
        '{{< tab "x" >}}\n' * 20_000 + "deep",
        "x\n" * 100_000 + "deep",
    ],
    ids=lambda text: text[:12].strip(),
)  # fmt: skip
def test_hostile_nesting_takes_bounded_time_and_keeps_the_page(text: str) -> None:
    started = time.process_time()
    got = body(f"Pour.\n\n{text}\n\nDrink.")
    assert time.process_time() - started < 20  # a second or two; what grows with the square takes minutes
    assert got.startswith("Pour.")
    assert "deep" in got
    assert got.rstrip("`\n").endswith("Drink.")


@pytest.mark.parametrize("text", ["{{< note >}}\nHot.", ":::note\nHot.", "<Note>\nHot.", "```{note}\nHot."])
def test_a_box_that_never_closes_does_not_swallow_the_page(text: str) -> None:
    assert clean(f"# Tea\n\n{text}\n").notes
    got = body(f"{text}\n\n## Next\n\nPour.")
    assert got.removeprefix("**Note**\n\n") == "Hot.\n\n## Next\n\nPour."


@pytest.mark.parametrize(
    "line",
    [
        '--8<-- "part.md"',
        "{{#include part.md}}",
        "<<< @/part.md",
        "```{literalinclude} part.md\n:lines: 1-3\n```",
        ":::{include} part.md\n:::",
        "<!--@include: part.md-->",
        '```py\n--8<-- "part.md"\n```',
        "import Part from 'part.md'\n\n<Part />",
    ],
)
def test_a_file_that_a_lone_page_includes_is_noted(line: str) -> None:
    got = clean(f"# Tea\n\nBefore.\n\n{line}\n\nAfter.\n")
    assert got.document.body == "# Tea\n\nBefore.\n\nAfter.\n"
    named = "@/part.md" if "@/" in line else "part.md"
    assert got.notes == (f"the included file {named} is not part of the page",)


@pytest.mark.parametrize(
    ("text", "want"),
    [
        ("(pots/lid)=\n## The lid\n\nIt is a {{lid}}.", "## The lid\n\nIt is a lid."),
        (
            "{ref}`pots`\n\n:class: How it looks.\n:name: What it is called.",
            "pots\n\n- class: How it looks.\n- name: What it is called.",
        ),
        ("## The lid { data-search-exclude }\n\nHot.", "## The lid\n\nHot."),
        ("::: pots.Lid\n    options:\n      members: false\n\nHot.", "Hot."),
        ("::: pots.lid.open\n\nHot.", "Hot."),
        (
            "| a | b |\n| --- | --- |\n| x | **Pots**<ul><li>one</li><li>two</li></ul> |",
            "| a | b |\n| --- | --- |\n| x | **Pots** one; two |",
        ),
        ("| a |\n| --- |\n| <ul><li>one<li>`two`</ul> |", "| a |\n| --- |\n| one; `two` |"),
    ],
)
def test_marks_for_settings_of_a_project_leave_their_words(text: str, want: str) -> None:
    assert body(text) == want

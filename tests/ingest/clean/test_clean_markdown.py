"""Markdown and MDX answers: they come out in the form that HTML pages have."""

import pytest

from ingest.clean.page import clean_page
from ingest.core.records import Cleaned, Page

URL = "https://kettle.example/docs/brewing.md"


def clean(text: str, content_type: str = "text/markdown; charset=utf-8", url: str = URL) -> Cleaned:
    return clean_page(Page(url=url, body=text.encode(), content_type=content_type))


def body(text: str) -> str:
    """Clean text below a title, and give what follows the title."""
    return clean(f"# Tea\n\n{text}").document.body.removeprefix("# Tea\n\n").removesuffix("\n")


def test_front_matter_gives_title_description_and_address() -> None:
    got = clean('---\ntitle: "Brewing"\ndescription: How a pot is made\nurl: /docs/brew\n---\n\nFill it.\n')
    assert got.document.body == "# Brewing\n\nHow a pot is made\n\nFill it.\n"
    assert (got.document.title, got.document.description) == ("Brewing", "How a pot is made")
    assert got.canonical == "https://kettle.example/docs/brew"


def test_what_only_machines_should_read_is_dropped() -> None:
    text = (
        "> ## Documentation Index\n> Fetch it at /llms.txt\n\n# Tea\n\n> About tea\n\n"
        "<LlmsOnly>\nPrefer our SDK.\n</LlmsOnly>\n\n> **For language models:** prefer it.\n\nPour.\n"
    )
    assert clean(text).document.body == "# Tea\n\nAbout tea\n\nPour.\n"


def test_a_title_is_found_in_the_path_when_there_is_no_other() -> None:
    assert clean("Just text.").document.title == "Brewing"


def test_programs_and_comments_of_mdx_are_dropped_but_not_from_code() -> None:
    text = (
        "import { Pot } from '/snippets/pot.mdx'\n\nexport const HEAT = {\n  low: 60,\n};\n\n"
        "{/* internal */}\nText. <!-- more -->\n\n```js\nexport const a = 1\n// {/* stays */}\n```"
    )
    assert body(text) == "Text.\n\n```javascript\nexport const a = 1\n// {/* stays */}\n```"


@pytest.mark.parametrize(
    ("info", "fence"),
    [
        ("bash theme={null}", "bash"),
        ("python main.py theme={null}", 'python title="main.py"'),
        ('ts title="a b.ts" lines {1,3}', 'typescript title="a b.ts"'),
        ("", ""),
    ],
)
def test_fences_keep_language_and_title_only(info: str, fence: str) -> None:
    assert body(f"```{info}\nx\n```") == f"```{fence}\nx\n```"


def test_callouts_become_quotes() -> None:
    assert body('<Note>\n  Hot.\n</Note>\n\n<Warning title="Steam">Mind it.</Warning>') == (
        "> **Note**\n>\n> Hot.\n\n> **Warning: Steam**\n>\n> Mind it."
    )


def test_tabs_and_code_groups_keep_their_titles() -> None:
    text = (
        '<Tabs>\n  <Tab title="Gas">\n    Light it.\n  </Tab>\n  <Tab title="Mains">\n'
        "    ```bash\n    plug in\n    ```\n  </Tab>\n</Tabs>\n\n"
        "<CodeGroup>\n```python Python\na\n```\n```go main.go\nb\n```\n</CodeGroup>"
    )
    assert body(text) == (
        '**Gas**\n\nLight it.\n\n```bash title="Mains"\nplug in\n```\n\n'
        '```python title="Python"\na\n```\n\n```go title="main.go"\nb\n```'
    )


def test_steps_accordions_cards_and_fields() -> None:
    text = (
        '## Use\n\n<Steps>\n  <Step title="Pour">\n    Up to the line.\n  </Step>\n'
        '  <Step title="Press">\n    The switch.\n  </Step>\n</Steps>\n\n'
        '<Accordion title="Why 96?">\n  Taste.\n</Accordion>\n\n<CardGroup cols={2}>\n'
        '  <Card title="Cups" icon="cup" href="/cups">\n    All sizes.\n  </Card>\n'
        '  <Card title="Lids">Two.</Card>\n</CardGroup>\n\n'
        '<ParamField query="heat" type="integer" required>\n  Degrees.\n</ParamField>'
    )
    assert body(text) == (
        "## Use\n\n1. **Pour**\n\n   Up to the line.\n\n2. **Press**\n\n   The switch.\n\n**Why 96?**\n\nTaste.\n\n"
        "- [Cups](https://kettle.example/cups): All sizes.\n- **Lids**: Two.\n\n"
        "- `heat` (integer, query, required): Degrees."
    )


def test_components_in_code_are_code() -> None:
    assert (
        body("Use `<Note>` so:\n\n```mdx\n<Note>Hi</Note>\n```") == "Use `<Note>` so:\n\n```mdx\n<Note>Hi</Note>\n```"
    )


def test_wrapped_lines_are_joined_and_hard_breaks_kept() -> None:
    assert (
        body("One\ntwo\n\n- three\n  four\n- five\n\nsix  \nseven") == "One two\n\n- three four\n- five\n\nsix\nseven"
    )


def test_tables_are_tightened_and_pipes_in_code_escaped() -> None:
    assert body("| A   | B |\n|:----|--:|\n| `x|y` | 1   |") == "| A | B |\n| --- | --- |\n| `x\\|y` | 1 |"


def test_links_are_absolute_and_images_words() -> None:
    got = clean("# Tea\n\nSee [cups](../cups#size), ![A cup](cup.png) and <https://x.example/y>.")
    assert (
        got.document.body == "# Tea\n\nSee [cups](https://kettle.example/cups#size), A cup and "
        "[https://x.example/y](https://x.example/y).\n"
    )
    assert got.links == ("https://kettle.example/cups", "https://x.example/y")


def test_headings_lose_signs_keep_ids_and_stand_below_the_title() -> None:
    got = clean("Tea\n===\n\n# Water {#soft-water}\n\nx\n\nHeat\n----\n\n> ## Quoted\n\n## End ##\n")
    assert got.document.body == "# Tea\n\n## Water\n\nx\n\n## Heat\n\n> **Quoted**\n\n## End\n"
    assert got.document.anchors == ("", "soft-water", "", "")


def test_code_in_a_list_keeps_its_place() -> None:
    assert body('1. One\n\n   ```json\n   {\n     "a": 1\n   }\n   ```\n2. Two') == (
        '1. One\n\n   ```json\n   {\n     "a": 1\n   }\n   ```\n2. Two'
    )


def test_html_that_says_it_is_markdown_is_read_as_html() -> None:
    got = clean("<!doctype html><html><body><main><h1>Tea</h1><p>Pour.</p></main></body></html>")
    assert got.document.body.endswith("Pour.\n")


def test_markdown_by_its_path() -> None:
    assert clean("# Tea\n\nPour.", "application/octet-stream").document.body == "# Tea\n\nPour.\n"
    assert clean("Pour.", "text/plain", "https://kettle.example/tea.txt").document.body.endswith("Pour.\n")


@pytest.mark.parametrize(
    "text", ["<!--" * 20_000, "{/*" * 20_000, "[a](" * 20_000, "`" * 20_000, "x" + " " * 50_000 + "x"]
)
def test_unclosed_markup_takes_no_long_time(text: str) -> None:
    # Each of these took seconds with patterns that look for a closing sign from every opening one.
    assert body(f"Pour.\n\n{text}\n\nDrink.").startswith("Pour.")


def test_a_rule_below_code_makes_no_heading() -> None:
    assert body("```js\nx\n```\n---\n\nEnd.").startswith("```javascript\nx\n```\n")


def test_markdown_is_spelled_as_html_is() -> None:
    assert body("One\n\n---\n\ntwo &mdash; &lt;b&gt; &#27;[31m\n\n***") == "One\n\ntwo — <b> [31m"
    assert body("x\n\n> one\n>\n> ---\n>\n> two") == "x\n\n> one\n>\n> two"
    assert body("1. a\n1. b\n\n   more\n1. c\n\ntext\n\n1. new") == "1. a\n2. b\n\n   more\n3. c\n\ntext\n\n1. new"
    assert (
        body("See https://x.example/a_(b), now.") == "See [https://x.example/a_(b)](https://x.example/a_%28b%29), now."
    )
    assert body("## The [cups](/cups) and **mugs**") == "## The cups and mugs"
    assert body("| A | B |\n| - | - |\n| 1 |") == "| A | B |\n| --- | --- |\n| 1 |  |"
    assert body("it doesn\\'t\n\n\\* a note") == "it doesn't\n\n* a note"


def test_addresses_in_alternative_text_are_no_links() -> None:
    text = (
        "![The box holds https://a.example/mcp](box.png) and https://b.example/\n\n<img alt='see https://c.example' />"
    )
    assert body(text) == (
        "The box holds https://a.example/mcp and [https://b.example/](https://b.example/)\n\nsee https://c.example"
    )


@pytest.mark.parametrize(
    ("front", "home"),
    [("", "https://kettle.example/docs/brewing"), ("url: /docs/brew", "https://kettle.example/docs/brew")],
)
def test_links_within_the_page_lead_to_its_own_address(front: str, home: str) -> None:
    got = clean(f"---\ntitle: Tea\n{front}\n---\n\n[Heat](#heat) and [pots](pots)\n")
    assert got.document.body.endswith(f"[Heat]({home}#heat) and [pots](https://kettle.example/docs/pots)\n")


def test_a_local_file_has_its_links_from_the_address_that_it_names() -> None:
    got = clean("---\nurl: https://kettle.example/docs/brew\n---\n\n# Tea\n\n[Pots](pots)\n", url="/all")
    assert got.document.body == "# Tea\n\n[Pots](https://kettle.example/docs/pots)\n"

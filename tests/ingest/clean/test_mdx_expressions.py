"""JavaScript in the prose of MDX pages: what it shows stays, nothing of its syntax does."""

import time

import pytest

from tests.ingest.clean.test_clean_markdown import body, clean


def mdx(text: str) -> str:
    got = clean(f"# Tea\n\n{text}", "text/mdx")
    return got.document.body.removeprefix("# Tea\n\n").removesuffix("\n")


@pytest.mark.parametrize(
    ("text", "want"),
    [
        ("Brew {'it'} {\"now\"}.", "Brew it now."),
        ("Brew {`it`} {/* why */}now.", "Brew it now."),
        ("{`two\nlines`}", "two lines"),
        (r"Say {'it\'s {hot}'}.", "Say it's {hot}."),
        ("At {95} degrees.", "At 95 degrees."),
        ('export const HEAT = "95 °C";\n\nHeat to {HEAT}, {`not ${HEAT}!`}', "Heat to 95 °C, not 95 °C!"),
        ("Version{props.version}: {frontMatter.title}{a ? b : c}.", "Version: ."),
        ("{pots.map((pot) => (\n  <li key={pot.id}>{pot.name}</li>\n))}\n\nEnd.", "End."),
        ("{hot && <b>Mind the lid.</b>}", "**Mind the lid.**"),
        ("{hot && (\n  <Note>\n  Mind the lid.\n  </Note>\n)}", "> **Note**\n>\n> Mind the lid."),
        ("{/*\nhidden\n\nlines\n*/}\n\nEnd.", "End."),
        (
            "<Card title={'Pots'} href={`/pots`}>All {'of'} them.</Card>",
            "- [Pots](https://kettle.example/pots): All of them.",
        ),
        ("<Card icon={<Icon name='x' />} title={<>Hot <b>pots</b></>}>All.</Card>", "- **Hot pots**: All."),
        ("<Pot render={() => <b>x</b>} style={{color: 'red'}}>Inner words.</Pot>", "Inner words."),
        (
            "<Tabs values={[{label: 'Gas', value: 'g'}]}><TabItem value='g'>Light it.</TabItem></Tabs>",
            "**Gas**\n\nLight it.",
        ),
        ("Keep \\{this\\} and `{that}`.", "Keep {this} and `{that}`."),
        ("## Heat {/* #hot */}\n\nX.", "## Heat\n\nX."),
        ("## Heat {#hot}\n\nX.", "## Heat\n\nX."),
        ("| a |\n| --- |\n| {'x'} |", "| a |\n| --- |\n| x |"),
        ("```js\nconst a = {x};\n{/* stays */}\n```", "```javascript\nconst a = {x};\n{/* stays */}\n```"),
        ("An open { brace stays.", "An open { brace stays."),
    ],
)
def test_expressions_give_what_they_show(text: str, want: str) -> None:
    assert mdx(text) == want


@pytest.mark.parametrize(
    "program",
    [
        "import type { Pot } from './pot'",
        "import Tea, * as pots from './pot';",
        "export * from './pots';",
        "export { lid, pot } from './pots'",
        "export default ({ children }) => <Layout>{children}</Layout>;",
        "export default function Layout({ children }) {\n  return (\n    <p>{children}</p>\n  );\n}",
        "export const toc = [\n  { name: '(', id: 1 },\n];",
        "export type Pot = {\n  size: number;\n};",
    ],
)
def test_programs_are_dropped_whole(program: str) -> None:
    assert mdx(f"{program}\n\nPour (slowly).\n\n{program}\n\nServe.") == "Pour (slowly).\n\nServe."


@pytest.mark.parametrize(
    "prose",
    [
        "The set {1, 2, 3} has three.",
        'An answer is {"id": 1}.',
        "Put your {api_key} here.",
        "<Note>Call GET pots/{id}.</Note>",
        "import duties apply, and export papers too.",
    ],
)
def test_braces_of_other_pages_are_their_authors(prose: str) -> None:
    assert body(prose) == prose.replace("<Note>", "> **Note**\n>\n> ").replace("</Note>", "")


def test_the_id_in_a_comment_of_a_heading_is_its_anchor() -> None:
    got = clean("# Tea\n\n## Heat {/* #hot */}\n\nX.", "text/mdx")
    assert got.document.anchors == ("", "hot")


@pytest.mark.parametrize(
    "piece",
    [
        "{",
        "{a",
        "{<a>",
        "{'",
        "{`",
        "{/*",
        "<a b={",
        "<a b={{",
        "{{",
        "{a(<b>{",
        "<a ",
        "{'a'",
        "}{",
        "{x => <li>{",
        "export const a = {\n",
    ],
)
def test_programs_that_never_close_end_soon(piece: str) -> None:
    start = time.process_time()
    got = mdx(f"Before.\n\n{piece * 20_000}\n\nAfter.")
    assert time.process_time() - start < 20
    assert got.startswith("Before.")

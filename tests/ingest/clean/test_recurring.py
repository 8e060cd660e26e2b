import random

import pytest

from ingest.clean.boilerplate.recurring import MIN_PAGES, Chrome, learn, strip

NAMES = ["Sowing", "Watering", "Pruning", "Harvest", "Compost", "Tools"]
BODIES = {
    "Sowing": "Seeds go into warm soil, two fingers deep.\n\n## Example\n\nPeas want a fence to climb on.",
    "Watering": "Water in the morning.\n\nNever mix these two substances.\n\n## Example\n\n```sh\npump --start\n```",
    "Pruning": "Cut above a bud.\n\nNever mix these two substances.\n\n```sh\npump --start\n```\n\nWait for a dry day.",
    "Harvest": "Pick what is ripe.\n\nNever mix these two substances.\n\nThe rest can wait for a week.",
    "Compost": "Turn it every month.\n\n## See also\n\n- [Worms at work](/worms)\n- [Leaf mould](https://leaf.example/mould)",
    "Tools": "What the other pages use:\n\n- [Sowing](/sowing)\n- [Watering](/watering)\n- [Pruning](/pruning)",
}


def menu(active: str, *, rich: bool) -> str:
    """The menu of a page: the active entry is no link, and one of two groups is open."""
    entries = [f"  + {name}" if name == active else f"  + [{name}](/{name.lower()})" for name in NAMES]
    group = "* Shed\n\n  + [Rakes](/rakes)\n  + Spades, old and new" if rich else "* Shed"
    return "\n".join([f"* Garden {'(open)' if rich else ''}", "", *entries, group])


def page(name: str) -> str:
    """A page as a program leaves it that turns everything on it into markdown."""
    at = NAMES.index(name)
    heads = [line[3:] for line in BODIES[name].split("\n") if line.startswith("## ")]
    here = "\n".join(f"* [{head}](#{head.lower()})" for head in heads)
    before = f"[Back](/{NAMES[at - 1].lower()})" if at else ""
    after = f"[#### {NAMES[at - 5]}\n\nWhat to know about it.\n\nForward](/{NAMES[at - 5].lower()})"
    return (
        f"Find\n\n`Ctrl K`\n\n[Shop](/shop)[Forum](https://forum.example)\n\n{menu(name, rich=at % 2 == 0)}\n\n"
        f"In short\n\n{here}\n\n[{name} and more](/all)\n\n# {name}\n\nShare this\n\n{BODIES[name]}\n\n"
        f"Did it grow?\n\nYesNo\n\n"
        f"{before}{after}[Made with Spade](https://spade.example/?v={at})\n\n"
        f"Last weeded on {at + 1} May 202{at}\n\n[Shop](/shop)[Forum](https://forum.example)\n"
    )


PAGES = {name: page(name) for name in NAMES}


def words(text: str) -> list[str]:
    """Lines that are not empty."""
    return [line for line in text.split("\n") if line.strip()]


@pytest.mark.parametrize("name", NAMES)
def test_only_the_content_of_each_page_is_left(name: str) -> None:
    left = strip(PAGES[name], learn(PAGES.values()))
    assert words(left) == words(f"# {name}\n\n{BODIES[name]}")
    assert strip(left, learn(PAGES.values())) == left


def test_what_was_learned_serves_for_any_other_page() -> None:
    shuffled = list(PAGES.values())
    random.Random(3).shuffle(shuffled)
    chrome = learn(shuffled)
    assert chrome == learn([*PAGES.values(), PAGES["Tools"]])
    unseen = PAGES["Tools"].replace("# Tools", "# Moon").replace(BODIES["Tools"], "It has no say in gardens.")
    assert words(strip(unseen, chrome)) == ["# Moon", "It has no say in gardens."]


def test_few_pages_teach_nothing() -> None:
    few = list(PAGES.values())[: MIN_PAGES - 1]
    assert learn(few) == Chrome()
    assert strip(few[0], Chrome()) == few[0]
    versions = [f"# Sowing\n\nThe same words in version {number}.\n\nAnd the same end." for number in range(9)]
    assert learn(versions) == Chrome(), "versions of one page are one page"


def test_pages_without_chrome_stay_as_they_are() -> None:
    see = "## See also\n\n- [Home](/home)\n- [Other](/other)"
    clean = [
        f"# {name}\n\n{BODIES[name]}\n\nWords of {name} only.\n\n> **Note**\n> Mind the cat.\n\n{see}" for name in NAMES
    ]
    clean = [text.replace("/other", f"/{at}").replace("Other", NAMES[at]) for at, text in enumerate(clean)]
    chrome = learn(clean)
    assert [strip(text, chrome) for text in clean] == clean


def test_front_matter_stays() -> None:
    pages = [f"---\ntitle: {name}\nmenu: Find\n---\n\n{text}" for name, text in PAGES.items()]
    left = strip(pages[0], learn(pages))
    assert left.startswith("---\ntitle: Sowing\nmenu: Find\n---\n")
    assert words(left)[4:] == words(f"# Sowing\n\n{BODIES['Sowing']}")


def test_sentences_code_and_tables_above_the_title_stay() -> None:
    own = "This page was written by someone who has never seen a spade.\n\n| a | b |\n\n```\ncode\n```\n"
    text = PAGES["Tools"].replace("In short\n", f"In short\n\n{own}")
    left = strip(text, learn([*PAGES.values(), text]))
    assert words(left) == words(f"{own}\n# Tools\n\n{BODIES['Tools']}")


def test_a_heading_that_all_pages_share_is_the_name_of_the_site() -> None:
    pages = [f"# The Garden Book\n\n{text}\n\n### Read on\n\n[Shop](/shop)\n" for text in PAGES.values()]
    left = [words(strip(text, learn(pages))) for text in pages]
    assert left == [words(f"# {name}\n\n{BODIES[name]}") for name in NAMES]


def test_pages_without_titles_lose_what_recurs_at_both_ends() -> None:
    pages = [text.replace(f"# {name}\n", "") for name, text in PAGES.items()]
    left = strip(pages[3], learn(pages))
    assert words(left) == words(BODIES["Harvest"])


def test_titles_may_be_underlined() -> None:
    pages = [text.replace(f"# {name}\n", f"{name}\n=====\n") for name, text in PAGES.items()]
    assert words(strip(pages[0], learn(pages))) == words(f"Sowing\n=====\n\n{BODIES['Sowing']}")

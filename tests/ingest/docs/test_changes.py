from dataclasses import replace
from pathlib import Path

from ingest.core.records import Document
from ingest.docs.changes import PageChange, UpdatePlan, differences, plan_update
from ingest.docs.folder import STARTER, PageFile
from tests.ingest.made import document

SITE, OTHER = "https://h.org/docs", "https://other.org"


def page(name: str, body: str = "text", source: str = SITE, **other: object) -> Document:
    return document(body, f"https://h.org/docs/{name}", source=source, **other)


def plan(old: list[Document], came: list[Document], *, gone: tuple[str, ...] = (), dropped: str = "") -> UpdatePlan:
    files = [PageFile(Path(f"{at}.md"), document) for at, document in enumerate(old)]
    return plan_update(files, came, replaced=[SITE], dropped=[dropped] if dropped else [], gone=gone)


def parts(change: PageChange) -> list[tuple[str, str]]:
    return [(part.heading, part.what) for part in change.sections]


def removed(done: UpdatePlan) -> list[str]:
    return [file.document.url.rpartition("/")[2] for file in done.remove]


def test_a_new_page_is_added_with_its_sections() -> None:
    done = plan([], [page("a", "intro\n\n## One\n\nx\n\n## Two\n\ny")])
    (change,) = done.changes
    assert (change.url, change.what, change.title) == ("https://h.org/docs/a", "added", "Alpha")
    assert parts(change) == [("Alpha", "added"), ("One", "added"), ("Two", "added")]
    assert [document.url for document in done.write] == ["https://h.org/docs/a"]


def test_a_changed_page_names_the_sections_that_differ() -> None:
    old = page("a", "intro\n\n## Same\n\nx\n\n## Edited\n\ny\n\n## Dropped\n\nz")
    new = page("a", "intro\n\n## New\n\nn\n\n## Same\n\nx\n\n## Edited\n\nY")
    (change,) = plan([old], [new]).changes
    assert parts(change) == [("New", "added"), ("Edited", "changed"), ("Dropped", "removed")]
    assert (change.sections[1].before, change.sections[1].after) == ("y", "Y")
    (title,) = plan([old], [replace(old, body=old.body.replace("intro", "Intro"))]).changes
    assert parts(title) == [("Alpha", "changed")]


def test_what_is_no_text_is_named_too() -> None:
    old = page("a", anchors=("top",), aliases=("https://h.org/old",))
    (change,) = plan([old], [replace(old, title="Beta", anchors=("start",))]).changes
    assert (change.facts, change.sections[1:]) == (("title", "addresses of headings"), ())


def test_headings_without_addresses_have_not_changed_them() -> None:
    old = page("a", "intro", anchors=())
    (change,) = plan([old], [page("a", "Intro", anchors=("", ""))]).changes
    assert change.facts == ()


def test_sections_that_only_moved_are_no_changes() -> None:
    old = page(
        "a", "## Python\n\n### Call\n\nfirst\n\n### Result\n\none\n\n## Go\n\n### Call\n\nsecond\n\n### Result\n\ntwo"
    )
    moved = page(
        "a", "## Go\n\n### Call\n\nsecond\n\n### Result\n\ntwo\n\n## Python 3\n\n### Call\n\nfirst\n\n### Result\n\none"
    )
    (change,) = plan([old], [moved]).changes
    assert parts(change) == []
    edited = page("a", moved.body.partition("\n\n")[2].replace("second", "SECOND"))
    (change,) = plan([moved], [edited]).changes
    assert parts(change) == [("Go › Call", "changed")], "a heading that stands twice is told by those above it"


def test_equal_headings_are_told_apart_by_their_order() -> None:
    old, new = page("a", "## H\n\none\n\n## H\n\ntwo"), page("a", "## H\n\none\n\n## H\n\nTWO\n\n## H\n\nthree")
    (change,) = plan([old], [new]).changes
    assert [(part.what, part.before, part.after) for part in change.sections] == [
        ("changed", "two", "TWO"),
        ("added", "", "three"),
    ]


def test_an_unchanged_page_is_not_written() -> None:
    old = page("a", fetched_at="2026-11-01", etag="1")
    done = plan([old], [replace(old, fetched_at="2026-11-20")])
    assert (done.unchanged, done.write, done.changes, done.lost) == (1, [], [], 0)


def test_new_validators_are_written_but_the_page_keeps_its_day() -> None:
    old = page("a", fetched_at="2026-11-01", etag="1")
    done = plan([old], [replace(old, fetched_at="2026-11-20", etag="2")])
    assert done.write == [replace(old, etag="2")]
    assert (done.unchanged, done.changes) == (1, [])


def test_unseen_pages_stay_unless_they_are_gone() -> None:
    old = [page("a"), page("b"), page("c")]
    done = plan(old, [old[0]], gone=("https://h.org/docs/b",))
    assert removed(done) == ["b"]
    assert (done.before, done.lost, done.unchanged) == (3, 1, 1)


def test_a_file_of_the_user_is_never_written_over() -> None:
    done = plan([page("a", "mine", source="")], [page("a", "theirs")])
    assert (done.write, done.changes) == ([], [])
    assert [file.document.url for file in done.own] == ["https://h.org/docs/a"]


def test_starter_pages_are_replaced_and_never_count_as_lost() -> None:
    old = [page("a", source=STARTER), page("b", source=STARTER)]
    done = plan(old, [page("a")])
    assert removed(done) == ["b"]
    assert [(change.url[-1], change.what) for change in done.changes] == [("a", "changed"), ("b", "removed")]
    assert (done.before, done.lost) == (0, 0)


def test_a_page_that_moved_is_not_lost() -> None:
    done = plan([page("old")], [page("new", aliases=("https://h.org/docs/old",))])
    assert removed(done) == ["old"]
    assert done.lost == 0
    assert [(change.what, change.other[-3:], change.sections) for change in done.changes] == [
        ("added", "old", ()),
        ("removed", "new", ()),
    ]


def test_pages_of_other_sources_and_of_the_user_are_not_touched() -> None:
    old = [page("theirs", source=OTHER), page("mine", source="")]
    done = plan(old, [page("new", aliases=(old[0].url, old[1].url))], gone=(old[0].url, old[1].url))
    assert (removed(done), done.before, done.lost) == ([], 0, 0)


def test_pages_of_a_dropped_source_go_and_are_not_lost() -> None:
    done = plan([page("theirs", source=OTHER), page("a")], [page("a")], dropped=OTHER)
    assert (removed(done), done.before, done.lost) == (["theirs"], 1, 0)


def test_two_states_are_compared_whoever_wrote_the_pages() -> None:
    old = [page("a"), page("mine", "x", source=""), page("left", source=OTHER)]
    new = [old[0], page("mine", "y", source=""), page("new", aliases=(old[2].url,))]
    done = differences(old, new)
    found = [(change.url.rpartition("/")[2], change.what, change.other.rpartition("/")[2]) for change in done.changes]
    assert found == [("mine", "changed", ""), ("new", "added", "left"), ("left", "removed", "new")]
    assert (done.unchanged, differences([], [])) == (1, UpdatePlan())

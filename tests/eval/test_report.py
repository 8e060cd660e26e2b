"""The page as a browser would take it: parsed, not searched as text."""

import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from eval.compare import compare
from eval.records import EvalRun, PassageSummary
from eval.report import report_page
from tests.eval.made import ANSWER, FOUND, outcomes, run_of

HOSTILE = "<script>alert(1)</script><img src=x onerror=y>\"'&\x1b[31m\u202e"
SEEN = PassageSummary(
    rank=1,
    page=f"/docs/{HOSTILE}",
    url=f"javascript:{HOSTILE}",
    headings=(HOSTILE,),
    score=0.9,
    cosine=0.8,
    bm25=7.0,
    terms=(HOSTILE,),
    right=False,
    start=HOSTILE,
)


class Tags(HTMLParser):
    """Collects tags, attributes and text; checks that tags are nested as they should be."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str]] = []
        self.text = ""
        self.open: list[str] = []
        self.feed(page)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]
        if tag not in ("meta", "br"):
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.fixture
def run() -> EvalRun:
    failed = replace(
        FOUND,
        id=HOSTILE,
        question=HOSTILE,
        kind=HOSTILE,
        gold=(HOSTILE,),
        rank=None,
        words=None,
        parts=(None,),
        seen=(SEEN,),
        answer=replace(ANSWER, text=HOSTILE, facts_found=1),
    )
    stale = replace(FOUND, id="gone-1", stale=True)
    return run_of((*outcomes([1, 3, None, 7]), failed, stale), name=HOSTILE)


def test_nothing_of_a_page_or_question_becomes_markup(run: EvalRun) -> None:
    page = report_page(run, run, compare(run, run))
    seen = Tags(page)
    assert not {"script", "img", "iframe", "link", "object", "base", "form"} & set(seen.tags)
    assert not [name for name, _ in seen.attributes if name.startswith("on")]
    assert [value for name, value in seen.attributes if name in ("href", "src")] == []  # javascript: is no link
    assert "<script>alert(1)</script><img src=x onerror=y>\"'&[31m" in seen.text
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f\u202e]", page)


def test_the_page_fetches_nothing(run: EvalRun) -> None:
    linked = replace(run.outcomes[4], seen=(replace(SEEN, url="https://site.test/docs/a#b"),))
    page = report_page(replace(run, outcomes=(linked,)), None, {})
    seen = Tags(page)
    assert ("href", "https://site.test/docs/a#b") in seen.attributes
    policy = dict(seen.attributes)["content"]
    assert any("default-src 'none'" in value for name, value in seen.attributes if name == "content"), policy
    assert not re.search(r"url\(|@import|<link|src=\"http", page)


def test_the_page_tells_what_happened(run: EvalRun) -> None:
    worse = replace(run, outcomes=tuple(replace(one, rank=9, words=900, parts=(9,)) for one in outcomes([1] * 40)))
    better = replace(run, outcomes=outcomes([1] * 40))
    text = Tags(report_page(worse, better, compare(worse, better))).text
    assert "Real loss: recall@1, recall@5, mrr" in text
    assert "-1.000" in text
    assert "No measure really fell" in Tags(report_page(better, worse, compare(better, worse))).text
    alone = Tags(report_page(run, None, {})).text
    assert "against the baseline" not in alone
    assert "1 stale question, not counted: the docs no longer contain their goldgone-1" in alone
    assert "askdocs inspect '<script>" in alone  # a command to copy, quoted for a shell


def test_a_run_without_anything_judged_is_shown_as_well(run: EvalRun) -> None:
    nothing = run_of(tuple(replace(FOUND, answerable=False, id=str(at)) for at in range(3)))
    assert "3 failures" in Tags(report_page(nothing, None, {})).text

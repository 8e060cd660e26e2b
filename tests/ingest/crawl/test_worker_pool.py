"""Cleaning in processes: what comes too late is turned away, not kept waiting."""

import threading

from ingest.clean.page import clean_page
from ingest.core.records import Cleaned, Page, Problem
from ingest.crawl.worker_pool import CleanerPool

PAGE = Page("https://docs.example.com/late", b"<main><h1>Late</h1><p>It took its time.</p></main>", "text/html")


def test_a_page_that_arrives_after_the_end_is_turned_away() -> None:
    """A crawl that gives up leaves fetches behind; one that waited for ever would keep the process from ending."""
    with CleanerPool(clean_page, 2, 20.0) as cleaners:
        assert isinstance(cleaners(PAGE), Cleaned)
    answers: list[Cleaned | Problem] = []
    late = [threading.Thread(target=lambda: answers.append(cleaners(PAGE)), daemon=True) for _ in range(5)]
    for thread in late:
        thread.start()
    for thread in late:
        thread.join(timeout=5.0)
    assert answers == [Problem(PAGE.url, "stopped")] * 5

"""A process that asks and asks: every answer must be of one edition of the pages.

Arguments: the index folder, how many questions at least, and after how many of them it opens the index again.
It goes on until its standard input is closed. Prints the number of questions asked so far every now and then,
and at last a JSON line of counts.
"""

import json
import os
import re
import sys
import threading
from pathlib import Path

from ingest.core.settings import load_settings
from rag.open import Opened, open_assistant

TOPICS = ("limits", "prices", "errors")
EVERY = 5


def main(index: Path, count: int, hold: int) -> None:
    settings = load_settings({"index": index, "docs": index}, os.environ, Path.cwd())
    errors: list[str] = []
    mixed, editions = 0, set[str]()
    opened: Opened | None = None
    closed = threading.Event()
    threading.Thread(target=_wait_for_end_of_input, args=(closed,), daemon=True).start()
    number = -1
    while (number := number + 1) < count or not closed.is_set():
        try:
            opened = opened if opened and number % hold else open_assistant(settings, use_model=True)
            found = _editions(opened, f"What is said of {TOPICS[number % 3]} in changing-{number % 17}?")
            mixed += len(found) != 1
            editions |= found
        except Exception as error:  # noqa: BLE001 - whatever it is, it is what this process looks for
            errors.append(f"{type(error).__name__}: {error}"[:300])
        if number % EVERY == 0:
            print(number, flush=True)
    print(json.dumps({"queries": number, "errors": errors, "mixed": mixed, "editions": sorted(editions)}), flush=True)


def _wait_for_end_of_input(closed: threading.Event) -> None:
    sys.stdin.read()
    closed.set()


def _editions(opened: Opened, question: str) -> set[str]:
    """The editions that an answer's passages, and the pages that these are of, speak of."""
    hits = opened.assistant.search(question, 5, "").hits
    pages = opened.store.pages([hit.chunk.url for hit in hits])
    texts = [hit.chunk.text for hit in hits] + [page.document.body for page in pages]
    if len(hits) != 5 or not all(re.search(r"edition \d+", page.document.body) for page in pages):
        raise ValueError(f"{len(hits)} passages of {[page.document.url for page in pages]}")
    return {edition for text in texts for edition in re.findall(r"edition \d+", text)}


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))

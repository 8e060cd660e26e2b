"""Docs of machines and their oil, questions about them, and a server whose models know a given share of the answers."""

import json
import re
import threading
import zlib
from pathlib import Path

from tests.rag.server import ModelServer, Reply, Request, answer, failure

KINDS = "pump press lathe crane drill mixer boiler loom kiln dryer".split()
COLOURS = "red blue green amber violet white black silver copper ivory teal olive coral khaki lilac".split()
PLACES = "Oslo Lima Cairo Perth Quito".split()


def machines(count: int) -> list[tuple[str, int]]:
    """Each machine with the litres of oil that it takes."""
    names = [f"{colour} {kind} of {place}" for place in PLACES for colour in COLOURS for kind in KINDS]
    return [(name, 100 + 7 * at) for at, name in enumerate(names[:count])]


def write_world(folder: Path, count: int) -> Path:
    """A page per machine in `folder`/pages; returns the question file."""
    (folder / "pages").mkdir()
    lines = []
    for at, (name, litres) in enumerate(machines(count)):
        front = f"---\nurl: https://h.org/docs/m{at}\n---\n\n"
        page = f"{front}# The {name}\n\n## Oil\n\nThe {name} takes {litres} litres of oil.\n"
        (folder / "pages" / f"m{at}.md").write_text(page, encoding="utf-8")
        gold = [{"page": f"/docs/m{at}", "section": "Oil"}]
        question = f"How many litres of oil does the {name} take?"
        lines.append({"id": f"m{at}", "question": question, "facts": [f"{litres} litres"], "gold": gold})
    path = folder / "questions.jsonl"
    path.write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
    return path


class Requests(list[Request]):
    """All requests; `mine` is the last one of the calling thread, which answers it."""

    def __init__(self) -> None:
        super().__init__()
        self._last = threading.local()

    def append(self, request: Request) -> None:
        self._last.request = request
        super().append(request)

    @property
    def mine(self) -> Request:
        found: Request = self._last.request
        return found


class StubModels(ModelServer):
    """A model's slug says what it knows: `seed-3/knows-0.8` has the fact of 80 % of the questions, at random.

    `acme/broken` fails always; `slow` are words of questions that are answered too late.
    """

    def __init__(self, count: int) -> None:
        super().__init__()
        self.litres = dict(machines(count))
        self.slow = ""
        self.price = 0.001
        self.requests: Requests = Requests()

    def next_reply(self) -> Reply:
        body = self.requests.mine.body
        asked = body["messages"][-1]["content"].rpartition("Question: ")[2].split("\n")[0]
        name = re.search(r"does the (.+) take", asked)
        assert name is not None
        model = body["model"]
        if model == "acme/broken":
            return failure(404, "No endpoints found for acme/broken")
        known = float(model.rpartition("-")[2]) * 1_000 > zlib.crc32(f"{model}|{asked}".encode()) % 1_000
        litres = f"{self.litres[name[1]]} litres" if known else "litres"
        reply = answer(f"The {name[1]} takes {litres} of oil [1].")
        pieces = tuple(piece.replace("0.00042", str(self.price)) for piece in reply.pieces)
        late = 5.0 if self.slow and self.slow in asked and model.startswith("late") else 0.0
        return Reply(pieces, delay=late)

"""Time until the first checked sentence is shown, once its last byte was sent: ours beside a bare openai loop.

    python -m tests.bench.first_token [--rounds R] [--json FILE]

Both ask the same local server in turn; it notes the moment at which it sends the byte that completes the first
sentence. Ours cuts the text into pieces, resolves marks, sanitizes links and checks support before it shows
anything; the bare loop prints what comes. Prints the medians and the extremes in milliseconds. The limit is 20 ms.
"""

import argparse
import statistics
import time
from pathlib import Path

from openai import OpenAI

from ingest.chunk import chunk_document
from ingest.core.records import Document
from ingest.core.settings import load_settings
from ingest.embed.minilm import MiniLm
from rag.generate.chat import stream_completion
from rag.generate.prompt import Passages
from rag.generate.writer import write_answer
from rag.records import Hit, Piece
from tests.bench.pairs import facts, report, spread, table
from tests.rag.server import KEY, ModelServer, Reply, event

MESSAGES = [{"role": "user", "content": "hello"}]
LIMIT_MS = 20.0
BODY = "# Limits\n\n" + " ".join(
    f"Plan {at} allows {at * 10} requests a minute, see `limit_{at}`." for at in range(1, 40)
)
WORDS = [
    f"{word} "
    for word in "Plan 7 allows 70 requests a minute, see `limit_7` and https://docs.example/limits [1].".split()
]
LAST = "Next "
"""The word that shows that the sentence before it is over."""


class _Shown(Exception):
    """Raised at the first piece: the rest of the answer is not measured."""


class Clock(tuple[str, ...]):
    """The pieces of a reply; notes when the one that completes the first sentence is taken to be sent."""

    __slots__ = ()
    sent = 0.0

    def __iter__(self):  # type: ignore[no-untyped-def]  # noqa: ANN204 - a benchmark
        is_noted = False  # of this reply: the one before may still be on its way when the next question is asked
        for piece in super().__iter__():
            if f'"content": "{LAST}"' in piece and not is_noted:
                type(self).sent, is_noted = time.perf_counter(), True
            yield piece


def hits() -> list[Hit]:
    model = MiniLm()
    page = Document(url="https://docs.example/limits", title="Limits", description="", body=BODY)
    chunks = chunk_document(page, model.count, model.max_tokens)
    return [Hit(rank, 1.0, 1.0, 1.0, chunk) for rank, chunk in enumerate(chunks, 1)]


def ours(server: ModelServer, passages: list[Hit]) -> float:
    environ = {"OPENROUTER_BASE_URL": server.url, "OPENROUTER_API_KEY": KEY}
    found: list[float] = []

    def show(_: Piece) -> None:
        found.append(time.perf_counter() - Clock.sent)
        raise _Shown

    try:
        write_answer(stream_completion(load_settings({}, environ, Path.cwd()), MESSAGES), Passages(passages), show)
    except _Shown:
        return found[0]
    raise AssertionError


def bare(server: ModelServer) -> float:
    client = OpenAI(api_key=KEY, base_url=server.url)
    for chunk in client.chat.completions.create(model="acme/a", messages=MESSAGES, stream=True):  # type: ignore[call-overload]  # plain dictionaries
        if chunk.choices and chunk.choices[0].delta.content == LAST:
            return time.perf_counter() - Clock.sent
    raise AssertionError


def measure(runs: int) -> dict[str, list[float]]:
    """Milliseconds of both, in turn; the first three runs import and connect, and are not counted."""
    taken: dict[str, list[float]] = {"ours": [], "bare": []}
    with ModelServer() as server:
        words = [event(word) for word in (*WORDS, *[LAST] * 5)]
        pieces = Clock([": waiting\n\n", *words, event(finish="stop"), "data: [DONE]\n\n"])
        passages = hits()
        server.says(Reply(pieces))
        server.pause = 0.002
        for at in range(runs + 3):
            for name in ("ours", "bare"):
                Clock.sent = 0.0
                seconds = ours(server, passages) if name == "ours" else bare(server)
                if at >= 3:
                    taken[name].append(seconds * 1000)
    return taken


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--docs", type=Path, help="not read")
    parser.add_argument("--index", type=Path, help="not read")
    parser.add_argument("--rounds", type=int, default=5, help="of ten runs each")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    taken = measure(options.rounds * 10)
    found = {name: facts([{"ms": value} for value in values])["ms"] for name, values in taken.items()}
    more = statistics.median(a - b for a, b in zip(taken["ours"], taken["bare"], strict=True))
    table(("way", "ms"), [(name, spread(one)) for name, one in found.items()])
    print(f"ours takes {more:.2f} ms more, the median over {len(taken['ours'])} pairs")
    median = statistics.median(taken["ours"])
    print(
        f"first checked sentence after {median:.2f} ms: {'within' if median <= LIMIT_MS else 'ABOVE'} {LIMIT_MS:g} ms"
    )
    report("first_token", {"ms": found, "more_ms": round(more, 3), "limit_ms": LIMIT_MS}, options.json)


if __name__ == "__main__":
    main()

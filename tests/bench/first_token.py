"""Seconds until a model's first word is shown, once the server has sent it: ours beside a bare openai loop.

    python -m tests.bench.first_token [--rounds R] [--json FILE]

Both ask the same local server in turn; it notes the moment at which it sends the first word. Prints the
medians and the extremes in milliseconds.
"""

import argparse
import statistics
import time
from pathlib import Path

from openai import OpenAI

from ingest.core.settings import load_settings
from rag.generate.chat import stream_completion
from tests.bench.pairs import facts, report, spread, table
from tests.rag.server import KEY, ModelServer, Reply, event

MESSAGES = [{"role": "user", "content": "hello"}]


class _Clock(tuple[str, ...]):
    """The pieces of a reply; notes when the one with the first word is taken to be sent."""

    __slots__ = ()
    sent = 0.0

    def __iter__(self):  # type: ignore[no-untyped-def]  # noqa: ANN204 - a benchmark
        for piece in super().__iter__():
            if '"content": "word' in piece:
                type(self).sent = time.perf_counter()
            yield piece


def ours(server: ModelServer) -> float:
    environ = {"OPENROUTER_BASE_URL": server.url, "OPENROUTER_API_KEY": KEY}
    for piece in stream_completion(load_settings({}, environ, Path.cwd()), MESSAGES):
        if isinstance(piece, str):
            return time.perf_counter() - _Clock.sent
    raise AssertionError


def bare(server: ModelServer) -> float:
    client = OpenAI(api_key=KEY, base_url=server.url)
    for chunk in client.chat.completions.create(model="acme/a", messages=MESSAGES, stream=True):  # type: ignore[call-overload]  # plain dictionaries
        if chunk.choices and chunk.choices[0].delta.content:
            return time.perf_counter() - _Clock.sent
    raise AssertionError


def measure(runs: int) -> dict[str, list[float]]:
    """Milliseconds of both, in turn; the first three runs import and connect, and are not counted."""
    taken: dict[str, list[float]] = {"ours": [], "bare": []}
    with ModelServer() as server:
        pieces = _Clock([": waiting\n\n", *[event("word ")] * 20, event(finish="stop"), "data: [DONE]\n\n"])
        server.says(Reply(pieces))
        server.pause = 0.01
        for at in range(runs + 3):
            for name, run in (("ours", ours), ("bare", bare)):
                _Clock.sent = 0.0
                seconds = run(server)
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
    report("first_token", {"ms": found, "more_ms": round(more, 3)}, options.json)


if __name__ == "__main__":
    main()

"""Plain processes and Ray as workers that embed, side by side, and a simulation of more workers than there are here.

Run `python -m tests.bench.workers --index DIR [--chunks 5000] [--workers 2] [--together] [--json FILE]` from the
repository's root, with the extra `ray` installed. DIR is any index of files: the texts of its chunks are embedded.

The rate of a kind is counted behind its start-up: from its first `2 * workers` results to the last one. With
`--together`, both embed at the same time and so share the machine, which is fair where it has other work as well; the
rates are then taken up to the moment when the first of both is done. Without, one follows the other. Ray lowers the
priority of its workers, which RAY_worker_niceness=0 undoes where the machine has other work.

The simulation has the service time of a batch as measured here (its mean and its spread), the size of what is sent and
returned, and the time that the process in the middle takes for each batch: it unpacks the embeddings and writes them
into the cache, one batch at a time. Two batches are with each worker. Machines of two workers share a link of 1 Gbit/s
to it, which itself has one of 10.
"""

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # as the command line sets it, before numpy is loaded

import argparse
import heapq
import json
import random
import statistics
import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from ingest.embed.base import Embedding, embedding_text
from ingest.embed.cache import VectorCache
from ingest.embed.ray_workers import RayWorkers
from ingest.embed.workers import TASK, Batch, ModelSpec, ProcessWorkers, Workers
from ingest.index.stores import index_at

LINK, HUB = 125e6, 1250e6
"""Bytes a second of a machine's link, and of that of the process in the middle."""
SIZES = (1, 2, 8, 16, 32, 64, 128, 256)


@dataclass
class Measured:
    """What one kind of workers did: when each batch was done, in seconds from the start, and how many bytes came."""

    done: list[float]
    returned: list[int]

    def rate(self, skip: int, until: float) -> float:
        """Chunks a second behind the first `skip` batches."""
        times = [at for at in self.done if at <= until]
        return (len(times) - skip) * TASK / (times[-1] - times[skip - 1]) if len(times) > skip else 0.0


def run(workers: Workers, batches: Sequence[Batch], sample: list[list[bytes]]) -> Measured:
    """Embed all batches, and note when each is done."""
    found, started = Measured([], []), time.perf_counter()
    for _, packed in workers.run(batches):
        found.done.append(time.perf_counter() - started)
        found.returned.append(sum(map(len, packed)))
        sample.append(packed)
    return found


def measure(batches: Sequence[Batch], count: int, *, together: bool) -> tuple[dict[str, Measured], list[list[bytes]]]:
    """Both kinds of workers, and some batches as they came."""
    spec = ModelSpec("minilm", "cpu", "fp32", threads=1)
    kinds: dict[str, Workers] = {"ray": RayWorkers(spec, "", count), "processes": ProcessWorkers(spec, count)}
    found: dict[str, Measured] = {}
    sample: list[list[bytes]] = []

    def one(name: str) -> None:
        found[name] = run(kinds[name], batches, sample)

    threads = [threading.Thread(target=one, args=(name,)) for name in kinds]
    for thread in threads:
        thread.start()
        if not together:
            thread.join()
    for thread in threads:
        thread.join()
    return found, sample


def committing(sample: Sequence[list[bytes]]) -> float:
    """CPU seconds of the process in the middle for a batch: to unpack it, and to write it into the cache."""
    with tempfile.TemporaryDirectory() as folder, VectorCache(Path(folder) / "vectors.sqlite", "bench") as cache:
        started = time.process_time()
        for number, packed in enumerate(sample):
            cache.put({f"{number}-{at}": Embedding.unpack(data) for at, data in enumerate(packed)})
        return (time.process_time() - started) / len(sample)


@dataclass(frozen=True)
class Costs:
    """Of one batch: seconds of a worker (mean, deviation), of the process in the middle, and bytes both ways."""

    embed: float
    spread: float
    commit: float
    sent: int
    returned: int


def simulate(costs: Costs, workers: int, batches: int = 4_000) -> dict[str, float]:
    """Embed batches with so many workers: chunks a second, and how busy workers and the process in the middle are."""
    chance = random.Random(0)
    carry = (costs.sent + costs.returned) * 2 / LINK  # two workers of a machine share its link
    ready = [(0.0, worker) for worker in range(workers)]  # when each may begin with its next batch
    middle = hub = last = busy = 0.0
    arrived: list[float] = []
    queue = [[0.0, 0.0] for _ in range(workers)]  # when each of the two places of a worker got its batch
    for _ in range(batches):
        at, worker = heapq.heappop(ready)
        given = queue[worker].pop(0)
        spent = max(costs.embed * 0.3, chance.gauss(costs.embed, costs.spread))
        end = max(at, given) + spent
        busy += spent
        hub = max(hub, end + carry) + (costs.sent + costs.returned) / HUB
        middle = max(middle, hub) + costs.commit
        queue[worker].append(middle + carry)  # its next batch is given when this one is kept
        heapq.heappush(ready, (end, worker))
        arrived.append(end)
        last = max(last, middle)
    return {
        "workers": workers,
        "chunks_per_second": batches * TASK / last,
        "workers_busy": busy / (last * workers),
        "middle_busy": batches * costs.commit / last,
    }


def main() -> None:
    """Measure, simulate, print, and write the figures."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--index", type=Path, required=True)
    parser.add_argument("--chunks", type=int, default=5_000)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--together", action="store_true")
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    texts = [embedding_text(chunk) for chunk in index_at(given.index).open().all_chunks()][: given.chunks]
    batches = [texts[at : at + TASK] for at in range(0, len(texts) - TASK + 1, TASK)]
    found, sample = measure(batches, given.workers, together=given.together)
    skip = 2 * given.workers
    until = min(one.done[-1] for one in found.values()) if given.together else float("inf")
    rates = {name: one.rate(skip, until) for name, one in found.items()}
    alone = found["processes"].done[skip:]
    each = [(later - earlier) * given.workers for earlier, later in pairwise(alone)]
    costs = Costs(
        embed=statistics.mean(each),
        spread=statistics.stdev(each) / 2,  # times between results vary more than those of one worker
        commit=committing(sample),
        sent=round(statistics.mean(sum(len(text.encode()) for text in batch) for batch in batches)),
        returned=round(statistics.mean(found["processes"].returned)),
    )
    figures: dict[str, Any] = {
        "batches": len(batches), "rates": rates, "ratio": rates["ray"] / rates["processes"],
        "first_result_s": {name: one.done[0] for name, one in found.items()}, "costs": asdict(costs),
        "simulated": [simulate(costs, workers) for workers in SIZES],
    }  # fmt: skip
    print(f"chunks/s: {rates}; ray / processes {figures['ratio']:.2f}; first result {figures['first_result_s']}")
    print(f"a batch of {TASK}: {figures['costs']}")
    for row in figures["simulated"]:
        print(
            f"{row['workers']:>4} workers: {row['chunks_per_second']:>8.1f} chunks/s, workers "
            f"{row['workers_busy']:.2f} busy, the process in the middle {row['middle_busy']:.2f}"
        )
    if given.json:
        given.json.write_text(json.dumps(figures, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()

"""Embed with several workers: plain processes of this machine, or actors of a Ray cluster.

Each worker loads the model once and embeds batch after batch. Results come in any order and are yielded at once, so
that a killed run has lost what each worker had at work, and results on their way. The fingerprint is the model's:
vectors made by workers are those of one process, and share its cache.
"""

import contextlib
import multiprocessing
import os
import signal
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, Protocol

from ingest.core.errors import ModelError, UsageError
from ingest.core.settings import Settings
from ingest.embed.base import BATCH, Embedder, Embedding, QueryEmbedding

if TYPE_CHECKING:
    from multiprocessing.context import SpawnContext
    from multiprocessing.process import BaseProcess

TASK: Final = 4 * BATCH
"""Texts that a worker embeds between two results: a few seconds on a processor."""

_ATTEMPTS: Final = 3
"""How often a batch is given to new workers after theirs died, as for lack of memory."""


_MOST: Final = 256
"""Processes of one machine."""


@dataclass(frozen=True, slots=True)
class ModelSpec:
    """What a worker loads: the settings of a local embedder. `threads` are those of each worker, 0 for all."""

    name: str
    device: str
    precision: str
    threads: int = 0


Batch = Sequence[str]
Packed = list[bytes]
"""Embeddings as bytes: see `Embedding.pack`."""


class Workers(Protocol):
    """Workers that embed batches."""

    def run(self, batches: Sequence[Batch]) -> Iterator[tuple[int, Packed]]:
        """Yield (place, packed embeddings) of each batch as it is done, in any order. Raises ModelError."""


class DistributedEmbedder:
    """An embedder whose passages are embedded by workers; questions are embedded here."""

    def __init__(self, embedder: Embedder, workers: Workers) -> None:
        """`embedder` is a local one, that of the workers' specification."""
        self._embedder, self._workers = embedder, workers
        self.name, self.fingerprint = embedder.name, embedder.fingerprint
        self.max_tokens, self.remote, self.has_tokens = embedder.max_tokens, embedder.remote, embedder.has_tokens
        self.batch_size = TASK

    @property
    def dimension(self) -> int:
        """Length of a vector."""
        return self._embedder.dimension

    @property
    def local(self) -> Embedder:
        """The embedder of this process."""
        return self._embedder

    def count(self, text: str) -> int:
        """The tokens of `text` without special tokens."""
        return self._embedder.count(text)

    def embed_query(self, text: str) -> QueryEmbedding:
        """Embed a question in this process. Raises ModelError."""
        return self._embedder.embed_query(text)

    def embed_stream(self, texts: Sequence[str]) -> Iterator[tuple[int, Embedding]]:
        """Embed passages, and yield (position, embedding) as each batch is done. Raises ModelError."""
        if len(texts) <= TASK:  # workers take longer to load a model than these take here
            yield from self._embedder.embed_stream(texts)
            return
        batches = [texts[start : start + TASK] for start in range(0, len(texts), TASK)]
        for place, packed in self._workers.run(batches):
            for at, data in enumerate(packed):
                yield place * TASK + at, Embedding.unpack(data)


class ProcessWorkers:
    """`count` processes of this machine. They start with the first batches, and end with the last one."""

    def __init__(self, spec: ModelSpec, count: int) -> None:
        self._spec, self._count = spec, count

    def run(self, batches: Sequence[Batch]) -> Iterator[tuple[int, Packed]]:
        """Embed batches; those of workers that died are given to new ones. Raises ModelError."""
        left = dict(enumerate(batches))
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                for place, packed in self._attempt(left):
                    del left[place]
                    yield place, packed
            except BrokenProcessPool as error:
                if attempt == _ATTEMPTS:
                    hint = "memory is what they mostly lack: use fewer with --workers"
                    raise ModelError(f"workers died {attempt} times while they embedded", hint) from error
            else:
                return

    def _attempt(self, left: dict[int, Batch]) -> Iterator[tuple[int, Packed]]:
        pool = ProcessPoolExecutor(self._count, spawning(), initializer=load_model, initargs=(self._spec,))
        try:
            waiting = iter(list(left.items()))
            running: dict[Future[Packed], int] = {}
            while True:
                # Two for each worker: one at work, one to begin with at once.
                while len(running) < 2 * self._count and (following := next(waiting, None)):
                    running[pool.submit(embed_batch, following[1])] = following[0]
                if not running:
                    return
                done, _ = wait(running, return_when=FIRST_COMPLETED)
                for future in done:
                    yield running.pop(future), future.result()
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def with_workers(embedder: Embedder, workers: str, settings: Settings) -> Embedder:
    """The embedder with the workers that an option names: a number, `ray`, or ray://HOST:PORT. Raises UsageError."""
    if not workers:
        return embedder
    if embedder.remote:
        raise UsageError(f"--workers embed with a local model, and {embedder.name} is remote", "leave --workers out")
    spec = ModelSpec(settings.embedder, settings.device, settings.precision)
    if workers == "ray" or workers.startswith("ray://"):
        from ingest.embed.ray_workers import RayWorkers

        return DistributedEmbedder(embedder, RayWorkers(spec, workers if workers != "ray" else ""))
    if not workers.isdecimal() or not 1 <= int(workers) <= _MOST:
        hint = f"give a number from 1 to {_MOST}, ray, or ray://HOST:PORT"
        raise UsageError(f"--workers {workers!r} names no workers", hint)
    count = int(workers)
    shared = replace(spec, threads=max(1, (os.cpu_count() or 1) // count))
    return DistributedEmbedder(embedder, ProcessWorkers(shared, count))


def spawning() -> "SpawnContext":
    """Fresh processes: a fork of one that has threads, as torch makes them, may hang."""
    return multiprocessing.get_context("spawn")


_model: list[Embedder] = []
"""The model of this worker process."""


def load_model(spec: ModelSpec) -> None:
    """Load the model of a worker, once."""
    if spec.threads:
        os.environ["OMP_NUM_THREADS"] = str(spec.threads)
    with contextlib.suppress(ValueError):  # an actor may be in another thread than the main one
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C ends the run, which ends its workers
    end_with_parent()
    _model[:] = [local_embedder(spec)]


def end_with_parent() -> None:
    """End this process when the one that started it ends, also when that is killed."""
    if (parent := multiprocessing.parent_process()) is not None:
        threading.Thread(target=_end_with, args=(parent,), daemon=True).start()


def _end_with(parent: "BaseProcess") -> None:
    """End this process once its parent has: killed, it can't tell its workers."""
    parent.join()
    os._exit(1)


def embed_batch(texts: Batch) -> Packed:
    """Embed one batch in a worker."""
    found = dict(_model[0].embed_stream(list(texts)))
    return [found[at].pack() for at in range(len(texts))]


def local_embedder(spec: ModelSpec) -> Embedder:
    """The embedder of a specification, which embeds with torch however few texts it gets. Raises ModelError."""
    from ingest.embed.added import AddedEmbedder
    from ingest.embed.base import BUNDLED
    from ingest.embed.local import LocalModel
    from ingest.embed.minilm import MiniLm

    bundled = MiniLm(spec.device, spec.precision, few=0)
    if spec.name == BUNDLED:
        return bundled
    return AddedEmbedder(bundled, LocalModel(spec.name, spec.device, spec.precision))

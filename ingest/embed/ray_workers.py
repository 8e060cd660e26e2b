"""Workers that are actors of a Ray cluster, or of a Ray started on this machine. The only file that knows Ray."""

import logging
import os
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from ingest.core.errors import ModelError, UsageError
from ingest.embed.workers import Batch, ModelSpec, Packed, embed_batch, load_model

_IN_FLIGHT: Final = 2
"""Batches that each actor has: one at work, one to begin with at once."""
_ATTEMPTS: Final = 3
"""How often Ray starts an actor again, and gives it a batch again."""


class RayWorkers:
    """Actors on every node of a cluster, one for each processor core or graphics card."""

    def __init__(self, spec: ModelSpec, address: str, count: int = 0) -> None:
        """`address` is ray://HOST:PORT, or "" for a Ray of this machine. `count` 0: as many as there is room for."""
        self._spec, self._address, self._count = spec, address, count

    def run(self, batches: Sequence[Batch]) -> Iterator[tuple[int, Packed]]:
        """Embed batches. Raises ModelError, UsageError without the extra."""
        ray = _library()
        self._connect(ray)
        try:
            yield from self._embed(ray, batches)
        except ray.exceptions.RayError as error:
            hint = "see the log of the cluster; what was embedded is kept, so run the same command again"
            raise ModelError(f"Ray could not embed: {_first_line(error)}", hint, retryable=True) from error
        finally:
            ray.shutdown()

    def _connect(self, ray: Any) -> None:  # noqa: ANN401 - the module
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # nothing is reported to anybody
        os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of what is raised as well
                ray.init(
                    address=self._address or None,
                    include_dashboard=False if not self._address else None,
                    log_to_driver=False,
                    logging_level=logging.ERROR,
                    configure_logging=False,
                    runtime_env={"env_vars": {"PYTHONPATH": _path()}} if not self._address else None,
                )
        except (ConnectionError, RuntimeError, ValueError, OSError) as error:
            hint = (
                "check the address, that the cluster runs, and that its versions of Ray and Python are those here; "
                "one that asks for a token: RAY_AUTH_MODE=token and RAY_AUTH_TOKEN"
            )
            where = f"the Ray cluster at {self._address}" if self._address else "Ray on this machine"
            raise ModelError(f"{where} does not answer: {_first_line(error)}", hint) from error

    def _embed(self, ray: Any, batches: Sequence[Batch]) -> Iterator[tuple[int, Packed]]:  # noqa: ANN401 - the module
        cards = int(ray.cluster_resources().get("GPU", 0))
        room = cards or int(ray.cluster_resources().get("CPU", 1))
        count = max(1, min(self._count or room, len(batches)))
        options = {"num_gpus": 1} if cards else {"num_cpus": 1}
        kind = ray.remote(max_restarts=_ATTEMPTS, max_task_retries=_ATTEMPTS, **options)(_Actor)
        actors = [kind.remote(self._spec) for _ in range(count)]
        waiting = iter(enumerate(batches))
        running: dict[Any, tuple[int, Any]] = {}

        def give(actor: Any) -> None:  # noqa: ANN401 - Ray's handle
            if (following := next(waiting, None)) is not None:
                running[actor.embed.remote(list(following[1]))] = (following[0], actor)

        for actor in actors * _IN_FLIGHT:
            give(actor)
        while running:
            (done,), _ = ray.wait(list(running), num_returns=1)
            place, actor = running.pop(done)
            packed = ray.get(done)
            give(actor)
            yield place, packed


class _Actor:
    """A worker: keeps the model between batches."""

    def __init__(self, spec: ModelSpec) -> None:
        load_model(spec)

    def embed(self, texts: Batch) -> Packed:
        """Embed one batch."""
        return embed_batch(texts)


def _library() -> Any:  # noqa: ANN401 - the module; it may be absent
    try:
        import ray
    except ImportError:
        raise UsageError("--workers ray needs Ray, which is not installed", "pip install 'askdocs[ray]'") from None
    return ray


def _path() -> str:
    """Where this package is, for workers of this machine that start in another folder."""
    own = str(Path(__file__).resolve().parents[2])
    return os.pathsep.join(filter(None, (own, os.environ.get("PYTHONPATH", ""))))


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:200]

"""Workers that are actors of a Ray cluster, or of a Ray started on this machine. The only file that knows Ray."""

import logging
import os
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from ingest.core.errors import ModelError, UsageError
from ingest.embed.workers import Batch, ModelSpec, Packed, embed_batch, end_with_parent, load_model, spawning

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

_IN_FLIGHT: Final = 2
"""Batches that each actor has: one at work, one to begin with at once."""
_ATTEMPTS: Final = 3
"""How often Ray starts an actor again, and gives it a batch again."""


_PATIENCE: Final = 20
"""Seconds that a Ray of this machine gets to end."""
_AGAIN: Final = "what was embedded is kept, so run the same command again"


class _More:
    """The process that speaks to Ray asks for the next batch."""


@dataclass(frozen=True, slots=True)
class _Failure:
    """Why the process that speaks to Ray can't go on."""

    message: str
    hint: str
    retryable: bool = False


class RayWorkers:
    """Actors on every node of a cluster, one for each processor core or graphics card.

    A process of its own speaks to Ray, which ends it without a word when the head of the cluster is gone for a minute.
    """

    def __init__(self, spec: ModelSpec, address: str, count: int = 0) -> None:
        """`address` is ray://HOST:PORT, or "" for a Ray of this machine. `count` 0: as many as there is room for."""
        self._spec, self._address, self._count = spec, address, count

    def run(self, batches: Sequence[Batch]) -> Iterator[tuple[int, Packed]]:
        """Embed batches. Raises ModelError, UsageError without the extra."""
        _library()
        context = spawning()
        ours, theirs = context.Pipe()
        driver = _Driver(self._spec, self._address, min(self._count or len(batches), len(batches)))
        process = context.Process(target=driver.run, args=(theirs,), daemon=True)
        process.start()
        theirs.close()
        try:
            yield from self._results(ours, batches)
        except (EOFError, ConnectionError) as error:
            log = "of the cluster" if self._address else "in /tmp/ray/session_latest/logs"
            raise ModelError("Ray ended while it embedded", f"see the log {log}; {_AGAIN}", retryable=True) from error
        except BaseException:
            process.terminate()
            raise
        finally:
            ours.close()
            process.join(_PATIENCE)
            process.kill()

    def _results(self, driver: "Connection[Any, Any]", batches: Sequence[Batch]) -> Iterator[tuple[int, Packed]]:
        waiting = iter(enumerate(batches))
        while (said := driver.recv()) is not None:
            if isinstance(said, _Failure):
                raise ModelError(said.message, said.hint, retryable=said.retryable)
            if isinstance(said, _More):
                driver.send(next(waiting, None))
            else:
                yield said


@dataclass(frozen=True, slots=True)
class _Driver:
    """What speaks to Ray, in a process of its own: asks for batches, and sends what came of them."""

    spec: ModelSpec
    address: str
    most: int
    """Actors at most."""

    def run(self, asking: "Connection[Any, Any]") -> None:
        """Embed all batches that come; the last thing said is None, or a failure."""
        with open(os.devnull, "w") as nowhere:  # noqa: PTH123 - what Ray says for itself is also in its log
            os.dup2(nowhere.fileno(), 2)
        end_with_parent()
        ray = _library()
        try:
            self._connect(ray)
            for done in self._embed(ray, asking):
                asking.send(done)
            asking.send(None)
        except ModelError as error:
            asking.send(_Failure(error.message, error.hint or ""))
        except (ray.exceptions.RayError, ConnectionError) as error:
            hint = f"see the log of the cluster; {_AGAIN}"
            asking.send(_Failure(f"Ray could not embed: {_first_line(error)}", hint, retryable=True))
        finally:
            ray.shutdown()

    def _connect(self, ray: Any) -> None:  # noqa: ANN401 - the module
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # nothing is reported to anybody
        os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of what is raised as well
                ray.init(
                    address=self.address or None,
                    include_dashboard=False if not self.address else None,
                    log_to_driver=False,
                    logging_level=logging.ERROR,
                    configure_logging=False,
                    runtime_env={"env_vars": {"PYTHONPATH": _path()}} if not self.address else None,
                )
        except (ConnectionError, RuntimeError, ValueError, OSError) as error:
            hint = (
                "check the address, that the cluster runs, and that its versions of Ray and Python are those here; "
                "one that asks for a token: RAY_AUTH_MODE=token and RAY_AUTH_TOKEN"
            )
            where = f"the Ray cluster at {self.address}" if self.address else "Ray on this machine"
            raise ModelError(f"{where} does not answer: {_first_line(error)}", hint) from error

    def _embed(self, ray: Any, asking: "Connection[Any, Any]") -> Iterator[tuple[int, Packed]]:  # noqa: ANN401 - the module
        cards = int(ray.cluster_resources().get("GPU", 0))
        room = cards or int(ray.cluster_resources().get("CPU", 1))
        options = {"num_gpus": 1} if cards else {"num_cpus": 1}
        kind = ray.remote(max_restarts=_ATTEMPTS, max_task_retries=_ATTEMPTS, **options)(_Actor)
        actors = [kind.remote(self.spec) for _ in range(max(1, min(self.most, room)))]
        running: dict[Any, tuple[int, Any]] = {}

        def give(actor: Any) -> None:  # noqa: ANN401 - Ray's handle
            asking.send(_More())
            if (following := asking.recv()) is not None:
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

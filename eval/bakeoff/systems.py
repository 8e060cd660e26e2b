"""The systems that are compared: each a model, an embedder and a reranker."""

import hashlib
import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from eval.records import SystemVersion
from eval.storage import describe_system
from ingest.core.records import Progress
from ingest.core.settings import Settings
from ingest.docs.folder import read_corpus
from ingest.embed.registry import get_embedder
from ingest.index.stores import index_at
from ingest.reindex.pipeline import index_corpus
from rag.generate.chat import ServerModel
from rag.open import Opened, open_assistant


@dataclass(frozen=True, slots=True)
class Choice:
    """A system by the names of its parts; `model` "" quotes the pages, `reranker` "" is none."""

    model: str
    embedder: str
    reranker: str


@dataclass(frozen=True, slots=True)
class System:
    """A system that is open for questions. `name` tells it from the others; its journal is kept by its `version`."""

    name: str
    choice: Choice
    opened: Opened
    version: SystemVersion


def choices(models: Sequence[str], embedders: Sequence[str], rerankers: Sequence[str]) -> list[Choice]:
    """Every combination, each once."""
    return [Choice(*parts) for parts in dict.fromkeys(itertools.product(models, embedders, rerankers))]


def names(compared: Sequence[Choice]) -> list[str]:
    """The parts of each in which they differ."""
    parts = [(one.model or "quoted pages", one.embedder, one.reranker or "no reranker") for one in compared]
    differing = [at for at in range(3) if len({part[at] for part in parts}) > 1] or [0]
    return [" + ".join(part[at] for at in differing) for part in parts]


def open_systems(settings: Settings, compared: Sequence[Choice], progress: Progress) -> Iterator[System]:
    """Open each system. An embedder that the index was not built with gets an index of its own next to it.

    Raises what opening and indexing raise.
    """
    opened: dict[tuple[str, str], Opened] = {}
    for choice, name in zip(compared, names(compared), strict=True):
        used = _with_index(_with_model(settings, choice), choice.embedder, progress)
        key = (choice.embedder, choice.reranker)
        if key not in opened:
            opened[key] = open_assistant(used, use_model=bool(choice.model), reranker=choice.reranker)
        one = opened[key]
        if choice.model:
            one = replace(one, assistant=replace(one.assistant, model=ServerModel(used)))
        yield System(name, choice, one, _version(used, choice, one))


def _with_model(settings: Settings, choice: Choice) -> Settings:
    if not choice.model:
        return settings
    return replace(settings, model=choice.model, origins={**settings.origins, "model": "option"})


def _with_index(settings: Settings, embedder: str, progress: Progress) -> Settings:
    """The settings with an index of this embedder, which is built or brought up to date where it has to be."""
    built = str(index_at(settings.index).open().manifest["embedder"]["name"])
    if embedder in ("", built):
        return settings
    place = settings.folder / "eval" / f"embedder-{hashlib.sha256(embedder.encode()).hexdigest()[:12]}"
    own = replace(settings, embedder=embedder, index=place)
    place.parent.mkdir(exist_ok=True)
    with index_at(place).writing(wait=5.0):
        index_corpus(own, read_corpus(settings.docs), get_embedder(own), progress)
    return own


def _version(settings: Settings, choice: Choice, opened: Opened) -> SystemVersion:
    """As of any run, with what else changes an answer in its hash."""
    version = describe_system(settings.index, opened.generation, choice.model)
    others = f"{choice.reranker}|{settings.max_tokens}|{settings.temperature}|{settings.timeout}"
    return replace(version, code=f"{version.code}.{hashlib.sha256(others.encode()).hexdigest()[:8]}")

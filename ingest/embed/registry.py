"""Choose an embedder by its name."""

from typing import Final

from ingest.core.settings import Settings
from ingest.embed.base import BUNDLED, Embedder, LateScorer

REMOTE: Final = "openrouter:"


def is_remote(name: str) -> bool:
    """Whether the model of this name is asked through the API, so that text goes over the network."""
    return name.startswith(REMOTE)


def get_embedder(settings: Settings) -> Embedder:
    """Return the embedder that the settings name. Loads no model yet.

    Raises ModelError for a name that can't be one.
    """
    name = settings.embedder
    if name == BUNDLED:
        from ingest.embed.minilm import MiniLm

        return MiniLm(settings.device, settings.precision)
    if is_remote(name):
        from ingest.embed.remote import OpenRouterEmbedder

        return _added(OpenRouterEmbedder(name.removeprefix(REMOTE), settings), settings)
    from ingest.embed.local import LocalModel

    return _added(LocalModel(name, settings.device, settings.precision), settings)


def get_late(settings: Settings) -> LateScorer | None:
    """The late-interaction model that the settings name, or that their embedder is; None without one. Loads no model.

    Raises ModelError where the embedder's kind is asked of a hub that can't be reached.
    """
    name = settings.late
    if not name and settings.embedder != BUNDLED and not is_remote(settings.embedder):
        from ingest.embed.loading import kind_of

        name = settings.embedder if kind_of(settings.embedder) == "MultiVectorEncoder" else ""
    if not name:
        return None
    from ingest.embed.late_model import LateModel

    return LateModel(name, settings.device)


def _added(other: Embedder, settings: Settings) -> Embedder:
    """Keep the bundled model next to another one: its second ranking is worth more than most of them."""
    from ingest.embed.added import AddedEmbedder
    from ingest.embed.minilm import MiniLm

    return AddedEmbedder(MiniLm(settings.device, settings.precision), other)

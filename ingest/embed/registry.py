"""Choose an embedder by its name."""

from ingest.core.settings import Settings
from ingest.embed.base import BUNDLED, Embedder


def get_embedder(settings: Settings) -> Embedder:
    """Return the embedder that the settings name. Loads no model yet.

    Raises ModelError for a name that can't be one.
    """
    name = settings.embedder
    if name == BUNDLED:
        from ingest.embed.minilm import MiniLm

        return MiniLm(settings.device, settings.precision)
    if name.startswith("openrouter:"):
        from ingest.embed.remote import OpenRouterEmbedder

        return _added(OpenRouterEmbedder(name.removeprefix("openrouter:"), settings), settings)
    from ingest.embed.local import LocalModel

    return _added(LocalModel(name, settings.device, settings.precision), settings)


def _added(other: Embedder, settings: Settings) -> Embedder:
    """Keep the bundled model next to another one: its second ranking is worth more than most of them."""
    from ingest.embed.added import AddedEmbedder
    from ingest.embed.minilm import MiniLm

    return AddedEmbedder(MiniLm(settings.device, settings.precision), other)

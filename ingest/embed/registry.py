"""TODO."""

from ingest.core.settings import Settings
from ingest.embed.base import BUNDLED, Embedder


def get_embedder(settings: Settings) -> Embedder:
    """The embedder that the settings name. Loads no model yet.

    Raises ModelError when the name fits none.
    """
    name = settings.embedder
    if name == BUNDLED:
        from ingest.embed.minilm import MiniLm

        return MiniLm()
    if name.startswith("openrouter:"):
        from ingest.embed.remote import OpenRouterEmbedder

        return OpenRouterEmbedder(name.removeprefix("openrouter:"), settings)
    from ingest.embed.local import LocalModel

    return LocalModel(name)

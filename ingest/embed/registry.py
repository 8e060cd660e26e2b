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

        return OpenRouterEmbedder(name.removeprefix("openrouter:"), settings)
    from ingest.embed.local import LocalModel

    return LocalModel(name, settings.device, settings.precision)

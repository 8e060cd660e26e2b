"""OpenRouter, or any OpenAI-compatible server. The only file that knows the openai package."""

import contextlib
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from ingest.embed import CHUNK_TOKENS, Vectors, checked
from ingest.errors import ModelError
from ingest.progress import Count
from ingest.settings import Settings

if TYPE_CHECKING:
    from openai import OpenAI

_BATCH: Final = 64
"""Texts per embeddings request: no limit is documented; small enough for every provider's body limit."""


def connect(settings: Settings, *, retries: int = 2) -> "OpenAI":
    """A client that sends the key to the configured base URL and takes nothing else from the environment.

    Raises ModelError without a key.
    """
    if not settings.api_key:
        hint = "set OPENROUTER_API_KEY (keys: https://openrouter.ai/settings/keys), or use --no-llm"
        raise ModelError("there is no API key", hint)
    from openai import Omit, OpenAI, Timeout

    # The SDK would send these from OPENAI_ORG_ID and OPENAI_PROJECT_ID.
    headers: dict[str, Any] = {
        "OpenAI-Organization": Omit(),
        "OpenAI-Project": Omit(),
        "X-OpenRouter-Title": "askdocs",
    }
    return OpenAI(
        api_key=settings.api_key.reveal(),
        base_url=settings.base_url,
        timeout=Timeout(settings.timeout, connect=min(10.0, settings.timeout)),
        max_retries=retries,
        default_headers=headers,
    )


@contextlib.contextmanager
def translated(settings: Settings) -> Iterator[None]:
    """Turn whatever the SDK raises into a ModelError that names the fix and holds no key."""
    import openai

    try:
        yield
    except openai.APIStatusError as error:
        raise _status_error(error, settings) from None  # the cause holds the request, and so the key
    except openai.APITimeoutError:
        message = f"{settings.base_url} did not answer within {settings.timeout:g} s"
        raise ModelError(message, "try again, or raise --timeout", retryable=True) from None
    except openai.APIConnectionError:
        hint = "check the network and OPENROUTER_BASE_URL, or use --no-llm"
        raise ModelError(f"{settings.base_url} can't be reached", hint, retryable=True) from None
    except openai.APIError as error:
        message = f"the model failed: {_said(error.message, settings)}"
        raise ModelError(message, "try again, or try another --model") from None
    except (ValueError, openai.OpenAIError) as error:
        # The SDK lets decoding errors of a broken body out as they are.
        raise ModelError(f"the answer of {settings.base_url} is broken: {type(error).__name__}", "try again") from None


_HINTS: Final = {
    400: "check --model and the settings; `askdocs status` shows them",
    401: "the key is not valid: set OPENROUTER_API_KEY anew",
    402: "add credits at https://openrouter.ai/settings/credits, or use a :free model or --no-llm",
    403: "the key may not use this model, or the request was blocked: try another --model",
    404: "no such model, or no provider for it: try another --model",
    413: "fewer passages help: lower -k",
    429: "wait a little, or try another --model",
}


def _status_error(error: Any, settings: Settings) -> ModelError:  # noqa: ANN401 - the SDK is imported late
    status = int(error.status_code)
    body = error.body if isinstance(error.body, dict) else {}
    said = _said(str(body.get("message") or ""), settings) or f"HTTP {status}"
    return ModelError(
        f"{settings.base_url} answered {status}: {said}",
        _HINTS.get(status, "the service has trouble: try again later, or use --no-llm"),
        retryable=status in (408, 429) or status >= 500,
    )


def _said(text: str, settings: Settings) -> str:
    """A server's words in one line, without the key: some echo what they were sent."""
    return " ".join(text.replace(settings.api_key.reveal(), "…").split())[:200]


class OpenRouterEmbedder:
    """An embedding model behind `/embeddings`; its dimension is known after the first answer."""

    remote = True
    max_tokens = CHUNK_TOKENS

    def __init__(self, slug: str, settings: Settings) -> None:
        if "/" not in slug:
            raise ModelError(
                f"{slug!r} is no model of OpenRouter", "slugs look like openrouter:qwen/qwen3-embedding-8b"
            )
        self._slug = slug
        self._settings = settings
        self.name = f"openrouter:{slug}"
        self.fingerprint = f"{self.name}/float"
        self.dimension = 0

    def count(self, text: str) -> int:
        """Word pieces of MiniLM: the model's own tokenizer is not known, and theirs are rarely finer."""
        from ingest.minilm import MiniLm

        if not hasattr(self, "_counter"):
            self._counter = MiniLm()
        return self._counter.count(text)

    def embed(self, texts: Sequence[str], progress: Count) -> Vectors:
        """Embed passages in batches."""
        client = connect(self._settings)
        parts: list[Vectors] = []
        progress(0, len(texts))
        for start in range(0, len(texts), _BATCH):
            parts.append(self._request(client, list(texts[start : start + _BATCH]), "search_document"))
            progress(min(start + _BATCH, len(texts)), len(texts))
        return np.concatenate(parts) if parts else np.zeros((0, 0), dtype=np.float32)

    def embed_query(self, text: str) -> Vectors:
        """Embed a question."""
        client = connect(self._settings, retries=0)  # somebody waits: the SDK would sleep as long as a server says
        return np.asarray(self._request(client, [text], "search_query")[0])

    def _request(self, client: "OpenAI", texts: list[str], input_type: str) -> Vectors:
        with translated(self._settings):
            # Without encoding_format the SDK asks for base64, which some models answer with nothing.
            answer = client.embeddings.create(
                model=self._slug, input=texts, encoding_format="float", extra_body={"input_type": input_type}
            )
            rows = [item.embedding for item in sorted(answer.data, key=lambda item: item.index or 0)]
        lengths = {len(row) for row in rows}
        if len(lengths) != 1 or len(rows) != len(texts):
            raise ModelError(f"{self._slug} gave {len(rows)} vectors for {len(texts)} texts", "try another --embedder")
        self.dimension = lengths.pop()
        return checked(np.asarray(rows, dtype=np.float32), len(texts), self._slug)

"""Documents and an embedder made for tests."""

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from ingest.core.records import Document
from ingest.core.settings import Settings, load_settings
from ingest.embed.base import Embedding, QueryEmbedding
from ingest.index.base import StoredPage


def quiet(*_: object) -> None:
    """Report no progress."""


def document(body: str, url: str = "https://h.org/docs/a", title: str = "Alpha", **other: object) -> Document:
    """A page with this content below its title."""
    return Document(url, title, "", f"# {title}\n\n{body}", **other)  # type: ignore[arg-type]  # fields of Document


def stored(**bodies: str) -> list[StoredPage]:
    """Pages by name, as the index takes them."""
    return [
        StoredPage(document(body, f"https://h.org/docs/{name}", name.title()), f"{name}.md")
        for name, body in bodies.items()
    ]


def settings_of(folder: Path) -> Settings:
    """Settings with docs and index below `folder`."""
    return load_settings({"docs": folder / "docs", "index": folder / "index"}, {}, folder)


class WordEmbedder:
    """Words are its tokens; a text's vector depends on nothing but the text. Remembers what it embedded."""

    name = "words"
    dimension = 8
    max_tokens = 60
    remote = False
    has_tokens = False
    batch_size = 64

    def __init__(self, fingerprint: str = "words/1") -> None:
        self.fingerprint = fingerprint
        self.embedded: list[str] = []

    def count(self, text: str) -> int:
        return len(text.split())

    def embed_stream(self, texts: Sequence[str]) -> Iterator[tuple[int, Embedding]]:
        for at, text in enumerate(texts):
            self.embedded.append(text)
            yield at, Embedding(self.embed_query(text).vector)

    def embed_query(self, text: str) -> QueryEmbedding:
        bytes_ = np.frombuffer(hashlib.sha256(text.encode()).digest(), dtype=np.int32).astype(np.float32)
        return QueryEmbedding(np.asarray(bytes_ / np.linalg.norm(bytes_), dtype=np.float32))

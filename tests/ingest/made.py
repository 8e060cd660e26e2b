"""Documents and an embedder made for tests."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ingest.core.records import Count, Document
from ingest.core.settings import Settings, load_settings
from ingest.embed.base import Vectors
from ingest.index.database import StoredPage


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

    def __init__(self, fingerprint: str = "words/1") -> None:
        self.fingerprint = fingerprint
        self.embedded: list[str] = []

    def count(self, text: str) -> int:
        return len(text.split())

    def embed(self, texts: Sequence[str], progress: Count) -> Vectors:
        self.embedded += texts
        progress(len(texts), len(texts))
        return np.stack([self.embed_query(text) for text in texts])

    def embed_query(self, text: str) -> Vectors:
        bytes_ = np.frombuffer(hashlib.sha256(text.encode()).digest(), dtype=np.int32).astype(np.float32)
        return np.asarray(bytes_ / np.linalg.norm(bytes_), dtype=np.float32)

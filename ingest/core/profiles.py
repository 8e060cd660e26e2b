"""Named choices of models: an embedder, a late-interaction model and a reranker each."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Profile:
    """Names as the options of the same names take them; "" for none."""

    embedder: str
    late: str = ""
    reranker: str = ""


@dataclass(frozen=True, slots=True)
class Download:
    """What is known of a hub's model before it is fetched: megabytes (fp32 weights) and licence, of its card."""

    megabytes: int
    licence: str


FAST: Final = "fast"

PROFILES: Final = {
    FAST: Profile("minilm"),
    "better": Profile("MongoDB/mdbr-leaf-ir", reranker="cross-encoder/ettin-reranker-17m-v1"),
    "best": Profile(
        "MongoDB/mdbr-leaf-ir",
        late="answerdotai/answerai-colbert-small-v1",
        reranker="cross-encoder/ettin-reranker-32m-v1",
    ),
}
"""`better` and `best` keep the bundled model: their embedder is a signal next to it."""

DOWNLOADS: Final = {
    "MongoDB/mdbr-leaf-ir": Download(91, "Apache-2.0"),
    "answerdotai/answerai-colbert-small-v1": Download(134, "Apache-2.0"),
    "cross-encoder/ettin-reranker-17m-v1": Download(68, "Apache-2.0"),
    "cross-encoder/ettin-reranker-32m-v1": Download(128, "Apache-2.0"),
}
"""The models of the profiles: number of parameters times four bytes."""

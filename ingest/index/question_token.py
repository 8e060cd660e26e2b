"""The mean token vector of questions, which late interaction subtracts: that of the bundled model is a data file.

To embed the questions takes a third of a second, more than all else that the update of a page needs.
"""

import hashlib
import json
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ingest.embed.added import AddedEmbedder
from ingest.embed.base import Embedder
from ingest.embed.token_vectors import WIDTH

Floats = NDArray[np.float32]

SHIPPED: Final = Path(__file__).with_name("question_token.json")
"""Written by `make starter-index`; used for just the embedder and the questions that it was made with."""

_QUESTIONS: Final = (
    "How do I install the package?",
    "What is the default value?",
    "Which port does the server use?",
    "Where are log files stored?",
    "Can I run several workers at once?",
    "Why does my build fail with a timeout?",
    "How can I rename a branch?",
    "What happens when the disk is full?",
    "Is it possible to export a table as CSV?",
    "Who can see my private files?",
    "When does a session expire?",
    "How do I change the color of a button?",
    "What does the flag --verbose do?",
    "How many rows can a table have?",
    "Does the client retry failed uploads?",
    "What is the difference between a list and a tuple?",
    "error: permission denied while opening file",
    "connect to a database from Python",
    "How to write a unit test",
    "Which license applies to the images?",
    "How much memory does the cache need?",
    "I lost my password. How do I get back in?",
    "Should I use threads or processes?",
    "What are the steps to publish a release?",
    "list of supported operating systems",
    "How can I undo the last commit and keep the changes?",
    "Why is the page blank after the update?",
    "Are there limits on the size of a message?",
    "How do I schedule a job for every night?",
    "What is the maximum length of a name?",
)
"""Questions to docs of any product, so that what they share is that they are questions."""


def mean_question_token(embedder: Embedder) -> Floats:
    """The mean token vector of questions: float32[WIDTH], 0 for an embedder without them. Raises ModelError."""
    local = embedder.base if isinstance(embedder, AddedEmbedder) else embedder  # only its base has token vectors
    if not local.has_tokens:
        return np.zeros(WIDTH, dtype=np.float32)
    shipped = json.loads(SHIPPED.read_text(encoding="utf-8"))
    if shipped["inputs"] == _inputs(local):
        return np.array(shipped["mean"], dtype=np.float32)
    return measure_question_token(local)


def measure_question_token(local: Embedder) -> Floats:
    """The mean over the tokens of all questions: float32[WIDTH]. Raises ModelError."""
    return np.asarray(np.concatenate([local.embed_query(text).tokens for text in _QUESTIONS]).mean(axis=0))


def ship(local: Embedder) -> None:
    """Write the data file for this embedder. Raises ModelError, OSError."""
    mean = [float(value) for value in measure_question_token(local)]
    SHIPPED.write_text(json.dumps({"inputs": _inputs(local), "mean": mean}) + "\n", encoding="utf-8")


def _inputs(local: Embedder) -> str:
    """What the mean depends on, as a hash."""
    return hashlib.sha256("\n".join((local.fingerprint, *_QUESTIONS)).encode()).hexdigest()

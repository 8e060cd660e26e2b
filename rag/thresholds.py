"""Thresholds of abstaining: fitted ones that are kept with the index, or the documented default.

The index's note calibration.json is outside the generations, so that a reindex keeps it. It has an entry
per embedder, because another embedder gives other cosines, and the version of the confidence that
was fitted: thresholds of another confidence mean nothing.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

from ingest.core.database_url import IndexAddress
from ingest.index.folder.files import CALIBRATION
from ingest.index.stores import index_at

CONFIDENCE_VERSION: Final = 5
"""Raise it with every change to `rag.abstain.confidence`."""

_FORMAT: Final = 1


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Below confidence `answer`, the docs do not answer. Below `call`, there is no need to ask a model.

    0 <= call <= answer <= 1. `calibrated` is False for the default.
    """

    answer: float
    call: float
    calibrated: bool = True


DEFAULT: Final = Thresholds(answer=0.12, call=0.02, calibrated=False)
"""Without calibration: below 0.12 lie at most 6 % of the answerable questions of each site that the confidence was
fitted on, and .08 (personal finance) to .5 (docs of a web framework) of the unanswerable ones; below 0.02 three of 449
answerable ones."""


def calibration_key(fingerprint: str, *, lexical_only: bool) -> str:
    """What thresholds are stored under: the embedder, or BM25 where the question is not embedded."""
    return f"{fingerprint}/bm25" if lexical_only else fingerprint


def load_thresholds(index: IndexAddress, fingerprint: str, default: Thresholds = DEFAULT) -> Thresholds:
    """The thresholds that were fitted for this embedder and this confidence, else `default`.

    A file that is missing, damaged or of another version is ignored: askdocs then works as
    before calibration, and `status` reports it.
    """
    entry = _entries(index).get(fingerprint)
    try:
        if entry is None or entry["confidence"] != CONFIDENCE_VERSION:
            return default
        found = Thresholds(float(entry["answer"]), float(entry["call"]))
    except (TypeError, ValueError, KeyError):
        return default
    return found if 0.0 <= found.call <= found.answer <= 1.0 else default


def save_thresholds(index: IndexAddress, fingerprint: str, thresholds: Thresholds, figures: Mapping[str, Any]) -> str:
    """Store thresholds with the figures behind them, and return where; entries of other embedders are kept.

    They are replaced as a whole: a crash leaves the old ones. Raises OSError, CorpusError.
    """
    entry = {"confidence": CONFIDENCE_VERSION, **asdict(thresholds), "figures": dict(figures)}
    del entry["calibrated"]
    entries = {**_entries(index), fingerprint: entry}
    index_at(index).write_note(CALIBRATION, json.dumps({"format": _FORMAT, "entries": entries}, indent=1))
    return f"{index}/{CALIBRATION}"


def _entries(index: IndexAddress) -> dict[str, Any]:
    try:
        document = json.loads(index_at(index).read_note(CALIBRATION))
        entries = document["entries"] if document["format"] == _FORMAT else {}
    except (ValueError, KeyError, TypeError, RecursionError):
        return {}
    return entries if isinstance(entries, dict) else {}

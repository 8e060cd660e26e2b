"""`status`: what is indexed, how old it is, and where each setting comes from."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from cli.context import settings_from
from cli.render import SCHEMA
from cli.terminal import json_line, safe
from ingest.corpus import Corpus, read_corpus, read_sources
from ingest.errors import CorpusError, IndexMissing
from ingest.generations import Generation, current_generation
from ingest.settings import Settings
from ingest.store import Store
from rag.calibration import load_thresholds


def run_status(values: Mapping[str, object], *, json: bool, verbose: int) -> int:  # noqa: ARG001 - -vv is read elsewhere
    """Print the state. Returns the exit status; raises DocsError for an index that is damaged."""
    settings = settings_from(values)
    state = {"schema": SCHEMA, "docs": _docs(settings), "index": _index(settings), "settings": _settings(settings)}
    print(json_line(state) if json else safe(_text(state)))
    return 0


def _docs(settings: Settings) -> dict[str, Any]:
    try:
        corpus = read_corpus(settings.docs)
    except CorpusError:
        return {"path": str(settings.docs), "pages": 0, "sources": [], "problems": []}
    sources = list(read_sources(settings.docs)) or sorted({d.source for d in corpus.documents if d.source})
    problems = [f"{problem.url}: {problem.detail}" for problem in corpus.problems]
    return {"path": str(settings.docs), "pages": len(corpus.files), "sources": sources, "problems": problems}


def _index(settings: Settings) -> dict[str, Any] | None:
    try:
        generation = current_generation(settings.index)
    except IndexMissing:
        return None
    manifest = generation.manifest
    created = datetime.fromisoformat(manifest["created_at"])
    return {
        "path": str(settings.index),
        "generation": generation.name,
        "created_at": manifest["created_at"],
        "age_seconds": int((datetime.now(UTC) - created).total_seconds()),
        "docs_date": manifest["docs_date"],
        "pages": manifest["pages"],
        "chunks": manifest["chunks"],
        "embedder": manifest["embedder"],
        "thresholds": asdict(load_thresholds(settings.index, manifest["embedder"]["fingerprint"])),
        "bytes": sum(facts["bytes"] for facts in manifest["files"].values()),
        "behind": _pages_behind(settings, generation),
    }


def _pages_behind(settings: Settings, generation: Generation) -> int:
    """How many pages on disk differ from what is indexed."""
    try:
        corpus: Corpus = read_corpus(settings.docs)
    except CorpusError:
        return 0
    indexed = {page.document.url: page.document.sha256 for page in Store(generation).pages()}
    on_disk = {document.url: document.sha256 for document in corpus.documents}
    return sum(indexed.get(url) != on_disk.get(url) for url in {**indexed, **on_disk})


def _settings(settings: Settings) -> dict[str, dict[str, Any]]:
    """Effective values and their origins; of the key, only whether there is one."""
    shown: dict[str, dict[str, Any]] = {}
    for name, origin in settings.origins.items():
        value = getattr(settings, name)
        plain = value if isinstance(value, (str, int, float)) else str(value)
        shown[name] = {"value": bool(value) if name == "api_key" else plain, "origin": origin}
    return shown


def _text(state: Mapping[str, Any]) -> str:
    docs, index = state["docs"], state["index"]
    lines = [f"docs      {docs['pages']} pages in {docs['path']}"]
    lines += [f"source    {source}" for source in docs["sources"]]
    lines += [f"problem   {problem}" for problem in docs["problems"]]
    if index is None:
        lines.append("index     none yet; the first `ask` or `askdocs reindex --no-crawl` builds it")
    else:
        lines += [
            f"index     {index['chunks']} chunks of {index['pages']} pages in {index['path']}",
            f"          {index['generation']}, {_age(index['age_seconds'])} old, {index['bytes'] / 1e6:.1f} MB",
            f"embedder  {index['embedder']['name']} ({index['embedder']['dimension']} dimensions)",
        ]
        lines.append(_thresholds(index["thresholds"]))
        if index["behind"]:
            lines.append(f"behind    {index['behind']} pages on disk differ; run: askdocs reindex --no-crawl")
    lines.append("settings")
    for name, entry in state["settings"].items():
        value = ("set" if entry["value"] else "not set") if name == "api_key" else entry["value"]
        lines.append(f"  {name:<11} {value}  ({entry['origin']})")
    return "\n".join(lines)


def _thresholds(thresholds: Mapping[str, Any]) -> str:
    """When a question is refused, and whether that was measured or is the default."""
    said = f"refuses   below {thresholds['answer']:.2f}; asks no model below {thresholds['call']:.2f}"
    how = (
        "calibrated"
        if thresholds["calibrated"]
        else "default; not calibrated for this embedder: askdocs eval --calibrate"
    )
    return f"{said}  ({how})"


def _age(seconds: int) -> str:
    for size, name in ((86_400, "days"), (3_600, "hours"), (60, "minutes")):
        if seconds >= 2 * size:
            return f"{seconds // size} {name}"
    return f"{seconds} s"

"""`status`: show the indexed pages, their age, and the origin of each setting."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from cli.context import for_same_docs, settings_from
from cli.terminal import format_count, json_line, print_text
from ingest.core.errors import CorpusError, IndexMissing
from ingest.core.settings import Settings
from ingest.docs.folder import Corpus, read_corpus, read_sources
from ingest.index.build import pages_behind
from ingest.index.freshness import checked_at, docs_date
from ingest.index.stores import index_at
from rag.serialize import SCHEMA
from rag.thresholds import load_thresholds


def run_status(values: Mapping[str, object], *, json: bool) -> int:
    """Print the state. Returns the exit status; raises DocsError for an index that is damaged."""
    settings = settings_from(values)
    try:
        corpus: Corpus | None = read_corpus(settings.docs)
    except CorpusError:
        corpus = None
    state = {
        "schema": SCHEMA,
        "docs": _docs(settings, corpus),
        "index": _index(settings, corpus),
        "settings": _settings(settings),
    }
    print(json_line(state)) if json else print_text(for_same_docs(_text(state), settings))
    return 0


def _docs(settings: Settings, corpus: Corpus | None) -> dict[str, Any]:
    if corpus is None:
        return {"path": str(settings.docs), "pages": 0, "sources": [], "problems": []}
    sources = list(read_sources(settings.docs)) or sorted({d.source for d in corpus.documents if d.source})
    problems = [f"{problem.url}: {problem.detail}" for problem in corpus.problems]
    return {"path": str(settings.docs), "pages": len(corpus.files), "sources": sources, "problems": problems}


def _index(settings: Settings, corpus: Corpus | None) -> dict[str, Any] | None:
    try:
        index = index_at(settings.index)
        reader = index.open()
    except IndexMissing:
        return None
    generation, manifest = reader.generation, reader.manifest
    created = datetime.fromisoformat(manifest["created_at"])
    previous = str(manifest.get("previous") or "")
    return {
        "path": str(settings.index),
        "generation": generation.name,
        "created_at": manifest["created_at"],
        "age_seconds": int((datetime.now(UTC) - created).total_seconds()),
        "checked_at": checked_at(settings.index, generation.name) or None,
        "docs_date": docs_date(settings.index, generation),
        "pages": manifest["pages"],
        "chunks": manifest["chunks"],
        "embedder": manifest["embedder"],
        "thresholds": asdict(load_thresholds(settings.index, manifest["embedder"]["fingerprint"])),
        "bytes": sum(facts["bytes"] for facts in manifest["files"].values()),
        "behind": pages_behind(corpus, reader) if corpus else 0,
        "sources": manifest["sources"],
        "previous": previous if previous in index.names() else None,
    }


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
    lines = [f"docs      {format_count(docs['pages'], 'page')} in {docs['path']}"]
    lines += [f"source    {source}" for source in docs["sources"]]
    lines += [f"problem   {problem}" for problem in docs["problems"]]
    if index is None:
        lines.append("index     none yet; the first `ask` or `askdocs reindex --no-crawl` builds it")
    else:
        lines += [
            (
                f"index     {format_count(index['chunks'], 'chunk')} of {format_count(index['pages'], 'page')}"
                f" in {index['path']}"
            ),
            f"          {index['generation']}, {_age(index['age_seconds'])} old, {index['bytes'] / 1e6:.1f} MB",
            f"          made from {', '.join(index['sources']) or 'pages without a source'}",
            *([f"          docs as of {index['docs_date'][:10]}"] if index["docs_date"] else []),
            f"embedder  {index['embedder']['name']} ({index['embedder']['dimension']} dimensions)",
        ]
        lines.append(_thresholds(index["thresholds"]))
        if index["behind"]:
            lines.append(
                f"behind    the index is not up to date with {format_count(index['behind'], 'page')};"
                " run: askdocs reindex --no-crawl"
            )
        if index["previous"]:
            lines.append(f"previous  {index['previous']}; return to it: askdocs reindex --rollback")
    lines.append("settings")
    for name, entry in state["settings"].items():
        value = ("set" if entry["value"] else "not set") if name == "api_key" else entry["value"]
        value = "none" if value == "" else value
        origin = "" if entry["origin"] == value else f"  ({entry['origin']})"
        lines.append(f"  {name:<11} {value}{origin}")
    return "\n".join(lines)


def _thresholds(thresholds: Mapping[str, Any]) -> str:
    """When a question is refused, and whether that was measured or is the default."""
    said = f"refuses   below {thresholds['answer']:.2f}; asks no model below {thresholds['call']:.2f}"
    how = (
        "calibrated"
        if thresholds["calibrated"]
        else "default, which refuses rarely; not calibrated for these docs: askdocs eval QUESTIONS --calibrate"
    )
    return f"{said}  ({how})"


def _age(seconds: int) -> str:
    for size, name in ((86_400, "days"), (3_600, "hours"), (60, "minutes")):
        if seconds >= 2 * size:
            return f"{seconds // size} {name}"
    return f"{seconds} s"

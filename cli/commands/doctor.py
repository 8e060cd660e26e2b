"""`doctor`: check each part, and print a fix for each failure."""

import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from cli.context import for_same_docs, settings_from
from cli.terminal import json_line, print_text
from cli.usage_errors import fit_hint
from ingest.core.database_url import DatabaseUrl
from ingest.core.errors import DocsError, IndexMissing, ModelError
from ingest.core.settings import Settings
from ingest.docs.folder import read_corpus, read_sources
from ingest.embed.registry import get_embedder
from ingest.index.stores import index_at
from ingest.openrouter.catalog import KeyLimits, key_limits, list_models
from rag.generate.chat import choose_model
from rag.open import can_ask_model
from rag.retrieve.search import check_embedder
from rag.serialize import SCHEMA

_ROOM = 500_000_000
"""Bytes that a reindex of a large site may need: pages, kept answers and a second generation."""


@dataclass(frozen=True, slots=True)
class Check:
    """One part: `state` is ok, note or failed; a failure names its fix."""

    name: str
    state: str
    detail: str
    fix: str = ""


def run_doctor(values: Mapping[str, object], *, json: bool) -> int:
    """Check all parts. Returns the exit status: 1 when one fails. Raises UsageError for wrong settings."""
    settings = settings_from(values)
    applicable = {
        name: check for name, check in _CHECKS.items() if name != "database" or settings.folder != settings.index
    }
    checks = [_guarded(name, check, settings) for name, check in applicable.items()]
    checks = [replace(check, fix=for_same_docs(check.fix, settings)) for check in checks]
    healthy = all(check.state != "failed" for check in checks)
    if json:
        found = [{"name": c.name, "state": c.state, "detail": c.detail, "fix": c.fix} for c in checks]
        print(json_line({"schema": SCHEMA, "healthy": healthy, "checks": found}))
    else:
        print_text("\n".join(line for check in checks for line in _lines(check)))
    return 0 if healthy else 1


def _lines(check: Check) -> Iterator[str]:
    yield f"{check.state:<7} {check.name:<9} {' '.join(check.detail.split())}"
    if check.fix:
        yield f"{'':<7} fix: {' '.join(check.fix.split())}"


def _guarded(name: str, check: Callable[[Settings], Check], settings: Settings) -> Check:
    try:
        return check(settings)
    except DocsError as error:
        return Check(name, "failed", error.message, fit_hint(error.hint, set()))
    except OSError as error:
        return Check(name, "failed", f"{error.filename or ''}: {error.strerror}", "check permissions and free space")


def _docs(settings: Settings) -> Check:
    if not settings.docs.is_dir():
        fix = f"run {_first_reindex(settings)}, or name another folder with --docs"
        return Check("docs", "failed", f"there is no folder {settings.docs}", fix)
    corpus = read_corpus(settings.docs)
    detail = f"{len(corpus.files)} pages in {settings.docs}"
    if corpus.problems:
        first = corpus.problems[0]
        fix = "run askdocs reindex --full, or fix the file"
        return Check("docs", "failed", f"{detail}; {len(corpus.problems)} can't be read, such as {first.url}", fix)
    if not corpus.files:
        return Check("docs", "failed", detail, f"run {_first_reindex(settings)}")
    return Check("docs", "ok", detail)


def _first_reindex(settings: Settings) -> str:
    """The command that fills the docs folder. Only the default one is filled from the default site."""
    source = "" if settings.origins["docs"] == "default" or read_sources(settings.docs) else " --source URL"
    return f"askdocs reindex{source}"


def _database(settings: Settings) -> Check:
    from ingest.index.postgres.index import PostgresIndex

    assert isinstance(settings.index, DatabaseUrl)  # noqa: S101 - the check is left out for a folder
    return Check("database", "ok", PostgresIndex(settings.index).describe())


def _index(settings: Settings) -> Check:
    try:
        reader = index_at(settings.index).open()
    except IndexMissing:
        first = "" if isinstance(settings.index, DatabaseUrl) else "; the first ask does it as well"
        fix = f"run askdocs reindex --no-crawl{first}"
        return Check("index", "failed", f"there is no index at {settings.index}", fix)
    next(iter(reader.vocabulary), "")  # reads the words, which no other check does
    return Check("index", "ok", f"{reader.generation.name}: {reader.manifest['chunks']} chunks in {settings.index}")


def _embedder(settings: Settings) -> Check:
    embedder = get_embedder(settings)
    dimension = embedder.embed_query("Does the embedder work?").dimension
    try:
        store = index_at(settings.index).open()
    except IndexMissing:
        return Check("embedder", "ok", f"{embedder.name} gives {dimension} dimensions")
    check_embedder(store, embedder)
    built = int(store.manifest["embedder"]["dimension"])
    if built != dimension:
        fix = "rebuild it: askdocs reindex --no-crawl --full"
        return Check("embedder", "failed", f"{embedder.name} gives {dimension} dimensions, the index has {built}", fix)
    return Check("embedder", "ok", f"{embedder.name} gives {built} dimensions, as the index has")


def _key(settings: Settings) -> Check:
    if not can_ask_model(settings):
        return Check("key", "note", "not set, so pages are quoted", "set OPENROUTER_API_KEY for written answers")
    if not settings.api_key:
        return Check("key", "note", f"not set; {settings.base_url} is asked without one")
    try:
        limits = key_limits(settings)
    except ModelError as error:
        if "answered 404" in error.message:  # other OpenAI-compatible servers have no such address
            return Check("key", "note", f"{settings.base_url} does not report on keys")
        raise
    detail = f"valid at {settings.base_url}: {_money(limits)}"
    if limits.remaining is not None and limits.remaining <= 0:
        fix = "raise the key's limit at https://openrouter.ai/settings/keys, or use a :free model"
        return Check("key", "failed", detail, fix)
    return Check("key", "ok", detail)


def _money(limits: KeyLimits) -> str:
    parts = ["no limit" if limits.remaining is None else f"${limits.remaining:.2f} of ${limits.limit or 0:.2f} left"]
    if limits.reset:
        parts.append(f"resets {limits.reset}")
    if limits.usage is not None:
        parts.append(f"${limits.usage:.2f} spent")
    if limits.free_tier:
        parts.append("free tier: 50 requests a day to :free models")
    if limits.expires:
        parts.append(f"expires {limits.expires}")
    return ", ".join(parts)


def _models(settings: Settings) -> Check:
    if not can_ask_model(settings):
        return Check("model", "note", "not asked, because there is no key")
    if not settings.api_key:
        settings = choose_model(settings)  # as `ask` does
    known = {model.id for model in list_models(settings)}
    # A variant such as :free or :nitro may be no entry of its own; an alias (~…) never is one.
    missing = [
        slug
        for slug in settings.models
        if slug not in known and slug.partition(":")[0] not in known and slug[:1] != "~"
    ]
    if missing:
        fix = "choose one of `askdocs models`, and set it by --model or ASKDOCS_MODEL"
        return Check("model", "failed", f"not on offer: {', '.join(missing)}", fix)
    return Check("model", "ok", ", ".join(settings.models))


def _disk(settings: Settings) -> Check:
    folder = next(path for path in (settings.folder, *settings.folder.absolute().parents) if Path(path).exists())
    free = shutil.disk_usage(folder).free
    detail = f"{free / 1e9:.1f} GB free at {folder}"
    if free < _ROOM:
        return Check("disk", "failed", detail, f"free some space: a reindex may need {_ROOM / 1e9:.1f} GB")
    return Check("disk", "ok", detail)


_CHECKS: Mapping[str, Callable[[Settings], Check]] = {
    "docs": _docs,
    "database": _database,
    "index": _index,
    "embedder": _embedder,
    "key": _key,
    "model": _models,
    "disk": _disk,
}

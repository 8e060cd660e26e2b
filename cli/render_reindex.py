"""What a reindex did -> a JSON document. Pure."""

from typing import Any

from cli.render import SCHEMA
from ingest.changes import Change
from ingest.generations import Generation
from ingest.index import ChunkCounts
from ingest.run import ReindexReport
from ingest.urls import site_path

DEAD = ("http-404", "http-410")
"""Reasons of a link that leads nowhere: the site's fault, and no page that failed."""
STAGES = ("crawl", "clean", "embed", "index", "total")
"""Of a reindex; one that is not timed on its own took 0 s and counts in the stage that it is part of."""


def change_json(change: Change) -> dict[str, Any]:
    """A page that changed: `sections` names them, `details` says of each whether it was added, changed or removed."""
    return {
        "page": site_path(change.url),
        "what": change.what,
        "sections": [section.heading for section in change.sections],
        "details": [{"section": section.heading, "what": section.what} for section in change.sections],
    }


def rollback_json(generation: Generation) -> dict[str, Any]:
    """The document of `reindex --rollback --json`: that of a reindex which read no page and published this one."""
    manifest = generation.manifest
    total = int(manifest["chunks"])
    report = ReindexReport(sources=tuple(manifest["sources"]), chunks=ChunkCounts(total, 0, 0))
    return reindex_json(report) | {"generation": generation.name, "published": True}


def reindex_json(report: ReindexReport) -> dict[str, Any]:
    """The document of `reindex --json`."""
    index = report.index
    return {
        "schema": SCHEMA,
        "source": ", ".join(report.sources),
        "generation": index.generation.name if index else None,
        "published": bool(index and index.published),
        "pages": {
            "seen": report.seen,
            "added": report.count("added"),
            "changed": report.count("changed"),
            "unchanged": report.unchanged,
            "removed": report.count("removed"),
            "aliases": report.aliases,
            "skipped": report.crawl.skipped,
            "failed": sum(problem.reason not in DEAD for problem in report.problems),
        },
        "requests": {
            "total": report.crawl.requests,
            "not_modified": report.crawl.not_modified,
            "bytes": report.crawl.bytes,
        },
        "chunks": {
            "total": report.chunks.total,
            "embedded": report.chunks.embedded,
            "reused": report.chunks.total - report.chunks.embedded,
            "removed": report.chunks.removed,
        },
        "new_hosts": [{"host": host, "page": site_path(url)} for host, url in report.new_hosts.items()],
        "changes": [change_json(change) for change in report.changes],
        "problems": [
            {"url": p.url, "reason": p.reason, "detail": p.detail, "kept_old": p.kept_old} for p in report.problems
        ],
        "seconds": {name: round(report.seconds.get(name, 0.0), 3) for name in STAGES},
    }

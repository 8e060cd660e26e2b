"""A plan -> the docs folder: which pages it will hold, and the writing of them."""

from collections.abc import Sequence
from pathlib import Path
from urllib.parse import quote

from ingest.changes import Plan
from ingest.corpus import PageFile, write_document
from ingest.records import Document
from ingest.urls import file_name


def pages_after(plan: Plan, files: Sequence[PageFile]) -> list[Document]:
    """The pages that the docs folder holds once the plan is carried out."""
    gone = {file.document.url for file in plan.remove}
    kept = {file.document.url: file.document for file in files if file.document.url not in gone}
    return list((kept | {document.url: document for document in plan.write}).values())


def write_pages(folder: Path, plan: Plan, files: Sequence[PageFile]) -> None:
    """New pages first, removals last: a crash in between leaves a page too many, never one too few."""
    written: set[Path] = set()
    names = {file.document.url: file.path.relative_to(folder).as_posix() for file in files}
    for document in plan.write:
        written.add(write_document(folder, names.get(document.url) or _free_name(folder, document.url), document))
    for file in plan.remove:
        if file.path not in written:
            file.path.unlink(missing_ok=True)


def _free_name(folder: Path, url: str) -> str:
    """The file of a new page; one that has a path for an address is on no host. No file is written over."""
    name = file_name(url if "://" in url else f"http://local/{quote(url.lstrip('/'))}")
    while (folder / name).is_file():
        name = f"{name.removesuffix('.md')}--.md"
    return name

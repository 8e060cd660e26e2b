"""Documents <-> the folder of markdown pages: one readable file per page, with front matter."""

import hashlib
import json
import re
import stat
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote

from ingest.core.atomic import replace_file
from ingest.core.errors import CorpusError
from ingest.core.paths import folder_problem
from ingest.core.records import Document, Problem, url_key
from ingest.core.urls import _PLAIN, _RESERVED, MAX_NAME, identity


def file_name(url: str) -> str:
    """Return the file name of a page: `openrouter.ai__docs__guides__x.md` for `https://openrouter.ai/docs/guides/x`.

    Injective on `identity(url)` and safe on every platform. Host and path segments are joined by
    `__`. If that name can't be mapped back to the address (capitals, odd characters, a query, a long
    name, a name that Windows reserves), `--` and 12 hex digits of a SHA-256 are added; no plain
    name can contain them.
    """
    key = identity(url)
    host, _, path = key.partition("/")
    name, _, port = host.partition(":")
    segments = [name, *path.split("/")] if path else [name]
    readable = "__".join([f"{name}_{port}" if port else name, *segments[1:]])
    plain = all(_PLAIN.fullmatch(segment) for segment in segments) and "_" not in name
    if plain and len(readable) <= MAX_NAME and readable.split(".")[0] not in _RESERVED:
        return f"{readable}.md"
    slug = re.sub(r"[^a-z0-9._]+", "-", unquote(readable).lower()).strip("-._")[: MAX_NAME - 15].rstrip("-._")
    digest = hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()[:12]
    return f"{'_' if slug.split('.')[0] in _RESERVED else ''}{slug or 'page'}--{digest}.md"


STARTER: Final = "starter"
"""The `source` of the pages that ship with askdocs; the first crawl replaces them."""

MAX_PAGE_BYTES: Final = 10_000_000
_RECORD: Final = ".askdocs.json"
_TITLE = re.compile(r"^#[ \t]+(.+?)[ \t#]*$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class PageFile:
    """A page as stored on disk."""

    path: Path
    document: Document


@dataclass(frozen=True, slots=True)
class Corpus:
    """All pages of a docs folder, by file name, and the files that could not be read."""

    folder: Path
    files: tuple[PageFile, ...]
    problems: tuple[Problem, ...]

    @property
    def documents(self) -> list[Document]:
        """The pages, in the order of their file names."""
        return [file.document for file in self.files]


def read_corpus(folder: Path) -> Corpus:
    """Read every `*.md` below `folder`; a file that can't be used is a problem, not a failure.

    Raises CorpusError when the folder itself is missing or unreadable.
    """
    if problem := folder_problem(folder, "docs folder"):
        raise CorpusError(problem, "name one with --docs, or crawl one: askdocs reindex")
    files: list[PageFile] = []
    problems: list[Problem] = []
    seen: dict[str, Path] = {}
    for path in sorted(folder.rglob("*.md")):
        if any(part.startswith(".") for part in path.relative_to(folder).parts):
            continue
        name = path.relative_to(folder).as_posix().encode("utf-8", "replace").decode()
        try:
            document = read_document(path, folder)
        except CorpusError as error:
            problems.append(Problem(name, "unusable", error.message.rpartition(f"{path.name}: ")[2]))
            continue
        first = seen.setdefault(url_key(document.url), path)
        if first != path:
            problems.append(Problem(name, "twice", f"has the same url as {first.name}"))
            continue
        files.append(PageFile(path, document))
    return Corpus(folder, tuple(files), tuple(problems))


def read_document(path: Path, folder: Path) -> Document:
    """Read one page; without front matter, its address is its path below `folder`.

    Raises CorpusError for a file that is missing, empty, binary, too large or has broken front matter.
    """
    text = _text_of(path)
    meta, body = read_front_matter(text, str(path))
    if not body.strip():
        raise CorpusError(f"{path}: the page is empty", "delete the file, or write something into it")
    _refuse_hostile(path, folder, meta)
    found = _TITLE.search(body)
    place = "/" + path.relative_to(folder).with_suffix("").as_posix()
    strings = {key: str(value) for key, value in meta.items() if isinstance(value, (str, int, float))}
    return Document(
        url=strings.get("url") or place,
        title=strings.get("title") or (found.group(1) if found else path.stem),
        description=strings.get("description", ""),
        body=body,
        anchors=_strings(meta.get("anchors")),
        aliases=_strings(meta.get("aliases")),
        fetched_at=strings.get("fetched_at", ""),
        last_modified=strings.get("last_modified"),
        etag=strings.get("etag"),
        source=strings.get("source", ""),
    )


def _refuse_hostile(path: Path, folder: Path, meta: dict[str, Any]) -> None:
    """Raise CorpusError for a page that would break the index or mislead readers: cloned repositories may have some."""
    hint = "fix it, or take the file out of the docs folder"
    if folder.resolve() not in path.resolve().parents:
        raise CorpusError(f"{path}: the link leads out of the docs folder", hint)
    url = str(meta.get("url") or "/")
    if not re.match(r"https?://[^\s/]|/", url) or re.search(r"\s", url):
        raise CorpusError(f"{path}: the url is not a web address", hint)
    try:
        "".join(
            map(str, (path, *meta.values(), *_strings(meta.get("anchors")), *_strings(meta.get("aliases"))))
        ).encode()
    except UnicodeEncodeError as error:
        raise CorpusError(f"{path.name!a}: its name or front matter contains bytes that are not text", hint) from error


def _text_of(path: Path) -> str:
    try:
        facts = path.stat()
        if not stat.S_ISREG(facts.st_mode):  # reading a pipe would block forever
            raise CorpusError(f"{path}: not a file", "pages are files of markdown; take it out of the docs folder")
        if facts.st_size > MAX_PAGE_BYTES:
            raise CorpusError(f"{path}: {facts.st_size:,} bytes are too many for a page", "split it, or take it out")
        data = path.read_bytes()
    except OSError as error:
        raise CorpusError(f"{path}: {error.strerror}", "check that the file is readable") from error
    if b"\0" in data:
        raise CorpusError(f"{path}: the file is binary", "pages are UTF-8 markdown; take it out of the docs folder")
    try:
        return data.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        raise CorpusError(f"{path}: the file is not UTF-8", "save it as UTF-8") from error


def read_front_matter(text: str, name: str) -> tuple[dict[str, Any], str]:
    """Split a page into its front matter ({} where there is none) and its body.

    Raises CorpusError when the front matter is not a YAML mapping.
    """
    from ingest.text import front_matter

    block, body = front_matter.split(text)
    if block is None:
        return {}, body
    try:
        return front_matter.parse(block), body.lstrip("\n")
    except ValueError as error:
        hint = "fix the lines between the two --- at the top of the file"
        raise CorpusError(f"{name}: the front matter {error}", hint) from error


def _strings(value: object) -> tuple[str, ...]:
    return tuple(str(item or "") for item in value) if isinstance(value, list) else ()


def render_document(document: Document) -> str:
    """Render a page file: front matter, an empty line, the body."""
    from ingest.text import front_matter

    meta = {
        "url": document.url,
        "title": document.title,
        "description": document.description,
        "aliases": list(document.aliases),
        "fetched_at": document.fetched_at,
        "last_modified": document.last_modified,
        "etag": document.etag,
        "sha256": document.sha256,
        "source": document.source,
        "anchors": list(document.anchors) if any(document.anchors) else [],
    }
    kept = {key: value for key, value in meta.items() if value}
    return f"---\n{front_matter.render(kept)}---\n\n{document.body}"


def write_document(folder: Path, name: str, document: Document) -> Path:
    """Write a page as `folder/name`, whole or not at all; a symlink in its place is replaced, not followed."""
    path = folder / name
    write_file(path, render_document(document))
    return path


def write_file(path: Path, text: str) -> None:
    """Write a file whole or not at all, and the folders above it. Raises CorpusError."""
    try:
        replace_file(path, text, parents=True)
    except OSError as error:
        raise CorpusError(f"{path}: {error.strerror}", "check the folder's permissions and free space") from error


def read_sources(folder: Path, kind: str = "sources") -> tuple[str, ...]:
    """Return the sources that the pages of this folder were crawled from; () before the first crawl.

    With the kind `markdown`: the sources whose `.md` variants are read. With `leaving`: the sources
    whose pages an unfinished run was about to drop. Raises CorpusError for a damaged record: without
    it, another site would be crawled into this folder.
    """
    path = folder / _RECORD
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        known = record["schema"] == 1 and isinstance(record["sources"], list)
    except FileNotFoundError:
        return ()
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CorpusError(
            f"{path}: the record of sources is unreadable", "delete it and give --source again"
        ) from error
    if not known:
        raise CorpusError(f"{path}: the record of sources is of another version", "delete it and give --source again")
    return _strings(record.get(kind))


def write_sources(
    folder: Path, sources: Iterable[str], markdown: Iterable[str] = (), leaving: Iterable[str] = ()
) -> None:
    """Record the sources of this folder, those whose `.md` variants are read, and those whose pages are dropped."""
    kinds = {"markdown": sorted(markdown), "leaving": sorted(leaving)}
    record = {"schema": 1, "sources": list(sources)} | {name: found for name, found in kinds.items() if found}
    write_file(folder / _RECORD, json.dumps(record, indent=1) + "\n")

"""Find a page by what people call it: its path, its URL, an alias, the end of one of them, or the file it came from."""

from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from typing import Final

from ingest.core.errors import UsageError
from ingest.core.urls import names_of_file, page_names, site_path
from ingest.index.base import IndexReader

_SUGGESTED: Final = 3
_LONGEST: Final = 200
"""Characters up to which similar names are looked for, which takes time with each of them."""

_SUFFIXES: Final = ("md", "markdown", "mdx", "rst", "html", "htm")


def find_page(store: IndexReader, page: str) -> str:
    """The URL of the one page that is named so, or whose name ends so. Raises UsageError, with the nearest names."""
    wanted = page.partition("#")[0].strip("/").lower()
    names = page_names(store.page_addresses())
    without_suffix = list(_without_suffix(wanted))
    for name in (wanted, *without_suffix):
        if name in names:
            return names[name]
    ending: list[str] = []
    for name in filter(None, (wanted, *without_suffix[:1], *(file.replace("__", "/") for file in without_suffix[:1]))):
        ending = ending or sorted({url for one, url in names.items() if one.endswith(f"/{name}")})
    if len(ending) == 1:
        return ending[0]
    if ending:
        raise UsageError(f"{len(ending):,} pages of the index end with {page}", f"name one of {_paths(ending)}")
    near = _nearest(wanted, {site_path(url).strip("/").lower(): url for url in names.values()})
    hint = f"perhaps {_paths(near)}" if near else "name it by its path, such as /docs/faq, or by its URL"
    raise UsageError(f"the index has no page {page}", hint)


def _without_suffix(path: str) -> Iterator[str]:
    """What a page may be called that was read from the file at this path: `a/b` or `b` for `a/b.md`.

    Citations of local docs show files so. The files of crawled pages have `__` for each slash of the address.
    """
    name, dot, suffix = path.rpartition(".")
    if dot and suffix in _SUFFIXES:
        yield from names_of_file(name)


def _nearest(wanted: str, paths: dict[str, str]) -> list[str]:
    """The URLs of the pages whose paths are most like the wanted one."""
    if not wanted or len(wanted) > _LONGEST:
        return []
    if near := [paths[name] for name in get_close_matches(wanted, paths, _SUGGESTED, 0.5)]:
        return near
    last = wanted.rpartition("/")[2]
    if near := [url for name, url in paths.items() if last in name]:
        return near
    return [url for name, url in paths.items() if get_close_matches(last, [name.rpartition("/")[2]], 1, 0.6)]


def _paths(urls: Sequence[str]) -> str:
    return ", ".join(site_path(url) for url in urls[:_SUGGESTED]) + (", …" if len(urls) > _SUGGESTED else "")

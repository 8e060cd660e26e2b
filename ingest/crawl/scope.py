"""Decide which URLs belong to a source, by its host, its path and the user's patterns. No I/O."""

import re
from dataclasses import dataclass, replace
from functools import lru_cache
from urllib.parse import unquote, urlsplit

from ingest.core.defaults import DEFAULT_EXCLUDES, DEFAULT_SOURCE
from ingest.core.errors import UsageError
from ingest.core.urls import host_of, normalise, site_path


@dataclass(frozen=True, slots=True)
class Scope:
    """What belongs to a source: its host (with or without `www.`), its path and what is below.

    `prefix` is that path without a final slash; `more_prefixes` are others of the same host. `include`
    and `exclude` are patterns for paths: globs, where `*` stays within a segment, `**` does not, and a
    pattern that matches a path matches what is below it; or `re:` and a regular expression to search for.
    With `include`, only pages that match are admitted.
    """

    host: str
    prefix: str = ""
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    more_prefixes: tuple[str, ...] = ()

    @classmethod
    def of(cls, source: str, include: tuple[str, ...] = (), exclude: tuple[str, ...] = ()) -> "Scope":
        """Make the scope of a source URL. Raises UsageError for a bad URL or a bad pattern."""
        if normalise(source) is None:
            raise UsageError(f"{source!r} is not an http or https URL", f"give one such as {DEFAULT_SOURCE}")
        for text in (*include, *exclude):
            _pattern(text)
        path = site_path(source).partition("?")[0]
        if re.search(r"\.html?$", path):
            path = path.rpartition("/")[0]
        return cls(host_of(source), path.rstrip("/"), include, exclude)

    def contains(self, url: str) -> bool:
        """Return whether a URL is on the host and below the path of the source."""
        path = site_path(url).partition("?")[0] + "/"
        prefixes = (self.prefix, *self.more_prefixes)
        return host_of(url) == self.host and any(path.startswith(f"{prefix}/") for prefix in prefixes)

    def moved(self, start: str) -> "Scope":
        """Return the scope after the start page of the source redirected to `start`, elsewhere on its host.

        URLs below the new path belong to it, and those below the old path still do. Without a final slash,
        `start` is a page in a folder unless it is as high up as the source.
        """
        path = site_path(start).partition("?")[0]
        segments = path.strip("/").split("/")
        if not urlsplit(start).path.endswith("/"):
            segments = segments[: max(1, self.prefix.count("/"))]
        return replace(self, prefix="/" + "/".join(segments), more_prefixes=(self.prefix, *self.more_prefixes))

    def admits(self, url: str) -> bool:
        """Return whether a URL belongs to the source and the patterns admit it."""
        if not self.contains(url):
            return False
        path = unquote(site_path(url))
        if any(_pattern(text).search(path) for text in self.exclude):
            return False
        if self.include:
            return any(_pattern(text).search(path) for text in self.include)
        return not any(_pattern(text).search(path) for text in DEFAULT_EXCLUDES.get(self.host, ()))


@lru_cache(maxsize=256)
def _pattern(text: str) -> re.Pattern[str]:
    try:
        return re.compile(text[3:] if text.startswith("re:") else _glob(text))
    except re.error as exc:
        raise UsageError(f"the pattern {text!r} is not a regular expression: {exc}", "fix it, or use a glob") from exc


def _glob(text: str) -> str:
    path = re.sub(r"^https?://[^/]+", "", text).rstrip("/")
    start = "^" if path.startswith("/") else "(?:^|/)"
    kinds = {"**": ".*", "*": "[^/]*", "?": "[^/]"}
    tokens = re.findall(r"\*\*|.", path, re.DOTALL)
    return start + "".join(kinds.get(token) or re.escape(token) for token in tokens) + "(?:[/?].*)?$"

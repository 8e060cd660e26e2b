"""Every failure that a user can cause or fix.

::

    DocsError                      has .message, .hint, .code and .exit_status
      +-- UsageError               a wrong option, setting or question; exit status 2
      +-- FetchError(url)          a URL that could not be fetched; .retryable
      +-- CleanError(url)          a page that was dropped, and why
      +-- CorpusError              the docs folder or a page file can't be used
      +-- IndexMissing             there is no index yet
      +-- IndexDamaged             the index files differ from those that were written
      +-- IndexMismatch            the index was built by another embedder or version
      +-- IndexLocked              another process is reindexing
      +-- IndexUnreachable         the database that the index is in does not answer
      +-- CrawlFailed              the crawl got nothing usable, or too many pages would vanish
      +-- ModelError               an embedder or answering model failed; .retryable

Adapters translate foreign exceptions into these, `from` their cause; the command line turns
them into one `error:` line and one `hint:` line. Anything else is a bug.
"""


class DocsError(Exception):
    """A failure with a remedy: `message` says what happened, `hint` names the fix."""

    code = "failed"
    exit_status = 1

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class UsageError(DocsError):
    """The command line, a setting or the question is wrong."""

    code = "usage"
    exit_status = 2


class FetchError(DocsError):
    """A URL could not be fetched; `reason` is one stable word such as `timeout` or `http-404`."""

    code = "fetch"

    def __init__(self, url: str, reason: str, detail: str = "", *, retryable: bool = False) -> None:
        super().__init__(f"{url}: {reason}{f' ({detail})' if detail else ''}")
        self.url = url
        self.reason = reason
        self.detail = detail
        self.retryable = retryable


class CleanError(DocsError):
    """A page has no usable content; `reason` is one stable word such as `empty` or `not-text`.

    With the reason `redirect`, `target` is the absolute address that the page leads to; `links` are the
    absolute addresses that a page shows, though it has no content.
    """

    code = "clean"

    def __init__(
        self, url: str, reason: str, detail: str = "", *, target: str = "", links: tuple[str, ...] = ()
    ) -> None:
        super().__init__(f"{url}: {reason}{f' ({detail})' if detail else ''}")
        self.url = url
        self.reason = reason
        self.detail = detail
        self.target = target
        self.links = links


class CorpusError(DocsError):
    """The docs folder, or a file in it, can't be read or written."""

    code = "docs"


class IndexMissing(DocsError):
    """There is no index at the given path."""

    code = "no-index"


class IndexDamaged(DocsError):
    """Files of the index are missing, truncated or altered."""

    code = "index-damaged"


class IndexMismatch(DocsError):
    """The index was built with another embedder, dimension or format version."""

    code = "index-mismatch"


class IndexLocked(DocsError):
    """Another process holds the lock of the index."""

    code = "index-locked"


class IndexUnreachable(DocsError):
    """The database that contains the index does not answer, or refuses this user."""

    code = "index-unreachable"


class CrawlFailed(DocsError):
    """The crawl returned no pages that may replace the existing ones."""

    code = "crawl"


class ModelError(DocsError):
    """An embedder or an answering model could not be used.

    `retryable`: another attempt may succeed, after `wait` seconds if the server asked for a pause.
    `too_long`: the request was too long, so a shorter one may succeed.
    """

    code = "model"

    def __init__(
        self,
        message: str,
        hint: str = "",
        *,
        retryable: bool = False,
        wait: float | None = None,
        too_long: bool = False,
    ) -> None:
        super().__init__(message, hint)
        self.retryable = retryable
        self.wait = wait
        self.too_long = too_long

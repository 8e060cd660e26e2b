"""When to stop a crawl: the site is down, or its pages are empty without a browser. No I/O."""

from ingest.web.visit import Outcome

_DOWN = frozenset({"dns", "refused", "unreachable", "timeout", "reset", "http-429", "http-502", "http-503", "http-504"})
_MAX_DOWN = 20  # failures of that kind in a row after which the site counts as down
SOME_BLANK = 5  # pages without content at the start, after which the `.md` variants are worth a look
MANY_BLANK = 50  # the same, where they have been looked at in vain: the rest would be empty as well


class Patience:
    """Counts what goes wrong in a row. `max_blank` pages without content end a crawl that has no other (0: never)."""

    def __init__(self, max_blank: int) -> None:
        self._max_blank = max_blank
        self._failures = self._blank = 0

    def ended(self, outcome: Outcome) -> tuple[str, str] | None:
        """Take in one more outcome; give a reason and a detail once the rest would fare the same."""
        reason = outcome.problem.reason if outcome.problem else ""
        self._max_blank = self._max_blank if reason else 0
        self._blank += reason == "empty"
        self._failures = self._failures + 1 if reason in _DOWN else 0
        if self._failures >= _MAX_DOWN:
            return "site-down", f"{_MAX_DOWN} pages in a row failed, the last with {reason}"
        if 0 < self._max_blank <= self._blank:
            return "empty", f"the first {self._blank} pages have no content; they may need a browser to appear"
        return None

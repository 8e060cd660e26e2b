"""Two states of the docs -> the hosts that only the newer one names: who tampers with pages leads elsewhere. Pure."""

import re
from collections.abc import Iterable
from typing import Final

from ingest.corpus import STARTER
from ingest.records import Document

_HOST: Final = re.compile(r"https?://(?:[^\s/?#@]{0,200}@)?(\w[\w.-]*\.\w+)", re.IGNORECASE)


def new_hosts(before: Iterable[Document], after: Iterable[Document]) -> dict[str, str]:
    """Host -> the first page that is on it or names it in an address; those that no page before did.

    Empty where there was no page before, starter pages aside: then every host is new.
    """
    old = {document.url: document for document in before if document.source != STARTER}
    found: dict[str, str] = {}
    if not old:
        return found
    known = {host for document in old.values() for host in _hosts(document)}
    for document in after:
        if document.url not in old or document.sha256 != old[document.url].sha256:
            for host in _hosts(document) - known:
                found.setdefault(host, document.url)
    return dict(sorted(found.items()))


def _hosts(document: Document) -> set[str]:
    return {host.lower() for host in _HOST.findall(f"{document.url}\n{document.body}")}

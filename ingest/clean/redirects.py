"""Detect pages that only redirect: by `refresh`, a script, or a canonical address instead of an HTTP redirect.

Static hosts can't send a 301, so generators write such stubs: mike, Docusaurus, VitePress, Hugo's aliases,
Jekyll's redirect-from, Sphinx's reredirects, Antora.
"""

import re
from urllib.parse import urldefrag

from bs4.element import Tag

from ingest.clean.dom.tree import Index, attr, join_url
from ingest.clean.metadata import base_url, canonical_url
from ingest.core.urls import identity

# HTML standard, 4.12.1 `refresh`: seconds, a separator, then `url=` and the address, or the address alone.
_REFRESH = re.compile(
    r"\s*+(\d*+)[\d.]*+[\s;,]++(?:url\s*=\s*)?(?:'([^']*)'?|\"([^\"]*)\"?|(\S.*))", re.IGNORECASE | re.DOTALL
)
_MAX_DELAY = 30  # seconds; a page that redirects later is meant to be read
_SCRIPT = re.compile(
    r"\blocation(?:\.href)?\s*=\s*(['\"])([^'\"\s]+)\1|\blocation\.(?:replace|assign)\(\s*(['\"])([^'\"\s]+)\3"
)
_MAX_SCRIPT = (
    2_000  # characters of all scripts of a stub; an application has many more, and assigns addresses on clicks
)
_SAYS_SO = re.compile(r"\bredirect(?:ing|ed|s)?\b|\b(?:has|have|is|was) (?:been )?moved\b", re.IGNORECASE)
_FEW_WORDS = 30  # of a stub whose script or canonical address leads on: many pages have one of these


def redirect_target(index: Index, url: str, text: str) -> str:
    """Return the absolute address that a page without content of its own redirects to; "" if it does not redirect.

    `text` is the page's text, title included. Call it only for pages of few words: others may `refresh`
    themselves, and scripts have addresses for many reasons.
    """
    base = base_url(index, url)
    found = _refreshes(index)
    if len(text.split()) < _FEW_WORDS:
        found += _scripts(index)
        canonical = canonical_url(index, base)
        if canonical and identity(canonical) != identity(url) and _SAYS_SO.search(text):
            found.append(canonical)
    targets = (urldefrag(join_url(base, target)).url for target in found)
    return next((target for target in targets if target and target != urldefrag(url).url), "")


def _refreshes(index: Index) -> list[str]:
    tags = (tag for tag in index.names.get("meta", []) if attr(tag, "http-equiv").strip().lower() == "refresh")
    matches = (_REFRESH.match(attr(tag, "content")) for tag in tags)
    soon = (match.groups() for match in matches if match and int(match[1][:9] or 0) <= _MAX_DELAY)
    return [next(filter(None, address), "").strip() for _, *address in soon]


def _scripts(index: Index) -> list[str]:
    tags = [tag for tag in index.names.get("script", []) if isinstance(tag, Tag)]
    code = "\n".join(tag.get_text() for tag in tags)
    if any(attr(tag, "src") for tag in tags) or len(code) > _MAX_SCRIPT:
        return []
    return [found[2] or found[4] for found in _SCRIPT.finditer(code)]

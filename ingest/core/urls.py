"""URLs: the address to request, and the normal form by which two addresses count as one page. No I/O."""

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from urllib.parse import quote, urljoin, urlsplit

MAX_LENGTH = 2_000  # characters; browsers and proxies stop at about 2,083
MAX_NAME = 120  # characters of a file name before `.md`: leaves room under every platform's limits

_UNRESERVED = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")  # RFC 3986, 2.3
_IN_PATH = "/!$&'()*+,;=:@~%"
_IN_QUERY = _IN_PATH + "?"
_DELIMITERS = re.compile(r"%(2[146789ABC]|3[ABD]|40)")  # ! $ & ' ( ) * + , : ; = @
_HOST = re.compile(r"(?!.*\.\.)(?=.{1,253}$)[a-z0-9](?:[a-z0-9._-]*[a-z0-9])?|\[[0-9a-f:.]+\]")
_IDNA_DIFFERS = frozenset("ßς\u200c\u200d")  # IDNA 2003 and 2008 lead to different hosts
_VARIANT = re.compile(r"(?<=/)index\.(?:html?|mdx?)$|(?<=[^/.])(?:\.mdx?)+$")
_MARKDOWN = re.compile(r"(?<=[^/.])(?:\.mdx?)+$|(?<=/)index\.mdx?$")
_LISTING = re.compile(r"/(?:llms[^/]*|robots|sitemap[^/]*)\.(?:txt|xml|xml\.gz)$|/_llms/")
_TRACKING = re.compile(
    r"(?:utm_\w+|[gdfym]s?clk?id|gclsrc|fbclid|mc_[ce]id|_ga|_gl|_hs\w+|igshid|ref|ref_src)(?:=|$)", re.IGNORECASE
)
_PLAIN = re.compile(r"[a-z0-9]+(?:[._-][a-z0-9]+)*")
_RESERVED = frozenset({"con", "prn", "aux", "nul"} | {f"{port}{n}" for port in ("com", "lpt") for n in range(10)})


@lru_cache(maxsize=16_384)  # every page repeats the links of the navigation
def normalise(url: str, base: str = "") -> str | None:
    """Return the normal form of a page's address, or None if `url` is not a usable http(s) URL.

    Removes the fragment, tracking parameters, default port, trailing slash and the `.md` or `index.html`
    of a page's variants; normalizes case, dot segments and percent-encoding as in RFC 3986, 6.2.2.
    Rejects URLs with user names, because they only serve to deceive. Idempotent.
    """
    parts = _split(url, base)
    if parts is None:
        return None
    origin, path, query = parts[0], _plain_delimiters(parts[1]), _untracked(parts[2])
    while (shorter := _VARIANT.sub("", path).rstrip("/")) != path:
        path = shorter
    return f"{origin}{path or '/'}{query}"


def absolute(url: str, base: str = "") -> str | None:
    """Return the address to request: absolute, encoded, without fragment; None if it is unusable."""
    parts = _split(url, base)
    return None if parts is None else "".join(parts)


def without_markdown_suffix(url: str) -> str:
    """Return the address of the page whose `.md` variant is at `url`."""
    origin, path, query = _split(url, "") or ("", url, "")
    return f"{origin}{_MARKDOWN.sub('', path)}{query}"


def other_slash(url: str) -> str:
    """Return the address with its final slash added or removed; "" for a root, a file or a query."""
    origin, path, query = _split(url, "") or ("", "", "")
    last = path.rpartition("/")[2]
    if query or not path.strip("/") or "." in last:
        return ""
    return f"{origin}{path.rstrip('/')}" if path.endswith("/") else f"{origin}{path}/"


def spellings(url: str, base: str = "") -> tuple[str, ...]:
    """Return the addresses to request for a page, best first.

    These are: as it was found, in normal form, then exactly as found. For the address of a `.md` variant, the
    page's own addresses come first, with and without a final slash, because sites differ: some require the
    slash, some redirect it, some answer 404.
    """
    parts, normal = _split(url, base), normalise(url, base)
    if parts is None or normal is None:
        return ()
    origin, path, query = parts[0], parts[1], _untracked(parts[2])
    found = f"{origin}{path}{query}"
    page = f"{origin}{_MARKDOWN.sub('', path)}{query}"
    other = other_slash(page) if page != found else ""
    return tuple(dict.fromkeys(filter(None, (page, normal, other, found))))


@lru_cache(maxsize=16_384)
def identity(url: str) -> str:
    """Return the identity of a page's address: the normal form without scheme and `www.`.

    A page that was read from disk and names no URL is identified by its path.
    """
    normal = normalise(url) or url
    return normal.partition("://")[2].removeprefix("www.") if "://" in normal else normal


def host_of(url: str) -> str:
    """Return host and port of a URL, without `www.`; two addresses with the same value are one site."""
    return identity(url).partition("/")[0]


def page_names(addresses: Iterable[tuple[str, Sequence[str]]]) -> dict[str, str]:
    """The names of pages, from (address, aliases) of each: a name -> the page's address.

    Names are addresses, aliases and site paths, in lower case and without slashes at their ends.
    """
    return {
        name.strip("/").lower(): address
        for address, aliases in addresses
        for url in (*aliases, address)
        for name in (url, site_path(url))
    }


def names_of_file(name: str) -> Iterator[str]:
    """What a page may be called that was read from the file `name`, without its suffix: `src/docs/a`, `docs/a`, `a`.

    Citations of local docs show files with the folders above them.
    """
    parts = name.split("/")
    return ("/".join(parts[at:]) for at in range(len(parts)))


def site_path(url: str) -> str:
    """Return path and query of a URL in normal form, such as `/docs/faq`."""
    return "/" + identity(url).partition("/")[2]


def is_listing(url: str) -> bool:
    """Return whether a URL names a file for machines, such as `llms.txt`, instead of a page."""
    return bool(_LISTING.search(urlsplit(url).path))


def _split(url: str, base: str) -> tuple[str, str, str] | None:
    """Return origin, path and query (with its `?`), each absolute and encoded; dot segments are resolved."""
    text = re.sub(r"[\t\r\n]", "", url.strip())  # as browsers do (WHATWG URL, 4.4), backslashes too
    head, mark, tail = re.split(r"([?#]|$)", text, maxsplit=1)
    try:
        parts = urlsplit(urljoin(base, head.replace("\\", "/") + mark + tail))
        port = parts.port
    except ValueError:
        return None
    host = _host(parts.hostname or "")
    if parts.scheme not in {"http", "https"} or "@" in parts.netloc or not host or port == 0:
        return None
    standard = 443 if parts.scheme == "https" else 80
    origin = f"{parts.scheme}://{host}{f':{port}' if port and port != standard else ''}"
    path = _resolve(_encode(parts.path, _IN_PATH))
    query = f"?{_encode(parts.query, _IN_QUERY)}" if parts.query else ""
    return (origin, path, query) if len(origin) + len(path) + len(query) <= MAX_LENGTH else None


def _untracked(query: str) -> str:
    kept = "&".join(part for part in query[1:].split("&") if part and not _TRACKING.match(part))
    return f"?{kept}" if kept else ""


def _plain_delimiters(path: str) -> str:
    """Decode `%26` and similar: in a path they mean the same as `&`, and sites use both spellings."""
    return _DELIMITERS.sub(lambda match: chr(int(match[1], 16)), path)


def _host(name: str) -> str:
    if ":" in name:
        name = f"[{name}]"
    elif not name.isascii():
        try:
            name = "" if _IDNA_DIFFERS & set(name) else name.encode("idna").decode("ascii").lower()
        except UnicodeError:
            return ""
    name = name.removesuffix(".")
    return name if _HOST.fullmatch(name) else ""


def _encode(text: str, safe: str) -> str:
    """Percent-encode the characters that need it, decode the others, upper-case the hex digits."""

    def canonical(match: re.Match[str]) -> str:
        char = chr(int(match[1], 16))
        return char if char in _UNRESERVED else match[0].upper()

    text = re.sub(r"%(?![0-9A-Fa-f]{2})", "%25", text)
    return quote(re.sub(r"%([0-9A-Fa-f]{2})", canonical, text), safe=safe, errors="replace")


def _resolve(path: str) -> str:
    """Resolve dot segments (RFC 3986, 5.2.4), also those that were percent-encoded."""
    segments = path.split("/")[1:]
    out: list[str] = []
    for segment in segments:
        if segment == "..":
            del out[-1:]
        elif segment != ".":
            out.append(segment)
    if segments and segments[-1] in {".", ".."}:
        out.append("")
    return "/" + "/".join(out)

"""Decode the bytes of a response to text, and detect the kind (HTML, markdown or neither) and the encoding."""

import re
from email.message import Message
from urllib.parse import urlsplit

from bs4.dammit import EncodingDetector, UnicodeDammit

_HTML = frozenset(("text/html", "application/xhtml+xml"))
_TEXT = frozenset(("text/markdown", "text/plain", "text/x-markdown", "text/mdx", "text/x-rst", "text/asciidoc"))
_UNSAID = frozenset(("", "application/octet-stream", "binary/octet-stream"))
_MARKDOWN_PATH = re.compile(r"\.(?:md|mdx|markdown)$", re.IGNORECASE)
_STARTS_AS_HTML = re.compile(
    rb"\A(?:\xef\xbb\xbf)?\s*(?:<!--.{0,2000}?-->\s*)?<(?:!doctype\s+html|html|head|body)\b", re.IGNORECASE | re.DOTALL
)
_HAS_MARKUP = re.compile(rb"<[a-zA-Z!/]|&[a-z]{2,8};|&#|\A(?:\xff\xfe|\xfe\xff)")
_LOOKS_AS_HTML = re.compile(rb"<(?:html|head|body|div|article|main|p)[\s>]", re.IGNORECASE)

# Browsers read these labels as a superset of the named encoding.
# https://encoding.spec.whatwg.org/#names-and-labels
_AS_BROWSERS = {
    **dict.fromkeys(
        "ascii us-ascii ansi_x3.4-1968 iso-8859-1 iso8859-1 iso88591 iso_8859-1 latin-1 latin1 l1 cp819".split(),
        "cp1252",
    ),
    **dict.fromkeys(("iso-8859-9", "iso8859-9", "latin5", "l5"), "cp1254"),
    **dict.fromkeys(("iso-8859-11", "tis-620"), "cp874"),
    **dict.fromkeys(("gb2312", "gbk", "x-gbk"), "gb18030"),
    **dict.fromkeys(("shift_jis", "shift-jis", "sjis", "x-sjis"), "cp932"),
    **dict.fromkeys(("euc-kr", "ks_c_5601-1987", "ksc5601"), "cp949"),
}

# No page uses C1 controls; after these letters they are UTF-8 that was read as Latin-1.
_C1 = re.compile("[\x80-\x9f]")
_READ_TWICE = re.compile(
    "[\u00c2-\u00df][\u0080-\u009f]|[\u00e0-\u00ef][\u0080-\u009f]|[\u00e0-\u00ef].[\u0080-\u009f]"
)
_RUN = re.compile("[\u00c2-\u00df][\u0080-\u00bf]|[\u00e0-\u00ef][\u0080-\u00bf]{2}|[\u00f0-\u00f4][\u0080-\u00bf]{3}")


def media_type(content_type: str) -> tuple[str, str]:
    """Split a Content-Type header into media type and charset, both in lower case, "" where missing."""
    message = Message()
    message["content-type"] = content_type.replace("\r", " ").replace("\n", " ")
    charset = message.get_param("charset") or ""
    kind = content_type.split(";", maxsplit=1)[0].strip().lower()
    return kind, charset.strip("'\" ").lower() if isinstance(charset, str) else ""


def kind_of(body: bytes, content_type: str, url: str) -> str:
    """Return `html`, `markdown` or `other`. The bytes decide where they disagree with header or path."""
    kind, _ = media_type(content_type)
    binary = b"\x00" in body[:2000] and not body.startswith((b"\xff\xfe", b"\xfe\xff"))
    if binary or body.startswith((b"%PDF-", b"\x89PNG", b"PK\x03\x04", b"GIF8", b"\xff\xd8\xff")):
        return "other"
    is_path = bool(_MARKDOWN_PATH.search(_path(url)))
    if _STARTS_AS_HTML.match(body) and (kind in _HTML or kind in _TEXT or kind in _UNSAID or is_path):
        return "html"
    unmarked = kind in _HTML and bool(body.strip()) and not _HAS_MARKUP.search(body[:20_000])
    if unmarked or kind in _TEXT or (is_path and (kind in _HTML or kind in _UNSAID)):
        return "markdown"
    if kind in _HTML or (kind in _UNSAID and _LOOKS_AS_HTML.search(body[:5000])):
        return "html"
    return "other"


def declared_kind(content_type: str) -> str:
    """Return the kind that the header declares: `html`, `markdown` or ""."""
    kind, _ = media_type(content_type)
    return "html" if kind in _HTML else "markdown" if kind in _TEXT else ""


def _path(url: str) -> str:
    try:
        return urlsplit(url).path
    except ValueError:
        return ""


def decode(body: bytes, content_type: str, *, html: bool) -> str:
    """Decode a body as UTF-8 if it is valid UTF-8, else as its header, byte order mark or meta element says.

    Text that is valid UTF-8 and not ASCII is hardly ever anything else, whatever the header claims.
    Escape bytes mark the Japanese and Chinese encodings that look like ASCII.
    """
    _, charset = media_type(content_type)
    if b"\x1b" not in body and not body.startswith((b"\xff\xfe", b"\xfe\xff")):
        try:
            return _repair(body.decode("utf-8-sig"))
        except UnicodeDecodeError:
            pass
    declared = EncodingDetector.find_declared_encoding(body, is_html=html) or ""
    named = [_AS_BROWSERS.get(name, name) for name in (charset, declared) if name and name not in ("utf-8", "utf8")]
    text = UnicodeDammit(body, known_definite_encodings=named, is_html=html).unicode_markup
    return text if text is not None else body.decode("utf-8", "replace")


def _repair(text: str) -> str:
    """Undo UTF-8 that was once read as Latin-1, recognised by C1 control characters in the text."""
    if not _C1.search(text) or not _READ_TWICE.search(text):  # the first is ten times as fast
        return text
    return _RUN.sub(lambda match: _once(match[0]), text)


def _once(run: str) -> str:
    try:
        return run.encode("latin-1").decode("utf-8")
    except UnicodeDecodeError:
        return run

"""Read the body of one HTTP response: check its media type, decompress it, enforce size limits.

Decompression is bounded, so that a small body that expands without end (a zip bomb) stops at the limit.
"""

import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from ingest.core.errors import FetchError

MEGABYTE = 1_000_000
PAGE_TYPES = frozenset({"text/html", "application/xhtml+xml", "text/markdown", "text/plain"})

_CODED = frozenset({"gzip", "x-gzip", "deflate"})
_MARKS = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")  # byte order marks: text, though it may contain NUL


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a request asks for: the Accept header, media types taken (none: any), decoded bytes at most."""

    accept: str = "*/*"
    types: frozenset[str] = frozenset()
    limit: int = 10 * MEGABYTE


PAGE = Wanted("text/html,application/xhtml+xml;q=0.9,text/markdown;q=0.8,text/plain;q=0.7", PAGE_TYPES)


def header_map(raw: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    """Return the headers by lower-case name; repeated headers are joined (RFC 9110, 5.3)."""
    headers: dict[str, str] = {}
    for name, value in raw:
        key, text = name.decode("latin-1").lower(), _text(value)
        headers[key] = f"{headers[key]}, {text}" if key in headers else text
    return headers


def _text(value: bytes) -> str:
    try:
        return value.decode("utf-8")  # some servers send raw UTF-8 in Location
    except UnicodeDecodeError:
        return value.decode("latin-1")


def media_type_of(content_type: str) -> str:
    """The media type of a Content-Type header in lower case; "" where it names none."""
    return content_type.partition(";")[0].strip().lower()


def read_body(url: str, headers: Mapping[str, str], chunks: Iterable[bytes], want: Wanted) -> bytes:
    """Read and decode a body.

    Raises FetchError with the reason `not-text`, `too-large`, `bad-encoding`, `truncated` or
    `empty`. Neither the bytes on the wire nor the decoded ones ever exceed the limit by more than
    one chunk.
    """
    kind = media_type_of(headers.get("content-type", ""))
    if want.types and kind and kind not in want.types:
        raise FetchError(url, "not-text", kind)
    length = headers.get("content-length", "")
    if length.isdigit() and int(length) > want.limit:
        raise FetchError(url, "too-large", f"{length} bytes")
    body = _decoded(url, headers, chunks, want.limit)
    if not body:
        raise FetchError(url, "empty", "the answer has no content")
    if want.types and b"\0" in body[:1024] and not body.startswith(_MARKS):
        raise FetchError(url, "not-text", f"binary data sent as {kind or 'no type'}")
    if want.types and _cut_off(headers, body):
        raise FetchError(url, "truncated", "the page ends before </html>", retryable=True)
    return body


def _decoded(url: str, headers: Mapping[str, str], chunks: Iterable[bytes], limit: int) -> bytes:
    coding = headers.get("content-encoding", "").strip().lower()
    if coding not in _CODED | {"", "identity"}:
        raise FetchError(url, "bad-encoding", f"content-encoding {coding}")
    inflater = Inflater() if coding in _CODED else None
    try:
        body = join(_inflated(chunks, inflater, limit), limit)
    except ValueError as exc:
        raise FetchError(url, "too-large", str(exc)) from exc
    except zlib.error as exc:
        raise FetchError(url, "bad-encoding", f"{coding}: {exc}") from exc
    if inflater and body and not inflater.finished:
        raise FetchError(url, "truncated", f"{coding} stream cut off", retryable=True)
    return body


class Inflater:
    """Decode the chunks of one gzip or deflate body, `STEP` bytes at a time.

    `finished` is true once the last member of the stream was complete.
    """

    def __init__(self) -> None:
        self._decoder = zlib.decompressobj(_ANY)
        self._members = 0
        self._given = False

    @property
    def finished(self) -> bool:
        """Return whether the data fed so far ends at the end of a stream."""
        return self._decoder.eof

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Decode `data`. Raises zlib.error if it is neither gzip nor deflate."""
        while data:
            if self._decoder.eof:
                if data[:2] != b"\x1f\x8b":  # padding after the last member
                    return
                self._decoder, self._members = zlib.decompressobj(_ANY), self._members + 1
            out = self._step(data)
            if out:
                yield out
            data = self._decoder.unconsumed_tail or self._decoder.unused_data

    def _step(self, data: bytes) -> bytes:
        try:
            out = self._decoder.decompress(data, STEP)
        except zlib.error:
            if self._given or self._members:
                raise
            self._decoder = zlib.decompressobj(_RAW)
            out = self._decoder.decompress(data, STEP)
        self._given = True
        return out


def _inflated(chunks: Iterable[bytes], inflater: Inflater | None, limit: int) -> Iterator[bytes]:
    wire = 0
    for chunk in chunks:
        wire += len(chunk)
        if wire > limit:
            raise ValueError(f"more than {limit} bytes on the wire")
        if inflater:
            yield from inflater.feed(chunk)
        else:
            yield chunk


def _cut_off(headers: Mapping[str, str], body: bytes) -> bool:
    """Return whether a body delimited only by the end of the connection looks incomplete."""
    if "content-length" in headers or "chunked" in headers.get("transfer-encoding", "").lower():
        return False
    return b"<html" in body[:2048].lower() and b"</html" not in body[-4096:].lower()


STEP = 256 * 1024  # bytes yielded at once, so that a zip bomb is never in memory as a whole

_ANY = zlib.MAX_WBITS | 32  # gzip or zlib, detected by the header
_RAW = -zlib.MAX_WBITS  # raw deflate, which some servers send as `deflate`


def inflate(data: bytes, limit: int) -> bytes:
    """Decode a whole gzip body. Raises ValueError where it is damaged, cut or above `limit` bytes."""
    inflater = Inflater()
    try:
        body = join(inflater.feed(data), limit)
    except zlib.error as exc:
        raise ValueError(f"damaged gzip: {exc}") from exc
    if not inflater.finished:
        raise ValueError("the gzip stream is cut off")
    return body


def join(parts: Iterable[bytes], limit: int) -> bytes:
    """Join byte strings. Raises ValueError as soon as there are more than `limit` bytes."""
    body = bytearray()
    for part in parts:
        body += part
        if len(body) > limit:
            raise ValueError(f"more than {limit} bytes")
    return bytes(body)

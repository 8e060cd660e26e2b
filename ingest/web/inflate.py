"""Bounded decompression: a small body that grows without end stops at a limit."""

import zlib
from collections.abc import Iterable, Iterator

STEP = 256 * 1024  # bytes handed on at once, so that a bomb never exists in memory

_ANY = zlib.MAX_WBITS | 32  # gzip or zlib, told by the header
_RAW = -zlib.MAX_WBITS  # what some servers send as `deflate`


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
        """Tell whether what was fed so far ends at the end of a stream."""
        return self._decoder.eof

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Decode `data`; raises zlib.error where it is neither gzip nor deflate."""
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

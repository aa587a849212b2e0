"""A day's bill: unpacked, and handed on only when its hash is the one that was signed."""

import hashlib
import hmac
import tempfile
import zlib
from collections.abc import Iterable, Iterator
from typing import IO, Final

import msgspec

from jusha.payments.rails.seam import RailUnsureError

PIECE: Final = 1 << 20
IN_MEMORY_BYTES: Final = 1 << 20
UNPACKED_BYTES_MAX: Final = 4 << 30
"""A day of ten million lines is below this."""


class Link(msgspec.Struct):
    """Where a bill lies, for half a minute, and the SHA-1 of its unpacked bytes."""

    hash_type: str
    hash_value: str
    download_url: str


def checked(packed: Iterable[bytes], *, sha1: str) -> Iterator[bytes]:
    """Yield a bill's unpacked bytes, after all of them were seen and their hash was right.

    SHA-1 is what WeChat Pay gives; it is enough here, because who would forge the file has to meet
    a hash that they did not choose. Raises RailUnsureError.
    """
    with tempfile.SpooledTemporaryFile(max_size=IN_MEMORY_BYTES) as kept:
        digest = hashlib.sha1(usedforsecurity=False)
        for part in _unpacked(packed):
            digest.update(part)
            kept.write(part)
        if not hmac.compare_digest(digest.hexdigest(), sha1.lower()):
            raise RailUnsureError("WRONG_HASH", "the bill is not the one that was announced")
        yield from _again(kept)


def _again(kept: IO[bytes]) -> Iterator[bytes]:
    kept.seek(0)
    while part := kept.read(PIECE):
        yield part


def _unpacked(packed: Iterable[bytes]) -> Iterator[bytes]:
    """Unpack gzip, piece by piece. Raises RailUnsureError for what is not whole, or too much."""
    reader = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
    length = 0
    try:
        for part in packed:
            rest = part
            while rest:
                out = reader.decompress(rest, PIECE)
                rest = reader.unconsumed_tail
                length += len(out)
                if length > UNPACKED_BYTES_MAX:
                    raise RailUnsureError("TOO_LARGE", "the bill unpacks to too much")
                yield out
        if not reader.eof or reader.unused_data:
            raise RailUnsureError("UNREADABLE", "the bill was cut short, or goes on")
    except zlib.error as error:
        raise RailUnsureError("UNREADABLE", "the bill is no gzip") from error

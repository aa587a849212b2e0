"""Files of ready HTTP requests, so that a load generator spends nothing on making them.

One frame a request: 2 bytes length of its id, 4 bytes length of the request (both big-endian),
the id in UTF-8, the request. A file is read through the page cache, never held in memory.
"""

import mmap
import struct
from collections.abc import Iterable, Iterator
from pathlib import Path

FRAME = struct.Struct(">HI")


def write_requests(path: Path, requests: Iterable[tuple[str, bytes]]) -> int:
    """Write (id, request bytes) pairs to a new file; returns how many."""
    count = 0
    with path.open("wb", buffering=1 << 20) as file:
        for request_id, request in requests:
            name = request_id.encode()
            file.write(FRAME.pack(len(name), len(request)))
            file.write(name)
            file.write(request)
            count += 1
    return count


def read_requests(path: Path) -> Iterator[tuple[str, bytes]]:
    """The pairs of such a file, in order; an empty file gives none."""
    if not path.stat().st_size:
        return
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as frames:
        at, end = 0, len(frames)
        while at < end:
            name_length, length = FRAME.unpack_from(frames, at)
            name_at = at + FRAME.size
            request_at = name_at + name_length
            at = request_at + length
            yield frames[name_at:request_at].decode(), frames[request_at:at]

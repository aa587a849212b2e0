"""Look into one file, in a process of its own that may use little memory and time.

Whoever hands a file in chooses what the decoders read, so these run where a bomb hurts nobody:
no Django, no database, no secrets, no new files. `uploads/keep.py` starts it:

    python -m jusha.uploads.examine KIND[,KIND…]   the file on stdin

It answers with one line, `ok KIND` or `no CODE`, and behind `ok` the bytes to keep.
"""

import resource
import sys
from typing import Final

from jusha.uploads import papers, pictures, sheets
from jusha.uploads.rules import PICTURES, UploadRefusedError, sniff

MEMORY_BYTES: Final = 1536 * 1024 * 1024
CPU_SECONDS: Final = 20


def examine(data: bytes, kinds: frozenset[str]) -> tuple[str, bytes]:
    """What a file is, and the bytes to keep of it. Raises UploadRefusedError."""
    kind = sniff(data)
    if not kind:
        raise UploadRefusedError("unknown-kind")
    if kind not in kinds:
        raise UploadRefusedError("other-kind" if kind != "csv" else "unknown-kind")
    if kind in PICTURES:
        return kind, pictures.redraw(data, kind)
    if kind == "pdf":
        papers.inspect(data)
    elif kind == "xlsx":
        sheets.inspect_xlsx(data)
    else:
        sheets.inspect_csv(data)
    return kind, data


def confine() -> None:
    """Give up what looking at a file does not need."""
    for what, most in (
        (resource.RLIMIT_AS, MEMORY_BYTES),
        (resource.RLIMIT_CPU, CPU_SECONDS),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(what, (most, most))


def main() -> None:
    """Answer for the file on stdin."""
    confine()
    out = sys.stdout.buffer
    try:
        kind, kept = examine(sys.stdin.buffer.read(), frozenset(sys.argv[1].split(",")))
        out.write(b"ok %s\n" % kind.encode() + kept)
    except UploadRefusedError as refusal:
        out.write(b"no %s\n" % refusal.code.encode())
    except MemoryError:
        out.write(b"no too-complex\n")


if __name__ == "__main__":
    main()

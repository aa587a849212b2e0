"""Rows as PostgreSQL's binary COPY format, and keys as binary arrays, built by numpy.

One structured array holds a batch's rows in wire form (big-endian, each field behind
its length), so five thousand rows cost a few array assignments. Every column has a
fixed width and is never null; see the tables' notes.
"""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from psycopg import Connection
from psycopg.adapt import Dumper
from psycopg.pq import Format

COPY_HEADER: Final = b"PGCOPY\n\xff\r\n\0" + bytes(8)
COPY_TRAILER: Final = b"\xff\xff"
EPOCH_US: Final = 946_684_800_000_000
"""PostgreSQL counts microseconds from 2000-01-01."""

WIDTHS: Final = {
    "int2": (">i2", 2),
    "int4": (">i4", 4),
    "int8": (">i8", 8),
    "bool": (">i1", 1),
    "time": (">i8", 8),
    "uuid": ("V16", 16),
    "hash": ("V32", 32),
}
OIDS: Final = {"int4": (23, 1007), "int8": (20, 1016), "uuid": (2950, 2951)}


def copy_bytes(kinds: Sequence[str], rows: Sequence[Sequence[Any]]) -> bytes:
    """Write rows for COPY ... FROM STDIN (FORMAT binary); `kinds` names each column's type.

    Kinds: int2, int4, int8, bool, time (Unix microseconds), uuid (16 bytes), hash (32 bytes).
    """
    fields: list[tuple[str, str]] = [("fields", ">i2")]
    for place, kind in enumerate(kinds):
        fields += [(f"l{place}", ">i4"), (f"v{place}", WIDTHS[kind][0])]
    wire = np.empty(len(rows), dtype=np.dtype(fields))
    wire["fields"] = len(kinds)
    for place, (kind, column) in enumerate(zip(kinds, zip(*rows, strict=True), strict=True)):
        wire[f"l{place}"] = WIDTHS[kind][1]
        wire[f"v{place}"] = _values(kind, column)
    return COPY_HEADER + wire.tobytes() + COPY_TRAILER


def _values(kind: str, column: Sequence[Any]) -> Any:
    if kind in {"uuid", "hash"}:
        return np.frombuffer(b"".join(column), dtype=WIDTHS[kind][0])
    values = np.array(column, dtype=np.int64)
    return values - EPOCH_US if kind == "time" else values


class Array:
    """A one-dimensional array parameter in binary form, for `unnest(%s)`."""

    __slots__ = ("data", "kind")

    def __init__(self, kind: str, values: Sequence[Any]) -> None:
        self.kind = kind
        wire = np.empty(len(values), dtype=np.dtype([("l", ">i4"), ("v", WIDTHS[kind][0])]))
        wire["l"] = WIDTHS[kind][1]
        if len(values):
            wire["v"] = _values(kind, values)
        head = np.array([1, 0, OIDS[kind][0], len(values), 1], dtype=">i4")
        self.data = head.tobytes() + wire.tobytes()


class Int4Array(Array):
    """int4[]."""


class Int8Array(Array):
    """int8[]."""


class UuidArray(Array):
    """uuid[], from 16-byte values."""


def int4s(values: Sequence[int]) -> Array:
    """Make an int4[] parameter."""
    return Int4Array("int4", values)


def int8s(values: Sequence[int]) -> Array:
    """Make an int8[] parameter."""
    return Int8Array("int8", values)


def uuids(values: Sequence[bytes]) -> Array:
    """Make a uuid[] parameter from 16-byte values."""
    return UuidArray("uuid", values)


class _ArrayDumper(Dumper):
    format = Format.BINARY

    def dump(self, obj: Array) -> bytes:
        return obj.data


class _Int4Dumper(_ArrayDumper):
    oid = OIDS["int4"][1]


class _Int8Dumper(_ArrayDumper):
    oid = OIDS["int8"][1]


class _UuidDumper(_ArrayDumper):
    oid = OIDS["uuid"][1]


def register(connection: Connection[Any]) -> None:
    """Teach a connection to send the array parameters."""
    connection.adapters.register_dumper(Int4Array, _Int4Dumper)
    connection.adapters.register_dumper(Int8Array, _Int8Dumper)
    connection.adapters.register_dumper(UuidArray, _UuidDumper)

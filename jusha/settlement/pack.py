"""Rows as PostgreSQL's binary COPY format, and keys as binary arrays, built by numpy.

Values are packed row by row, then spread into the wire's form (big-endian, each field
behind its length) column by column: a third of the cost of an array from each column's
Python integers. Every column has a fixed width and is never null; see the tables' notes.
"""

import struct
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, Final, NamedTuple

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
NATIVE: Final = {
    "int2": "h", "int4": "i", "int8": "q", "bool": "?", "time": "q", "uuid": "16s", "hash": "32s",
}  # fmt: skip
OIDS: Final = {"int4": (23, 1007), "int8": (20, 1016), "uuid": (2950, 2951)}


class RowForm(NamedTuple):
    """A table's rows in three forms: values packed one by one, the same as columns, on the wire."""

    pack: Callable[..., bytes]
    columns: np.dtype[Any]
    wire: np.ndarray[Any, Any]
    """One row on the wire with its lengths, its values still zero."""
    sized: list[tuple[int, int]]
    """(place, width) of the columns whose values are bytes: struct would cut or pad them."""


@cache
def row_form(kinds: Sequence[str]) -> RowForm:
    """Make the forms of a table whose columns are of these kinds."""
    fields: list[tuple[str, str]] = [("fields", ">i2")]
    for place, kind in enumerate(kinds):
        fields += [(f"l{place}", ">i4"), (f"v{place}", WIDTHS[kind][0])]
    wire = np.zeros(1, dtype=np.dtype(fields))
    wire["fields"] = len(kinds)
    for place, kind in enumerate(kinds):
        wire[f"l{place}"] = WIDTHS[kind][1]
    columns = [(f"v{n}", WIDTHS[kind][0].replace(">", "=")) for n, kind in enumerate(kinds)]
    return RowForm(
        struct.Struct("=" + "".join(NATIVE[kind] for kind in kinds)).pack,
        np.dtype(columns),
        wire,
        [(n, WIDTHS[kind][1]) for n, kind in enumerate(kinds) if kind in {"uuid", "hash"}],
    )


def copy_bytes(kinds: Sequence[str], rows: Sequence[Sequence[Any]]) -> bytes:
    """Write rows for COPY ... FROM STDIN (FORMAT binary); `kinds` names each column's type.

    Kinds: int2, int4, int8, bool, time (Unix microseconds), uuid (16 bytes), hash (32 bytes).
    Raises struct.error or ValueError for a value that its column cannot hold.
    """
    form = row_form(kinds)
    pack = form.pack
    for place, width in form.sized:
        if {len(row[place]) for row in rows} != {width}:
            raise ValueError(f"column {place} takes values of {width} bytes")
    values = np.frombuffer(b"".join([pack(*row) for row in rows]), dtype=form.columns)
    wire = np.repeat(form.wire, len(rows))
    for place, kind in enumerate(kinds):
        name = f"v{place}"
        wire[name] = values[name] - EPOCH_US if kind == "time" else values[name]
    return COPY_HEADER + wire.tobytes() + COPY_TRAILER


class Array:
    """A one-dimensional array parameter in binary form, for `unnest(%s)`."""

    __slots__ = ("data", "kind")

    def __init__(self, kind: str, values: Sequence[Any]) -> None:
        self.kind = kind
        wire = np.empty(len(values), dtype=np.dtype([("l", ">i4"), ("v", WIDTHS[kind][0])]))
        wire["l"] = WIDTHS[kind][1]
        if len(values):
            wire["v"] = (
                np.frombuffer(b"".join(values), dtype="V16")
                if kind == "uuid"
                else np.array(values, dtype=np.int64)
            )
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

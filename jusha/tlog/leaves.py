"""The bytes of log entries, format version 1 (docs/log.md has every field).

An entry is canonical JSON (RFC 8785) of ASCII keys, codes, integers and base64.
Gifts are written by one format string, because there are millions of them; every
other entry goes through the slow and obvious writer, which tests hold the fast one to.
"""

import base64
import hashlib
import json
from collections.abc import Iterable
from typing import Any, Final, NamedTuple

ENTRY_BYTES_MAX: Final = 65_535
"""The entry bundle's length prefix has sixteen bits (C2SP tlog-tiles)."""

VERSION: Final = 1


class LeafMatch(NamedTuple):
    """A match as a leaf shows it: what was given, from which pool, by which rule and bound."""

    amount: int
    by: str
    pool: str
    rule: str


def canonical(fields: dict[str, Any]) -> bytes:
    """Write an entry as canonical JSON. Raises ValueError if it is too long for the log."""
    entry = json.dumps(
        fields, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    ).encode()
    if len(entry) > ENTRY_BYTES_MAX:
        raise ValueError(f"entry {fields.get('n')} has {len(entry)} bytes")
    return entry


def base64_text(raw: bytes) -> str:
    """Write bytes as standard base64 with padding (RFC 4648 section 4)."""
    return base64.b64encode(raw).decode()


def gift_leaf(  # noqa: PLR0913 - a leaf has that many fields
    *,
    number: int,
    minute: str,
    asset: str,
    amount: int,
    channel: str,
    project: str,
    campaign: str,
    tag: bytes,
    commitment: bytes,
    matches: Iterable[LeafMatch],
) -> bytes:
    """Write the leaf of a gift. Codes are plain ASCII, so nothing needs escaping."""
    shown = ",".join(
        f'{{"amt":{m.amount},"by":"{m.by}","pool":"{m.pool}","r":"{m.rule}"}}' for m in matches
    )
    cm = f'"cm":"{base64_text(commitment)}",' if commitment else ""
    matched = f'"m":[{shown}],' if shown else ""
    rd = f'"rd":"{campaign}",' if campaign else ""
    tagged = f'"tag":"{base64_text(tag)}",' if tag else ""
    return (
        f'{{"amt":{amount},"ch":"{channel}",{cm}"cur":"{asset}","k":"don",{matched}"n":{number},'
        f'"prj":"{project}",{rd}"t":"{minute}",{tagged}"v":1}}'
    ).encode()


def bundle(entries: Iterable[bytes]) -> bytes:
    """Join entries, each behind its big-endian sixteen-bit length (C2SP tlog-tiles)."""
    return b"".join(len(entry).to_bytes(2, "big") + entry for entry in entries)


def chained(chain: bytes, entries: bytes) -> bytes:
    """Continue the settlement's own chain over one batch of bundled entries."""
    return hashlib.sha256(chain + entries).digest()


CHAIN_START: Final = bytes(32)

"""The bytes of log entries, format version 1 (docs/log.md has every field).

An entry is canonical JSON (RFC 8785) of ASCII keys, codes, integers and base64.
Gifts are written by one format string, because there are millions of them; every
other entry goes through the slow and obvious writer, which tests hold the fast one to.
"""

import hashlib
from collections.abc import Sequence
from typing import Any, Final

import msgspec

from jusha.merkle.commitment import canonical_json
from jusha.merkle.encoding import encode64
from jusha.merkle.errors import EntryTooLongError
from jusha.merkle.tiles import MAX_ENTRY_BYTES


class LeafMatch(msgspec.Struct, frozen=True, gc=False):
    """A match as a leaf shows it: what was given, from which pool, by which rule and bound.

    `claim` is what waits to be shared later, `for_` the number of the earlier gift that the
    match is for, -1 where it is for the leaf's own.
    """

    amount: int
    by: str
    pool: str
    rule: str
    claim: int = 0
    for_: int = -1

    @property
    def more(self) -> str:
        """The claim or the earlier gift as the leaf writes them; "" for most matches."""
        if self.claim:
            return f'"c":{self.claim},'
        return f'"for":{self.for_},' if self.for_ >= 0 else ""


def canonical(fields: dict[str, Any]) -> bytes:
    """Write an entry as canonical JSON. Raises EntryTooLongError, CanonicalJsonError."""
    entry = canonical_json(fields)
    if len(entry) > MAX_ENTRY_BYTES:
        raise EntryTooLongError(f"entry {fields.get('n')} has {len(entry)} bytes")
    return entry


def gift_leaf(
    number: int,
    minute: str,
    asset: str,
    amount: int,
    channel: str,
    project: str,
    campaign: str,
    tag: bytes,
    commitment: bytes,
    matches: Sequence[LeafMatch],
    coupon: str = "",
    invite: int = -1,
    place: int = -1,
) -> bytes:
    """Write the leaf of a gift. Codes are plain ASCII, so nothing needs escaping.

    `place` is the gift's place in its inbox row, shown where a rule draws.
    """
    shown = [
        f'{{"amt":{m.amount},"by":"{m.by}",{m.more}"pool":"{m.pool}","r":"{m.rule}"}}'
        for m in matches
    ]
    cm = f'"cm":"{encode64(commitment)}",' if commitment else ""
    cpn = f'"cpn":"{coupon}",' if coupon else ""
    at = f'"i":{place},' if place >= 0 else ""
    inv = f'"inv":{invite},' if invite >= 0 else ""
    matched = f'"m":[{",".join(shown)}],' if shown else ""
    rd = f'"rd":"{campaign}",' if campaign else ""
    tagged = f'"tag":"{encode64(tag)}",' if tag else ""
    return (
        f'{{"amt":{amount},"ch":"{channel}",{cm}{cpn}"cur":"{asset}",{at}{inv}"k":"don",{matched}'
        f'"n":{number},'
        f'"prj":"{project}",{rd}"t":"{minute}",{tagged}"v":1}}'
    ).encode()


def chained(chain: bytes, entries: bytes) -> bytes:
    """Continue the settlement's own chain over one batch of bundled entries."""
    return hashlib.sha256(chain + entries).digest()


CHAIN_START: Final = bytes(32)

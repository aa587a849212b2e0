"""The bytes of log entries, format version 1 (docs/log.md has every field).

An entry is canonical JSON (RFC 8785) of ASCII keys, codes, integers and base64.
Gifts are written by one format string, because there are millions of them; every
other entry goes through the slow and obvious writer, which tests hold the fast one to.
"""

import hashlib
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Final, NamedTuple

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


class LeafWords(NamedTuple):
    """What all leaves of one channel, asset, project and campaign have in common, ready to join."""

    channel: str
    asset: str
    project: str


@lru_cache(maxsize=1 << 14)
def leaf_words(channel: str, asset: str, project: str, campaign: str) -> LeafWords:
    """Prepare a route's part of its leaves. Codes are plain ASCII: nothing needs escaping."""
    rd = f'"rd":"{campaign}",' if campaign else ""
    return LeafWords(f'"ch":"{channel}",', f'"cur":"{asset}",', f'"prj":"{project}",{rd}')


def gift_leaf(
    words: LeafWords,
    number: int,
    minute: str,
    amount: int,
    tag: bytes,
    commitment: bytes,
    matches: Sequence[LeafMatch],
    coupon: str = "",
    invite: int = -1,
    place: int = -1,
) -> bytes:
    """Write the leaf of a gift.

    `place` is the gift's place in its inbox row, shown where a rule draws.
    """
    shown = ""
    if matches:
        parts = [
            f'{{"amt":{m.amount},"by":"{m.by}",{m.more}"pool":"{m.pool}","r":"{m.rule}"}}'
            for m in matches
        ]
        shown = f'"m":[{",".join(parts)}],'
    cm = f'"cm":"{encode64(commitment)}",' if commitment else ""
    cpn = f'"cpn":"{coupon}",' if coupon else ""
    at = f'"i":{place},' if place >= 0 else ""
    inv = f'"inv":{invite},' if invite >= 0 else ""
    tagged = f'"tag":"{encode64(tag)}",' if tag else ""
    return (
        f'{{"amt":{amount},{words.channel}{cm}{cpn}{words.asset}{at}{inv}"k":"don",{shown}'
        f'"n":{number},{words.project}"t":"{minute}",{tagged}"v":1}}'
    ).encode()


def chained(chain: bytes, entries: bytes) -> bytes:
    """Continue the settlement's own chain over one batch of bundled entries."""
    return hashlib.sha256(chain + entries).digest()


CHAIN_START: Final = bytes(32)

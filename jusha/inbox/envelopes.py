"""What an envelope holds, and its bytes.

Envelopes carry no raw payer id, name or message: the door turns a payer id into a
person key before anything is stored. All times are Unix seconds, all amounts are
integers in the asset's smallest unit. Codes match CODE, so they need no escaping
anywhere, the public log included.
"""

import hashlib
import re
from typing import Any, Final

import msgspec

CODE: Final = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,38}[A-Za-z0-9])?")
"""A code names a project, campaign, channel, pool or rule in messages and in the log."""

NO_PERSON: Final = bytes(16)
"""The person key of a deed whose payer is unknown."""


class Deed(msgspec.Struct, tag="d", array_like=True, frozen=True, gc=False):
    """One act reported by one channel."""

    channel: str
    key: bytes
    """16 bytes that name (channel, external id); see keys.deed_key."""
    body: bytes
    """SHA-256 of the raw message (of this deed's part of it, in a batch)."""
    asset: str
    amount: int
    order: int = 0
    project: str = ""
    campaign: str = ""
    payee: str = ""
    person: bytes = NO_PERSON
    paid_at: int = 0
    coupon: str = ""
    """A coupon's name, `<rule code>.<number>`; an order's comes first."""
    invite: int = 0
    """Number of the gift whose donor invited to this one; an order's comes first."""


class Order(msgspec.Struct, tag="o", array_like=True, frozen=True, gc=False):
    """What a donor agreed to before paying."""

    no: int
    project: str
    campaign: str
    asset: str
    amount: int
    person: bytes = NO_PERSON
    commitment: bytes = b""
    """SHA-256 that binds the private record; b"" where there is none."""
    coupon: str = ""
    invite: int = 0


class Instruction(msgspec.Struct, tag="i", array_like=True, frozen=True, gc=False):
    """What a person or job decided."""

    id: bytes
    """16 bytes chosen by who appends, by which the outcome is found."""
    kind: str
    by: str
    second: str = ""
    """The second person, where the instruction needs two."""
    body: dict[str, Any] = {}


Envelope = Deed | Order | Instruction

_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(list[Deed | Order | Instruction])


def encode(envelopes: list[Envelope]) -> bytes:
    """Write the payload of one inbox row."""
    return _encoder.encode(envelopes)


def decode(payload: bytes) -> list[Envelope]:
    """Read the payload of one inbox row. Raises msgspec.DecodeError if it is damaged."""
    return _decoder.decode(payload)


def digest(payloads: list[bytes]) -> bytes:
    """SHA-256 over a settlement batch's payloads in their order, each behind its length."""
    total = hashlib.sha256()
    for payload in payloads:
        total.update(len(payload).to_bytes(8, "big"))
        total.update(payload)
    return total.digest()

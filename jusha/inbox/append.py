"""Append envelopes to a lane: when it returns, they are durable.

Contract: rows of a lane become visible in the order of n without gaps, because the
lane's row stays locked from taking n to the commit; received_at never runs backwards
in a lane, nor behind what was durable in another lane before. Delivery is at least
once: an append whose answer was lost may be repeated, and settlement recognises it.
"""

import secrets
from pathlib import Path
from typing import Any, Final

import psycopg

from jusha.inbox.envelopes import Envelope, encode

ENVELOPES_MAX: Final = 5_000
"""Most envelopes in one row, so that one row is at most one settlement batch."""

APPEND_SQL: Final = (Path(__file__).parent / "sql" / "append.sql").read_text()


class LaneUnknownError(Exception):
    """The lane is not in inbox_lane; `jusha db migrate` makes the lanes."""


def append(
    connection: psycopg.Connection[Any], *, lane: str, envelopes: list[Envelope]
) -> tuple[int, int]:
    """Store the envelopes as one row of the lane and return its place (lane, n).

    The caller commits (an autocommit connection does so at once); the envelopes are
    durable when that commit has returned. Raises LaneUnknownError, and ValueError
    for an empty or oversized list.
    """
    if not 0 < len(envelopes) <= ENVELOPES_MAX:
        message = f"a row holds 1 to {ENVELOPES_MAX} envelopes, not {len(envelopes)}"
        raise ValueError(message)
    found = connection.execute(
        APPEND_SQL,
        {"lane": lane, "count": len(envelopes), "payload": encode(envelopes), "sealed": None},
    ).fetchone()
    if found is None:
        raise LaneUnknownError(lane)
    return found[0], found[1]


def new_id() -> bytes:
    """Make the 16 random bytes by which an instruction's outcome is found."""
    return secrets.token_bytes(16)

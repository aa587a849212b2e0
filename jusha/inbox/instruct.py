"""Append an instruction and wait for what became of it."""

import time
from typing import Any, Final, NamedTuple

from psycopg import Connection

from jusha.inbox.append import append, new_id
from jusha.inbox.envelopes import Instruction

WAIT_SECONDS: Final = 30.0
LOOK_EVERY_SECONDS: Final = 0.02


class Outcome(NamedTuple):
    """What settlement made of an instruction: "done" or a refusal's code, and its entry."""

    code: str
    number: int
    detail: dict[str, Any]


class NoOutcomeError(Exception):
    """Settlement has not answered in time; the instruction is in the inbox and will be obeyed."""


def instruct(
    connection: Connection[Any],
    kind: str,
    body: dict[str, Any],
    *,
    by: str,
    second: str = "",
    lane: str = "console",
) -> Outcome:
    """Append one instruction and wait for its outcome.

    `connection` is in autocommit. Raises NoOutcomeError after 30 seconds.
    Reads: settlement_outcome. Writes: the inbox.
    """
    identity = new_id()
    append(connection, lane=lane, envelopes=[Instruction(identity, kind, by, second, body)])
    deadline = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < deadline:
        row = connection.execute(
            "SELECT code, number, detail FROM settlement_outcome"
            " WHERE id = encode(%b, 'hex')::uuid",
            (identity,),
        ).fetchone()
        if row:
            return Outcome(*row)
        time.sleep(LOOK_EVERY_SECONDS)
    raise NoOutcomeError(kind)

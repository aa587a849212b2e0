"""One writer a shard: an advisory lock keeps a second one waiting, an epoch fences the first.

The lock is the session's, so it falls with the connection. The epoch is for a writer
that lost its lock without noticing (a stopped process, a cut network): whoever takes
over raises it, and the old one's next batch finds the newer epoch and stops.
"""

from typing import Any, Final

from psycopg import Connection

LOCK_KEY: Final = 0x6A7573686100
"""Advisory lock of shard 0: "jusha" and the shard."""


class AlreadySettlingError(Exception):
    """Another settlement process holds the shard."""


class FencedOffError(Exception):
    """Another settlement process has taken a newer epoch; this one must stop."""


def take_over(connection: Connection[Any], *, holder: str) -> int:
    """Take the shard's lock and a new epoch. Raises AlreadySettlingError if it is held."""
    with connection.transaction():
        row = connection.execute("SELECT pg_try_advisory_lock(%s)", (LOCK_KEY,)).fetchone()
        if not row or not row[0]:
            raise AlreadySettlingError(holder)
        epoch = connection.execute(
            "UPDATE settlement_writer SET epoch = epoch + 1, holder = %s, since = now()"
            " WHERE shard = 0 RETURNING epoch",
            (holder,),
        ).fetchone()
    assert epoch is not None
    return int(epoch[0])


def hold_epoch(connection: Connection[Any], epoch: int) -> None:
    """Hold the writer's row until the commit. Raises FencedOffError at a newer epoch in it."""
    row = connection.execute(
        "SELECT epoch FROM settlement_writer WHERE shard = 0 FOR SHARE"
    ).fetchone()
    if row is None or row[0] != epoch:
        raise FencedOffError(f"epoch {epoch} is over")

"""Group commit: everything that waits becomes durable together.

While one row commits, the next one gathers, so the rate grows with the load. A
message is answered when its row is durable; if the database does not answer, the
sender is told that it cannot be known, and repeats.
"""

import asyncio
import time
from typing import Any, Final, NamedTuple

import msgspec
import psycopg
import structlog

from jusha.door import metrics
from jusha.door.notices import Rails
from jusha.inbox.append import APPEND_SQL, ENVELOPES_MAX, LaneUnknownError
from jusha.inbox.envelopes import Envelope, encode
from jusha.payments.wake import WAKE_SQL
from jusha.people.vault import SealBrokenError, seal, unseal

WAITING_MAX: Final = 20_000
WAITING_BYTES_MAX: Final = 64 << 20
ROW_BYTES_MAX: Final = 8 << 20
COMMIT_SECONDS: Final = 10.0
RECONNECT_SECONDS: Final = 0.2

log = structlog.get_logger("door")


class DoorFullError(Exception):
    """Too much waits already."""


class NotStoredError(Exception):
    """The database did not confirm; the message may or may not be recorded."""


class Message(NamedTuple):
    """What waits for its commit, and for whom."""

    envelopes: list[Envelope]
    raw: bytes
    answer: asyncio.Future[None]


class Intake:
    """The door's lane: gathers, commits, answers. Writes: the inbox.

    `commit_seconds`: how long the database may take before the answer is NotStoredError.
    `secrets` is None until they have been read once: before, nobody can be told from a stranger.
    """

    def __init__(
        self,
        *,
        url: str,
        lane: str,
        raw_key: bytes,
        secret_key: bytes,
        commit_seconds: float = COMMIT_SECONDS,
    ) -> None:
        self._url, self._lane, self._raw_key, self._secret_key = url, lane, raw_key, secret_key
        self._commit_seconds = commit_seconds
        self._connection: psycopg.AsyncConnection[Any] | None = None
        self._waiting: list[Message] = []
        self._count = 0
        self._bytes = 0
        self._wake = asyncio.Event()
        self._wakes_payments = False
        self.secrets: dict[str, bytes] | None = None
        self.durable = 0

    @property
    def waiting(self) -> int:
        """How many envelopes wait for their commit."""
        return self._count

    def put(self, envelopes: list[Envelope], raw: bytes) -> asyncio.Future[None]:
        """Take envelopes in; the future is done when they are durable.

        Raises DoorFullError; the future raises NotStoredError.
        """
        if self._count + len(envelopes) > WAITING_MAX or self._bytes + len(raw) > WAITING_BYTES_MAX:
            raise DoorFullError
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(Message(envelopes, raw, future))
        self._count += len(envelopes)
        self._bytes += len(raw)
        self._wake.set()
        return future

    async def run(self) -> None:
        """Commit whatever waits, for ever."""
        while True:
            await self._wake.wait()
            taken = self._take()
            if not taken:
                self._wake.clear()
                continue
            began = time.perf_counter()
            try:
                async with asyncio.timeout(self._commit_seconds):
                    await self._commit(taken)
            except Exception as error:  # noqa: BLE001 - whatever it is, nobody may wait for ever
                log.error("append_failed", error=first_line(error), messages=len(taken))  # noqa: TRY400 - its detail may hold what was sent
                metrics.failed()
                self._answer(taken, stored=False)
                await self._disconnect()
                await asyncio.sleep(RECONNECT_SECONDS)
            else:
                metrics.committed(
                    sum(len(message.envelopes) for message in taken),
                    seconds=time.perf_counter() - began,
                )
                self._answer(taken, stored=True)

    def wake_payments(self) -> None:
        """Let the payments process look at its refunds, within the next look at the secrets."""
        self._wakes_payments = True

    async def watch_secrets(self, every_seconds: float, rails: Rails | None = None) -> None:
        """Keep the channels' secrets current, and what the rails need.

        Reads: jusha_channelsecret, jusha_merchant.
        """
        while True:
            try:
                async with await psycopg.AsyncConnection.connect(
                    self._url, autocommit=True
                ) as connection:
                    while True:
                        self.secrets = await self._read_secrets(connection)
                        if rails is not None:
                            rails.look()
                            rails.payees = await _read_payees(connection)
                        if self._wakes_payments:
                            self._wakes_payments = False
                            await connection.execute(WAKE_SQL)
                        await asyncio.sleep(every_seconds)
            except (psycopg.Error, OSError) as error:
                log.warning("secrets_unread", error=first_line(error))
                await asyncio.sleep(every_seconds)

    async def _read_secrets(self, connection: psycopg.AsyncConnection[Any]) -> dict[str, bytes]:
        cursor = await connection.execute(
            "SELECT code, sealed FROM jusha_channelsecret WHERE revoked_at IS NULL"
        )
        secrets: dict[str, bytes] = {}
        for code, sealed in await cursor.fetchall():
            try:
                secrets[code] = unseal(self._secret_key, bytes(sealed), code.encode())
            except SealBrokenError:  # this channel is shut out; the others must not be
                log.error("secret_unreadable", channel=code)  # noqa: TRY400 - the code says it all
        return secrets

    def _take(self) -> list[Message]:
        """Take from the front what fits into one row, at least a message."""
        taken = count = size = 0
        for message in self._waiting:
            count += len(message.envelopes)
            size += len(message.raw)
            if taken and (count > ENVELOPES_MAX or size > ROW_BYTES_MAX):
                break
            taken += 1
        batch, self._waiting = self._waiting[:taken], self._waiting[taken:]
        return batch

    async def _commit(self, taken: list[Message]) -> None:
        if self._connection is None:
            self._connection = await psycopg.AsyncConnection.connect(self._url, autocommit=True)
        envelopes = [envelope for message in taken for envelope in message.envelopes]
        raw = msgspec.msgpack.encode([message.raw for message in taken])
        cursor = await self._connection.execute(
            APPEND_SQL,
            {
                "lane": self._lane,
                "count": len(envelopes),
                "payload": encode(envelopes),
                "sealed": seal(self._raw_key, raw, b"inbox-raw"),
            },
        )
        if cursor.rowcount != 1:
            raise LaneUnknownError(self._lane)
        self.durable += len(envelopes)

    def _answer(self, taken: list[Message], *, stored: bool) -> None:
        for message in taken:
            self._count -= len(message.envelopes)
            self._bytes -= len(message.raw)
            if message.answer.done():  # the sender went away; what it sent stays
                continue
            if stored:
                message.answer.set_result(None)
            else:
                message.answer.set_exception(NotStoredError())

    async def _disconnect(self) -> None:
        if self._connection is not None:
            connection, self._connection = self._connection, None
            try:
                await connection.close()
            except psycopg.Error:
                log.info("close_failed")


async def _read_payees(connection: psycopg.AsyncConnection[Any]) -> dict[str, dict[str, str]]:
    """Charities by rail and merchant."""
    cursor = await connection.execute("SELECT rail, merchant, charity FROM jusha_merchantheld")
    found: dict[str, dict[str, str]] = {}
    for rail, merchant, charity in await cursor.fetchall():
        found.setdefault(rail, {})[merchant] = charity
    return found


def first_line(error: Exception) -> str:
    """What an error says of itself, without the detail that may hold a row's values."""
    return (str(error).splitlines() or [type(error).__name__])[0]

"""Group commit: everything that waits becomes durable together.

While one row commits, the next one gathers, so the rate grows with the load. A
message is answered when its row is durable; if the database does not answer, the
sender is told that it cannot be known, and repeats.
"""

import asyncio
from typing import Any, Final

import msgspec
import psycopg
import structlog

from jusha.inbox.append import APPEND_SQL, ENVELOPES_MAX
from jusha.inbox.envelopes import Envelope, encode
from jusha.people.vault import seal, unseal

WAITING_MAX: Final = 20_000
RECONNECT_SECONDS: Final = 0.2

log = structlog.get_logger("door")


class DoorFullError(Exception):
    """Too much waits already."""


class NotStoredError(Exception):
    """The database did not confirm; the message may or may not be recorded."""


class Intake:
    """The door's lane: gathers, commits, answers. Writes: the inbox."""

    def __init__(self, *, url: str, lane: str, raw_key: bytes, secret_key: bytes) -> None:
        self._url, self._lane, self._raw_key, self._secret_key = url, lane, raw_key, secret_key
        self._connection: psycopg.AsyncConnection[Any] | None = None
        self._waiting: list[tuple[list[Envelope], bytes, asyncio.Future[None]]] = []
        self._count = 0
        self._wake = asyncio.Event()
        self.secrets: dict[str, bytes] = {}
        self.durable = 0

    @property
    def waiting(self) -> int:
        """How many envelopes wait for their commit."""
        return self._count

    def put(self, envelopes: list[Envelope], raw: bytes) -> asyncio.Future[None]:
        """Take envelopes in; the future is done when they are durable.

        Raises DoorFullError; the future raises NotStoredError.
        """
        if self._count + len(envelopes) > WAITING_MAX:
            raise DoorFullError
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((envelopes, raw, future))
        self._count += len(envelopes)
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
            try:
                await self._commit(taken)
            except (psycopg.Error, OSError) as error:
                log.warning("append_failed", error=str(error), messages=len(taken))
                self._answer(taken, NotStoredError())
                await self._disconnect()
                await asyncio.sleep(RECONNECT_SECONDS)
            else:
                self._answer(taken, None)

    async def watch_secrets(self, every_seconds: float) -> None:
        """Keep the channels' secrets current. Reads: jusha_channelsecret."""
        while True:
            try:
                async with await psycopg.AsyncConnection.connect(
                    self._url, autocommit=True
                ) as connection:
                    while True:
                        self.secrets = await self._read_secrets(connection)
                        await asyncio.sleep(every_seconds)
            except (psycopg.Error, OSError) as error:
                log.warning("secrets_unread", error=str(error))
                await asyncio.sleep(every_seconds)

    async def _read_secrets(self, connection: psycopg.AsyncConnection[Any]) -> dict[str, bytes]:
        cursor = await connection.execute(
            "SELECT code, sealed FROM jusha_channelsecret WHERE revoked_at IS NULL"
        )
        return {
            code: unseal(self._secret_key, bytes(sealed), code.encode())
            for code, sealed in await cursor.fetchall()
        }

    def _take(self) -> list[tuple[list[Envelope], bytes, asyncio.Future[None]]]:
        taken, total = 0, 0
        for envelopes, _, _ in self._waiting:
            total += len(envelopes)
            if total > ENVELOPES_MAX:
                break
            taken += 1
        batch, self._waiting = self._waiting[:taken], self._waiting[taken:]
        return batch

    async def _commit(
        self, taken: list[tuple[list[Envelope], bytes, asyncio.Future[None]]]
    ) -> None:
        if self._connection is None:
            self._connection = await psycopg.AsyncConnection.connect(self._url, autocommit=True)
        envelopes = [envelope for group, _, _ in taken for envelope in group]
        raw = msgspec.msgpack.encode([raw for _, raw, _ in taken])
        await self._connection.execute(
            APPEND_SQL,
            {
                "lane": self._lane,
                "count": len(envelopes),
                "payload": encode(envelopes),
                "sealed": seal(self._raw_key, raw, b"inbox-raw"),
            },
        )
        self.durable += len(envelopes)

    def _answer(
        self,
        taken: list[tuple[list[Envelope], bytes, asyncio.Future[None]]],
        error: NotStoredError | None,
    ) -> None:
        for envelopes, _, future in taken:
            self._count -= len(envelopes)
            if future.done():  # the sender went away; what it sent stays
                continue
            if error is None:
                future.set_result(None)
            else:
                future.set_exception(error)

    async def _disconnect(self) -> None:
        if self._connection is not None:
            connection, self._connection = self._connection, None
            try:
                await connection.close()
            except psycopg.Error:
                log.info("close_failed")

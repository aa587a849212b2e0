"""The front door's RSGI application, a process of its own (Granian).

It authenticates over the raw bytes, refuses what needs no database, and answers when
the message is durable. It never passes through Django, whose ASGI path is measured an
order of magnitude slower (docs/design/0003-door.md).
"""

import asyncio
import time
from typing import Any, Final

import msgspec
import structlog
from django.conf import settings
from granian.rsgi import ProtocolClosed  # type: ignore[attr-defined] # its public name

from jusha.door import problems
from jusha.door.intake import DoorFullError, Intake, NotStoredError
from jusha.door.messages import BODY_MAX, Keys, UnreadableError
from jusha.door.problems import RefusedError, problem_body
from jusha.door.signature import is_authentic, is_fresh
from jusha.inbox.connect import conninfo
from jusha.people.vault import load

SECRETS_EVERY_SECONDS: Final = 1.0
READ_SECONDS: Final = 10.0
SMALL_BYTES: Final = 1 << 14
READING_BYTES_MAX: Final = 64 << 20
"""Past this much announced and unread, larger bodies wait outside; small ones always may come."""
HEALTH: Final = "/door/v1/health"
_JSON: Final = [("content-type", "application/json")]
_PROBLEM: Final = [("content-type", "application/problem+json")]
_LATER: Final = [*_PROBLEM, ("retry-after", "1")]

log = structlog.get_logger("door")


class Door:
    """One worker of the door, with its lane."""

    def __init__(self) -> None:
        self._tasks: list[asyncio.Task[None]] = []
        self._reading_bytes = 0
        self.keys = Keys(deed=load(settings.HOME, "dedupe"), person=load(settings.HOME, "person"))
        self.intake: Intake

    def __rsgi_init__(self, loop: asyncio.AbstractEventLoop) -> None:
        """Start committing and reading secrets when the server starts."""
        self.intake = Intake(
            url=conninfo(),
            lane="door",
            raw_key=load(settings.HOME, "inbox-raw"),
            secret_key=load(settings.HOME, "channels"),
        )
        self._tasks = [
            loop.create_task(self.intake.run()),
            loop.create_task(self.intake.watch_secrets(SECRETS_EVERY_SECONDS)),
        ]

    def __rsgi_del__(self, loop: asyncio.AbstractEventLoop) -> None:
        """Stop the tasks when the server stops; what is not durable was not answered."""
        for task in self._tasks:
            loop.call_soon_threadsafe(task.cancel)

    async def __rsgi__(self, scope: Any, protocol: Any) -> None:
        """Answer one request."""
        if scope.path == HEALTH:
            self._tell_health(protocol)
            return
        try:
            accepted = await self._accept(scope, protocol)
        except RefusedError as refused:
            problem = refused.problem
            headers = _LATER if problem.is_passing else _PROBLEM
            protocol.response_bytes(problem.status, headers, problem_body(problem, refused.detail))
        else:
            protocol.response_bytes(200, _JSON, b'{"accepted":%d}' % accepted)

    async def _accept(self, scope: Any, protocol: Any) -> int:
        """Take one message; how many envelopes it held. Raises RefusedError."""
        path, headers = scope.path, scope.headers
        length = self._announced_bytes(path, scope.method, headers)
        body = await self._read(protocol, length)
        channel = headers.get("jusha-channel") or ""
        timestamp = headers.get("jusha-timestamp") or ""
        secrets = self.intake.secrets
        if secrets is None:
            raise RefusedError(problems.STARTING)
        authentic = is_authentic(
            secrets.get(channel),
            headers.get("jusha-signature") or "",
            method="POST",
            path=path,
            channel=channel,
            timestamp=timestamp,
            body=body,
        )
        if not authentic:
            raise RefusedError(problems.UNAUTHENTIC)
        if not is_fresh(timestamp, time.time()):
            raise RefusedError(problems.STALE)
        try:
            envelopes = self.keys.read(path, channel, body)
            await self.intake.put(envelopes, body)
        except UnreadableError as error:
            raise RefusedError(problems.UNREADABLE, str(error)) from error
        except DoorFullError as error:
            raise RefusedError(problems.FULL) from error
        except NotStoredError as error:
            raise RefusedError(problems.UNSURE) from error
        return len(envelopes)

    def _announced_bytes(self, path: str, method: str, headers: Any) -> int:
        """Refuse by address, method and announced size, before the body is read."""
        bytes_max = BODY_MAX.get(path)
        if bytes_max is None:
            raise RefusedError(problems.NOT_FOUND)
        if method != "POST":
            raise RefusedError(problems.WRONG_METHOD)
        announced = headers.get("content-length") or ""
        if not (announced.isascii() and announced.isdigit()):
            raise RefusedError(problems.LENGTH_REQUIRED)
        length = int(announced)
        if length > bytes_max:
            raise RefusedError(problems.TOO_LARGE)
        if length > SMALL_BYTES and self._reading_bytes + length > READING_BYTES_MAX:
            raise RefusedError(problems.FULL)
        return length

    async def _read(self, protocol: Any, length: int) -> bytes:
        """Read the body, of which no more comes than was announced."""
        self._reading_bytes += length
        try:
            async with asyncio.timeout(READ_SECONDS):
                body: bytes = await protocol()
        except TimeoutError as error:
            raise RefusedError(problems.TOO_SLOW) from error
        except ProtocolClosed as error:
            raise RefusedError(problems.INCOMPLETE) from error
        finally:
            self._reading_bytes -= length
        return body

    def _tell_health(self, protocol: Any) -> None:
        ready = self.intake.secrets is not None
        state = {"ready": ready, "waiting": self.intake.waiting, "durable": self.intake.durable}
        protocol.response_bytes(200 if ready else 503, _JSON, msgspec.json.encode(state))


app = Door()

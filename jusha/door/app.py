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

from jusha.door import problems
from jusha.door.intake import DoorFullError, Intake, NotStoredError
from jusha.door.messages import BODY_MAX, PATHS, Keys
from jusha.door.problems import Problem, problem_body
from jusha.door.signature import is_authentic, is_fresh
from jusha.inbox.connect import conninfo
from jusha.people.vault import load

SECRETS_EVERY_SECONDS: Final = 1.0
HEALTH: Final = "/door/v1/health"
_JSON: Final = [("content-type", "application/json")]
_PROBLEM: Final = [("content-type", "application/problem+json")]
_LATER: Final = [*_PROBLEM, ("retry-after", "1")]

log = structlog.get_logger("door")


class Door:
    """One worker of the door, with its lane."""

    def __init__(self) -> None:
        self._tasks: list[asyncio.Task[None]] = []
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
        path = scope.path
        if path == HEALTH:
            state = {"waiting": self.intake.waiting, "durable": self.intake.durable}
            protocol.response_bytes(200, _JSON, msgspec.json.encode(state))
            return
        problem = self._refuse_early(scope)
        if problem is not None:
            _refuse(protocol, problem)
            return
        body = await protocol()
        channel = scope.headers.get("jusha-channel") or ""
        problem = self._refuse_unauthentic(scope, channel, body)
        if problem is not None:
            _refuse(protocol, problem)
            return
        try:
            envelopes = self.keys.read(path, channel, body)
            await self.intake.put(envelopes, body)
        except msgspec.DecodeError as error:
            _refuse(protocol, problems.UNREADABLE, str(error))
        except UnicodeDecodeError:
            _refuse(protocol, problems.UNREADABLE, "the body is not UTF-8")
        except DoorFullError:
            _refuse(protocol, problems.FULL)
        except NotStoredError:
            _refuse(protocol, problems.UNSURE)
        else:
            protocol.response_bytes(200, _JSON, b'{"accepted":%d}' % len(envelopes))

    def _refuse_early(self, scope: Any) -> Problem | None:
        """Refuse by address, method and announced size, before the body is read."""
        if scope.path not in PATHS:
            return problems.NOT_FOUND
        if scope.method != "POST":
            return problems.WRONG_METHOD
        length = scope.headers.get("content-length") or ""
        if not (length.isascii() and length.isdigit()):
            return problems.LENGTH_REQUIRED
        return problems.TOO_LARGE if int(length) > BODY_MAX[scope.path] else None

    def _refuse_unauthentic(self, scope: Any, channel: str, body: bytes) -> Problem | None:
        timestamp = scope.headers.get("jusha-timestamp") or ""
        authentic = is_authentic(
            self.intake.secrets.get(channel),
            scope.headers.get("jusha-signature") or "",
            method=scope.method,
            path=scope.path,
            channel=channel,
            timestamp=timestamp,
            body=body,
        )
        if not authentic:
            return problems.UNAUTHENTIC
        return None if is_fresh(timestamp, time.time()) else problems.STALE


def _refuse(protocol: Any, problem: Problem, detail: str = "") -> None:
    headers = _LATER if problem.status == 503 else _PROBLEM  # noqa: PLR2004
    protocol.response_bytes(problem.status, headers, problem_body(problem, detail))


app = Door()

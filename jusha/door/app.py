"""The front door's judgement of one request, whichever way it came in.

It authenticates over the raw bytes, refuses what needs no database, and gives the rest to the
intake, which tells when it is durable. It never passes through Django's stack, and neither waits
nor makes a task: a request costs as many steps as it has (docs/design/0003-door.md).
"""

import asyncio
import time
from typing import Final, NamedTuple

import msgspec

from jusha.door import problems
from jusha.door.intake import DoorFullError, Intake
from jusha.door.live import screen_of
from jusha.door.messages import BODY_MAX, Keys, UnreadableError
from jusha.door.notices import BODY_MAX as NOTICE_BODY_MAX
from jusha.door.notices import JSON, NoSuchRailError, NotReadyError, Rails
from jusha.door.problems import RefusedError
from jusha.door.signature import is_authentic, is_fresh
from jusha.payments.rails.seam import NoticeRefusedError

SMALL_BYTES: Final = 1 << 14
READING_BYTES_MAX: Final = 64 << 20
"""Past this much announced and unread, larger bodies and those sent ahead wait outside."""
HEALTH: Final = "/door/v1/health"
BODIES: Final = BODY_MAX | NOTICE_BODY_MAX
REFUSED_NOTICE: Final = {
    "unauthentic": problems.UNAUTHENTIC,
    "stale": problems.STALE,
    "unreadable": problems.UNREADABLE,
}


class Request(NamedTuple):
    """One request as it was read: names of headers in lower case, `path` without its query."""

    path: str
    headers: dict[bytes, bytes]
    body: bytes


class Reply(NamedTuple):
    """What to answer, and when: at once, or as soon as `durable` is done without an exception."""

    status: int
    body: bytes
    durable: asyncio.Future[None] | None = None
    kind: bytes = JSON


class Door:
    """One door, with its lane."""

    def __init__(self, intake: Intake, keys: Keys, rails: Rails) -> None:
        self._intake, self._keys, self._rails = intake, keys, rails
        self._reading_bytes = 0

    def announced_bytes(
        self, path: str, method: bytes, headers: dict[bytes, bytes], *, ahead: bool
    ) -> int:
        """Hold room for the body that a head announces, and return its length.

        `ahead`: the sender waits for another answer already. Refuses by address, method and size,
        before the body is read. Raises RefusedError.
        """
        bytes_max = BODIES.get(path)
        if bytes_max is None:
            if path != HEALTH and screen_of(path) is None:
                raise RefusedError(problems.NOT_FOUND)
            if method != b"GET":
                raise RefusedError(problems.WRONG_METHOD)
            bytes_max = 0
        elif method != b"POST":
            raise RefusedError(problems.WRONG_METHOD)
        # The parser lets one number through, or none; a body in chunks has none.
        length = int(headers.get(b"content-length", b"-1"))
        if length < 0 and (bytes_max or b"transfer-encoding" in headers):
            raise RefusedError(problems.LENGTH_REQUIRED)
        if length > bytes_max:
            raise RefusedError(problems.TOO_LARGE)
        length = max(length, 0)
        if (ahead or length > SMALL_BYTES) and self._reading_bytes + length > READING_BYTES_MAX:
            raise RefusedError(problems.FULL)
        self._reading_bytes += length
        return length

    def release(self, length: int) -> None:
        """Give room back: the body is judged now, or will not come."""
        self._reading_bytes -= length

    def reply(self, request: Request) -> Reply:
        """Judge a whole request. Raises RefusedError."""
        path, headers, body = request
        if path == HEALTH:
            return self._health()
        if path in NOTICE_BODY_MAX:
            return self._notice(request)
        channel = headers.get(b"jusha-channel", b"").decode("latin-1")
        timestamp = headers.get(b"jusha-timestamp", b"").decode("latin-1")
        secrets = self._intake.secrets
        if secrets is None:
            raise RefusedError(problems.STARTING)
        authentic = is_authentic(
            secrets.get(channel),
            headers.get(b"jusha-signature", b"").decode("latin-1"),
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
            envelopes = self._keys.read(path, channel, body)
            durable = self._intake.put(envelopes, body)
        except UnreadableError as error:
            raise RefusedError(problems.UNREADABLE, str(error)) from error
        except DoorFullError as error:
            raise RefusedError(problems.FULL) from error
        return Reply(200, b'{"accepted":%d}' % len(envelopes), durable)

    def _notice(self, request: Request) -> Reply:
        """Judge a rail's notice by the rail's own signature; thanked for when it is durable."""
        path, headers, body = request
        try:
            judged = self._rails.judge(path, headers, body)
        except NotReadyError as error:
            raise RefusedError(problems.STARTING) from error
        except NoSuchRailError as error:
            raise RefusedError(problems.NOT_FOUND) from error
        except NoticeRefusedError as error:
            raise RefusedError(REFUSED_NOTICE[error.why]) from error
        if judged.is_refund:
            self._intake.wake_payments()
        if judged.envelope is None:
            return Reply(200, judged.thanks, kind=judged.kind)
        try:
            durable = self._intake.put([judged.envelope], judged.raw)
        except DoorFullError as error:
            raise RefusedError(problems.FULL) from error
        return Reply(200, judged.thanks, durable, judged.kind)

    def _health(self) -> Reply:
        ready = self._intake.secrets is not None
        state = {"ready": ready, "waiting": self._intake.waiting, "durable": self._intake.durable}
        return Reply(200 if ready else 503, msgspec.json.encode(state))

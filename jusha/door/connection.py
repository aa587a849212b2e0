"""One sender's connection: HTTP/1.1 as the door speaks it, read by llhttp (httptools).

The parser is strict and kept by others; here is what it leaves open: how much may come and how
long it may take, answers in the order of their requests, and a clean end. No task and no timer is
made for a request: all connections are looked at once a second.
"""

import asyncio
from collections import deque
from email.utils import formatdate
from http import HTTPStatus
from typing import Final, cast

import httptools

from jusha.door import metrics, problems
from jusha.door.app import Door, Reply, Request
from jusha.door.live import HEAD as STREAM_HEAD
from jusha.door.live import Screen, Streams, screen_of
from jusha.door.problems import RefusedError, problem_body

CONNECTIONS_MAX: Final = 4_096
HEAD_BYTES_MAX: Final = 16_384
"""A head that is not over after so many bytes, and what one read brings, is not waited for."""
AHEAD_MAX: Final = 8
"""Requests that a sender may have sent ahead; the connection ends behind them."""

REQUEST, HEAD, BODY, GOODBYE = range(4)
"""What is waited for from the sender."""
PATIENCE_SECONDS: Final = (60, 5, 10, 2)
"""How long for each of them."""

CONTINUE: Final = b"HTTP/1.1 100 Continue\r\n\r\n"
PROBLEM: Final = b"application/problem+json"
REASONS: Final = {status.value: status.phrase.encode() for status in HTTPStatus}


class Lobby:
    """What all connections of a door share."""

    def __init__(self, door: Door, streams: Streams) -> None:
        self.door, self.streams = door, streams
        self.connections: set[Connection] = set()
        self.gone = asyncio.Event()
        """Set when the last connection has ended."""
        self.date = b""
        self.tick()

    def enter(self, connection: "Connection") -> bool:
        """Count a connection in; False if there are too many."""
        self.connections.add(connection)
        self.gone.clear()
        return len(self.connections) <= CONNECTIONS_MAX

    def leave(self, connection: "Connection") -> None:
        """Count a connection out."""
        self.connections.discard(connection)
        if not self.connections:
            self.gone.set()

    def tick(self) -> None:
        """Say that a second is over: set the date, hang up on who keeps the door waiting."""
        self.date = formatdate(usegmt=True).encode()
        for connection in tuple(self.connections):
            connection.tick()
        self.streams.tick()

    def finish(self) -> None:
        """Take nothing more; each connection ends when all that was asked is answered."""
        for connection in tuple(self.connections):
            connection.finish()


class Connection(asyncio.Protocol):
    """One sender."""

    __slots__ = (
        "_age",
        "_asked",
        "_deaf",
        "_door",
        "_head_bytes",
        "_headers",
        "_held",
        "_linger",
        "_lobby",
        "_parser",
        "_parts",
        "_path",
        "_paused",
        "_peer",
        "_phase",
        "_screen",
        "_stuffed",
        "_transport",
        "_url",
        "_waiting",
    )  # fmt: skip

    def __init__(self, lobby: Lobby) -> None:
        self._lobby, self._door = lobby, lobby.door
        self._parser = httptools.HttpRequestParser(self)
        self._transport: asyncio.Transport | None = None
        self._asked: deque[tuple[Request | RefusedError, int]] = deque()  # with the room it holds
        self._waiting: Reply | None = None  # whose durability is waited for
        self._screen: Screen | None = None  # that is listened to, from then on
        self._phase = REQUEST
        self._age = self._head_bytes = self._held = 0
        self._deaf = self._linger = self._paused = self._stuffed = False
        self._url, self._path, self._peer = b"", "", ""
        self._headers: dict[bytes, bytes] = {}
        self._parts: list[bytes] = []

    # What the loop tells.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the connection, or say that there are too many."""
        self._transport = cast("asyncio.Transport", transport)
        self._peer = str((transport.get_extra_info("peername") or ("",))[0])
        if not self._lobby.enter(self):
            self._end_with(RefusedError(problems.FULL))
            self._serve()

    def connection_lost(self, _error: Exception | None) -> None:
        """Forget the sender; what it sent and was taken stays."""
        self._transport, self._deaf = None, True
        self._lobby.leave(self)
        if self._screen is not None:
            self._lobby.streams.leave(self._screen, self)
            self._lobby.streams.dismiss(self._peer)
        self._door.release(self._held + sum(held for _, held in self._asked))
        self._held = 0
        self._asked.clear()

    def data_received(self, data: bytes) -> None:
        """Read on, and answer what is complete."""
        if self._deaf:
            return
        if self._phase == HEAD:
            self._head_bytes += len(data)
            if self._head_bytes > HEAD_BYTES_MAX:
                self._end_with(RefusedError(problems.MALFORMED))
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:  # nothing else is spoken here
            self._deaf = True
        except httptools.HttpParserError:
            self._end_with(RefusedError(problems.MALFORMED))
        self._serve()
        if self._asked:  # sent ahead: no more is read until that is answered
            self._pause()

    def eof_received(self) -> bool:
        """The sender will say no more, but may still listen."""
        if self._phase == BODY:
            self._end_with(RefusedError(problems.INCOMPLETE))
        self._deaf, self._linger = True, False
        self._serve()
        return bool(self._asked or self._waiting)

    def pause_writing(self) -> None:
        """The sender does not take its answers: it is not read from either."""
        self._stuffed = True
        self._pause()

    def resume_writing(self) -> None:
        """Go on."""
        self._stuffed = False
        self._serve()

    # What the parser tells.

    def on_message_begin(self) -> None:
        """A request begins."""
        self._url, self._headers, self._parts = b"", {}, []
        self._phase, self._age, self._head_bytes = HEAD, 0, 0

    def on_url(self, url: bytes) -> None:
        """A part of the address."""
        self._url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        """One header, whole."""
        self._headers[name.lower()] = value.rstrip(b" \t")

    def on_headers_complete(self) -> None:
        """The head is over: refuse what needs no body."""
        if self._deaf:
            return
        # Its query counts for nothing; the parser lets only ASCII through.
        self._path = self._url.partition(b"?")[0].decode("ascii")
        headers = self._headers
        ahead = bool(self._asked or self._waiting)
        try:
            self._held = self._door.announced_bytes(
                self._path, self._parser.get_method(), headers, ahead=ahead
            )
        except RefusedError as refused:
            self._end_with(refused)
            return
        self._phase, self._age = BODY, 0
        if b"expect" in headers and not ahead and self._transport is not None:
            self._transport.write(CONTINUE)

    def on_body(self, part: bytes) -> None:
        """A part of the body."""
        self._parts.append(part)

    def on_message_complete(self) -> None:
        """The request is whole."""
        if self._deaf:
            return
        body = self._parts[0] if len(self._parts) == 1 else b"".join(self._parts)
        self._asked.append((Request(self._path, self._headers, body), self._held))
        self._held, self._phase, self._age = 0, REQUEST, 0
        if not self._parser.should_keep_alive() or len(self._asked) >= AHEAD_MAX:
            self._deaf = True

    # What the lobby tells.

    def tick(self) -> None:
        """A second is over: hang up on who keeps us waiting."""
        if self._waiting or self._asked:
            return  # it is the sender who waits
        if self._screen is not None:
            return  # it listens
        self._age += 1
        if self._transport is None or self._age <= PATIENCE_SECONDS[self._phase]:
            return
        if self._phase == BODY:
            self._end_with(RefusedError(problems.TOO_SLOW))
            self._serve()
        else:
            self._transport.abort()

    def finish(self) -> None:
        """Hear no more; end when all that was asked is answered."""
        self._deaf = True
        if self._transport is not None and not (self._asked or self._waiting):
            self._transport.close()

    # Answers.

    def _end_with(self, refused: RefusedError) -> None:
        """Answer this after what was asked before, and hear no more."""
        if not self._deaf:
            self._asked.append((refused, self._held))
            self._held, self._deaf, self._linger = 0, True, True

    def _serve(self) -> None:
        """Judge what was asked, in its order, one at a time."""
        while self._asked and not self._waiting and not self._stuffed:
            request, held = self._asked.popleft()
            self._door.release(held)
            try:
                if isinstance(request, RefusedError):
                    raise request
                if (screen := screen_of(request.path)) is not None:
                    self._listen(screen)
                    return
                reply = self._door.reply(request)
            except RefusedError as refused:
                self._refuse(refused)
                continue
            if reply.durable is None:
                self._write(reply.status, reply.kind, reply.body)
            else:
                self._waiting = reply
                reply.durable.add_done_callback(self._when_durable)
        if self._paused and not (self._asked or self._stuffed or self._deaf):
            self._paused = False
            if self._transport is not None:
                self._transport.resume_reading()

    def _when_durable(self, durable: asyncio.Future[None]) -> None:
        """Answer what was waited for, and go on with what was sent ahead."""
        reply, self._waiting = self._waiting, None
        assert reply is not None
        if durable.cancelled():
            return
        if durable.exception() is None:
            self._write(reply.status, reply.kind, reply.body)
        else:
            self._refuse(RefusedError(problems.UNSURE))
        if self._asked or self._paused:
            self._serve()

    # A big screen listens.

    def _listen(self, screen: Screen) -> None:
        """Answer with a stream, and hear no more. Raises RefusedError."""
        streams = self._lobby.streams
        if streams.is_full:
            raise RefusedError(problems.FULL)
        if not streams.has(screen):
            raise RefusedError(problems.NOT_FOUND)
        if not streams.admit(self._peer):
            raise RefusedError(problems.FULL)
        self._deaf, self._screen = True, screen
        self._door.release(sum(held for _, held in self._asked))
        self._asked.clear()
        if self._transport is not None:
            self._transport.write(STREAM_HEAD % self._lobby.date)
            streams.join(screen, self)

    def send(self, data: bytes) -> bool:
        """Write to who listens; False if it does not read."""
        if self._stuffed or self._transport is None:
            return False
        self._transport.write(data)
        return True

    def hang_up(self) -> None:
        """End it at once."""
        if self._transport is not None:
            self._transport.abort()

    def _refuse(self, refused: RefusedError) -> None:
        problem = refused.problem
        metrics.refused(problem.code)
        self._write(
            problem.status,
            PROBLEM,
            problem_body(problem, refused.detail),
            b"retry-after: 1\r\n" if problem.is_passing else b"",
        )

    def _write(self, status: int, kind: bytes, body: bytes, more: bytes = b"") -> None:
        """Write one answer; after the last one, say so and listen a little for a farewell."""
        if self._transport is None:
            return
        last = self._deaf and not self._asked
        if last:
            more += b"connection: close\r\n"
        self._transport.write(
            b"HTTP/1.1 %d %b\r\ndate: %b\r\ncontent-type: %b\r\ncontent-length: %d\r\n%b\r\n%b"
            % (status, REASONS[status], self._lobby.date, kind, len(body), more, body)
        )
        if not last:
            return
        if self._linger:  # hung up on at once, a sender in mid-sentence might not get the answer
            self._phase, self._age = GOODBYE, 0
            self._transport.write_eof()
        else:
            self._transport.close()

    def _pause(self) -> None:
        if not self._paused and self._transport is not None:
            self._paused = True
            self._transport.pause_reading()

"""One keep-alive HTTP/1.1 connection of the load generator, non-blocking, a request at a time."""

import errno
import socket

HEAD_END = b"\r\n\r\n"
STATUS_AT = slice(9, 12)  # of b"HTTP/1.1 200"
BODILESS = frozenset({204, 304})
READ_BYTES = 65_536


class AnswerNotUnderstoodError(Exception):
    """An answer that is not HTTP/1.x with a content length: this load generator reads no other."""


class Connection:
    """A socket with the request it carries; who owns it does the polling.

    ``since`` is the moment a request's latency counts from; ``closing`` says that the server ends
    the connection after this answer.
    """

    __slots__ = (
        "attempts",
        "closing",
        "fd",
        "partial",
        "peer",
        "request",
        "request_id",
        "since",
        "sock",
        "unsent",
        "up",
    )

    def __init__(self, host: str, port: int) -> None:
        self.peer = (host, port)
        self.fd = -1
        self.up = False
        self.closing = False
        self.attempts = 0
        self.request = b""
        self.request_id = ""
        self.since = 0.0
        self.unsent = b""
        self.partial = b""

    def open(self) -> None:
        """Begin to connect; raises OSError if that is refused at once."""
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self.sock.setblocking(False)  # noqa: FBT003 - the name of the standard library
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        code = self.sock.connect_ex(self.peer)
        if code not in {0, errno.EINPROGRESS}:
            self.sock.close()
            raise OSError(code, "cannot connect")
        self.fd = self.sock.fileno()
        self.up = self.closing = False
        self.unsent = self.partial = b""

    def close(self) -> None:
        """Close the socket; the request stays, for another attempt."""
        self.sock.close()
        self.fd = -1
        self.up = False

    def send(self) -> bool:
        """Send the request from its start; False if the rest must wait until there is room."""
        self.unsent = self.request
        return self.push()

    def push(self) -> bool:
        """Send what is unsent; False if some still is. Raises OSError on a lost connection."""
        try:
            sent = self.sock.send(self.unsent)
        except BlockingIOError:
            return False
        self.unsent = self.unsent[sent:]
        return not self.unsent

    def read_answer(self) -> int:
        """The status of a complete answer, or 0 while there is more to come.

        Raises OSError on a lost connection and AnswerNotUnderstoodError.
        """
        try:
            data = self.sock.recv(READ_BYTES)
        except BlockingIOError:
            return 0
        if not data:
            raise ConnectionResetError(errno.ECONNRESET, "closed by the server")
        if self.partial:
            data = self.partial + data
        head_length = data.find(HEAD_END)
        if head_length >= 0:
            head = data[:head_length].lower()
            length = head_length + len(HEAD_END) + _body_length(head)
            if len(data) == length:
                self.partial = b""
                self.closing = b"\r\nconnection: close" in head or bool(self.unsent)
                return int(head[STATUS_AT])
            if len(data) > length:
                raise AnswerNotUnderstoodError(data[length:])
        self.partial = data
        return 0


def _body_length(head: bytes) -> int:
    """The length of the body after this head (in lower case, without its last line end)."""
    at = head.find(b"\r\ncontent-length:")
    if at >= 0:
        start = at + len(b"\r\ncontent-length:")
        end = head.find(b"\r\n", start)
        return int(head[start : end if end >= 0 else None])
    if head.startswith(b"http/1.") and int(head[STATUS_AT]) in BODILESS:
        return 0
    raise AnswerNotUnderstoodError(head)

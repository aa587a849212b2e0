"""One call to a webhook: to the judged address, once, no redirects, little answer, little time."""

import http.client
import socket
import ssl
import threading
from collections.abc import Mapping
from functools import lru_cache
from typing import Final, NamedTuple

from jusha.api.guard import AddressRefusedError, Resolve, Target, Terms, resolve, target

CONNECT_SECONDS: Final = 5.0
SILENCE_SECONDS: Final = 15.0
ALL_SECONDS: Final = 20.0
ANSWER_BYTES: Final = 4_096
"""So much of an answer is read, and thrown away: only its status counts."""
AGENT: Final = "Jusha-Webhooks/1"


class Answer(NamedTuple):
    """The status, or 0 and why there was none."""

    status: int
    told: str = ""


def call(
    url: str,
    body: bytes,
    headers: Mapping[str, str],
    terms: Terms,
    *,
    resolving: Resolve = resolve,
    all_seconds: float = ALL_SECONDS,
) -> Answer:
    """Post the body; a redirect is an answer like any other. Never raises for what is outside."""
    try:
        found = target(url, terms, resolving=resolving)
    except AddressRefusedError:
        return Answer(0, "address-refused")
    made = _Connection(found)
    late = threading.Timer(all_seconds, made.cut)
    late.daemon = True
    late.start()
    try:
        told = {"content-type": "application/json", "user-agent": AGENT, "connection": "close"}
        made.request("POST", found.path, body=body, headers=told | dict(headers))
        answer = made.getresponse()
        answer.read(ANSWER_BYTES)
        return Answer(0, "timeout") if made.is_cut else Answer(answer.status)
    except ssl.SSLError:
        return Answer(0, "tls")
    except TimeoutError:
        return Answer(0, "timeout")
    except (OSError, http.client.HTTPException, ValueError):
        return Answer(0, "timeout" if made.is_cut else "unreachable")
    finally:
        late.cancel()
        made.close()


class _Connection(http.client.HTTPConnection):
    """A connection to an address that was judged already, whatever the name says now."""

    def __init__(self, found: Target) -> None:
        super().__init__(found.host, found.port, timeout=SILENCE_SECONDS)
        self._to = found
        self.is_cut = False

    def connect(self) -> None:
        """Connect to the judged address; TLS checks the certificate against the name."""
        raw = socket.create_connection((self._to.ip, self._to.port), timeout=CONNECT_SECONDS)
        raw.settimeout(SILENCE_SECONDS)
        self.sock = raw
        if self._to.is_tls:
            self.sock = _tls().wrap_socket(raw, server_hostname=self._to.host)

    def cut(self) -> None:
        """End it from another thread: whoever drips bytes does not hold us longer."""
        self.is_cut = True
        if self.sock is not None:
            try:
                self.sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                return  # over already


@lru_cache(maxsize=1)
def _tls() -> ssl.SSLContext:
    return ssl.create_default_context()

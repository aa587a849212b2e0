"""The governor: measures load each second and says what is let go (web/shed_rules.py).

It runs beside the teller, which is never let go itself, in a thread with a connection of its own:
a database or a page that does not answer holds up neither. What it says is a file, because it must
be heard while the database is away. A person's switch goes before it.
"""

import http.client
import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any, Final

import psycopg
import structlog

from jusha.config.metrics.database import WAITING_SQL
from jusha.config.metrics.teller import shed_level
from jusha.web import shed
from jusha.web.shed_rules import Level, Limits, Load, State, follow

EVERY_SECONDS: Final = 1.0
ASK_SECONDS: Final = 5.0
"""A page that takes longer has reached every threshold there is reason to set."""
CONNECT_SECONDS: Final = 3
OPTIONS: Final = "-c statement_timeout=3000"

log = structlog.get_logger("governor")


class Measures:
    """Asks the database, the door and the pages how they are."""

    def __init__(self, url: Callable[[], str], *, door: str, web: str) -> None:
        """`url`: of the database, asked at each connecting; `door`, `web`: addresses to ask."""
        self._url, self._door, self._web = url, door, web
        self._connection: psycopg.Connection[Any] | None = None

    def take(self) -> Load:
        """Ask all three; at most some seconds."""
        return Load(self._settling(), self._waiting(), self._page())

    def _settling(self) -> int | None:
        try:
            if self._connection is None:
                self._connection = psycopg.connect(
                    self._url(), autocommit=True, connect_timeout=CONNECT_SECONDS, options=OPTIONS
                )
            rows = self._connection.execute(WAITING_SQL).fetchall()
        except psycopg.Error:
            self.close()
            return None
        return int(max((each[2] for each in rows), default=0))

    def _waiting(self) -> int | None:
        found = _asked(self._door)
        if found is None or found[1] is None:
            return None
        try:
            return int(json.loads(found[1])["waiting"])
        except (ValueError, KeyError, TypeError):
            return None

    def _page(self) -> int | None:
        found = _asked(self._web)
        return None if found is None else found[0]

    def close(self) -> None:
        """Let go of the database."""
        if self._connection is not None:
            connection, self._connection = self._connection, None
            connection.close()


def _asked(address: str) -> tuple[int, bytes | None] | None:
    """Milliseconds and body of an answer; no body if it took too long; None if nobody is there."""
    began = time.monotonic()
    try:
        body = _body(address)
    except TimeoutError:
        return int(ASK_SECONDS * 1_000), None
    except (urllib.error.URLError, http.client.HTTPException, OSError) as error:
        late = isinstance(getattr(error, "reason", None), TimeoutError)
        return (int(ASK_SECONDS * 1_000), None) if late else None
    return int((time.monotonic() - began) * 1_000), body


def _body(address: str) -> bytes:
    """What an address answers, whatever its status. Raises OSError, HTTPException."""
    try:
        with urllib.request.urlopen(address, timeout=ASK_SECONDS) as answer:  # noqa: S310 - our own
            return bytes(answer.read(1 << 16))
    except urllib.error.HTTPError as error:
        with error:
            return error.read(1 << 16)


class Governor:
    """Keeps the level."""

    def __init__(self, limits: Limits) -> None:
        """Go on from what was told last, so that a restart lets nothing back in at once."""
        self._limits = limits
        before = shed.told()
        self._changes: list[dict[str, Any]] = before.changes if before else []
        self._told = before.level if before else Level.NOTHING
        self._since = before.since if before else datetime.fromtimestamp(0, UTC)
        self._state = State(self._told)

    def look(self, load: Load, now: datetime) -> Level:
        """Decide and tell; a person's switch holds whatever the load is. Raises OSError."""
        self._state = follow(self._state, load, self._limits, now_s=int(now.timestamp()))
        held = shed.switch()
        level, by = (held.level, held.by) if held else (self._state.level, "")
        if level != self._told:
            log.warning("shed_level", before=int(self._told), now=int(level), **asdict(load))
            change = {"at": int(now.timestamp()), "level": int(level), "by": by} | asdict(load)
            self._changes = [change, *self._changes][: shed.CHANGES_KEPT]
            self._told, self._since = level, now
        shed_level(int(level))
        shed.tell(shed.Told(level, self._since, by, asdict(load), self._changes))
        return level


def govern(stop: Callable[[], bool], governor: Governor, measures: Measures) -> None:
    """Look once a second until told to stop."""
    while not stop():
        began = time.monotonic()
        try:
            governor.look(measures.take(), datetime.now(UTC))
        except OSError as error:
            log.error("shed_untold", error=str(error))  # noqa: TRY400 - it says it all
        except Exception:  # whatever it met, the level must not freeze
            log.exception("governor_stumbled")
        time.sleep(max(EVERY_SECONDS - (time.monotonic() - began), 0.1))
    measures.close()

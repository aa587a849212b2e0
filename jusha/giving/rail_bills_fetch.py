"""Yesterday's bills come by themselves, are read once, and lie beside our deeds; gaps are asked.

The payments process calls `round` whenever it looks around. Long work (a download, a million
lines) is done in threads with connections of their own, so that orders go on being signed. A file
names payers: it lies in a temporary place for its reader alone, and is gone when it is read.
"""

import os
import shutil
import tempfile
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, closing
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, Final, NamedTuple

import psycopg
import structlog
from psycopg.rows import namedtuple_row

from jusha.giving.rail_bills_ask import LAY_SQL as LAY_LATER_SQL
from jusha.giving.rail_bills_ask import Asked, Question, ask, keep_answer, questions
from jusha.giving.rail_bills_keep import keep_bill, keep_empty
from jusha.giving.rail_bills_lay import lay_day
from jusha.giving.rail_bills_rules import (
    EMPTY_AGAIN_S,
    FIRST_S,
    LAST_S,
    NO_BILL,
    READY_HOUR,
    days_due,
    is_young,
    later_s,
)
from jusha.payments.attempt import Keys
from jusha.payments.bills.records import FileRefusedError
from jusha.payments.flights import Flights
from jusha.payments.merchant_token import open_token
from jusha.payments.rails.names import ALIPAY, WECHAT
from jusha.payments.rails.seam import Payee, Rail, RailRefusedError, RailUnsureError
from jusha.people.vault import SealBrokenError

SQL: Final = Path(__file__).parent / "sql"
NEW_SQL: Final = (SQL / "rail_bills_new.sql").read_text()
DUE_SQL: Final = (SQL / "rail_bills_due.sql").read_text()
LAY_SQL: Final = (SQL / "rail_bills_to_lay.sql").read_text()
EARLY_SQL: Final = (SQL / "rail_bills_early.sql").read_text()
FORGET_SQL: Final = (SQL / "rail_lines_forget.sql").read_text()
LATER_SQL: Final = """
UPDATE jusha_railbill
SET state = CASE WHEN state IN ('read', 'empty') THEN state ELSE %(state)s END,
    told = %(told)s, tries = tries + 1, next_at = %(next_at)s
WHERE id = %(bill)s"""
AT_ONCE: Final = 2
TRIES_MAX: Final = 12
"""How often a bill of long ago is tried, where somebody had it fetched by hand."""
LOOK_S: Final = 2.0
PLAN_S: Final = 60.0
KEPT_DAYS: Final = 92
"""As long as WeChat Pay serves its bills."""
UNREADABLE: Final = "token-unreadable"
Connect = Callable[[], AbstractContextManager[psycopg.Connection[Any]]]

log = structlog.get_logger("bills")


class _Day(NamedTuple):
    rail: str
    day: date


class Fetched(NamedTuple):
    """What a thread brings back of one bill: `code` is the rail's word where there is no bill."""

    code: str = ""
    is_refused: bool = False


class RailBills:
    """Fetches, lays, and asks, each when it is due; one process does this."""

    def __init__(
        self,
        rails: Mapping[str, Rail],
        keys: Keys,
        *,
        connect: Connect,
        folder: Path,
        clock: Callable[[], float] = time.time,
        look_s: float = LOOK_S,
    ) -> None:
        """Work with these rails; `connect` opens an autocommit connection for a thread.

        Files lie in `folder` while they are read; what a crash left there is deleted.
        """
        self._rails, self._keys, self._connect, self._clock = rails, keys, connect, clock
        self._look_s, self._folder = look_s, folder
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(mode=0o700, parents=True)
        self._looked_at = self._planned_at = -PLAN_S
        self.flights: Flights[Any, Any] = Flights("bills")

    def round(self, connection: psycopg.Connection[Any]) -> int:
        """Keep what came back, begin what is due; return how many moved. Autocommit.

        Reads: jusha_merchant. Writes: the bills' tables, and the inbox where a payment was lost.
        """
        moved = 0
        for key, found in self.flights.landed():
            self._land(connection, key, found)
            moved += 1
        if time.monotonic() - self._looked_at < self._look_s:
            return moved
        self._looked_at = time.monotonic()
        now_s = int(self._clock())
        if time.monotonic() - self._planned_at >= min(PLAN_S, self._look_s * PLAN_S):
            self._planned_at = time.monotonic()
            self._plan(connection, now_s)
        return moved + self._begin(connection, _moment(now_s))

    def _plan(self, connection: psycopg.Connection[Any], now_s: int) -> None:
        """Have a row for every bill that should be here by now; forget what is very old."""
        days = days_due(now_s)
        asked = {"rails": list(self._rails), "days": days, "now": _moment(now_s)}
        connection.execute(NEW_SQL, asked | {"whole": WECHAT, "single": ALIPAY})
        connection.execute(EARLY_SQL, asked | {"ready_hour": READY_HOUR})
        connection.execute(FORGET_SQL, {"before": days[0] - timedelta(days=KEPT_DAYS)})

    def _begin(self, connection: psycopg.Connection[Any], now: datetime) -> int:
        flying = self.flights.keys
        begun = 0
        with connection.cursor(row_factory=namedtuple_row) as cursor:
            cursor.execute(DUE_SQL, {"now": now, "rails": list(self._rails), "most": AT_ONCE})
            bills: list[Any] = cursor.fetchall()
            cursor.execute(LAY_SQL, {"now": now, "most": AT_ONCE})
            days = [_Day(*row) for row in cursor.fetchall()]
        for row in bills:
            if row.id not in flying:
                self.flights.begin(row.id, self._fetch, row)
                begun += 1
        for key in days:
            if key not in flying:
                self.flights.begin(key, self._lay, key)
                begun += 1
        for question in questions(connection, now, room=self.flights.room):
            if question in flying or question.rail not in self._rails:
                continue
            rail = self._rails[question.rail]
            try:
                token = self._token(question.sealed_token)
            except SealBrokenError:  # one charity's row must not stand in the others' way
                unread = Asked("", code=UNREADABLE)
                keep_answer(connection, question, unread, keys=self._keys, now=now)
            else:
                self.flights.begin(question, ask, rail, question, token)
            begun += 1
        return begun

    def _land(self, connection: psycopg.Connection[Any], key: Any, found: Any) -> None:
        now = _moment(int(self._clock()))
        if isinstance(found, Asked):
            assert isinstance(key, Question)
            keep_answer(connection, key, found, keys=self._keys, now=now)
        elif found.code and isinstance(key, _Day):
            log.error("bills_not_laid", rail=key.rail, day=str(key.day), code=found.code)
            at = now + timedelta(seconds=FIRST_S)
            connection.execute(LAY_LATER_SQL, {"rail": key.rail, "day": key.day, "at": at})
        elif found.code:
            self._later(connection, key, found, now)

    def _later(
        self, connection: psycopg.Connection[Any], bill: int, found: Fetched, now: datetime
    ) -> None:
        row = connection.execute(
            "SELECT tries, rail, day FROM jusha_railbill WHERE id = %s", (bill,)
        ).fetchone()
        tries, rail, day = row or (0, "", now.date())
        log.warning("bill_not_here", rail=rail, day=str(day), code=found.code)
        wait_s = LAST_S if found.is_refused else later_s(tries)
        told: dict[str, Any] = {"bill": bill, "told": found.code[:200]}
        told["state"] = "unread" if found.is_refused else "asked"
        is_wanted = is_young(day, int(now.timestamp())) or tries < TRIES_MAX
        told["next_at"] = now + timedelta(seconds=wait_s) if is_wanted else None
        connection.execute(LATER_SQL, told)

    # --- in threads

    def _fetch(self, row: Any) -> Fetched:
        """Download one bill and keep it; in a thread, with a connection of its own."""
        now_s = int(self._clock())
        try:
            payee = Payee(row.payee, row.merchant, self._token(row.sealed_token))
            with tempfile.TemporaryDirectory(dir=self._folder) as folder:
                file = Path(folder) / "bill"
                self._download(row, payee if row.payee else None, file)
                with self._connect() as connection:
                    keep_bill(
                        connection, row.id, file, deed_secret=self._keys.deed, now=_moment(now_s)
                    )
        except RailRefusedError as error:
            if error.code not in NO_BILL:
                return Fetched(error.code, is_refused=True)
            young = is_young(row.day, now_s)
            again_at = _moment(now_s + EMPTY_AGAIN_S) if young else None
            with self._connect() as connection:
                keep_empty(connection, row.id, now=_moment(now_s), again_at=again_at)
        except RailUnsureError as error:
            return Fetched(error.code)
        except SealBrokenError:
            return Fetched(UNREADABLE)
        except FileRefusedError as error:
            return Fetched(str(error), is_refused=True)
        except (psycopg.Error, OSError) as error:  # orders go on; the bill is tried again
            return Fetched(type(error).__name__)
        return Fetched()

    def _download(self, row: Any, payee: Payee | None, file: Path) -> None:
        opener = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with open(opener, "wb") as out:  # noqa: PTH123 - its rights are set as it is made
            out.writelines(self._rails[row.rail].bill(row.day, payee))

    def _lay(self, key: _Day) -> Fetched:
        now_s = int(self._clock())
        again_at = _moment(now_s + LAST_S) if is_young(key.day, now_s) else None
        try:
            with self._connect() as connection:
                lay_day(connection, key.rail, key.day, now=_moment(now_s), again_at=again_at)
        except psycopg.Error as error:  # orders go on; the day is tried again
            return Fetched(type(error).__name__)
        return Fetched()

    def _token(self, sealed: bytes) -> str:
        return open_token(self._keys.merchants, sealed)


def own_connection() -> AbstractContextManager[psycopg.Connection[Any]]:
    """A connection of this process's role for a thread, closed behind it."""
    from jusha.inbox.connect import connect  # noqa: PLC0415 - after setup

    return closing(connect(autocommit=True))


def _moment(at_s: int) -> datetime:
    return datetime.fromtimestamp(at_s, UTC)

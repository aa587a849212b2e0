"""What the database tells of the work that waits, of its own limits, and of its archive.

All of it is a handful of small reads, none of which grows with the gifts. The connection is kept,
so that a storm of connections cannot shut the watch out, and each statement may take two seconds.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import psycopg
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from jusha.config.metrics.family import gauge
from jusha.config.postgres.archive import SLOT
from jusha.money.clock import day_text, local_day

CONNECT_SECONDS: Final = 2
OPTIONS: Final = "-c statement_timeout=2000 -c lock_timeout=1000"

WAITING_SQL: Final = """
SELECT l.name, l.last_n - p.n,
       coalesce(extract(epoch FROM clock_timestamp() - r.received_at), 0)::float8,
       coalesce(extract(epoch FROM l.last_received_at - clock_timestamp()), 0)::float8
FROM inbox_lane l
LEFT JOIN (SELECT positions FROM settlement_batch ORDER BY id DESC LIMIT 1) b ON true
CROSS JOIN LATERAL (SELECT coalesce((b.positions ->> l.lane::text)::bigint, 0) AS n) p
LEFT JOIN inbox_row r ON r.lane = l.lane AND r.n = p.n + 1
ORDER BY l.lane"""

COUNTS_SQL: Final = """
SELECT (SELECT first + count FROM tlog_entries ORDER BY first DESC LIMIT 1),
       (SELECT count(*) FROM settlement_stuck),
       (SELECT max(id) FROM giving_case),
       extract(epoch FROM clock_timestamp())::float8"""

POOLS_SQL: Final = """
SELECT p.code, sum(a.normal * (a.debits - a.credits))::bigint, w.budget - w.used
FROM matching_window w
JOIN matching_pool p ON p.id = w.pool
JOIN ledger_account a ON a.book = 'pool:' || p.code AND a.kind = 'available'
WHERE w.day = %s AND NOT p.closed
GROUP BY p.code, w.budget, w.used"""

SEEDS_SQL: Final = "SELECT hash FROM matching_seed WHERE revealed = 0"

MONEY_SQL: Final = """
SELECT (SELECT count(*) FROM jusha_sending s
        JOIN giving_refund r ON r.number = s.refund
        LEFT JOIN jusha_handpaid h ON h.refund = s.refund AND h.confirmed_at IS NOT NULL
        LEFT JOIN settlement_outcome x ON h.refund IS NOT NULL AND x.id = encode(
            substr(sha256(('paid-by-hand' || chr(10) || s.key)::bytea), 1, 16), 'hex')::uuid
        WHERE s.state = 'failed'
          AND (h.refund IS NULL OR x.code <> 'done')
          AND CASE WHEN h.refund IS NULL THEN r.amount ELSE 1 END
              <= (SELECT sum(b.amount) FROM giving_refund b WHERE b.deed = r.deed)
               - (SELECT coalesce(sum(p.amount), 0) FROM giving_repaid p WHERE p.deed = r.deed)),
       (SELECT count(*) FROM jusha_railbill
        WHERE state IN ('asked', 'unread') AND day BETWEEN %(from)s AND %(to)s),
       (SELECT count(*) FROM jusha_hook WHERE state = 'off')"""
BILL_LATE_SECONDS: Final = 36 * 3_600
"""A day's bill is there by ten the next morning; this long after the day's end it is late."""
BILL_DAYS: Final = 30
"""How far back a late bill is told of: what is older stands on the desk."""

LIMITS_SQL: Final = """
SELECT (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'),
       current_setting('max_connections')::int,
       current_setting('archive_mode') <> 'off',
       a.archived_count, a.failed_count,
       coalesce(extract(epoch FROM a.last_archived_time), 0)::float8,
       a.last_archived_wal, pg_walfile_name(pg_current_wal_lsn()),
       pg_size_bytes(current_setting('wal_segment_size')),
       s.active, pg_current_wal_lsn() - s.restart_lsn
FROM pg_stat_archiver a
LEFT JOIN pg_replication_slots s ON s.slot_name = %s"""


class DatabaseFigures:
    """Figures of one database, over one kept connection. `url` is asked at each connecting."""

    def __init__(self, url: Callable[[], str], *, home: Path) -> None:
        self._url, self._home = url, home
        self._connection: psycopg.Connection[Any] | None = None

    def server(self) -> Iterator[Metric]:
        """Tell of the server itself. Raises psycopg.Error when it does not answer in time."""
        with self._kept() as connection:
            yield from limits(connection)

    def work(self) -> Iterator[Metric]:
        """Tell of the work. Raises psycopg.Error, also when a table is locked."""
        with self._kept() as connection:
            yield from waiting(connection)
            yield from counts(connection)
            yield from pools(connection)
            yield from secrets_missing(connection, self._home)
            yield from money(connection, at=time.time())

    @contextmanager
    def _kept(self) -> Iterator[psycopg.Connection[Any]]:
        """The connection, which outlives a question that took too long and no worse."""
        try:
            yield self._connected()
        except psycopg.errors.QueryCanceled:
            raise
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Let go of the connection; the next question opens another."""
        if self._connection is not None:
            connection, self._connection = self._connection, None
            connection.close()

    def _connected(self) -> psycopg.Connection[Any]:
        if self._connection is None or self._connection.closed:
            self._connection = psycopg.connect(
                self._url(),
                autocommit=True,
                connect_timeout=CONNECT_SECONDS,
                options=OPTIONS,
                application_name="jusha-watch",
            )
        return self._connection


def waiting(connection: psycopg.Connection[Any]) -> Iterator[Metric]:
    """Rows that settlement has not read. Reads: inbox_lane, inbox_row, settlement_batch."""
    rows = GaugeMetricFamily(
        "jusha_inbox_waiting_rows", "Inbox rows not settled yet", labels=["lane"]
    )
    oldest, ahead = 0.0, 0.0
    for lane, count, age_s, ahead_s in connection.execute(WAITING_SQL).fetchall():
        rows.add_metric([lane], count)
        oldest = max(oldest, age_s)
        ahead = max(ahead, ahead_s)
    yield rows
    yield gauge("jusha_inbox_oldest_seconds", "Age of the oldest row not settled yet", oldest)
    yield gauge(
        "jusha_clock_behind_seconds", "How far the database's clock is behind the inbox", ahead
    )


def counts(connection: psycopg.Connection[Any]) -> Iterator[Metric]:
    """What is settled and what stands aside. Reads: tlog_entries, settlement_stuck, giving_case."""
    before = time.time()
    entries, stuck, cases, clock = connection.execute(COUNTS_SQL).fetchone() or (0, 0, 0, 0.0)
    after = time.time()
    off = max(before - clock, clock - after, 0.0)
    yield gauge("jusha_log_settled_entries", "Log entries settled", entries or 0)
    yield gauge("jusha_envelopes_stuck", "Envelopes that ever stood aside", stuck)
    yield gauge("jusha_cases", "Cases ever opened for a person", cases or 0)
    yield gauge("jusha_clock_difference_seconds", "Database's clock against this process's", off)


def pools(connection: psycopg.Connection[Any]) -> Iterator[Metric]:
    """Today's windows. Reads: matching_window, matching_pool, ledger_account."""
    have = GaugeMetricFamily("jusha_pool_available_fen", "What it can promise", labels=["pool"])
    left = GaugeMetricFamily(
        "jusha_pool_window_left_fen", "What today's window may still give", labels=["pool"]
    )
    today = local_day(int(time.time()))
    for code, available, remaining in connection.execute(POOLS_SQL, (today,)).fetchall():
        have.add_metric([code], available)
        left.add_metric([code], remaining)
    yield from (have, left)


def secrets_missing(connection: psycopg.Connection[Any], home: Path) -> Iterator[Metric]:
    """Committed secrets whose file is not there. Reads: matching_seed."""
    folder = home / "secrets" / "match"
    hashes = [bytes(digest).hex() for (digest,) in connection.execute(SEEDS_SQL).fetchall()]
    gone = sum(not (folder / name).exists() for name in hashes)
    yield gauge("jusha_secrets_missing", "Committed, not revealed, and not in secrets/match", gone)


def money(connection: psycopg.Connection[Any], *, at: float) -> Iterator[Metric]:
    """What went wrong with money's way in and out, and waits for a person; `at` in Unix seconds.

    A payment by hand that settlement refused counts as long as its gift is owed anything.
    Reads: jusha_sending, jusha_handpaid, settlement_outcome, giving_refund, giving_repaid,
    jusha_railbill, jusha_hook.
    """
    late = local_day(int(at) - BILL_LATE_SECONDS) - 1
    days = {"from": day_text(late - BILL_DAYS), "to": day_text(late)}
    row = connection.execute(MONEY_SQL, days).fetchone()
    assert row is not None
    undelivered, bills, off = row
    yield gauge("jusha_refunds_undelivered", "Refunds owed that no rail delivers", undelivered)
    yield gauge("jusha_rail_bills_late", "Days of a rail whose bill is not here", bills)
    yield gauge("jusha_hooks_off", "Webhooks that are switched off", off)


def limits(connection: psycopg.Connection[Any]) -> Iterator[Metric]:
    """Connections and the archive. Reads: the server's own views."""
    row = connection.execute(LIMITS_SQL, (SLOT,)).fetchone()
    assert row is not None
    used, most, archiving, archived, failed, last_at, last, now, segment, active, lag = row
    yield gauge("jusha_database_connections", "Connections in use", used)
    yield gauge("jusha_database_connections_max", "Connections that the server takes", most)
    yield gauge("jusha_archive_on", "Whether the write-ahead log is archived", archiving)
    yield CounterMetricFamily("jusha_archive_failed", "Failed tries to archive", value=failed)
    yield CounterMetricFamily("jusha_archive_segments", "Segments archived", value=archived)
    yield gauge("jusha_archive_timestamp_seconds", "When a segment was last archived", last_at)
    behind = segments_between(last, now, segment_bytes=int(segment)) if archiving else 0
    yield gauge("jusha_archive_waiting_segments", "Full segments not archived yet", behind)
    if active is not None:
        yield gauge("jusha_stream_connected", "Whether the stream of the archive is open", active)
        yield gauge("jusha_stream_waiting_bytes", "What the stream has not taken yet", lag or 0)


def segments_between(last: str | None, now: str, *, segment_bytes: int) -> int:
    """Full segments after the last archived one and before the one that is written now.

    Names are 8 hex digits of timeline, 8 of log, 8 of segment in the log. A name of another kind
    (a history file, a backup label) or of another timeline counts as nothing behind.
    """
    digits = 24
    if last is None or len(last) != digits or last[:8] != now[:8]:
        return 0

    def place(name: str) -> int:
        return int(name[8:16], 16) * (0x1_0000_0000 // segment_bytes) + int(name[16:24], 16)

    return max(place(now) - place(last) - 1, 0)

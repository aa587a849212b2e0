"""What the API reads that no room's own queries give."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Final, NamedTuple

from django.db import connection

from jusha.api.models import ApiOrder, Hook, HookEvent
from jusha.api.rules import DEAD, ON, WAITING
from jusha.merkle.tiles import decode_bundle

LOCK_SQL: Final = "SELECT pg_try_advisory_xact_lock(hashtextextended(%s, 20261123))"


def try_lock(about: bytes) -> bool:
    """Take a lock until the transaction ends, without waiting; False: somebody has it."""
    with connection.cursor() as cursor:
        cursor.execute(LOCK_SQL, (about.hex(),))
        return bool(cursor.fetchone()[0])


@dataclass(frozen=True, slots=True)
class AsOf:
    """How far settlement was: entries in the log, and when the newest batch was settled."""

    entries: int
    at: datetime | None


def as_of() -> AsOf:
    """How far settlement is; ask before the sums, which then count at least so much.

    Reads: settlement_batch.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT next, settled_at FROM settlement_batch ORDER BY id DESC LIMIT 1")
        row = cursor.fetchone()
    return AsOf(int(row[0]), row[1]) if row else AsOf(0, None)


def is_order_of(order_no: int, key: int) -> bool:
    """Whether a key placed the order. Reads: jusha_apiorder."""
    return ApiOrder.objects.filter(order_no=order_no, key=key).exists()


class Concern(NamedTuple):
    """Whom a gift concerns: its order, the key that placed that, its charity's code."""

    order_no: int
    key: int
    charity: str


def concerns(gifts: Collection[int]) -> dict[int, Concern]:
    """Whom these gifts concern, in one question; 0 and "" where nobody is known.

    Of held money the order's project counts. Reads: giving_deed, payments_order, projects_fund,
    charities_payee, jusha_apiorder.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT d.number, d.order_no, coalesce(a.key, 0), coalesce(p.code, '')"
            " FROM giving_deed d LEFT JOIN jusha_apiorder a ON a.order_no = d.order_no"
            " LEFT JOIN payments_order o ON o.no = d.order_no AND d.project = 0"
            " LEFT JOIN projects_fund f ON f.project = coalesce(nullif(d.project, 0), o.project)"
            " LEFT JOIN charities_payee p ON p.id = f.payee WHERE d.number = ANY(%s)",
            (list(gifts),),
        )
        return {row[0]: Concern(*row[1:]) for row in cursor.fetchall()}


def webhooks_of(key: int) -> list[Hook]:
    """A key's webhooks, oldest first. Reads: jusha_hook."""
    return list(Hook.objects.filter(key=key).order_by("id"))


def webhook(public: str, key: int) -> Hook | None:
    """One webhook of a key. Reads: jusha_hook."""
    return Hook.objects.filter(public=public, key=key).first()


class Backlog(NamedTuple):
    """What a webhook has not taken: events that wait, and events that were set aside."""

    waiting: int
    dead: list[HookEvent]


def backlog(hook: int, *, shown: int) -> Backlog:
    """What a webhook has not taken; of the dead the oldest `shown`. Reads: jusha_hookevent."""
    events = HookEvent.objects.filter(hook=hook)
    dead = list(events.filter(state=DEAD).defer("body").order_by("id")[:shown])
    return Backlog(events.filter(state=WAITING).count(), dead)


def waiting(hooks: Collection[int]) -> dict[int, int]:
    """How many events wait for each webhook; without those that have none.

    Reads: jusha_hookevent.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT hook, count(*) FROM jusha_hookevent WHERE hook = ANY(%s) AND state = %s"
            " GROUP BY hook",
            (list(hooks), WAITING),
        )
        return dict(cursor.fetchall())


def oldest_due(now: datetime, *, without: Collection[int], most: int) -> list[HookEvent]:
    """The oldest waiting event of each webhook that may be called now, longest due first.

    Reads: jusha_hook, jusha_hookevent.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT e.id FROM jusha_hook h CROSS JOIN LATERAL (SELECT id FROM jusha_hookevent"
            " WHERE hook = h.id AND state = %s ORDER BY id LIMIT 1) e WHERE h.state = %s"
            " AND h.next_at <= %s AND h.id <> ALL(%s) ORDER BY h.next_at LIMIT %s",
            (WAITING, ON, now, list(without), most),
        )
        found = [row[0] for row in cursor.fetchall()]
    events = HookEvent.objects.in_bulk(found)
    return [events[each] for each in found if each in events]


def entries_from(first: int, *, until: int, most: int) -> list[bytes]:
    """The entries numbered from `first` to below `until`, at most `most`, in one question.

    Reads: tlog_entries.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT first, count, entries FROM tlog_entries WHERE first >= coalesce((SELECT"
            " max(first) FROM tlog_entries WHERE first <= %(from)s), 0) AND first < %(to)s"
            " ORDER BY first",
            {"from": first, "to": min(until, first + most)},
        )
        found: list[bytes] = []
        for begins, width, raw in cursor.fetchall():
            entries = decode_bundle(bytes(raw), width=width)
            found += entries[max(first - begins, 0) : min(until, first + most) - begins]
    return found

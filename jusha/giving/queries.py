"""Reading deeds for pages."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final, NamedTuple
from uuid import UUID

import msgspec
from django.db import connection
from django.db.models import Sum

from jusha.giving.models import Case, Deed, Refund
from jusha.inbox.keys import deed_key
from jusha.money.clock import day_text, local_day
from jusha.payments.models import Channel, Paid
from jusha.projects.line import Interval, intervals
from jusha.projects.queries import funds_numbered

PUBLISHED_SQL: Final = (Path(__file__).parent / "sql" / "published_accounts.sql").read_text()
GIFTS_SQL: Final = (Path(__file__).parent / "sql" / "gifts_of_names.sql").read_text()
ORDERS_SQL: Final = (Path(__file__).parent / "sql" / "gifts_of_orders.sql").read_text()
ORDER_DAY: Final = 10**10
"""An order's number is its UTC day as yyyymmdd, and ten digits."""

RECENT_ENTRIES: Final = 100_000
"""How far back a project's newest deeds are looked for: bounds the scan of a quiet project."""


@dataclass(frozen=True, slots=True)
class Today:
    """What was settled of a day so far: deeds that were given, held ones left out."""

    deeds: int
    given: int
    at: datetime


def since(midnight: datetime, *, at: datetime) -> Today:
    """Count the deeds received since midnight and add up their yuan, in fen.

    A deed received after midnight was settled after it, so the day's first batch bounds
    the scan. Reads: giving_deed, settlement_batch.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*), coalesce(sum(amount) FILTER (WHERE asset = 1), 0)::bigint"
            " FROM giving_deed WHERE NOT held AND received_at >= %s AND number >="
            " (SELECT min(first) FROM settlement_batch WHERE settled_at >= %s)",
            (midnight, midnight),
        )
        deeds, given = cursor.fetchone()
    return Today(deeds, given, at)


class Minute(NamedTuple):
    """What a campaign got in one minute of a Shanghai day: gifts, and yuan in fen."""

    minute: int
    gifts: int
    given: int


def by_minute(campaign: int, midnight: datetime) -> list[Minute]:
    """What the campaign got since `midnight` by minute of receipt; empty minutes left out.

    Bounded as `since` is, but it reads every deed of the day: ask once a minute at most.
    Reads: giving_deed, settlement_batch.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT floor(extract(epoch FROM received_at - %s) / 60)::int AS at,"
            " count(*), sum(amount)::bigint FROM giving_deed"
            " WHERE campaign = %s AND NOT held AND asset = 1 AND received_at >= %s AND number >="
            " (SELECT min(first) FROM settlement_batch WHERE settled_at >= %s)"
            " GROUP BY at ORDER BY at",
            (midnight, campaign, midnight, midnight),
        )
        return [Minute(*row) for row in cursor.fetchall()]


def numbers_of_external(secret: bytes, external_id: str) -> list[int]:
    """The entries that a rail's or bank's own number became, through channels of files.

    A merchant order number finds its gifts as well. `secret` is the installation's for names of
    deeds. Usually one; none for a number that no file had. Reads: payments_channel, giving_seen,
    giving_name, giving_deed, giving_refund.
    """
    channels = Channel.objects.filter(terms__clock="file").values_list("code", flat=True)
    keys = [UUID(bytes=deed_key(secret, code, external_id)) for code in channels]
    with connection.cursor() as cursor:
        cursor.execute(GIFTS_SQL, {"keys": [key.hex for key in keys]})
        return sorted({number for _, number, _ in cursor.fetchall()})


class Accounts(NamedTuple):
    """A published table of accounts: its entry's number, its hash in hex, what it says."""

    number: int
    digest: str
    told: dict[str, Any]


class AccountsDay(NamedTuple):
    """A day that has accounts: its newest entry, the hashes in hex of its table and of the old."""

    day: str
    number: int
    digest: str
    corrects: str


def accounts_days(charity: str) -> list[AccountsDay]:
    """The days that have accounts, newest first. Reads: tlog_table."""
    with connection.cursor() as cursor:
        cursor.execute(PUBLISHED_SQL, {"charity": charity})
        rows = cursor.fetchall()
    return [
        AccountsDay(day, number, bytes(hashed).hex(), old) for day, number, hashed, old in rows
    ][::-1]


def accounts_of(numbers: list[int]) -> list[Accounts]:
    """The tables that these entries published, in the order of the numbers. Reads: tlog_table."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT number, hash, body FROM tlog_table WHERE number = ANY(%s) ORDER BY number",
            (numbers,),
        )
        return [
            Accounts(number, bytes(hashed).hex(), msgspec.json.decode(bytes(body)))
            for number, hashed, body in cursor
        ]


def accounts_called(digest: str) -> dict[str, Any] | None:
    """What the table with this hash in hex says; None if there is none. Reads: tlog_table."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT body FROM tlog_table WHERE hash = decode(%s, 'hex')", (digest,))
        row = cursor.fetchone()
    found: dict[str, Any] | None = msgspec.json.decode(bytes(row[0])) if row else None
    return found


def accounts_at(number: int) -> Accounts | None:
    """The table that entry `number` published; None if it published none. Reads: tlog_table."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT hash, body FROM tlog_table WHERE number = %s", (number,))
        row = cursor.fetchone()
    if row is None:
        return None
    return Accounts(number, bytes(row[0]).hex(), msgspec.json.decode(bytes(row[1])))


def cases() -> int:
    """How many payments did not agree with their order and were put to a person.

    Reads: giving_case.
    """
    return Case.objects.count()


def refunds_of(number: int) -> list[Refund]:
    """What was sent back of a deed, oldest first. Reads: giving_refund."""
    return list(Refund.objects.filter(deed=number).order_by("number"))


def newest(project: int, count: int) -> list[Deed]:
    """The project's newest deeds among the last RECENT_ENTRIES entries. Reads: giving_deed."""
    last = Deed.objects.order_by("-number").values_list("number", flat=True).first()
    if last is None:
        return []
    found = Deed.objects.filter(project=project, held=False, number__gt=last - RECENT_ENTRIES)
    return list(found.order_by("-number")[:count])


class Tally(NamedTuple):
    """Deeds of a day up to entry `last`: how many were given, their yuan in fen."""

    deeds: int
    given: int
    last: int


def day_begins(midnight: datetime) -> int:
    """The number before the first entry settled since midnight; what is settled later is above.

    Reads: settlement_batch.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT coalesce(min(first) FILTER (WHERE settled_at >= %s), max(next), 0) - 1"
            " FROM settlement_batch",
            (midnight,),
        )
        return int(cursor.fetchone()[0])


def tally(midnight: datetime, *, after: int) -> Tally:
    """Count the deeds above number `after` that were received since midnight, held ones left out.

    One writer settles in the order of numbers, so what was counted up to a number is counted for
    good, and each call reads new rows alone. Reads: giving_deed.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FILTER (WHERE counts), coalesce(sum(amount) FILTER"
            " (WHERE counts AND asset = 1), 0)::bigint, coalesce(max(number), %(after)s)"
            " FROM (SELECT number, amount, asset, NOT held AND received_at >= %(since)s AS counts"
            " FROM giving_deed WHERE number > %(after)s) AS deeds",
            {"after": after, "since": midnight},
        )
        return Tally(*cursor.fetchone())


def refunded_after(number: int) -> tuple[int, int]:
    """How many refunds stand above an entry's number, and their yuan in fen.

    Reads: giving_refund, giving_deed.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*), coalesce(sum(back.amount), 0)::bigint FROM giving_refund AS back"
            " JOIN giving_deed AS deed ON deed.number = back.deed AND deed.asset = 1"
            " WHERE back.number > %s",
            (number,),
        )
        count, amount = cursor.fetchone()
        return int(count), int(amount)


class OrderedGift(NamedTuple):
    """An order and what became of it; amounts in the smallest unit of the asset's number.

    `number` is the gift's entry, None while nothing paid the order. `matched` is the match that
    stands now: without what went back, and without what a day's closing still has to share.
    """

    order_no: int
    asset: int
    ordered: int
    project: str
    charity: str
    ordered_at: datetime
    number: int | None
    given: int | None
    at: datetime | None
    refunded: int
    matched: int | None

    @property
    def net(self) -> int:
        """What was given and not sent back."""
        return (self.given or 0) - self.refunded


def gifts_of_orders(orders: Iterable[int], *, year: int | None = None) -> list[OrderedGift]:
    """What became of these orders, newest first; those that settlement refused are left out.

    `year` narrows to orders of a Shanghai year, by the time of the gift where there is one. One
    question. Reads: payments_order, payments_paid, giving_deed, giving_refund, matching_match,
    matching_clawback, projects_fund, charities_payee.
    """
    first, last = (
        (0, 9999_12_31) if year is None else ((year - 1) * 10**4 + 1201, year * 10**4 + 1231)
    )
    told: dict[str, Any] = {
        "orders": list(orders),
        "from": first * ORDER_DAY,
        "to": (last + 1) * ORDER_DAY,
    }
    with connection.cursor() as cursor:
        cursor.execute(ORDERS_SQL, told)
        found = [OrderedGift(*row) for row in cursor.fetchall()]
    return [each for each in found if year is None or shanghai_year(each.at) == year]


def shanghai_year(at: datetime | None) -> int:
    """The year of a moment in Shanghai; 0 for none."""
    return int(day_text(local_day(int(at.timestamp())))[:4]) if at else 0


class GiftLines(NamedTuple):
    """Where what is left of a gift lies in its project's two money lines, by line."""

    number: int
    project: int
    lines: dict[int, Interval]


def gift_lines(orders: Iterable[int]) -> list[GiftLines]:
    """Where the gifts of these orders lie, in the order of the log; what went back is left out.

    Three questions. Reads: payments_paid, giving_deed, giving_refund, projects_fund.
    """
    paid = Paid.objects.filter(order_no__in=list(orders)).values_list("number", flat=True)
    deeds = list(Deed.objects.filter(number__in=list(paid), held=False).order_by("number"))
    back = dict(
        Refund.objects.filter(deed__in=[each.number for each in deeds])
        .values_list("deed")
        .annotate(Sum("amount"))
    )
    permille = {
        fund.project: fund.running_permille
        for fund in funds_numbered({each.project for each in deeds})
    }
    found = []
    for deed in deeds:
        at = (deed.programme_at, deed.running_at)
        lines = intervals(deed.amount, permille[deed.project], at, back.get(deed.number, 0))
        found.append(GiftLines(deed.number, deed.project, lines))
    return found

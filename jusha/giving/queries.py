"""Reading deeds for pages."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final, NamedTuple
from uuid import UUID

import msgspec
from django.db import connection

from jusha.giving.models import Case, Deed, Refund
from jusha.inbox.keys import deed_key
from jusha.payments.models import Channel

PUBLISHED_SQL: Final = (Path(__file__).parent / "sql" / "published_accounts.sql").read_text()
GIFTS_SQL: Final = (Path(__file__).parent / "sql" / "gifts_of_names.sql").read_text()
DEED_FIELDS: Final = [field.attname for field in Deed._meta.concrete_fields]
DEED_SQL: Final = f"SELECT {', '.join(DEED_FIELDS)} FROM giving_deed WHERE number = %s"  # noqa: S608

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


def deed(number: int) -> Deed | None:
    """The deed of entry `number`; None where the entry is no deed. Reads: giving_deed.

    In plain SQL: the pages of deeds are asked for most, and building the question costs more than
    its answer.
    """
    with connection.cursor() as cursor:
        cursor.execute(DEED_SQL, (number,))
        row = cursor.fetchone()
    return Deed.from_db(connection.alias, DEED_FIELDS, row) if row else None


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

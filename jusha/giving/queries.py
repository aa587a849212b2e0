"""Reading deeds for pages."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final, NamedTuple
from uuid import UUID

import msgspec
from django.db import connection

from jusha.giving.models import Deed, Refund, Seen
from jusha.inbox.keys import deed_key
from jusha.payments.models import Channel

PUBLISHED_SQL: Final = (Path(__file__).parent / "sql" / "published_accounts.sql").read_text()

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


def deed(number: int) -> Deed | None:
    """The deed of entry `number`; None where the entry is no deed. Reads: giving_deed."""
    return Deed.objects.filter(number=number).first()


def numbers_of_external(secret: bytes, external_id: str) -> list[int]:
    """The entries that a rail's or bank's own number became, through channels of files.

    `secret` is the installation's for names of deeds. Usually one; none for a number that no
    file had. Reads: payments_channel, giving_seen.
    """
    channels = Channel.objects.filter(terms__clock="file").values_list("code", flat=True)
    keys = [UUID(bytes=deed_key(secret, code, external_id)) for code in channels]
    found = Seen.objects.filter(key__in=keys).values_list("number", flat=True)
    return sorted(found)


class Accounts(NamedTuple):
    """A published table of accounts: its entry's number, its hash in hex, what it says."""

    number: int
    digest: str
    told: dict[str, Any]


def accounts_days(charity: str) -> list[tuple[str, int, str]]:
    """The days that have accounts, newest first: day, newest entry, what it corrected.

    Reads: tlog_table.
    """
    with connection.cursor() as cursor:
        cursor.execute(PUBLISHED_SQL, {"charity": charity})
        found = [(day, number, old) for day, number, _, old in cursor.fetchall()]
    return found[::-1]


def accounts_at(number: int) -> Accounts | None:
    """The table that entry `number` published; None if it published none. Reads: tlog_table."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT hash, body FROM tlog_table WHERE number = %s", (number,))
        row = cursor.fetchone()
    if row is None:
        return None
    return Accounts(number, bytes(row[0]).hex(), msgspec.json.decode(bytes(row[1])))


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

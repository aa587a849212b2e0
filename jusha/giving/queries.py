"""Reading deeds for pages."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db import connection

from jusha.giving.models import Deed, Refund

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

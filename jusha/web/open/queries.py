"""Reading what is published as open data: by keyset and by server-side cursor, never as a whole.

Nothing here knows a person. What may not be found on pages is in no table either.
"""

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import connection

from jusha.charities.models import Charity
from jusha.finding.models import Findable, FindVersion
from jusha.finding.queries import charities_shown, may_be_found
from jusha.finding.rules import PROJECT
from jusha.projects.models import Project

STEP: Final = 1_000
GIFTS_SQL: Final = """
SELECT f.code, y.code, count(*), sum(d.amount)::bigint
FROM giving_deed d
JOIN projects_fund f ON f.project = d.project
JOIN charities_payee y ON y.id = f.payee
JOIN jusha_findable i ON i.kind = 1 AND i.code = f.code
WHERE NOT d.held AND d.asset = 1 AND d.received_at >= %(from)s AND d.received_at < %(to)s
  AND d.number < %(size)s
  AND d.number >= (SELECT coalesce(min(b.first), 0) FROM settlement_batch b
                   WHERE b.settled_at >= %(from)s)
GROUP BY f.code, y.code ORDER BY f.code
"""
GRANTS_SQL: Final = """
SELECT r.number, r.amount, p.code, p.title_zh, p.summary_zh, c.code, c.name_zh, c.uscc, o.code,
       o.sponsor, b.settled_at, p.theme
FROM matching_release r
JOIN matching_pool o ON o.id = r.pool
JOIN projects_fund f ON f.project = r.project
JOIN jusha_project p ON p.code = f.code
JOIN jusha_charity c ON c.id = p.charity_id
JOIN jusha_findable i ON i.kind = 1 AND i.code = p.code
JOIN settlement_batch b ON b.first <= r.number AND r.number < b.next
WHERE r.number < %(size)s ORDER BY r.number
"""
FIRSTS_SQL: Final = """
SELECT code FROM (SELECT code, row_number() OVER (ORDER BY code) AS n FROM jusha_findable
                  WHERE kind = %(kind)s) AS all_codes
WHERE (n - 1) %% %(part)s = 0 ORDER BY code
"""


class Grant(NamedTuple):
    """A release of a pool to a project, with what a grant's entry names; the amount in fen."""

    number: int
    amount: int
    project: str
    title: str
    summary: str
    charity: str
    name: str
    uscc: str
    pool: str
    sponsor: str
    at: datetime
    theme: str


def indexed_at() -> datetime | None:
    """When the index last changed; None before the first sweep. Reads: jusha_findversion."""
    found = FindVersion.objects.first()
    return found.at if found else None


def projects() -> Iterator[list[Project]]:
    """All projects that may be found, with their charities, some at a time, by code."""
    after = ""
    while step := list(
        may_be_found().select_related("charity").filter(code__gt=after).order_by("code")[:STEP]
    ):
        yield step
        after = step[-1].code


def charities() -> Iterator[list[Charity]]:
    """All charities that may be found, some at a time, by code."""
    after = ""
    while step := list(charities_shown().filter(code__gt=after).order_by("code")[:STEP]):
        yield step
        after = step[-1].code


def facets_of(codes: list[str]) -> dict[str, Findable]:
    """What the index says of projects, by code. Reads: jusha_findable."""
    found = Findable.objects.filter(kind=PROJECT, code__in=codes).defer("head", "words")
    return {each.code: each for each in found}


def gifts_of(day: date, size: int) -> Iterator[tuple[str, str, int, int]]:
    """(project, charity, gifts, fen) of a Shanghai day, by code: entries below `size` alone.

    Reads: giving_deed, settlement_batch, projects_fund, charities_payee, jusha_findable.
    """
    midnight = datetime.combine(day, time(), ZoneInfo(settings.TIME_ZONE))
    values = {"from": midnight, "to": midnight + timedelta(days=1), "size": size}
    yield from _rows(GIFTS_SQL, values)


def grants(size: int) -> Iterator[Grant]:
    """What pools released to projects, in the log's order: entries below `size` alone.

    Reads: matching_release, matching_pool, projects_fund, jusha_project, jusha_charity,
    jusha_findable, settlement_batch.
    """
    yield from (Grant(*row) for row in _rows(GRANTS_SQL, {"size": size}))


def firsts(kind: int, *, part: int) -> list[str]:
    """The first code of each part of so many. Reads: jusha_findable."""
    with connection.cursor() as cursor:
        cursor.execute(FIRSTS_SQL, {"kind": kind, "part": part})
        return [code for (code,) in cursor]


def codes_from(kind: int, first: str, *, part: int) -> Iterator[str]:
    """So many codes from one on. Reads: jusha_findable."""
    found = Findable.objects.filter(kind=kind, code__gte=first).order_by("code")
    yield from found.values_list("code", flat=True)[:part].iterator()


def gift_days() -> tuple[date, date] | None:
    """The first and the last day that a settled gift was received on; None if there is none.

    By the first and the newest entry, so in no time. Reads: giving_deed.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT (SELECT received_at FROM giving_deed ORDER BY number LIMIT 1),"
            " (SELECT received_at FROM giving_deed ORDER BY number DESC LIMIT 1)"
        )
        first, last = cursor.fetchone()
    if first is None:
        return None
    here = ZoneInfo(settings.TIME_ZONE)
    return first.astimezone(here).date(), last.astimezone(here).date()


def _rows(sql: str, values: dict[str, Any]) -> Iterator[Any]:
    """Rows by a cursor of the server's, STEP at a time."""
    with connection.chunked_cursor() as cursor:
        cursor.execute(sql, values)
        while rows := cursor.fetchmany(STEP):
            yield from rows

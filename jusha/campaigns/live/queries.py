"""Reading rankings, and the one statement that counts a slice of the log into them."""

from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Final, NamedTuple

from django.db import connection
from django.db.models import Sum as Sum_

from jusha.campaigns.live.models import RankCursor, RankSum, WallName, WallWord
from jusha.campaigns.live.rank_rules import LISTED, Kind, Sum
from jusha.campaigns.live.wall_rules import FOUND_MAX, State, folded

STEP_SQL: Final = (Path(__file__).parent / "sql" / "rank_step.sql").read_text()
TOP_SQL: Final = (Path(__file__).parent / "sql" / "rank_top.sql").read_text()


def count_step(*, after: int, upto: int) -> int | None:
    """Count entries `after` <= n < `upto`; how many gifts, or None if the cursor is elsewhere.

    Reads, writes: see sql/rank_step.sql.
    """
    with connection.cursor() as cursor:
        cursor.execute(STEP_SQL, {"after": after, "upto": upto})
        row = cursor.fetchone()
    return int(row[0]) if row else None


def counted_to() -> int:
    """Below which entry gifts are counted. Reads: jusha_rankcursor."""
    return RankCursor.objects.values_list("number", flat=True).get(id=1)


def tops(campaign: int, *, most: int = LISTED) -> dict[Kind, list[Sum]]:
    """The sums of a campaign that are in any list of `most`, by kind, in one query.

    Reads: jusha_ranksum.
    """
    found: dict[Kind, list[Sum]] = {kind: [] for kind in Kind}
    with connection.cursor() as cursor:
        cursor.execute(TOP_SQL, {"campaign": campaign, "most": most})
        for kind, *columns in cursor.fetchall():
            found[Kind(kind)].append(Sum(*columns))
    return found


def totals(campaigns: Iterable[int]) -> dict[int, Sum]:
    """What the rankings count in each campaign, as one sum over its charities.

    Reads: jusha_ranksum.
    """
    rows = RankSum.objects.filter(campaign__in=list(campaigns), kind=Kind.CHARITY)
    columns = ("gifts", "persons", "donated", "refunded")
    sums = rows.values_list("campaign").annotate(*(Sum_(name) for name in columns))
    return {campaign: Sum("", *(int(each) for each in found)) for campaign, *found in sums}


def named_gifts(after: int, upto: int) -> list[tuple[int, int, int]]:
    """Number, campaign and order of gifts whose donor wished the name on the wall.

    Of entries `after` <= n < `upto`, in campaigns. Reads: giving_deed, jusha_wallwish.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT d.number, d.campaign, d.order_no FROM giving_deed d"
            " JOIN jusha_wallwish w ON w.order_no = d.order_no"
            " WHERE d.number >= %s AND d.number < %s AND d.campaign > 0 AND NOT d.held"
            " ORDER BY d.number DESC",
            (after, upto),
        )
        return [(int(number), int(campaign), int(order)) for number, campaign, order in cursor]


class Second(NamedTuple):
    """What one campaign got in one second of receipt; fen."""

    campaign: int
    second: int
    gifts: int
    given: int


def seconds_after(number: int, upto: int, *, since: datetime) -> list[Second]:
    """Gifts of entries `number` <= n < `upto` by campaign and second of receipt since `since`.

    Reads: giving_deed.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT campaign, floor(extract(epoch FROM received_at))::bigint AS second, count(*),"
            " sum(amount)::bigint FROM giving_deed WHERE number >= %s AND number < %s"
            " AND campaign > 0 AND asset = 1 AND NOT held AND received_at >= %s GROUP BY 1, 2",
            (number, upto, since),
        )
        return [Second(*(int(each) for each in row)) for row in cursor]


def first_settled_since(since: datetime) -> int | None:
    """The first entry of a batch that was settled since; None if there is none.

    Reads: settlement_batch.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT min(first) FROM settlement_batch WHERE settled_at >= %s", (since,))
        found = cursor.fetchone()[0]
    return None if found is None else int(found)


def provinces(campaign: int) -> dict[str, int]:
    """What each province gave in a campaign, in fen. Reads: jusha_ranksum."""
    rows = RankSum.objects.filter(campaign=campaign, kind=Kind.PROVINCE)
    return {
        code: donated - refunded
        for code, donated, refunded in rows.values_list("code", "donated", "refunded")
    }


def newest_names(campaign: int, *, most: int) -> list[WallName]:
    """The names that hang, newest first. Reads: jusha_wallname."""
    shown = WallName.objects.filter(campaign=campaign, state=State.SHOWN)
    return list(shown.order_by("-number")[:most])


def names_like(campaign: int, text: str, *, most: int = FOUND_MAX) -> list[WallName]:
    """Names that begin as `text` does, exact ones first. Reads: jusha_wallname.

    An index serves the prefix, so that twelve million names cost what fifty do.
    """
    key = folded(text)
    if not key:
        return []
    shown = WallName.objects.filter(campaign=campaign, state=State.SHOWN, key__startswith=key)
    return list(shown.order_by("key", "number")[:most])


def names_waiting(*, most: int = 200) -> list[WallName]:
    """Names that wait for a person, oldest first. Reads: jusha_wallname."""
    waiting = WallName.objects.filter(state__in=[State.HELD, State.HIDDEN])
    return list(waiting.order_by("number")[:most])


def count_waiting() -> int:
    """How many names wait for a person. Reads: jusha_wallname."""
    return WallName.objects.filter(state__in=[State.HELD, State.HIDDEN]).count()


def wall_words() -> list[str]:
    """The words that hold a name back, in their order. Reads: jusha_wallword."""
    return list(WallWord.objects.order_by("word").values_list("word", flat=True))

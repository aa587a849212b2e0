"""Reading rankings, and the one statement that counts a slice of the log into them."""

from collections.abc import Iterable
from pathlib import Path
from typing import Final

from django.db import connection
from django.db.models import Sum as Sum_

from jusha.campaigns.live.models import RankCursor, RankSum
from jusha.campaigns.live.rank_rules import LISTED, Kind, Sum

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

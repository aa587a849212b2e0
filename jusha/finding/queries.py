"""Reading the index: pages of what is found, in an order that anyone can work out."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, NamedTuple

from django.db import connection
from django.db.models import QuerySet

from jusha.charities.models import Charity
from jusha.finding.rules import CHARITY, PAGE, PROJECT, Asked, Cursor
from jusha.projects.hold_queries import standing
from jusha.projects.hold_rules import TAKEN_DOWN
from jusha.projects.models import Fund, Project
from jusha.projects.raising import raising

COUNTED_MAX: Final = 1_000
"""Hits are counted up to here; beyond, the page says "more than"."""
IN_NAMES: Final = 0
IN_TEXTS: Final = 1
# Conditions are put together of these alone; what somebody typed is always a parameter.
QUERY: Final = "(%(pairs)s::tsquery && plainto_tsquery('english', %(words)s))"
WHERE: Final = {
    "charity": "f.charity = %(charity)s",
    "theme": "f.theme = %(theme)s",
    "region": "f.region = %(region)s",
    "open": "f.takes",
    "reached": "f.reached",
    "ended": "f.ends_on < %(today)s",
}
MATCH: Final = {
    None: f"f.words @@ {QUERY}",
    IN_NAMES: f"f.head @@ {QUERY}",
    IN_TEXTS: f"f.words @@ {QUERY} AND NOT f.head @@ {QUERY}",
}


def may_be_found() -> QuerySet[Project]:
    """The projects whose pages are for everybody: published ones that are not taken down.

    A draft has no row here.
    Reads: jusha_project, jusha_projecthold.
    """
    down = standing().filter(cause=TAKEN_DOWN).values("project")
    return Project.objects.exclude(code__in=down)


def charities_shown() -> QuerySet[Charity]:
    """The charities whose pages are for everybody. Reads: jusha_charity."""
    return Charity.objects.all()


def taking(day: date) -> QuerySet[Project, Any]:
    """Codes of the projects that take gifts on a day, as a part of another question.

    Reads: projects_fund, and what `raising` reads.
    """
    funded = Fund.objects.filter(state="open").values("code")
    return raising(day).filter(code__in=funded)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is looked for: words, a kind, filters ("" is none), and the order."""

    kind: int
    asked: Asked
    today: date
    theme: str = ""
    region: str = ""
    charity: str = ""
    state: str = ""
    fair: bool = False
    """In the order of the day alone; else what has the words in its names comes first."""

    @property
    def filters(self) -> tuple[str, ...]:
        """The names of the conditions that are asked for."""
        named = tuple(name for name in ("charity", "theme", "region") if getattr(self, name))
        return (*named, self.state) if self.state else named


class Row(NamedTuple):
    """One hit: its code, the cursor behind which the rest begins, whether it took gifts."""

    code: str
    cursor: Cursor
    takes: bool


class Page(NamedTuple):
    """Some hits in order, where the next page begins (None: there is none), the order's day."""

    rows: tuple[Row, ...]
    more: Cursor | None
    day: date | None


def page(wanted: Wanted, *, behind: Cursor | None = None, size: int = PAGE) -> Page:
    """The hits behind a cursor, in the published order.

    Two questions at most, and one for the day. A cursor of a day whose order is no longer kept
    begins anew. Reads: jusha_findable, jusha_findplace.
    """
    day = _day_of(behind) or order_day(wanted.today)
    if day is None:
        return Page((), None, None)
    if behind is not None and behind.day != day:
        behind = None
    split = bool(wanted.asked) and not wanted.fair
    found: list[Row] = []
    for tier in (IN_NAMES, IN_TEXTS) if split else (None,):
        if behind is not None and tier is not None and tier < behind.tier:
            continue
        start = behind if behind and tier in {None, behind.tier} else None
        found += _rows(wanted, day, tier, start, size + 1 - len(found))
        if len(found) > size:
            break
    rows = tuple(found[:size])
    return Page(rows, rows[-1].cursor if len(found) > size else None, day)


def _rows(
    wanted: Wanted, day: date, tier: int | None, start: Cursor | None, most: int
) -> list[Row]:
    """Up to `most` hits of a tier behind a place."""
    conditions = ["p.day = %(day)s", "p.kind = %(kind)s", *(WHERE[e] for e in wanted.filters)]
    if wanted.asked:
        conditions.append(MATCH[tier])
    if start is not None:
        conditions.append("(p.place, p.found) > (%(place)s, %(found)s)")
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT f.code, p.place, p.found, f.takes FROM jusha_findplace p"  # noqa: S608 - see WHERE
            " JOIN jusha_findable f ON f.id = p.found"
            f" WHERE {' AND '.join(conditions)} ORDER BY p.place, p.found LIMIT %(most)s",
            _values(wanted)
            | {"day": day, "most": most}
            | ({"place": start.place, "found": start.id} if start else {}),
        )
        return [
            Row(code, Cursor(day, tier or 0, place, found), takes)
            for code, place, found, takes in cursor
        ]


def _values(wanted: Wanted) -> dict[str, Any]:
    return {
        "kind": wanted.kind,
        "pairs": wanted.asked.pairs,
        "words": wanted.asked.words,
        "theme": wanted.theme,
        "region": wanted.region,
        "charity": wanted.charity,
        "today": wanted.today,
    }


def count(wanted: Wanted) -> int:
    """How many hits there are, counted up to COUNTED_MAX + 1. Reads: jusha_findable."""
    conditions = [WHERE[each] for each in wanted.filters]
    if wanted.asked:
        # Of the kind nearly all are: an index on it would be read as a whole for nothing.
        conditions += [MATCH[None], "f.kind + 0 = %(kind)s"]
    else:
        conditions.append("f.kind = %(kind)s")
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM (SELECT FROM jusha_findable f"  # noqa: S608 - as above
            f" WHERE {' AND '.join(conditions)} LIMIT {COUNTED_MAX + 1}) AS hits",
            _values(wanted),
        )
        return int(cursor.fetchone()[0])


def order_day(today: date) -> date | None:
    """The newest day up to `today` whose order is made; None before the first sweep.

    Reads: jusha_findplace.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT max(day) FROM jusha_findplace WHERE day <= %s", (today,))
        found: date | None = cursor.fetchone()[0]
    return found


def _day_of(behind: Cursor | None) -> date | None:
    """The day of a cursor, if its order is still kept."""
    if behind is None:
        return None
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM jusha_findplace WHERE day = %s LIMIT 1", (behind.day,))
        return behind.day if cursor.fetchone() else None


def first_places(day: date, count: int) -> list[tuple[str, str]]:
    """The first projects in the order of exactly that day that took gifts at the last round.

    Each with its charity's code. Empty where that order is not made.
    Reads: jusha_findable, jusha_findplace.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT f.code, f.charity FROM jusha_findplace p"
            " JOIN jusha_findable f ON f.id = p.found"
            " WHERE p.day = %s AND p.kind = 1 AND f.takes ORDER BY p.place, p.found LIMIT %s",
            (day, count),
        )
        return [(code, charity) for code, charity in cursor]


class Facets(NamedTuple):
    """What can be filtered by: values that occur, with how often, the most frequent first."""

    themes: tuple[tuple[str, int], ...]
    """Fields of work of projects."""
    forms: tuple[tuple[str, int], ...]
    """Forms of charities (charities/rules.ORGANISATIONS), kept where a project has its field."""
    regions: tuple[tuple[str, int], ...]
    projects: int
    charities: int


def facets() -> Facets:
    """All values of all filters; reads the whole index, so ask once a minute at most.

    Reads: jusha_findable.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT theme, region, kind, count(*) FROM jusha_findable"
            " GROUP BY GROUPING SETS ((kind, theme), (kind, region), (kind))"
        )
        rows = cursor.fetchall()
    return Facets(
        _most([(t, n) for t, r, kind, n in rows if t and r is None and kind == PROJECT]),
        _most([(t, n) for t, r, kind, n in rows if t and r is None and kind == CHARITY]),
        _most([(r, n) for t, r, kind, n in rows if r and t is None and kind == PROJECT]),
        sum(n for t, r, kind, n in rows if t is r is None and kind == PROJECT),
        sum(n for t, r, kind, n in rows if t is r is None and kind == CHARITY),
    )


def _most(pairs: Iterable[tuple[str, int]]) -> tuple[tuple[str, int], ...]:
    return tuple(sorted(pairs, key=lambda pair: (-pair[1], pair[0])))


def shown_projects(codes: Sequence[str]) -> list[Project]:
    """Those of the projects that may be found at this moment, in the order of the codes.

    What was taken down since the last round is left out. Reads: jusha_project, jusha_charity.
    """
    found = may_be_found().select_related("charity").filter(code__in=codes)
    by_code = {each.code: each for each in found}
    return [by_code[code] for code in codes if code in by_code]


def shown_charities(codes: Sequence[str]) -> list[Charity]:
    """As `shown_projects`, of charities. Reads: jusha_charity."""
    by_code = {each.code: each for each in charities_shown().filter(code__in=codes)}
    return [by_code[code] for code in codes if code in by_code]


def waiting() -> int:
    """How many changes wait to be read. Reads: jusha_finddue."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM jusha_finddue")
        return int(cursor.fetchone()[0])

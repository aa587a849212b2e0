"""Reading projects and their money lines for pages."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Final

from django.db import connection
from django.db.models import CharField, F, Func, Q, QuerySet, Sum, Value
from django.db.models.functions import Coalesce, Concat

from jusha.projects.line import PROGRAMME, RUNNING
from jusha.projects.models import Fund, Project, Void
from jusha.projects.published import Filed, Published, Relative
from jusha.projects.raising import raising

PUBLISHED_SQL: Final = (Path(__file__).parent / "sql" / "published.sql").read_text()


@dataclass(frozen=True, slots=True)
class Line:
    """One band of a project's money line, in fen: what came in, went back, was spent.

    Everything before `spent_to` is spent or went back.
    """

    head: int
    void: int
    spent: int = 0
    spent_to: int = 0

    @property
    def left(self) -> int:
        """What was not spent yet."""
        return self.net - self.spent

    @property
    def net(self) -> int:
        """What came in and did not go back."""
        return self.head - self.void


@dataclass(frozen=True, slots=True)
class MoneyLine:
    """A project's two bands: money for the programme, money for running costs."""

    programme: Line
    running: Line

    @property
    def net(self) -> int:
        """What both bands hold together, in fen."""
        return self.programme.net + self.running.net


def find(code: str) -> Project | None:
    """The project with its charity, in one query; None if no page was written for the code.

    Reads: jusha_project, jusha_charity.
    """
    return Project.objects.select_related("charity").filter(code=code).first()


def of_charity(charity: str) -> list[Project]:
    """The charity's projects that have a page, oldest first.

    Reads: jusha_project, jusha_charity.
    """
    found = Project.objects.select_related("charity").filter(charity__code=charity)
    return list(found.order_by("starts_on", "code"))


def named(codes: Iterable[str]) -> dict[str, Project]:
    """Projects by code, in one query; codes without a page are left out.

    Reads: jusha_project.
    """
    return {project.code: project for project in Project.objects.filter(code__in=set(codes))}


def fund(code: str) -> Fund | None:
    """What settlement knows of the project; None if it was never opened.

    Reads: projects_fund.
    """
    return Fund.objects.filter(code=code).first()


def funds(codes: Iterable[str]) -> dict[str, Fund]:
    """Funds by project code, in one query. Reads: projects_fund."""
    return {found.code: found for found in Fund.objects.filter(code__in=set(codes))}


def money_line(found: Fund) -> MoneyLine:
    """The two bands of the fund's money line. Reads: projects_void."""
    behind = Q(line=PROGRAMME, start__lt=found.programme_spent)
    behind |= Q(line=RUNNING, start__lt=found.running_spent)
    sums = {
        line: (void, passed)
        for line, void, passed in Void.objects.filter(project=found.project)
        .values_list("line")
        .annotate(Sum("length"), passed=Coalesce(Sum("length", filter=behind), 0))
    }
    return MoneyLine(
        _line(found.programme_head, found.programme_spent, *sums.get(PROGRAMME, (0, 0))),
        _line(found.running_head, found.running_spent, *sums.get(RUNNING, (0, 0))),
    )


def _line(head: int, spent_to: int, void: int, passed: int) -> Line:
    """`passed`: how much of `void` expenses passed over."""
    return Line(head, void, spent_to - passed, spent_to)


def named_with_charity(codes: Iterable[str]) -> dict[str, Project]:
    """Projects by code with their charities, in one query. Reads: jusha_project, jusha_charity."""
    found = Project.objects.select_related("charity").filter(code__in=set(codes))
    return {project.code: project for project in found}


def in_fair_order(day: str, *, open_on: date | None = None) -> QuerySet[Project]:
    """Projects that take gifts, in the published order of the day (2026-09-09, Shanghai).

    The order is SHA-256(day + " " + code), ascending: anyone can work it out, nobody can
    buy a place in it, and over the days every project is first equally often.
    With `open_on`, without those that may take no orders on that day (raising.py).
    Reads: jusha_project, jusha_charity, projects_fund, and with `open_on` as `raising`.
    """
    text = Concat(Value(f"{day} "), F("code"), output_field=CharField())
    place = Func(Func(text, Value("UTF8"), function="convert_to"), function="sha256")
    is_open = Fund.objects.filter(state="open").values("code")
    found = Project.objects.select_related("charity").filter(code__in=is_open)
    if open_on is not None:
        found = found.filter(code__in=raising(open_on))
    return found.order_by(place)


def after(code: str, *, charity: str = "", count: int) -> list[Project]:
    """The next projects behind a code, in the order of codes, of one charity if it is named.

    "" begins with the first. One query. Reads: jusha_project, jusha_charity.
    """
    found = Project.objects.select_related("charity").filter(code__gt=code)
    if charity:
        found = found.filter(charity__code=charity)
    return list(found.order_by("code")[:count])


def funds_numbered(numbers: Iterable[int]) -> list[Fund]:
    """Funds by settlement's numbers of their projects, in one query. Reads: projects_fund."""
    return list(Fund.objects.filter(project__in=set(numbers)))


def published(code: str, day: date) -> Published:
    """What is public of a project on a day. One question; reads as the statement says."""
    with connection.cursor() as cursor:
        cursor.execute(PUBLISHED_SQL, {"code": code, "day": day})
        row = cursor.fetchone()
    assert row is not None, "the statement gives one row always"
    net = row[3]
    told = [json.loads(row[at] or "null") for at in (0, 1, 2, 4, 5, 6)]
    plan, end, children, parent, runs, comes = told
    return Published(
        plan=plan["content"] if plan else None,
        version=plan["version"] if plan else 0,
        leftover=end["leftover"] if end else "",
        end_words=end["words"] if end else "",
        children=tuple(Relative(**each) for each in children or ()),
        net=net or 0,
        parent=Relative(**parent) if parent else None,
        filing=_filed(runs),
        coming=_filed(comes),
    )


def _filed(told: dict[str, Any] | None) -> Filed | None:
    if told is None:
        return None
    starts_on, ends_on = (date.fromisoformat(told[name]) for name in ("starts_on", "ends_on"))
    return Filed(told["number"], starts_on, ends_on, told.get("plan"), told.get("version") or 0)


def plan_on(code: str, day: date) -> int:
    """The version of a project's plan that is in force on a day; 0 where none is kept.

    Reads: jusha_projectplan, jusha_filing.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT jusha_plan_on(%s, %s)", (code, day))
        row = cursor.fetchone()
    assert row is not None, "a function gives one row"
    return int(row[0])

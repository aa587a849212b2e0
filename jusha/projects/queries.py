"""Reading projects and their money lines for pages."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from django.db.models import CharField, F, Func, QuerySet, Sum, Value
from django.db.models.functions import Concat

from jusha.projects.models import Fund, Project, Void

PROGRAMME: Final = 1
RUNNING: Final = 2


@dataclass(frozen=True, slots=True)
class Line:
    """One band of a project's money line, in fen: what came in, and what refunds took out."""

    head: int
    void: int

    @property
    def net(self) -> int:
        """What the band holds."""
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
    """The two bands of the fund's money line, refunds taken out. Reads: projects_void."""
    sums = dict(
        Void.objects.filter(project=found.project).values_list("line").annotate(Sum("length"))
    )
    return MoneyLine(
        Line(found.programme_head, sums.get(PROGRAMME, 0)),
        Line(found.running_head, sums.get(RUNNING, 0)),
    )


def in_fair_order(day: str) -> QuerySet[Project]:
    """Projects that take gifts, in the published order of the day (2026-09-09, Shanghai).

    The order is SHA-256(day + " " + code), ascending: anyone can work it out, nobody can
    buy a place in it, and over the days every project is first equally often.
    Reads: jusha_project, jusha_charity, projects_fund.
    """
    text = Concat(Value(f"{day} "), F("code"), output_field=CharField())
    place = Func(Func(text, Value("UTF8"), function="convert_to"), function="sha256")
    is_open = Fund.objects.filter(state="open").values("code")
    return Project.objects.select_related("charity").filter(code__in=is_open).order_by(place)

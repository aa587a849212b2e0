"""Whether a project may take orders on a day, and why not: the one place that says so.

Nothing is switched off by a job. Certificate, filing, holds and overdue reports are compared with
the day whenever somebody asks: pages, the API, lists and the orders of prepared gifts. Settlement
does not ask: what was paid is booked (docs/design/0021, 0025).
"""

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any, Final

from django.db.models import (
    Case,
    Exists,
    F,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    When,
)

from jusha.charities.models import Certificate
from jusha.charities.qualification import standing
from jusha.charities.queries import certificate, qualified
from jusha.law.queries import figure
from jusha.law.rules import NoFigureError
from jusha.projects.disclosure_queries import overdue
from jusha.projects.hold_queries import held
from jusha.projects.models import Fund, Project
from jusha.projects.plan_models import Filing
from jusha.projects.rules import Hindrance, filing_standing
from jusha.projects.target_models import TargetRoom

EMERGENCY_DAYS: Final = "emergency-filing-days"


def filing(code: str, day: date) -> Filing | None:
    """The filing that holds for a project on a day, valid or not; None if nobody recorded one.

    Of those that have begun the newest row; one for a later time waits for its first day. A
    child's is its parent's: ask for that.
    Reads: jusha_filing.
    """
    return _filings(code, day).first()


def _filings(code: str, day: date) -> QuerySet[Filing]:
    begun = Case(When(starts_on__lte=day, then=1), default=0)
    return Filing.objects.filter(project=code).order_by(begun.desc(), "-starts_on", "-id")


def filed(day: date) -> QuerySet[Filing, Any]:
    """Codes of the projects whose filing lets them raise money on a day, for another question.

    Reads: jusha_filing, jusha_lawrule, jusha_projecthold, jusha_disclosure.
    """
    begun = Filing.objects.filter(starts_on__lte=day)
    newest = begun.filter(project=OuterRef("project")).order_by("-starts_on", "-id").values("id")
    since = day - timedelta(days=_emergency_days(day))
    valid = begun.filter(~Q(number="") | Q(starts_on__gte=since), ends_on__gte=day)
    return valid.filter(id=Subquery(newest[:1])).values("project")


def raising(day: date) -> QuerySet[Project, Any]:
    """Codes of the projects that may take orders on a day, for another question.

    Whether settlement has a fund open for them is asked there (queries.in_fair_order).
    Reads: jusha_project, jusha_certificate, jusha_filing, jusha_lawrule, jusha_projecthold,
    jusha_disclosure, jusha_targetroom.
    """
    found = Project.objects.annotate(files=under(F("parent"), F("code")))
    found = found.filter(charity__code__in=qualified(day), files__in=filed(day))
    for stopped in (held(day), overdue(day)):  # a parent's own stops its children with it
        found = found.exclude(code__in=stopped).exclude(parent__in=stopped)
    found = found.exclude(code__in=TargetRoom.objects.filter(room=0).values("project"))
    return found.values("code")


def under(parent: F, code: F) -> Case:
    """Whose filing a project goes by: its parent's, if it has one."""
    return Case(When(parent="", then=code), default=parent)


def raising_of(codes: Iterable[str], day: date) -> set[str]:
    """Those of the projects that may take orders on a day. Reads: as `raising`."""
    return set(raising(day).filter(code__in=set(codes)).values_list("code", flat=True))


def hindrances(code: str, day: date) -> tuple[Hindrance, ...]:
    """Why a project takes no orders on a day; () if it may. Five questions.

    Its fund first, then the charity's certificate, then the project's filing: a page shows the
    first. Reads: projects_fund, and as `raising`.
    """
    project = Project.objects.select_related("charity").filter(code=code).first()
    if project is None:
        return (Hindrance("closed"),)
    fund = Fund.objects.filter(code=code).first()
    paper = certificate(project.charity.code, day)
    return tuple(standing_in_the_way(project, fund, day, paper=paper))


def standing_in_the_way(
    project: Project, fund: Fund | None, day: date, *, paper: Certificate | None
) -> list[Hindrance]:
    """As `hindrances`, for who has the project with its charity, fund and certificate in hand.

    Reads: jusha_filing, jusha_lawrule, jusha_projecthold, jusha_disclosure, jusha_targetroom.
    """
    found = []
    if fund is None or fund.state != "open":
        found.append(Hindrance("closed"))
    stands = standing(paper, day)
    if stands != "valid":
        found.append(Hindrance(f"certificate-{stands}"))
    return found + _of_filing(project, day)


def _of_filing(project: Project, day: date) -> list[Hindrance]:
    """What its filing, a hold and overdue reports put in the way; one question if it is filed."""
    family = [project.code, project.parent] if project.parent else [project.code]
    stops = {
        "held": Exists(held(day).filter(project__in=family)),
        "overdue": Exists(overdue(day).filter(project__in=family)),
        "full": Exists(TargetRoom.objects.filter(project=project.code, room=0)),
    }
    filed_one = _filings(project.parent or project.code, day).annotate(**stops).first()
    if filed_one is None:
        one = Project.objects.filter(pk=project.pk).annotate(**stops).get()
        return [Hindrance("filing-none"), *_stopped(one)]
    days = 0 if filed_one.number else _emergency_days(day)
    stands = filing_standing(filed_one, day, emergency_days=days)
    found = []
    if stands != "valid":
        on = filed_one.starts_on if stands == "not-yet" else filed_one.ends_on
        found.append(Hindrance(f"filing-{stands}", on))
    return found + _stopped(filed_one)


def _emergency_days(day: date) -> int:
    """How long an emergency goes without a number; -1, so not at all, while no figure is known."""
    try:
        return figure(EMERGENCY_DAYS, on=day)
    except NoFigureError:
        return -1


def _stopped(row: Any) -> list[Hindrance]:
    return [Hindrance(code) for code in ("held", "overdue", "full") if getattr(row, code)]

"""Reading which projects are held, for pages and for whether orders are taken."""

from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from typing import Any

from django.db.models import Max, OuterRef, QuerySet, Subquery
from django.utils.timezone import make_aware

from jusha.projects.hold_rules import PLACE
from jusha.projects.models import ProjectHold


def held(day: date) -> QuerySet[ProjectHold, Any]:
    """Codes of the projects that are held at the end of a Shanghai day, as part of a question.

    A hold begins at once and has no end until two lift it, so of today and of days to come
    it says what stands now. Reads: jusha_projecthold.
    """
    until = make_aware(datetime.combine(day + timedelta(days=1), time.min))
    written = ProjectHold.objects.filter(at__lt=until)
    newest = written.filter(project=OuterRef("project")).order_by("-id").values("id")[:1]
    return written.filter(what=PLACE, id=Subquery(newest)).values("project")


def current(code: str) -> ProjectHold | None:
    """The hold that stands on a project; None if none does. One question.

    Reads: jusha_projecthold.
    """
    newest = ProjectHold.objects.filter(project=code).order_by("-id").first()
    return newest if newest is not None and newest.what == PLACE else None


def current_of(codes: Iterable[str]) -> dict[str, ProjectHold]:
    """The holds that stand on any of the projects, by code. One question."""
    return {each.project: each for each in standing().filter(project__in=set(codes))}


def standing() -> QuerySet[ProjectHold]:
    """Every hold that stands, newest first. Reads: jusha_projecthold."""
    newest = ProjectHold.objects.values("project").annotate(last=Max("id")).values("last")
    return ProjectHold.objects.filter(id__in=newest, what=PLACE).order_by("-id")


def history(code: str) -> list[ProjectHold]:
    """All that was ever placed and lifted on a project, oldest first."""
    return list(ProjectHold.objects.filter(project=code).order_by("id"))

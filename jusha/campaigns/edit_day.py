"""Write a campaign's page: a draft until two persons open it, its words alone afterwards."""

from collections.abc import Iterable
from typing import Final
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils import timezone

from jusha.campaigns.day_rules import (
    PROJECTS_MAX,
    VENUES_MAX,
    DayRefusedError,
    Page,
    checked,
)
from jusha.campaigns.join_day import check_charities
from jusha.campaigns.models import Campaign, Terms
from jusha.campaigns.queries import written_by
from jusha.projects import queries as projects

FIXED: Final = ("parent", "is_rehearsal", "opens", "closes")
"""Of a campaign that settlement was told of."""


def save_page(
    page: Page,
    *,
    is_new: bool,
    is_sandbox: bool,
    by: UUID | None = None,
    with_projects: Iterable[str] | None = None,
) -> Campaign:
    """Write a page, new or again. `with_projects` are codes; None leaves them as they are.

    The words that stood before stay in jusha_campaignwords, with `by`: a trigger keeps them.
    Raises DayRefusedError. Reads: campaigns_terms, jusha_campaign, jusha_project, projects_fund,
    jusha_exclusion. Writes: jusha_campaign, jusha_campaignwords.
    """
    page = checked(page)
    if page.is_rehearsal and not is_sandbox:
        raise DayRefusedError("rehearsal")
    with transaction.atomic():
        before = Campaign.objects.select_for_update().filter(code=page.code).first()
        if is_new and (before is not None or Terms.objects.filter(code=page.code).exists()):
            raise DayRefusedError("code-taken")
        if before is not None and Terms.objects.filter(code=page.code).exists():
            page = page._replace(**{name: getattr(before, name) for name in FIXED})
        _check_kin(page)
        written_by(by)
        fields = page._asdict()
        try:
            with transaction.atomic():
                made, _ = Campaign.objects.update_or_create(
                    code=fields.pop("code"), defaults=fields
                )
        except IntegrityError as error:
            raise DayRefusedError("stale") from error
        if with_projects is not None:
            made.projects.set(_named(with_projects, page))
    return made


def page_of(found: Campaign) -> Page:
    """A campaign's page as it stands."""
    return Page(**{name: getattr(found, name) for name in Page._fields})


def _check_kin(page: Page) -> None:
    """A venue belongs to a day of its own kind, and within its times; what follows exists."""
    if page.predecessor and not Campaign.objects.filter(code=page.predecessor).exists():
        raise DayRefusedError("predecessor")
    if not page.parent:
        venues = Campaign.objects.filter(parent=page.code)
        if venues.exclude(is_rehearsal=page.is_rehearsal).exists():
            raise DayRefusedError("parent")
        return
    day = Campaign.objects.filter(code=page.parent, parent="").first()
    own = Campaign.objects.filter(parent=page.code).exists()
    if day is None or own or day.is_rehearsal != page.is_rehearsal:
        raise DayRefusedError("parent")
    if Campaign.objects.filter(parent=page.parent).exclude(code=page.code).count() >= VENUES_MAX:
        raise DayRefusedError("venues")


def _named(codes: Iterable[str], page: Page) -> list[int]:
    """Projects by code: settlement knows them, no exclusion meets them. Raises DayRefusedError."""
    wanted = [*dict.fromkeys(codes)]
    if not 0 < len(wanted) <= PROJECTS_MAX:
        raise DayRefusedError("no-projects")
    pages, funds = projects.named_with_charity(wanted), projects.funds(wanted)
    for code in wanted:
        if code not in pages or code not in funds:
            raise DayRefusedError("project", code)
    whose = {each.charity.code for each in pages.values()}
    check_charities(whose, page.opens, page.closes, now=timezone.now())
    return [pages[code].pk for code in wanted]

"""Reading what is due and what was published, for pages and for whether orders are taken."""

from collections.abc import Iterable
from datetime import date
from typing import Any, Final, NamedTuple

from django.db.models import Exists, OuterRef, QuerySet, Subquery
from django.utils.timezone import localdate

from jusha.law.queries import figure
from jusha.projects.disclosure_models import Disclosure, DisclosureDraft, DisclosurePaper
from jusha.projects.disclosure_rules import SOON_RULE, State, state

LISTED_MAX: Final = 200


class Item(NamedTuple):
    """One thing to publish with how it stands; `published_on` is its first version's day."""

    row: Disclosure
    due_on: date
    published_on: date | None
    state: State


def overdue(day: date) -> QuerySet[Disclosure, Any]:
    """Codes of the projects of which something is overdue on a day, as a part of a question.

    Reads: jusha_disclosure, jusha_disclosurepaper.
    """
    return _unpublished().filter(due_on__lt=day).exclude(project="").values("project")


def overdue_of_charity(charity: str, day: date) -> list[Disclosure]:
    """All that a charity should have published before a day, its projects' and its own.

    While there is any, it publishes no new project. Reads: as `overdue`.
    """
    found = _unpublished().filter(charity=charity, due_on__lt=day)
    return list(found.order_by("due_on", "key"))


def items(
    day: date, *, charities: Iterable[str] | None = None, project: str | None = None
) -> list[Item]:
    """What was, is and will be due, by day; of some charities, or of one project. One question.

    Reads: jusha_disclosure, jusha_disclosurepaper, jusha_lawrule.
    """
    found = holding()
    if project is not None:
        found = found.filter(project=project)
    if charities is not None:
        found = found.filter(charity__in=set(charities))
    return _items(found.order_by("due_on", "key"), day)


def soon(
    day: date,
    *,
    until: date,
    charities: Iterable[str] | None = None,
    most: int | None = LISTED_MAX,
) -> list[Item]:
    """What is not published and due before the end of `until`, oldest first, `most` of it.

    Reads: as `items`.
    """
    found = _unpublished().filter(due_on__lte=until)
    if charities is not None:
        found = found.filter(charity__in=set(charities))
    return _items(found.order_by("due_on", "key")[:most], day)


def find(key: str, day: date) -> Item | None:
    """One thing to publish; None where nothing of this key is due. Reads: as `items`."""
    return next(iter(_items(holding().filter(key=key), day)), None)


def papers(key: str) -> list[DisclosurePaper]:
    """All versions of one paper, newest first. Reads: jusha_disclosurepaper."""
    return list(DisclosurePaper.objects.filter(key=key).order_by("-version"))


def published(
    *, project: str | None = None, charity: str | None = None, most: int = LISTED_MAX
) -> list[DisclosurePaper]:
    """The newest version of each paper of a project, or of a charity itself, newest first.

    Reads: jusha_disclosurepaper.
    """
    last = DisclosurePaper.objects.filter(key=OuterRef("key")).order_by("-version").values("id")
    found = DisclosurePaper.objects.filter(id=Subquery(last[:1]))
    if project is not None:
        found = found.filter(project=project)
    if charity is not None:
        found = found.filter(charity=charity, project="")
    return list(found.order_by("-id")[:most])


def draft(key: str) -> DisclosureDraft | None:
    """What somebody, or the job, wrote for a paper that is not out. Reads: the drafts."""
    return DisclosureDraft.objects.filter(key=key).first()


def holding() -> QuerySet[Disclosure]:
    """The newest row of each key that still asks for something. Reads: jusha_disclosure."""
    newest = Disclosure.objects.filter(key=OuterRef("key")).order_by("-id").values("id")
    return Disclosure.objects.filter(due_on__isnull=False, id=Subquery(newest[:1]))


def _unpublished() -> QuerySet[Disclosure]:
    told = DisclosurePaper.objects.filter(key=OuterRef("key"))
    return holding().filter(~Exists(told))


def _items(found: QuerySet[Disclosure], day: date) -> list[Item]:
    """One question, and the figures of the law where they are not held."""
    told = DisclosurePaper.objects.filter(key=OuterRef("key"), version=1).values("at")
    days, items_ = figure(SOON_RULE, on=day), []
    for row in found.annotate(told=Subquery(told)):
        if row.due_on is not None:
            out = localdate(row.told) if row.told else None
            items_.append(Item(row, row.due_on, out, state(row.due_on, out, day, soon_days=days)))
    return items_

"""Write down what has to be published: when a project is published, its dates or the law change.

Run again it writes nothing new. What was published stays as it was asked for; what was due before a
project came here is not asked for here.
"""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Final

import structlog
from django.db.models import OuterRef, Subquery

from jusha.law.queries import figures
from jusha.projects.disclosure_models import Disclosure, DisclosurePaper
from jusha.projects.disclosure_rules import Due, Law, Span, annual, dues, key_of, periods
from jusha.projects.models import Project
from jusha.projects.plan_models import Filing, ProjectPlan

AT_ONCE: Final = 500
NO_PARTNER: Final = frozenset({"", "无", "没有", "无合作方", "没有合作方"})
"""How plans say that nobody else takes part."""

Said = dict[int, str]
"""By version of a plan, what it says of partners; "" for none."""

log = structlog.get_logger("disclosures")


def plan(code: str, *, today: date) -> int:
    """Bring what one project has to publish up to its dates; how many rows were written.

    Reads: jusha_project, jusha_filing, jusha_projectplan, jusha_lawrule. Writes: jusha_disclosure.
    """
    found = Project.objects.select_related("charity").filter(code=code)
    return _plan(list(found), today)


def plan_all(*, today: date) -> int:
    """The same for every project and charity: by the clock, once a day, and after a change of law.

    Reads and writes: as `plan`.
    """
    written, after = 0, ""
    while True:
        found = Project.objects.select_related("charity").filter(code__gt=after)
        projects = list(found.order_by("code")[:AT_ONCE])
        if not projects:
            break
        written += _plan(projects, today)
        after = projects[-1].code
    written += plan_annual(today=today)
    if written:
        log.info("disclosures_planned", rows=written)
    return written


def plan_annual(*, today: date) -> int:
    """Write the yearly reports of charities that raise money here, this year's among them.

    A charity is asked from the year on in which its first project here begins.
    Reads: jusha_project, jusha_lawrule. Writes: jusha_disclosure.
    """
    law, wanted = Law(figures()), dict[str, tuple[str, str, Due]]()
    first = Project.objects.order_by("charity__code", "starts_on").distinct("charity__code")
    for charity, begins in first.values_list("charity__code", "starts_on"):
        for year in range(begins.year, today.year + 1):
            if due := annual(year, law):
                wanted[f"c/{charity}/annual/{year}"] = (charity, "", due)
    return _write(wanted, _newest(wanted), today)


def spans_of(project: Project, filings: Sequence[Filing], said: Said) -> list[Span]:
    """When a project raises money, one span a filed period; as its page says where none is filed.

    `filings` in the order in which they were recorded; `said`: what its plans say of partners. A
    period has the partners of the plans that were published before the next one was filed.
    """
    if not filings:
        return [Span(project.starts_on, project.ends_on, has_partner=bool(_last(said)))]
    runs, found = periods(filings), []
    for place, run in enumerate(runs):
        after = runs[place + 1][0].plan if place + 1 < len(runs) else 0
        mine = after > 0 and after in said and not project.parent
        text = _last({v: told for v, told in said.items() if v < after}) if mine else _last(said)
        newest = run[-1]
        found.append(Span(newest.starts_on, newest.ends_on, newest.emergency, bool(text)))
    return found


def _last(said: Said) -> str:
    return said[max(said)] if said else ""


def _plan(projects: Sequence[Project], today: date) -> int:
    codes = [each.code for each in projects]
    filings = _filings([each.parent or each.code for each in projects])
    partners, law = _partners(codes), Law(figures())
    wanted = dict[str, tuple[str, str, Due]]()
    for each in projects:
        filed = filings.get(each.parent or each.code, [])
        for period, span in enumerate(spans_of(each, filed, partners.get(each.code, {})), 1):
            for due in dues(span, law):
                key = key_of(each.code, due, period=period)
                wanted[key] = (each.charity.code, each.code, due)
    held = {row.key: row for row in _newest_of(codes)}
    return _write(wanted, held, today)


def _write(
    wanted: dict[str, tuple[str, str, Due]], held: dict[str, Disclosure], today: date
) -> int:
    """Write what differs from what holds; what was published already is left alone."""
    keys = [*wanted.keys() | held.keys()]
    told = DisclosurePaper.objects.filter(key__in=keys).values_list("key", flat=True)
    out, rows = set(told), []
    for key, (charity, project, due) in wanted.items():
        old = held.get(key)
        if key in out or (old is None and due.due_on < today) or (old and _same(old, due)):
            continue
        if old and _is_over(old, today):
            continue
        rows.append(
            Disclosure(
                key=key, charity=charity, project=project, kind=due.kind, place=due.place,
                from_on=due.from_on, until_on=due.until_on, due_on=due.due_on,
            )
        )  # fmt: skip
    for key, old in held.items():
        if key in wanted or key in out or _is_over(old, today):
            continue
        if old.due_on is not None:
            gone = {name: getattr(old, name) for name in ("charity", "project", "kind", "place")}
            days = {"from_on": old.from_on, "until_on": old.until_on, "due_on": None}
            rows.append(Disclosure(key=key, **gone, **days))
    Disclosure.objects.bulk_create(rows)
    return len(rows)


def _is_over(old: Disclosure, today: date) -> bool:
    """Whether it was due already: a new filing or figure takes nothing back that is owed."""
    return old.due_on is not None and old.due_on < today


def _same(old: Disclosure, due: Due) -> bool:
    return (old.from_on, old.until_on, old.due_on) == (due.from_on, due.until_on, due.due_on)


def _newest_of(codes: list[str]) -> Iterable[Disclosure]:
    newest = Disclosure.objects.filter(key=OuterRef("key")).order_by("-id").values("id")
    return Disclosure.objects.filter(project__in=codes, id=Subquery(newest[:1]))


def _newest(keys: Iterable[str]) -> dict[str, Disclosure]:
    found = Disclosure.objects.filter(key__in=[*keys]).order_by("key", "-id").distinct("key")
    return {row.key: row for row in found}


def _filings(codes: list[str]) -> dict[str, list[Filing]]:
    """All filings of each project, in the order in which they were recorded."""
    found = dict[str, list[Filing]]()
    for row in Filing.objects.filter(project__in=codes).order_by("id"):
        found.setdefault(row.project, []).append(row)
    return found


def _partners(codes: list[str]) -> dict[str, Said]:
    """What each version of each project's plan says of partners; "" for none."""
    found = dict[str, Said]()
    for row in ProjectPlan.objects.filter(project__in=codes):
        told = str(row.content.get("texts", {}).get("partners", "")).strip(" 。.")
        found.setdefault(row.project, {})[row.version] = "" if told in NO_PARTNER else told
    return found

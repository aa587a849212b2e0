"""Drafts of reports from the ledger: figures now, words that say nothing else.

An emergency is told every few days (Charity Law 72), so its drafts are written by the clock and a
person adds to them; what a person has touched is left alone.
"""

from datetime import date
from typing import Any

import structlog
from django.utils import translation

from jusha.campaigns.queries import project_sums
from jusha.projects import disclosure_queries as disclosures
from jusha.projects import queries as projects
from jusha.projects.disclosure_models import Disclosure, DisclosurePaper
from jusha.projects.publish_paper import Written, keep_draft
from jusha.projects.statement_rules import StatementError, document, statement, sums_of
from jusha.web.disclosure_words import drafted_title
from jusha.web.statement_words import drafted

log = structlog.get_logger("disclosures")
WITH_FIGURES = frozenset({"progress", "final", "emergency", "leftover"})


def figures(row: Disclosure) -> dict[str, Any] | None:
    """The finance part of a report as of now; None where the kind has none.

    A report begins where the last one of its kind about earlier days ended; so the final report of
    a first period tells of all, and that of a second of what came since.
    Raises StatementError. Reads: as campaigns.queries.project_sums, and jusha_disclosurepaper.
    """
    if row.kind not in WITH_FIGURES:
        return None
    asked = Disclosure.objects.filter(project=row.project, kind=row.kind)
    earlier = asked.filter(until_on__lt=row.until_on).exclude(key=row.key).values("key")
    before = DisclosurePaper.objects.filter(key__in=earlier).order_by("-id").first()
    now = project_sums(row.project)
    return document(statement(sums_of(before.figures if before else None), now), now)


def first_draft(row: Disclosure, *, today: date) -> Written:
    """What a report begins with: its title, figures, and the figures in words.

    Raises StatementError.
    """
    found = projects.find(row.project) if row.project else None
    told = figures(row)
    title = found.title_zh if found else ""
    upto = min(row.until_on, today)
    return Written(
        drafted_title(row.kind, title=title, upto=f"{upto:%Y-%m-%d}") if title else "",
        drafted(told) if told else "",
        figures=told,
    )


def draft_emergencies(*, today: date) -> int:
    """Draft the emergency reports whose period runs; how many. Safe to repeat.

    Writes: jusha_disclosuredraft.
    """
    made = 0
    found = disclosures.holding().filter(kind="emergency", from_on__lte=today)
    told = DisclosurePaper.objects.filter(kind="emergency").values("key")
    for row in found.exclude(key__in=told).filter(due_on__gte=today):
        try:
            with translation.override("zh-hans"):
                keep_draft(row.key, first_draft(row, today=today), by=None)
        except StatementError as error:
            log.error("statement_does_not_agree", project=row.project, why=str(error))  # noqa: TRY400
            continue
        made += 1
    return made

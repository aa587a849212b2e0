"""Two persons record the filing of a project's plan, and what they saw."""

from dataclasses import dataclass
from datetime import date
from typing import Any, Final

import structlog
from django.db import IntegrityError, transaction
from django.utils.timezone import localdate

from jusha.law.queries import figure
from jusha.projects.models import Project
from jusha.projects.page import restate
from jusha.projects.plan_disclosures import plan as plan_disclosures
from jusha.projects.plan_models import Filing
from jusha.projects.rules import Asked, filing_faults

BEFORE_DAYS: Final = "file-before-start-days"
EMERGENCY_DAYS: Final = "emergency-filing-days"
NAMED: Final = {"filing_is_own": "number-borrowed", "filing_of_one": "number-reused"}

log = structlog.get_logger("projects")


class FilingRefusedError(Exception):
    """The filing was not recorded; `codes` say why, in the order of its fields."""

    def __init__(self, codes: list[str]) -> None:
        """Keep why."""
        super().__init__(", ".join(codes))
        self.codes = codes


@dataclass(frozen=True, slots=True)
class Seen:
    """Who recorded a filing, and the hash of the file that they looked at."""

    by: str
    second: str
    evidence: str = ""
    decision: int | None = None


def faults(asked: Asked, *, charity: str, project: str, uscc: str, today: date) -> list[str]:
    """What is wrong with a filing of a project by the law of its days: codes, none if right.

    The figure of the filing's day decides how long before the start it is due, that of the start
    how long an emergency may wait. Reads: jusha_filing, jusha_lawrule.
    """
    found = filing_faults(
        asked,
        uscc=uscc,
        today=today,
        before_days=figure(BEFORE_DAYS, on=asked.filed_on or asked.starts_on),
        emergency_days=figure(EMERGENCY_DAYS, on=asked.starts_on),
    )
    others = Filing.objects.filter(number=asked.number).exclude(project=project)
    if asked.number and others.filter(charity=charity).exists():
        found.append("number-reused")
    return found


def record_filing(
    project: Project, asked: Asked, seen: Seen, *, today: date, plan: int = 0
) -> Filing:
    """Record a filing; from its first day on it is the one that holds. History stays.

    Raises FilingRefusedError. Writes: jusha_filing, and from its first day on the project's page.
    """
    wrong = faults(
        asked,
        charity=project.charity.code,
        project=project.code,
        uscc=project.charity.uscc,
        today=today,
    )
    if not seen.by or not seen.second or seen.by == seen.second:
        wrong.append("two-persons")
    if wrong:
        raise FilingRefusedError(wrong)
    with transaction.atomic():
        made = write_filing(project.charity.code, project.code, asked, seen, plan=plan)
        restate(project.code, today)
    log.info("filing_recorded", project=project.code, number=asked.number, plan=plan)
    return made


def write_filing(charity: str, project: str, asked: Asked, seen: Seen, *, plan: int) -> Filing:
    """Write the row. Raises FilingRefusedError for what the database knows of the number.

    Other dates ask for other reports. Writes: jusha_filing, jusha_disclosure.
    """
    try:
        with transaction.atomic():
            made = Filing.objects.create(
                charity=charity, project=project, number=asked.number, filed_on=asked.filed_on,
                starts_on=asked.starts_on, ends_on=asked.ends_on, emergency=asked.emergency,
                plan=plan, evidence=seen.evidence, set_by=seen.by, second=seen.second,
                decision=seen.decision,
            )  # fmt: skip
    except IntegrityError as error:
        said: Any = getattr(error.__cause__, "diag", None)
        code = NAMED.get((said and said.constraint_name) or "")
        if code is None:
            raise
        raise FilingRefusedError([code]) from error
    plan_disclosures(project, today=localdate())
    return made

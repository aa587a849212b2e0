"""A filing of a published project: an emergency's number that came later, or a new period."""

from datetime import date
from typing import Final
from uuid import UUID

import structlog

from jusha.charities.models import Charity
from jusha.people.decisions import DecisionRefusedError, confirm, propose
from jusha.people.models import Decision
from jusha.projects.models import Project
from jusha.projects.page import restate
from jusha.projects.plan_models import Filing
from jusha.projects.plan_rules import asked_document
from jusha.projects.publish import asked_in
from jusha.projects.queries import plan_on
from jusha.projects.record_filing import FilingRefusedError, Seen, faults, write_filing
from jusha.projects.rules import Asked

FILING: Final = "filing"

log = structlog.get_logger("projects")


def propose_filing(
    project: Project, asked: Asked, *, evidence: str, by: UUID, today: date
) -> Decision:
    """Put a filing before a reviewer. Raises FilingRefusedError, DecisionRefusedError.

    `evidence` is the SHA-256 of the file that shows it. Writes: jusha_decision.
    """
    charity = project.charity
    wrong = faults(
        asked, charity=charity.code, project=project.code, uscc=charity.uscc, today=today
    )
    if wrong:
        raise FilingRefusedError(wrong)
    body = {"charity": charity.code, "project": project.code, "plan": _plan(project.code, asked)}
    body |= asked_document(asked) | {"evidence": evidence}
    return propose(
        FILING, charity=charity.code, subject=project.code, body=body, by=by, evidence=[evidence]
    )


def confirm_filing(number: int, *, by: UUID, today: date) -> Decision:
    """Record what was proposed. Raises DecisionRefusedError, also "stale-filing".

    Writes: jusha_filing, and from its first day on the project's page.
    """

    def carry_out(found: Decision) -> None:
        asked = asked_in({"filing": found.body})
        charity = Charity.objects.get(code=found.charity)
        assert asked is not None, "the body of this kind is a filing"
        whose = {"charity": charity.code, "project": found.subject, "uscc": charity.uscc}
        if faults(asked, today=today, **whose):
            raise DecisionRefusedError("stale-filing")
        seen = Seen(str(found.proposed_by), str(by), found.body["evidence"], found.pk)
        try:
            write_filing(charity.code, found.subject, asked, seen, plan=found.body["plan"])
        except FilingRefusedError as error:
            raise DecisionRefusedError("stale-filing") from error
        restate(found.subject, today)

    done = confirm(number, kind=FILING, by=by, apply=carry_out)
    log.info("filing_confirmed", project=done.subject, decision=done.pk)
    return done


def _plan(code: str, asked: Asked) -> int:
    """The version that a filing files: the one of its number, else the one of its first day."""
    same = Filing.objects.filter(project=code, number=asked.number).exclude(number="")
    known = same.order_by("-id").first()
    return known.plan if known else plan_on(code, asked.starts_on)

"""Hold a project at once, and let it go by two: with the row, settlement's instruction is written.

Row and instruction are one transaction, so no crash leaves one without the other. The instruction's
id is made of the row's number: settlement obeys it once.
"""

from hashlib import sha256
from typing import Final
from uuid import UUID

import structlog
from django.db import transaction

from jusha.inbox.append import append
from jusha.inbox.connect import django_connection
from jusha.inbox.envelopes import Instruction
from jusha.people import decisions
from jusha.people.models import Decision
from jusha.projects import hold_queries
from jusha.projects.hold_rules import (
    LIFT,
    LIFT_KIND,
    LIFTED,
    PLACE,
    HoldRefusedError,
    check_place,
    check_words,
)
from jusha.projects.models import Project, ProjectHold

LANE: Final = "console"

log = structlog.get_logger("projects")


def place(
    code: str, *, cause: str, reason: str, words: str, by: UUID, complaint: int = 0
) -> ProjectHold:
    """Hold a project from this moment: no new orders, no match, no release.

    What was paid is settled all the same. `words` tell the public what happened.
    Raises HoldRefusedError; IntegrityError where `by` is no reviewer.
    Writes: jusha_projecthold, the inbox (`freeze`).
    """
    with transaction.atomic():
        project = _locked(code)
        now = hold_queries.current(code)
        check_place(now.cause if now else "", cause=cause, reason=reason, words=words)
        made = ProjectHold.objects.create(
            project=code,
            charity=project.charity.code,
            what=PLACE,
            cause=cause,
            reason=reason,
            words=words.strip(),
            complaint=complaint,
            by=by,
        )
        _instruct("freeze", made, by=by, second="")
    log.info("project_held", project=code, cause=cause, reason=reason)
    return made


def propose_lift(code: str, *, words: str, by: UUID) -> Decision:
    """Ask a second reviewer to let a project go. `words` tell the public why.

    Raises HoldRefusedError, DecisionRefusedError. Writes: jusha_decision.
    """
    check_words(words)
    now = hold_queries.current(code)
    if now is None:
        raise HoldRefusedError("not-held")
    body = {
        "project": code,
        "charity": now.charity,
        "what": LIFT,
        "cause": now.cause,
        "reason": LIFTED,
        "words": words.strip(),
        "complaint": now.complaint,
        "lifts": now.pk,
        "by": str(by),
    }
    return decisions.propose(LIFT_KIND, charity=now.charity, subject=code, body=body, by=by)


def confirm_lift(number: int, *, by: UUID) -> Decision:
    """Let a project go, as another reviewer proposed.

    Raises DecisionRefusedError, HoldRefusedError("stale") where another hold stands by now.
    Writes: jusha_decisionend, jusha_projecthold, the inbox (`thaw`).
    """

    def apply(found: Decision) -> None:
        _locked(found.subject)
        now = hold_queries.current(found.subject)
        if now is None or now.pk != found.body["lifts"]:
            raise HoldRefusedError("stale")
        made = ProjectHold.objects.create(decision=found.pk, **found.body)
        _instruct("thaw", made, by=found.proposed_by, second=str(by))

    return decisions.confirm(number, kind=LIFT_KIND, by=by, apply=apply)


def _locked(code: str) -> Project:
    """The project's row, so that of two who hold or let go one is first."""
    found = Project.objects.select_for_update(of=("self",)).select_related("charity")
    project = found.filter(code=code).first()
    if project is None:
        raise HoldRefusedError("unknown")
    return project


def _instruct(kind: str, made: ProjectHold, *, by: UUID, second: str) -> None:
    """Tell settlement; what it need not change it answers with `nothing-to-change`."""
    name = sha256(f"hold {made.pk}".encode()).digest()[:16]
    body = {"project": made.project, "reason": made.reason, "hold": True}
    told = Instruction(name, kind, str(by), second, body)
    append(django_connection(), lane=LANE, envelopes=[told])

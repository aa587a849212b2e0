"""A project ends: programme says where what is left goes, finance confirms, orders stop."""

from typing import Any, Final
from uuid import UUID

import structlog
from django.db.models import Exists, OuterRef

from jusha.inbox.append import append, new_id
from jusha.inbox.connect import django_connection
from jusha.inbox.envelopes import Instruction
from jusha.people.decisions import DecisionRefusedError, confirm, open_decisions, propose
from jusha.people.models import Decision
from jusha.projects.models import Fund, Project
from jusha.projects.plan_models import ProjectEnd
from jusha.projects.plan_rules import LEFTOVER_WORDS_MAX, LEFTOVERS

END: Final = "project-end"
LANE: Final = "web"

log = structlog.get_logger("projects")


class EndRefusedError(Exception):
    """The end was not proposed; `code` says why."""

    def __init__(self, code: str) -> None:
        """Keep why."""
        super().__init__(code)
        self.code = code


def propose_end(project: Project, *, leftover: str, words: str, by: UUID) -> Decision:
    """Propose to end a project; `words` tell the public where what is left goes, and why.

    Raises EndRefusedError ("leftover", "no-words", "not-open", "waiting", "children"),
    DecisionRefusedError. Writes: jusha_decision.
    """
    words = words.strip()[:LEFTOVER_WORDS_MAX]
    if leftover not in LEFTOVERS:
        raise EndRefusedError("leftover")
    if not words:
        raise EndRefusedError("no-words")
    fund = Fund.objects.filter(code=project.code).first()
    if fund is None or fund.state != "open":
        raise EndRefusedError("not-open")
    if _has_children(project.code):
        raise EndRefusedError("children")
    charity = project.charity.code
    if open_decisions(END, charities=[charity]).filter(subject=project.code).exists():
        raise EndRefusedError("waiting")
    body: dict[str, Any] = {"charity": charity, "project": project.code}
    body |= {"leftover": leftover, "words": words}
    return propose(END, charity=charity, subject=project.code, body=body, by=by)


def confirm_end(number: int, *, by: UUID) -> Decision:
    """End the project: settlement takes no more for it, and its end is public.

    Raises DecisionRefusedError, "children" too where one was published meanwhile.
    Writes: jusha_projectend, the inbox.
    """

    def carry_out(found: Decision) -> None:
        # Held, so that a child that is being published sees this end, or is seen.
        Project.objects.select_for_update().get(code=found.subject)
        if _has_children(found.subject):
            raise DecisionRefusedError("children")
        if ProjectEnd.objects.filter(project=found.subject).exists():
            raise DecisionRefusedError("stale")
        ProjectEnd.objects.create(**found.body, decision=found.pk)
        names = str(found.proposed_by), str(by)
        closing = Instruction(new_id(), "close-project", *names, {"code": found.subject})
        append(django_connection(), lane=LANE, envelopes=[closing])

    done = confirm(number, kind=END, by=by, apply=carry_out)
    log.info("project_ended", project=done.subject, decision=done.pk)
    return done


def _has_children(code: str) -> bool:
    """Whether a child has not ended, also one whose fund settlement has still to open."""
    over = Fund.objects.filter(code=OuterRef("code"), state="gone")
    ended = ProjectEnd.objects.filter(project=OuterRef("code"))
    children = Project.objects.filter(parent=code)
    return children.filter(~Exists(over), ~Exists(ended)).exists()

"""A plan is handed in, examined by a reviewer, and published: page, plan and filing at once."""

from datetime import date
from typing import Any, Final
from uuid import UUID

import structlog
from django.db import IntegrityError
from django.db.models import Sum

from jusha.charities.models import Charity, Payee
from jusha.inbox.append import append, new_id
from jusha.inbox.connect import django_connection
from jusha.inbox.envelopes import Instruction
from jusha.people.decisions import DecisionRefusedError, confirm, propose
from jusha.people.models import Decision
from jusha.projects import plan_rules as rules
from jusha.projects.disclosure_queries import overdue_of_charity
from jusha.projects.draft import PUBLISH, DraftRefusedError, check, is_open
from jusha.projects.models import Project
from jusha.projects.page import page_of, restate
from jusha.projects.plan_models import ProjectDraft, ProjectEnd, ProjectPlan
from jusha.projects.record_filing import FilingRefusedError, Seen, faults, write_filing
from jusha.projects.rules import Asked

LANE: Final = "web"
NAMED: Final = {"project_one_level": "no-parent", "project_within": "above-parent"}

log = structlog.get_logger("projects")


def hand_in(draft: ProjectDraft, *, by: UUID, today: date) -> Decision:
    """Put a complete draft before a reviewer; it cannot be written in until they have answered.

    Raises DraftRefusedError ("incomplete", "handed-in"), DecisionRefusedError.
    Writes: jusha_decision.
    """
    if not is_open(draft):
        raise DraftRefusedError("handed-in")
    checked = check(draft, today=today)
    if checked.plan is None or checked.faults:
        raise DraftRefusedError("incomplete")
    fields = draft.fields
    content = checked.plan.document() | {"parent": fields.get("parent", "")}
    if draft.version > 1:
        content["change"] = {"basis": fields["basis"], "words": fields["change"]}
    whose = {"charity": draft.charity, "project": draft.project}
    body: dict[str, Any] = {"plan": whose | {"version": draft.version, "content": content}}
    if checked.asked is not None:
        told = rules.asked_document(checked.asked)
        body["filing"] = whose | told | {"plan": draft.version, "evidence": draft.evidence}
    return propose(
        PUBLISH,
        charity=draft.charity,
        subject=draft.project,
        body=body,
        by=by,
        evidence=[draft.evidence] if draft.evidence else [],
    )


def publish(number: int, *, by: UUID, today: date) -> Decision:
    """Publish what was handed in; settlement opens the fund of a new project.

    A change that is filed anew is on the page from the first day of its filing.
    Raises DecisionRefusedError: also "stale-filing" when its days have gone by meanwhile,
    "reports-overdue" while the charity owes a public report,
    "charity-unknown" when settlement has no payee for the charity, "no-parent", "above-parent".
    Writes: jusha_project, jusha_projectplan, jusha_filing, the inbox.
    """

    def carry_out(found: Decision) -> None:
        _write(found, by=by, today=today)

    done = confirm(number, kind=PUBLISH, by=by, apply=carry_out)
    log.info("project_published", project=done.subject, decision=done.pk)
    return done


def asked_in(body: dict[str, Any]) -> Asked | None:
    """The filing in a decision's body; None where it has none."""
    told = body.get("filing")
    if told is None:
        return None
    filed = told["filed_on"]
    return Asked(
        told["number"],
        date.fromisoformat(filed) if filed else None,
        date.fromisoformat(told["starts_on"]),
        date.fromisoformat(told["ends_on"]),
        told["emergency"],
    )


def _write(found: Decision, *, by: UUID, today: date) -> None:
    plan, asked = found.body["plan"], asked_in(found.body)
    charity = Charity.objects.get(code=found.charity)
    if plan["version"] == 1 and overdue_of_charity(charity.code, today):
        raise DecisionRefusedError("reports-overdue")
    if not Payee.objects.filter(code=charity.code).exists():
        raise DecisionRefusedError("charity-unknown")
    if asked is not None:
        whose = {"charity": charity.code, "project": found.subject, "uscc": charity.uscc}
        if faults(asked, today=today, **whose):
            raise DecisionRefusedError("stale-filing")
    _lock_family(found.subject, plan["content"]["parent"])
    _judge_targets(found.subject, plan["content"])
    try:
        if plan["version"] == 1:
            _open_page(charity, plan["project"], plan["content"], asked)
        ProjectPlan.objects.create(**plan, decision=found.pk)
        _file(found, charity.code, asked, by=by)
        restate(found.subject, today)
    except IntegrityError as error:
        raise _named(error) from error
    if plan["version"] == 1:
        body = {"code": plan["project"], "charity": charity.code}
        body["running_permille"] = plan["content"]["running_permille"]
        names = str(found.proposed_by), str(by)
        opening = Instruction(new_id(), "open-project", *names, body)
        append(django_connection(), lane=LANE, envelopes=[opening])


def _lock_family(code: str, parent: str) -> None:
    """Hold a project and its parent: a parent that ends meanwhile takes no child.

    Raises DecisionRefusedError("no-parent").
    """
    family = Project.objects.select_for_update().filter(code__in={code, parent} - {""})
    known = set(family.order_by("parent", "code").values_list("code", flat=True))
    if not parent or code in known:
        return
    if parent not in known or ProjectEnd.objects.filter(project=parent).exists():
        raise DecisionRefusedError("no-parent")


def _judge_targets(code: str, content: dict[str, Any]) -> None:
    """Targets lie within the parent's also when the plan in force is not the newest one.

    What holds today the database asks itself. Raises DecisionRefusedError("above-parent").
    """
    parent, target = content["parent"], content["target"]
    others = Project.objects.filter(parent=parent or code).exclude(code=code)
    within = others.aggregate(sum=Sum("target_amount"))["sum"] or 0
    if not parent:
        is_above = within > target
    else:
        above = ProjectPlan.objects.filter(project=parent).order_by("-version").first()
        is_above = above is not None and within + target > above.content["target"]
    if is_above:
        raise DecisionRefusedError("above-parent")


def _file(found: Decision, charity: str, asked: Asked | None, *, by: UUID) -> None:
    if asked is None:
        return
    told = found.body["filing"]
    seen = Seen(str(found.proposed_by), str(by), told["evidence"], found.pk)
    try:
        write_filing(charity, found.subject, asked, seen, plan=told["plan"])
    except FilingRefusedError as error:
        raise DecisionRefusedError("stale-filing") from error


def _open_page(charity: Charity, code: str, content: dict[str, Any], asked: Asked | None) -> None:
    """The page of a new project; a child has its parent's number and days."""
    days: Asked | Project = asked or Project.objects.get(code=content["parent"])
    number = asked.number if asked else Project.objects.get(code=content["parent"]).filing_no
    filed = {"filing_no": number, "starts_on": days.starts_on, "ends_on": days.ends_on}
    Project.objects.create(code=code, charity=charity, **page_of(content), **filed)


def _named(error: IntegrityError) -> Exception:
    said: Any = getattr(error.__cause__, "diag", None)
    code = NAMED.get((said and said.constraint_name) or "")
    return DecisionRefusedError(code) if code else error

"""A draft of a plan: begun from a template, saved as often as its writers like, always checked.

What was typed is kept as it was typed. A save says which edition it began from, so that the second
of two who write at once is refused and sees both texts; neither is lost.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final
from uuid import UUID

import structlog
from django.db import transaction
from django.utils.crypto import get_random_string

from jusha.charities.models import Charity
from jusha.people.decisions import open_decisions
from jusha.projects import plan_rules as rules
from jusha.projects.models import Fund, Project
from jusha.projects.plan_models import Filing, ProjectDraft, ProjectEnd, ProjectPlan
from jusha.projects.plan_templates import fields_of
from jusha.projects.record_filing import faults as filing_faults
from jusha.projects.rules import Asked

PUBLISH: Final = "publish"
FIELD_MAX: Final = 20_000
FIELDS_MAX: Final = 200
CODE_LETTERS: Final = "23456789abcdefghjkmnpqrstuvwxyz"

log = structlog.get_logger("projects")


class DraftRefusedError(Exception):
    """The draft was not changed; `code` says why."""

    def __init__(self, code: str) -> None:
        """Keep why."""
        super().__init__(code)
        self.code = code


class EditedMeanwhileError(Exception):
    """A colleague saved since; `theirs` is the draft as it is now."""

    def __init__(self, theirs: ProjectDraft) -> None:
        """Keep what is there now."""
        super().__init__(theirs.project)
        self.theirs = theirs


@dataclass(frozen=True, slots=True)
class Checked:
    """A draft as the rules read it: `faults` by field; without any, plan (and filing) are whole."""

    plan: rules.Plan | None
    asked: Asked | None
    faults: rules.Faults


def begin(charity: str, template: str, *, by: UUID) -> ProjectDraft:
    """Begin a project from a template. Writes: jusha_projectdraft."""
    code = f"{charity[:32]}-{get_random_string(6, CODE_LETTERS)}"
    made = ProjectDraft.objects.create(
        charity=charity, project=code, fields=fields_of(template), begun_by=by, saved_by=by
    )
    log.info("draft_begun", project=code, by=str(by))
    return made


def begin_change(project: Project, *, by: UUID) -> ProjectDraft:
    """Begin the next version of a published project's plan, from what holds now.

    Raises DraftRefusedError: no plan is kept here, or a draft is being written already.
    Writes: jusha_projectdraft.
    """
    newest = ProjectPlan.objects.filter(project=project.code).order_by("-version").first()
    if newest is None:
        raise DraftRefusedError("no-plan")
    with transaction.atomic():
        draft, _ = ProjectDraft.objects.select_for_update().get_or_create(
            project=project.code,
            defaults={"charity": project.charity.code, "begun_by": by, "saved_by": by},
        )
        if draft.version <= newest.version:
            draft.version, draft.fields = newest.version + 1, typed(newest.content, project)
            draft.evidence, draft.saved_by = "", by
            draft.edition += 1
            draft.save()
    return draft


def typed(content: Mapping[str, Any], project: Project) -> dict[str, str]:
    """A published plan as if somebody had typed it."""
    fields = dict(content["texts"]) | {"target": yuan(content["target"])}
    for place, line in enumerate(content["lines"]):
        fields |= {
            f"line-{place}-kind": line["kind"],
            f"line-{place}-label": line["label"],
            f"line-{place}-unit": yuan(line["unit"]),
            f"line-{place}-count": str(line["count"]),
            f"line-{place}-outcome": line["outcome"],
        }
    fields |= {"parent": project.parent, "theme": str(content.get("theme", ""))}
    fields |= {"hard_target": "yes" if content.get("hard_target") else ""}
    return fields | {"ends_on": f"{project.ends_on:%Y-%m-%d}"}


def yuan(fen: int) -> str:
    """Fen as somebody would type them in yuan."""
    whole, rest = divmod(fen, rules.FEN)
    return f"{whole}.{rest:02}" if rest else str(whole)


def save(
    draft: int, *, edition: int, fields: Mapping[str, str], evidence: str, by: UUID
) -> ProjectDraft:
    """Keep what was typed, right or not. Raises EditedMeanwhileError, DraftRefusedError.

    `evidence` is the SHA-256 of a file that came with it, "" to keep the one that is there.
    Writes: jusha_projectdraft.
    """
    if len(fields) > FIELDS_MAX or any(len(text) > FIELD_MAX for text in fields.values()):
        raise DraftRefusedError("too-long")
    with transaction.atomic():
        found = ProjectDraft.objects.select_for_update().get(pk=draft)
        if found.edition != edition:
            raise EditedMeanwhileError(found)
        if not is_open(found):
            raise DraftRefusedError("handed-in")
        found.fields, found.saved_by = dict(fields), by
        found.evidence = evidence or found.evidence
        found.edition += 1
        found.save()
    return found


def is_open(draft: ProjectDraft) -> bool:
    """Whether a draft may be written in: not handed in, and not published as this version.

    Reads: jusha_decision, jusha_projectplan.
    """
    if open_decisions(PUBLISH, charities=[draft.charity]).filter(subject=draft.project).exists():
        return False
    published = ProjectPlan.objects.filter(project=draft.project, version=draft.version)
    return not published.exists()


def check(draft: ProjectDraft, *, today: date) -> Checked:
    """Say what is missing in a draft, field by field.

    Reads: jusha_charity, jusha_project, projects_fund, jusha_filing, jusha_lawrule.
    """
    faults = rules.Faults()
    fields = draft.fields
    plan = rules.plan_of(fields, faults)
    is_child, asked = bool(fields.get("parent")), None
    basis = fields.get("basis", "")
    if draft.version > 1:
        if basis not in rules.BASES:
            faults.add("basis", "missing")
        if not fields.get("change", "").strip():
            faults.add("change", "missing")
        if not draft.evidence:
            faults.add("evidence", "missing")
    if not is_child and (draft.version == 1 or basis == "refile"):
        asked = _filing(draft, faults, today)
    if plan is not None:
        _check_place(draft, plan, faults)
    return Checked(plan, asked, faults)


def _filing(draft: ProjectDraft, faults: rules.Faults, today: date) -> Asked | None:
    asked = rules.asked_of(draft.fields, faults)
    if asked is None:
        return None
    charity = Charity.objects.get(code=draft.charity)
    wrong = filing_faults(
        asked, charity=charity.code, project=draft.project, uscc=charity.uscc, today=today
    )
    for code in wrong:
        faults.add(rules.FIELD_OF.get(code, "number"), code)
    if asked.number and not draft.evidence:
        faults.add("evidence", "missing")
    return None if wrong else asked


def _check_place(draft: ProjectDraft, plan: rules.Plan, faults: rules.Faults) -> None:
    """The plan beside what exists: the fund's split, the parent, the children."""
    fund = Fund.objects.filter(code=draft.project).first()
    if fund is not None and fund.running_permille != plan.running_permille:
        faults.add("lines", "split-changed")
    children = Project.objects.filter(parent=draft.project)
    if sum(each.target_amount for each in children) > plan.target:
        faults.add("target", "below-children")
    parent = draft.fields.get("parent", "")
    if not parent:
        return
    above = Project.objects.filter(code=parent, charity__code=draft.charity, parent="").first()
    ended = ProjectEnd.objects.filter(project=parent).exists()
    if above is None or ended or above.code == draft.project or children:
        faults.add("parent", "no-parent")
        return
    others = Project.objects.filter(parent=parent).exclude(code=draft.project)
    if sum(each.target_amount for each in others) + plan.target > above.target_amount:
        faults.add("target", "above-parent")


def newest_filing(code: str) -> Filing | None:
    """The filing that was recorded last. Reads: jusha_filing."""
    return Filing.objects.filter(project=code).order_by("-id").first()

"""What pages and lists read of a project follows the plan and the filing of the day.

The row in jusha_project is a copy: texts of the plan that is in force, number and days of the
filing that runs. A plan that was filed anew waits for the first day of its filing; on that day the
copy is written again, within the hour. The project's own page asks for the day itself
(queries.published).
"""

from datetime import date
from typing import Any

import structlog
from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef

from jusha.projects import plan_rules as rules
from jusha.projects.models import Project
from jusha.projects.plan_models import Filing, ProjectPlan
from jusha.projects.queries import plan_on
from jusha.projects.raising import filing

log = structlog.get_logger("projects")


def page_of(content: dict[str, Any]) -> dict[str, Any]:
    """What a project's page shows of a plan: fields of jusha_project."""
    texts, unit = content["texts"], next(x for x in content["lines"] if x["kind"] == rules.AID)
    return {
        "title_zh": texts["title"],
        "title_en": texts["title_en"] or texts["title"],
        "summary_zh": texts["summary"],
        "summary_en": texts["summary_en"] or texts["summary"],
        "story_zh": texts["story"],
        "story_en": texts["story_en"] or texts["story"],
        "place_zh": texts["place"],
        "place_en": texts["place"],
        "unit_amount": unit["unit"],
        "unit_zh": unit["outcome"],
        "unit_en": unit["outcome"],
        "target_amount": content["target"],
        "running_permille": content["running_permille"],
        "parent": content["parent"],
        "theme": content.get("theme", ""),
        "hard_target": content.get("hard_target", False),
    }


def restate(code: str, day: date) -> None:
    """Write a project's page again, and its children's days, as they hold on a day.

    A plan that no decision made (the owner of the database wrote it) leaves the texts as they are.
    Reads: as `plan_on`, jusha_filing. Writes: jusha_project.
    """
    with transaction.atomic():
        page = Project.objects.select_for_update().get(code=code)
        filed = filing(page.parent or code, day)
        days: dict[str, Any] = {}
        if filed is not None:
            days |= {"filing_no": filed.number}
            days |= {"starts_on": filed.starts_on, "ends_on": filed.ends_on}
            Project.objects.filter(parent=code).exclude(**days).update(**days)
        _write(page, _of_plan(code, day) | days)


def restate_begun(day: date) -> int:
    """Write the pages again whose next filing has begun; how many. Safe to repeat.

    Reads and writes: as `restate`.
    """
    begun = Filing.objects.filter(project=OuterRef("code"), starts_on__lte=day)
    late = Exists(begun.filter(starts_on__gt=OuterRef("starts_on")))
    done = 0
    for code in list(Project.objects.filter(late).order_by("code").values_list("code", flat=True)):
        try:
            restate(code, day)
            done += 1
        except IntegrityError:
            log.exception("page_not_restated", project=code)
    return done


def _of_plan(code: str, day: date) -> dict[str, Any]:
    plan = ProjectPlan.objects.filter(project=code, version=plan_on(code, day)).first()
    return {} if plan is None or plan.decision is None else page_of(plan.content)


def _write(page: Project, told: dict[str, Any]) -> None:
    changed = [name for name, value in told.items() if getattr(page, name) != value]
    if changed:
        for name in changed:
            setattr(page, name, told[name])
        page.save(update_fields=changed)
        log.info("page_restated", project=page.code, fields=changed)

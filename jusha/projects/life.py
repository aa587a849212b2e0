"""The life of a project as named persons made it: drafts, decisions about it, its end."""

from collections.abc import Iterable
from datetime import datetime
from typing import Final, NamedTuple
from uuid import UUID

from jusha.people.models import Decision
from jusha.projects.draft import PUBLISH
from jusha.projects.end import END
from jusha.projects.file_later import FILING
from jusha.projects.models import Project
from jusha.projects.plan_models import ProjectDraft, ProjectEnd, ProjectPlan

KINDS: Final = (PUBLISH, FILING, END)
STATES: Final = ("handed-back", "draft", "handed-in", "ending", "published", "ended")
"""In the order of the list: what waits for its writer first."""


class Past(NamedTuple):
    """One thing that a person did."""

    what: str
    by: UUID
    at: datetime
    words: str = ""


class Life(NamedTuple):
    """One project of the list, in one of STATES."""

    code: str
    charity: str
    title_zh: str
    title_en: str
    """What a draft has not told yet is told as it was written."""
    state: str
    at: datetime | None


def history(code: str) -> list[Past]:
    """What was done about a project, oldest first. Reads: jusha_projectdraft, jusha_decision."""
    found = []
    draft = ProjectDraft.objects.filter(project=code).first()
    if draft is not None:
        found.append(Past("begun", draft.begun_by, draft.begun_at))
        found.append(Past("saved", draft.saved_by, draft.saved_at))
    decided = Decision.objects.filter(kind__in=KINDS, subject=code).select_related("end")
    for each in decided:
        found.append(Past(each.kind, each.proposed_by, each.at))
        if hasattr(each, "end"):
            end = each.end
            found.append(Past(f"{each.kind}-{end.verdict}", end.ended_by, end.at, end.words))
    return sorted(found, key=lambda past: past.at)


def waiting(charities: Iterable[str] | None, kinds: Iterable[str]) -> list[Decision]:
    """Decisions about projects that wait for their second person, oldest first.

    Of all charities for None. Reads: jusha_decision, jusha_decisionend.
    """
    found = Decision.objects.filter(kind__in=[*kinds], end__isnull=True).order_by("id")
    return list(found if charities is None else found.filter(charity__in=set(charities)))


def lives(charities: Iterable[str]) -> list[Life]:
    """The projects of some charities, drafts first, newest first. Five questions.

    Reads: jusha_projectdraft, jusha_project, jusha_projectplan, jusha_projectend, jusha_decision.
    """
    codes = set(charities)
    drafts = {each.project: each for each in ProjectDraft.objects.filter(charity__in=codes)}
    pages = {
        each.code: each
        for each in Project.objects.select_related("charity").filter(charity__code__in=codes)
    }
    plans = ProjectPlan.objects.filter(charity__in=codes).order_by("version")
    versions = dict(plans.values_list("project", "version"))
    ended = set(ProjectEnd.objects.filter(charity__in=codes).values_list("project", flat=True))
    last = Decision.objects.filter(kind__in=KINDS, charity__in=codes).select_related("end")
    newest = {each.subject: each for each in last.order_by("id")}
    found = []
    for code in {**drafts, **pages}:
        draft, page = drafts.get(code), pages.get(code)
        is_draft = draft is not None and versions.get(code, 0) < draft.version
        state = "ended" if code in ended else _state(newest.get(code), is_draft=is_draft)
        fields = draft.fields if draft and is_draft else {}
        charity = page.charity.code if page else (draft.charity if draft else "")
        title = fields.get("title", "") or (page.title_zh if page else "")
        english = fields.get("title_en", "") or (page.title_en if page else title)
        at = draft.saved_at if draft else None
        found.append(Life(code, charity, title, english, state, at))
    return sorted(found, key=lambda life: (STATES.index(life.state), life.title_zh, life.code))


def state_of(code: str, charity: str) -> str:
    """The state of one project, as in `lives`."""
    return next((life.state for life in lives([charity]) if life.code == code), "draft")


def _state(newest: Decision | None, *, is_draft: bool) -> str:
    verdict = newest.end.verdict if newest is not None and hasattr(newest, "end") else ""
    if newest is not None and not verdict:
        return "ending" if newest.kind == END else "handed-in"
    if not is_draft:
        return "published"
    is_back = newest is not None and (newest.kind, verdict) == (PUBLISH, "declined")
    return "handed-back" if is_back else "draft"

"""Open a giving day with its venues: an operator proposes, another person opens.

One decision opens the day and every venue that is ready, or one venue that came later. What the
second person looked at is named by a digest of each page: who changes a word in between makes the
proposal stale.
"""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Q
from django.utils.timezone import localdate

from jusha.campaigns.day_rules import (
    OPEN_KIND,
    DayRefusedError,
    Page,
    page_digest,
)
from jusha.campaigns.edit_day import page_of, save_page
from jusha.campaigns.join_day import check_charities
from jusha.campaigns.models import Campaign, Terms
from jusha.campaigns.tell import tell
from jusha.money.clock import minute_text
from jusha.people import decisions
from jusha.people.models import Decision


def propose_open(code: str, *, by: UUID, now: datetime, is_sandbox: bool) -> Decision:
    """Ask a second person to open a campaign, and the venues of it that are not open yet.

    Raises DayRefusedError, DecisionRefusedError. Writes: jusha_decision.
    """
    with transaction.atomic():
        pages = _to_open(code)
        if decisions.open_decisions(OPEN_KIND).filter(subject=code).exists():
            raise DayRefusedError("waits")
        body = {"campaigns": [_said(each, now, is_sandbox=is_sandbox) for each in pages]}
        return decisions.propose(OPEN_KIND, charity="", subject=code, body=body, by=by)


def confirm_open(number: int, *, by: UUID, now: datetime, is_sandbox: bool) -> Decision:
    """Open what was proposed, if every page still says the same.

    Raises DayRefusedError, DecisionRefusedError. Writes: jusha_decisionend, the inbox.
    """

    def apply(found: Decision) -> None:
        told = []
        pages = {each.code: each for each in _to_open(found.subject)}
        for said in found.body["campaigns"]:
            page = pages.get(said["code"])
            if page is None or _said(page, now, is_sandbox=is_sandbox) != said:
                raise DayRefusedError("stale", said["code"])
            times = {"opens": said["opens"], "closes": said["closes"]}
            told.append(("open-campaign", {"code": said["code"], "terms": times}))
        tell(found, told, second=by, on=localdate(now))

    return decisions.confirm(number, kind=OPEN_KIND, by=by, apply=apply)


def propose_emergency(
    page: Page, *, days: int, projects: list[str], by: UUID, now: datetime, is_sandbox: bool
) -> Decision:
    """Write an emergency venue whose window begins now, and ask a second person to open it.

    Raises DayRefusedError, DecisionRefusedError. Writes: jusha_campaign, jusha_decision.
    """
    begins = now.replace(second=0, microsecond=0)
    page = page._replace(opens=begins, closes=begins + timedelta(days=days))
    with transaction.atomic():
        made = save_page(page, is_new=True, is_sandbox=is_sandbox, by=by, with_projects=projects)
        return propose_open(made.code, by=by, now=now, is_sandbox=is_sandbox)


def _to_open(code: str) -> list[Campaign]:
    """The campaign and its venues that settlement does not know, locked. Raises DayRefusedError."""
    found = list(Campaign.objects.select_for_update().filter(Q(code=code) | Q(parent=code)))
    opened = set(
        Terms.objects.filter(code__in=[each.code for each in found]).values_list("code", flat=True)
    )
    parents = {each.parent for each in found if each.code == code and each.parent}
    if parents and not Terms.objects.filter(code__in=parents).exists():
        raise DayRefusedError("not-opened", *parents)
    left = sorted((each for each in found if each.code not in opened), key=lambda one: one.pk)
    if not left:
        raise DayRefusedError("opened")
    return left


def _said(page: Campaign, now: datetime, *, is_sandbox: bool) -> dict[str, Any]:
    """What a decision says of one campaign. Raises DayRefusedError."""
    if page.opens is None or page.closes is None:
        raise DayRefusedError("no-window", page.code)
    if page.closes <= now:
        raise DayRefusedError("over", page.code)
    if page.is_rehearsal and not is_sandbox:
        raise DayRefusedError("rehearsal")
    whose = dict(page.projects.order_by("code").values_list("code", "charity__code"))
    check_charities(set(whose.values()), page.opens, page.closes, now=now)
    return {
        "code": page.code,
        "opens": minute_text(int(page.opens.timestamp())),
        "closes": minute_text(int(page.closes.timestamp())),
        "projects": [*whose],
        "page": page_digest(page_of(page), whose),
    }

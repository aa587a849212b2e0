"""Decisions about giving days at the desk: what waits, who may end it, what became of it."""

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

from django.conf import settings
from django.http import HttpResponse
from django.urls import reverse
from django.utils import timezone

from jusha.campaigns.day_report import confirm_report
from jusha.campaigns.day_rules import (
    EXCLUDE_KIND,
    FUND_KIND,
    JOIN_KIND,
    OPEN_KIND,
    PACT_KIND,
    REPORT_KIND,
    RULE_KIND,
    STEP_KIND,
    DayRefusedError,
    identity,
)
from jusha.campaigns.join_day import confirm_exclude, confirm_join, confirm_pact
from jusha.campaigns.open_day import confirm_open
from jusha.campaigns.run_day import confirm_fund, confirm_rule, confirm_step
from jusha.people.decisions import (
    DecisionRefusedError,
    decisions_about,
    decline,
    open_decisions,
    withdraw,
)
from jusha.people.models import Decision
from jusha.people.rules import Office
from jusha.settlement.models import Outcome
from jusha.uploads.queries import named
from jusha.uploads.rules import ENDINGS
from jusha.web.day_words import KIND_WORDS, facts, outcome_words, refused
from jusha.web.decision_words import refusal
from jusha.web.desk.guard import DeskRequest, prove_first
from jusha.web.desk.staff import Staff

LISTED_MAX: Final = 30
TELLS: Final = frozenset({OPEN_KIND, FUND_KIND, RULE_KIND, STEP_KIND})
"""Kinds whose confirmation tells settlement, which answers."""
MAY_CONFIRM: Final[dict[str, frozenset[Office]]] = {
    OPEN_KIND: frozenset({Office.OPERATOR, Office.REVIEWER}),
    FUND_KIND: frozenset({Office.FINANCE}),
    RULE_KIND: frozenset({Office.OPERATOR, Office.FINANCE, Office.REVIEWER}),
    STEP_KIND: frozenset({Office.FINANCE, Office.REVIEWER}),
    PACT_KIND: frozenset({Office.OPERATOR, Office.REVIEWER}),
    JOIN_KIND: frozenset({Office.OPERATOR, Office.REVIEWER}),
    EXCLUDE_KIND: frozenset({Office.OPERATOR, Office.REVIEWER}),
    REPORT_KIND: frozenset({Office.FINANCE, Office.REVIEWER}),
}
"""As the database has it (campaigns/sql/0037_days.sql); a test compares them."""


class Row(NamedTuple):
    """A decision that waits, as the page shows it."""

    it: Decision
    title: Any
    facts: list[tuple[str, str]]
    papers: list[str]
    may_confirm: bool
    is_mine: bool


class Ended(NamedTuple):
    """A decision that ended: `state` is "done", "waiting", "refused", "declined" or "withdrawn"."""

    it: Decision
    title: Any
    state: str
    words: str


def waiting_for(staff: Staff, kinds: Iterable[str]) -> int:
    """How many decisions of these kinds this very person can confirm. Reads: jusha_decision."""
    mine = [kind for kind in kinds if staff.office in MAY_CONFIRM[kind]]
    found = Decision.objects.filter(kind__in=mine, end__isnull=True)
    return found.exclude(proposed_by=staff.account.pk).count() if mine else 0


def rows(staff: Staff, kinds: Iterable[str], *, subject: str = "") -> list[Row]:
    """What waits of these kinds, oldest first; of one subject where it is named."""
    found: list[Row] = []
    for kind in kinds:
        waiting = open_decisions(kind)
        found += (
            _row(staff, each)
            for each in (waiting.filter(subject=subject) if subject else waiting)[:LISTED_MAX]
        )
    return found


def _row(staff: Staff, each: Decision) -> Row:
    files = named(each.evidence, charity=each.charity) if each.evidence else {}
    is_mine = each.proposed_by == staff.account.pk
    return Row(
        each,
        KIND_WORDS[each.kind],
        facts(each),
        [reverse("upload", args=(one, ENDINGS[files[one].kind])) for one in files],
        not is_mine and staff.office in MAY_CONFIRM[each.kind],
        is_mine,
    )


def history(kinds: Iterable[str], subject: str) -> list[Ended]:
    """What was decided about a subject, newest first, with what settlement made of it.

    Reads: jusha_decision, jusha_decisionend, settlement_outcome.
    """
    found = [
        each
        for kind in kinds
        for each in decisions_about(kind, subject)[:LISTED_MAX]
        if getattr(each, "end", None) is not None
    ]
    found.sort(key=lambda each: each.pk, reverse=True)
    told = [one for each in found if each.kind in TELLS for one in _instructions(each)]
    outcomes = Outcome.objects.in_bulk(told)
    return [_ended(each, outcomes) for each in found]


def _instructions(found: Decision) -> list[UUID]:
    """The names of all that a decision told settlement, as `tell` gives them."""
    each = {OPEN_KIND: "campaigns", STEP_KIND: "bodies"}.get(found.kind)
    count = len(found.body[each]) if each else 1
    return [UUID(bytes=identity(found.pk, place)) for place in range(count)]


def _ended(found: Decision, outcomes: dict[Any, Outcome]) -> Ended:
    title = KIND_WORDS[found.kind]
    if found.end.verdict != "confirmed":
        return Ended(found, title, found.end.verdict, found.end.words)
    if found.kind not in TELLS:
        return Ended(found, title, "done", "")
    answers = [outcomes.get(each) for each in _instructions(found)]
    words = [outcome_words(each.code, each.detail) for each in answers if each is not None]
    if refused_ := [*dict.fromkeys(each for each in words if each)]:
        return Ended(found, title, "refused", " ".join(refused_))
    return Ended(found, title, "waiting" if None in answers else "done", "")


def end(request: DeskRequest, kinds: Iterable[str]) -> HttpResponse | str:
    """Confirm, hand back or take back what was pressed; what to say if refused, "" if done.

    An answer is the way to proving again who this is, which a confirmation asks for.
    """
    do, by = request.POST.get("do", ""), request.account.pk
    number = request.POST.get("number", "")
    found = Decision.objects.filter(kind__in=[*kinds], end__isnull=True)
    chosen = {str(each.pk): each for each in found}.get(number)
    if chosen is None:
        return str(refusal("unknown"))
    if do == "confirm" and (first := prove_first(request)) is not None:
        return first
    try:
        if do == "confirm":
            _confirm(chosen, by, timezone.now())
        elif do == "decline":
            decline(chosen.pk, kind=chosen.kind, by=by, words=request.POST.get("words", ""))
        elif do == "withdraw":
            withdraw(chosen.pk, kind=chosen.kind, by=by)
        else:
            return str(refusal("unknown"))
    except DecisionRefusedError as error:
        return str(refusal(error.code))
    except DayRefusedError as error:
        return refused(error)
    return ""


def _confirm(found: Decision, by: UUID, now: datetime) -> None:
    number, today, sandbox = found.pk, timezone.localdate(now), settings.JUSHA_SIMULATOR
    ways: dict[str, Callable[[], Decision]] = {
        OPEN_KIND: lambda: confirm_open(number, by=by, now=now, is_sandbox=sandbox),
        FUND_KIND: lambda: confirm_fund(number, by=by, today=today),
        RULE_KIND: lambda: confirm_rule(number, by=by, now=now),
        STEP_KIND: lambda: confirm_step(number, by=by, today=today),
        PACT_KIND: lambda: confirm_pact(number, by=by),
        JOIN_KIND: lambda: confirm_join(number, by=by, now=now),
        EXCLUDE_KIND: lambda: confirm_exclude(number, by=by, now=now),
        REPORT_KIND: lambda: confirm_report(number, by=by),
    }
    ways[found.kind]()

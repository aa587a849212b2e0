"""Reading rules against abuse, cases and their gifts for pages; no person's data comes out."""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Final
from uuid import UUID

from django.db.models import Count, QuerySet

from jusha.charities.queries import roles_of
from jusha.guarding.models import AbuseCase, AbuseEnd, AbuseGift, GuardRule
from jusha.guarding.rules import RULES, SHOWN_LEAST, Terms
from jusha.inbox.connect import django_connection
from jusha.oversight.models import Complaint, ComplaintStep
from jusha.projects.models import Project

SQL: Final = Path(__file__).parent / "sql"
GIFTS_SQL: Final = (SQL / "gifts_of_case.sql").read_text()
COUNTS_SQL: Final = (SQL / "counts.sql").read_text()
PROJECTS_SQL: Final = """
SELECT DISTINCT f.code FROM jusha_abusegift g JOIN giving_deed d ON d.number = g.deed
JOIN projects_fund f ON f.project = d.project WHERE g.case_id = %s"""
OPEN_MAX: Final = 200
PAGE: Final = 50
GIFTS_MAX: Final = 200
"""Gifts of one case that a page lists; the case itself has them all."""


def in_force(today: date) -> dict[str, tuple[int, Terms]]:
    """By rule: the version that holds on a day, and its thresholds. Reads: jusha_guardrule."""
    found = {}
    for row in GuardRule.objects.filter(begins__lte=today).order_by("version"):
        found[row.rule] = row.version, row.terms
    return {rule: found[rule] for rule in RULES if rule in found}


def versions() -> list[GuardRule]:
    """Every version of every rule, newest first within its rule. Reads: jusha_guardrule."""
    ranks = {rule: place for place, rule in enumerate(RULES)}
    rows = GuardRule.objects.all()
    return sorted(rows, key=lambda row: (ranks[row.rule], -row.version))


def open_cases() -> QuerySet[AbuseCase]:
    """Cases that nobody has ended, the first due first, with how many gifts they have as `count`.

    Reads: jusha_abusecase, jusha_abuseend, jusha_abusegift.
    """
    found = AbuseCase.objects.filter(end__isnull=True).annotate(count=Count("gifts"))
    return found.order_by("due_on", "id")[:OPEN_MAX]


def count_open() -> int:
    """How many cases nobody has ended. Reads: jusha_abusecase, jusha_abuseend."""
    return AbuseCase.objects.filter(end__isnull=True).count()


def ended_cases() -> QuerySet[AbuseCase]:
    """The newest PAGE ended cases, with their ends and `count`."""
    found = AbuseCase.objects.filter(end__isnull=False).select_related("end")
    return found.annotate(count=Count("gifts")).order_by("-end__at")[:PAGE]


@dataclass(frozen=True, slots=True)
class CaseGift:
    """A gift of a case as a reviewer sees it: payers are letters, links are letters."""

    deed: int
    payer: int
    """Which payer of this case, from 1 in the order of their first gifts."""
    links: tuple[int, ...]
    """Which browsers, accounts and invitations that several payers of this case share, from 1."""
    project: str
    amount: int
    matched: int
    at: datetime
    is_held: bool
    clawed: bool


def gifts_of(case: AbuseCase) -> list[CaseGift]:
    """The first GIFTS_MAX gifts of a case, oldest first. One question.

    Reads: jusha_abusegift, giving_deed, projects_fund, matching_match, matching_review,
    matching_clawback, jusha_guardtrace.
    """
    rows = django_connection().execute(GIFTS_SQL, {"case": case.pk, "most": GIFTS_MAX}).fetchall()
    payers: dict[UUID, int] = {}
    on: defaultdict[UUID, set[UUID]] = defaultdict(set)
    for _, payer, links, *_ in rows:
        payers.setdefault(payer, len(payers) + 1)
        for link in links:
            on[link].add(payer)
    several = [link for link, those in on.items() if len(those) > 1]
    names = {link: place for place, link in enumerate(several, 1)}
    return [
        CaseGift(deed, payers[payer], tuple(sorted(names[e] for e in links if e in names)), *rest)
        for deed, payer, links, *rest in rows
    ]


def open_case_of(deed: int) -> AbuseCase | None:
    """The open case that a gift belongs to, the latest due.

    Reads: jusha_abusegift, jusha_abusecase, jusha_abuseend.
    """
    found = AbuseCase.objects.filter(gifts__deed=deed, end__isnull=True)
    return found.order_by("-due_on", "-id").first()


def objections(deeds: Collection[int]) -> list[tuple[int, int, bool]]:
    """What donors said against a hold: (complaint, gift, whether it was answered), oldest first.

    Reads: jusha_complaint, jusha_complaintstep.
    """
    about = {f"/d/{deed}": deed for deed in deeds}
    rows = Complaint.objects.filter(kind="match-held", about__in=about).order_by("id")
    answered = set(
        ComplaintStep.objects.filter(
            complaint__in=[row.pk for row in rows], did__in=("answered", "closed")
        ).values_list("complaint", flat=True)
    )
    return [(row.pk, about[row.about], row.pk in answered) for row in rows]


def works_there(case: AbuseCase, account: UUID) -> bool:
    """Whether a person works for a charity that a case's gifts went to: then others decide.

    Reads: jusha_member, jusha_project, jusha_abusegift, giving_deed, projects_fund.
    """
    own = set(roles_of(account))
    if not own:
        return False
    rows = django_connection().execute(PROJECTS_SQL, (case.pk,))
    codes = {code for (code,) in rows} | {case.project}
    return Project.objects.filter(code__in=codes, charity__code__in=own).exists()


@dataclass(slots=True)
class Counted:
    """What a rule found in one campaign and what became of it; sums in fen."""

    cases: int = 0
    gifts: int = 0
    held: int = 0
    let: int = 0
    clawed: int = 0
    open_sum: int = 0
    clawed_sum: int = 0

    @property
    def tells_sums(self) -> bool:
        """Whether sums may be told: behind each stand no fewer than SHOWN_LEAST gifts."""
        return all(not each or each >= SHOWN_LEAST for each in (self.held, self.clawed))


def counts() -> dict[tuple[str, str], Counted]:
    """By rule and campaign, as RULES have them; no person's data. One question.

    Reads: jusha_abusecase, jusha_abusegift, jusha_abuseend, matching_review, matching_match,
    matching_clawback.
    """
    found: defaultdict[tuple[str, str], Counted] = defaultdict(Counted)
    for rule, campaign, *sums in django_connection().execute(COUNTS_SQL):
        found[rule, campaign] = Counted(*sums)
    ranks = {rule: place for place, rule in enumerate(RULES)}
    return dict(sorted(found.items(), key=lambda each: (ranks[each[0][0]], each[0][1])))


def still_held(case: AbuseCase) -> list[int]:
    """Gifts of a case that no other open case has. Reads: jusha_abusegift, jusha_abuseend."""
    mine = AbuseGift.objects.filter(case=case)
    others = AbuseGift.objects.filter(case__end__isnull=True).exclude(case=case)
    return sorted(mine.exclude(deed__in=others.values("deed")).values_list("deed", flat=True))


def end_of(case: AbuseCase) -> AbuseEnd | None:
    """How a case ended; None while it is open."""
    return AbuseEnd.objects.filter(case=case).first()

"""Reading campaigns and running totals for pages."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final
from uuid import UUID

import msgspec
from django.db import connection, transaction
from django.db.models import Sum

from jusha.campaigns.models import Campaign, Terms, Total
from jusha.campaigns.rules import CampaignTerms
from jusha.inbox.envelopes import NO_PERSON
from jusha.money.assets import ASSETS
from jusha.money.clock import minute_seconds
from jusha.projects.statement_rules import NOTHING, Sums

CNY: Final = ASSETS["CNY"].number
SQL: Final = Path(__file__).parent / "sql"
SUMS_SQL: Final = (SQL / "project_sums.sql").read_text()
DAY_SQL: Final = (SQL / "day_report.sql").read_text()
MATCHES_SQL: Final = (SQL / "day_matches.sql").read_text()
SCENES_SQL: Final = (SQL / "scene_counts.sql").read_text()
SIZE_SQL: Final = "SELECT coalesce(max(first + count), 0)::bigint FROM tlog_entries"
DAY_SUMS: Final = (
    "gifts", "donated", "matched", "refunded", "returned", "projects", "donors", "unnamed",
    "refunds", "clawbacks", "clawed",
)  # fmt: skip
"""What DAY_SQL tells, in its order."""


@dataclass(frozen=True, slots=True)
class Raised:
    """Sums in fen: what was given and promised, less what went back, and what that was."""

    gifts: int = 0
    given: int = 0
    matched: int = 0
    refunded: int = 0
    returned: int = 0

    @property
    def together(self) -> int:
        """Gifts and promised matches."""
        return self.given + self.matched

    def __add__(self, other: "Raised") -> "Raised":
        return Raised(
            self.gifts + other.gifts,
            self.given + other.given,
            self.matched + other.matched,
            self.refunded + other.refunded,
            self.returned + other.returned,
        )


@dataclass(frozen=True, slots=True)
class Running:
    """A campaign as its pages tell it, with the times that settlement goes by."""

    page: Campaign
    id: int
    terms: CampaignTerms
    opens: datetime
    closes: datetime

    def is_open(self, at: datetime) -> bool:
        """Whether a gift that counts as done at that time takes part."""
        return self.opens <= at < self.closes


def find(code: str) -> Running | None:
    """The campaign; None unless people wrote its page and settlement opened it.

    Reads: jusha_campaign, campaigns_terms.
    """
    page = Campaign.objects.filter(code=code).first()
    terms = Terms.objects.filter(code=code).first()
    return _running(page, terms) if page and terms else None


def of_project(code: str, *, rehearsals: bool = False) -> list[Running]:
    """Campaigns that name the project, newest first, in two queries.

    Rehearsals are no campaigns to visitors: they stand there only if they are asked for.
    Reads: jusha_campaign, campaigns_terms.
    """
    found = Campaign.objects.filter(projects__code=code)
    return _newest_first(found if rehearsals else found.filter(is_rehearsal=False))


def all_campaigns() -> list[Running]:
    """Every campaign but rehearsals, newest first, in two queries.

    Reads: jusha_campaign, campaigns_terms.
    """
    return _newest_first(Campaign.objects.filter(is_rehearsal=False))


def family(code: str) -> list[Running]:
    """A giving day's venues that were opened, in the order of their writing, in two queries.

    Reads: jusha_campaign, campaigns_terms.
    """
    found = _newest_first(Campaign.objects.filter(parent=code))
    return sorted(found, key=lambda each: each.page.pk)


def closes_at(terms: Terms) -> datetime:
    """When settlement closes a campaign."""
    return _moment(msgspec.convert(terms.terms, CampaignTerms).closes)


def named(codes: Iterable[str]) -> dict[str, Campaign]:
    """Campaigns by code, in one query. Reads: jusha_campaign."""
    return {campaign.code: campaign for campaign in Campaign.objects.filter(code__in=set(codes))}


def raised(projects: Iterable[int]) -> dict[int, Raised]:
    """Sums of each project over all campaigns, in yuan's fen. Reads: campaigns_total."""
    sums: dict[int, Raised] = {}
    for total in Total.objects.filter(project__in=set(projects), asset=CNY):
        sums[total.project] = sums.get(total.project, Raised()) + _raised(total)
    return sums


def raised_in(campaign: int) -> dict[int, Raised]:
    """Sums of each project in one campaign, in yuan's fen. Reads: campaigns_total."""
    found = Total.objects.filter(campaign=campaign, asset=CNY)
    return {total.project: _raised(total) for total in found}


def raised_in_all(campaigns: Iterable[int]) -> dict[int, dict[int, Raised]]:
    """As `raised_in`, of several campaigns in one query. Reads: campaigns_total."""
    sums: dict[int, dict[int, Raised]] = {campaign: {} for campaign in campaigns}
    for total in Total.objects.filter(campaign__in=sums, asset=CNY):
        sums[total.campaign][total.project] = _raised(total)
    return sums


def told_at(at: datetime, *, after_days: int) -> dict[int, str]:
    """Codes by id of the campaigns that have begun and ended at most so many days ago.

    Reads: campaigns_terms.
    """
    found = {}
    for terms in Terms.objects.all():
        rules = msgspec.convert(terms.terms, CampaignTerms)
        if _moment(rules.opens) <= at < _moment(rules.closes) + timedelta(days=after_days):
            found[terms.id] = terms.code
    return found


@dataclass(frozen=True, slots=True)
class Everything:
    """All that was ever given and promised in yuan, and what of it went back; in fen."""

    gifts: int
    donated: int
    matched: int
    refunded: int
    returned: int


def everything() -> Everything:
    """Sums over all projects and campaigns, in one query. Reads: campaigns_total."""
    names = ("gifts", "donated", "matched", "refunded", "returned")
    sums = Total.objects.filter(asset=CNY).aggregate(**{name: Sum(name) for name in names})
    return Everything(**{name: int(sums[name] or 0) for name in names})


def project_sums(code: str) -> Sums:
    """All that ever moved in a project's fund, of one moment; nothing for a project without one.

    One question. Reads: projects_fund, charities_payee, ledger_account, campaigns_total,
    matching_release, tlog_entries.
    """
    with connection.cursor() as cursor:
        cursor.execute(SUMS_SQL, {"code": code})
        row = cursor.fetchone()
    return Sums(*row) if row else NOTHING


@dataclass(frozen=True, slots=True)
class Settled:
    """What settlement has of a campaign: `sums` by the names of DAY_SUMS, in fen or counts.

    `matches`: (pool, rule version or "" for a spread rest, matches, fen).
    """

    sums: dict[str, int]
    matches: list[tuple[str, str, int, int]]


def settled(campaigns: Iterable[int]) -> tuple[int, dict[int, Settled]]:
    """How many entries the log has, and what settlement has of each campaign, of one moment.

    Call it outside a transaction: it opens one that sees a single state. Reads: campaigns_total,
    giving_deed, giving_refund, matching_match, matching_pool, matching_rule, matching_clawback,
    tlog_entries.
    """
    found = {}
    with transaction.atomic(durable=True), connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        cursor.execute(SIZE_SQL)
        entries: int = cursor.fetchone()[0]
        for campaign in campaigns:
            cursor.execute(DAY_SQL, {"campaign": campaign, "nobody": NO_PERSON.hex()})
            sums = dict(zip(DAY_SUMS, cursor.fetchone(), strict=True))
            cursor.execute(MATCHES_SQL, {"campaign": campaign})
            found[campaign] = Settled(sums, cursor.fetchall())
    return entries, found


def by_scene(code: str) -> list[tuple[str, int, int]]:
    """Paid gifts of a campaign and its venues: (scene, gifts, fen), the most gifts first.

    It reads every gift of the campaign. Reads: jusha_attribution, giving_deed, campaigns_terms,
    jusha_campaign.
    """
    with connection.cursor() as cursor:
        cursor.execute(SCENES_SQL, {"code": code})
        rows: list[tuple[str, int, int]] = cursor.fetchall()
    return rows


def _newest_first(pages: Iterable[Campaign]) -> list[Running]:
    by_code = {page.code: page for page in pages}
    found = [_running(by_code[t.code], t) for t in Terms.objects.filter(code__in=by_code)]
    return sorted(found, key=lambda each: (each.opens, each.id), reverse=True)


def _raised(total: Total) -> Raised:
    return Raised(
        total.gifts,
        total.donated - total.refunded,
        total.matched - total.returned,
        total.refunded,
        total.returned,
    )


def _running(page: Campaign, terms: Terms) -> Running:
    rules = msgspec.convert(terms.terms, CampaignTerms)
    return Running(page, terms.id, rules, _moment(rules.opens), _moment(rules.closes))


def _moment(text: str) -> datetime:
    return datetime.fromtimestamp(minute_seconds(text), UTC)


def written_by(account: UUID | None) -> None:
    """Tell the database who writes pages in this transaction: it keeps that with their words."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('jusha.by', %s, true)", [str(account or "")])

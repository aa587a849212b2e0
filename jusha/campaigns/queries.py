"""Reading campaigns and running totals for pages."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import msgspec
from django.db import connection
from django.db.models import Sum

from jusha.campaigns.models import Campaign, Terms, Total
from jusha.campaigns.rules import CampaignTerms
from jusha.money.assets import ASSETS
from jusha.money.clock import minute_seconds
from jusha.projects.statement_rules import NOTHING, Sums

CNY: Final = ASSETS["CNY"].number
SUMS_SQL: Final = (Path(__file__).parent / "sql" / "project_sums.sql").read_text()


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


def of_project(code: str) -> list[Running]:
    """Campaigns that name the project, newest first, in two queries.

    Reads: jusha_campaign, campaigns_terms.
    """
    return _newest_first(Campaign.objects.filter(projects__code=code))


def all_campaigns() -> list[Running]:
    """Every campaign, newest first, in two queries. Reads: jusha_campaign, campaigns_terms."""
    return _newest_first(Campaign.objects.all())


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

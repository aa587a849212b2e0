"""Reading giving days: lineage, calendar, who takes part, and how pools' promises stand."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final, NamedTuple
from uuid import UUID

from jusha.campaigns.day_models import DayReport, Participation, PoolPromise
from jusha.campaigns.day_rules import FUND_KIND, Phase, identity, phase
from jusha.campaigns.models import Campaign, Terms
from jusha.campaigns.queries import Running, all_campaigns
from jusha.inbox.outcomes import obeyed
from jusha.ledger.models import Account
from jusha.matching.models import Pool
from jusha.money.assets import ASSETS
from jusha.people.models import Decision
from jusha.projects.models import Fund

CNY: Final = ASSETS["CNY"].number
LINE_MAX: Final = 30
"""How far a lineage is followed: longer ones are a ring or a mistake."""


class Kin(NamedTuple):
    """One of a lineage. `year` is when it opened, 0 where nobody planned it.

    `has_page`: settlement knows it; one that ran elsewhere is a name and a year.
    """

    code: str
    title_zh: str
    title_en: str
    year: int
    is_this: bool
    has_page: bool


def lineage(page: Campaign) -> list[Kin]:
    """What a campaign follows and what follows it, the eldest first; [] for one alone.

    Two questions. Reads: jusha_campaign, campaigns_terms.
    """
    rows = Campaign.objects.filter(is_rehearsal=False).values_list(
        "code", "title_zh", "title_en", "opens", "predecessor"
    )
    by_code = {row[0]: row for row in rows}
    after = {row[4]: code for code, row in sorted(by_code.items(), reverse=True) if row[4]}
    line, seen = [page.code], {page.code}
    code = page.predecessor
    while code in by_code and code not in seen and len(line) < LINE_MAX:
        line.insert(0, code)
        seen.add(code)
        code = by_code[code][4]
    code = after.get(page.code, "")
    while code and code not in seen and len(line) < LINE_MAX:
        line.append(code)
        seen.add(code)
        code = after.get(code, "")
    if len(line) == 1:
        return []
    known = set(Terms.objects.filter(code__in=line).values_list("code", flat=True))
    return [
        Kin(each, row[1], row[2], row[3].year if row[3] else 0, each == page.code, each in known)
        for each in line
        if (row := by_code.get(each)) is not None
    ]


def calendar(at: datetime) -> list[tuple[int, list[tuple[Running, Phase]]]]:
    """Campaigns that are no venues by the year they open in, the newest first.

    Two questions. Reads: jusha_campaign, campaigns_terms.
    """
    years: dict[int, list[tuple[Running, Phase]]] = {}
    for each in all_campaigns():
        if not each.page.parent:
            where = phase(each.opens, each.closes, at)
            years.setdefault(each.opens.year, []).append((each, where))
    return sorted(years.items(), reverse=True)


def drafts() -> list[Campaign]:
    """Every page that is no venue, rehearsals too, newest first. Reads: jusha_campaign."""
    return list(Campaign.objects.filter(parent="").order_by("-id"))


def participants(codes: Collection[str]) -> dict[str, list[str]]:
    """Charities that take part in any of the campaigns, with their projects, by charity.

    Reads: jusha_participation.
    """
    found: dict[str, list[str]] = {}
    for each in Participation.objects.filter(campaign__in=codes).order_by("id"):
        own = found.setdefault(each.charity, [])
        own += [code for code in each.projects if code not in own]
    return found


@dataclass(frozen=True, slots=True)
class PromiseState:
    """How a sponsor's promises for a pool stand. Sums in fen.

    `unpaid` was released to charities and not paid yet. Promises are used and paid in the order of
    their days: a default (承诺逾期) is what was released from those whose day is past and is not
    paid. `due_on` is the day of the first promise that is not paid in full, else of the last.
    """

    pool: str
    sponsor: str
    promised: int
    due_on: date
    matched: int
    unpaid: int
    paid: int
    is_default: bool


def promises(pools: Iterable[str], *, today: date) -> dict[str, PromiseState]:
    """How the promises for pools stand, by pool; a pool without a signed paper is not there.

    A promise counts from when settlement obeyed it; one that it refused never does. Three
    questions. Reads: jusha_poolpromise, settlement_outcome, ledger_account.
    """
    signed: dict[str, list[PoolPromise]] = {}
    for each in _obeyed(PoolPromise.objects.filter(pool__in=set(pools)).order_by("due_on", "id")):
        signed.setdefault(each.pool, []).append(each)
    if not signed:
        return {}
    sums: dict[tuple[str, str], int] = {}
    books = [f"pool:{code}" for code in signed]
    kinds = ("promised", "payable", "secured", "trusted")
    for account in Account.objects.filter(book__in=books, asset=CNY, kind__in=kinds):
        balance = account.normal * (account.debits - account.credits)
        key = account.book.removeprefix("pool:"), account.kind
        sums[key] = sums.get(key, 0) + balance
        if account.kind == "payable":
            sums[key[0], "paid"] = sums.get((key[0], "paid"), 0) + account.debits
    return {
        code: _state(
            code, each, {kind: sums.get((code, kind), 0) for kind in (*kinds, "paid")}, today
        )
        for code, each in signed.items()
    }


def _obeyed(signed: Iterable[PoolPromise]) -> list[PoolPromise]:
    """Those whose instruction settlement obeyed, in their order."""
    names = {UUID(bytes=identity(each.decision)): each for each in signed}
    if not names:
        return []
    done = obeyed(names)
    return [each for name, each in names.items() if name in done]


def _state(code: str, signed: list[PoolPromise], sums: dict[str, int], today: date) -> PromiseState:
    """From one pool's promises in the order of their days."""
    covered, due_on = 0, signed[-1].due_on
    for each in signed:
        covered += each.amount
        if covered > sums["paid"]:
            due_on = each.due_on
            break
    due = sum(each.amount for each in signed if each.due_on < today)
    released = sums["payable"] + sums["paid"]
    return PromiseState(
        code,
        signed[0].sponsor,
        sum(each.amount for each in signed),
        due_on,
        sums["promised"] + sums["payable"] + sums["paid"],
        sums["payable"],
        sums["paid"],
        is_default=min(due, released) > sums["paid"],
    )


def is_promise(sha256: str) -> bool:
    """Whether a file was handed in as a sponsor's signed promise. Reads: jusha_decision."""
    return Decision.objects.filter(kind=FUND_KIND, evidence__contains=[sha256]).exists()


class Releasable(NamedTuple):
    """What a closed pool promised to a project, in fen."""

    project: str
    amount: int


def promised_of(pool: Pool) -> list[Releasable]:
    """What a pool promised to projects and did not release. Reads: ledger_account."""
    found = Account.objects.filter(book=f"pool:{pool.code}", asset=CNY, kind="promised")
    sums = [Releasable(each.owner, each.credits - each.debits) for each in found.order_by("owner")]
    return [each for each in sums if each.amount > 0]


def payable_of(pool: Pool) -> list[Releasable]:
    """What a pool owes to charities (`project` is the charity). Reads: ledger_account."""
    found = Account.objects.filter(book=f"pool:{pool.code}", asset=CNY, kind="payable")
    sums = [Releasable(each.owner, each.credits - each.debits) for each in found.order_by("owner")]
    return [each for each in sums if each.amount > 0]


def frozen(codes: Iterable[str]) -> set[str]:
    """Projects among these whose matches settlement has frozen. Reads: projects_fund."""
    found = Fund.objects.filter(code__in=set(codes)).exclude(frozen=0)
    return set(found.values_list("code", flat=True))


def reports(campaign: str) -> list[DayReport]:
    """Every closing report of a campaign, the first one first. Reads: jusha_dayreport."""
    return list(DayReport.objects.filter(campaign=campaign).order_by("id"))


def newest_report(campaign: str) -> DayReport | None:
    """The newest closing report of a campaign. Reads: jusha_dayreport."""
    return DayReport.objects.filter(campaign=campaign).order_by("-id").first()

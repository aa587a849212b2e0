"""Reading companies: who is in them, what they promised, paid and matched."""

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Final, NamedTuple
from uuid import UUID

from django.db.models import Count, Q
from django.utils.timezone import localtime

from jusha.charities.models import Charity
from jusha.inbox.outcomes import obeyed
from jusha.ledger.models import Account
from jusha.matching.block_rules import same
from jusha.matching.models import Coupon, Pool, Rule, Window
from jusha.people import decisions
from jusha.people.models import Decision
from jusha.projects.plan_rules import related_parties
from jusha.projects.queries import find as find_project
from jusha.projects.queries import published
from jusha.teams.company_models import (
    Company,
    CompanyApplication,
    CompanyMember,
    CompanyPledge,
    CompanyPool,
    CompanyProject,
    CompanyReturn,
    Employee,
)
from jusha.teams.company_rules import (
    APPLY_KIND,
    PACE_DAYS,
    SHOWN_FROM,
    Forecast,
    State,
    Years,
    forecast,
    identity,
    paid_of,
    pledge_state,
    years,
)
from jusha.teams.models import TeamTotal

EPOCH: Final = date(1970, 1, 1)


class Promise(NamedTuple):
    """A pledge and how it stands; `paid` is what of the company's payments counts for it."""

    pledge: CompanyPledge
    paid: int
    state: State


class Series(NamedTuple):
    """Coupons that a company hands out: their rule, how many it hands out, how many were used."""

    rule: str
    handed: int
    used: int


class Money(NamedTuple):
    """A pool's balances in fen; `paid` is what its sponsor paid to charities."""

    paid_in: int
    available: int
    promised: int
    paid: int


def is_employee(company: str, account: UUID) -> bool:
    """Whether an account is one of a company's people now. Reads: jusha_employee."""
    return Employee.objects.filter(company=company, account=account).exists()


def speaks_for(company: str, account: UUID) -> bool:
    """Whether an account is a company's representative. Reads: jusha_companymember."""
    return CompanyMember.objects.filter(company=company, account_id=account).exists()


def find(code: str) -> Company | None:
    """The company of this code. Reads: jusha_company."""
    return Company.objects.filter(code=code).first()


def named(codes: Iterable[str]) -> dict[str, Company]:
    """Companies by code. Reads: jusha_company."""
    return {each.code: each for each in Company.objects.filter(code__in=set(codes))}


def shown_name(code: str) -> str:
    """A company's name; "" for none of this code. Reads: jusha_company."""
    return Company.objects.filter(code=code).values_list("name_zh", flat=True).first() or ""


def companies_of(account: UUID) -> list[Company]:
    """The companies of which an account is one of the people. Reads: jusha_employee."""
    codes = Employee.objects.filter(account=account).values("company")
    return list(Company.objects.filter(code__in=codes).order_by("code"))


def people(company: str) -> int | None:
    """How many people a company has here; None for fewer than SHOWN_FROM."""
    n = Employee.objects.filter(company=company).count()
    return n if n >= SHOWN_FROM else None


def application_of(account: UUID) -> CompanyApplication | None:
    """The newest application of an account. Reads: jusha_companyapplication."""
    return CompanyApplication.objects.filter(account=account).order_by("-id").first()


def is_open(found: CompanyApplication) -> bool:
    """Whether an application waits: not handed back, and its company not here.

    Reads: jusha_companyreturn, jusha_company.
    """
    return (
        not CompanyReturn.objects.filter(application=found.pk).exists()
        and not Company.objects.filter(code=found.code).exists()
    )


def waiting_applications() -> list[CompanyApplication]:
    """Applications that nobody proposed yet, oldest first."""
    returned = CompanyReturn.objects.values("application")
    proposed = {each.subject for each in decisions.open_decisions(APPLY_KIND)}
    found = CompanyApplication.objects.exclude(pk__in=returned)
    found = found.exclude(code__in=Company.objects.values("code")).order_by("id")
    return [each for each in found if str(each.pk) not in proposed]


def proposals(kind: str) -> list[Decision]:
    """What of a kind waits for its second person. Reads: jusha_decision, jusha_decisionend."""
    return list(decisions.open_decisions(kind))


def return_of(application: int) -> CompanyReturn | None:
    """Why an application was handed back. Reads: jusha_companyreturn."""
    return CompanyReturn.objects.filter(application=application).first()


def is_own(company: Company, project: str, *, today: date) -> bool:
    """Whether a project is a company's own: its charity is the company, or the plan names it.

    Reads: jusha_project, jusha_charity, jusha_projectplan.
    """
    found = find_project(project)
    if found is None:
        return False
    charity = found.charity
    if charity.uscc == company.uscc or same(charity.name_zh, company.name_zh):
        return True
    plan = published(project, today).plan
    return any(same(name, company.name_zh) for name in related_parties(plan or {}))


def may_be_own(company: Company) -> bool:
    """Whether a company is a charity here, so that anything it matches may be its own."""
    own = Q(uscc=company.uscc) | Q(name_zh=company.name_zh)
    return Charity.objects.filter(own).exists()


def pools_of(company: str) -> list[CompanyPool]:
    """What a company put behind pools, oldest first; what settlement refused is none of it.

    Reads: jusha_companypool, settlement_outcome.
    """
    found = CompanyPool.objects.filter(company=company).order_by("id")
    names = {UUID(bytes=identity(each.decision)): each for each in found}
    done = obeyed(names) if names else set()
    return [each for name, each in names.items() if name in done]


def money_of(pools: Iterable[str]) -> Money:
    """What pools hold and what their sponsor paid of them, all together.

    Reads: ledger_account.
    """
    codes = set(pools)
    sums: dict[str, int] = {}
    for each in Account.objects.filter(book__in=[f"pool:{code}" for code in codes], asset=1):
        balance = each.normal * (each.debits - each.credits)
        sums[each.kind] = sums.get(each.kind, 0) + balance
    banked = Account.objects.filter(kind="banked", owner__in=codes, asset=1)
    paid = sum(int(debits) for debits in banked.values_list("debits", flat=True))
    behind = sums.get("secured", 0) + sums.get("trusted", 0) + paid
    owed = sums.get("promised", 0) + sums.get("payable", 0)
    return Money(behind, sums.get("available", 0), owed, paid)


def forecast_of(company: str, today: date) -> Forecast:
    """A company's budget over all its pools. Reads: jusha_companypool, ledger_account,
    matching_pool, matching_window.
    """  # noqa: D205 - one thought
    codes = {each.pool for each in pools_of(company)}
    money = money_of(codes)
    days = range((today - EPOCH).days - PACE_DAYS + 1, (today - EPOCH).days + 1)
    ids = Pool.objects.filter(code__in=codes).values("id")
    used: dict[date, int] = {}
    for day, spent in Window.objects.filter(pool__in=ids, day__in=days).values_list("day", "used"):
        on = EPOCH + timedelta(days=day)
        used[on] = used.get(on, 0) + spent
    return forecast(
        paid_in=money.paid_in, promised=money.promised, spent=money.paid, left=money.available,
        used=used, today=today,
    )  # fmt: skip


def promises_of(company: str, today: date) -> list[Promise]:
    """A company's pledges and how they stand, newest first. What it paid counts for what is due
    first. Reads: jusha_companypledge, jusha_companypool, ledger_account.
    """  # noqa: D205 - one thought
    found = list(CompanyPledge.objects.filter(company=company).order_by("-id"))
    if not found:
        return []
    paid = money_of(each.pool for each in pools_of(company)).paid
    laid = paid_of([(each.pk, each.due_on, each.amount, each.paid_before) for each in found], paid)
    return [
        Promise(
            each, laid[each.pk],
            pledge_state(
                amount=each.amount, paid=laid[each.pk], due_on=each.due_on, today=today
            ),
        )
        for each in found
    ]  # fmt: skip


def years_of(company: str, today: date) -> Years:
    """A company's continuity. Reads: as forecast_of and promises_of, and jusha_teamtotal."""
    rows = pools_of(company)
    given_in = {localtime(each.at).year for each in rows}
    dues = CompanyPledge.objects.filter(company=company).values_list("amount", "due_on")
    paid = money_of(each.pool for each in rows).paid
    total = TeamTotal.objects.filter(scope="c", code=company).first()
    persons = total.persons if total else 0
    return years(given_in=given_in, dues=list(dues), paid=paid, people=persons, today=today)


def series_of(company: str) -> list[Series]:
    """The coupons of a company's pools, in the newest terms of each rule, with those used.

    Reads: jusha_companypool, matching_pool, matching_rule, matching_coupon.
    """
    codes = {each.pool for each in pools_of(company)}
    ids = Pool.objects.filter(code__in=codes).values("id")
    newest: dict[int, Rule] = {}
    for rule in Rule.objects.filter(pool__in=ids, terms__gives__kind="coupon").order_by("number"):
        newest[rule.family or rule.id] = rule
    used = Coupon.objects.filter(rule__in=newest).values("rule").annotate(n=Count("serial"))
    counts = {row["rule"]: int(row["n"]) for row in used}
    return [
        Series(rule.code, int(rule.terms["gives"]["count"]), counts.get(family, 0))
        for family, rule in newest.items()
    ]


def projects_of(company: str, state: str) -> list[CompanyProject]:
    """Suggested projects in a state, oldest first. Reads: jusha_companyproject."""
    return list(CompanyProject.objects.filter(company=company, state=state).order_by("id"))


def matches(company: str, project: str) -> bool:
    """Whether a company's representative approved a project. Reads: jusha_companyproject."""
    found = CompanyProject.objects.filter(company=company, project=project, state="approved")
    return found.exists()


def listed() -> list[Company]:
    """Every company, the newest first. Reads: jusha_company."""
    return list(Company.objects.order_by("-id"))

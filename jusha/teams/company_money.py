"""What a company promises in public, and the pools that are funded in its name."""

from dataclasses import asdict, dataclass
from datetime import date
from typing import Any, Final
from uuid import UUID

import structlog
from django.db import IntegrityError, transaction
from django.utils.timezone import localdate

from jusha.inbox.append import append
from jusha.inbox.connect import django_connection
from jusha.inbox.envelopes import CODE, Instruction
from jusha.matching.block_list import SponsorRefusedError, check_instruction
from jusha.matching.models import Pool
from jusha.people import decisions
from jusha.people.decisions import DecisionRefusedError
from jusha.people.models import Decision
from jusha.projects.queries import find as find_project
from jusha.teams.company_models import Company, CompanyPledge, CompanyPool
from jusha.teams.company_queries import is_own, may_be_own, money_of, pools_of, speaks_for
from jusha.teams.company_rules import (
    ABOUT_MAX,
    HOWS,
    PLEDGE_KIND,
    PLEDGE_MAX_FEN,
    POOL_KIND,
    PURPOSES,
    TEXT_MAX,
    CompanyRefusedError,
    identity,
    org,
)
from jusha.uploads import queries as uploads
from jusha.uploads.keep import adopt

LANE: Final = "console"

log = structlog.get_logger("companies")


@dataclass(frozen=True, slots=True)
class NewPledge:
    """A promise as it was signed; `amount` in fen, `file` the SHA-256 of the signed letter."""

    text: str
    amount: int
    signed_on: date
    due_on: date
    file: str


@dataclass(frozen=True, slots=True)
class NewPool:
    """Money for a pool of a campaign; `amount` in fen. `declared`: words on its own project."""

    company: str
    pool: str
    campaign: str
    purpose: str
    about: str
    amount: int
    how: str
    declared: str = ""


def propose_pledge(company: str, said: NewPledge, *, by: UUID, today: date) -> Decision:
    """Put a signed promise before a reviewer: the company's representative does.

    Raises CompanyRefusedError, DecisionRefusedError. Writes: jusha_decision.
    """
    text = said.text.strip()
    if not speaks_for(company, by):
        raise CompanyRefusedError("not-yours")
    for refusal, wrong in (
        ("words", not 0 < len(text) <= TEXT_MAX),
        ("amount", not 0 < said.amount <= PLEDGE_MAX_FEN),
        ("due", not said.signed_on <= today <= said.due_on),
        ("file", all(each.by != by for each in uploads.copies(said.file))),
    ):
        if wrong:
            raise CompanyRefusedError(refusal)
    body = {
        "company": company, "text": text, "amount": said.amount, "file": said.file,
        "signed_on": said.signed_on.isoformat(), "due_on": said.due_on.isoformat(),
        "paid_before": money_of(each.pool for each in pools_of(company)).paid,
    }  # fmt: skip
    adopt(said.file, by=by, charity=org(company))
    return decisions.propose(
        PLEDGE_KIND, charity=org(company), subject=company, body=body, by=by, evidence=[said.file]
    )


def confirm_pledge(number: int, *, by: UUID) -> None:
    """Publish a promise as it was proposed. Raises DecisionRefusedError.

    Writes: jusha_decisionend, jusha_companypledge.
    """

    def carry_out(found: Decision) -> None:
        days = {name: date.fromisoformat(found.body[name]) for name in ("signed_on", "due_on")}
        CompanyPledge.objects.create(decision=found.pk, **(found.body | days))

    decisions.confirm(number, kind=PLEDGE_KIND, by=by, apply=carry_out)


def propose_pool(said: NewPool, *, by: UUID, today: date) -> Decision:
    """Propose to fund a pool in a company's name; another of finance confirms.

    Matching its own project is refused unless that is declared, in words that its page shows.
    Raises CompanyRefusedError, DecisionRefusedError. Writes: jusha_decision.
    """
    company = Company.objects.filter(code=said.company).first()
    if company is None:
        raise CompanyRefusedError("unknown")
    for refusal, wrong in (
        ("pool", not CODE.fullmatch(said.pool) or not _may_fund(company, said.pool)),
        ("campaign", not CODE.fullmatch(said.campaign)),
        ("purpose", said.purpose not in PURPOSES or said.how not in HOWS),
        ("about", not 0 < len(said.about.strip()) <= ABOUT_MAX),
        ("about", said.purpose == "project" and find_project(said.about.strip()) is None),
        ("amount", not 0 < said.amount <= PLEDGE_MAX_FEN),
        ("self-match", not said.declared.strip() and _matches_own(company, said, today)),
    ):
        if wrong:
            raise CompanyRefusedError(refusal)
    try:
        check_instruction("fund-pool", {"sponsor": company.name_zh}, on=today)
    except SponsorRefusedError as error:
        raise CompanyRefusedError("blocked") from error
    body = asdict(said) | {
        "about": said.about.strip(), "declared": said.declared.strip()[:TEXT_MAX],
    }  # fmt: skip
    return decisions.propose(
        POOL_KIND, charity=org(said.company), subject=said.pool, body=body, by=by
    )


def confirm_pool(number: int, *, by: UUID) -> None:
    """Fund a pool as it was proposed: settlement books it by the instruction of the two.

    Raises DecisionRefusedError: "stale" where the company is not taken any more, or the pool
    became another's. Writes: jusha_decisionend, jusha_companypool, the inbox.
    """

    def carry_out(found: Decision) -> None:
        company = Company.objects.get(code=found.body["company"])
        said = NewPool(**found.body)
        if not said.declared and _matches_own(company, said, localdate()):
            raise DecisionRefusedError("stale")
        told = fund_body(found.body, company)
        try:
            check_instruction("fund-pool", told, on=localdate())
            with transaction.atomic():
                CompanyPool.objects.create(decision=found.pk, **found.body)
        except (SponsorRefusedError, IntegrityError) as error:
            raise DecisionRefusedError("stale") from error
        if not _may_fund(company, found.body["pool"]):
            raise DecisionRefusedError("stale")
        sent = Instruction(identity(found.pk), "fund-pool", str(found.proposed_by), str(by), told)
        append(django_connection(), lane=LANE, envelopes=[sent])
        log.info("company_pool_funded", pool=found.body["pool"], decision=found.pk)

    decisions.confirm(number, kind=POOL_KIND, by=by, apply=carry_out)


def fund_body(body: dict[str, Any], company: Company) -> dict[str, Any]:
    """What settlement is told: the sponsor is the company by its legal name."""
    told = {"code": body["pool"]} | {name: body[name] for name in ("campaign", "amount", "how")}
    return told | {"sponsor": company.name_zh}


def _may_fund(company: Company, pool: str) -> bool:
    """Whether a pool is nobody else's. Reads: matching_pool, jusha_companypool."""
    if CompanyPool.objects.filter(pool=pool).exclude(company=company.code).exists():
        return False
    found = Pool.objects.filter(code=pool).first()
    return found is None or (found.sponsor == company.name_zh and not found.closed)


def _matches_own(company: Company, said: NewPool, today: date) -> bool:
    """Whether the money may match the company's own: its project, or anything if it has some."""
    if said.purpose == "project":
        return is_own(company, said.about.strip(), today=today)
    return may_be_own(company)

"""Pools, rules and the steps of a pool: each proposed by one, confirmed by another, then told.

Nothing is decided here that settlement decides: it refuses what does not fit, and the page of the
day shows what it said.
"""

from datetime import date, datetime
from typing import Any, NamedTuple
from uuid import UUID

from django.utils.timezone import localdate

from jusha.campaigns.day_models import PoolPromise
from jusha.campaigns.day_rules import (
    AMOUNT_MAX,
    FUND_KIND,
    RULE_AHEAD_SECONDS,
    RULE_KIND,
    STEP_KIND,
    STEPS,
    DayRefusedError,
    minute_after,
    unprintable,
)
from jusha.campaigns.models import Terms
from jusha.campaigns.tell import check_sponsor, tell
from jusha.inbox.envelopes import CODE
from jusha.matching.document import read_document
from jusha.matching.models import Pool
from jusha.matching.rules import document
from jusha.money.clock import minute_seconds
from jusha.people import decisions
from jusha.people.models import Decision

SPONSOR_MAX = 120
NOTICE_DAYS_MAX = 366


class Promise(NamedTuple):
    """What a sponsor signed: see PoolPromise; the last two count when the pool is opened."""

    pool: str
    sponsor: str
    amount: int
    how: str
    due_on: date | None
    on_return: str = "sponsor"
    notice_days: int = 10


def propose_fund(campaign: str, said: Promise, *, evidence: str, by: UUID, today: date) -> Decision:
    """Put a sponsor's signed promise before finance. `evidence`: the SHA-256 of the paper.

    Raises DayRefusedError, DecisionRefusedError. Writes: jusha_decision.
    """
    said = said._replace(pool=said.pool.strip(), sponsor=said.sponsor.strip())
    _check_pool(campaign, said)
    if not 0 < said.amount <= AMOUNT_MAX or said.how not in {"secured", "trusted"}:
        raise DayRefusedError("amount")
    if said.due_on is None or said.due_on < today:
        raise DayRefusedError("due")
    if not evidence:
        raise DayRefusedError("evidence")
    pool = {"on_return": said.on_return, "notice_days": said.notice_days}
    promise = {
        "pool": said.pool,
        "campaign": campaign,
        "sponsor": said.sponsor,
        "amount": said.amount,
        "how": said.how,
        "due_on": said.due_on.isoformat(),
        "evidence": evidence,
    }
    check_sponsor("fund-pool", promise, on=today)
    body = {"promise": promise, "pool": pool}
    if decisions.open_decisions(FUND_KIND).filter(body__promise__pool=said.pool).exists():
        raise DayRefusedError("waits")
    return decisions.propose(
        FUND_KIND, charity="", subject=campaign, body=body, by=by, evidence=[evidence]
    )


def confirm_fund(number: int, *, by: UUID, today: date) -> Decision:
    """Fund the pool as was promised. Raises DayRefusedError, DecisionRefusedError.

    Writes: jusha_decisionend, jusha_poolpromise, the inbox.
    """

    def apply(found: Decision) -> None:
        said, pool = found.body["promise"], found.body["pool"]
        _check_pool(
            found.subject,
            Promise(said["pool"], said["sponsor"], said["amount"], said["how"], None, **pool),
        )
        PoolPromise.objects.create(decision=found.pk, **said)
        told = {name: said[name] for name in ("campaign", "sponsor", "amount", "how")}
        tell(found, [("fund-pool", told | {"code": said["pool"]} | pool)], second=by, on=today)

    return decisions.confirm(number, kind=FUND_KIND, by=by, apply=apply)


def _check_pool(campaign: str, said: Promise) -> None:
    """Refuse a pool that settlement would refuse. Raises DayRefusedError."""
    terms = Terms.objects.filter(code=campaign).first()
    if terms is None:
        raise DayRefusedError("not-opened")
    if not CODE.fullmatch(said.pool):
        raise DayRefusedError("pool")
    if not 0 < len(said.sponsor) <= SPONSOR_MAX or unprintable(said.sponsor):
        raise DayRefusedError("sponsor")
    if said.on_return not in {"sponsor", "spread"} or not 0 <= said.notice_days <= NOTICE_DAYS_MAX:
        raise DayRefusedError("pool")
    pool = Pool.objects.filter(code=said.pool).first()
    if pool is not None and (
        pool.campaign != terms.id or pool.notice_until or pool.sponsor != said.sponsor
    ):
        raise DayRefusedError("pool-other", pool.code)


def propose_rule(
    campaign: str, *, code: str, pool: str, from_: str, text: str, by: UUID, now: datetime
) -> Decision:
    """Put a rule document, or a new version of one, before a second person.

    `from_` is a UTC minute; "" is as soon as may be after it is confirmed.
    Raises DayRefusedError, DecisionRefusedError, DocumentRefusedError. Writes: jusha_decision.
    """
    code, pool = code.strip(), pool.strip()
    if not CODE.fullmatch(code):
        raise DayRefusedError("rule-code")
    _pool_of(campaign, pool)
    if from_:
        _check_from(from_, now)
    body = {"code": code, "pool": pool, "from": from_, "terms": document(read_document(text))}
    check_sponsor("publish-rule", body, on=localdate(now))
    return decisions.propose(RULE_KIND, charity="", subject=campaign, body=body, by=by)


def confirm_rule(number: int, *, by: UUID, now: datetime) -> Decision:
    """Publish the rule as it was proposed. Raises DayRefusedError, DecisionRefusedError.

    Writes: jusha_decisionend, the inbox.
    """

    def apply(found: Decision) -> None:
        body = dict(found.body)
        _pool_of(found.subject, body["pool"])
        if body["from"]:
            _check_from(body["from"], now)
        else:
            body["from"] = minute_after(now, RULE_AHEAD_SECONDS)
        tell(found, [("publish-rule", body)], second=by, on=localdate(now))

    return decisions.confirm(number, kind=RULE_KIND, by=by, apply=apply)


def _check_from(from_: str, now: datetime) -> None:
    """Refuse a minute that is none, or too near. Raises DayRefusedError("from")."""
    try:
        wanted = minute_seconds(from_)
    except ValueError as error:
        raise DayRefusedError("from") from error
    if wanted < minute_seconds(minute_after(now, RULE_AHEAD_SECONDS // 2)):
        raise DayRefusedError("from")


def _pool_of(campaign: str, code: str) -> Pool:
    """A pool of the campaign whose notice has not begun. Raises DayRefusedError("pool")."""
    terms = Terms.objects.filter(code=campaign).first()
    if terms is None:
        raise DayRefusedError("not-opened")
    found = Pool.objects.filter(code=code, campaign=terms.id, notice_until=0).first()
    if found is None:
        raise DayRefusedError("pool", code)
    return found


def propose_step(campaign: str, step: str, bodies: list[dict[str, Any]], *, by: UUID) -> Decision:
    """Put a step of a pool before a second person: one of STEPS, for each of `bodies`.

    Raises DayRefusedError, DecisionRefusedError. Writes: jusha_decision.
    """
    terms = Terms.objects.filter(code=campaign).first()
    if terms is None:
        raise DayRefusedError("not-opened")
    pools = set(Pool.objects.filter(campaign=terms.id).values_list("code", flat=True))
    if step not in STEPS or not bodies or any(each.get("pool") not in pools for each in bodies):
        raise DayRefusedError("step")
    if step == "sponsor-paid" and not all(0 < each["amount"] <= AMOUNT_MAX for each in bodies):
        raise DayRefusedError("amount")
    if _same_waits(campaign, step, bodies):
        raise DayRefusedError("waits")
    body = {"step": step, "bodies": bodies}
    return decisions.propose(STEP_KIND, charity="", subject=campaign, body=body, by=by)


def _same_waits(campaign: str, step: str, bodies: list[dict[str, Any]]) -> bool:
    waiting = decisions.open_decisions(STEP_KIND).filter(subject=campaign)
    return any(each.body == {"step": step, "bodies": bodies} for each in waiting)


def confirm_step(number: int, *, by: UUID, today: date) -> Decision:
    """Let settlement take the step. Raises DecisionRefusedError.

    Writes: jusha_decisionend, the inbox.
    """

    def apply(found: Decision) -> None:
        told = [(found.body["step"], each) for each in found.body["bodies"]]
        tell(found, told, second=by, on=today)

    return decisions.confirm(number, kind=STEP_KIND, by=by, apply=apply)

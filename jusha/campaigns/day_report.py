"""The closing report: what settlement has of a day and its venues, at a size of the log.

An operator proposes the figures, another person publishes them. Every sum can be computed again
from the log's first `entries` entries, which the checkpoint that is named covers.
"""

from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from django.db import IntegrityError, transaction

from jusha.campaigns.day_models import DayReport
from jusha.campaigns.day_queries import promises
from jusha.campaigns.day_rules import REPORT_KIND, DayRefusedError
from jusha.campaigns.queries import DAY_SUMS, Running, Settled, family, find, settled
from jusha.matching.models import Pool, Release
from jusha.people import decisions
from jusha.people.models import Decision
from jusha.projects import queries as projects
from jusha.tlog import queries as tlog

NOT_SUMMED: Final = ("donors", "projects")
"""Who gave in two venues is one donor: counts of different things are not added up."""


def figures(code: str, *, now: datetime, today: date) -> dict[str, Any]:
    """What settlement has of a campaign and its venues, as JSON; sums in fen.

    Raises DayRefusedError: "code", "not-over", "stale" where the log's publisher is behind.
    Reads: campaigns_total, giving_deed, giving_refund, the matching tables, ledger_account,
    tlog_entries, jusha_poolpromise, the public log.
    """
    running = find(code)
    if running is None:
        raise DayRefusedError("code")
    every = [running, *family(code)]
    if any(now < each.closes for each in every):
        raise DayRefusedError("not-over")
    entries, sums = settled([each.id for each in every])
    venues = [_venue(each, sums[each.id], today) for each in every]
    published = tlog.checkpoint()
    if published is None or published.size < entries:
        raise DayRefusedError("stale")
    return {
        "campaign": code,
        "entries": entries,
        "checkpoint": {"size": published.size, "root": published.checkpoint.root_hash.hex()},
        "venues": venues,
        "sums": {
            name: sum(each[name] for each in venues) for name in DAY_SUMS if name not in NOT_SUMMED
        },
    }


def _venue(running: Running, told: Settled, today: date) -> dict[str, Any]:
    """One campaign's figures."""
    pools = list(Pool.objects.filter(campaign=running.id).order_by("code"))
    stands = promises((each.code for each in pools), today=today)
    named = {each.project: each.code for each in _released_to(pools)}
    return told.sums | {
        "code": running.page.code,
        "opens": running.terms.opens,
        "closes": running.terms.closes,
        "pools": [
            {
                "pool": pool.code,
                "sponsor": pool.sponsor,
                "rules": [
                    {"rule": rule, "matches": count, "matched": amount}
                    for code, rule, count, amount in told.matches
                    if code == pool.code
                ],
                "released": _released(pool, named),
                "promise": _promise(stands.get(pool.code)),
            }
            for pool in pools
        ],
    }


def _released_to(pools: list[Pool]) -> list[Any]:
    found = Release.objects.filter(pool__in=[each.id for each in pools])
    return list(projects.funds_numbered(found.values_list("project", flat=True)))


def _released(pool: Pool, named: dict[int, str]) -> list[dict[str, Any]]:
    found = Release.objects.filter(pool=pool.id).order_by("number")
    return [
        {"project": named[each.project], "amount": each.amount, "entry": each.number}
        for each in found
    ]


def _promise(state: Any) -> dict[str, Any] | None:
    if state is None:
        return None
    return {
        "promised": state.promised,
        "due_on": state.due_on.isoformat(),
        "unpaid": state.unpaid,
        "paid": state.paid,
        "is_default": state.is_default,
    }


def propose_report(code: str, *, by: UUID, now: datetime, today: date) -> Decision:
    """Put a closing report before a second person.

    Raises DayRefusedError, DecisionRefusedError. Writes: jusha_decision.
    """
    told = figures(code, now=now, today=today)
    with transaction.atomic():
        if decisions.open_decisions(REPORT_KIND).filter(subject=code).exists():
            raise DayRefusedError("waits")
        body = {"campaign": code, "figures": told}
        return decisions.propose(REPORT_KIND, charity="", subject=code, body=body, by=by)


def confirm_report(number: int, *, by: UUID) -> Decision:
    """Publish a report as it was proposed. Raises DayRefusedError, DecisionRefusedError.

    Writes: jusha_decisionend, jusha_dayreport.
    """

    def apply(found: Decision) -> None:
        try:
            with transaction.atomic():
                DayReport.objects.create(decision=found.pk, **found.body)
        except IntegrityError as error:
            raise DayRefusedError("stale") from error

    return decisions.confirm(number, kind=REPORT_KIND, by=by, apply=apply)

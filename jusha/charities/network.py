"""Tiers and networks: one reviewer proposes where a charity stands, another confirms."""

from datetime import date
from typing import Final
from uuid import UUID

from django.db import IntegrityError, transaction

from jusha.charities.models import Charity
from jusha.charities.network_models import CharityStanding
from jusha.charities.network_rules import Standing, fault, holding
from jusha.people import decisions
from jusha.people.decisions import DecisionRefusedError
from jusha.people.models import Decision

KIND: Final = "charity-tier"


def standings(on: date) -> dict[str, Standing]:
    """Where charities stand on a day, by code. Reads: jusha_charitystanding."""
    return holding(
        (
            Standing(row.charity, row.tier, row.hub, row.words, row.begins, row.pk)
            for row in CharityStanding.objects.order_by("id")
        ),
        on,
    )


def network_of(code: str, on: date) -> tuple[Standing | None, Charity | None, list[Charity]]:
    """Where a charity stands, the hub that it belongs to, and who belongs to it, by code.

    Reads: jusha_charitystanding, jusha_charity.
    """
    found = standings(on)
    own = found.get(code)
    hub = own.hub if own else ""
    codes = {each.charity for each in found.values() if each.hub == code} | ({hub} - {""})
    pages = {page.code: page for page in Charity.objects.filter(code__in=codes).order_by("code")}
    members = [page for name, page in pages.items() if name != hub]
    return own, pages.get(hub), members


def propose_standing(told: Standing, *, by: UUID, today: date) -> Decision:
    """Propose where a charity stands from a day on; another reviewer confirms.

    Raises DecisionRefusedError: "unknown", "begins", "waits", "not-yours", or a fault of
    `network_rules.fault`. Writes: jusha_decision.
    """
    told = told._replace(words=told.words.strip())
    if not Charity.objects.filter(code=told.charity).exists():
        raise DecisionRefusedError("unknown")
    if told.begins < today:
        raise DecisionRefusedError("begins")
    _judge(told)
    body = {
        "charity": told.charity, "tier": told.tier, "hub": told.hub, "words": told.words,
        "begins": told.begins.isoformat(),
    }  # fmt: skip
    with transaction.atomic():
        if decisions.open_decisions(KIND).filter(subject=told.charity).exists():
            raise DecisionRefusedError("waits")
        return decisions.propose(KIND, charity=told.charity, subject=told.charity, body=body, by=by)


def confirm_standing(number: int, *, by: UUID) -> Decision:
    """Write where a charity stands as it was proposed. Raises DecisionRefusedError.

    What no longer fits, because the hub stands otherwise by now, is "stale".
    Writes: jusha_decisionend, jusha_charitystanding.
    """

    def carry_out(found: Decision) -> None:
        body = found.body
        _judge(Standing(**(body | {"begins": date.fromisoformat(body["begins"])})))
        try:
            with transaction.atomic():
                CharityStanding.objects.create(decision=found.pk, **body)
        except IntegrityError as error:
            raise DecisionRefusedError("stale") from error

    return decisions.confirm(number, kind=KIND, by=by, apply=carry_out)


def _judge(told: Standing) -> None:
    if code := fault(told, standings(told.begins)):
        raise DecisionRefusedError(code)

"""Residue of an unlawful fundraising goes to the charity that a regulator named.

First everything that can go back goes back (refund_campaign). For what is left one person says
which document names whom and by which transfer it was paid; another confirms. Confirming is one
transaction: the order, the gifts that it covers, the refunds that nobody tries again, and one
instruction a gift. So a crash leaves all of it or nothing, and a repeat finds nothing to do.
"""

from datetime import date
from hashlib import sha256
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from jusha.charities.models import Payee
from jusha.giving.refund_queries import newest_run
from jusha.giving.residue_models import ResidueGift, ResidueOrder
from jusha.giving.residue_queries import open_gifts
from jusha.giving.residue_rules import (
    OpenGift,
    ResidueRefusedError,
    Said,
    check,
    identity,
    order_code,
    shares,
    words,
)
from jusha.inbox.append import append
from jusha.inbox.connect import django_connection
from jusha.inbox.envelopes import Instruction
from jusha.people import decisions
from jusha.people.models import Decision

KIND: Final = "residue"
LANE: Final = "console"
ROW_MAX: Final = 1_000
SQL: Final = Path(__file__).parent / "sql"
LOCK_SQL: Final = (SQL / "residue_lock_sendings.sql").read_text()
CLOSE_SQL: Final = (SQL / "residue_close_sendings.sql").read_text()
ONE_SQL: Final = "SELECT pg_advisory_xact_lock(hashtext('jusha residue'))"
"""One order is carried out at a time: gifts that no rail sends back have no row to lock."""


def propose_residue(
    campaign: str, charity: str, asset: int, said: Said, *, evidence: str, by: UUID, today: date
) -> Decision:
    """Put before a second person where a charity's residue of a campaign went.

    `evidence`: the SHA-256 of the regulator's document that was looked at.
    Raises ResidueRefusedError, DecisionRefusedError. Writes: jusha_decision.
    """
    run = newest_run(campaign)
    if run is None:
        raise ResidueRefusedError("no-run")
    mine = _of(open_gifts(campaign), charity, asset)
    share = next(iter(shares(mine)), None)
    plain = check(said, share, named=run.residue_to, today=today)
    if not Payee.objects.filter(code=plain.receiver).exists():
        raise ResidueRefusedError("no-charity")
    if not evidence:
        raise ResidueRefusedError("evidence")
    assert share is not None
    assert plain.document_on is not None
    assert plain.paid_on is not None
    body = plain._asdict() | {
        "campaign": campaign,
        "asset": asset,
        "gifts": share.gifts,
        "amount": share.amount,
        "document_on": plain.document_on.isoformat(),
        "paid_on": plain.paid_on.isoformat(),
    }
    return decisions.propose(
        KIND, charity=charity, subject=campaign, body=body, by=by, evidence=[evidence]
    )


def confirm_residue(number: int, *, by: UUID) -> Decision:
    """Confirm an order as it was proposed; settlement books it gift by gift.

    Refused as "stale" where the gifts come to another sum by now: then money was transferred that
    is owed no longer, or more is owed. Raises DecisionRefusedError.
    Writes: jusha_decisionend, jusha_residueorder, jusha_residuegift, jusha_sending, the inbox.
    """
    return decisions.confirm(
        number, kind=KIND, by=by, apply=lambda found: _carry_out(found, second=by)
    )


def _carry_out(found: Decision, *, second: UUID) -> None:
    body, connection = found.body, django_connection()
    connection.execute(ONE_SQL)
    connection.execute(LOCK_SQL, {"campaign": body["campaign"]})
    gifts = _of(open_gifts(body["campaign"]), found.charity, body["asset"])
    final = [gift for gift in gifts if gift.is_final]
    if (len(final), sum(gift.owed for gift in final)) != (body["gifts"], body["amount"]):
        raise decisions.DecisionRefusedError("stale")
    days = {name: date.fromisoformat(body[name]) for name in ("document_on", "paid_on")}
    order = ResidueOrder.objects.create(decision=found.pk, charity=found.charity, **(body | days))
    ResidueGift.objects.bulk_create(
        ResidueGift(deed=gift.deed, order=order, project=gift.project, amount=gift.owed)
        for gift in final
    )
    connection.execute(CLOSE_SQL, {"deeds": [gift.deed for gift in final]})
    people = str(found.proposed_by), str(second)
    told = [_instruction(gift, found, *people) for gift in final]
    for start in range(0, len(told), ROW_MAX):
        append(connection, lane=LANE, envelopes=[*told[start : start + ROW_MAX]])


def _instruction(gift: OpenGift, found: Decision, by: str, second: str) -> Instruction:
    body: dict[str, Any] = {
        "deed": gift.deed,
        "amount": gift.owed,
        "charity": found.body["receiver"],
        "order": order_code(found.pk),
        "words": sha256(words(found.body)).digest(),
    }
    return Instruction(identity(gift.deed), "residue", by, second, body)


def _of(gifts: list[OpenGift], charity: str, asset: int) -> list[OpenGift]:
    return [gift for gift in gifts if (gift.charity, gift.asset) == (charity, asset)]

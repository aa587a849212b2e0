"""A second person confirms a refund: with that, the instruction is in the inbox.

State and instruction are one transaction, so no crash leaves one without the other. Its id is the
case's key: appended twice, settlement obeys it once.
"""

from functools import partial
from hashlib import sha256
from typing import Final

from django.db import transaction

from jusha.giving.models import RefundCase
from jusha.giving.refund_before import Planned, hindered
from jusha.giving.refund_rules import CONFIRMED, Actor, RefundRefusedError, check_confirm
from jusha.giving.refund_step import locked, step
from jusha.inbox.append import append
from jusha.inbox.connect import django_connection
from jusha.inbox.envelopes import Envelope, Instruction

LANE: Final = "console"
CHARGEBACK: Final = "chargeback"


def confirm_refund(case_id: int, actor: Actor) -> RefundCase:
    """Confirm an approved case and append its instruction. Safe to repeat by the same person.

    Raises RefundRefusedError, "receipt-stands" where the gift's receipt is not reversed yet.
    Reads: giving_deed, giving_refund. Writes: jusha_refundcase, jusha_refundstep, the inbox.
    """
    check = partial(check_confirm, actor=actor)
    with transaction.atomic():
        case = locked(case_id, check)
        waits = hindered([Planned(case.deed, case.amount)])
        if not waits:
            case = step(case_id, actor, to=CONFIRMED, check=check, confirmed_by=actor.name)
            append(django_connection(), lane=LANE, envelopes=instructions(case))
    if waits:  # after the commit: what was begun to clear the way goes on
        raise RefundRefusedError("receipt-stands")
    return case


def instructions(case: RefundCase) -> list[Envelope]:
    """What a confirmed case asks of settlement.

    Of a chargeback the rail has taken the money already: that it went back is told at once, so
    that nobody sends it a second time.
    """
    by, second = case.approved_by, case.confirmed_by
    body = {"deed": case.deed, "amount": case.amount, "reason": case.reason}
    told: list[Envelope] = [Instruction(case.key.bytes, "refund", by, second, body)]
    if case.reason == CHARGEBACK:
        name = sha256(case.key.bytes + b" sent").digest()[:16]
        sent = {"deed": case.deed, "amount": case.amount, "reference": case.reference}
        told.append(Instruction(name, "refund-sent", by, second, sent))
    return told

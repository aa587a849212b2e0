"""The charity's finance approves a refund; a second person still has to confirm it."""

from functools import partial

from jusha.giving.models import RefundCase
from jusha.giving.refund_rules import APPROVED, Actor, check_approve
from jusha.giving.refund_step import step


def approve_refund(case_id: int, actor: Actor) -> RefundCase:
    """Approve a case for its charity. Raises RefundRefusedError.

    Reads: giving_deed, giving_refund. Writes: jusha_refundcase, jusha_refundstep.
    """
    check = partial(check_approve, actor=actor)
    return step(case_id, actor, to=APPROVED, check=check, approved_by=actor.name)

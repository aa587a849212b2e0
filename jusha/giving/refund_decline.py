"""The charity's finance declines a refund, and says why."""

from functools import partial

from jusha.giving.models import RefundCase
from jusha.giving.refund_rules import DECLINED, Actor, check_decline
from jusha.giving.refund_step import step


def decline_refund(case_id: int, actor: Actor, *, reason: str) -> RefundCase:
    """Decline a case for one of DECLINES, which the donor is told. Raises RefundRefusedError.

    Reads: giving_deed, giving_refund. Writes: jusha_refundcase, jusha_refundstep.
    """
    check = partial(check_decline, actor=actor, reason=reason)
    return step(case_id, actor, to=DECLINED, check=check, declined_for=reason)

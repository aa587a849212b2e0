"""Who asked for a refund takes the wish back, before it was sent."""

from functools import partial

from jusha.giving.models import RefundCase
from jusha.giving.refund_rules import WITHDRAWN, Actor, check_withdraw
from jusha.giving.refund_step import step


def withdraw_refund(case_id: int, actor: Actor) -> RefundCase:
    """Withdraw a case that nobody has confirmed. Raises RefundRefusedError.

    Reads: giving_deed, giving_refund. Writes: jusha_refundcase, jusha_refundstep.
    """
    check = partial(check_withdraw, actor=actor)
    return step(case_id, actor, to=WITHDRAWN, check=check)

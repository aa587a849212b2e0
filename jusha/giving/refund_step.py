"""One step of a refund case: locked, checked by the rules, recorded; the verbs share it."""

from collections.abc import Callable

from django.db import transaction

from jusha.giving.models import RefundCase, RefundStep
from jusha.giving.refund_queries import standing
from jusha.giving.refund_rules import Actor, RefundRefusedError, Standing


def step(
    case_id: int,
    actor: Actor,
    *,
    to: str,
    check: Callable[[Standing], None],
    **fields: str,
) -> RefundCase:
    """Bring a case to state `to` with these fields changed, or to none at all.

    A case that is there already only passes the check. The row is locked until the
    caller's transaction ends, so that of two people one is first. Raises RefundRefusedError.
    Reads: giving_deed, giving_refund. Writes: jusha_refundcase, jusha_refundstep.
    """
    with transaction.atomic():
        case = locked(case_id, check)
        if case.state == to:
            return case
        case.state = to
        for name, value in fields.items():
            setattr(case, name, value)
        case.save(update_fields=["state", *fields])
        RefundStep.objects.create(case=case.pk, did=to, as_role=actor.role, by=actor.name)
    return case


def locked(case_id: int, check: Callable[[Standing], None]) -> RefundCase:
    """The case, checked and locked until the caller's transaction ends.

    Raises RefundRefusedError. Reads: jusha_refundcase, giving_deed, giving_refund.
    """
    case = RefundCase.objects.select_for_update().filter(pk=case_id).first()
    if case is None:
        raise RefundRefusedError("not-yours")
    check(standing(case))
    return case

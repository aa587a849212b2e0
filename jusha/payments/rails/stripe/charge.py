"""What Stripe's objects say, as the facts that pass through the seam: the same from both ways.

A payment is a charge. The charge inside an event and the charge that a question gets are the same
object, so their facts are equal; a payment intent has no time of payment and is only the way to
its charge. Amounts are in the currency's smallest unit, as ours are.
"""

import re
from typing import Any, Final, Literal

from jusha.money.assets import AMOUNT_MAX
from jusha.payments.rails.seam import Paid, Returned

ORDER: Final = "order"
REFUND: Final = "refund"
"""Names of our numbers in Stripe's metadata; Stripe copies an intent's to its charge."""
Object = dict[str, Any]
_ID: Final = re.compile(r"[A-Za-z0-9_]{1,255}")
_CURRENCY: Final = re.compile(r"[a-z]{3}")
_PAYER: Final = re.compile(r"[A-Za-z0-9_-]{1,128}")
STATES: Final[dict[str, Literal["pending", "arrived", "failed"]]] = {
    "pending": "pending",
    "requires_action": "pending",
    "succeeded": "arrived",
    "failed": "failed",
    "canceled": "failed",
}


class NotSaidError(ValueError):
    """The object lacks what it must have, or has it in another form; the text names it."""


def text(told: Object, name: str, form: re.Pattern[str] = _ID) -> str:
    """Read a text of a form. Raises NotSaidError."""
    value = told.get(name)
    if not isinstance(value, str) or not form.fullmatch(value):
        raise NotSaidError(name)
    return value


def whole(told: Object, name: str) -> int:
    """Read a whole number from 0 to AMOUNT_MAX. Raises NotSaidError."""
    value = told.get(name)
    if type(value) is not int or not 0 <= value <= AMOUNT_MAX:
        raise NotSaidError(name)
    return value


def noted(told: Object, name: str) -> str:
    """What we wrote into an object's metadata under this name; "" if nothing."""
    notes = told.get("metadata")
    value = notes.get(name) if isinstance(notes, dict) else None
    return value if isinstance(value, str) else ""


def paid(charge: Object, *, account: str) -> Paid:
    """The facts of a charge in this account. Raises NotSaidError unless money came in."""
    if charge.get("object") != "charge" or charge.get("status") != "succeeded":
        raise NotSaidError("no charge that succeeded")
    if charge.get("paid") is not True or charge.get("captured") is not True:
        raise NotSaidError("a charge that took no money")
    amount = whole(charge, "amount_captured")
    if not amount:
        raise NotSaidError("amount_captured")
    return Paid(
        transaction=text(charge, "id"),
        order=noted(charge, ORDER),
        amount=amount,
        asset=text(charge, "currency", _CURRENCY).upper(),
        merchant=account,
        payer=_payer(charge),
        paid_at=whole(charge, "created"),
    )


def returned(refund: Object) -> Returned:
    """The facts of a refund. Raises NotSaidError."""
    if refund.get("object") != "refund":
        raise NotSaidError("no refund")
    state = STATES.get(str(refund.get("status")))
    if state is None:
        raise NotSaidError("status")
    return Returned(
        refund=noted(refund, REFUND),
        transaction=text(refund, "charge"),
        amount=whole(refund, "amount"),
        state=state,
        at=whole(refund, "created") if state == "arrived" else 0,
    )


def _payer(charge: Object) -> str:
    """The mark of the means of payment, the same each time it is used; "" where there is none."""
    details = charge.get("payment_method_details")
    kind = details.get("type") if isinstance(details, dict) else None
    means = details.get(kind) if isinstance(details, dict) and isinstance(kind, str) else None
    mark = means.get("fingerprint") if isinstance(means, dict) else None
    if mark is None:
        return ""
    if not isinstance(mark, str) or not _PAYER.fullmatch(mark):
        raise NotSaidError("fingerprint")
    return mark

"""A rail's word of a payment, as the deed it is: the same from a notice and from an answer."""

from collections.abc import Mapping
from typing import Final

from jusha.inbox.envelopes import CODE, NO_PERSON, Deed
from jusha.inbox.keys import deed_key, hmac_sha256, person_key
from jusha.payments.rails.facts import facts_bytes
from jusha.payments.rails.seam import Paid

ORDER_DIGITS_MAX: Final = 18


def deed_of(
    rail: str,
    paid: Paid,
    *,
    payees: Mapping[str, str],
    deed_secret: bytes,
    person_secret: bytes,
) -> Deed:
    """Turn a payment into the envelope that settlement judges; nothing authentic is refused.

    `payees` maps the rail's merchants to charities' codes. A merchant that nobody named stands
    as itself, so that settlement holds the money and the case says where it went. The body is
    keyed, because payers' ids are few enough to guess.
    """
    number = paid.order
    is_ours = number.isascii() and number.isdigit() and len(number) <= ORDER_DIGITS_MAX
    unnamed = f"{rail}-{paid.merchant}"
    payee = payees.get(paid.merchant) or (unnamed if CODE.fullmatch(unnamed) else f"{rail}-unnamed")
    return Deed(
        channel=rail,
        key=deed_key(deed_secret, rail, paid.transaction),
        body=hmac_sha256(deed_secret, facts_bytes(paid)),
        asset=paid.asset,
        amount=paid.amount,
        order=int(number) if is_ours else 0,
        payee=payee,
        person=person_key(person_secret, rail, paid.payer) if paid.payer else NO_PERSON,
        paid_at=paid.paid_at,
    )

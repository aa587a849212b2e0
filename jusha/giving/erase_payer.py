"""Erase whom one receipt is for, and nothing else: the same path as erasing a whole person.

It is written into the erasure list first, so a restored backup is erased again; what the law wants
kept is locked away until its day (restrict_payers.py).
"""

from datetime import datetime
from uuid import uuid4

from django.conf import settings
from django.db import transaction

from jusha.giving.erase_donor import carry_out
from jusha.giving.models import Receipt
from jusha.giving.receipt_rules import ReceiptRefusedError
from jusha.people import erasure_list


def erase_payer(order_no: int, *, now: datetime) -> Receipt:
    """Let go of whom an order's receipt is for: done when it returns, and safe to repeat.

    A wish that nothing was issued for ends as waived and its payer is deleted. The payer of what
    was issued, or of what an issuer is being asked, is read by no page any more and deleted after
    the last day that the law names. Raises ReceiptRefusedError (no-wish), ListDamagedError,
    OSError: then nothing was erased. Writes: the erasure list, jusha_receipt, jusha_receiptpayer,
    jusha_erasure.
    """
    with transaction.atomic():
        found = Receipt.objects.select_for_update().filter(order_no=order_no).first()
        if found is None:
            raise ReceiptRefusedError("no-wish")
        carry_out(
            erasure_list.append(
                settings.HOME,
                id_=uuid4(),
                at_s=int(now.timestamp()),
                accounts=[],
                donors=[],
                orders=[],
                payers=[order_no],
            )
        )
    found.refresh_from_db()
    return found

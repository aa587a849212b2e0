"""Ask the issuer again for a receipt that it refused, once its reason is gone."""

from datetime import datetime

from django.db import transaction

from jusha.giving.hand_rules import Hand, HandRefusedError
from jusha.giving.models import Receipt
from jusha.giving.receipt_queries import facts_of


def retry_receipt(receipt: int, hand: Hand, *, now: datetime) -> None:
    """Let the issuer be asked again under the same key: whoever refused has done nothing.

    What is asked is judged anew. Raises HandRefusedError. Writes: jusha_receipt.
    """
    with transaction.atomic():
        row = Receipt.objects.select_for_update().filter(pk=receipt).first()
        if row is None or facts_of([row])[row.pk].charity not in hand.charities or not hand.name:
            raise HandRefusedError("not-yours")
        if not row.told or row.tries:
            raise HandRefusedError("not-now")
        row.told, row.next_at = "", now
        row.save(update_fields=["told", "next_at"])

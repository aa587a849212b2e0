"""The receipt first: what a refund has to wait for (refund_before.BEFORE_BOOKING).

A letter is reversed here, in the transaction that books the refund. An e-receipt is its issuer's
to reverse: that begins when a refund is approved (receipt_send); until then the refund waits.
"""

from collections.abc import Collection
from datetime import UTC, datetime

from django.db import transaction

from jusha.giving import receipt_rules as rules
from jusha.giving.models import Receipt
from jusha.giving.receipt_follow import judged, reversal
from jusha.giving.receipt_paper import write_papers


def reverse_before_refund(deeds: Collection[int]) -> frozenset[int]:
    """Reverse the letters of these deeds; return the deeds whose e-receipt still stands.

    Such a receipt is held from now on, so that it is reversed without a case too. Safe to repeat.
    Reads: what `receipt_queries.facts_of` reads. Writes: jusha_receipt, jusha_receiptpaper,
    jusha_receiptseries.
    """
    now = datetime.now(UTC)
    with transaction.atomic():
        rows = list(Receipt.objects.select_for_update().filter(deed__in=deeds).order_by("pk"))
        waiting: set[int] = set()
        drafts = []
        for each in judged(rows):
            row, letter = each.row, each.stands(rules.LETTER)
            if each.stands(rules.E_RECEIPT) or row.tries:
                assert row.deed is not None
                waiting.add(row.deed)  # its letter is reversed with the refund, not before
                row.held_at, row.next_at = now, row.next_at or now
            else:
                row.held_at = None  # from here on the refund itself says that it is on its way
            if letter is not None and row.deed not in waiting:
                drafts.append(reversal(each, letter))
                row.state = rules.REQUESTED
            row.save(update_fields=["held_at", "next_at", "state"])
        write_papers(drafts, now=now)
    return frozenset(waiting)

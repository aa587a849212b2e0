"""Whom receipts are for, once that person was erased: locked away, then gone.

What the law wants kept may not be deleted before its time, and may not be used meanwhile
(PIPL article 47). The day when it goes is fixed here, by the papers that were issued.
"""

from collections.abc import Collection
from datetime import date

from django.utils import timezone

from jusha.giving import receipt_rules as rules
from jusha.giving.models import Receipt, ReceiptPaper, ReceiptPayer
from jusha.people.retention_rules import E_RECEIPT, keep_until


def restrict_payers(orders: Collection[int], *, today: date) -> None:
    """Take back wishes that are not fulfilled, and lock away the payers of what was issued.

    Needs a transaction; safe to repeat. Writes: jusha_receipt, jusha_receiptpayer.
    """
    for row in Receipt.objects.select_for_update().filter(order_no__in=orders).order_by("pk"):
        is_under_way = bool(row.tries and row.next_at)
        papers = ReceiptPaper.objects.filter(receipt=row.pk, does=rules.ISSUE)
        until = [keep_until(paper.kind, on=timezone.localtime(paper.at).date()) for paper in papers]
        if is_under_way:  # the issuer may have written one already
            until.append(keep_until(E_RECEIPT, on=today))
        payers = ReceiptPayer.objects.filter(receipt=row.pk)
        if until:
            payers.update(kept_until=max(until))
        else:
            payers.delete()
        row.asked_by = ""
        if row.state == rules.REQUESTED and not is_under_way:
            row.state, row.next_at, row.sent_amount = rules.WAIVED, None, 0
        row.save(update_fields=["asked_by", "state", "next_at", "sent_amount"])


def let_go(*, today: date) -> int:
    """Delete payers whose time is over; how many. Writes: jusha_receiptpayer."""
    return ReceiptPayer.objects.filter(kept_until__lt=today).delete()[0]

"""A donor asks for a receipt, asks again for another name, or takes the wish back."""

from datetime import datetime

from django.db import transaction

from jusha.giving import receipt_rules as rules
from jusha.giving.erase_payer import erase_payer
from jusha.giving.models import Receipt
from jusha.giving.receipt_follow import Judged, follow, judged, reversal
from jusha.giving.receipt_paper import write_papers
from jusha.giving.receipt_payer import keep_payer
from jusha.giving.receipt_rules import Payer, ReceiptRefusedError


def ask_receipt(
    *, order_no: int, kind: str, payer: Payer, consent: bool, now: datetime, asked_by: str = ""
) -> Receipt:
    """Ask for a receipt of an order's gift, paid or not yet; a letter is there when it returns.

    Asked again, a letter for another payer takes the place of the first, which is reversed.
    Who may ask for which order, the caller has checked. Raises ReceiptRefusedError.
    Writes: jusha_receipt, jusha_receiptpayer, and what `follow` writes.
    """
    if not consent:
        raise ReceiptRefusedError("no-consent")
    if kind not in rules.KINDS:
        raise ReceiptRefusedError("no-issuer")
    plain = rules.check_payer(payer)
    with transaction.atomic():
        Receipt.objects.bulk_create(
            [Receipt(order_no=order_no, kind=kind, title=plain.title, state=rules.WAIVED)],
            ignore_conflicts=True,
        )
        row = Receipt.objects.select_for_update().get(order_no=order_no)
        each = judged([row])[0]
        _check_free(each, now=now)
        if letter := each.stands(rules.LETTER):
            write_papers([reversal(each, letter)], now=now)
        row.kind, row.title, row.state = kind, plain.title, rules.REQUESTED
        row.asked_by, row.consent = asked_by, rules.CONSENT
        row.told, row.tries, row.sent_amount, row.next_at = "", 0, 0, None
        row.save()
        keep_payer(row.pk, plain)
        follow([row.pk], now=now)
    row.refresh_from_db()
    return row


def _check_free(each: Judged, *, now: datetime) -> None:
    if each.stands(rules.E_RECEIPT):
        raise ReceiptRefusedError("already-issued")
    if _is_under_way(each.row):
        raise ReceiptRefusedError("under-way")
    if each.facts.confirmed or each.waits(rules.E_RECEIPT, now=now):
        raise ReceiptRefusedError("refund-waits")
    if each.facts.left == 0:
        raise ReceiptRefusedError("no-wish")
    issued = [paper for paper in each.papers if paper.does == rules.ISSUE]
    if len(issued) >= rules.LETTERS_MAX:
        raise ReceiptRefusedError("too-often")


def withdraw_receipt(order_no: int, *, now: datetime) -> Receipt:
    """Take a wish back that is not fulfilled; its payer is erased. Safe to repeat.

    Raises ReceiptRefusedError: no-wish, under-way, already-issued; and as `erase_payer`.
    Writes: what `erase_payer` writes.
    """
    with transaction.atomic():
        row = _locked(order_no)
        if row.state == rules.ISSUED or judged([row])[0].stands(rules.LETTER):
            raise ReceiptRefusedError("already-issued")
        if _is_under_way(row):
            raise ReceiptRefusedError("under-way")
        return erase_payer(order_no, now=now)


def _is_under_way(row: Receipt) -> bool:
    """Whether an issuer may have been asked for what we do not know the answer to."""
    return bool(row.tries and row.next_at)


def _locked(order_no: int) -> Receipt:
    row = Receipt.objects.select_for_update().filter(order_no=order_no).first()
    if row is None:
        raise ReceiptRefusedError("no-wish")
    return row

"""Reading receipts; the state of every gift's receipt, asked for or not."""

from collections.abc import Collection, Iterable, Mapping
from datetime import date, datetime, timedelta
from typing import Final, NamedTuple

from jusha.giving import receipt_rules as rules
from jusha.giving.models import Deed, Receipt, ReceiptPaper, ReceiptPayer, RefundCase
from jusha.giving.refund_queries import money
from jusha.giving.refund_rules import APPROVED, CONFIRMED
from jusha.payments.models import Paid

HOLD: Final = timedelta(days=1)
"""How long a refund without a case may wait for an e-receipt before the receipt comes back."""


class Facts(NamedTuple):
    """What a receipt's gift is worth now; `left` in fen, None while nothing paid the order.

    `confirmed`: a refund is in the inbox; `decided`: a first person has approved one.
    """

    deed: int | None
    charity: str
    left: int | None
    confirmed: bool
    decided: bool
    has_payer: bool


def states_of(deeds: Collection[int]) -> dict[int, str]:
    """The receipt's state of each of these deeds: one of the four, never none.

    A deed without an order is `anonymous`, one with an order that nobody asked for is `waived`.
    Unknown numbers are left out. Reads: giving_deed, jusha_receipt.
    """
    orders = dict(Deed.objects.filter(number__in=set(deeds)).values_list("number", "order_no"))
    asked = dict(
        Receipt.objects.filter(order_no__in=set(orders.values()) - {0}).values_list(
            "order_no", "state"
        )
    )
    return {
        number: asked.get(order, rules.state_without_wish(order))
        for number, order in orders.items()
    }


def find(order_no: int) -> Receipt | None:
    """The wish that an order's gift has; None if nobody asked. Reads: jusha_receipt."""
    return Receipt.objects.filter(order_no=order_no).first()


def state_of_order(order_no: int) -> str:
    """The receipt's state of an order's gift. Reads: jusha_receipt."""
    found = Receipt.objects.filter(order_no=order_no).values_list("state", flat=True).first()
    return found or rules.state_without_wish(order_no)


def papers_of(receipts: Collection[int]) -> dict[int, list[ReceiptPaper]]:
    """The papers of each receipt, oldest first, in one query. Reads: jusha_receiptpaper."""
    found: dict[int, list[ReceiptPaper]] = {receipt: [] for receipt in receipts}
    for paper in ReceiptPaper.objects.filter(receipt__in=found).order_by("id"):
        found[paper.receipt].append(paper)
    return found


def standing_of_orders(orders: Collection[int]) -> dict[int, list[ReceiptPaper]]:
    """The papers of these orders that were issued and not reversed; orders without are left out.

    In two queries. Reads: jusha_receipt, jusha_receiptpaper.
    """
    rows = Receipt.objects.filter(order_no__in=orders).values_list("pk", "order_no")
    order_of = dict(rows)
    found = {}
    for receipt, papers in papers_of(list(order_of)).items():
        gone = {each.reverses for each in papers}
        if stand := [p for p in papers if p.does == rules.ISSUE and p.pk not in gone]:
            found[order_of[receipt]] = stand
    return found


def as_rules_see(papers: Iterable[ReceiptPaper]) -> list[rules.Paper]:
    """Papers without what the rules do not ask for."""
    return [
        rules.Paper(each.pk, each.kind, each.does, each.amount, each.reverses) for each in papers
    ]


def facts_of(receipts: Collection[Receipt]) -> dict[int, Facts]:
    """What is true of each receipt's gift now, by the receipt's id, in at most eight queries.

    Held payments are no gifts yet: as if nothing had paid the order.
    Reads: payments_paid, giving_deed, giving_refund, jusha_refundcase, jusha_receiptpayer and
    what `refund_queries.money` reads.
    """
    orders = [each.order_no for each in receipts]
    paid = dict(Paid.objects.filter(order_no__in=orders).values_list("order_no", "number"))
    worth = {each.number: each for each in money(paid.values()) if not each.held}
    cases = RefundCase.objects.filter(deed__in=worth, state__in=(APPROVED, CONFIRMED))
    decided = dict(cases.values_list("deed", "state"))
    payers = dict(
        ReceiptPayer.objects.filter(receipt__in=[each.pk for each in receipts]).values_list(
            "receipt", "kept_until"
        )
    )
    found = {}
    for each in receipts:
        gift = worth.get(paid.get(each.order_no, -1))
        state = decided.get(gift.number, "") if gift else ""
        found[each.pk] = Facts(
            deed=gift.number if gift else None,
            charity=gift.charity if gift else "",
            left=gift.left if gift else None,
            confirmed=state == CONFIRMED,
            decided=bool(state),
            has_payer=_has_payer(each, payers),
        )
    return found


def _has_payer(receipt: Receipt, payers: Mapping[int, date | None]) -> bool:
    """Whether a new paper may name its payer; of an erased person only what is under way."""
    if receipt.pk not in payers:
        return False
    return payers[receipt.pk] is None or bool(receipt.tries and receipt.next_at)


def e_receipt_waits(receipt: Receipt, facts: Facts, *, now: datetime) -> bool:
    """Whether a refund on its way keeps the e-receipt from standing."""
    is_held = receipt.held_at is not None and now - receipt.held_at < HOLD
    return facts.decided or is_held

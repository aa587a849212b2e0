"""Bring receipts up to their gifts: letters are written at once, issuers are asked by another.

What stands must be what is left of the gift (receipt_rules). Running this twice, in two
processes, or after a crash changes nothing more: each receipt's row is locked and judged anew.
"""

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from django.db import transaction
from django.db.models import Max

from jusha.giving import receipt_queries as queries
from jusha.giving import receipt_rules as rules
from jusha.giving.models import Receipt, ReceiptPaper, Refund, RefundCase
from jusha.giving.receipt_paper import Draft, write_papers
from jusha.giving.receipt_queries import Facts
from jusha.giving.refund_rules import APPROVED, CONFIRMED
from jusha.payments.models import Paid

AT_ONCE: Final = 200
PAID_WITHIN: Final = timedelta(days=3)
"""An order that is not paid by then is looked for only once in a while, by a whole round."""


class Follower:
    """Follows by rounds; remembers the last refund it saw, and looks at everything at first."""

    def __init__(self) -> None:
        self._seen = -1

    def round(self, now: datetime, *, whole: bool = False) -> int:
        """Move what is due; return how many receipts did. Reads and writes as `follow`."""
        last = Refund.objects.aggregate(last=Max("number"))["last"] or 0
        whole = whole or self._seen < 0
        found = due(now, after=-1 if whole else self._seen, whole=whole)
        moved = follow(found, now=now)
        self._seen = last
        return moved


def due(now: datetime, *, after: int, whole: bool) -> list[int]:
    """Receipts that may have to move: newly paid, or touched by a refund.

    `after`: refunds booked behind this entry. Reads: jusha_receipt, payments_paid,
    giving_refund, jusha_refundcase.
    """
    waiting = Receipt.objects.filter(state=rules.REQUESTED, next_at__isnull=True, told="")
    if not whole:
        waiting = waiting.filter(asked_at__gt=now - PAID_WITHIN)
    paid = waiting.filter(order_no__in=Paid.objects.values("order_no"))
    cases = RefundCase.objects.filter(state__in=(APPROVED, CONFIRMED)).values("deed")
    touched = Receipt.objects.exclude(state=rules.WAIVED).filter(deed__in=cases)
    back = Refund.objects.filter(number__gt=after).values("deed")
    returned = Receipt.objects.filter(deed__in=back)
    return sorted(
        {
            *paid.values_list("pk", flat=True),
            *touched.values_list("pk", flat=True),
            *returned.values_list("pk", flat=True),
        }
    )


def follow(receipts: Collection[int], *, now: datetime) -> int:
    """Judge these receipts, write and reverse letters, make e-receipts due; return how many moved.

    Reads: what `receipt_queries.facts_of` reads. Writes: jusha_receipt, jusha_receiptpaper,
    jusha_receiptseries.
    """
    numbers = sorted(receipts)
    moved = 0
    for first in range(0, len(numbers), AT_ONCE):
        with transaction.atomic():
            rows = locked(numbers[first : first + AT_ONCE])
            moved += _judge(rows, now)
    return moved


def locked(receipts: Iterable[int]) -> list[Receipt]:
    """These receipts, locked in the order of their ids. Needs a transaction."""
    return list(Receipt.objects.select_for_update().filter(pk__in=receipts).order_by("pk"))


class Judged(NamedTuple):
    """A receipt with what is true of it, under its lock."""

    row: Receipt
    facts: Facts
    papers: list[rules.Paper]

    def stands(self, kind: str) -> rules.Paper | None:
        """The paper of a kind that stands."""
        return rules.standing(self.papers, kind)

    def should(self, kind: str, *, now: datetime) -> int:
        """Over how much a paper of this kind should stand, in fen."""
        if self.facts.left is None or (kind == rules.E_RECEIPT and kind != self.row.kind):
            return 0
        paper = self.stands(kind)
        return rules.wanted(
            left=self.facts.left,
            refund_waits=self.waits(kind, now=now),
            stands=paper.amount if paper else 0,
            has_payer=self.facts.has_payer,
        )

    def waits(self, kind: str, *, now: datetime) -> bool:
        """Whether a refund on its way keeps this kind from standing."""
        if kind == rules.LETTER:
            return self.facts.confirmed
        return queries.e_receipt_waits(self.row, self.facts, now=now)


def judged(rows: Collection[Receipt]) -> list[Judged]:
    """Put facts and papers to locked receipts."""
    facts = queries.facts_of(rows)
    papers = queries.papers_of([row.pk for row in rows])
    return [Judged(row, facts[row.pk], queries.as_rules_see(papers[row.pk])) for row in rows]


def _judge(rows: list[Receipt], now: datetime) -> int:
    drafts: list[Draft] = []
    found = [each for each in judged(rows) if each.facts.left is not None]
    before = {each.row.pk: (each.row.state, each.row.next_at, each.row.deed) for each in found}
    for each in found:
        drafts += letters(each, now=now)
        each.row.deed = each.facts.deed
        if each.row.kind == rules.E_RECEIPT:
            make_due(each, now=now)
    written = write_papers(drafts, now=now)
    changed = {paper.receipt for paper in written}
    for each in found:
        settle_state(each, written, now=now)
        row = each.row
        if before[row.pk] != (row.state, row.next_at, row.deed):
            changed.add(row.pk)
        row.save(update_fields=["state", "deed", "sent_amount", "next_at"])
    return len(changed)


def letters(each: Judged, *, now: datetime) -> list[Draft]:
    """What brings the letter to the gift: at most a reversal and a letter over the rest."""
    paper = each.stands(rules.LETTER)
    should = each.should(rules.LETTER, now=now)
    if rules.next_step(stands=paper.amount if paper else 0, should=should) == rules.NOTHING:
        return []
    drafts = [reversal(each, paper)] if paper else []
    if should:
        drafts.append(Draft(each.row.pk, rules.LETTER, each.facts.charity, should))
    return drafts


def reversal(each: Judged, paper: rules.Paper) -> Draft:
    """The draft that takes a letter back."""
    return Draft(each.row.pk, paper.kind, each.facts.charity, paper.amount, reverses=paper.id)


def make_due(each: Judged, *, now: datetime) -> None:
    """Say what the issuer is asked next, and when; what is being asked is left alone."""
    row = each.row
    if row.tries:
        return
    paper = each.stands(rules.E_RECEIPT)
    should = each.should(rules.E_RECEIPT, now=now)
    step = rules.next_step(stands=paper.amount if paper else 0, should=should)
    row.sent_amount = should if step == rules.ISSUE else 0
    if step == rules.NOTHING:
        row.next_at = None
    elif row.next_at is None and not row.told:
        row.next_at = now


def settle_state(each: Judged, written: Collection[ReceiptPaper], *, now: datetime) -> None:
    """Write the state that follows from the papers, those just written among them."""
    kind = each.row.kind
    mine = queries.as_rules_see(paper for paper in written if paper.receipt == each.row.pk)
    is_there = rules.standing([*each.papers, *mine], kind) is not None
    each.row.state = rules.state_after(
        is_there=is_there,
        should=each.should(kind, now=now) or each.row.sent_amount,
        refund_waits=each.waits(kind, now=now) and each.facts.has_payer,
    )

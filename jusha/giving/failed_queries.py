"""What did not work and waits for a person: refunds that no rail delivers, receipts refused."""

from collections.abc import Collection
from pathlib import Path
from typing import Final, NamedTuple

from django.db.models import Q, Sum

from jusha.giving.hand_rules import Failed
from jusha.giving.models import HandPaid, Receipt, Refund, Repaid
from jusha.giving.receipt_queries import facts_of
from jusha.giving.refund_queries import money, refunded
from jusha.inbox.connect import django_connection
from jusha.payments.models import Sending

OUTCOMES_SQL: Final = (Path(__file__).parent / "sql" / "hand_outcomes.sql").read_text()
LISTED_MAX: Final = 200
READ_AT_ONCE: Final = 400
FAILED: Final = "failed"
IS_RETURNED: Final = Q(confirmed_at=None) & ~Q(confirmed_by="")
"""A second person handed the proposal back; the row keeps who said what, and counts as none."""


class FailedRefund(NamedTuple):
    """A refund that is booked and was not delivered; amounts in the asset's smallest unit."""

    sending: Sending
    deed: int
    asset: int
    standing: Failed
    said: HandPaid | None
    """What a person says was paid by hand; None also where a second one handed it back."""
    refused: str
    """Settlement's code where it refused what two persons say was paid; else empty."""


class RefusedReceipt(NamedTuple):
    """A receipt of which the issuer said no; `is_reversal`: a refund waits for it."""

    receipt: Receipt
    charity: str
    amount: int
    is_reversal: bool


def failed_refunds(codes: Collection[str] | None) -> list[FailedRefund]:
    """Refunds still owed that no rail delivers, oldest first; `codes`: of these charities.

    What a second person confirmed as paid is left out, unless settlement refused it: then it may
    have been paid twice, or still be owed. None: of all charities.
    Reads: jusha_sending, jusha_handpaid, settlement_outcome, giving_refund, giving_repaid and the
    gifts.
    """
    done = set(HandPaid.objects.filter(confirmed_at__isnull=False).values_list("refund", flat=True))
    left_out = done - {refund for refund, code in outcomes(done).items() if code != "done"}
    waiting = Sending.objects.filter(state=FAILED).exclude(refund__in=left_out).order_by("refund")
    return [each for each in standing(list(waiting)) if _is_listed(each, codes)][:LISTED_MAX]


def failed_refund(refund: int, codes: Collection[str] | None) -> FailedRefund | None:
    """The one of `failed_refunds` with this number, however many stand before it in the list."""
    found = standing(list(Sending.objects.filter(state=FAILED, pk=refund)))
    return found[0] if found and _is_listed(found[0], codes) else None


def outcomes(refunds: Collection[int]) -> dict[int, str]:
    """What settlement answered to these refunds' payments by hand, as its codes; else left out.

    Reads: jusha_handpaid, jusha_sending, settlement_outcome.
    """
    return dict(django_connection().execute(OUTCOMES_SQL, {"refunds": list(refunds)}).fetchall())


def is_used(reference: str, *, leaving_out: int) -> bool:
    """Whether it names other money already: another refund's transfer, a refund at its rail.

    What was handed back names nothing. `leaving_out`: the refund that it is wanted for.
    Reads: jusha_handpaid, jusha_sending, giving_repaid.
    """
    others = HandPaid.objects.exclude(pk=leaving_out).exclude(IS_RETURNED)
    return (
        others.filter(reference__iexact=reference).exists()
        or Sending.objects.filter(key=reference).exists()
        or Repaid.objects.filter(reference=reference).exists()
    )


def _is_listed(each: FailedRefund, codes: Collection[str] | None) -> bool:
    about = each.standing
    is_open = not about.is_confirmed and about.owed >= about.amount
    return (is_open or bool(each.refused)) and (codes is None or about.charity in codes)


def standing(sendings: Collection[Sending]) -> list[FailedRefund]:
    """These refunds as the rules see them, in at most eleven queries.

    Reads: as `failed_refunds`.
    """
    numbers = [each.refund for each in sendings]
    booked = Refund.objects.in_bulk(numbers)
    deeds = {each.number: each for each in money({each.deed for each in booked.values()})}
    back = refunded(deeds)
    repaid = Repaid.objects.filter(deed__in=list(deeds)).values_list("deed")
    gone = {deed: int(amount) for deed, amount in repaid.annotate(Sum("amount"))}
    said = HandPaid.objects.exclude(IS_RETURNED).in_bulk(numbers)
    codes = outcomes(said)
    found = []
    for sending in sendings:
        refund = booked[sending.refund]
        deed, words = deeds[refund.deed], said.get(sending.refund)
        about = Failed(
            charity=deed.charity,
            is_failed=sending.state == FAILED,
            owed=back.get(deed.number, 0) - gone.get(deed.number, 0),
            amount=refund.amount,
            proposed_by=words.proposed_by if words else "",
            is_confirmed=bool(words and words.confirmed_at),
        )
        code = codes.get(sending.refund, "done")
        refused = "" if code == "done" else code
        found.append(FailedRefund(sending, deed.number, deed.asset, about, words, refused))
    return found


def refused_receipts(codes: Collection[str] | None) -> list[RefusedReceipt]:
    """Receipts of which the issuer said no and that wait for a person, oldest first.

    Reads: jusha_receipt and what `receipt_queries.facts_of` reads.
    """
    found: list[RefusedReceipt] = []
    refused, last = Receipt.objects.exclude(told="").order_by("pk"), 0
    while len(found) < LISTED_MAX and (rows := list(refused.filter(pk__gt=last)[:READ_AT_ONCE])):
        last, facts = rows[-1].pk, facts_of(rows)
        for row in rows:
            about = facts[row.pk]
            if codes is None or about.charity in codes:
                is_reversal = bool(row.next_at)
                found.append(RefusedReceipt(row, about.charity, about.left or 0, is_reversal))
    return found[:LISTED_MAX]

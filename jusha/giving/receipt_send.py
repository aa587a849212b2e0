"""Ask the issuer for what is due: by sets, in threads that touch no database, safe against a crash.

What is asked and its key are fixed in the row before the first question, and each try is counted
before it begins. So whatever is cut off is asked again, the same, and the issuer knows the key.
"""

from datetime import datetime, timedelta
from typing import Final, NamedTuple

import structlog
from django.db import transaction
from django.utils import timezone

from jusha.charities import queries as charities
from jusha.giving import receipt_rules as rules
from jusha.giving.models import Deed, Receipt, ReceiptPaper
from jusha.giving.receipt_follow import Judged, judged, make_due, settle_state
from jusha.giving.receipt_issuer import (
    Answer,
    IssuerRefusedError,
    IssuerUnsureError,
    ReceiptIssuer,
    Stamp,
    Wish,
)
from jusha.giving.receipt_paper import Draft, write_papers
from jusha.giving.receipt_payer import read_payer
from jusha.payments.flights import Flights
from jusha.projects import queries as projects
from jusha.projects.models import Fund

FIRST_SECONDS: Final = 2.0
LAST_SECONDS: Final = 600.0
REFUSED_AGAIN: Final = timedelta(hours=1)
"""A reversal that was refused is asked for again: a refund waits for it."""
NO_CHARITY: Final = "no-charity"

log = structlog.get_logger("receipts")


class Ask(NamedTuple):
    """One question: over `amount`, under `key`; a reversal names its paper and stamp."""

    receipt: int
    key: str
    amount: int
    again: bool
    wish: Wish | None = None
    paper: int | None = None
    stamp: Stamp | None = None


class Told(NamedTuple):
    """What came of a question: an answer, or the code of why not; unsure is not refused."""

    ask: Ask
    answer: Answer | None
    code: str = ""
    is_unsure: bool = False


class ReceiptSender:
    """Asks one issuer; one process does this."""

    def __init__(self, issuer: ReceiptIssuer) -> None:
        """Ask this issuer."""
        self._issuer = issuer
        self.flights: Flights[int, Told] = Flights("receipts")

    def round(self, now: datetime) -> int:
        """Keep what was answered, ask what is due; return how many papers were written.

        Reads: jusha_receipt and its gift. Writes: jusha_receipt, jusha_receiptpaper,
        jusha_receiptseries.
        """
        written = sum(keep(told, now=now) for _, told in self.flights.landed())
        for ask in begin_due(now=now, leaving_out=self.flights.keys, most=self.flights.room):
            self.flights.begin(ask.receipt, answer_to, self._issuer, ask)
        return written


def answer_to(issuer: ReceiptIssuer, ask: Ask) -> Told:
    """Ask the issuer one thing; what may have happened before is asked after first. No database."""
    try:
        answer = issuer.query(ask.key) if ask.again else Answer("unknown")
        if answer.state == "unknown" and ask.wish is not None:
            answer = issuer.issue(ask.wish, key=ask.key)
        elif answer.state == "unknown" and ask.stamp is not None:
            answer = issuer.reverse(ask.stamp, amount=ask.amount, key=ask.key)
    except IssuerUnsureError as error:
        return Told(ask, None, error.code, is_unsure=True)
    except IssuerRefusedError as error:
        return Told(ask, None, error.code)
    return Told(ask, answer)


def begin_due(*, now: datetime, leaving_out: list[int], most: int) -> list[Ask]:
    """Count a try of each receipt that is due, and return what to ask. Writes: jusha_receipt."""
    with transaction.atomic():
        found = Receipt.objects.select_for_update(skip_locked=True).filter(next_at__lte=now)
        rows = list(found.exclude(pk__in=leaving_out).order_by("next_at", "pk")[:most])
        asks = []
        for each in judged(rows):
            make_due(each, now=now)
            ask = _ask(each) if each.row.next_at else None
            if ask is not None:
                each.row.tries += 1
                each.row.next_at = now + timedelta(seconds=_later(each.row.tries))
                asks.append(ask)
            each.row.save(update_fields=["sent_amount", "tries", "next_at", "told"])
    return asks


def _ask(each: Judged) -> Ask | None:
    row = each.row
    issued = [p for p in each.papers if p.kind == rules.E_RECEIPT and p.does == rules.ISSUE]
    paper = each.stands(rules.E_RECEIPT)
    if paper is not None:
        stamp = Stamp(
            *ReceiptPaper.objects.values_list("issuer_code", "issuer_number", "issuer_check").get(
                pk=paper.id
            )
        )
        key = f"{row.key}-{len(issued)}-r"
        return Ask(row.pk, key, paper.amount, row.tries > 0, paper=paper.id, stamp=stamp)
    wish = _wish(each) if row.sent_amount else None
    if wish is None:
        row.next_at = None
        return None
    return Ask(row.pk, f"{row.key}-{len(issued) + 1}", row.sent_amount, row.tries > 0, wish=wish)


def _wish(each: Judged) -> Wish | None:
    """What the issuer has to know; None, with the reason told, where something is missing."""
    charity = charities.find(each.facts.charity)
    payer = read_payer(each.row.pk, for_issuer=True)
    if payer is None or each.facts.deed is None:
        return None
    deed = Deed.objects.get(number=each.facts.deed)
    fund = Fund.objects.filter(project=deed.project).first()
    project = projects.find(fund.code) if fund else None
    if charity is None or fund is None:
        each.row.told = NO_CHARITY
        return None
    return Wish(
        charity_code=charity.uscc,
        project_code=fund.code,
        project_name=project.title_zh if project else fund.code,
        payer_title=payer.title,
        payer_name=payer.name,
        payer_code=payer.code,
        mail=payer.mail,
        amount=each.row.sent_amount,
        day=f"{timezone.localtime(deed.effective_at):%Y-%m-%d}",
        deed=deed.number,
    )


def keep(told: Told, *, now: datetime) -> bool:
    """Keep what came of a question; say whether a paper was written. Safe to repeat.

    Writes: jusha_receipt, jusha_receiptpaper, jusha_receiptseries.
    """
    ask = told.ask
    if told.is_unsure:
        log.warning("issuer_unsure", receipt=ask.receipt, code=told.code)
        return False
    if told.answer is not None and told.answer.state != "issued":
        return False
    with transaction.atomic():
        row = Receipt.objects.select_for_update().get(pk=ask.receipt)
        each = judged([row])[0]
        paper = each.stands(rules.E_RECEIPT)
        if (paper.id if paper else None) != ask.paper or (not paper and not row.sent_amount):
            return False  # somebody kept it before
        row.tries = 0
        if told.answer is None:
            log.warning("issuer_refused", receipt=ask.receipt, code=told.code)
            row.told, row.sent_amount = told.code[:40], 0
            row.next_at = now + REFUSED_AGAIN if ask.paper else None
            row.save(update_fields=["told", "next_at", "sent_amount", "tries"])
            return False
        draft = Draft(
            row.pk, rules.E_RECEIPT, each.facts.charity, ask.amount, ask.paper, told.answer.stamp
        )
        written = write_papers([draft], now=now)
        row.sent_amount, row.next_at, row.told = 0, None, ""
        after = judged([row])[0]
        make_due(after, now=now)
        settle_state(after, [], now=now)
        row.save(update_fields=["state", "sent_amount", "next_at", "tries", "told"])
    log.info("e_receipt", receipt=row.pk, does=written[0].does)
    return True


def _later(tries: int) -> float:
    return min(FIRST_SECONDS * 2.0 ** min(tries, 12), LAST_SECONDS)

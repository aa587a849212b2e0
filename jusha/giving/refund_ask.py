"""Open a refund case: a donor's wish, or somebody's for the donor."""

import unicodedata
from datetime import datetime

from django.db import IntegrityError, transaction

from jusha.giving.models import RefundCase, RefundStep
from jusha.giving.refund_queries import Money, money
from jusha.giving.refund_rules import (
    ASKED,
    DISPUTE_REASONS,
    OVERTAKEN,
    UNDECIDED,
    WORDS_MAX,
    Actor,
    RefundRefusedError,
    check_ask,
)
from jusha.giving.refund_words import keep_words

REFERENCE_MAX = 64


def ask_refund(
    *, deed: int, amount: int, reason: str, words: str = "", actor: Actor, donor: str = ""
) -> RefundCase:
    """Ask for money of a deed back; `donor` is the account that gave, where it is known.

    Who may ask for which deed, the caller has checked. Raises RefundRefusedError.
    Reads: giving_deed, giving_refund, payments_order, projects_fund, charities_payee.
    Writes: jusha_refundcase, jusha_refundstep, jusha_refundwords.
    """
    if reason in DISPUTE_REASONS:
        raise RefundRefusedError("bad-reason")
    about = _money(deed)
    earlier = RefundCase.objects.filter(deed=deed, asked_as="donor")
    before = earlier.count() if actor.role == "donor" else 0
    plain = _text(words)
    check_ask(amount=amount, left=about.left, reason=reason, words=plain, cases=before)
    return _open(about, amount=amount, reason=reason, words=plain, actor=actor, donor=donor)


def open_dispute(
    *, deed: int, amount: int, reason: str, reference: str, due_at: datetime, actor: Actor
) -> RefundCase:
    """Record a complaint or chargeback at the rail, with its own name and when it is due.

    A wish of the donor that nobody has decided gives way to it. Raises RefundRefusedError.
    Reads and writes as `ask_refund`.
    """
    plain = _text(reference)
    if reason not in DISPUTE_REASONS or not plain or len(plain) > REFERENCE_MAX:
        raise RefundRefusedError("bad-reason")
    about = _money(deed)
    check_ask(amount=amount, left=about.left, reason=reason, words="", cases=0)
    with transaction.atomic():
        for wish in RefundCase.objects.select_for_update().filter(deed=deed, state__in=UNDECIDED):
            wish.state = OVERTAKEN
            wish.save(update_fields=["state"])
            RefundStep.objects.create(
                case=wish.pk, did=OVERTAKEN, as_role=actor.role, by=actor.name
            )
        return _open(
            about, amount=amount, reason=reason, actor=actor, reference=plain, due_at=due_at
        )


def _open(
    about: Money,
    *,
    amount: int,
    reason: str,
    words: str = "",
    actor: Actor,
    donor: str = "",
    reference: str = "",
    due_at: datetime | None = None,
) -> RefundCase:
    try:
        with transaction.atomic():
            case = RefundCase.objects.create(
                deed=about.number,
                order_no=about.order_no,
                charity=about.charity,
                asset=about.asset,
                amount=amount,
                reason=reason,
                reference=reference,
                due_at=due_at,
                asked_as=actor.role,
                asked_by=actor.name,
                donor=donor,
            )
            RefundStep.objects.create(case=case.pk, did=ASKED, as_role=actor.role, by=actor.name)
            if words:
                keep_words(case.pk, words)
    except IntegrityError as error:
        if "one_open_refund_a_deed" not in str(error):
            raise
        raise RefundRefusedError("open-case") from error
    return case


def _money(deed: int) -> Money:
    found = money([deed])
    if not found:
        raise RefundRefusedError("unknown-deed")
    return found[0]


def _text(text: str) -> str:
    """Normalise to NFC; line breaks become blanks, other control characters are refused."""
    plain = unicodedata.normalize("NFC", " ".join(text.split()))
    if any(unicodedata.category(char)[0] == "C" for char in plain) or len(plain) > 2 * WORDS_MAX:
        raise RefundRefusedError("words-too-long" if len(plain) > WORDS_MAX else "bad-words")
    return plain

"""Reading refund cases, and what is left of the deeds that they are about."""

from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Final, NamedTuple

from django.db.models import QuerySet, Sum
from django.db.models.fields.json import KT

from jusha.charities.models import Payee
from jusha.giving import refund_rules as rules
from jusha.giving.models import Case, Deed, Refund, RefundCase, RefundRun, RefundStep, RefundWords
from jusha.inbox.connect import django_connection
from jusha.payments.models import Channel, Order, Paid
from jusha.payments.rails.names import NAMES
from jusha.projects.models import Fund

PAYEE_SQL: Final = (Path(__file__).parent / "sql" / "file_lines_payee.sql").read_text()
FILE_CLOCK: Final = "file"
LISTED_MAX: Final = 200
"""Cases on one page of the desk."""


class Money(NamedTuple):
    """A deed as a refund sees it; amounts in the smallest unit of its asset.

    `charity` is the code of who decides: the payee of the gift; of a held deed, whose bank got it,
    else the payee of the order whose payment is held; "" where nobody is known.
    """

    number: int
    order_no: int
    asset: int
    amount: int
    left: int
    held: bool
    charity: str
    channel: int


def money(numbers: Collection[int]) -> list[Money]:
    """The deeds with these numbers, by number, in at most six queries; unknown ones left out.

    Reads: giving_deed, giving_refund, payments_order, projects_fund, charities_payee; of held
    deeds jusha_fileline, giving_seen.
    """
    deeds = list(Deed.objects.filter(number__in=set(numbers)).order_by("number"))
    if not deeds:
        return []
    back = refunded(deed.number for deed in deeds)
    ordered = {deed.order_no for deed in deeds if not deed.project and deed.order_no}
    of_order = dict(
        Order.objects.filter(no__in=ordered).values_list("no", "project") if ordered else ()
    )
    projects = {deed.number: deed.project or of_order.get(deed.order_no, 0) for deed in deeds}
    payees = dict(
        Fund.objects.filter(project__in=set(projects.values())).values_list("project", "payee")
    )
    codes = dict(Payee.objects.filter(id__in=set(payees.values())).values_list("id", "code"))
    banked = _banked([deed.number for deed in deeds if deed.held])
    return [
        Money(
            number=deed.number,
            order_no=deed.order_no,
            asset=deed.asset,
            amount=deed.amount,
            left=deed.amount - back.get(deed.number, 0),
            held=deed.held,
            charity=banked.get(deed.number) or codes.get(payees.get(projects[deed.number], 0), ""),
            channel=deed.channel,
        )
        for deed in deeds
    ]


def by_hand(channels: Collection[int]) -> set[int]:
    """Those of the channels whose refunds no rail takes back: the charity pays them by its bank.

    As new_sendings.sql has it. Reads: payments_channel.
    """
    found = Channel.objects.filter(id__in=set(channels), terms__clock=FILE_CLOCK)
    return set(found.exclude(code__in=NAMES).values_list("id", flat=True))


def _banked(numbers: list[int]) -> dict[int, str]:
    """Whose account the money of held deeds came to; deeds of which no file says it left out."""
    if not numbers:
        return {}
    found: list[tuple[int, str]] = (
        django_connection().execute(PAYEE_SQL, {"numbers": numbers}).fetchall()
    )
    return dict(found)


def refunded(numbers: Iterable[int]) -> dict[int, int]:
    """What was booked back of each deed; deeds of which nothing was are left out.

    Reads: giving_refund.
    """
    found = Refund.objects.filter(deed__in=set(numbers)).values_list("deed")
    return {deed: int(amount) for deed, amount in found.annotate(Sum("amount"))}


def deeds_of_order(order_no: int) -> list[int]:
    """Numbers of the deeds that name the order: what paid it, and what is held for it.

    Reads: payments_paid, giving_case.
    """
    paid = list(Paid.objects.filter(order_no=order_no).values_list("number", flat=True))
    held = Case.objects.annotate(order=KT("detail__order")).filter(order=str(order_no))
    return sorted({*paid, *(n for n in held.values_list("number", flat=True) if n)})


def standing(case: RefundCase) -> rules.Standing:
    """The case as the rules see it. Reads: giving_deed, giving_refund."""
    amount = Deed.objects.filter(number=case.deed).values_list("amount", flat=True).first() or 0
    return rules.Standing(
        state=case.state,
        charity=case.charity,
        amount=case.amount,
        left=amount - refunded([case.deed]).get(case.deed, 0),
        donor=case.donor,
        asked_by=case.asked_by,
        approved_by=case.approved_by,
        confirmed_by=case.confirmed_by,
    )


def cases_of(deeds: Collection[int]) -> list[RefundCase]:
    """The cases of these deeds, newest first. Reads: jusha_refundcase."""
    return list(RefundCase.objects.filter(deed__in=set(deeds)).order_by("-id"))


def find(case_id: int) -> RefundCase | None:
    """The case; None for a number that none has. Reads: jusha_refundcase."""
    return RefundCase.objects.filter(pk=case_id).first()


def steps_of(cases: Collection[int]) -> dict[int, list[RefundStep]]:
    """The steps of each case, oldest first, in one query. Reads: jusha_refundstep."""
    found: dict[int, list[RefundStep]] = {case: [] for case in cases}
    for step in RefundStep.objects.filter(case__in=found).order_by("id"):
        found[step.case].append(step)
    return found


def worded(cases: Collection[int]) -> set[int]:
    """Those of the cases beside which the donor's words still stand. Reads: jusha_refundwords."""
    return set(RefundWords.objects.filter(case__in=set(cases)).values_list("case", flat=True))


def of_charities(codes: Collection[str] | None, states: Collection[str]) -> list[RefundCase]:
    """The charities' cases in these states (None: of all): due soonest first, then the oldest.

    At most LISTED_MAX. Reads: jusha_refundcase.
    """
    return list(_of(codes, states).order_by("due_at", "id")[:LISTED_MAX])


def closed_of(
    codes: Collection[str] | None, states: Collection[str], *, below: int
) -> list[RefundCase]:
    """As `of_charities`, newest first, with numbers below `below` where that is not 0.

    Reads: jusha_refundcase.
    """
    found = _of(codes, states)
    found = found.filter(id__lt=below) if below else found
    return list(found.order_by("-id")[:LISTED_MAX])


def waiting_for(codes: Collection[str], name: str) -> int:
    """How many cases of these charities the finance person of this name can decide now.

    Reads: jusha_refundcase.
    """
    undecided = _of(codes, rules.UNDECIDED).exclude(donor=name) if name else _of((), ())
    return undecided.exclude(state=rules.APPROVED, approved_by=name).count()


def _of(codes: Collection[str] | None, states: Collection[str]) -> QuerySet[RefundCase]:
    found = RefundCase.objects.filter(state__in=set(states))
    return found if codes is None else found.filter(charity__in=set(codes))


def newest_run(campaign: str) -> RefundRun | None:
    """The newest run that sends a campaign back; None if none was begun.

    Reads: jusha_refundrun.
    """
    return RefundRun.objects.filter(campaign=campaign).order_by("-id").first()

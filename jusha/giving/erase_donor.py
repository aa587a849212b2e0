"""Erase a person, in two steps: at once what nobody needs, later what the law makes us keep.

The first step is written into a list outside the database before it begins, so that a restored
backup is erased again (people/erasure_list.py). Numbers, amounts and tags of gifts stay:
the public log cannot lose an entry, and names nobody (docs/design/0019-privacy.md).
"""

from collections.abc import Callable, Collection, Iterator
from datetime import date, datetime
from typing import Final, NamedTuple
from uuid import UUID, uuid4

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone

from jusha.charities.forget import forget_applications
from jusha.charities.models import Member
from jusha.giving.models import ReceiptPayer, RefundCase, RefundWords
from jusha.giving.restrict_payers import restrict_payers
from jusha.notices.models import Message
from jusha.payments.forget import forget_payers, forget_plans, orders_of_plans
from jusha.payments.models import Prepared
from jusha.people import accounts as people
from jusha.people import erasure_list
from jusha.people.consents import forget_subject
from jusha.people.donor_keys import forget_cached
from jusha.people.erasure_list import Line
from jusha.people.models import DonorKey, Erasure, Officer, Opening, OwnedOrder, UserAccount

PART: Final = 1_000
"""Rows a statement."""

BESIDES: Final[list[Callable[[Line], None]]] = []
"""What rooms above carry out of a line as well, in its transaction; each is safe to repeat."""

log = structlog.get_logger("privacy")


class StaffError(Exception):
    """Who decides about money is dismissed first: a hole in that record would be worse."""


class Whose(NamedTuple):
    """Whom to erase: an account, the donor that a browser is, and its orders."""

    account: UUID | None = None
    donor: UUID | None = None
    orders: tuple[int, ...] = ()


def erase_donor(whose: Whose, *, now: datetime) -> Line:
    """Erase a person for good: the first step, done when it returns. It cannot be undone.

    Orders that another account keeps are that account's to erase, and stay.
    Raises StaffError, ListDamagedError, OSError: then nothing was erased.
    Writes: the erasure list, and what `carry_out` writes.
    """
    accounts = [whose.account] if whose.account else []
    donors = sorted(donors_of(accounts) | ({whose.donor} if whose.donor else set()))
    if _staff(accounts):
        raise StaffError
    line = erasure_list.append(
        settings.HOME,
        id_=uuid4(),
        at_s=int(now.timestamp()),
        accounts=accounts,
        donors=donors,
        orders=sorted(orders_to_erase(accounts, donors, whose.orders)),
    )
    carry_out(line)
    return line


def donors_of(accounts: Collection[UUID]) -> set[UUID]:
    """The donors that accounts are. Reads: jusha_donorkey."""
    return set(DonorKey.objects.filter(account__in=accounts).values_list("id", flat=True))


def orders_to_erase(
    accounts: Collection[UUID], donors: Collection[UUID], named: Collection[int]
) -> set[int]:
    """Every order that belongs to these, but what an account keeps that is not among them.

    Reads: jusha_ownedorder, jusha_opening, jusha_prepared.
    """
    kept = OwnedOrder.objects.filter(account__in=accounts).values_list("order_no", flat=True)
    sealed = Opening.objects.filter(donor__in=donors).values_list("order_no", flat=True)
    found = {*named, *kept, *sealed, *orders_of_plans(donors)}
    others = OwnedOrder.objects.exclude(account__in=accounts)
    for some in _parts(found):
        found -= set(others.filter(order_no__in=some).values_list("order_no", flat=True))
    return found


def carry_out(line: Line) -> None:
    """Do what a line of the list says, in one transaction; safe to repeat.

    Writes: jusha_opening, jusha_prepared, jusha_attempt, jusha_refundwords, jusha_receipt,
    jusha_receiptpayer, jusha_consent, jusha_message, jusha_application, jusha_useraccount and what
    hangs on it,
    jusha_mailbox, jusha_donorkey, jusha_erasure.
    """
    at = datetime.fromtimestamp(line.at_s, tz=timezone.get_default_timezone())
    with transaction.atomic():
        donors = sorted(donors_of(line.accounts) | set(line.donors))
        orders = orders_to_erase(line.accounts, donors, line.orders)
        touched = set(donors)
        for some in _parts(orders):
            touched |= _forget_orders(some, today=at.date())
        restrict_payers(line.payers, today=at.date())
        forget_plans(donors=donors, orders=[])
        forget_subject(*donors, *line.accounts)
        Message.objects.filter(account__in=line.accounts).delete()
        forget_applications(line.accounts)
        _remove_accounts(line.accounts)
        DonorKey.objects.filter(id__in=donors).update(erased_at=at, account=None)
        drop_keys(touched)
        for besides in BESIDES:
            besides(line)
        Erasure.objects.bulk_create([Erasure(id=line.id)], ignore_conflicts=True)
    forget_cached()
    log.info("erased", line=line.n, orders=len(orders))


def drop_keys(donors: Collection[UUID]) -> None:
    """Delete keys of erased donors under which nothing is sealed any more.

    What another account keeps, and receipts that the law makes us keep, hold theirs.
    Reads: what is sealed. Writes: jusha_donorkey.
    """
    erased = DonorKey.objects.filter(id__in=donors, erased_at__isnull=False)
    of_donor = {"donor": OuterRef("pk")}
    erased.exclude(
        Exists(Opening.objects.filter(**of_donor))
        | Exists(Prepared.objects.filter(**of_donor))
        | Exists(RefundWords.objects.filter(**of_donor))
    ).update(words=None)
    erased.exclude(Exists(ReceiptPayer.objects.filter(**of_donor))).update(receipts=None)


def _forget_orders(orders: Collection[int], *, today: date) -> set[UUID]:
    """Erase what hangs on orders; the donors under whose keys they were sealed."""
    openings = Opening.objects.filter(order_no__in=orders)
    donors = {each for each in openings.values_list("donor", flat=True) if each is not None}
    openings.delete()
    forget_plans(donors=[], orders=orders)
    forget_payers(orders)
    cases = list(RefundCase.objects.filter(order_no__in=orders).values_list("pk", flat=True))
    RefundWords.objects.filter(case__in=cases).delete()
    restrict_payers(orders, today=today)
    return donors


def _remove_accounts(accounts: Collection[UUID]) -> None:
    """Delete accounts. In an old backup they may be staff still, who were dismissed since."""
    for model in (Member, Officer):
        if model.objects.filter(account__in=accounts).exists():
            model.objects.filter(account__in=accounts).delete()
    for account in UserAccount.objects.filter(pk__in=accounts):
        people.remove(account)


def _staff(accounts: Collection[UUID]) -> bool:
    return any(model.objects.filter(account__in=accounts).exists() for model in (Member, Officer))


def _parts(orders: Collection[int]) -> Iterator[list[int]]:
    every = sorted(orders)
    for first in range(0, len(every), PART):
        yield every[first : first + PART]

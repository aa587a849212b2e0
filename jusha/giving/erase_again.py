"""What time and restored backups ask of erasing: lines carried out again, and the second step."""

from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Final

from django.db import transaction
from django.utils import timezone

from jusha.giving.erase_donor import carry_out, drop_keys
from jusha.giving.restrict_payers import let_go
from jusha.payments.models import Paid, Prepared
from jusha.payments.order import ORDER_RANDOM
from jusha.people.erasure_list import ListDamagedError, lines, path_of
from jusha.people.models import DonorKey, Erasure, Opening, OwnedOrder
from jusha.people.retention_rules import UNPAID_DAYS

LOOK_BACK_DAYS: Final = 30
"""How far behind the last day unpaid orders are looked for: a machine may have been off."""
PART: Final = 5_000


def erase_again(home: Path) -> int:
    """Carry out every line of the erasure list that this database has not seen; how many.

    Raises ListDamagedError, also where the database knows of more than the list: then the list
    is not the right one, and people would come back. Writes: as `carry_out`.
    """
    known = set(Erasure.objects.values_list("id", flat=True))
    done = 0
    for line in lines(home):
        if line.id in known:
            known.remove(line.id)
            continue
        carry_out(line)
        done += 1
    if known:
        raise ListDamagedError(
            f"{path_of(home)} lacks {len(known)} erasures that the database knows"
        )
    return done


def let_go_daily(now: datetime) -> dict[str, int]:
    """The second step, for whom its time has come, and words of orders that nobody paid.

    Each part is a transaction; safe to repeat. Writes: jusha_receiptpayer, jusha_opening,
    jusha_prepared, jusha_donorkey.
    """
    today = timezone.localtime(now).date()
    gone = {"payers": let_go(today=today), "openings": _forget_unpaid(today), "plans": 0}
    before = now - timedelta(days=UNPAID_DAYS)
    gone["plans"] = Prepared.objects.filter(opens_at__lt=before).delete()[0]
    with transaction.atomic():
        erased = DonorKey.objects.filter(erased_at__isnull=False).exclude(words=None, receipts=None)
        donors = list(erased.values_list("id", flat=True))
        kept = OwnedOrder.objects.values("order_no")
        late = Opening.objects.filter(donor__in=donors).exclude(order_no__in=kept)
        gone["openings"] += late.delete()[0]  # an order that was on its way while it was erased
        drop_keys(donors)
    return gone


def _forget_unpaid(today: date) -> int:
    """Delete private records of orders that nobody paid within UNPAID_DAYS."""
    last = today - timedelta(days=UNPAID_DAYS)
    bounds = [
        int(f"{day:%Y%m%d}") * ORDER_RANDOM for day in (last - timedelta(days=LOOK_BACK_DAYS), last)
    ]
    found = Opening.objects.filter(order_no__gte=bounds[0], order_no__lt=bounds[1])
    numbers = list(found.values_list("order_no", flat=True))
    gone = 0
    for first in range(0, len(numbers), PART):
        some = numbers[first : first + PART]
        paid = set(Paid.objects.filter(order_no__in=some).values_list("order_no", flat=True))
        unpaid = [no for no in some if no not in paid]
        gone += Opening.objects.filter(order_no__in=unpaid).delete()[0]
    return gone

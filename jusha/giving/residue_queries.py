"""Reading what could not go back, and what became of it."""

from pathlib import Path
from typing import Final, NamedTuple

from jusha.giving.models import RefundRun
from jusha.giving.residue_models import ResidueGift, ResidueOrder
from jusha.giving.residue_rules import OpenGift
from jusha.inbox.connect import django_connection
from jusha.payments.rails.names import NAMES

SQL: Final = Path(__file__).parent / "sql"
OPEN_SQL: Final = (SQL / "residue_open.sql").read_text()
TOLD_SQL: Final = (SQL / "residue_told.sql").read_text()


class Told(NamedTuple):
    """An order with what settlement booked of it, of one project or of all.

    Amounts in the smallest unit of the order's asset; `unbooked`: gifts that settlement has not
    answered yet, or refused because less was owed.
    """

    order: ResidueOrder
    gifts: int
    amount: int
    unbooked: int


def campaigns_sent_back() -> list[str]:
    """Codes of the campaigns that were sent back, newest first. Reads: jusha_refundrun."""
    found = RefundRun.objects.order_by("-id").values_list("campaign", flat=True)
    return list(dict.fromkeys(found))


def open_gifts(campaign: str) -> list[OpenGift]:
    """Gifts of a campaign of which something is owed back, by number.

    Reads: giving_deed, giving_refund, giving_repaid, jusha_sending, jusha_handpaid,
    jusha_residuegift and what names them.
    """
    asked = {"campaign": campaign, "rails": list(NAMES)}
    return [OpenGift(*row) for row in django_connection().execute(OPEN_SQL, asked)]


def orders_told(*, project: int = 0, order: int = 0) -> list[Told]:
    """Orders with what was booked of them, newest first; of one project, or one order alone.

    Reads: jusha_residueorder, jusha_residuegift, giving_repaid.
    """
    sums: dict[int, list[int]] = {}
    asked = {"project": project, "order": order}
    for decision, _, *more in django_connection().execute(TOLD_SQL, asked):
        sums[decision] = [a + b for a, b in zip(sums.get(decision, (0, 0, 0)), more, strict=True)]
    orders = ResidueOrder.objects.in_bulk(sums)
    return [Told(orders[each], *sums[each]) for each in sorted(sums, reverse=True)]


def of_gift(deed: int) -> ResidueGift | None:
    """What of a gift went elsewhere, with its order; None where nothing did.

    Reads: jusha_residueorder, jusha_residuegift.
    """
    return ResidueGift.objects.filter(deed=deed).select_related("order").first()

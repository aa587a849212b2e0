"""Charities' published bank accounts, and orders that a donor wants to pay by a transfer to one.

A transfer takes from minutes to days and no rail tells of it: the order stays open until the
charity's statement is read (`jusha transfers`). What comes later than the page promised still pays
its order; only matching looks at the time.
"""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

import psycopg
from django.db import models
from django.db.models import Exists, OuterRef
from django.db.models.functions import Now

from jusha.payments.models import BankAccount, PayeeStop

BANK: Final = "bank"
"""The channel by which transfers come, and their name beside the rails."""
OPEN_DAYS: Final = 14
"""How long the page shows where to transfer to; a statement is read at least once in that time."""
ADD_SQL: Final = (Path(__file__).parent / "sql" / "add_transfer.sql").read_text()
PAYEES_SQL: Final = """
SELECT b.number, b.charity FROM jusha_bankaccount b
WHERE b.since <= now() AND coalesce(b.ended_at > b.since, true)
  AND NOT EXISTS (SELECT FROM jusha_payeestop s WHERE s.decision = b.decision)"""


def account_of(charity: str, *, at: datetime | None = None) -> BankAccount | None:
    """The account that a charity publishes now; None if it has none.

    `at`: for what was ordered then, the one that held, unless it was withdrawn since.
    Reads: jusha_bankaccount, jusha_payeestop.
    """
    stopped = PayeeStop.objects.filter(decision=OuterRef("decision"))
    began = BankAccount.objects.filter(charity=charity, since__lte=Now()).exclude(Exists(stopped))
    never = models.Q(ended_at__lte=models.F("since"))
    held = list(began.exclude(never).order_by("-since", "-id"))
    newest = held[0] if held and held[0].ended_at is None else None
    then = [each for each in held if at is not None and each.since <= at]
    return then[0] if then and then[0].ended_at is None else newest


def payees(connection: psycopg.Connection[Any]) -> dict[str, str]:
    """Codes of charities by the numbers of all their accounts, those that ended too.

    Who was shown an account before it was replaced or withdrawn transfers to it: that pays the
    order all the same. Reads: jusha_bankaccount.
    """
    return dict(connection.execute(PAYEES_SQL).fetchall())


def choose_transfer(connection: psycopg.Connection[Any], *, order_no: int, now: datetime) -> None:
    """Keep that an order is to be paid by transfer; the first time holds. The caller commits.

    Writes: jusha_attempt, as a row that the payments process never looks at.
    """
    until = now + timedelta(days=OPEN_DAYS)
    connection.execute(ADD_SQL, {"order_no": order_no, "rail": BANK, "open_until": until})

"""Reading where a charity's money arrives, arrived, and will arrive."""

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from jusha.payments.models import BankAccount, Merchant, PayeeStop
from jusha.payments.payee_rules import BANK, State, state_of


class Account(NamedTuple):
    """One account of a charity; `decision` 0 where the owner of the database wrote it."""

    charity: str
    rail: str
    address: str
    holder: str
    bank: str
    since: datetime
    state: State
    decision: int
    why: str
    """Why it was stopped."""


def accounts(charities: Iterable[str] | None, *, now: datetime) -> list[Account]:
    """Accounts of charities (None: of all), newest first; by rail, then the bank.

    Reads: jusha_merchant, jusha_bankaccount, jusha_payeestop.
    """
    codes = None if charities is None else set(charities)
    merchants, banks = Merchant.objects.all(), BankAccount.objects.filter(ended_at__isnull=True)
    if codes is not None:
        merchants, banks = merchants.filter(charity__in=codes), banks.filter(charity__in=codes)
    rows = [
        (m.charity, m.rail, m.merchant, m.holder, "", m.since, m.decision, _lacks_token(m))
        for m in merchants
    ] + [(b.charity, BANK, b.number, b.holder, b.bank, b.since, b.decision, False) for b in banks]
    rows.sort(key=lambda row: (row[0], row[1] == BANK, row[1], -row[5].timestamp()))
    stops = {stop.decision: stop.words for stop in PayeeStop.objects.all()}
    found, seen = list[Account](), set[tuple[str, str]]()
    for charity, rail, address, holder, bank, since, decision, lacks in rows:
        stands = state_of(
            since=since, now=now, is_stopped=decision in stops, waits_token=lacks,
            is_newest=(charity, rail) not in seen,
        )  # fmt: skip
        if stands == "now":
            seen.add((charity, rail))
        why = stops.get(decision or 0, "")
        found.append(
            Account(charity, rail, address, holder, bank, since, stands, decision or 0, why)
        )
    return found


def coming(charities: Iterable[str] | None, *, now: datetime) -> list[Account]:
    """Changes that are decided and have not begun: days or a token are missing. As `accounts`."""
    found = accounts(charities, now=now)
    return [each for each in found if each.state in {"coming", "waits-token"}]


def _lacks_token(row: Merchant) -> bool:
    """Alipay pays whom the token is of; one that a page wrote has none yet."""
    return row.rail == "alipay" and row.decision is not None and not bytes(row.sealed_token)

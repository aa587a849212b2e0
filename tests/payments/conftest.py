"""A house that is paid on a rail: its channel, its charity's account there."""

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from jusha.payments.attempt import Attempts, Keys
from jusha.payments.rails.seam import Rail
from tests.cast import ALWAYS, House

MERCHANT = "1900000109"
KEYS = Keys(deed=b"d" * 32, person=b"p" * 32, merchants=b"m" * 32)
MERCHANT_SQL = (
    "INSERT INTO jusha_merchant (rail, charity, merchant, sealed_token, set_by, second, set_at)"
    " VALUES ('wechat', 'shan', %s, '', 'li', 'wang', now())"
)
ACCOUNTS = {"wechat": MERCHANT, "stripe": "acct_1Shan"}
"""Where the charity is paid, by rail."""


@pytest.fixture
def paid_house(house: House, owner: psycopg.Connection) -> Iterator[House]:
    """The house, open to WeChat Pay, and to Stripe, which no donor is offered."""
    house.furnish()
    terms = {"assets": ["CNY"], "clock": "rail"}
    for rail, account in ACCOUNTS.items():
        assert house.instruct("admit-channel", code=rail, terms=terms)[0] == "done"
        owner.execute(MERCHANT_SQL.replace("wechat", rail), (account,))
    campaign: dict[str, Any] = {"code": "rails", "terms": ALWAYS | {"channels": list(ACCOUNTS)}}
    assert house.instruct("open-campaign", **campaign)[0] == "done"
    yield house
    house.settle()
    house.check()


def hurry(house: House, *works: object) -> None:
    """Do everything that is due now or later, some times over."""
    for _ in range(6):
        for table in ("jusha_attempt", "jusha_sending"):
            house.web.execute(f"UPDATE {table} SET next_at = now() WHERE next_at IS NOT NULL")
        moved = 0
        for work in works:
            moved += work.round(house.web)  # type: ignore[attr-defined] # Attempts or Refunds
            while len(work.flights):  # type: ignore[attr-defined]
                moved += work.round(house.web)  # type: ignore[attr-defined]
        house.settle()
        if not moved:
            return


def attempts(rail: Rail) -> Attempts:
    """The worker on orders, for one rail."""
    return Attempts({rail.name: rail}, KEYS)

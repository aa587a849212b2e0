"""Any interleaving of create, pay, notice, query, refund, lost answer and crash: the same books."""

import json
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import date
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jusha.giving.send_refunds import Refunds
from jusha.payments.attempt import show_on
from jusha.payments.rails.deed import deed_of
from jusha.payments.rails.seam import (
    Ask,
    Paid,
    Payable,
    Payee,
    RailRefusedError,
    RailUnsureError,
    Returned,
    State,
)
from jusha.payments.rails.stripe.client import Stripe
from jusha_sandbox.stripe import events
from jusha_sandbox.stripe.payments import Payments
from tests.cast import BOOKS, House
from tests.payments.conftest import ACCOUNTS, KEYS, MERCHANT, attempts, hurry
from tests.sandbox.stripe.world import INSIDE, opened

PAID_AT = 1_795_392_000
ACTS = ("look", "pay", "notice", "settle", "crash", "refund", "lost-before", "lost-after")


class MemoryRail:
    """A rail in memory that loses an answer, before or after it obeyed, when told to."""

    name, way = "wechat", "native"

    def __init__(self) -> None:
        self.shown: dict[int, Ask] = {}
        self.paid: dict[int, Paid] = {}
        self.closed: set[int] = set()
        self.refunds: dict[str, Returned] = {}
        self.loses: list[str] = []

    def _lose(self, when: str) -> None:
        if self.loses and self.loses[0] == when:
            self.loses.pop(0)
            raise RailUnsureError("SYSTEM_ERROR")

    def create(self, ask: Ask, *, key: str) -> Payable:
        self._lose("lost-before")
        assert key == str(ask.order)
        if ask.order in self.paid:
            raise RailRefusedError("paid")
        assert self.shown.setdefault(ask.order, ask) == ask
        self._lose("lost-after")
        return Payable(code=f"code-{ask.order}")

    def pay(self, order: int) -> None:
        if order in self.shown and order not in self.closed and order not in self.paid:
            ask = self.shown[order]
            fields = ("wx" + str(order), str(order), ask.amount, "CNY", MERCHANT, "alice")
            self.paid[order] = Paid(*fields, PAID_AT)

    def told(self, order: int) -> Paid | None:
        return self.paid.get(order)

    def sent(self) -> int:
        return sum(each.amount for each in self.refunds.values())

    def end(self) -> None:
        """Nothing to put away."""

    def query(self, order: int, payee: Payee) -> State:
        self._lose("lost-before")
        assert payee.merchant == MERCHANT
        if order in self.paid:
            return State("paid", self.paid[order])
        if order in self.closed:
            return State("closed")
        return State("unpaid" if order in self.shown else "unknown")

    def close(self, order: int, payee: Payee, *, key: str) -> None:
        assert (payee.merchant, key) == (MERCHANT, str(order))
        if order in self.paid:
            raise RailRefusedError("paid")
        self.closed.add(order)
        self._lose("lost-after")

    def refund(self, paid: Paid, payee: Payee, *, amount: int, reason: str, key: str) -> Returned:
        assert payee.merchant == MERCHANT
        assert reason
        self._lose("lost-before")
        known = self.refunds.setdefault(key, Returned(key, paid.transaction, amount, "arrived", 1))
        assert known.amount == amount
        self._lose("lost-after")
        return known

    def query_refund(self, key: str, paid: Paid, payee: Payee) -> Returned:
        assert payee.merchant == MERCHANT
        self._lose("lost-before")
        return self.refunds.get(key, Returned(key, paid.transaction, 0, "unknown"))

    def bill(self, day: date, payee: Payee | None) -> Iterator[bytes]:
        raise RailRefusedError(f"{day} {payee}")


class Lossy(httpx.BaseTransport):
    """Loses a request, or what was answered to one that moves something, when told to."""

    def __init__(self, inner: httpx.BaseTransport) -> None:
        self.inner = inner
        self.loses: list[str] = []

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if self.loses[:1] == ["lost-before"]:
            self.loses.pop(0)
            raise httpx.ConnectError("lost")
        answer = self.inner.handle_request(request)
        if self.loses[:1] == ["lost-after"] and request.method == "POST":
            answer.read()
            self.loses.pop(0)
            raise httpx.ReadError("lost")
        return answer


class StripeRail(Stripe):
    """Our client on its wire to the simulated Stripe, which answers, or is not heard."""

    way = "page"

    def __init__(self) -> None:
        self.closing = ExitStack()
        folder = self.closing.enter_context(tempfile.TemporaryDirectory())
        self.world = self.closing.enter_context(opened(Path(folder)))
        self.world.wall.seconds = PAID_AT
        with self.world.store.claim() as database:
            database.execute("UPDATE account SET id = ?", (ACCOUNTS[self.name],))
        lossy = Lossy(httpx.WSGITransport(app=self.world.gateway))
        http = self.closing.enter_context(httpx.Client(transport=lossy))
        key = self.world.store.secret("api.key")
        super().__init__(api_key=key, address=INSIDE, http=http, clock=self.world.wall)
        self.loses = lossy.loses
        self.end = self.closing.close

    def pay(self, order: int) -> None:
        with self.world.store.claim() as database:
            payments = Payments(self.world.store, database, ACCOUNTS[self.name])
            for intent in payments.intents():
                is_open = intent["status"] == "requires_payment_method"
                if is_open and intent["metadata"]["order"] == str(order):
                    payments.confirm(intent["id"], {"payer": "alice"})

    def told(self, order: int) -> Paid | None:
        """What the door reads of the event that is on its way."""
        with self.world.store.claim() as database:
            rows = database.execute("SELECT * FROM event ORDER BY n").fetchall()
        for row in rows:
            if json.loads(row["body"])["type"] == "charge.succeeded":
                body, signature = events.signed(self.world.store, row)
                header = {b"stripe-signature": signature.encode()}
                return self.world.reader().read(header, body, now_s=PAID_AT).paid
        return None

    def sent(self) -> int:
        with self.world.store.claim() as database:
            rows = self.world.store.listed(database, "refund", account=ACCOUNTS[self.name])
        return sum(row["amount"] for row in rows)


class Story:
    """One order, whatever happens to it."""

    def __init__(self, house: House, rail: MemoryRail | StripeRail) -> None:
        self.house, self.rail = house, rail
        self.order = house.order(1_000, campaign="rails")
        house.send(self.order, lane="web")
        show_on(house.web, order_no=self.order.no, rail=rail.name, way=rail.way, back="")
        self.restart()

    def restart(self) -> None:
        self.work = attempts(self.rail)
        self.back = Refunds({self.rail.name: self.rail}, merchants_key=KEYS.merchants)

    @property
    def deed(self) -> int | None:
        sql = "SELECT number FROM payments_paid WHERE order_no = %s"
        row = self.house.web.execute(sql, (self.order.no,)).fetchone()
        return row[0] if row else None

    def act(self, what: str) -> None:
        if what == "look":
            self.house.web.execute(
                "UPDATE jusha_attempt SET next_at = now() WHERE next_at IS NOT NULL"
            )
            self.work.round(self.house.web)
            self.back.round(self.house.web)
        elif what == "pay":
            self.rail.pay(self.order.no)
        elif what == "notice" and (paid := self.rail.told(self.order.no)):
            self.house.send(
                deed_of(
                    self.rail.name,
                    paid,
                    payees={ACCOUNTS[self.rail.name]: "shan"},
                    deed_secret=KEYS.deed,
                    person_secret=KEYS.person,
                )
            )
        elif what == "settle":
            self.house.settle()
        elif what == "crash":
            self.restart()
        elif what == "refund" and self.deed is not None:
            self.house.instruct("refund", deed=self.deed, amount=400, reason="asked")
        elif what.startswith("lost"):
            self.rail.loses.append(what)


@pytest.fixture
def books(paid_house: House) -> Any:
    def of(rail: str) -> tuple[int, ...]:
        kinds = ("receivable", "fund", "refundable")
        owners = (rail, BOOKS, rail)
        return tuple(
            paid_house.balance("charity:shan", kind, owner)
            for kind, owner in zip(kinds, owners, strict=True)
        )

    return of


@pytest.mark.parametrize("make", [MemoryRail, StripeRail])
@settings(max_examples=15, suppress_health_check=list(HealthCheck))
@given(acts=st.lists(st.sampled_from(ACTS), max_size=14))
def test_the_books_end_the_same_whatever_the_order_of_things(
    paid_house: House,
    books: Any,
    owner: psycopg.Connection,
    make: type[MemoryRail | StripeRail],
    acts: list[str],
) -> None:
    story, before = Story(paid_house, make()), books(make.name)
    for what in acts:
        story.act(what)
    story.rail.loses.clear()
    story.rail.pay(story.order.no)
    hurry(paid_house, story.work, story.back)
    story.rail.pay(story.order.no)
    hurry(paid_house, story.work, story.back)
    gifts = "SELECT count(*), min(number) FROM giving_deed WHERE order_no = %s"
    assert owner.execute(gifts, (story.order.no,)).fetchone() == (1, story.deed)
    sent = story.rail.sent()
    asked = "SELECT coalesce(sum(amount), 0) FROM giving_refund WHERE deed = %s"
    assert owner.execute(asked, (story.deed,)).fetchone() == (sent,)
    receivable, fund, refundable = (
        now - then for now, then in zip(books(make.name), before, strict=True)
    )
    assert (receivable, fund, refundable) == (1_000 - sent, 1_000 - sent, 0)
    owner.execute("DELETE FROM jusha_attempt")
    story.rail.end()

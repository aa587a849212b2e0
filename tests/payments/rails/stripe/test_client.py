"""Our client before the simulated Stripe: each verb, its repeats, and what is lost on the way."""

from collections.abc import Callable
from datetime import date
from typing import Any

import httpx
import pytest

from jusha.payments.rails.seam import Paid, Payee, RailRefusedError, RailUnsureError
from jusha.payments.rails.stripe.client import Stripe
from jusha_sandbox.stripe import events
from tests.sandbox.stripe.world import INSIDE, NOON, ORDER, World

KEY = f"{ORDER}-1"


def answering(answer: Callable[[httpx.Request], httpx.Response]) -> Stripe:
    http = httpx.Client(transport=httpx.MockTransport(answer))
    return Stripe(api_key="sk_test_x", address=INSIDE, http=http, clock=lambda: NOON)


def paid(world: World) -> Paid:
    found = world.client.query(ORDER, world.payee).paid
    assert found is not None
    return found


def test_an_order_is_made_once_paid_and_known_by_the_same_facts_as_its_event(
    world: World,
) -> None:
    assert world.client.query(ORDER, world.payee).state == "unknown"
    first = world.client.create(world.ask(), key=str(ORDER))
    assert world.client.create(world.ask(), key=str(ORDER)) == first
    assert first.parameters["account"] == world.payee.merchant
    assert world.client.query(ORDER, world.payee).state == "unpaid"
    world.pay(payer="mark1")
    state = world.client.query(ORDER, world.payee)
    assert state.state == "paid"
    assert state.paid is not None
    assert state.paid[1:] == (str(ORDER), 3505, "CNY", world.payee.merchant, "mark1", int(NOON))
    events.send_due(world.store)
    told = world.reader().read(world.notices()[0], world.heard[0][0], now_s=NOON)
    assert told.paid == state.paid


def test_another_sum_under_the_same_key_is_refused(world: World) -> None:
    world.client.create(world.ask(), key=str(ORDER))
    with pytest.raises(RailRefusedError, match="idempotency_error"):
        world.client.create(world.ask(amount=3506), key=str(ORDER))
    for bad in (world.ask(way="native"), world.ask(amount=0)):
        with pytest.raises(RailRefusedError, match="unsupported"):
            world.client.create(bad, key="2")


def test_an_intent_whose_500_is_remembered_is_found(world: World) -> None:
    world.switch("create-unsure")
    made = world.client.create(world.ask(), key=str(ORDER))
    world.switch("create-unsure", on=False)
    assert world.client.create(world.ask(), key=str(ORDER)) == made


def test_search_may_lag_and_the_order_is_found_all_the_same(world: World) -> None:
    world.switch("search-late")
    world.pay()
    assert world.client.query(ORDER, world.payee).state == "paid"


def test_closing_ends_it_once_and_says_when_it_is_paid(world: World) -> None:
    made = world.client.create(world.ask(), key=str(ORDER))
    intent = made.parameters["client_secret"].partition("_secret")[0]
    for _ in range(2):
        world.client.close(ORDER, world.payee, key=str(ORDER))
    assert world.client.query(ORDER, world.payee).state == "closed"
    assert world.confirm(intent).status_code == 400
    world.client.close(ORDER + 1, world.payee, key="unknown to Stripe")
    world.pay(ORDER + 2)
    with pytest.raises(RailRefusedError, match="paid"):
        world.client.close(ORDER + 2, world.payee, key="2")


def test_a_refund_is_sent_once_and_asked_about_by_our_key(world: World) -> None:
    world.pay()
    told = paid(world)
    assert world.client.query_refund(KEY, told, world.payee).state == "unknown"
    one = world.client.refund(told, world.payee, amount=505, reason="捐赠退款", key=KEY)
    assert (one.state, one.amount, one.refund) == ("arrived", 505, KEY)
    assert world.client.refund(told, world.payee, amount=505, reason="捐赠退款", key=KEY) == one
    assert world.client.query_refund(KEY, told, world.payee) == one
    rest = f"{ORDER}-2"
    with pytest.raises(RailRefusedError):
        world.client.refund(told, world.payee, amount=3001, reason="x", key=rest)
    world.client.refund(told, world.payee, amount=3000, reason="x", key=rest)
    state = world.client.query(ORDER, world.payee)
    assert (state.state, state.paid) == ("refunded", told)


@pytest.mark.parametrize(
    ("switch", "state"), [("refund-pending", "pending"), ("refund-failed", "failed")]
)
def test_a_refund_that_has_yet_to_arrive_or_cannot_says_so(
    world: World, switch: str, state: str
) -> None:
    world.pay()
    world.switch(switch)
    told = paid(world)
    world.client.refund(told, world.payee, amount=505, reason="x", key=KEY)
    assert world.client.query_refund(KEY, told, world.payee).state == state
    world.control(action="arrive", account=world.payee.merchant)
    assert world.client.query_refund(KEY, told, world.payee).state == (
        "arrived" if state == "pending" else "failed"
    )


def test_a_refund_whose_answer_was_a_500_stands_and_is_found(world: World) -> None:
    world.pay()
    world.switch("refund-unsure")
    told = paid(world)
    for _ in range(2):
        with pytest.raises(RailUnsureError):
            world.client.refund(told, world.payee, amount=505, reason="x", key=KEY)
    found = world.client.query_refund(KEY, told, world.payee)
    assert (found.state, found.amount) == ("arrived", 505)


def test_one_charity_does_not_see_anothers_orders(world: World) -> None:
    world.pay()
    other = Payee("other", world.control(action="account", name="other")["opened"])
    assert world.client.query(ORDER, other).state == "unknown"
    with pytest.raises(RailRefusedError, match="resource_missing"):
        world.client.refund(paid(world), other, amount=1, reason="x", key=KEY)


def test_a_days_bill_is_asked_for_waited_for_and_fetched_whole(world: World) -> None:
    world.pay()
    world.client.refund(paid(world), world.payee, amount=505, reason="x", key=KEY)
    day = date(2026, 9, 22)
    with pytest.raises(RailRefusedError, match="parameter_invalid"):
        list(world.client.bill(day, world.payee))
    world.step(2 * 86_400)
    with pytest.raises(RailUnsureError, match="pending"):
        list(world.client.bill(day, world.payee))
    world.step(61)
    text = b"".join(world.client.bill(day, world.payee)).decode()
    head, charge, refund = text.splitlines()
    assert head.startswith('"balance_transaction_id","created_utc"')
    assert '"35.05","1.02","34.03","charge"' in charge
    assert '"-5.05","0.00","-5.05","refund"' in refund
    assert str(ORDER) in charge


def test_the_key_goes_to_no_other_address_for_a_bill() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        assert request.url.host == "127.0.0.1"
        file = {"url": "https://files.stripe.com.example.org/x", "size": 1}
        return httpx.Response(200, json={"id": "frr_1", "status": "succeeded", "result": file})

    with pytest.raises(RailUnsureError, match="not Stripe's"):
        list(answering(answer).bill(date(2026, 9, 22), None))


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (500, {"error": {"type": "api_error"}}, RailUnsureError),
        (429, {"error": {"code": "rate_limit"}}, RailUnsureError),
        (409, {"error": {"code": "idempotency_key_in_use"}}, RailUnsureError),
        (302, {}, RailUnsureError),
        (400, [], RailUnsureError),
        (400, {}, RailUnsureError),
        (200, {"data": "no list"}, RailUnsureError),
        (402, {"error": {"code": "card_declined"}}, RailRefusedError),
        (401, {"error": {"type": "invalid_request_error"}}, RailUnsureError),
    ],
)
def test_whatever_may_have_happened_is_unsure_and_what_was_refused_is_not(
    status: int, body: Any, error: type[Exception]
) -> None:
    rail = answering(lambda _: httpx.Response(status, json=body))
    with pytest.raises(error):
        rail.query(ORDER, Payee("a", "acct_1"))


def test_no_answer_no_json_and_another_orders_charge_are_unsure() -> None:
    def away(_: httpx.Request) -> httpx.Response:
        raise httpx.ReadTimeout("late")

    payee = Payee("a", "acct_1")
    other = {"id": "pi_1", "status": "succeeded", "metadata": {"order": "1"}}
    answers = (
        away,
        lambda _: httpx.Response(200, content=b"<html>"),
        lambda _: httpx.Response(200, json={"data": [other]}),
    )
    for answer in answers:
        with pytest.raises(RailUnsureError):
            answering(answer).query(ORDER, payee)


def test_a_list_without_an_end_is_given_up() -> None:
    row = {"id": "re_1", "object": "refund", "metadata": {}}
    rail = answering(lambda _: httpx.Response(200, json={"data": [row], "has_more": True}))
    fact = Paid("ch_1", "1", 1, "CNY", "acct_1", "", 1)
    with pytest.raises(RailUnsureError, match="too-many"):
        rail.query_refund("1-1", fact, Payee("a", "acct_1"))

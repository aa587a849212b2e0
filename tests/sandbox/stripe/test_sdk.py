"""The public SDK `stripe`, with nothing changed but the base address."""

from collections.abc import Iterator
from typing import Any

import pytest
import stripe

from jusha_sandbox.stripe import events
from tests.sandbox.serving import served
from tests.sandbox.stripe.world import NOON, World


@pytest.fixture
def sdk(world: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.setattr("time.time", lambda: NOON)
    with served(world.gateway) as address:
        yield stripe.StripeClient(
            world.store.secret("api.key"),
            stripe_account=world.payee.merchant,
            base_addresses={"api": address},
            http_client=stripe.RequestsClient(timeout=20),
        )


def test_the_sdk_creates_retrieves_confirms_and_refunds(sdk: Any) -> None:
    made = sdk.v1.payment_intents.create(
        {"amount": 1230, "currency": "cny", "metadata": {"order": "7"}}
    )
    assert (made.status, made.metadata["order"]) == ("requires_payment_method", "7")
    paid = sdk.v1.payment_intents.confirm(
        made.id, {"payment_method": "pm_card_visa", "expand": ["latest_charge"]}
    )
    assert (paid.status, paid.latest_charge.amount_captured) == ("succeeded", 1230)
    again = sdk.v1.payment_intents.retrieve(made.id)
    assert (again.latest_charge, again.amount_received) == (paid.latest_charge.id, 1230)
    back = sdk.v1.refunds.create({"charge": paid.latest_charge.id, "amount": 230})
    assert (back.status, back.amount) == ("succeeded", 230)
    assert sdk.v1.refunds.retrieve(back.id).charge == paid.latest_charge.id
    listed = sdk.v1.refunds.list({"charge": paid.latest_charge.id})
    assert [each.id for each in listed.data] == [back.id]
    found = sdk.v1.payment_intents.search({"query": "metadata['order']:'7'"})
    assert [each.id for each in found.data] == [made.id]


def test_the_sdk_sees_refusals_as_its_own_errors(sdk: Any, world: World) -> None:
    with pytest.raises(stripe.InvalidRequestError, match="No such object"):
        sdk.v1.payment_intents.retrieve("pi_unknown")
    made = sdk.v1.payment_intents.create({"amount": 100, "currency": "cny"})
    with pytest.raises(stripe.CardError, match="declined"):
        sdk.v1.payment_intents.confirm(made.id, {"payment_method": "pm_card_declined"})
    sdk.v1.payment_intents.cancel(made.id)
    with pytest.raises(stripe.InvalidRequestError, match="canceled"):
        sdk.v1.payment_intents.confirm(made.id, {"payment_method": "pm_card_visa"})
    same = {"idempotency_key": "one"}
    first = sdk.v1.payment_intents.create({"amount": 5, "currency": "cny"}, same)
    assert sdk.v1.payment_intents.create({"amount": 5, "currency": "cny"}, same).id == first.id
    with pytest.raises(stripe.IdempotencyError):
        sdk.v1.payment_intents.create({"amount": 6, "currency": "cny"}, same)
    with pytest.raises(stripe.PermissionError):
        sdk.v1.payment_intents.create(
            {"amount": 6, "currency": "cny"}, {"stripe_account": "acct_1Unknown"}
        )


def test_the_sdk_reads_the_events_that_our_reader_reads(sdk: Any, world: World) -> None:
    world.pay(8, amount=100, payer="mark8")
    events.send_due(world.store)
    secret = world.store.secret("webhook.key")
    told = [
        stripe.Webhook.construct_event(body, signature, secret) for body, signature in world.heard
    ]
    assert [event.type for event in told] == ["charge.succeeded", "payment_intent.succeeded"]
    assert told[0].account == world.payee.merchant
    paid = world.reader().read(world.notices()[0], world.heard[0][0], now_s=NOON).paid
    assert paid is not None
    charge = told[0].data.object
    assert (paid.transaction, paid.amount) == (charge.id, charge.amount_captured)
    assert (paid.order, paid.payer) == ("8", "mark8")


def test_both_take_an_event_that_is_signed_while_the_secret_is_rolled(
    sdk: Any, world: World
) -> None:
    world.switch("rolled")
    world.pay()
    events.send_due(world.store)
    body, signature = world.heard[0]
    for name in ("webhook.key", "webhook_old.key"):
        secret = world.store.secret(name)
        assert stripe.Webhook.construct_event(body, signature, secret).object == "event"
        reader = world.reader(secrets=(secret.encode(),))
        assert reader.read(world.notices()[0], body, now_s=NOON).paid

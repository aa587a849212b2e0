"""The simulated Stripe by itself: who may ask, what it remembers, when it sends again."""

from pathlib import Path

import httpx

from jusha_sandbox.stripe import events
from jusha_sandbox.stripe.app import Gateway
from jusha_sandbox.stripe.store import SWITCHES, Store
from tests.sandbox.stripe.world import INSIDE, ORDER, World

SIX = "/v1/payment_intents"


def test_without_its_key_or_for_a_stranger_it_does_nothing(world: World) -> None:
    said = world.api("GET", SIX, authorization="Bearer sk_test_other")
    assert (said.status_code, said.json()["error"]["code"]) == (401, "api_key_invalid")
    assert world.api("GET", SIX, stripe_account="acct_1Other").status_code == 403
    assert world.api("GET", "/v1/customers").status_code == 404
    bad = {"amount": "1.5", "currency": "cny"}
    assert world.api("POST", SIX, bad).json()["error"]["param"] == "amount"


def test_the_control_answers_this_machine_alone(world: World) -> None:
    for remote, host in (("192.0.2.1", "127.0.0.1"), ("127.0.0.1", "stripe.example.org")):
        transport = httpx.WSGITransport(app=world.gateway, remote_addr=remote)
        with httpx.Client(transport=transport, base_url=f"http://{host}") as http:
            assert http.get("/control").status_code == 403
    assert set(world.control(action="clock", step="0")["switches"]) == set(SWITCHES)


def test_an_event_comes_again_for_days_until_it_is_taken(world: World) -> None:
    world.takes = False
    world.pay()
    assert world.step(0) == 2
    for wait in events.WAITS_SECONDS:
        assert world.step(wait - 1) == 0
        assert world.step(1) == 2
    assert world.step(86_400) == 0
    assert len(world.heard) == 2 * (len(events.WAITS_SECONDS) + 1)
    assert len({body for body, _ in world.heard}) == 2


def test_lost_late_and_repeated_do_as_they_say(world: World) -> None:
    for name, sent in (("lost", 0), ("late", 0), ("repeated", 1)):
        before = len(world.heard)
        world.switch(name)
        world.pay(ORDER + len(name))
        events.send_due(world.store)
        charges = [body for body, _ in world.heard[before:] if b"charge.succeeded" in body]
        assert len(charges) == sent
        world.switch(name, on=False)
    late = world.step(3_601)
    assert late > 0
    assert sum(str(ORDER + 4).encode() in body for body, _ in world.heard) >= 1


def test_what_was_answered_survives_a_restart(world: World, tmp_path: Path) -> None:
    made = world.client.create(world.ask(), key=str(ORDER))
    world.pay(ORDER + 1)
    again = Gateway(Store(world.store.folder, wall=world.wall))
    with httpx.Client(transport=httpx.WSGITransport(app=again), base_url=INSIDE) as http:
        world.client.http = http
        assert world.client.create(world.ask(), key=str(ORDER)) == made
        assert world.client.query(ORDER + 1, world.payee).state == "paid"
    assert events.send_due(Store(world.store.folder, wall=world.wall)) == 2


def test_it_sends_to_this_machine_alone() -> None:
    assert not events.post("http://192.0.2.1/door/v1/rails/stripe", b"{}", "t=1,v1=0")
    assert not events.post("https://127.0.0.1/door/v1/rails/stripe", b"{}", "t=1,v1=0")

"""Stripe in a house: read from its files, taken at the door, and offered to no donor."""

import time
from pathlib import Path

import pytest
from django.test import override_settings

from jusha.door.notices import STRIPE_PATH, Rails
from jusha.inbox.envelopes import Deed
from jusha.payments.rails.config import RailsUnreadableError, clients, names, readers
from jusha.payments.rails.stripe.client import Stripe
from jusha.web.rails import offered
from jusha_sandbox.stripe import events
from tests.door.test_notices import KEYS, ask, refused
from tests.sandbox.stripe.world import World

TOLD = """\
notify = "http://127.0.0.1:8001"
[stripe]
address = "http://127.0.0.1:8014"
account = "acct_1SandboxPlatform"
"""


@pytest.fixture
def home(tmp_path: Path, world: World) -> Path:
    home = tmp_path / "home"
    (home / "secrets" / "stripe").mkdir(parents=True)
    (home / "rails.toml").write_text(TOLD)
    for name in ("api.key", "webhook.key"):
        (home / "secrets" / "stripe" / name).write_text(world.store.secret(name) + "\n")
    return home


def test_the_door_takes_its_payment_and_wakes_for_its_refund(home: Path, world: World) -> None:
    world.wall.seconds = time.time()
    rails = Rails(home, KEYS)
    rails.payees = {"stripe": {world.payee.merchant: "shan"}}
    world.pay(amount=2_000, payer="mark1")
    paid = world.client.query(202609220000000001, world.payee).paid
    assert paid is not None
    world.client.refund(paid, world.payee, amount=500, reason="x", key="1-1")
    events.send_due(world.store)
    replies = [
        (body, ask(rails, STRIPE_PATH, header, body))
        for header, (body, _) in zip(world.notices(), world.heard, strict=True)
    ]
    ((deed,), raw), *_ = replies[0][1][1].taken
    assert isinstance(deed, Deed)
    assert (deed.channel, deed.payee, deed.amount, deed.asset) == ("stripe", "shan", 2_000, "CNY")
    assert raw.endswith(replies[0][0])
    assert b"mark1" not in repr(deed).encode()
    about_refund = next(intake for body, (_, intake) in replies if b"refund.created" in body)
    assert (about_refund.woken, about_refund.taken) == (1, [])
    assert all(reply.status == 200 for _, (reply, _) in replies)
    header, body = world.notices()[0], world.heard[0][0]
    assert refused(rails, STRIPE_PATH, header, body + b" ") == "unauthentic"


def test_it_is_a_rail_of_the_house_and_offered_to_nobody(home: Path) -> None:
    assert names(home) == ("stripe",)
    assert isinstance(clients(home, is_sandbox=True)["stripe"], Stripe)
    with override_settings(HOME=home):
        assert offered() == []


def test_its_answers_are_not_signed_so_another_machine_is_asked_by_tls_alone(home: Path) -> None:
    told = TOLD.replace("127.0.0.1:8014", "stripe.example.org")
    (home / "rails.toml").write_text(told)
    with pytest.raises(RailsUnreadableError, match="https"):
        clients(home, is_sandbox=False)
    (home / "rails.toml").write_text(told.replace("http://stripe", "https://stripe"))
    assert "stripe" in clients(home, is_sandbox=False)
    with pytest.raises(RailsUnreadableError, match="sandbox"):
        clients(home, is_sandbox=True)


def test_an_endpoint_without_a_secret_is_said(home: Path) -> None:
    (home / "secrets" / "stripe" / "webhook.key").write_text("\n")
    with pytest.raises(RailsUnreadableError, match="secret"):
        readers(home)

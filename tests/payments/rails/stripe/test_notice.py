"""Stripe's events at the door: judged over raw bytes, by two signers that share no code."""

import json
from typing import Any

import pytest
import stripe
from hypothesis import given
from hypothesis import strategies as st

from jusha.payments.rails.seam import NoticeRefusedError
from jusha.payments.rails.stripe.notice import Events
from jusha.payments.rails.stripe.signing import is_signed, read_header
from jusha_sandbox.stripe import events
from tests.sandbox.stripe.world import NOON, World

SECRET, OLDER = "whsec_new", "whsec_old"
NOW = int(NOON)
READER = Events(account="acct_own", is_live=False, secrets=(SECRET.encode(), OLDER.encode()))
CHARGE: dict[str, Any] = {
    "id": "ch_1",
    "object": "charge",
    "amount": 3505,
    "amount_captured": 3505,
    "captured": True,
    "created": NOW - 5,
    "currency": "cny",
    "metadata": {"order": "7"},
    "paid": True,
    "payment_method_details": {"card": {"fingerprint": "mark"}, "type": "card"},
    "status": "succeeded",
}


def event(kind: str = "charge.succeeded", about: Any = None, **changed: Any) -> str:
    told = {
        "id": "evt_1",
        "object": "event",
        "account": "acct_1",
        "data": {"object": CHARGE if about is None else about},
        "livemode": False,
        "type": kind,
    }
    return json.dumps(told | changed, ensure_ascii=False)


def read(body: str, *, secret: str = SECRET, at: int = NOW, reader: Events = READER) -> Any:
    """Signed by Stripe's own library, read by ours."""
    header = stripe.WebhookSignature.generate_signature_header(body, secret, at)
    return reader.read({b"stripe-signature": header.encode()}, body.encode(), now_s=NOON)


def why(body: str, **how: Any) -> str:
    with pytest.raises(NoticeRefusedError) as refused:
        read(body, **how)
    return refused.value.why


def test_a_payment_is_read_with_whom_it_went_to() -> None:
    paid = read(event()).paid
    assert tuple(paid) == ("ch_1", "7", 3505, "CNY", "acct_1", "mark", NOW - 5)
    own = event().replace('"account": "acct_1", ', "")
    assert read(own).paid.merchant == "acct_own"


def test_old_and_new_secret_count_while_it_is_rolled_and_no_other_does() -> None:
    assert read(event(), secret=OLDER).paid
    assert why(event(), secret="whsec_other") == "unauthentic"
    only_new = Events(account="acct_own", is_live=False, secrets=(SECRET.encode(),))
    assert why(event(), secret=OLDER, reader=only_new) == "unauthentic"
    with pytest.raises(ValueError, match="secret"):
        Events(account="acct_own", is_live=False, secrets=())


def test_an_event_from_yesterday_or_tomorrow_is_stale_and_five_minutes_are_not() -> None:
    for at in (NOW - 300, NOW + 300):
        assert read(event(), at=at).paid
    for at in (NOW - 301, NOW + 301, NOW - 86_400):
        assert why(event(), at=at) == "stale"


def test_the_bytes_are_signed_and_not_what_they_mean() -> None:
    body = event()
    header = stripe.WebhookSignature.generate_signature_header(body, SECRET, NOW)
    other = json.dumps(json.loads(body), indent=1).encode()
    with pytest.raises(NoticeRefusedError, match="unauthentic"):
        READER.read({b"stripe-signature": header.encode()}, other, now_s=NOON)


@pytest.mark.parametrize(
    "header",
    [
        b"",
        b"v1=" + b"0" * 64,
        b"t=1",
        b"t=1,v0=" + b"0" * 64,
        b"t=-1,v1=" + b"0" * 64,
        b"t=1,t=2,v1=" + b"0" * 64,
        b"t=1,v1=" + b"0" * 63,
        b"t=1,v1=" + b"G" * 64,
        b"t=1," + b",".join([b"v1=" + b"0" * 64] * 9),
        b"t=1,v1=" + b"0" * 64 + b" " * 1024,
    ],
)
def test_a_header_of_another_form_is_no_signature(header: bytes) -> None:
    assert read_header(header) is None
    with pytest.raises(NoticeRefusedError, match="unauthentic"):
        READER.read({b"stripe-signature": header}, event().encode(), now_s=NOON)


@given(body=st.binary(max_size=200), at=st.integers(0, 10**11), flipped=st.integers(0, 199))
def test_our_check_and_stripes_agree_and_one_changed_byte_is_seen(
    body: bytes, at: int, flipped: int
) -> None:
    text = body.decode("latin-1")
    header = stripe.WebhookSignature.generate_signature_header(text, SECRET, at)
    read_back = read_header(header.encode())
    assert read_back is not None
    raw = bytearray(text.encode())
    assert is_signed((SECRET.encode(),), read_back, bytes(raw))
    if flipped < len(raw):
        raw[flipped] ^= 1
        assert not is_signed((SECRET.encode(),), read_back, bytes(raw))


def test_a_test_event_means_nothing_where_money_is_real_and_the_other_way_round() -> None:
    live = Events(account="acct_own", is_live=True, secrets=(SECRET.encode(),))
    assert why(event(), reader=live) == "unauthentic"
    assert read(event(livemode=True), reader=live).paid
    assert why(event(livemode=True)) == "unauthentic"


@pytest.mark.parametrize(
    "changed",
    [
        {"status": "failed"},
        {"paid": False},
        {"captured": False},
        {"amount_captured": 0},
        {"amount_captured": -1},
        {"amount_captured": True},
        {"amount_captured": 35.05},
        {"currency": "CNY1"},
        {"created": "now"},
        {"id": "ch/1"},
        {"payment_method_details": {"type": "card", "card": {"fingerprint": "a b"}}},
    ],
)
def test_a_charge_that_took_no_money_or_is_written_otherwise_is_unreadable(
    changed: dict[str, Any],
) -> None:
    assert why(event(about=CHARGE | changed)) == "unreadable"


def test_an_event_of_another_form_is_unreadable() -> None:
    for body in ("{}", "[]", "no json", event(object="v2.core.event"), event(id=1)):
        assert why(body) == "unreadable"
    assert why(event() + " " * 65_536) == "unreadable"


def test_a_refund_names_our_key_and_other_events_say_nothing() -> None:
    refund = {"id": "re_1", "object": "refund", "metadata": {"refund": "7-1"}}
    for kind in ("refund.created", "refund.updated", "refund.failed"):
        notice = read(event(kind, refund))
        assert (notice.refund, notice.paid) == ("7-1", None)
    nothing = read(event("payment_intent.succeeded", {"id": "pi_1"}))
    assert (nothing.event, nothing.paid, nothing.refund) == ("evt_1", None, "")


def test_a_charge_without_an_order_of_ours_is_the_charitys_own_business() -> None:
    notice = read(event(about=CHARGE | {"metadata": {}}))
    assert (notice.paid, notice.refund) == (None, "")


@pytest.mark.parametrize(
    ("switch", "refused"),
    [("tampered", "unauthentic"), ("stale", "stale"), ("wrong-secret", "unauthentic")],
)
def test_a_try_that_harm_was_done_to_is_refused_and_the_next_one_taken(
    world: World, switch: str, refused: str
) -> None:
    world.switch(switch)
    world.takes = False
    world.pay()
    world.step(0)
    world.step(301)
    tries = [(b, {b"stripe-signature": s.encode()}) for b, s in world.heard if b"charge.suc" in b]
    (bad_body, bad), (body, good) = tries[:2]
    with pytest.raises(NoticeRefusedError) as error:
        world.reader().read(bad, bad_body, now_s=NOON)
    assert error.value.why == refused
    assert world.reader().read(good, body, now_s=NOON).paid


def test_another_amount_or_account_is_told_as_it_is_said(world: World) -> None:
    world.switch("wrong-amount")
    world.switch("wrong-account")
    world.pay()
    events.send_due(world.store)
    paid = world.reader().read(world.notices()[0], world.heard[0][0], now_s=NOON).paid
    assert paid is not None
    assert (paid.amount, paid.merchant) == (3506, "acct_1SomebodyElse")

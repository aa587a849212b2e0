"""Notices: what is taken, and every kind of what is not, in the order of the checks."""

from urllib.parse import urlencode

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from hypothesis import given
from hypothesis import strategies as st

from jusha.payments.rails.alipay.notice import BODY_MAX, Reader
from jusha.payments.rails.alipay.signing import sign
from jusha.payments.rails.seam import Notice, NoticeRefusedError, Paid

KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
NOW = 1_790_049_600
GOOD = {
    "app_id": "2021000000000001",
    "buyer_id": "2088000000000777",
    "charset": "utf-8",
    "gmt_payment": "2026-09-22 08:36:26",
    "notify_id": "2026092200222f1",
    "notify_time": "2026-09-22 12:00:00",
    "notify_type": "trade_status_sync",
    "out_trade_no": "202609220000000001",
    "passback_params": "",
    "seller_id": "2088000000000002",
    "subject": "善款 & =+%",
    "total_amount": "35.05",
    "trade_no": "2026092222001000000000000001",
    "trade_status": "TRADE_SUCCESS",
}
READER = Reader(app_id=GOOD["app_id"], alipay_key=KEY.public_key())


def signed(**changes: str | None) -> bytes:
    """A notice signed by an implementation of the document's words, here and now."""
    form = {k: v for k, v in {**GOOD, **changes}.items() if v is not None}
    text = "&".join(f"{name}={form[name]}" for name in sorted(form))
    return urlencode({**form, "sign": sign(KEY, text.encode()), "sign_type": "RSA2"}).encode()


def refused(body: bytes, *, now: float = NOW) -> str:
    with pytest.raises(NoticeRefusedError) as refusal:
        READER.read(body, now_seconds=now)
    return refusal.value.why


def test_a_payment_gives_its_facts() -> None:
    paid = Paid(
        "2026092222001000000000000001", "202609220000000001", 3505, "CNY", "2088000000000002",
        "2088000000000777", NOW - 3 * 3600 - 23 * 60 - 34,
    )  # fmt: skip
    assert READER.read(signed(), now_seconds=NOW) == Notice("2026092200222f1", paid)
    finished = READER.read(signed(trade_status="TRADE_FINISHED"), now_seconds=NOW)
    assert finished.paid == paid


def test_a_fee_of_nothing_is_a_payment_and_any_other_a_refund() -> None:
    assert READER.read(signed(refund_fee="0.00"), now_seconds=NOW).paid
    part = {"refund_fee": "5.05", "gmt_refund": "2026-09-22 11:59:59.123", "out_biz_no": "r-1"}
    for status in ("TRADE_SUCCESS", "TRADE_CLOSED", "TRADE_FINISHED"):
        notice = READER.read(signed(trade_status=status, **part), now_seconds=NOW)
        assert notice == Notice(GOOD["notify_id"], refund="r-1")
    bare = READER.read(signed(refund_fee="35.05", trade_status="TRADE_CLOSED"), now_seconds=NOW)
    assert bare.refund == GOOD["out_trade_no"]


@pytest.mark.parametrize(
    "change",
    [{"trade_status": "WAIT_BUYER_PAY"}, {"trade_status": "TRADE_CLOSED"}, {"notify_type": "x"}],
)
def test_a_notice_of_anything_else_says_nothing_of_money(change: dict[str, str]) -> None:
    assert READER.read(signed(**change), now_seconds=NOW) == Notice(GOOD["notify_id"])


@pytest.mark.parametrize(
    "change",
    [
        {"charset": "GBK"}, {"charset": None}, {"notify_time": "x"}, {"notify_time": None},
        {"trade_status": "PAID"}, {"total_amount": "35.050"}, {"total_amount": "0.00"},
        {"total_amount": None}, {"gmt_payment": ""}, {"trade_no": "x"}, {"seller_id": None},
        {"seller_id": "2088"}, {"out_trade_no": ""}, {"notify_id": ""}, {"buyer_id": "a b"},
        {"refund_fee": "x"}, {"out_biz_no": "a/b", "refund_fee": "1.00"},
    ],
)  # fmt: skip
def test_what_is_signed_and_cannot_be_read_is_refused(change: dict[str, str | None]) -> None:
    assert refused(signed(**change)) == "unreadable"


def test_the_signature_is_looked_at_before_anything_that_it_covers() -> None:
    body = signed(notify_time="2026-09-21 12:00:00", app_id="x")
    assert refused(body.replace(b"35.05", b"35.06")) == "unauthentic"
    assert refused(body) == "stale"
    assert refused(signed(app_id="x")) == "unauthentic"
    assert refused(signed().replace(b"RSA2", b"RSA")) == "unauthentic"


def test_fresh_is_three_hundred_seconds_either_way() -> None:
    for now in (NOW - 300, NOW + 300):
        assert READER.read(signed(), now_seconds=now).paid
    for now in (NOW - 301, NOW + 301):
        assert refused(signed(), now=now) == "stale"


@pytest.mark.parametrize(
    "body",
    [
        b"", b"x", b"=1", b"A=1", b"a=%zz", b"a=%e", b"a=1&", b"a=\xff", b"a=1&a=2", b"a=b=c",
        b"a=" + b"1" * BODY_MAX, b"&".join(b"a%d=1" % n for n in range(101)),
    ],
)  # fmt: skip
def test_what_is_no_form_is_refused_before_its_signature(body: bytes) -> None:
    assert refused(body) == "unreadable"


def test_a_field_twice_or_one_more_is_refused() -> None:
    assert refused(signed() + b"&total_amount=35.05") == "unreadable"
    assert refused(signed() + b"&fund=1") == "unauthentic"


@given(at=st.integers(0, len(signed()) - 1), byte=st.integers(0, 255))
def test_a_changed_byte_is_refused_or_means_the_same(at: int, byte: int) -> None:
    body = bytearray(signed())
    body[at] = byte
    try:
        found = READER.read(bytes(body), now_seconds=NOW)
    except NoticeRefusedError:
        return
    assert found == READER.read(signed(), now_seconds=NOW)


@given(body=st.binary(max_size=300))
def test_noise_is_refused_and_never_an_error(body: bytes) -> None:
    refused(body)

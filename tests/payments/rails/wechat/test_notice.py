"""What the door takes from WeChat Pay, and what it does not."""

from typing import Any

import pytest

from jusha.payments.rails.facts import facts_bytes
from jusha.payments.rails.seam import Notice, NoticeRefusedError, Paid
from tests.payments.rails.wechat.oracle import (
    ALICE,
    ALONE,
    NOW,
    ORDER,
    TRANSACTION,
    envelope,
    notices,
    payment,
    sealed,
    signed,
)
from tests.sandbox.wechat.world import APPID, CHARITY, DIRECT, PARTNER

FACTS = Paid(TRANSACTION, str(ORDER), 2_000, "CNY", CHARITY, ALICE, 1_795_363_200)


def read(body: bytes, headers: dict[bytes, bytes] | None = None, *, now: float = NOW) -> Notice:
    return notices().read(signed(body) if headers is None else headers, body, now_s=now)


def refused(body: bytes, headers: dict[bytes, bytes] | None = None, *, now: float = NOW) -> str:
    with pytest.raises(NoticeRefusedError) as error:
        read(body, headers, now=now)
    return error.value.why


def test_a_payment_is_told_as_facts() -> None:
    notice = read(envelope(sealed(payment())))
    assert notice == Notice("EV-2018022511223320873", paid=FACTS)


def test_a_retry_is_sealed_and_signed_anew_and_is_the_same_facts() -> None:
    first = read(envelope(sealed(payment())))
    body = envelope(sealed(payment(attach="again")))
    again = read(body, signed(body, at_s=NOW + 15, nonce=b"z" * 32), now=NOW + 15)
    assert first.paid
    assert again.paid
    assert facts_bytes(first.paid) == facts_bytes(again.paid)


def test_the_facts_are_named_by_their_documented_text() -> None:
    text = f'["{TRANSACTION}","{ORDER}",2000,"CNY","{CHARITY}","山\\"\\n",1795363200]'.encode()
    assert facts_bytes(FACTS._replace(payer='山"\n')) == text


def test_a_merchant_of_its_own_is_the_payee() -> None:
    told = payment(appid=APPID, mchid=DIRECT, payer={"openid": "bob"})
    for name in ("sp_appid", "sp_mchid", "sub_mchid"):
        del told[name]
    body = envelope(sealed(told))
    notice = notices(ALONE).read(signed(body), body, now_s=NOW)
    assert notice.paid == FACTS._replace(merchant=DIRECT, payer="bob")


def test_a_notice_of_a_refund_names_it_and_brings_no_money() -> None:
    told = {
        "sp_mchid": PARTNER, "sub_mchid": CHARITY, "out_trade_no": str(ORDER),
        "transaction_id": TRANSACTION, "out_refund_no": f"{ORDER}-1", "refund_id": "5030",
        "refund_status": "ABNORMAL", "user_received_account": "招商银行信用卡0403",
        "amount": {"total": 2_000, "refund": 500, "payer_total": 2_000, "payer_refund": 500},
    }  # fmt: skip
    for event in ("REFUND.SUCCESS", "REFUND.ABNORMAL", "REFUND.CLOSED"):
        notice = read(envelope(sealed(told, associated="refund"), event=event))
        assert notice == Notice("EV-2018022511223320873", refund=f"{ORDER}-1")


def test_an_authentic_event_that_nobody_asked_for_says_nothing() -> None:
    notice = read(envelope(sealed(b"what ever"), event="PAYSCORE.USER_PAID"))
    assert notice == Notice("EV-2018022511223320873")


def test_what_another_amount_or_payee_says_is_handed_on_for_settlement_to_hold() -> None:
    told = payment(sub_mchid="1999999999", amount={"total": 1, "currency": "CNY"})
    notice = read(envelope(sealed(told)))
    assert notice.paid == FACTS._replace(merchant="1999999999", amount=1)


@pytest.mark.parametrize("name", ["signature", "timestamp", "nonce", "serial"])
def test_a_header_that_is_missing_or_changed_is_not_authentic(name: str) -> None:
    body = envelope(sealed(payment()))
    header = f"wechatpay-{name}".encode()
    headers = signed(body)
    for other in (b"", b"1", headers[header] + b"1", b"-1", b"\xff\n"):
        assert refused(body, headers | {header: other}) == "unauthentic", other
    del headers[header]
    assert refused(body, headers) == "unauthentic"


def test_a_probe_is_refused_although_its_signature_is_right_behind_the_prefix() -> None:
    body = envelope(sealed(payment()))
    headers = signed(body)
    probe = b"WECHATPAY/SIGNTEST/" + headers[b"wechatpay-signature"]
    assert refused(body, headers | {b"wechatpay-signature": probe}) == "unauthentic"


def test_a_byte_that_changed_makes_a_notice_a_strangers() -> None:
    body = envelope(sealed(payment()))
    for place in range(0, len(body), 37):
        changed = body[:place] + bytes([body[place] ^ 1]) + body[place + 1 :]
        assert refused(changed, signed(body)) == "unauthentic"
    assert refused(body + b"\n", signed(body)) == "unauthentic"


@pytest.mark.parametrize(
    ("seconds", "fresh"), [(300, True), (301, False), (-300, True), (-301, False)]
)
def test_five_minutes_both_ways_are_fresh(seconds: int, fresh: bool) -> None:  # noqa: FBT001
    body = envelope(sealed(payment()))
    if fresh:
        assert read(body, now=NOW + seconds).paid == FACTS
    else:
        assert refused(body, now=NOW + seconds) == "stale"


def test_a_stale_stranger_is_a_stranger_first() -> None:
    body = envelope(sealed(payment()))
    headers = signed(body) | {b"wechatpay-nonce": b"another"}
    assert refused(body, headers, now=NOW + 86_400) == "unauthentic"


def test_the_algorithm_is_the_one_that_is_checked_or_is_not_said() -> None:
    body = envelope(sealed(payment()))
    headers = signed(body)
    assert refused(body, headers | {b"wechatpay-signature-type": b"NONE"}) == "unauthentic"
    del headers[b"wechatpay-signature-type"]
    assert read(body, headers).paid == FACTS


def test_a_notice_for_another_merchant_app_or_key_is_not_ours() -> None:
    for told in (payment(sp_mchid="1900000999"), payment(sp_appid="wx1"), payment(sp_mchid="")):
        assert refused(envelope(sealed(told))) == "unauthentic"
    assert refused(envelope(sealed(payment(), key="z" * 32))) == "unauthentic"


@pytest.mark.parametrize(
    "change",
    [
        {"amount": {"total": 20.0, "currency": "CNY"}},
        {"amount": {"total": 20.5, "currency": "CNY"}},
        {"amount": {"total": "2000", "currency": "CNY"}},
        {"amount": {"total": True, "currency": "CNY"}},
        {"amount": {"total": 0, "currency": "CNY"}},
        {"amount": {"total": -1, "currency": "CNY"}},
        {"amount": {"total": 1 << 64, "currency": "CNY"}},
        {"amount": {"total": 2_000, "currency": "USD"}},
        {"amount": None},
        {"trade_state": "NOTPAY"},
        {"trade_state": "REFUND"},
        {"transaction_id": ""},
        {"success_time": "2026-11-23"},
        {"success_time": "2026-11-23T00:00:00"},
        {"success_time": None},
        {"out_trade_no": ""},
        {"sub_mchid": ""},
    ],
)
def test_what_is_authentic_and_makes_no_sense_is_unreadable(change: dict[str, Any]) -> None:
    assert refused(envelope(sealed(payment(**change)))) == "unreadable"


def test_what_is_signed_and_is_no_notice_is_unreadable() -> None:
    for body in (b"", b"{}", b"[]", b"\xff\xfe", b"[" * 5_000, b'{"id":1}', envelope({})):
        assert refused(body) == "unreadable", body
    assert refused(envelope(sealed(b"\xff"))) == "unreadable"
    assert refused(envelope(sealed(b"[]"))) == "unreadable"
    other = sealed(payment()) | {"algorithm": "AEAD_SM4_GCM"}
    assert refused(envelope(other)) == "unreadable"


def test_no_refusal_repeats_a_value_of_the_message() -> None:
    for told in (payment(sp_mchid="1900000999"), payment(amount={"total": "31337"})):
        with pytest.raises(NoticeRefusedError) as error:
            read(envelope(sealed(told)))
        assert not {"1900000999", "31337", ALICE} & set(str(error.value).replace(",", " ").split())

"""Signatures of webhooks, held against the standard's own library, both ways."""

import time
from datetime import UTC, datetime

import pytest
import standardwebhooks
from hypothesis import given
from hypothesis import strategies as st

from jusha.api.signing import (
    SignatureRefusedError,
    headers,
    new_secret,
    secret_bytes,
    secret_text,
    verify,
)

SECRET = bytes(range(32))
BODY = '{"type":"gift.settled","note":"善"}'.encode()


@given(body=st.text().map(str.encode), secret=st.binary(min_size=24, max_size=64))
def test_the_library_accepts_what_we_sign(body: bytes, secret: bytes) -> None:
    told = headers(body, message="evt_1", at_seconds=int(time.time()), secrets_held=[secret])
    stranger = standardwebhooks.Webhook(secret_text(secret))
    stranger.verify(body, told, json_parse=False)


@given(body=st.text(), secret=st.binary(min_size=24, max_size=64))
def test_we_accept_what_the_library_signs(body: str, secret: bytes) -> None:
    now = datetime.now(UTC)
    signature = standardwebhooks.Webhook(secret_text(secret)).sign("evt_1", now, body)
    told = {
        "Webhook-Id": "evt_1",
        "Webhook-Timestamp": str(int(now.timestamp())),
        "Webhook-Signature": f"v1a,AAAA {signature}",
    }
    verify(body.encode(), told, secrets_held=[SECRET, secret], now_seconds=int(time.time()))


def test_the_worked_example_of_the_standard_holds() -> None:
    secret = secret_bytes("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    told = headers(
        b'{"test": 2432232314}',
        message="msg_p5jXN8AQM9LWM0D4loKWxJek",
        at_seconds=1614265330,
        secrets_held=[secret],
    )
    assert told["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@pytest.mark.parametrize(
    "change",
    [
        {"webhook-id": "evt_2"},
        {"webhook-timestamp": "1700000001"},
        {"webhook-timestamp": "1700000301"},
        {"webhook-timestamp": "soon"},
        {"webhook-timestamp": "١٧"},
        {"webhook-signature": "v1,AAAA"},
        {"webhook-signature": "v1a,善"},
        {"webhook-signature": ""},
    ],
)
def test_what_was_changed_on_the_way_is_refused(change: dict[str, str]) -> None:
    told = headers(BODY, message="evt_1", at_seconds=1_700_000_000, secrets_held=[SECRET])
    verify(BODY, told, secrets_held=[SECRET], now_seconds=1_700_000_000)
    with pytest.raises(SignatureRefusedError):
        verify(BODY, told | change, secrets_held=[SECRET], now_seconds=1_700_000_000)
    with pytest.raises(SignatureRefusedError):
        verify(BODY + b" ", told, secrets_held=[SECRET], now_seconds=1_700_000_000)
    with pytest.raises(SignatureRefusedError):
        verify(BODY, told, secrets_held=[new_secret()], now_seconds=1_700_000_000)


@pytest.mark.parametrize("seconds", [-301, 301])
def test_what_is_old_or_from_the_future_is_refused(seconds: int) -> None:
    told = headers(BODY, message="evt_1", at_seconds=1_700_000_000, secrets_held=[SECRET])
    with pytest.raises(SignatureRefusedError):
        verify(BODY, told, secrets_held=[SECRET], now_seconds=1_700_000_000 + seconds)
    del told["webhook-id"]
    with pytest.raises(SignatureRefusedError):
        verify(BODY, told, secrets_held=[SECRET], now_seconds=1_700_000_000)
    with pytest.raises(SignatureRefusedError):
        secret_bytes("whsec_not base64!")

"""What a notice of WeChat Pay costs the door before it is recorded, beside the HMAC channel.

Processor time alone, in one process without network and database: signature, seal, reading, and
the deed that comes of it. The rounds of both are interleaved, so that a noisy machine disturbs
both alike; the best round counts.
"""

import argparse
import base64
import json
import time
from collections.abc import Callable
from typing import Final

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from benchmarks.results import append_result
from jusha.door.messages import Keys
from jusha.door.signature import is_authentic, is_fresh, signature
from jusha.payments.rails.deed import deed_of
from jusha.payments.rails.wechat.keys import Platform, Seal
from jusha.payments.rails.wechat.notice import Notices
from jusha.payments.rails.wechat.transaction import Account

ROUNDS: Final = 30
EACH: Final = 300
NOW: Final = 1_795_392_000
APIV3: Final = b"k" * 32
KEY_ID: Final = "PUB_KEY_ID_0114232134912410000000000000"
PATH: Final = "/door/v1/deeds"


def hmac_channel() -> Callable[[], object]:
    """What the door does for one deed of a partner."""
    secret, keys = b"s" * 32, Keys(deed=b"d" * 32, person=b"p" * 32)
    told = {
        "id": "cashier-202611230000000001",
        "asset": "CNY",
        "amount": 2_000,
        "order": "202611230000000001",
        "payer": "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o",
        "paid_at": NOW,
    }
    body = json.dumps(told).encode()
    stamp = str(NOW)
    given = signature(
        secret, method="POST", path=PATH, channel="wechat", timestamp=stamp, body=body
    )

    def read() -> object:
        assert is_authentic(
            secret, given, method="POST", path=PATH, channel="wechat", timestamp=stamp, body=body
        )
        assert is_fresh(stamp, NOW)
        return keys.read(PATH, "wechat", body)

    return read


def wechat() -> tuple[Callable[[], object], Callable[[], object], int]:
    """What it does for one notice; the signature alone; and the notice's length."""
    private = rsa.generate_private_key(public_exponent=65_537, key_size=2_048)
    pem = private.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    platform = Platform.from_pems(public_keys={KEY_ID: pem})
    account = Account("1900000100", "wx8888888888888888")
    notices = Notices(account, platform=platform, seal=Seal(APIV3))
    body = _notice()
    text = b"%d\n%b\n%b\n" % (NOW, b"n" * 32, body)
    made = private.sign(text, padding.PKCS1v15(), hashes.SHA256())
    headers = {
        b"wechatpay-timestamp": str(NOW).encode(),
        b"wechatpay-nonce": b"n" * 32,
        b"wechatpay-serial": KEY_ID.encode(),
        b"wechatpay-signature": base64.b64encode(made),
        b"wechatpay-signature-type": b"WECHATPAY2-SHA256-RSA2048",
    }

    def read() -> object:
        paid = notices.read(headers, body, now_s=NOW).paid
        assert paid
        return deed_of(
            "wechat",
            paid,
            payees={"1900000109": "spring"},
            deed_secret=b"d" * 32,
            person_secret=b"p" * 32,
        )

    public, pad, sha = private.public_key(), padding.PKCS1v15(), hashes.SHA256()
    return read, lambda: public.verify(made, text, pad, sha), len(body)


def _notice() -> bytes:
    told = {
        "transaction_id": "4200000000202611230000000001",
        "amount": {
            "payer_total": 2_000,
            "total": 2_000,
            "currency": "CNY",
            "payer_currency": "CNY",
        },
        "sp_mchid": "1900000100",
        "sub_mchid": "1900000109",
        "sp_appid": "wx8888888888888888",
        "trade_state": "SUCCESS",
        "bank_type": "OTHERS",
        "attach": "",
        "trade_type": "NATIVE",
        "trade_state_desc": "支付成功",
        "success_time": "2026-11-23T08:00:00+08:00",
        "payer": {"sp_openid": "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o"},
        "out_trade_no": "202611230000000001",
    }
    text = json.dumps(told, ensure_ascii=False).encode()
    sealed = AESGCM(APIV3).encrypt(b"n" * 12, text, b"transaction")
    resource = {
        "original_type": "transaction",
        "algorithm": "AEAD_AES_256_GCM",
        "ciphertext": base64.b64encode(sealed).decode(),
        "associated_data": "transaction",
        "nonce": "n" * 12,
    }
    envelope = {
        "id": "EV-2018022511223320873",
        "create_time": "2026-11-23T08:00:01+08:00",
        "resource_type": "encrypt-resource",
        "event_type": "TRANSACTION.SUCCESS",
        "summary": "支付成功",
        "resource": resource,
    }
    return json.dumps(envelope, ensure_ascii=False).encode()


def cost_us(verb: Callable[[], object], each: int) -> float:
    """Microseconds of processor time for one."""
    began = time.process_time_ns()
    for _ in range(each):
        verb()
    return (time.process_time_ns() - began) / each / 1_000


def main() -> None:
    """Measure, keep and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    rounds = parser.parse_args().rounds
    read, verify, length = wechat()
    verbs = {"hmac_us": hmac_channel(), "wechat_us": read, "rsa_verify_us": verify}
    best = dict.fromkeys(verbs, float("inf"))
    for _ in range(rounds):
        for name, verb in verbs.items():
            best[name] = min(best[name], cost_us(verb, EACH))
    found: dict[str, float | int] = {name: round(value, 1) for name, value in best.items()}
    found["notice_bytes"] = length
    append_result("notice", found, postgres="")
    print(found)


if __name__ == "__main__":
    main()

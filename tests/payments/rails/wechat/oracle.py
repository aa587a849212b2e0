"""WeChat Pay's side of signatures and seals, by cryptography alone: nobody's code but this."""

import base64
import json
import time
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import Any

import httpx
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from jusha.payments.rails.seam import Ask, Payee
from jusha.payments.rails.wechat.client import WeChat
from jusha.payments.rails.wechat.keys import Merchant, Platform, Seal
from jusha.payments.rails.wechat.notice import Notices
from jusha.payments.rails.wechat.transaction import Account
from jusha.payments.rails.wechat.wire import Wire
from tests.sandbox.wechat.world import (
    APIV3,
    APPID,
    CHARITY,
    DIRECT,
    PARTNER,
    SERIAL,
    World,
    private_pem,
)

NOW = 1_795_392_000
KEY_ID = "PUB_KEY_ID_0114232134912410000000000000"
SCHEME = b"WECHATPAY2-SHA256-RSA2048"
ALICE = "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o"
TRANSACTION = "4200000000202611230000000001"
ORDER = 202611230000000001
PAYEE = Payee("shan", CHARITY)
SELF = Payee("shan", DIRECT)
PROVIDER = Account(PARTNER, APPID)
ALONE = Account(DIRECT, APPID, partner=False)


@cache
def platform_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65_537, key_size=2_048)


def platform_pem() -> bytes:
    kind = serialization.PublicFormat.SubjectPublicKeyInfo
    return platform_key().public_key().public_bytes(serialization.Encoding.PEM, kind)


def signed(body: bytes, *, at_s: int = NOW, nonce: bytes = b"a" * 32) -> dict[bytes, bytes]:
    """Headers that sign a body."""
    text = b"%d\n%b\n%b\n" % (at_s, nonce, body)
    made = platform_key().sign(text, padding.PKCS1v15(), hashes.SHA256())
    return {
        b"wechatpay-timestamp": str(at_s).encode(),
        b"wechatpay-nonce": nonce,
        b"wechatpay-signature": base64.b64encode(made),
        b"wechatpay-serial": KEY_ID.encode(),
        b"wechatpay-signature-type": SCHEME,
    }


def sealed(told: object, *, key: str = APIV3, associated: str = "transaction") -> dict[str, str]:
    """A sealed resource."""
    text = told if isinstance(told, bytes) else json.dumps(told).encode()
    made = AESGCM(key.encode()).encrypt(b"b" * 12, text, associated.encode())
    return {
        "original_type": associated,
        "algorithm": "AEAD_AES_256_GCM",
        "ciphertext": base64.b64encode(made).decode(),
        "associated_data": associated,
        "nonce": "b" * 12,
    }


def payment(**changes: Any) -> dict[str, Any]:
    """What a notice of a payment holds."""
    return {
        "sp_appid": APPID,
        "sp_mchid": PARTNER,
        "sub_mchid": CHARITY,
        "out_trade_no": str(ORDER),
        "transaction_id": TRANSACTION,
        "trade_type": "NATIVE",
        "trade_state": "SUCCESS",
        "trade_state_desc": "支付成功",
        "bank_type": "OTHERS",
        "attach": "",
        "success_time": "2026-11-23T00:00:00+08:00",
        "payer": {"sp_openid": ALICE},
        "amount": {"total": 2_000, "payer_total": 2_000, "currency": "CNY"},
    } | changes


def envelope(resource: dict[str, str], *, event: str = "TRANSACTION.SUCCESS") -> bytes:
    """A notice's body."""
    return json.dumps(
        {
            "id": "EV-2018022511223320873",
            "create_time": "2026-11-23T00:00:01+08:00",
            "resource_type": "encrypt-resource",
            "event_type": event,
            "summary": "支付成功",
            "resource": resource,
        }
    ).encode()


def platform() -> Platform:
    return Platform.from_pems(public_keys={KEY_ID: platform_pem()})


def notices(account: Account = PROVIDER) -> Notices:
    return Notices(account, platform=platform(), seal=Seal(APIV3.encode()))


def ask(order: int = ORDER, **changes: Any) -> Ask:
    """An order that ends in two hours, by the real clock."""
    ends = int(time.time()) + 7_200
    return Ask(order, 2_000, "CNY", PAYEE, "山月公益 · 阅读包", ends, "native")._replace(**changes)


class Body(httpx.SyncByteStream):
    """A body that comes in pieces, as it does from a network."""

    def __init__(self, content: bytes) -> None:
        self.content = content

    def __iter__(self) -> Iterator[bytes]:
        half = len(self.content) // 2
        yield from (self.content[:half], self.content[half:])


Answering = Callable[[httpx.Request], httpx.Response]


def client(answer: Answering, *, account: Account = PROVIDER) -> WeChat:
    """Our client before a WeChat Pay that is one function."""
    merchant = Merchant(account.mchid, serial=SERIAL, private_pem=private_pem())

    def streamed(request: httpx.Request) -> httpx.Response:
        told = answer(request)
        return httpx.Response(told.status_code, headers=told.headers, stream=Body(told.content))

    http = httpx.Client(transport=httpx.MockTransport(streamed))
    wire = Wire(merchant, platform(), http=http, clock=lambda: NOW)
    return WeChat(
        account, wire=wire, seal=Seal(APIV3.encode()), notify_url="https://jusha.example/n"
    )


def said(told: object, *, status: int = 200, at_s: int = NOW) -> httpx.Response:
    """A signed answer."""
    body = told if isinstance(told, bytes) else json.dumps(told).encode()
    return httpx.Response(status, content=body, headers=list(signed(body, at_s=at_s).items()))


def at(world: World, *, account: Account = PROVIDER, transport: Any = None) -> WeChat:
    """Our client before the sandbox gateway, with the keys a merchant would download."""
    told: Mapping[str, Any] = httpx.get(f"{world.address}/control/platform", trust_env=False).json()
    keys = Platform.from_pems(
        certificates=[pem.encode() for pem in told["certificates"].values()],
        public_keys={told["public_key_id"]: told["public_key"].encode()},
    )
    merchant = Merchant(account.mchid, serial=SERIAL, private_pem=private_pem())
    http = httpx.Client(transport=transport, timeout=20, trust_env=False) if transport else None
    wire = Wire(merchant, keys, address=world.address, http=http)
    world.closing.callback(wire.close)
    return WeChat(account, wire=wire, seal=Seal(APIV3.encode()), notify_url=world.house.url)


def ear(rail: WeChat) -> Notices:
    """What the door would hold for this client's account."""
    return Notices(rail.account, platform=rail.wire.platform, seal=Seal(APIV3.encode()))

"""The demo's rails: simulated gateways of WeChat Pay and Alipay, and the charities' accounts there.

They are programs of `jusha_sandbox`, spoken to over the wire with keys of their own, as the real
ones would be. An operator who has real accounts writes another rails.toml, in another mode; one
that `jusha up` did not write is left alone.
"""

import json
import secrets
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from jusha.charities.models import Charity
from jusha.config.supervisor import Child
from jusha.payments.merchant_token import seal_token
from jusha.payments.models import BankAccount, Merchant
from jusha.payments.rails.config import FILE
from jusha.payments.rails.names import ALIPAY, WECHAT
from jusha.people.vault import load
from jusha.tlog.files import write_whole

OURS: Final = "# Written by `jusha up --demo`; without this line it is left as it is."
PARTNER: Final = "1900000100"
APPID: Final = "wx8888888888888888"
SERIAL: Final = "5157F09EFDC096DE15EBE81A47057A7232F1B8E1"
FIRST_SUB: Final = 1_900_000_101
FIRST_ACCOUNT: Final = 10**18
APIV3_DIGITS: Final = 16
RAILS: Final = """\
{ours}
# 模拟网关：不会动用任何真实资金。Simulated gateways: no money moves.
notify = "http://127.0.0.1:{door}"

[wechat]
address = "http://localhost:{wechat}"
mchid = "{partner}"
appid = "{appid}"
partner = true
serial = "{serial}"
oauth_page = "http://localhost:{wechat}"
oauth = "http://localhost:{wechat}"

[alipay]
gateway = "http://localhost:{alipay}/gateway.do"
app_id = "{app_id}"
"""


def folder_of(home: Path, rail: str) -> Path:
    """Where a simulated gateway has its own keys and memory."""
    return home / "sandbox" / rail


def introduce(home: Path, settings: Any) -> None:
    """Open the charities' accounts at both gateways and write rails.toml and its keys.

    Runs as the owner of the database, before any process. Writes: jusha_merchant,
    jusha_bankaccount.
    Raises subprocess.CalledProcessError, OSError.
    """
    path = home / FILE
    if path.exists() and not path.read_text("utf-8").startswith(OURS):
        return
    charities = list(Charity.objects.order_by("code"))
    _bank(charities)
    _wechat(home, charities)
    app_id = _alipay(home, charities)
    text = RAILS.format(
        ours=OURS, door=settings.JUSHA_DOOR_PORT, wechat=settings.JUSHA_WECHAT_PORT,
        alipay=settings.JUSHA_ALIPAY_PORT, partner=PARTNER, appid=APPID, serial=SERIAL,
        app_id=app_id,
    )  # fmt: skip
    write_whole(path, text.encode())


def _wechat(home: Path, charities: Iterable[Charity]) -> None:
    private = _kept(home / "secrets" / WECHAT / "apiclient_key.pem", _fresh_key)
    apiv3 = _kept(
        home / "secrets" / WECHAT / "apiv3.key",
        lambda: secrets.token_hex(APIV3_DIGITS).encode(),
    )
    app_secret = _kept(
        home / "secrets" / WECHAT / "app.secret",
        lambda: secrets.token_hex(APIV3_DIGITS).encode(),
    )
    public = serialization.load_pem_private_key(private, password=None).public_key()
    pem = public.public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    merchants: list[dict[str, str]] = [
        {
            "role": "partner",
            "mchid": PARTNER,
            "name": "聚沙（演示服务商）",
            "appid": APPID,
            "apiv3_key": apiv3.decode(),
            "app_secret": app_secret.decode(),
            "serial": SERIAL,
            "public_key": pem.decode(),
        }
    ]
    for place, charity in enumerate(charities):
        number = str(FIRST_SUB + place)
        merchants.append(
            {"role": "sub", "mchid": number, "name": charity.name_zh[:64], "partner": PARTNER}
        )
        _name(WECHAT, charity.code, number)
    folder = folder_of(home, WECHAT)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    write_whole(folder / "merchants.json", json.dumps(merchants).encode())
    told = _told("wechat", str(folder), "--platform")
    key = home / "rails" / WECHAT / f"{told['public_key_id']}.pem"
    key.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    write_whole(key, told["public_key"].encode())


def _alipay(home: Path, charities: list[Charity]) -> str:
    folder = folder_of(home, ALIPAY)
    told = _told("alipay", str(folder), "--open", *(charity.name_zh for charity in charities))
    key = load(home, "merchants")
    for charity in charities:
        account = told["sellers"][charity.name_zh]
        token = seal_token(key, account["token"])
        _name(ALIPAY, charity.code, account["seller_id"], token)
    _kept(
        home / "secrets" / ALIPAY / "app_private.pem",
        (folder / "app_private.pem").read_bytes,
    )
    public = home / "rails" / ALIPAY / "alipay_public.pem"
    public.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    write_whole(public, (folder / "alipay_public.pem").read_bytes())
    return str(told["app_id"])


def _name(rail: str, charity: str, merchant: str, token: bytes = b"") -> None:
    if not Merchant.objects.filter(rail=rail, charity=charity).exists():
        Merchant.objects.create(
            rail=rail, charity=charity, merchant=merchant, sealed_token=token,
            set_by="demo-li", second="demo-wang",
        )  # fmt: skip


def _bank(charities: Iterable[Charity]) -> None:
    """Publish an invented account for each charity; a number that no bank gives out."""
    for place, charity in enumerate(charities, 1):
        if not BankAccount.objects.filter(charity=charity.code).exists():
            BankAccount.objects.create(
                charity=charity.code, holder=charity.name_zh, bank="演示银行（虚构）",
                number=f"{FIRST_ACCOUNT + place}", set_by="demo-li", second="demo-wang",
            )  # fmt: skip


def _told(rail: str, *arguments: str) -> Any:
    begun = subprocess.run(
        [sys.executable, "-m", f"jusha_sandbox.{rail}", *arguments],
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    return json.loads(begun.stdout)


def _kept(path: Path, make: Any) -> bytes:
    """A secret file's bytes, made if it is not there yet; only its owner reads it."""
    if not path.exists():
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.touch(mode=0o600)
        path.write_bytes(make())
    return path.read_bytes()


def _fresh_key() -> bytes:
    return rsa.generate_private_key(public_exponent=65_537, key_size=2_048).private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def children(home: Path, settings: Any) -> list[Child]:
    """The gateways' processes."""
    wechat, alipay = folder_of(home, WECHAT), folder_of(home, ALIPAY)
    python, host = [sys.executable, "-m"], ["--host", settings.JUSHA_HOST]
    port = [str(settings.JUSHA_WECHAT_PORT), str(settings.JUSHA_ALIPAY_PORT)]
    file = str(wechat / "merchants.json")
    told = [*python, "jusha_sandbox.wechat", str(wechat), "--port", port[0], "--merchants", file]
    return [
        Child("sandbox-wechat", [*told, *host], "web"),
        Child(
            "sandbox-alipay",
            [*python, "jusha_sandbox.alipay", str(alipay), "--port", port[1], *host],
            "web",
        ),
    ]

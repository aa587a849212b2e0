"""Which rails this installation has: JUSHA_HOME/rails.toml, and keys in files beside it.

    notify = "https://give.example.org"      where rails reach the front door
    [wechat]
    address = "https://api.mch.weixin.qq.com"
    mchid = "1900000001"
    appid = "wx0123456789abcdef"
    partner = true
    serial = "5157F09EFDC096DE15EBE81A47057A72"
    oauth_page = "https://open.weixin.qq.com"    with `oauth`: pages inside WeChat (JSAPI)
    oauth = "https://api.weixin.qq.com"
    [alipay]
    gateway = "https://openapi.alipay.com/gateway.do"
    app_id = "2021000000000001"
    certificates = true                          three files of the console instead of the key
    [stripe]
    address = "https://api.stripe.com"
    account = "acct_1NaMeOfThePlatform"
    live = true

Public keys lie in JUSHA_HOME/rails/<rail>/, secret ones (0600) in JUSHA_HOME/secrets/<rail>/:
apiclient_key.pem and apiv3.key for WeChat Pay (with `oauth` app.secret), app_private.pem for
Alipay, api.key and webhook.key for Stripe. The door reads what verifies, the payments process what
signs as well; both look every second whether it changed.
"""

import ipaddress
import time
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple
from urllib.parse import urlsplit

import httpx
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from jusha.payments.rails.alipay.certificates import Certificates
from jusha.payments.rails.alipay.client import Alipay
from jusha.payments.rails.alipay.notice import Reader
from jusha.payments.rails.alipay.signing import KeyRefusedError, private_key, public_key
from jusha.payments.rails.names import ALIPAY, NAMES, STRIPE, WECHAT
from jusha.payments.rails.seam import Rail
from jusha.payments.rails.stripe.client import Stripe
from jusha.payments.rails.stripe.notice import Events
from jusha.payments.rails.wechat.client import WeChat
from jusha.payments.rails.wechat.keys import KeyUnusableError, Merchant, Platform, Seal
from jusha.payments.rails.wechat.notice import Notices
from jusha.payments.rails.wechat.openid import Openids
from jusha.payments.rails.wechat.transaction import Account
from jusha.payments.rails.wechat.wire import Wire

FILE: Final = "rails.toml"
ADDRESSES: Final = {
    WECHAT: ("address", "oauth", "oauth_page"),
    ALIPAY: ("gateway",),
    STRIPE: ("address",),
}
"""Under which names rails.toml has each rail's addresses."""
NOTICE_PATH: Final = "/door/v1/rails/"
PATIENCE_SECONDS: Final = 10.0


class RailsUnreadableError(Exception):
    """rails.toml or a key beside it cannot be used; the text says which, and shows no key."""


class Stamp(NamedTuple):
    """What a set of files looked like: another stamp, another reading."""

    seen: tuple[tuple[str, int, int], ...]


def stamp(home: Path) -> Stamp:
    """Look at all files of the rails without reading them."""
    found = [home / FILE]
    for rail in NAMES:
        found += sorted((home / "rails" / rail).glob("*"))
        found += sorted((home / "secrets" / rail).glob("*"))
    seen = []
    for path in found:
        try:
            stat = path.stat()
        except FileNotFoundError:
            continue
        seen.append((str(path), stat.st_mtime_ns, stat.st_size))
    return Stamp(tuple(seen))


def names(home: Path) -> tuple[str, ...]:
    """The rails that rails.toml names, in the house's order. Raises RailsUnreadableError."""
    told = _read(home)
    return tuple(name for name in NAMES if name in told)


class InsideWeChat(NamedTuple):
    """What pages need of WeChat's OAuth: the app, and where a browser is sent. No secret."""

    appid: str
    page: str
    """The address of the page that sends back with a code, without a query."""


def inside_wechat(home: Path) -> InsideWeChat | None:
    """Say how pages inside WeChat learn who pays; None where they cannot.

    Raises RailsUnreadableError.
    """
    told = _read(home).get(WECHAT, {})
    if not told.get("oauth_page") or not told.get("oauth") or not told.get("appid"):
        return None
    page = str(told["oauth_page"]).rstrip("/") + "/connect/oauth2/authorize"
    return InsideWeChat(str(told["appid"]), page)


class Readers(NamedTuple):
    """What judges the rails' notices; None for a rail that is not there."""

    wechat: Notices | None = None
    alipay: Reader | None = None
    stripe: Events | None = None


def readers(home: Path) -> Readers:
    """Read what verifies notices. Raises RailsUnreadableError."""
    told = _read(home)
    try:
        return Readers(
            wechat=_notices(home, told[WECHAT]) if WECHAT in told else None,
            alipay=_reader(home, told[ALIPAY]) if ALIPAY in told else None,
            stripe=_events(home, told[STRIPE]) if STRIPE in told else None,
        )
    except (OSError, KeyError, ValueError, KeyUnusableError, KeyRefusedError) as error:
        raise RailsUnreadableError(_what(error)) from error


def clients(home: Path, *, is_sandbox: bool) -> dict[str, Rail]:
    """Read what signs, and return each rail by its name.

    In the sandbox every address must be on this machine. Raises RailsUnreadableError.
    """
    told = _read(home)
    found: dict[str, Rail] = {}
    try:
        notify = str(told["notify"]).rstrip("/") + NOTICE_PATH if len(told) else ""
        for name, make in ((WECHAT, _wechat), (ALIPAY, _alipay), (STRIPE, _stripe)):
            if name in told:
                rail = make(home, told[name], notify + name)
                found[name] = rail
    except (OSError, KeyError, ValueError) as error:
        raise RailsUnreadableError(_what(error)) from error
    if is_sandbox:
        for name, keys in ADDRESSES.items():
            given = [str(told[name][key]) for key in keys if key in told.get(name, {})]
            if not all(_is_here(address) for address in given):
                raise RailsUnreadableError(
                    f"the sandbox speaks to simulated gateways on this machine alone: {name}"
                )
    return found


def _read(home: Path) -> dict[str, Any]:
    try:
        return tomllib.loads((home / FILE).read_text("utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise RailsUnreadableError(f"{FILE}: {type(error).__name__}") from error


def _account(told: Mapping[str, Any]) -> Account:
    return Account(str(told["mchid"]), str(told["appid"]), bool(told.get("partner", True)))


def _seal(home: Path) -> Seal:
    """The APIv3 keys, a line each, newest first."""
    text = (home / "secrets" / WECHAT / "apiv3.key").read_bytes()
    return Seal(*(line for line in text.splitlines() if line))


def _notices(home: Path, told: Mapping[str, Any]) -> Notices:
    platform = Platform.read(home / "rails" / WECHAT)
    return Notices(_account(told), platform=platform, seal=_seal(home))


def _reader(home: Path, told: Mapping[str, Any]) -> Reader:
    key, certificates = _alipay_trust(home, told)
    return Reader(app_id=str(told["app_id"]), alipay_key=key, certificates=certificates)


def _alipay_trust(home: Path, told: Mapping[str, Any]) -> tuple[RSAPublicKey, Certificates | None]:
    """Whose signatures count: one key, or what certificates lead up to."""
    folder = home / "rails" / ALIPAY
    if not told.get("certificates"):
        return public_key((folder / "alipay_public.pem").read_text("ascii")), None
    app = sorted(folder.glob("appCertPublicKey*.crt"))
    if len(app) != 1:
        raise KeyRefusedError("rails/alipay needs one appCertPublicKey*.crt")
    certificates = Certificates(
        app_pem=app[0].read_bytes(),
        root_pem=(folder / "alipayRootCert.crt").read_bytes(),
        alipay_pems=[each.read_bytes() for each in sorted(folder.glob("alipayCertPublicKey*.crt"))],
    )
    keys = certificates.keys(now_s=time.time())
    if not keys:
        raise KeyRefusedError("no certificate of Alipay's is valid now")
    return keys[0], certificates


def _secrets(home: Path, name: str) -> tuple[bytes, ...]:
    """The lines of one of Stripe's secret files, newest first."""
    text = (home / "secrets" / STRIPE / name).read_bytes()
    return tuple(line.strip() for line in text.splitlines() if line.strip())


def _events(home: Path, told: Mapping[str, Any]) -> Events:
    live, secrets = bool(told.get("live", False)), _secrets(home, "webhook.key")
    return Events(account=str(told["account"]), is_live=live, secrets=secrets)


def _wechat(home: Path, told: Mapping[str, Any], notify_url: str) -> WeChat:
    private = (home / "secrets" / WECHAT / "apiclient_key.pem").read_bytes()
    merchant = Merchant(str(told["mchid"]), serial=str(told["serial"]), private_pem=private)
    platform = Platform.read(home / "rails" / WECHAT)
    wire = Wire(merchant, platform, address=str(told["address"]))
    return WeChat(
        _account(told),
        wire=wire,
        seal=_seal(home),
        notify_url=notify_url,
        openids=_openids(home, told),
    )


def _openids(home: Path, told: Mapping[str, Any]) -> Openids | None:
    if "oauth" not in told:
        return None
    address = str(told["oauth"])
    if urlsplit(address).scheme != "https" and not _is_here(address):
        raise ValueError(f"[{WECHAT}] oauth: its answers are not signed, it has to be https")
    secret = (home / "secrets" / WECHAT / "app.secret").read_text("ascii").strip()
    return Openids(str(told["appid"]), secret=secret, address=address)


def _alipay(home: Path, told: Mapping[str, Any], notify_url: str) -> Alipay:
    app_key = private_key((home / "secrets" / ALIPAY / "app_private.pem").read_text("ascii"))
    key, certificates = _alipay_trust(home, told)
    if certificates is not None:
        certificates.check_own(app_key)
    return Alipay(
        app_id=str(told["app_id"]),
        app_key=app_key,
        alipay_key=key,
        certificates=certificates,
        gateway=str(told["gateway"]),
        notify_url=notify_url,
        http=httpx.Client(timeout=PATIENCE_SECONDS, follow_redirects=False, trust_env=False),
    )


def _stripe(home: Path, told: Mapping[str, Any], _notify_url: str) -> Stripe:
    """Where Stripe sends its events is set at Stripe, not asked for with each order."""
    address = str(told["address"])
    if urlsplit(address).scheme != "https" and not _is_here(address):
        raise ValueError(f"[{STRIPE}] address: its answers are not signed, it has to be https")
    return Stripe(
        api_key=(home / "secrets" / STRIPE / "api.key").read_text("ascii").strip(),
        address=address,
        http=httpx.Client(timeout=PATIENCE_SECONDS, follow_redirects=False, trust_env=False),
    )


def _is_here(address: str) -> bool:
    host = urlsplit(address).hostname or ""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _what(error: Exception) -> str:
    """Name what is missing or wrong, without the contents of a file."""
    if isinstance(error, KeyError):
        return f"{FILE} lacks {error.args[0]}"
    if isinstance(error, OSError):
        return f"{error.filename}: {error.strerror}"
    return f"{type(error).__name__}: {error}"

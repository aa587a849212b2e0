"""Whether this installation has an issuer of e-receipts: JUSHA_HOME/receipts.toml.

    address = "https://receipts.example.org"     where the issuer listens
    client = "jusha"                             our name there
    name = "某某财政票据系统"                     what donors are told of who gets their data

The shared secret is JUSHA_HOME/secrets/receipts-issuer.secret, 32 bytes in base64 (0600).
"""

import ipaddress
import tomllib
from pathlib import Path
from typing import Final, NamedTuple
from urllib.parse import urlsplit

from jusha.giving.receipt_client import Account
from jusha.people.vault import load

FILE: Final = "receipts.toml"
SECRET: Final = "receipts-issuer"  # noqa: S105 - the file's name
LOCAL: Final = "localhost"


class ReceiptsUnreadableError(Exception):
    """receipts.toml cannot be used; the text says why, and shows no secret."""


class Issuer(NamedTuple):
    """An issuer as it is configured; `name` is what donors are told."""

    account: Account
    name: str


def issuer_name(home: Path) -> str:
    """The issuer's name for donors; "" where e-receipts cannot be asked for."""
    try:
        return _read(home).get("name", "")
    except ReceiptsUnreadableError:
        return ""


def read_issuer(home: Path, *, mode: str) -> Issuer | None:
    """The configured issuer; None if there is none. Raises ReceiptsUnreadableError.

    In the sandbox only an issuer on this machine is spoken to, elsewhere only by HTTPS, so that
    no invented receipt reaches a ministry and no real donor's name a plain wire.
    """
    told = _read(home)
    if not told:
        return None
    if missing := {"address", "client", "name"} - set(told):
        raise ReceiptsUnreadableError(f"{FILE} lacks {sorted(missing)}")
    address = urlsplit(told["address"])
    is_here = _is_here(address.hostname or "")
    if mode == "sandbox" and not is_here:
        raise ReceiptsUnreadableError("in the sandbox the issuer is a simulator on this machine")
    if mode != "sandbox" and (address.scheme != "https" or is_here):
        raise ReceiptsUnreadableError("the issuer is asked by https, and is not this machine")
    account = Account(told["address"], told["client"], load(home, SECRET))
    return Issuer(account, told["name"])


def _read(home: Path) -> dict[str, str]:
    try:
        told = tomllib.loads((home / FILE).read_text("utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ReceiptsUnreadableError(f"{FILE}: {error}") from error
    if not all(isinstance(value, str) for value in told.values()):
        raise ReceiptsUnreadableError(f"{FILE}: every value is a text")
    return told


def _is_here(host: str) -> bool:
    if host == LOCAL:
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False

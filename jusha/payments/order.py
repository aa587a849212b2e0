"""Place an order: what a donor agrees to before paying.

The commitment is made here, outside the hot path; the private record is sealed into
the vault before the order can be paid, so a leaf never commits to a lost record.
"""

import secrets
import unicodedata
from datetime import UTC, datetime
from typing import Any, Final

import msgspec
from django.conf import settings
from django.db import transaction

from jusha.inbox.append import append
from jusha.inbox.connect import django_connection
from jusha.inbox.envelopes import CODE, Order
from jusha.merkle.commitment import commit
from jusha.money.assets import AMOUNT_MAX
from jusha.people.models import Opening
from jusha.people.vault import load, seal, unseal

NOTE_MAX: Final = 60
NAME_MAX: Final = 20
R_BYTES: Final = 32
ORDER_RANDOM: Final = 10**10
"""Ten random digits behind the date: two orders of one day never share a number by chance
worth counting, and settlement refuses the second if they did."""


class OrderRefusedError(Exception):
    """订单没有建立，款项没有扣。请检查金额和项目后再试。"""  # noqa: D400 - Chinese full stop


def place_order(
    *, project: str, campaign: str, amount_fen: int, note: str = "", shown_name: str = ""
) -> int:
    """Append an order and return its number: yyyymmdd and ten digits.

    Durable when it returns. Raises OrderRefusedError for an impossible amount, code,
    note or name. Writes: people_opening, the inbox.
    """
    if not 0 < amount_fen <= AMOUNT_MAX or not CODE.fullmatch(project):
        raise OrderRefusedError(f"{amount_fen} {project}")
    if campaign and not CODE.fullmatch(campaign):
        raise OrderRefusedError(campaign)
    private = {"name": _text(shown_name, NAME_MAX), "note": _text(note, NOTE_MAX)}
    no = int(f"{datetime.now(UTC):%Y%m%d}") * ORDER_RANDOM + secrets.randbelow(ORDER_RANDOM)
    record: dict[str, Any] = {"order": str(no)} | {k: v for k, v in private.items() if v}
    r = secrets.token_bytes(R_BYTES)
    sealed = seal(
        load(settings.HOME, "vault"), msgspec.msgpack.encode((record, r)), str(no).encode()
    )
    order = Order(
        no=no,
        project=project,
        campaign=campaign,
        asset="CNY",
        amount=amount_fen,
        commitment=commit(private=record, r=r),
    )
    with transaction.atomic():
        Opening.objects.create(order_no=no, sealed=sealed)
        append(django_connection(), lane="web", envelopes=[order])
    return no


def read_opening(order_no: int) -> tuple[dict[str, Any], bytes] | None:
    """Open an order's private record and its r; None if there is none or it was erased."""
    found = Opening.objects.filter(order_no=order_no).first()
    if found is None:
        return None
    plain = unseal(load(settings.HOME, "vault"), bytes(found.sealed), str(order_no).encode())
    record, r = msgspec.msgpack.decode(plain)
    return record, r


def _text(text: str, most: int) -> str:
    """Normalise to NFC without control characters; refuse what is too long."""
    plain = unicodedata.normalize("NFC", text).strip()
    if len(plain) > most or any(unicodedata.category(char)[0] == "C" for char in plain):
        raise OrderRefusedError(f"{len(plain)} characters")
    return plain

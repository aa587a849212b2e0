"""Place an order: what a donor agrees to before paying.

The commitment is made here, outside the hot path; the private record is sealed into
the vault before the order can be paid, so a leaf never commits to a lost record.
"""

import secrets
import unicodedata
from collections.abc import Collection, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final, NamedTuple
from uuid import UUID

import msgspec
from django.db import transaction

from jusha.inbox.append import append
from jusha.inbox.connect import django_connection
from jusha.inbox.envelopes import CODE, Order
from jusha.merkle.commitment import commit
from jusha.money.assets import AMOUNT_MAX
from jusha.payments.attempt_rules import HOLD_SECONDS
from jusha.payments.attribution import NOWHERE, Attribution, is_sound, keep
from jusha.people.donor_keys import (
    KeyErasedError,
    NewDonor,
    keys_for_orders,
    remember_after_commit,
    unseal_for,
    wrapped,
)
from jusha.people.models import Opening
from jusha.people.queries import SealedRecord, keep_openings
from jusha.people.vault import seal
from jusha.projects.reserve import Asked, reserve

NOTE_MAX: Final = 60
NAME_MAX: Final = 20
DEDICATION_MAX: Final = 30
R_BYTES: Final = 32
ORDER_RANDOM: Final = 10**10
"""Ten random digits behind the date: two orders of one day never share a number by chance
worth counting, and settlement refuses the second if they did."""


class OrderRefusedError(Exception):
    """订单没有建立，款项没有扣。请检查金额和项目后再试。"""  # noqa: D400 - Chinese full stop


class Wish(NamedTuple):
    """What one donor agrees to. `amount_fen` > 0; `note` and `shown_name` stay private."""

    project: str
    campaign: str
    amount_fen: int
    note: str = ""
    shown_name: str = ""
    dedication: str = ""
    """For whom, or in whose name; as private as the note."""
    invite: int = 0
    """Number of the gift whose donor invited to this one; 0: none."""
    attribution: Attribution = NOWHERE
    """What it is counted for beside its project; whether there is such a team is not asked here."""


Donor = UUID | NewDonor | None
"""Under whose key a private record is sealed; None: the vault's own, for orders of nobody known."""


def place_order(wish: Wish, *, donor: Donor = None) -> int:
    """Append an order and return its number: yyyymmdd and ten digits.

    Its private record is sealed under the key of `donor` (people/donor_keys.py). Durable when it
    returns. Raises OrderRefusedError for an impossible amount, code, note or name, or a donor who
    was erased; NoRoomError where a hard target leaves less. Writes: jusha_opening, jusha_donorkey,
    jusha_attribution, jusha_reservation, jusha_targetroom, the inbox.
    """
    return place_orders([wish], donors=[donor])[0]


def place_orders(
    wishes: Sequence[Wish], *, donors: Sequence[Donor] = (), until: datetime | None = None
) -> list[int]:
    """Append orders as one row, all or none; their numbers, in the order of the wishes.

    At most ENVELOPES_MAX; `donors` as many, or none. Room under a hard target is held until
    `until`, else for as long as an order can be paid and told. Raises OrderRefusedError and
    NoRoomError as `place_order`, then nothing is written.
    """
    checked, whose = [check(wish) for wish in wishes], donors or [None] * len(wishes)
    with transaction.atomic():
        try:
            keys, minted = keys_for_orders(set(whose))
        except KeyErasedError as error:
            raise OrderRefusedError("the donor was erased") from error
        ids = [each.id if isinstance(each, NewDonor) else each for each in whose]
        made = [_made(wish, donor, keys[donor]) for wish, donor in zip(checked, ids, strict=True)]
        pairs = list(zip(made, checked, strict=True))
        hold = [Asked(wish.project, order.amount, order.no) for (order, _), wish in pairs]
        reserve(hold, until=until or datetime.now(UTC) + timedelta(seconds=HOLD_SECONDS))
        keep_openings([opening for _, opening in made], wrapped(minted))
        keep([(order.no, wish.attribution) for (order, _), wish in pairs])
        append(django_connection(), lane="web", envelopes=[order for order, _ in made])
        remember_after_commit(minted)
    return [order.no for order, _ in made]


def check(wish: Wish) -> Wish:
    """Return the wish with its texts as they are kept. Raises OrderRefusedError."""
    if not 0 < wish.amount_fen <= AMOUNT_MAX or not CODE.fullmatch(wish.project):
        raise OrderRefusedError(f"{wish.amount_fen} {wish.project}")
    if wish.campaign and not CODE.fullmatch(wish.campaign):
        raise OrderRefusedError(wish.campaign)
    if not is_sound(wish.attribution):
        raise OrderRefusedError("an attribution of no shape")
    return wish._replace(
        shown_name=_text(wish.shown_name, NAME_MAX),
        note=_text(wish.note, NOTE_MAX),
        dedication=_text(wish.dedication, DEDICATION_MAX),
    )


def _made(wish: Wish, donor: UUID | None, key: bytes) -> tuple[Order, SealedRecord]:
    """The order and its sealed record."""
    private = {"name": wish.shown_name, "note": wish.note, "for": wish.dedication}
    no = int(f"{datetime.now(UTC):%Y%m%d}") * ORDER_RANDOM + secrets.randbelow(ORDER_RANDOM)
    record: dict[str, Any] = {"order": str(no)} | {k: v for k, v in private.items() if v}
    r = secrets.token_bytes(R_BYTES)
    sealed = seal(key, msgspec.msgpack.encode((record, r)), str(no).encode())
    order = Order(
        no=no,
        project=wish.project,
        campaign=wish.campaign,
        asset="CNY",
        amount=wish.amount_fen,
        commitment=commit(private=record, r=r),
        invite=wish.invite,
    )
    return order, SealedRecord(no, donor, sealed)


def read_opening(order_no: int) -> tuple[dict[str, Any], bytes] | None:
    """Open an order's private record and its r; None if there is none or it was erased."""
    return read_openings([order_no]).get(order_no)


def read_openings(orders: Collection[int]) -> dict[int, tuple[dict[str, Any], bytes]]:
    """Open orders' private records and their r, by order; what was erased is left out.

    Raises SealBrokenError. Reads: jusha_opening, jusha_donorkey.
    """
    found = {}
    for each in Opening.objects.filter(order_no__in=orders):
        plain = unseal_for(each.donor, bytes(each.sealed), str(each.order_no).encode())
        if plain is not None:
            record, r = msgspec.msgpack.decode(plain)
            found[each.order_no] = record, r
    return found


def _text(text: str, most: int) -> str:
    """Normalise to NFC without control characters; refuse what is too long."""
    plain = unicodedata.normalize("NFC", text).strip()
    if len(plain) > most or any(unicodedata.category(char)[0] == "C" for char in plain):
        raise OrderRefusedError(f"{len(plain)} characters")
    return plain

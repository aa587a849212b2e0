"""A donor's two keys: one for what was written, one for whom receipts are for.

A donor is an account or, for a guest, one browser. Rows are sealed under their donor's key, so that
erasing a key makes every copy of them unreadable, also those that nobody remembers. Rows from
before donors had keys name no donor and open with the vault's own.
"""

import secrets
import time
from collections.abc import Collection, Mapping
from functools import partial
from typing import Final, Literal, NamedTuple
from uuid import UUID, uuid4

from django.conf import settings
from django.db import transaction

from jusha.people.models import DonorKey, Opening
from jusha.people.queries import WrappedKey, add_receipts_key, make_keys
from jusha.people.vault import SECRET_BYTES, load, seal, unseal

Use = Literal["words", "receipts"]
VAULT: Final = "vault"
CACHED_SECONDS: Final = 5.0
"""How long an opened key is remembered in this process; as long it may outlive its erasing."""
CACHED_MAX: Final = 20_000


class KeyErasedError(Exception):
    """The donor's key was erased, or never was here: nothing sealed under it opens again."""


class Keys(NamedTuple):
    """A donor's key for words, opened, and the one for receipts as it is stored.

    None: it is gone, or, for receipts, was never needed. An erased donor's seal nothing more.
    """

    words: bytes | None
    receipts: bytes | None = None
    erased: bool = False


class NewDonor(NamedTuple):
    """A donor that begins with this request: nobody else can have its id."""

    id: UUID


_cache: dict[UUID, tuple[float, Keys]] = {}


def seal_for(donor: UUID | None, plain: bytes, about: bytes, *, use: Use = "words") -> bytes:
    """Seal under a donor's key, made where it is missing; under the vault's own for None.

    Raises KeyErasedError. Reads, writes: jusha_donorkey.
    """
    key = sealing_keys([donor])[donor]
    if donor is not None and use == "receipts":
        key = _receipts_key(donor)
    return seal(key, plain, about)


def unseal_for(
    donor: UUID | None, sealed: bytes, about: bytes, *, use: Use = "words"
) -> bytes | None:
    """Open what `seal_for` made; None where the donor's key was erased.

    Raises SealBrokenError. Reads: jusha_donorkey.
    """
    if donor is None:
        return unseal(load(settings.HOME, VAULT), sealed, about)
    found = _opened([donor]).get(donor)
    if found is None:
        return None
    if use == "receipts" and not found.receipts:
        # Remembered from before its key for receipts was made, here or in another process.
        _cache.pop(donor, None)
        found = _opened([donor]).get(donor, found)
    key = found.words
    if use == "receipts":
        key = _unwrapped(donor, found.receipts, use) if found.receipts else None
    return unseal(key, sealed, about) if key else None


def sealing_keys(donors: Collection[UUID | None]) -> dict[UUID | None, bytes]:
    """The key for words of each donor, made where it is missing, and the vault's own for None.

    In the caller's transaction. Raises KeyErasedError. Reads, writes: jusha_donorkey.
    """
    wanted = {donor for donor in donors if donor is not None}
    known = _opened(wanted)
    if missing := wanted - known.keys():
        known |= _made(missing)
    found: dict[UUID | None, bytes] = {}
    for donor, keys in known.items():
        if keys.erased or keys.words is None:
            raise KeyErasedError(str(donor))
        found[donor] = keys.words
    if None in donors:
        found[None] = load(settings.HOME, VAULT)
    return found


def new_donor() -> NewDonor:
    """A donor for a browser that is none yet; its key is stored with its first order."""
    return NewDonor(uuid4())


def keys_for_orders(
    donors: Collection[UUID | NewDonor | None],
) -> tuple[dict[UUID | None, bytes], dict[UUID, bytes]]:
    """The key for words of each donor; and the fresh ones that are to be stored with the orders.

    In the caller's transaction. Raises KeyErasedError. Reads, writes: jusha_donorkey.
    """
    minted = {
        each.id: secrets.token_bytes(SECRET_BYTES) for each in donors if isinstance(each, NewDonor)
    }
    others = {each for each in donors if not isinstance(each, NewDonor)}
    return sealing_keys(others) | minted, minted


def is_erased(donor: UUID) -> bool:
    """Whether a donor was erased; one that is not known yet was not. Reads: jusha_donorkey."""
    known = _opened([donor]).get(donor)
    return known is not None and known.erased


def donor_of_order(order_no: int) -> UUID | None:
    """The donor whose key belongs to an order; None where the vault's own does.

    Reads: jusha_opening, jusha_donorkey.
    """
    found = Opening.objects.filter(order_no=order_no).values_list("donor", flat=True).first()
    return None if found is None or is_erased(found) else found


def donor_of_account(account: UUID, *, make: bool = True) -> UUID | None:
    """The donor that an account is; made where it is missing, else None.

    Reads, writes: jusha_donorkey.
    """
    found = DonorKey.objects.filter(account=account).values_list("id", flat=True).first()
    if found is not None or not make:
        return found
    with transaction.atomic():
        _made([uuid4()], account=account)
    return DonorKey.objects.values_list("id", flat=True).get(account=account)


def forget_cached() -> None:
    """Forget every opened key of this process."""
    _cache.clear()


def remember_after_commit(keys: Mapping[UUID, bytes]) -> None:
    """Remember keys once their rows are durable: a key that is rolled back must seal nothing."""
    for donor, key in keys.items():
        transaction.on_commit(partial(_remember, donor, Keys(key)))


def wrapped(keys: Mapping[UUID, bytes]) -> list[WrappedKey]:
    """Keys for words as they are stored."""
    if not keys:
        return []
    vault = load(settings.HOME, VAULT)
    return [
        WrappedKey(donor, seal(vault, key, _about(donor, "words"))) for donor, key in keys.items()
    ]


def _opened(donors: Collection[UUID]) -> dict[UUID, Keys]:
    """Keys of the donors that have a row, from this process's memory or the table."""
    now = time.monotonic()
    found = {}
    for donor in donors:
        if (held := _cache.get(donor)) and now - held[0] < CACHED_SECONDS:
            found[donor] = held[1]
    if missing := [donor for donor in donors if donor not in found]:
        vault = load(settings.HOME, VAULT)
        rows = DonorKey.objects.filter(id__in=missing)
        columns = rows.values_list("id", "words", "receipts", "erased_at")
        for donor, words, receipts, erased_at in columns:
            found[donor] = Keys(
                unseal(vault, bytes(words), _about(donor, "words")) if words else None,
                bytes(receipts) if receipts else None,
                erased=erased_at is not None,
            )
            _remember(donor, found[donor])
    return found


def _made(donors: Collection[UUID], *, account: UUID | None = None) -> dict[UUID, Keys]:
    """Keys for donors without a row; what another process made first holds."""
    keys = {donor: secrets.token_bytes(SECRET_BYTES) for donor in donors}
    if make_keys(wrapped(keys), account=account) < len(keys):
        return _opened(donors)
    remember_after_commit(keys)
    return {donor: Keys(key) for donor, key in keys.items()}


def _receipts_key(donor: UUID) -> bytes:
    """The donor's key for receipts, made with the first; its row is there. Never from memory."""
    fresh = secrets.token_bytes(SECRET_BYTES)
    vault = load(settings.HOME, VAULT)
    held = add_receipts_key(donor, seal(vault, fresh, _about(donor, "receipts")))
    if held is None:
        raise KeyErasedError(str(donor))
    _cache.pop(donor, None)
    return _unwrapped(donor, held, "receipts")


def _remember(donor: UUID, keys: Keys) -> None:
    if len(_cache) >= CACHED_MAX:
        _cache.clear()
    _cache[donor] = time.monotonic(), keys


def _about(donor: UUID, use: Use) -> bytes:
    return f"donor {donor} {use}".encode()


def _unwrapped(donor: UUID, held: bytes, use: Use) -> bytes:
    return unseal(load(settings.HOME, VAULT), held, _about(donor, use))

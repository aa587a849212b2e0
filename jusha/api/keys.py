"""Keys of partner apps: made once by two persons, known again by their hash, revoked by anyone."""

import hashlib
import hmac
import re
import secrets
from collections.abc import Collection
from datetime import datetime
from typing import Final, NamedTuple

from jusha.api.models import ApiKey
from jusha.api.rules import SCOPES
from jusha.charities import queries as charities

PREFIX: Final = "jsk"
PUBLIC_BYTES: Final = 6
SECRET_BYTES: Final = 32
NAME_MAX: Final = 80
SHAPE: Final = re.compile(r"jsk_([0-9a-f]{12})_([A-Za-z0-9_-]{43})", re.ASCII)


class KeyRefusedError(Exception):
    """A key was not made or not revoked; the text says why."""


class Made(NamedTuple):
    """A new key: its row, and the whole of it, which nobody sees again."""

    row: ApiKey
    whole: str


def make_key(
    *, name: str, charity_codes: Collection[str], scopes: Collection[str], by: str, second: str
) -> Made:
    """Make a key for a partner app. Raises KeyRefusedError.

    Only the owner of the database may. Reads: jusha_charity. Writes: jusha_apikey.
    """
    if not by or not second or by == second:
        raise KeyRefusedError("two different persons make a key")
    if not name or len(name) > NAME_MAX:
        raise KeyRefusedError(f"a name has 1 to {NAME_MAX} characters")
    if unknown := sorted(set(scopes) - set(SCOPES)):
        raise KeyRefusedError(f"there is no scope {unknown[0]}; there are {', '.join(SCOPES)}")
    if not scopes or not charity_codes:
        raise KeyRefusedError("a key is for one charity and one scope at least")
    if unknown := sorted(set(charity_codes) - set(charities.named(charity_codes))):
        raise KeyRefusedError(f"there is no charity {unknown[0]}")
    public, secret = secrets.token_hex(PUBLIC_BYTES), secrets.token_urlsafe(SECRET_BYTES)
    row = ApiKey.objects.create(
        public=public,
        digest=_digest(secret),
        name=name,
        charities=sorted(set(charity_codes)),
        scopes=sorted(set(scopes)),
        set_by=by,
        second=second,
    )
    return Made(row, f"{PREFIX}_{public}_{secret}")


def find_key(whole: str) -> ApiKey | None:
    """The key that this text is; None if there is none, or it was revoked. Reads: jusha_apikey."""
    shape = SHAPE.fullmatch(whole)
    if shape is None:
        return None
    found = ApiKey.objects.filter(public=shape[1], revoked_at=None).first()
    if found is None or not hmac.compare_digest(bytes(found.digest), _digest(shape[2])):
        return None
    return found


def revoke_key(*, public: str, by: str, now: datetime) -> None:
    """Let a key hold no longer. One person may: it only takes. Raises KeyRefusedError.

    Writes: jusha_apikey.
    """
    if not by:
        raise KeyRefusedError("say who revokes it")
    found = ApiKey.objects.filter(public=public, revoked_at=None)
    if not found.update(revoked_at=now, revoked_by=by):
        raise KeyRefusedError(f"there is no key {public} that holds")


def _digest(secret: str) -> bytes:
    """A hash without a salt is enough for 256 random bits."""
    return hashlib.sha256(secret.encode()).digest()

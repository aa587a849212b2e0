"""Channel secrets: made here, shown once, sealed in the database, read by the door."""

import secrets
from typing import Final

from django.conf import settings

from jusha.payments.models import ChannelSecret
from jusha.people.vault import load, seal

SECRET_BYTES: Final = 32


def set_secret(code: str, *, secret: bytes | None = None) -> bytes:
    """Give a channel a new signing secret and return it; the old one stops within a second.

    Writes: jusha_channelsecret.
    """
    fresh = secret or secrets.token_bytes(SECRET_BYTES)
    sealed = seal(load(settings.HOME, "channels"), fresh, code.encode())
    ChannelSecret.objects.update_or_create(
        code=code, defaults={"sealed": sealed, "revoked_at": None}
    )
    return fresh

"""A POST with an Idempotency-Key is done once, however often it comes (IETF draft, version 7).

Key, effect and answer are one transaction: a crash leaves all of it or nothing. Who comes while
the first is at work is told so and does not wait.
"""

import hmac
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from django.conf import settings
from django.db import transaction

from jusha.api.models import ApiAnswer, ApiKey
from jusha.api.problems import IN_FLIGHT, KEY_REUSED, RefusedError
from jusha.api.queries import try_lock
from jusha.people.vault import load, seal, unseal

KEPT_SECONDS: Final = 86_400
"""How long a repeat gets the first one's answer; later the key is free."""


class Kept(NamedTuple):
    """An answer that is kept: its status and body."""

    status: int
    body: bytes
    repeated: bool = False


def once(key: ApiKey, name: str, *, asked: bytes, now: datetime, work: Callable[[], Kept]) -> Kept:
    """Do `work` and keep its answer, or return what the first request with this key was answered.

    `asked`: method, path and body as they came. What `work` raises undoes it and keeps nothing.
    Raises RefusedError for a key at work, or of another request. Writes: jusha_apianswer.
    """
    secret = load(settings.HOME, "api")
    digest = hmac.digest(secret, asked, "sha256")  # keyed: a body may hold a donor's name
    about = f"{key.pk} {name}".encode()
    with transaction.atomic():
        if not try_lock(about):
            raise RefusedError(IN_FLIGHT, headers={"Retry-After": "1"})
        found = ApiAnswer.objects.filter(key=key.pk, name=name).first()
        if found is not None and found.created_at > now - timedelta(seconds=KEPT_SECONDS):
            if bytes(found.digest) != digest:
                raise RefusedError(KEY_REUSED)
            body = unseal(secret, bytes(found.sealed), about)
            return Kept(found.status, body, repeated=True)
        if found is not None:
            found.delete()
        done = work()
        ApiAnswer.objects.create(
            key=key.pk,
            name=name,
            digest=digest,
            status=done.status,
            sealed=seal(secret, done.body, about),
        )
        return done


def sweep(now: datetime) -> int:
    """Forget answers that are older than KEPT_SECONDS; return how many. Writes: jusha_apianswer."""
    old = ApiAnswer.objects.filter(created_at__lt=now - timedelta(seconds=KEPT_SECONDS))
    return old.delete()[0]

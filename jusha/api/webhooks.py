"""Webhooks by key: ask to be told at an address, see how it fares, change its secret, end it."""

import secrets
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from django.conf import settings

from jusha.api import queries
from jusha.api.asked import ApiRequest, HookPath, key_of
from jusha.api.guard import AddressRefusedError, Terms, check_url
from jusha.api.models import Hook, HookEvent
from jusha.api.problems import ADDRESS_REFUSED, NOT_FOUND, TOO_MANY, RefusedError
from jusha.api.rules import DEAD, ON, WAITING
from jusha.api.shapes import HookAsk
from jusha.api.signing import new_secret, secret_text
from jusha.people.vault import load, seal
from jusha.tlog import queries as tlog

PUBLIC_BYTES: Final = 8
HOOKS_MAX: Final = 10
"""Webhooks of one key."""
DEAD_SHOWN: Final = 20
BEFORE_SECONDS: Final = 86_400
"""How long the old secret signs beside the new one."""


def terms() -> Terms:
    """Which addresses this installation may call."""
    return Terms(settings.JUSHA_SIMULATOR, settings.JUSHA_WEBHOOK_HOSTS)


def create_webhook(request: ApiRequest, hook: HookAsk) -> dict[str, Any]:
    """Ask to be told at an address, from the next published entry on. The secret is shown once."""
    key = key_of(request)
    if len(queries.webhooks_of(key.pk)) >= HOOKS_MAX:
        raise RefusedError(TOO_MANY)
    try:
        check_url(hook.url, terms())
    except AddressRefusedError as error:
        raise RefusedError(ADDRESS_REFUSED, str(error)) from error
    public, secret = f"wh_{secrets.token_hex(PUBLIC_BYTES)}", new_secret()
    newest = tlog.checkpoint()
    made = Hook.objects.create(
        public=public,
        key=key.pk,
        url=hook.url,
        kinds=sorted(set(hook.kinds)),
        sealed=sealed(public, secret),
        next_entry=newest.size if newest else 0,
    )
    return {"id": made.public, "secret": secret_text(secret), "before_until": None}


def list_webhooks(request: ApiRequest) -> dict[str, Any]:
    """List the webhooks of this key, oldest first."""
    found = queries.webhooks_of(key_of(request).pk)
    waits = queries.waiting([each.pk for each in found])
    return {"items": [_hook(each, waits.get(each.pk, 0)) for each in found]}


def read_webhook(request: ApiRequest, webhook: HookPath) -> dict[str, Any]:
    """Read how a webhook fares: what waits, what failed last, what was set aside."""
    found = _own(request, webhook)
    left = queries.backlog(found.pk, shown=DEAD_SHOWN)
    return _hook(found, left.waiting) | {
        "dead": [
            {
                "kind": each.kind,
                "number": each.number,
                "told": each.told,
                "created_at": each.created_at,
            }
            for each in left.dead
        ]
    }


def delete_webhook(request: ApiRequest, webhook: HookPath) -> None:
    """End a webhook, and all that waits for it."""
    found = _own(request, webhook)
    HookEvent.objects.filter(hook=found.pk).delete()
    found.delete()


def resume_webhook(request: ApiRequest, webhook: HookPath) -> dict[str, Any]:
    """Switch a webhook on again: what waits and what was set aside is sent, oldest first."""
    found = _own(request, webhook)
    HookEvent.objects.filter(hook=found.pk, state=DEAD).update(state=WAITING, told="")
    found.state, found.told, found.tries = ON, "", 0
    found.failing_since, found.next_at = None, datetime.now(UTC)
    found.save(update_fields=["state", "told", "tries", "failing_since", "next_at"])
    return _hook(found, queries.backlog(found.pk, shown=0).waiting)


def rotate_secret(request: ApiRequest, webhook: HookPath) -> dict[str, Any]:
    """Change the secret; for a day both sign, so that a receiver misses nothing."""
    found = _own(request, webhook)
    secret = new_secret()
    found.sealed_before, found.sealed = bytes(found.sealed), sealed(found.public, secret)
    found.before_until = datetime.now(UTC) + timedelta(seconds=BEFORE_SECONDS)
    found.save(update_fields=["sealed", "sealed_before", "before_until"])
    return {
        "id": found.public,
        "secret": secret_text(secret),
        "before_until": found.before_until,
    }


def sealed(public: str, secret: bytes) -> bytes:
    """A secret as it stands in the table."""
    return seal(load(settings.HOME, "api"), secret, public.encode())


def _own(request: ApiRequest, public: str) -> Hook:
    found = queries.webhook(public, key_of(request).pk)
    if found is None:
        raise RefusedError(NOT_FOUND)
    return found


def _hook(found: Hook, waits: int) -> dict[str, Any]:
    return {
        "id": found.public,
        "url": found.url,
        "kinds": found.kinds,
        "state": found.state,
        "told": found.told,
        "failing_since": found.failing_since,
        "waiting": waits,
        "created_at": found.created_at,
    }

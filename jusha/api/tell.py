"""The teller of webhooks: what was published becomes events, and the oldest of each is sent.

The log is the outbox: each webhook has a cursor in it, so nothing is lost while this process stands
still. Events are told at least once, and to one webhook in the order of numbers. Threads do the
calls and touch no database; one process at a time does the rest.
"""

import hashlib
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final, NamedTuple

import msgspec
import structlog
from django.conf import settings
from django.db import transaction

from jusha.api import queries
from jusha.api.guard import Resolve, Terms, resolve
from jusha.api.models import ApiKey, Hook, HookEvent
from jusha.api.queries import Concern
from jusha.api.rules import CHECKPOINT, DEAD, OFF, ON, Event, Scope, events_of, judge
from jusha.api.send import Answer, call
from jusha.api.signing import headers
from jusha.api.webhooks import terms
from jusha.payments.flights import Flights
from jusha.people.vault import load, unseal
from jusha.tlog import queries as tlog

ENTRIES_MOST: Final = 2_000
"""Entries that are read for a cursor in one round."""
WAITING_MOST: Final = 1_000
"""With so many events waiting, a webhook's cursor stands."""
CHECKPOINT_SECONDS: Final = 60
ID_CHARACTERS: Final = 24

log = structlog.get_logger("hooks")


class Sent(NamedTuple):
    """What a thread brings back."""

    event: int
    answer: Answer


class Hooks:
    """Works off all webhooks; one process at a time does this."""

    def __init__(self, *, allowed: Terms | None = None, resolving: Resolve = resolve) -> None:
        """Call what these terms allow, by default the installation's."""
        self._terms = terms() if allowed is None else allowed
        self._resolving = resolving
        self.flights: Flights[int, Sent] = Flights("hooks")

    def round(self, now: datetime) -> int:
        """Keep what was answered, tell what is new, send what is due; how many things were done.

        Reads: tlog_entries, giving_deed, jusha_apikey, jusha_apiorder and the log's files.
        Writes: jusha_hook, jusha_hookevent.
        """
        done = 0
        for hook, sent in self.flights.landed():
            self._land(hook, sent, now)
            done += 1
        return done + tell(now) + self._send(now)

    def _send(self, now: datetime) -> int:
        due = queries.oldest_due(now, without=self.flights.keys, most=self.flights.room)
        hooks = Hook.objects.in_bulk([event.hook for event in due])
        for event in due:
            if event.hook in hooks:
                self._begin(hooks[event.hook], event, now)
        return len(due)

    def _begin(self, hook: Hook, event: HookEvent, now: datetime) -> None:
        body = bytes(event.body)
        signed = headers(
            body,
            message=message_id(hook, event),
            at_seconds=int(now.timestamp()),
            secrets_held=held_secrets(hook, now),
        )
        self.flights.begin(
            hook.pk, _call, event.pk, hook.url, body, signed, self._terms, self._resolving
        )

    def _land(self, hook_id: int, sent: Sent, now: datetime) -> None:
        """Keep what came of a call. A webhook or event that is gone by now is left alone."""
        with transaction.atomic():
            hook = Hook.objects.select_for_update().filter(pk=hook_id, state=ON).first()
            if hook is None:
                return
            since = hook.failing_since or now
            found = judge(
                status=sent.answer.status,
                told=sent.answer.told,
                tries=hook.tries,
                failing_seconds=int((now - since).total_seconds()),
            )
            event = HookEvent.objects.filter(pk=sent.event)
            if found.arrived:
                event.delete()
            elif found.dead:
                event.update(state=DEAD, told=found.told)
            hook.failing_since = None if found.arrived else since
            hook.tries = 0 if found.arrived or found.dead else hook.tries + 1
            hook.next_at = now + timedelta(seconds=found.pause_seconds)
            hook.told, hook.state = found.told, OFF if found.off else ON
            hook.save(update_fields=["failing_since", "tries", "next_at", "told", "state"])
        if not found.arrived:
            log.warning("hook_failed", hook=hook.public, why=found.told, off=found.off)


def tell(now: datetime) -> int:
    """Make events of what was published since each webhook's cursor; how many webhooks moved.

    Writes: jusha_hook, jusha_hookevent.
    """
    newest = tlog.checkpoint()
    if newest is None:
        return 0
    _close_revoked()
    behind = list(Hook.objects.filter(state=ON, next_entry__lt=newest.size).order_by("id"))
    waits = queries.waiting([each.pk for each in behind])
    groups: dict[int, list[Hook]] = defaultdict(list)
    for hook in behind:
        if waits.get(hook.pk, 0) < WAITING_MOST:
            groups[hook.next_entry].append(hook)
    keys = ApiKey.objects.in_bulk({hook.key for hook in behind})
    moved = 0
    for first, hooks in groups.items():
        raw = queries.entries_from(first, until=newest.size, most=ENTRIES_MOST)
        if not raw:  # the database is older than what was published: it will catch up
            continue
        events = [event for each in raw for event in events_of(msgspec.json.decode(each))]
        about = queries.concerns({event.gift for event in events})
        upto = first + len(raw)
        with transaction.atomic():
            for hook in hooks:
                whole = newest if upto == newest.size else None
                _advance(hook, keys[hook.key], events, about, upto=upto, newest=whole, now=now)
        moved += len(hooks)
    return moved


def _advance(
    hook: Hook,
    key: ApiKey,
    events: Sequence[Event],
    about: Mapping[int, Concern],
    *,
    upto: int,
    newest: tlog.PublishedCheckpoint | None,
    now: datetime,
) -> None:
    """Give a webhook its events and move its cursor; the caller's transaction holds both."""
    rows = [
        _row(hook, event, _data(event, key, about.get(event.gift)), now)
        for event in events
        if event.kind in hook.kinds and _may_know(key, about.get(event.gift))
    ]
    last = hook.checkpoint_at
    is_time = last is None or now - last >= timedelta(seconds=CHECKPOINT_SECONDS)
    if newest is not None and CHECKPOINT in hook.kinds and is_time:
        told = {"size": newest.size, "root_hash": newest.checkpoint.root_hash.hex()}
        rows.append(_row(hook, Event(CHECKPOINT, newest.size, 0, -1, told), told, now))
        hook.checkpoint_at = now
    HookEvent.objects.bulk_create(rows, ignore_conflicts=True)
    Hook.objects.filter(pk=hook.pk).update(next_entry=upto, checkpoint_at=hook.checkpoint_at)


def _may_know(key: ApiKey, about: Concern | None) -> bool:
    """A key knows of its own orders, and of its charities' gifts if it has the scope."""
    if about is None:
        return False
    return about.key == key.pk or (Scope.CHARITY in key.scopes and about.charity in key.charities)


def _data(event: Event, key: ApiKey, about: Concern | None) -> dict[str, Any]:
    """What is told: the entry, the gift, the order if it is the key's own, and the rest."""
    own = about is not None and about.key == key.pk
    order = str(about.order_no) if about is not None and own else None
    return {"number": event.number, "gift": event.gift, "order": order} | event.data


def _row(hook: Hook, event: Event, data: dict[str, Any], now: datetime) -> HookEvent:
    stamp = now.astimezone(UTC).replace(microsecond=0)
    told = {"type": event.kind, "timestamp": stamp, "data": data}
    return HookEvent(
        hook=hook.pk,
        number=event.number,
        place=event.place,
        kind=event.kind,
        body=msgspec.json.encode(told),
    )


def message_id(hook: Hook, event: HookEvent) -> str:
    """The same for every repeat of an event, and for no other."""
    named = f"{hook.public} {event.kind} {event.number} {event.place}"
    return f"evt_{hashlib.sha256(named.encode()).hexdigest()[:ID_CHARACTERS]}"


def held_secrets(hook: Hook, now: datetime) -> list[bytes]:
    """The secrets that sign now: the newest, and the one before it as long as it holds."""
    key, about = load(settings.HOME, "api"), hook.public.encode()
    found = [unseal(key, bytes(hook.sealed), about)]
    if hook.before_until is not None and hook.before_until > now:
        found.append(unseal(key, bytes(hook.sealed_before), about))
    return found


def _close_revoked() -> None:
    """Who has no key any more is told nothing more."""
    gone = ApiKey.objects.filter(revoked_at__isnull=False).values("id")
    Hook.objects.filter(state=ON, key__in=gone).update(state=OFF, told="key-revoked")


def _call(
    event: int,
    url: str,
    body: bytes,
    signed: Mapping[str, str],
    allowed: Terms,
    resolving: Resolve,
) -> Sent:
    return Sent(event, call(url, body, signed, allowed, resolving=resolving))

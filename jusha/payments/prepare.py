"""Prepared gifts (预备捐): chosen before, ordered ahead with jitter, paid at the opening minute.

docs/design/0015-prepared-gifts.md says why. A plan is known by its token alone.
"""

import secrets
from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from typing import Final, NamedTuple
from uuid import UUID

import msgspec
import structlog
from django.db import transaction
from django.utils.timezone import localdate

from jusha.inbox.connect import django_connection
from jusha.payments.attempt import show_on
from jusha.payments.attempt_rules import HOLD_SECONDS, OPEN_SECONDS
from jusha.payments.attribution import Attribution
from jusha.payments.models import Prepared
from jusha.payments.order import Donor, OrderRefusedError, Wish, check, place_orders
from jusha.payments.rails.seam import Way
from jusha.people.donor_keys import KeyErasedError, NewDonor, seal_for, unseal_for
from jusha.projects.raising import hindrances, raising_of
from jusha.projects.reserve import NoRoomError

DRAW: Final = secrets.SystemRandom().uniform
AHEAD_MIN_SECONDS: Final = 60
AHEAD_MAX_SECONDS: Final = 1_800
LAST_SECONDS: Final = 180
"""Nearer to the opening than this, giving directly is as quick."""
PLAN_MAX: Final = 10
AT_ONCE_MAX: Final = 2_000
TOKEN_BYTES: Final = 16
ASKED_AT_THE_TAP: Final = frozenset({"h5", "jsapi"})
"""WeChat Pay wants the payer's address or openid of that moment: shown when it is opened."""

log = structlog.get_logger("jobs")


class TooLateError(Exception):
    """活动马上开始或已经开始：请直接捐。"""  # noqa: D400 - Chinese full stop


class Means(NamedTuple):
    """How the donor will pay, and where the browser comes back to (an origin with a slash)."""

    rail: str
    way: Way
    origin: str


def prepare(
    wishes: Sequence[Wish],
    means: Means,
    *,
    opens_at: datetime,
    now: datetime,
    donor: Donor = None,
    draw: Callable[[float, float], float] = DRAW,
) -> str:
    """Keep a plan of 1 to PLAN_MAX gifts to one campaign and return its token.

    `opens_at` is the campaign's; sealed under the key of `donor`. Raises TooLateError,
    OrderRefusedError. Writes: jusha_prepared, jusha_donorkey.
    """
    left = (opens_at - now).total_seconds()
    if left < LAST_SECONDS:
        raise TooLateError
    if not 0 < len(wishes) <= PLAN_MAX:
        raise OrderRefusedError(f"{len(wishes)} gifts")
    token = secrets.token_urlsafe(TOKEN_BYTES)
    whose = donor.id if isinstance(donor, NewDonor) else donor
    most = min(AHEAD_MAX_SECONDS, left - AHEAD_MIN_SECONDS)
    with transaction.atomic():
        Prepared.objects.bulk_create(
            Prepared(
                token=token,
                project=wish.project,
                campaign=wish.campaign,
                amount=wish.amount_fen,
                rail=means.rail,
                way=means.way,
                origin=means.origin,
                donor=whose,
                sealed=_sealed(wish, whose, token),
                opens_at=opens_at,
                order_at=opens_at - timedelta(seconds=draw(AHEAD_MIN_SECONDS, most)),
            )
            for wish in map(check, wishes)
        )
    return token


def cancel(token: str) -> int:
    """Forget what of a plan is not ordered yet; return how many gifts that was.

    What is ordered already is never paid by itself: it closes when its time is over.
    Writes: jusha_prepared.
    """
    return Prepared.objects.filter(token=token, order_no__isnull=True).delete()[0]


def order_due(now: datetime) -> int:
    """Make the orders that are due, as one row of the inbox, and ask their rails; how many.

    Safe to repeat: an order and the mark that it was made are one transaction. What a project may
    not take on the day of the opening is marked instead.
    Reads: as `raising`. Writes: jusha_prepared, jusha_attempt, and as `place_orders`.
    """
    with transaction.atomic():
        due = list(
            Prepared.objects.select_for_update(skip_locked=True)
            .filter(order_at__lte=now, order_no__isnull=True, told="")
            .order_by("order_at")[:AT_ONCE_MAX]
        )
        due = _raising(due, now)
        if not due:
            return 0
        due = _placed(due, now)
        for row in due:
            if row.order_no is None or row.way in ASKED_AT_THE_TAP:
                continue
            show_on(
                django_connection(),
                order_no=row.order_no,
                rail=row.rail,
                way=row.way,
                back=f"{row.origin}o/{row.order_no}",
                open_until=row.opens_at + timedelta(seconds=OPEN_SECONDS),
            )
        Prepared.objects.bulk_update(due, ["order_no"])
    log.info("prepared_ordered", count=len(due))
    return len(due)


def _placed(due: list[Prepared], now: datetime) -> list[Prepared]:
    """Place orders and give those that were placed; the first that a hard target has room for."""
    while due:
        until = max(row.opens_at for row in due) + timedelta(seconds=HOLD_SECONDS)
        wishes, donors = [_wish(row) for row in due], [row.donor for row in due]
        try:
            numbers = place_orders(wishes, donors=donors, until=until)
        except NoRoomError as error:
            due = _fitting(due, dict(error.left), now)
            continue
        for row, number in zip(due, numbers, strict=True):
            row.order_no = number
        break
    return due


def _fitting(due: list[Prepared], left: dict[str, int], now: datetime) -> list[Prepared]:
    """Those for which there is room in their projects, in their order; the others are told."""
    kept, out = [], []
    for row in due:
        if row.amount > left.get(row.project, row.amount):
            out.append(row.pk)
            continue
        if row.project in left:
            left[row.project] -= row.amount
        kept.append(row)
    _full(out, now)
    return kept


def _full(ids: list[int], now: datetime) -> None:
    """Ask again in a minute, as room may come back; tell those whose campaign opens before."""
    rows, again = Prepared.objects.filter(pk__in=ids), now + timedelta(seconds=AHEAD_MIN_SECONDS)
    rows.filter(opens_at__lte=again).update(told="full")
    rows.filter(opens_at__gt=again).update(order_at=again)


def _raising(due: list[Prepared], now: datetime) -> list[Prepared]:
    """Those whose project may take orders on the day of the opening; the others are told why."""
    days: dict[date, set[str]] = defaultdict(set)
    for row in due:
        days[localdate(row.opens_at)].add(row.project)
    open_on = {day: raising_of(codes, day) for day, codes in days.items()}
    kept = [row for row in due if row.project in open_on[localdate(row.opens_at)]]
    refused: dict[tuple[str, date], list[int]] = defaultdict(list)
    for row in due:
        day = localdate(row.opens_at)
        if row.project not in open_on[day]:
            refused[row.project, day].append(row.pk)
    for (project, day), ids in refused.items():
        why = hindrances(project, day)[0].code
        if why == "full":
            _full(ids, now)
        else:
            Prepared.objects.filter(pk__in=ids).update(told=why)
    return kept


def plans_of(donor: UUID) -> list[tuple[Prepared, Wish]]:
    """Plans of a donor, oldest first, with what they wrote. Reads: jusha_prepared."""
    rows = Prepared.objects.filter(donor=donor).order_by("id")
    return [(row, _wish(row)) for row in rows]


def _sealed(wish: Wish, donor: UUID | None, token: str) -> bytes:
    private = msgspec.msgpack.encode(
        (wish.note, wish.shown_name, wish.dedication, wish.attribution)
    )
    try:
        return seal_for(donor, private, token.encode())
    except KeyErasedError as error:
        raise OrderRefusedError("the donor was erased") from error


def _wish(row: Prepared) -> Wish:
    plain = unseal_for(row.donor, bytes(row.sealed), row.token.encode())
    assert plain is not None, "plans go before their donor's key"
    note, name, dedication, attribution = msgspec.msgpack.decode(plain)
    told = Attribution(*attribution)
    return Wish(row.project, row.campaign, row.amount, note, name, dedication, attribution=told)

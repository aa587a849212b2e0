"""Reserve room under hard targets before anybody pays: a project that stops, stops exactly.

Only projects whose plan says "stop at the target" have a row to take from; for all others one
statement finds nothing to do. docs/design/0041-hard-targets.md has the arithmetic.
"""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Final, NamedTuple

from jusha.inbox.connect import django_connection
from jusha.projects.target_models import Reservation, TargetRoom

RESERVE_SQL: Final = (Path(__file__).parent / "sql" / "reserve.sql").read_text("utf-8")


class NoRoomError(Exception):
    """项目快要筹满了，剩下的不够这一笔。款项没有扣。"""  # noqa: D400 - Chinese full stop

    def __init__(self, left: dict[str, int]) -> None:
        """`left`: fen of room by project that lacks it."""
        super().__init__(", ".join(f"{code}: {room}" for code, room in left.items()))
        self.left = left


class Asked(NamedTuple):
    """Room for one order, or for a partner where `order_no` is None; `amount` in fen > 0."""

    project: str
    amount: int
    order_no: int | None = None


def reserve(asked: Sequence[Asked], *, until: datetime, key: int | None = None) -> list[int]:
    """Hold room for all that is asked, or for nothing of it; one statement.

    Gives the numbers of the reservations; projects without a hard target need none. Within the
    caller's transaction. Raises NoRoomError. Reads and writes: jusha_targetroom, jusha_reservation.
    """
    told = {
        "projects": [each.project for each in asked],
        "amounts": [each.amount for each in asked],
        "orders": [each.order_no for each in asked],
        "key": key,
        "until": until,
    }
    found = django_connection().execute(RESERVE_SQL, told).fetchall()
    lacking = {code: room for code, room, _ in found if code is not None}
    if lacking:
        raise NoRoomError(lacking)
    return [number for _, _, number in found]


def give_back(reservation: int, *, key: int, now: datetime) -> bool:
    """End a partner's reservation early; False if it has none that runs.

    The room comes back once all is settled that came in before. Writes: jusha_reservation.
    """
    running = Reservation.objects.filter(pk=reservation, key=key, until__gt=now)
    return running.filter(ended_at__isnull=True).update(until=now) > 0


def held_by(reservation: int, *, key: int) -> bool:
    """Whether a reservation is, or was, this key's. Reads: jusha_reservation."""
    return Reservation.objects.filter(pk=reservation, key=key).exists()


def is_reserved(order_no: int) -> bool:
    """Whether an order holds, or held, room under a hard target. Reads: jusha_reservation."""
    return Reservation.objects.filter(order_no=order_no).exists()


def room_of(code: str) -> TargetRoom | None:
    """A project's room; None for one that has no hard target. Reads: jusha_targetroom."""
    return TargetRoom.objects.filter(pk=code).first()

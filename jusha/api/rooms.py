"""Room under a hard target by key: a platform that takes gifts itself asks for room first.

It takes gifts up to what it holds, asks for the next piece, and stops when there is none: a project
that stops at its target is not overshot, at any rate of gifts.
"""

from datetime import UTC, datetime, timedelta
from typing import Any, Final

from django.utils.timezone import localdate

from jusha.api.asked import ApiRequest, RoomPath, check_charity, key_of
from jusha.api.models import ApiKey
from jusha.api.problems import NO_ROOM, NOT_FOUND, NOT_OPEN, UNREADABLE, RefusedError, Wrong
from jusha.api.shapes import RoomAsk
from jusha.projects import queries as projects
from jusha.projects.raising import hindrances
from jusha.projects.reserve import Asked, NoRoomError, give_back, held_by, reserve, room_of

NOT_RAISING: Final = {
    "closed": "the project takes no gifts",
    "certificate-none": "the charity has no certificate to raise money",
    "certificate-not-yet": "the charity's certificate to raise money is not valid today",
    "certificate-expired": "the charity's certificate to raise money is not valid today",
    "filing-none": "the project's fundraising plan is not filed",
    "filing-not-yet": "the period in the project's filing has not begun",
    "filing-ended": "the period in the project's filing is over",
    "filing-unfiled": "the emergency project was not filed in time",
    "held": "the project is on hold",
    "overdue": "the project owes a public report",
    "full": "the project stops at its target and has no room",
}
"""By code of a hindrance (projects/rules.py): what a caller is told."""


def create_room(request: ApiRequest, room: RoomAsk) -> dict[str, Any]:
    """Hold a part of what a project may still take, for so many seconds."""
    key = key_of(request)
    _check_project(key, room.project)
    until = datetime.now(UTC) + timedelta(seconds=room.seconds)
    try:
        (number,) = reserve([Asked(room.project, room.amount)], until=until, key=key.pk)
    except NoRoomError as error:
        raise RefusedError(NO_ROOM, errors=[left_of(error, room.project)]) from error
    return {"id": number, "amount": room.amount, "until": until}


def end_room(request: ApiRequest, room: RoomPath) -> None:
    """Give back what of a held room was not given; at once, before its time is over."""
    key = key_of(request)
    if not give_back(int(room), key=key.pk, now=datetime.now(UTC)) and not held_by(
        int(room), key=key.pk
    ):
        raise RefusedError(NOT_FOUND)


def left_of(error: NoRoomError, project: str) -> Wrong:
    """How much room is left, as a field of a problem."""
    return Wrong("body/amount", f"the project has room for {error.left[project]} fen now")


def _check_project(key: ApiKey, code: str) -> None:
    found = projects.find(code)
    if found is None:
        raise RefusedError(UNREADABLE, errors=[Wrong("body/project", "there is no such project")])
    check_charity(key, found.charity.code)
    in_the_way = [each.code for each in hindrances(code, localdate()) if each.code != "full"]
    if in_the_way:
        raise RefusedError(NOT_OPEN, NOT_RAISING[in_the_way[0]])
    if room_of(code) is None:
        raise RefusedError(NOT_OPEN, "the project has no hard target: no room need be held")

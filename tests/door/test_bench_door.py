"""The door's benchmark sends what the door takes, and vouches only for what it has looked up."""

import os

import psycopg
import pytest

from benchmarks import bench_door
from benchmarks.bench_door import BenchFailedError, DoorSide, message, signed_requests
from benchmarks.workload import Workload
from jusha.door.messages import Keys
from jusha.door.signature import is_authentic
from jusha.inbox.envelopes import Envelope
from tests.cast import House

DEDUPE = b"d" * 32
KEYS = Keys(deed=DEDUPE, person=b"p" * 32)
GIFTS = list(Workload(gifts_total=5).gifts())


def read(number: int) -> Envelope:
    return KEYS.read_deed(bench_door.CHANNEL, message(GIFTS[number]))


def test_its_requests_are_signed_and_readable() -> None:
    for name, raw in signed_requests(iter(GIFTS)):
        head, _, body = raw.decode().partition("\r\n\r\n")
        headers = dict(line.split(": ", 1) for line in head.split("\r\n")[1:])
        assert headers["Content-Length"] == str(len(body))
        assert f'"id":"{name}"' in body
        assert is_authentic(
            bench_door.SECRET,
            headers["Jusha-Signature"],
            method="POST",
            path=bench_door.PATH,
            channel=headers["Jusha-Channel"],
            timestamp=headers["Jusha-Timestamp"],
            body=body.encode(),
        )
        KEYS.read_deed(bench_door.CHANNEL, body.encode())


@pytest.mark.parametrize(
    ("rows", "acknowledged", "unanswered", "wrong"),
    [
        ([[0, 1], [2]], [0, 1, 2], [], None),
        ([[0, 1], [2]], [0, 1], [2], None),
        ([[0, 1]], [0, 1], [2], None),
        ([[0, 1]], [0, 1, 2], [], "not in the inbox"),
        ([[0, 1], [1]], [0, 1], [], "more than once"),
        ([[0, 1], [2]], [0, 1], [], "never sent"),
    ],
)
def test_it_finds_what_is_lost_doubled_or_strange(
    house: House,
    owner: psycopg.Connection,
    rows: list[list[int]],
    acknowledged: list[int],
    unanswered: list[int],
    wrong: str | None,
) -> None:
    for row in rows:
        house.send(*(read(number) for number in row))
    door = DoorSide(port=0, pid=os.getpid(), watch=owner, gifts=iter(()))
    door.acknowledged = {GIFTS[number][0] for number in acknowledged}
    door.unanswered = {GIFTS[number][0] for number in unanswered}
    if wrong is None:
        assert door.verify(DEDUPE) == sum(map(len, rows))
    else:
        with pytest.raises(BenchFailedError, match=wrong):
            door.verify(DEDUPE)

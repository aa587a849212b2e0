"""The drills' generator and their arithmetic: a stall is charged to whom it held up."""

import threading
import time

import pytest

from benchmarks.workload import DAY_SECONDS
from jusha.management.drill import openloop
from jusha.management.drill.openloop import Gate, OpenLoop, Phase, Schedule, Sent
from jusha.management.drill.three_days import CURVE, Moment, days_workload, on_the_curve, tenths
from tests.benchmarks.test_load import BUSY, CLOSING, OK, Server, requests, serving

COUNT = 40
REFUSED = b"HTTP/1.1 400 Bad Request\r\ncontent-length: 2\r\n\r\nno"


def ok(_body: bytes, _times: int) -> list[bytes]:
    return [OK]


def run(
    server: Server, *, connections: int = 4, seconds: float = 0.05, patience: float = 30.0
) -> tuple[OpenLoop, Sent]:
    loop = OpenLoop(
        [request for _, request in requests(COUNT)],
        port=server.port,
        connections=connections,
        schedule=Schedule([Phase(COUNT, seconds)]),
    )
    begin = time.monotonic()
    return loop, loop.run(begin=begin, give_up=begin + patience)


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(openloop, "AGAIN_SECONDS", 0.01)


def test_every_request_is_sent_once_and_its_answer_is_timed() -> None:
    with serving(ok) as server:
        loop, sent = run(server)
    assert (sent.acknowledged, sent.refused, sent.left, sent.again) == (COUNT, 0, 0, 0)
    assert len(server.seen) == COUNT
    assert set(server.seen.values()) == {1}
    due = [place * 0.05 / COUNT for place in range(COUNT)]
    assert all(took > at for took, at in zip(loop.took, due, strict=True))


def test_a_stall_is_charged_to_every_request_that_was_due_meanwhile() -> None:
    stall = 0.3

    def answer(body: bytes, times: int) -> list[bytes]:
        if body == b"gift 0":
            threading.Event().wait(stall)
        return [OK]

    with serving(answer) as server:
        loop, sent = run(server, connections=1)
    assert min(loop.took) >= stall, "with one connection all wait behind the first"
    assert sent.waiting_max == COUNT


def test_a_busy_answer_and_a_lost_connection_are_sent_again() -> None:
    def answer(body: bytes, times: int) -> list[bytes]:
        if times == 1 and body == b"gift 3":
            return [BUSY]
        return [b""] if times == 1 and body == b"gift 5" else [OK]

    with serving(answer) as server:
        _, sent = run(server)
    assert (sent.acknowledged, sent.left, sent.again) == (COUNT, 0, 2)
    assert sent.statuses == {503: 1, 0: 1}
    assert server.seen[b"gift 3"] == server.seen[b"gift 5"] == 2


def test_a_refusal_for_good_is_not_sent_again() -> None:
    with serving(lambda body, _: [REFUSED] if body == b"gift 7" else [OK]) as server:
        loop, sent = run(server)
    assert (sent.acknowledged, sent.refused, sent.left, sent.again) == (COUNT - 1, 1, 0, 0)
    assert loop.took[7] == 0


def test_answers_of_other_lengths_and_in_pieces_are_read_and_closings_survived() -> None:
    def answer(body: bytes, times: int) -> list[bytes]:
        if body == b"gift 1":
            return [CLOSING]
        if body == b"gift 2":
            return [OK[:9], OK[9:30], OK[30:]]
        return [OK]

    with serving(answer) as server:
        _, sent = run(server, connections=1)
    assert (sent.acknowledged, sent.left) == (COUNT, 0)


def test_it_gives_up_in_the_end_and_says_how_many_are_left() -> None:
    with serving(lambda body, _: [] if body == b"gift 9" else [OK]) as server:
        _, sent = run(server, patience=1.0)
    assert (sent.acknowledged, sent.left) == (COUNT - 1, 1)


def test_the_curve_gives_three_days_in_order_with_the_known_shares() -> None:
    workload = days_workload(50_000)
    seconds = [gift[4] for gift in on_the_curve(workload)]
    assert seconds == sorted(seconds)
    assert seconds[0] >= 0
    assert seconds[-1] < 3 * DAY_SECONDS
    opening = CURVE[1][0]
    first_hour = sum(opening <= second < opening + 3_600 for second in seconds)
    assert first_hour / len(seconds) == pytest.approx(0.1508, abs=0.001)
    first_day = sum(second < DAY_SECONDS for second in seconds)
    assert first_day / len(seconds) == pytest.approx(0.424, abs=0.001)


def test_the_rate_of_each_tenth_is_read_between_the_looks() -> None:
    even = [Moment(at, 7 + 100 * at, 0) for at in range(11)]
    assert tenths(even, 1_000) == [100] * 10
    slower = [*even[:10], Moment(11.0, 1_007, 0)]
    assert tenths(slower, 1_000) == [*[100] * 9, 50]


def test_phases_follow_one_another_at_their_own_rates() -> None:
    told = Schedule([Phase(10, 1.0), Phase(30, 30.0)])
    assert told.seconds == 31.0
    assert [told.due(at) for at in (0.0, 0.95, 1.0, 1.5, 3.0, 31.0, 99.0)] == [
        1, 10, 11, 11, 13, 40, 40,
    ]  # fmt: skip
    assert [told.at(index) for index in (0, 5, 10, 12)] == [0.0, 0.5, 1.0, 3.0]


def test_nothing_passes_a_gate_that_was_not_allowed() -> None:
    gate = Gate(allowed=7)
    with serving(ok) as server:
        sending = [request for _, request in requests(COUNT)]
        loop = OpenLoop(
            sending,
            port=server.port,
            connections=4,
            schedule=Schedule([Phase(COUNT, 0.01)]),
            gate=gate,
        )
        threading.Timer(0.1, lambda: setattr(gate, "closed", True)).start()
        begin = time.monotonic()
        sent = loop.run(begin=begin, give_up=begin + 30.0)
    assert sent.acknowledged == 7
    assert len(server.seen) == 7

"""Retries by WeChat Pay's schedule, on a clock that is moved by hand."""

import time
from itertools import accumulate

from jusha_sandbox.wechat.notices import WAITS
from jusha_sandbox.wechat.store import virtual_now
from tests.sandbox.wechat.world import NUMBER, World, order

DOCUMENTED = "15s/15s/30s/3m/10m/20m/30m/30m/30m/60m/3h/3h/3h/6h/6h"


def seconds(text: str) -> list[int]:
    unit = {"s": 1, "m": 60, "h": 3_600}
    return [int(part[:-1]) * unit[part[-1]] for part in text.split("/")]


def test_the_schedule_is_the_documented_one_of_24_hours_and_4_minutes() -> None:
    assert list(WAITS) == seconds(DOCUMENTED)
    assert sum(WAITS) == 24 * 3_600 + 4 * 60


def test_a_house_that_never_answers_is_told_by_the_schedule_and_then_no_more(world: World) -> None:
    world.turn("clock", rate=0)
    order(world, NUMBER)
    world.house.statuses = [500] * 100
    world.pay(NUMBER)
    began = world.state()["now"]
    assert world.tell() == 1
    for n, due in enumerate(accumulate(WAITS), start=1):
        world.turn("clock", advance=began + due - world.state()["now"] - 1)
        assert world.tell() == 0, "not a second too early"
        world.turn("clock", advance=1)
        assert world.tell() == 1
        assert len(world.house.heard) == n + 1
    world.turn("clock", advance=30 * 86_400)
    assert world.tell() == 0
    (notice,) = world.state()["notices"]
    assert (notice["state"], notice["tries"]) == ("given-up", 16)
    ids = {body[: body.index(b",")] for _, body in world.house.heard}
    assert len(ids) == 1, "one event, one id"
    stamps = [int(headers[b"wechatpay-timestamp"]) for headers, _ in world.house.heard]
    assert max(abs(stamp - time.time()) for stamp in stamps) < 300, "signed by the real clock"


def test_an_answer_of_success_ends_it(world: World) -> None:
    world.turn("clock", rate=0)
    order(world, NUMBER)
    world.house.statuses = [500, 204]
    world.pay(NUMBER)
    assert world.tell() == 1
    world.turn("clock", advance=15)
    assert world.tell() == 1
    world.turn("clock", advance=86_400)
    assert world.tell() == 0
    assert world.state()["notices"][0]["state"] == "told"


def test_the_clock_runs_as_fast_as_it_is_told(world: World) -> None:
    world.turn("clock", rate=86_400)
    with world.gateway.store.open() as database:
        first = virtual_now(database, real_s=1_000_000_000.0)
        second = virtual_now(database, real_s=1_000_000_001.0)
    assert second - first == 86_400
    world.turn("clock", rate=0, advance=5)
    with world.gateway.store.open() as database:
        assert virtual_now(database, real_s=0.0) == virtual_now(database, real_s=9e9)

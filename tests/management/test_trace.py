"""A deed is traced from the door to the leaf, from what is stored anyway."""

import json
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from jusha.inbox.envelopes import Order
from jusha.inbox.keys import deed_key
from jusha.management.otlp import nanoseconds, otlp, took
from jusha.management.trace import NothingToTraceError, Step, Trace, trace
from jusha.people.vault import load
from jusha.tlog.times import LINE_BYTES, Published, first_covering, note_published
from tests.cast import BOOKS, House

ORDER = 202611220000000001


@pytest.fixture
def log_folder(tmp_path: Path) -> Path:
    (tmp_path / "log" / "state").mkdir(parents=True)
    return tmp_path / "log"


def told(house: House, *steps: str) -> list[str]:
    """The steps that are told here: when a row was committed, only where the server keeps it."""
    row = house.web.execute("SELECT current_setting('track_commit_timestamp')").fetchone()
    return [step for step in steps if step != "committed" or (row and row[0] == "on")]


def names(found: Trace) -> list[str]:
    return [step.name for step in found.steps]


def test_a_published_deed_is_told_step_by_step_in_the_order_of_time(
    house: House, tmp_path: Path, log_folder: Path
) -> None:
    house.furnish()
    house.send(house.deed(500), house.deed(700), house.deed(900))
    house.settle()
    number = house.settlement.world.next_number - 2
    note_published(log_folder, number, datetime.now(UTC))  # one entry short of it
    note_published(log_folder, number + 2, datetime.now(UTC))
    note_published(log_folder, number + 9, datetime.now(UTC))
    found = trace(house.web, tmp_path, str(number))
    assert names(found) == told(house, "paid", "received", "committed", "settled", "published")
    assert all(a.at <= b.at for a, b in pairwise(found.steps))
    where = {step.name: step.where for step in found.steps}
    assert where["received"].endswith("place 1 of 3")
    assert where["settled"].startswith(f"batch {house.settlement.world.batch}, entries")
    assert where["published"] == f"checkpoint of {number + 2}"
    assert "7.00 CNY through partner" in found.title
    assert found.waits == ""


def test_a_deed_is_found_by_its_channel_and_external_id_before_and_after_it_is_settled(
    house: House, tmp_path: Path, log_folder: Path
) -> None:
    house.furnish()
    key = deed_key(load(tmp_path, "dedupe"), "partner", "mine-1")
    gift = house.deed(500)
    house.send(type(gift)(**{name: getattr(gift, name) for name in gift.__struct_fields__}
                          | {"key": key}))  # fmt: skip
    waiting = trace(house.web, tmp_path, "partner:mine-1")
    assert waiting.number is None
    assert names(waiting) == told(house, "received", "committed")
    assert waiting.waits.startswith("waits for settlement in lane door, row ")
    house.settle()
    settled = trace(house.web, tmp_path, "partner:mine-1")
    assert settled.number == house.settlement.world.next_number - 1
    assert settled.key == waiting.key == key
    assert settled.waits == "is not published yet"
    assert names(settled) == told(house, "paid", "received", "committed", "settled")
    with pytest.raises(NothingToTraceError, match="never received"):
        trace(house.web, tmp_path, "partner:mine-2")


def test_an_order_is_traced_to_the_deed_that_paid_it(
    house: House, tmp_path: Path, log_folder: Path
) -> None:
    house.furnish()
    house.send(Order(ORDER, BOOKS, "day", "CNY", 500), lane="web")
    house.settle()
    unpaid = trace(house.web, tmp_path, str(ORDER))
    assert (unpaid.number, unpaid.waits) == (None, "is not paid")
    house.send(house.deed(500, order=ORDER))
    house.settle()
    paid = trace(house.web, tmp_path, str(ORDER))
    assert paid.number == house.settlement.world.next_number - 1
    assert "ordered" in [step.name for step in paid.steps]
    assert f"order {ORDER}" in paid.title


def test_an_entry_that_is_no_deed_is_traced_to_its_batch(
    house: House, tmp_path: Path, log_folder: Path
) -> None:
    house.furnish()
    found = trace(house.web, tmp_path, "0")
    assert "no deed" in found.title
    assert [step.name for step in found.steps] == ["settled"]


@pytest.mark.parametrize("name", ["999999", "hello", "202611220000000009", "１２"])
def test_what_is_not_there_is_said_in_one_sentence(
    house: House, tmp_path: Path, log_folder: Path, name: str
) -> None:
    house.furnish()
    with pytest.raises(NothingToTraceError):
        trace(house.web, tmp_path, name)


def test_a_lost_secret_is_not_made_anew_by_looking(house: House, tmp_path: Path) -> None:
    with pytest.raises(NothingToTraceError, match=r"dedupe\.secret"):
        trace(house.web, tmp_path, "partner:mine-1")
    assert not (tmp_path / "secrets").exists()


def test_as_otlp_the_steps_are_spans_of_one_trace_without_gaps(
    house: House, tmp_path: Path, log_folder: Path
) -> None:
    house.furnish()
    house.send(house.deed(500))
    house.settle()
    note_published(log_folder, house.settlement.world.next_number, datetime.now(UTC))
    found = trace(house.web, tmp_path, str(house.settlement.world.next_number - 1))
    body = json.loads(otlp(found))
    spans = body["resourceSpans"][0]["scopeSpans"][0]["spans"]
    root, *children = spans
    assert {span["traceId"] for span in spans} == {found.key.hex()}
    assert len(found.key.hex()) == 32
    assert {span["parentSpanId"] for span in children} == {root["spanId"]}
    assert len({span["spanId"] for span in spans}) == len(spans)
    assert all(a["endTimeUnixNano"] == b["startTimeUnixNano"] for a, b in pairwise(children))
    assert root["startTimeUnixNano"] == children[0]["startTimeUnixNano"]
    assert root["endTimeUnixNano"] == children[-1]["endTimeUnixNano"]
    steps = told(house, "paid", "received", "committed", "settled", "published")
    assert [span["name"] for span in children] == [f"{a} to {b}" for a, b in pairwise(steps)]


def test_times_are_exact_to_the_microsecond_and_short_for_people() -> None:
    at = datetime(2026, 11, 23, 6, 30, 0, 123457, tzinfo=UTC)
    assert nanoseconds(at) == "1795415400123457000"
    step = Step("a", at)
    assert took(step, Step("b", at + timedelta(microseconds=1500))) == "1.5 ms"
    assert took(step, Step("b", at + timedelta(seconds=5))) == "5.00 s"
    assert took(step, Step("b", at + timedelta(hours=1))) == "60.0 min"


def test_the_first_checkpoint_over_an_entry_is_found_among_many(log_folder: Path) -> None:
    start = datetime(2026, 11, 23, tzinfo=UTC)
    assert first_covering(log_folder, 0) is None
    for index, size in enumerate((3, 10, 11, 250)):
        note_published(log_folder, size, start + timedelta(seconds=index))
    note_published(log_folder, 250, start + timedelta(days=1))  # shown again after a restart
    for number, size, second in ((0, 3, 0), (2, 3, 0), (3, 10, 1), (10, 11, 2), (249, 250, 3)):
        assert first_covering(log_folder, number) == Published(
            size, start + timedelta(seconds=second)
        )
    assert first_covering(log_folder, 250) is None


def test_a_line_that_a_crash_cut_short_is_cut_off(log_folder: Path) -> None:
    start = datetime(2026, 11, 23, tzinfo=UTC)
    note_published(log_folder, 3, start)
    path = log_folder / "state" / "times"
    path.write_bytes(path.read_bytes() + b"000000000000")
    note_published(log_folder, 7, start)
    assert path.stat().st_size == 2 * LINE_BYTES
    assert first_covering(log_folder, 6) == Published(7, start)

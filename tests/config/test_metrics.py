"""The figures: what each process tells, where, and that none of it grows with persons."""

import http.client
import json
import re
import time
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import psycopg
import pytest
from django.test import RequestFactory
from prometheus_client import REGISTRY, CollectorRegistry, Counter, generate_latest

from jusha.config.marks import AUDIT, BACKUP, Mark, read_mark, set_mark
from jusha.config.metrics.database import segments_between
from jusha.config.metrics.serve import PLACES, port_of, serve
from jusha.config.metrics.watch import Watch
from jusha.config.postgres import database_url
from jusha.door import metrics as door
from jusha.inbox.envelopes import Instruction
from jusha.management.drill.installation import free_ports
from jusha.settlement import metrics as settlement
from jusha.tlog import metrics as tlog
from jusha.tlog.publish import Publisher
from jusha.web import metrics as web
from tests.cast import House
from tests.home import HOME

PATIENCE_SECONDS = 20.0
SEGMENT = 16 << 20
LABELS_MAX = 2


def told(registry: CollectorRegistry) -> dict[str, float]:
    """Every figure by its name and labels, as they are told."""
    lines = generate_latest(registry).decode().splitlines()
    pairs = (line.rsplit(" ", 1) for line in lines if line and not line.startswith("#"))
    return {name: float(value) for name, value in pairs}


@pytest.fixture
def watched(house: House, tmp_path: Path) -> Iterator[CollectorRegistry]:
    """The figures of a home in `tmp_path` over the house's database."""
    watch = Watch(
        tmp_path, disks={"home": tmp_path}, url=lambda: database_url("web", HOME, house.database)
    )
    registry = CollectorRegistry()
    registry.register(watch)
    yield registry
    watch.close()


def get(port: int) -> bytes:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/metrics")
        return connection.getresponse().read()
    finally:
        connection.close()


def test_what_waits_in_the_inbox_is_seen_until_it_is_settled(
    house: House, watched: CollectorRegistry
) -> None:
    house.furnish()
    rows, oldest = 'jusha_inbox_waiting_rows{lane="door"}', "jusha_inbox_oldest_seconds"
    assert (told(watched)[rows], told(watched)[oldest]) == (0, 0)
    house.send(house.deed(500))
    house.send(house.deed(700))
    waiting = told(watched)
    assert waiting[rows] == 2
    assert waiting[oldest] > 0
    house.settle()
    settled = told(watched)
    assert (settled[rows], settled[oldest]) == (0, 0)
    assert settled["jusha_log_settled_entries"] == house.settlement.world.next_number


def test_a_pool_that_promises_more_than_it_has_is_seen(
    house: House, watched: CollectorRegistry
) -> None:
    house.furnish(pool=10_000)  # its rule's window promises a thousand times as much a day
    house.send(house.deed(500))
    house.settle()
    figures = told(watched)
    assert figures['jusha_pool_available_fen{pool="tree"}'] == 9_500
    assert figures['jusha_pool_window_left_fen{pool="tree"}'] == 10**9 - 500


def test_refunds_that_no_rail_delivers_late_bills_and_webhooks_that_are_off_are_counted(
    house: House, watched: CollectorRegistry, owner: psycopg.Connection
) -> None:
    house.furnish()
    names = ("jusha_refunds_undelivered", "jusha_rail_bills_late", "jusha_hooks_off")

    def counted() -> list[float]:
        figures = told(watched)
        return [figures[name] for name in names]

    assert counted() == [0, 0, 0]
    deed = house.give(900)
    assert house.instruct("refund", deed=deed, amount=700, reason="asked")[0] == "done"
    refund = house.settlement.world.next_number - 1
    owner.execute(SENDING_SQL, {"refund": refund})
    for days in (1, 3, 9, 200):
        owner.execute(BILL_SQL, {"days": days})
    owner.execute(HOOK_SQL)
    assert counted() == [1, 2, 1], "yesterday's bill is not late, and a very old one is known"
    house.instruct("refund-sent", deed=deed, amount=700, reference="by-hand-17")
    assert counted()[0] == 0, "somebody paid it"


def test_a_payment_by_hand_that_settlement_refused_counts_while_anything_is_owed(
    house: House, watched: CollectorRegistry, owner: psycopg.Connection
) -> None:
    house.furnish()
    deed = house.give(900)
    house.instruct("refund", deed=deed, amount=700, reason="asked")
    owner.execute(SENDING_SQL, {"refund": house.settlement.world.next_number - 1})
    house.instruct("refund-sent", deed=deed, amount=300, reference="typed")
    owner.execute(HAND_PAID_SQL)
    name = "jusha_refunds_undelivered"
    assert told(watched)[name] == 0, "settlement has not answered"
    body = {"deed": deed, "amount": 700, "reference": "bank-17"}
    identity = sha256(b"paid-by-hand\nk").digest()[:16]
    house.send(Instruction(identity, "refund-sent", "li", "wang", body), lane="console")
    house.settle()
    assert told(watched)[name] == 1, "four yuan are owed that nobody says anything about"
    house.instruct("refund-sent", deed=deed, amount=400, reference="typed-2")
    assert told(watched)[name] == 0


SENDING_SQL = """
INSERT INTO jusha_sending (refund, order_no, rail, key, state, told, tries, changed_at)
VALUES (%(refund)s, 0, 'wechat', 'k', 'failed', 'no-route', 1, now())"""
HAND_PAID_SQL = """
INSERT INTO jusha_handpaid (refund, reference, paid_on, proposed_by, proposed_at, confirmed_by,
                            confirmed_at)
SELECT refund, 'bank-17', current_date, 'li', now(), 'wang', now() FROM jusha_sending"""
BILL_SQL = """
INSERT INTO jusha_railbill (rail, day, payee, state, told, tries, file_hash, lines)
VALUES ('wechat', (now() AT TIME ZONE 'Asia/Shanghai')::date - %(days)s::int, '', 'asked', '', 0,
        '', 0)"""
HOOK_SQL = """
INSERT INTO jusha_hook (public, key, url, kinds, sealed, sealed_before, state, told, next_entry,
                        tries, next_at, created_at)
VALUES ('wh_0', 1, 'https://x.example/', '[]', '', '', 'off', '', 0, 0, now(), now())"""


def test_a_database_that_does_not_answer_hides_none_of_the_other_figures(tmp_path: Path) -> None:
    registry = CollectorRegistry()
    nowhere = "postgresql://nobody@127.0.0.1:1/nothing"
    registry.register(Watch(tmp_path, disks={"home": tmp_path}, url=lambda: nowhere))
    set_mark(tmp_path, AUDIT, wrong=3)
    figures = told(registry)
    assert figures['jusha_looked{part="database"}'] == 0
    assert figures['jusha_looked{part="processes"}'] == 0, "no supervisor has written its state"
    assert figures['jusha_looked{part="log"}'] == 1
    assert figures["jusha_audit_wrong"] == 3
    assert figures['jusha_disk_free_bytes{disk="home"}'] > 0


def test_a_process_that_is_down_and_what_holds_one_are_told_by_code_alone(tmp_path: Path) -> None:
    state = {
        "at": time.time(),
        "database": {"restarts": 2, "why": None},
        "processes": {
            "door": {"pid": None, "restarts": 4, "why": None},
            "settlement": {"pid": 7, "restarts": 0, "why": "refusing_to_settle: 9 are published"},
        },
    }
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "state.json").write_text(json.dumps(state))
    registry = CollectorRegistry()
    registry.register(Watch(tmp_path, disks={}, url=lambda: "postgresql://127.0.0.1:1/nothing"))
    figures = told(registry)
    assert figures['jusha_process_up{process="door"}'] == 0
    assert figures['jusha_process_up{process="settlement"}'] == 1
    assert figures['jusha_process_restarts_total{process="door"}'] == 4
    assert figures['jusha_process_restarts_total{process="database"}'] == 2
    assert figures['jusha_process_held{code="refusing_to_settle",process="settlement"}'] == 1


def test_a_key_that_is_gone_from_a_log_that_has_begun_is_seen(
    house: House, tmp_path: Path, watched: CollectorRegistry
) -> None:
    house.furnish()
    assert told(watched)["jusha_log_key_missing"] == 0, "a log that has not begun needs no key"
    publisher = Publisher(tmp_path / "log", origin="test.invalid/log")
    assert publisher.publish_next(house.web)
    publisher.close()
    figures = told(watched)
    assert figures["jusha_log_key_missing"] == 0
    assert figures["jusha_log_published_entries"] == house.settlement.world.next_number
    (tmp_path / "log" / "key").unlink()
    assert told(watched)["jusha_log_key_missing"] == 1


def test_settlement_tells_its_work_and_goes_on_counting_over_a_restart(house: House) -> None:
    house.furnish()
    registry = CollectorRegistry()
    world = settlement.WorldFigures()
    world.watch(house.settlement, registry)
    house.send(house.deed(500), house.deed(700), house.deed(900, project="no-such"))
    before = REGISTRY.get_sample_value("jusha_settlement_envelopes_total") or 0
    settlement.settled(house.settlement.settle_next(), seconds=0.5)
    assert REGISTRY.get_sample_value("jusha_settlement_envelopes_total") == before + 3
    figures = told(registry)
    assert figures["jusha_settlement_gifts_total"] == 2
    assert figures["jusha_settlement_cases_total"] == 1
    assert figures["jusha_settlement_batches_total"] == house.settlement.world.batch
    house.settle_connection.close()
    again = House(house.database)
    try:
        world.watch(again.settlement, registry)
        assert told(registry) == figures
    finally:
        again.close()


def test_a_page_is_counted_under_its_views_name_and_never_under_its_address() -> None:
    class Match:
        view_name = "deed"

    def answer(request: object) -> object:
        return type("Response", (), {"status_code": 200})()

    request = RequestFactory().get("/d/123456789")
    measured = web.Measured(answer)  # type: ignore[arg-type] # as much of a response as is read
    measured(request)
    request.resolver_match = Match()  # type: ignore[assignment] # as much as is read
    measured(request)
    text = generate_latest(REGISTRY).decode()
    assert 'jusha_web_requests_total{status="200",view="none"}' in text
    assert 'jusha_web_requests_total{status="200",view="deed"}' in text
    assert "123456789" not in text


def test_no_figure_of_a_process_has_more_than_two_labels_or_a_long_list_of_their_values() -> None:
    door.committed(5_000, seconds=0.01)
    tlog.published(7, seconds=0.1)
    ours = [line for line in generate_latest(REGISTRY).decode().splitlines() if "jusha_" in line]
    assert ours
    for line in ours:
        labels = [name for name in re.findall(r'(\w+)="', line) if name != "le"]
        assert len(labels) <= LABELS_MAX, line
        assert set(labels) <= {"reason", "view", "status", "what"}, line


def test_figures_are_served_to_this_machine_and_a_taken_port_is_waited_for() -> None:
    registry = CollectorRegistry()
    Counter("jusha_test_figure", "A figure", registry=registry).inc()
    first, second = free_ports(2)
    serve("supervisor", base_port=first, registry=registry)
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            assert b"jusha_test_figure_total 1.0" in get(first)
            break
        except ConnectionRefusedError:
            assert time.monotonic() < deadline, "nothing was served"
    assert port_of("door", base_port=9460) == 9461
    assert port_of("door", base_port=0) == 0
    assert len(set(PLACES)) == len(PLACES)
    assert second


@pytest.mark.parametrize(
    ("last", "now", "between"),
    [
        (None, "000000010000000000000005", 0),
        ("000000010000000000000004", "000000010000000000000005", 0),
        ("000000010000000000000004", "000000010000000000000009", 4),
        ("0000000100000000000000FE", "000000010000000100000002", 3),
        ("000000010000000000000004", "000000020000000000000009", 0),
        ("00000002.history", "000000020000000000000009", 0),
    ],
)
def test_segments_that_wait_for_the_archive_are_counted_by_their_names(
    last: str | None, now: str, between: int
) -> None:
    assert segments_between(last, now, segment_bytes=SEGMENT) == between


def test_a_mark_outlives_the_command_that_set_it(tmp_path: Path) -> None:
    assert read_mark(tmp_path, BACKUP) == Mark(0.0, 0)
    before = time.time()
    set_mark(tmp_path, BACKUP)
    set_mark(tmp_path, AUDIT, wrong=2)
    assert before <= read_mark(tmp_path, BACKUP).at <= time.time()
    assert read_mark(tmp_path, AUDIT).wrong == 2
    (tmp_path / "run" / "marks" / "audit.json").write_text("{")
    assert read_mark(tmp_path, AUDIT) == Mark(0.0, 0)

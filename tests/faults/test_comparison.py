"""The drill's comparison itself: silent when all is well, and able to say what is not."""

import threading
from pathlib import Path
from typing import Any

import psycopg
import pytest

from benchmarks.workload import Workload
from jusha.config.postgres import Cluster
from jusha.door.messages import Keys
from jusha.management.drill import gifts
from jusha.management.drill.gifts import CHANNEL, PROJECTS
from jusha.people.vault import load
from tests.cast import House
from tests.home import HOME

WORKLOAD = Workload(gifts_total=120, days=1, persons=12, projects=len(PROJECTS))


@pytest.fixture
def drilled(house: House, tmp_path: Path) -> House:
    rights = {"assets": ["CNY"], "clock": "receipt"}
    assert house.instruct("admit-channel", code=CHANNEL, terms=rights)[0] == "done"
    assert house.instruct("admit-charity", code="shan")[0] == "done"
    for code in PROJECTS:
        body: dict[str, Any] = {"code": code, "charity": "shan", "running_permille": 0}
        assert house.instruct("open-project", **body)[0] == "done"
    done = threading.Event()

    def settle() -> None:
        while not done.is_set():
            house.settle()

    settling = threading.Thread(target=settle)
    settling.start()
    try:
        gifts.open_campaign(house.web, WORKLOAD)
    finally:
        done.set()
        settling.join()
    keys = Keys(deed=load(tmp_path, "dedupe"), person=load(tmp_path, "person"))
    for _, request in gifts.requests(WORKLOAD, b"s" * 32):
        house.send(keys.read_deed(CHANNEL, request.split(b"\r\n\r\n")[1]))
    house.settle()
    return house


def found(house: House, home: Path, acknowledged: set[str]) -> list[str]:
    return list(gifts.differences(house.web, home, WORKLOAD, acknowledged))


def all_ids() -> set[str]:
    return {gift[0] for gift in WORKLOAD.gifts()}


def test_it_is_silent_when_every_gift_is_there_once_and_the_bounds_were_met(
    drilled: House, tmp_path: Path
) -> None:
    assert found(drilled, tmp_path, all_ids()) == []
    bounds = drilled.web.execute("SELECT count(DISTINCT bound) FROM matching_match").fetchone()
    assert bounds is not None
    assert bounds[0] > 1, "a comparison in which nothing binds proves little"


def test_it_names_an_acknowledged_gift_that_is_not_there(drilled: House, tmp_path: Path) -> None:
    assert found(drilled, tmp_path, all_ids() | {"never-sent"}) == [
        "1 acknowledged gifts are lost, e.g. never-sent"
    ]


@pytest.mark.parametrize(
    ("forgery", "word"),
    [
        ("UPDATE matching_match SET amount = amount + 1 WHERE amount > 0", "matched"),
        ("UPDATE giving_deed SET amount = amount + 1", "were given"),
        ("UPDATE ledger_account SET debits = debits + 1 WHERE kind = 'available'", "the pool has"),
        (
            "INSERT INTO giving_seen SELECT gen_random_uuid(), 0, max(number) FROM giving_seen",
            "none that was sent",
        ),
        ("DELETE FROM giving_deed WHERE number = (SELECT max(number) FROM giving_deed)", "lost"),
    ],
)
def test_it_names_what_was_forged(
    drilled: House, database: str, tmp_path: Path, forgery: str, word: str
) -> None:
    with Cluster(HOME).connect(database) as forger:
        forger.execute("SET session_replication_role = replica")
        try:
            forger.execute(forgery)
        except psycopg.errors.CheckViolation:
            pytest.fail("the forgery itself is refused: choose another")
    assert any(word in line for line in found(drilled, tmp_path, all_ids()))

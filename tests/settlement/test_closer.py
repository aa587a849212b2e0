"""The jobs ask for what the clock makes due, once, and for nothing else."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from jusha.inbox.envelopes import Instruction
from jusha.settlement.closer import Closer, SecretKeeper
from jusha.settlement.secrets import Secrets
from tests.cast import BOB, House, ratio
from tests.settlement.test_kinds import NOON, at, kind, past, sliced

AT_NOON = datetime.fromtimestamp(NOON, UTC)


def asked(due: list[Instruction]) -> list[tuple[str, dict[str, Any]]]:
    return [(each.kind, each.body) for each in due]


def test_a_slice_is_due_when_late_messages_can_no_longer_come(house: House) -> None:
    past(house, sliced())
    at(house, 100)
    at(house, 200, BOB, minute=2)
    closer, web = Closer(), house.web
    assert closer.due(web, AT_NOON + timedelta(minutes=11, seconds=59)) == []
    first = ("close-claims", {"rule": "P1.1", "slice": "2025-09-09T04:00Z"})
    assert asked(closer.due(web, AT_NOON + timedelta(minutes=12))) == [first]
    assert closer.due(web, AT_NOON + timedelta(minutes=12, seconds=59)) == []
    second = ("close-claims", {"rule": "P1.1", "slice": "2025-09-09T04:02Z"})
    again = closer.due(web, AT_NOON + timedelta(minutes=14))
    assert asked(again) == [first, second]  # the first may have been asked by a clock ahead
    assert house.instruct("close-claims", **first[1])[0] == "done"
    assert asked(Closer().due(web, AT_NOON + timedelta(days=1))) == [second]


def test_what_is_decided_at_close_is_due_after_the_campaign(house: House) -> None:
    past(house, ratio(decided="close"))
    at(house, 100)
    closes = datetime(2025, 9, 9, 16, tzinfo=UTC)
    assert Closer().due(house.web, closes + timedelta(minutes=10)) == []
    due = Closer().due(house.web, closes + timedelta(minutes=11))
    assert asked(due) == [("close-claims", {"rule": "P1.1"})]


def test_seeds_are_made_for_coming_days_and_revealed_when_they_are_over(
    house: House, tmp_path: Path
) -> None:
    past(house, kind("random-range", gives={"low": 1, "high": 2}))
    keeper = SecretKeeper(Secrets(tmp_path))
    house.settlement.world.secrets = keeper.secrets
    before = datetime(2025, 9, 8, 12, tzinfo=UTC)
    due = keeper.due(house.web, before)
    assert [(each.kind, each.body["rule"], each.body["day"]) for each in due] == [
        ("commit-seed", "P1", "2025-09-09")
    ]
    house.send(*due, lane="jobs")
    house.settle()
    assert keeper.due(house.web, before) == []
    over = datetime(2025, 9, 9, 16, tzinfo=UTC)
    assert keeper.due(house.web, over + timedelta(minutes=14)) == []
    (reveal,) = keeper.due(house.web, over + timedelta(minutes=15))
    house.send(reveal, lane="jobs")
    house.settle()
    assert house.entries()[-1]["k"] == "reveal"
    assert keeper.due(house.web, over + timedelta(days=1)) == []
    house.check()

"""A house with every kind of rule: what settlement decided, a stranger recomputes to the fen."""

import hashlib
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from jusha.inbox.envelopes import NO_PERSON
from jusha.inbox.read import InboxRow
from jusha.matching.rules import BY
from tests.cast import BOOKS, WATER, House
from tests.verify.logs import VKEY, canonical, tables_of, write_log
from tests.verify.stories import (
    CLOSES,
    DAY,
    Entry,
    sha,
)
from verify import recompute


class Traveller(House):
    """A house whose inbox rows were all received at `now`."""

    def __init__(self, database: str) -> None:
        super().__init__(database)
        self.now = datetime(2025, 9, 8, 10, 0, tzinfo=UTC)
        read = self.settlement._read_next

        def read_next(connection: Any = None) -> list[InboxRow]:
            return [row._replace(received_at=self.now) for row in read(connection)]

        self.settlement._read_next = read_next  # type: ignore[method-assign]

    def do(self, kind: str, **body: Any) -> None:
        """Instruct, and insist."""
        outcome = self.instruct(kind, **body)
        assert outcome[0] == "done", (kind, body, outcome)


@pytest.fixture
def traveller(database: str) -> Iterator[Traveller]:
    house = Traveller(database)
    yield house
    house.close()


def doc(name: str, window: Entry | None = None, **more: Any) -> Entry:
    """A rule document as a sponsor sends it: defaults left out."""
    whole = {"budget": 10**9} | (window or {})
    return {"gives": {"kind": name} | more.pop("gives", {}), "window": whole} | more


SURPRISE = canonical({"from": "2025-09-09T05:00Z", "salt": "00ff", "to": "2025-09-09T09:00Z"})
ONE_TO_ONE = {"numerator": 1, "denominator": 1}
CAPS = {"gift": 500, "person_day": 2_500, "person_campaign": 2_600, "project": 25_000,
        "charity": 60_000}  # fmt: skip
RULES = {
    "B1": doc("ratio", gives=ONE_TO_ONE, caps=CAPS, window={"budget": 10_000}),
    "F1": doc("flat", gives={"amount": 99}, window={"surprise": sha(SURPRISE)}, anonymous="gift"),
    "T1": doc("tier-bonus", gives={"tiers": [[100, 100], [1_000, 300]]}, decided="close",
              caps={"person_day": 2_900}, window={"budget": 3_000}),
    "N1": doc("random-range", gives={"low": 100, "high": 900, "chance": 600},
              caps={"person_campaign": 2_700}),
    "X1": doc("one-one-x", gives={"on": "B1", "low": 200, "high": 800}, exhaustion="whole"),
    "I1": doc("friends", gives={"on": "B1", "friends": 2, "low": 3, "high": 10}),
    "C1": doc("coupon", gives={"count": 5, "permille": 1_000, "most": 300}),
    "L1": doc("lump-sum", gives={"threshold": 5_000, "amount": 2_000}),
    "K1": doc("ratio", gives=ONE_TO_ONE, fills="B1",
              window={"slice_minutes": 60, "slice_budget": 300}),
    "S1": doc("ratio", gives=ONE_TO_ONE, decided="slice",
              window={"slice_minutes": 240, "slice_budget": 900, "carry": False}),
    "Q1": doc("quadratic", gives={"unit": 1}, decided="close", window={"budget": 20_000}),
}  # fmt: skip
SLICED = {"K1": "lake", "S1": "pond"}
"""A pool that is cut in slices serves one rule."""
DAY_START = datetime(2025, 9, 8, 16, 0, tzinfo=UTC)


def furnish_with_everything(house: Traveller) -> dict[str, bytes]:
    """A campaign of one day with every kind of rule; returns its seeds."""
    house.furnish(channel={"clock": "rail", "draw_max": 78_000})
    house.do("open-campaign", code="past", terms={
        "opens": "2025-09-08T16:00Z", "closes": CLOSES, "channels": ["partner"]})  # fmt: skip
    house.fund(70_000, code="grove", campaign="past", on_return="spread", notice_days=2)
    house.settlement.world.secrets.keep(SURPRISE)  # type: ignore[attr-defined]
    for code, document in RULES.items():
        pool = SLICED.get(code, "grove")
        if code in SLICED:
            house.fund(9_000, code=pool, campaign="past")
        house.rule(document, code=code, from_="2025-09-08T16:00Z", pool=pool)
    seeds = {code: hashlib.sha256(code.encode()).digest() for code in ("N1", "X1", "I1")}
    for code, seed in seeds.items():
        digest = house.settlement.world.secrets.keep(seed)  # type: ignore[attr-defined]
        house.do("commit-seed", rule=code, day=DAY, hash=digest)
    return seeds


def give_for_a_day(house: Traveller, *, rows: int = 24) -> None:
    """Rows of gifts through the day, with coupons, friends, refunds, a freeze."""
    chance = random.Random(20250909)
    persons = [bytes([n]) * 16 for n in range(1, 9)]
    for row in range(rows):
        house.now = DAY_START + timedelta(minutes=1440 // rows * row)
        first = house.settlement.world.next_number
        house.send(*(
            house.deed(
                chance.choice([50, 200, 500, 900, 1_700]), chance.choice([BOOKS, BOOKS, WATER]),
                chance.choice([*persons, NO_PERSON]), campaign="past",
                paid_at=int(house.now.timestamp()) - chance.choice([0, 120]),
                coupon=chance.choice(["", "", f"C1.{chance.randint(0, 6)}"]),
                invite=chance.choice([0, max(first - chance.randint(1, 9), 0)]),
            ) for _ in range(5)
        ))  # fmt: skip
        house.settle()
        if row % 6 == 3:
            house.do("refund", deed=house.settlement.world.next_number - 1, amount=37, reason="x")
        if row in {9, 15, 21}:
            drawn = house.settlement.world.channels["partner"].drawn
            house.do("reconciled", channel="partner", day="2025-09-08", amount=drawn // 20)
        if row in {10, 12}:
            house.do("freeze" if row == 10 else "thaw", project=WATER, reason="complaint")
        if row in {11, 13}:  # a hold over it, that outlasts it
            kind = "freeze" if row == 11 else "thaw"
            house.do(kind, project=WATER, reason="complaint", hold=True)
        if row in {5, 11, 12, 19}:
            spend(house, 401 + row, BOOKS if row % 2 else WATER)
            spend(house, 17, BOOKS, line="running")
        if row in {8, 20}:
            house.do("claw-back", deed=house.settlement.world.next_number - 2, reason="bought")
        if row in {7, 9, 17}:
            given = next(e["n"] for e in reversed(house.entries()) if e["k"] == "don")
            house.do("hold-match", deed=given, reason="rapid.1")
            house.do("claw-back" if row == 9 else "let-match", deed=given, reason="looked into")


def spend(house: Traveller, amount: int, project: str, *, line: str = "programme") -> None:
    """Spend from a line of a project."""
    told = {"ref": f"E{house.settlement.world.next_number}", "what": "goods"}
    digest = hashlib.sha256(told["ref"].encode()).digest()
    house.do("spend", project=project, line=line, amount=amount, **told, words=digest,
             evidence=digest)  # fmt: skip


def close_everything(house: Traveller, seeds: dict[str, bytes]) -> None:
    """Everything that comes after a day, to the sponsor's payment."""
    house.now = DAY_START + timedelta(days=1, minutes=5)
    retro = doc("per-unit", gives={"unit": 300, "each": 20, "units_max": 3}, decided="retro",
                since="2025-09-08T20:00Z", until="2025-09-09T12:00Z",
                window={"budget": 1_000, "from_minute": 300})  # fmt: skip
    house.rule(retro, code="P1", from_="2025-09-09T16:10Z", pool="grove")
    house.give(500, "nowhere", campaign="past")
    house.do("seal", campaign="past", day=DAY, salt=bytes(32))
    house.now += timedelta(minutes=30)
    for secret in (*seeds.values(), SURPRISE):
        house.do("reveal", secret=secret)
    slices = {"2025-09-08T16:00Z", "2025-09-08T20:00Z", "2025-09-09T00:00Z", "2025-09-09T04:00Z",
              "2025-09-09T08:00Z", "2025-09-09T12:00Z"}  # fmt: skip
    for slice_ in sorted(slices):
        house.do("close-claims", rule="S1.1", slice=slice_)
    for name in ("P1.1", "T1.1", "Q1.1"):
        house.do("close-claims", rule=name)
    house.do("seal", campaign="past", day=DAY, salt=bytes(range(32)))
    house.do("begin-notice", pool="grove")
    house.now += timedelta(days=2, minutes=1)
    house.do("close-pool", pool="grove")
    for project in (BOOKS, WATER):
        house.do("release", pool="grove", project=project)
    house.do("sponsor-paid", pool="grove", charity="shan", amount=12_345, how="secured")
    told = canonical({"day": "2025-09-09", "org": "shan", "pairs": [], "sources": []})
    house.do("publish-accounts", charity="shan", day="2025-09-09", table=told)
    given = next(e["n"] for e in house.entries() if e["k"] == "don" and e["m"][0]["amt"] > 100)
    house.do("refund", deed=given, amount=50, reason="asked for")
    house.do("refund-sent", deed=given, amount=30, reference="50300")
    house.do("admit-charity", code="lian")
    house.do("residue", deed=given, amount=20, charity="lian", order="R1", words=bytes(32))
    for project in (BOOKS, WATER):  # nothing is left: all that comes back now is covered
        fund = house.settlement.world.funds[project]
        spend(house, fund.left(1), project)
    rest = [e["n"] for e in house.entries() if e["k"] == "don" and e["amt"] > 100][-3:]
    for number in rest:
        house.do("refund", deed=number, amount=33, reason="asked for")
    house.do("claw-back", deed=rest[0], reason="bought")
    house.send(house.deed(500, campaign="past", paid_at=int(house.now.timestamp())))
    house.settle()
    house.do("seal", campaign="past")


def test_a_house_with_every_kind_of_rule_is_equal_to_its_log(
    traveller: Traveller, tmp_path: Path
) -> None:
    seeds = furnish_with_everything(traveller)
    give_for_a_day(traveller)
    close_everything(traveller, seeds)
    entries = [canonical(e) for e in traveller.entries()]
    found = recompute.recompute(write_log(tmp_path, entries, tables_of(traveller)), VKEY)
    assert found["differences"] == []
    assert (found["waiting"], found["days_not_sealed"]) == ([], [])
    assert set(recompute.FIELDS) == set(found["entries"]) - {"day seal"}
    elsewhere = {"pool", "revealed", "refunded", "slice-closed"}  # in the stories above
    seldom = {"not-admitted", "no-seed", "not-reconciled", "share"} | elsewhere
    assert set(found["by"]) >= set(BY) - seldom, found["by"]
    grove = found["pools"]["grove"]
    assert grove["left"] == 0
    assert grove["paid"] == 12_345
    assert sum("cov" in entry for entry in traveller.entries()) > 3
    for code, fund in traveller.settlement.world.funds.items():
        for place, line in enumerate(("programme", "running"), 1):
            told = found["lines"].get(f"{code} {line}")
            assert told is None or told["left"] == fund.left(place)
    assert len(found["lines"]) == 3

"""The first day of 99公益日 2015 again: new rules within hours, and nothing that was matched lost.

From midnight one to one, out of 99.99 million yuan, without a cap: 5 million were gone in five
minutes and 10 million in fifteen. Within hours the pool was split by day (33.33 million from
09:00), with at most 999 yuan a person and day and 9.99 million a project. Replayed with fewer
and larger gifts; the amounts of the rules are the true ones.
"""

import hashlib
from collections import defaultdict
from typing import Any, NamedTuple

from jusha.inbox.envelopes import Envelope, Instruction
from jusha.money.clock import minute_text
from tests.cast import BOOKS, WATER, House
from tests.settlement.test_rules_properties import fill

RICE, ROAD = "shan-rice", "shan-road"
MIDNIGHT = 1_441_555_200  # 2015-09-07 00:00 in Shanghai
NINE = 9 * 3600
YUAN, WAN = 100, 1_000_000
"""In fen; 万 is ten thousand yuan."""
POOL, DAY_BUDGET, PROJECT, PERSON = 9_999 * WAN, 3_333 * WAN, 999 * WAN, 999 * YUAN
PUBLISHED = MIDNIGHT + 2 * 3600 + 29 * 60 + 30

FIRST: dict[str, Any] = {
    "gives": {"kind": "ratio", "numerator": 1, "denominator": 1},
    "window": {"budget": POOL},
}
SECOND: dict[str, Any] = {
    "gives": {"kind": "ratio", "numerator": 1, "denominator": 1},
    "window": {"budget": DAY_BUDGET, "from_minute": 540},
    "caps": {"person_day": PERSON, "project": PROJECT},
}


class Given(NamedTuple):
    """One gift and what became of it."""

    at: str
    person: str
    amount: int
    project: str
    match: int
    by: str
    rule: str


class Replay:
    """The day as rows of the inbox, and what settlement made of them."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.rows: list[tuple[int, list[Envelope]]] = []
        self.who: list[str] = []

    def give(self, at: int, *gifts: tuple[str, int, str]) -> None:
        """Put gifts of (person, fen, project) in one row."""
        deeds: list[Envelope] = []
        for person, amount, project in gifts:
            key = hashlib.sha256(person.encode()).digest()[:16]
            deeds.append(self.house.deed(amount, project, key))
            self.who.append(person)
        self.rows.append((at, deeds))

    def publish(self, at: int, terms: dict[str, Any], from_: int) -> None:
        body = {"code": "R1", "pool": "tree", "from": minute_text(from_), "terms": terms}
        identity = len(self.rows).to_bytes(16, "big")
        self.rows.append((at, [Instruction(identity, "publish-rule", "li", "wang", body)]))

    def settle(self) -> list[Given]:
        fill(self.house, self.rows)
        self.house.settle()
        dons = [entry for entry in self.house.entries() if entry["k"] == "don"]
        return [
            Given(
                don["t"], who, don["amt"], don["prj"], *(don["m"][0][name] for name in
                                                         ("amt", "by", "r")),
            )
            for who, don in zip(self.who, dons, strict=True)
        ]  # fmt: skip


def furnish(house: House) -> None:
    times = {"opens": minute_text(MIDNIGHT), "closes": minute_text(MIDNIGHT + 3 * 86_400)}
    steps: list[tuple[str, dict[str, Any]]] = [
        ("admit-channel", {"code": "partner", "terms": {"assets": ["CNY"], "clock": "receipt"}}),
        ("admit-charity", {"code": "shan"}),
        ("open-campaign", {"code": "day", "terms": times}),
    ]
    for code in (BOOKS, WATER, RICE, ROAD):
        body: dict[str, Any] = {"code": code, "charity": "shan", "running_permille": 80}
        steps.append(("open-project", body))
    for kind, body in steps:
        assert house.instruct(kind, **body)[0] == "done"
    house.fund(POOL)
    house.rule(FIRST, from_=minute_text(MIDNIGHT))


def night(day: Replay) -> None:
    """Midnight to half past two: 29.5 million yuan in gifts of 100,000."""
    large = 10 * WAN
    for minute, count, project in (
        (0, 25, BOOKS), (2, 20, BOOKS), (4, 15, BOOKS), (9, 25, BOOKS), (14, 25, BOOKS),
        (40, 50, WATER), (95, 45, WATER), (140, 90, RICE),
    ):  # fmt: skip
        people = [(f"night {minute} {n}", large, project) for n in range(count)]
        day.give(MIDNIGHT + minute * 60, *people)


def morning(day: Replay) -> None:
    """New rules, a night gift that comes too early for them, and a rush from nine o'clock."""
    day.publish(PUBLISHED - 30, SECOND, PUBLISHED + 30)  # at 02:29 for 02:30: one minute ahead
    day.give(PUBLISHED, ("still the first rule", 5_000 * YUAN, ROAD))
    day.publish(PUBLISHED + 40, SECOND, PUBLISHED + 90)  # 50 seconds ahead: refused
    day.give(MIDNIGHT + 3 * 3600, ("awake", 500 * YUAN, ROAD))
    day.give(MIDNIGHT + NINE - 1, ("early", 500 * YUAN, ROAD))
    day.give(
        MIDNIGHT + NINE,
        ("first", 5_000 * YUAN, BOOKS),
        ("second", 600 * YUAN, ROAD),
        ("second", 600 * YUAN, ROAD),
        ("second", 600 * YUAN, WATER),
        ("night 0 7", 600 * YUAN, ROAD),
    )
    for place, (project, count) in enumerate(((WATER, 492), (RICE, 992), (ROAD, 2_400))):
        people = [(f"{project} {n}", 2_000 * YUAN, project) for n in range(count)]
        for first in range(0, count, 500):
            at = MIDNIGHT + NINE + 60 * (1 + place) + first // 20
            day.give(at, *people[first : first + 500])
    day.give(
        MIDNIGHT + 86_400 + NINE,
        ("first", 5_000 * YUAN, BOOKS),
        ("night 0 7", 2_000 * YUAN, ROAD),
        ("second", 600 * YUAN, ROAD),
    )


def test_the_first_day_of_2015_changes_its_rules_within_hours_and_takes_nothing_back(
    house: House,
) -> None:
    furnish(house)
    day = Replay(house)
    night(day)
    before = len(day.who)
    morning(day)
    given = day.settle()
    outcomes = house.web.execute("SELECT code FROM settlement_outcome ORDER BY id LIMIT 2")
    assert outcomes.fetchall() == [("done",), ("bad-rule",)]
    check_night(given[:before])
    check_morning(given[before:])
    # The next day opens anew for persons and money, not for a project that has had its share.
    assert [(g.person, g.match, g.by) for g in given[-3:]] == [
        ("first", 0, "project"),
        ("night 0 7", PERSON, "person-day"),
        ("second", 600 * YUAN, "rule"),
    ]
    assert sum(g.match for g in given[:-3]) == DAY_BUDGET
    check_books(house, given)


def check_night(early: list[Given]) -> None:
    """Every gift in whole, by the first version, beyond every later cap."""
    assert {(g.match, g.by, g.rule) for g in early} == {(10 * WAN, "rule", "R1.1")}
    assert sum(g.match for g in early if g.at <= minute_text(MIDNIGHT + 240)) == 600 * WAN
    assert sum(g.match for g in early if g.at <= minute_text(MIDNIGHT + 840)) == 1_100 * WAN
    assert sum(g.match for g in early) == 2_950 * WAN


def check_morning(given: list[Given]) -> None:
    # Published at 02:29:00 for 02:30: until then the first version, then none before nine.
    told = {(g.person, g.at): (g.match, g.by, g.rule) for g in given}
    assert told["still the first rule", minute_text(PUBLISHED)] == (5_000 * YUAN, "rule", "R1.1")
    for person, at in (("awake", MIDNIGHT + 3 * 3600), ("early", MIDNIGHT + NINE - 1)):
        assert told[person, minute_text(at)] == (0, "outside-window", "R1.2")

    # From nine: a project over its new cap gets no more; a person's day is 999 yuan.
    nine = [g for g in given if g.at == minute_text(MIDNIGHT + NINE)]
    assert [(g.person, g.match, g.by) for g in nine] == [
        ("first", 0, "project"),
        ("second", 600 * YUAN, "rule"),
        ("second", 399 * YUAN, "person-day"),
        ("second", 0, "person-day"),
        ("night 0 7", 0, "person-day"),  # what the night gave counts
    ]
    rush = [g for g in given if minute_text(MIDNIGHT + NINE) < g.at
            < minute_text(MIDNIGHT + 86_400)]  # fmt: skip
    by_project: dict[str, list[tuple[int, str]]] = defaultdict(list)
    for g in rush:
        by_project[g.project].append((g.match, g.by))
    full = (PERSON, "person-day")
    # 9.99 million less 9.5: 490 times 999 and 490 yuan; less 9: 990 times 999 and 990 yuan.
    assert by_project[WATER] == [*[full] * 490, (490 * YUAN, "project"), (0, "project")]
    assert by_project[RICE] == [*[full] * 990, (990 * YUAN, "project"), (0, "project")]
    # What is then left of the day: 2.35 million less 5,999 yuan.
    times, rest = divmod(235 * WAN - 5_999 * YUAN, PERSON)
    dry = [*[full] * times, (rest, "window"), *[(0, "window")] * (2_399 - times)]
    assert by_project[ROAD] == dry


def check_books(house: House, given: list[Given]) -> None:
    """Every match that was ever shown is still promised, and the pool holds the rest."""
    for project in (BOOKS, WATER, RICE, ROAD):
        shown = sum(g.match for g in given if g.project == project)
        assert house.balance("pool:tree", "promised", project) == shown
        assert house.balance("charity:shan", "fund", project) == sum(
            g.amount for g in given if g.project == project
        )
    assert house.balance("pool:tree", "promised", BOOKS) == 1_100 * WAN > PROJECT
    assert house.balance("pool:tree", "promised", WATER) == PROJECT
    assert house.balance("pool:tree", "promised", RICE) == PROJECT
    total = sum(g.match for g in given)
    assert house.balance("pool:tree", "available", "tree") == POOL - total
    assert house.balance("pool:tree", "returned", "tree") == 0
    house.check()

"""Whole giving days under all kinds of rules, with everything running dry: one oracle, one result.

What the log says of a stream is held against the oracle, and batches of every size against
each other.
"""

import hashlib
import itertools
from collections.abc import Callable
from typing import Any

import psycopg
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs

from jusha.config.postgres import database_url
from jusha.inbox.envelopes import Envelope, Instruction, encode
from jusha.money.clock import day_text, minute_text
from jusha.settlement import find_step
from jusha.settlement.batch import Settlement
from jusha.settlement.secrets import installed
from tests.cast import BOB, BOOKS, CAROL, House, ratio
from tests.home import HOME
from tests.settlement import oracle_rules as oracle
from tests.settlement.oracle_book import (
    CLOSE,
    RETRO,
    Setting,
)
from tests.settlement.streams import (
    CHANNELS,
    CLOSES,
    DAYS,
    OPENS,
    POOLS,
    PROJECTS,
    STEP,
    SURPRISE,
    SURPRISES,
    Plan,
    Rules,
    Step,
    Stream,
    acts,
    company,
    ending,
    plans,
    rule_sets,
    seed,
    write_out,
)
from tests.settlement.test_properties import (
    STATE,
    Furnished,
    cloned,
    settle_as_one,
    settle_overlapping,
    settle_plainly,
)

MORE_STATE = (
    "SELECT * FROM matching_claim ORDER BY 1, 2, 3",
    "SELECT * FROM matching_closing ORDER BY 1, 2",
    "SELECT * FROM matching_coupon ORDER BY 1, 2",
    "SELECT * FROM matching_invite ORDER BY 1, 2",
    "SELECT * FROM matching_seed ORDER BY 1, 2",
    "SELECT * FROM matching_clawback ORDER BY 1",
    "SELECT * FROM matching_pool ORDER BY 1",
    "SELECT * FROM payments_channel_use ORDER BY 1",
)
QUICK = (Phase.explicit, Phase.reuse, Phase.generate)
"""A stream takes seconds: shrinking one would take hours."""


@pytest.fixture
def ready(house: House) -> Furnished:
    """Two charities, three projects, four channels, a day and a half, two pools and no rule."""
    times = {"opens": minute_text(OPENS), "closes": minute_text(CLOSES)}
    admitted = [code for code in CHANNELS if code != "odd"]
    steps: list[Step] = [
        ("admit-charity", {"code": "shan"}),
        ("admit-charity", {"code": "he"}),
        ("open-campaign", {"code": "day", "terms": times | {"channels": admitted}}),
    ]
    for code, (clock, most) in CHANNELS.items():
        terms = {"assets": ["CNY"], "clock": clock, "draw_max": most}
        steps.append(("admit-channel", {"code": code, "terms": terms}))
    for code, charity in PROJECTS.items():
        steps.append(("open-project", {"code": code, "charity": charity, "running_permille": 80}))
    for kind, body in steps:
        assert house.instruct(kind, **body)[0] == "done"
    for code, (money, back, days) in POOLS.items():
        more: dict[str, Any] = {"on_return": back, "notice_days": days}
        house.fund(money, code=code, **more)
    house.close()
    secrets = installed()
    for secret in [SURPRISE, *(seed(code, day) for code in "ABCDE" for day in DAYS)]:
        if hashlib.sha256(secret).digest() not in set(secrets):
            secrets.keep(secret)
    return Furnished(house.database)


def fill(house: House, rows: list[tuple[int, list[Envelope]]]) -> None:
    """Append as the door does, but at the stream's own times."""
    with psycopg.connect(database_url("owner", HOME, house.database)) as owner:
        for n, (at, envelopes) in enumerate(rows, 1):
            owner.execute(
                "INSERT INTO inbox_row (lane, n, count, received_at, payload)"
                " VALUES (1, %s, %s, to_timestamp(%s), %s)",
                (n, len(envelopes), at, encode(envelopes)),
            )
        owner.execute(
            "UPDATE inbox_lane SET last_n = %s, last_received_at = to_timestamp(%s) WHERE lane = 1",
            (len(rows), rows[-1][0]),
        )


def settle_by_sevens(house: House) -> None:
    """A few rows a batch."""
    house.settlement = Settlement(
        house.settle_connection, epoch=house.settlement.epoch, envelopes_max=7
    )
    house.settle()


def shown(entry: dict[str, Any]) -> tuple[Any, ...]:
    """Write an entry of the log as the oracle would."""
    kind = entry["k"]
    if kind == "don":
        matches = tuple(
            (m["r"], m["amt"], m["by"], m.get("c", 0), m.get("for")) for m in entry.get("m", ())
        )
        return kind, entry["t"], entry["amt"], entry["prj"], matches, entry.get("inv")
    if kind in {"refund", "clawback"}:
        back = {each["pool"]: each["amt"] for each in entry.get("m", ())}
        return kind, entry["ref"], entry.get("amt"), back
    if kind == "share":
        fixed = tuple(entry[name] for name in ("r", "pool", "slice", "bud", "cnt", "tot"))
        paid = tuple((each[0], each[-1]) for each in entry.get("prj", ()))
        paid += tuple(tuple(each) for each in entry.get("m", ()))
        return kind, *fixed, paid, entry.get("upto"), entry.get("left")
    if kind == "close":
        projects = tuple(tuple(each) for each in entry.get("prj", ()))
        return kind, entry["pool"], entry["rest"], entry["to"], projects
    names = {
        "freeze": ("prj", "st"), "seed": ("r", "day"), "notice": ("pool", "until"),
        "rule": ("r",), "pool": ("pool", "amt"),
    }  # fmt: skip
    return kind, *(entry[name] for name in names.get(kind, ()))


def wanted(row: dict[str, Any]) -> tuple[Any, ...]:
    """Write a row of the oracle's book as the log should show it."""
    kind = row["k"]
    if kind == "don":
        matches = tuple(
            (m["r"], m["amt"], m["by"], m["c"], m["for"] if m["for"] != row["n"] else None)
            for m in row["m"]
        )
        return kind, minute_text(row["at"]), row["amt"], row["prj"], matches, row["inv"]
    if kind in {"refund", "clawback"}:
        back = {pool: amount for pool, amount in row["m"].items() if amount}
        return kind, row["ref"], row.get("amt"), back
    if kind == "share":
        slice_ = row["slice"] if row["slice"] in {CLOSE, RETRO} else minute_text(row["slice"])
        fixed = row["rule"], row["pool"], slice_, row["bud"], row["cnt"], row["tot"]
        paid = tuple(tuple(each) for each in (row["prj"] if "prj" in row else row["m"]))
        return kind, *fixed, paid, row.get("upto"), row["left"]
    if kind == "close":
        return kind, row["pool"], row["rest"], row["to"], tuple(row["prj"])
    others: dict[str, Callable[[], tuple[Any, ...]]] = {
        "freeze": lambda: (row["prj"], row["st"]),
        "seed": lambda: (row["code"], day_text(row["day"])),
        "notice": lambda: (row["pool"], minute_text(row["until"])),
        "rule": lambda: (row["r"],),
        "pool": lambda: (row["pool"], row["amt"]),
    }
    return kind, *others.get(kind, tuple)()


def pools_of(house: House) -> dict[str, Any]:
    """Read what the accounts of the pools hold."""
    return {
        pool: {kind: house.balance(f"pool:{pool}", kind, pool)
               for kind in ("available", "returned", "unspent", "sharing")}
        | {"promised": {code: house.balance(f"pool:{pool}", "promised", code)
                        for code in PROJECTS}}
        for pool in POOLS
    }  # fmt: skip


def after(
    ready: Furnished, stream: Stream, settle: Callable[[House], object]
) -> tuple[list[Any], list[tuple[Any, ...]], dict[str, Any]]:
    """Settle a stream; return the tables, what the log says, and the pools."""
    with cloned(ready) as house, capture_logs():
        fill(house, stream.rows)
        settle(house)
        house.settle_connection.commit()
        bad = "SELECT code, detail FROM settlement_outcome WHERE code = ANY(%s)"
        assert not house.web.execute(bad, (["bad-instruction", "bad-rule"],)).fetchall()
        stuck = house.web.execute("SELECT n, place, error FROM settlement_stuck").fetchall()
        assert not stuck
        house.check()
        tables = [house.web.execute(query).fetchall() for query in (*STATE, *MORE_STATE)]
        said = [shown(entry) for entry in house.entries()[stream.setting.first :]]
        return tables, said, pools_of(house)


def first_number(ready: Furnished) -> int:
    with psycopg.connect(database_url("owner", HOME, ready.name)) as owner:
        row = owner.execute("SELECT max(first + count) FROM tlog_entries").fetchone()
    assert row is not None
    return int(row[0])


def setting_of(ready: Furnished) -> Setting:
    return Setting(
        opens=OPENS, closes=CLOSES, admitted=frozenset(CHANNELS) - {"odd"}, channels=CHANNELS,
        charities=PROJECTS, pools=POOLS, first=first_number(ready), surprises=SURPRISES, step=STEP,
    )  # fmt: skip


def settles_as_the_oracle_says(ready: Furnished, rules: Rules, plan: Plan, later: Plan) -> None:
    setting = setting_of(ready)
    stream = write_out(setting, rules, plan, later)
    book = oracle.settle(setting, stream.events)
    tables, said, pools = after(ready, stream, settle_plainly)
    for ours, theirs in itertools.zip_longest(said, map(wanted, book.told)):
        assert ours == theirs
    assert pools == {pool: oracle.balances(book, pool) for pool in POOLS}
    for settle in (settle_by_sevens, settle_as_one, settle_overlapping):
        assert after(ready, stream, settle)[0] == tables


@pytest.fixture
def small_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """A closing takes few claims a step, so that things happen between its steps."""
    monkeypatch.setattr(find_step, "CLAIMS_A_STEP", STEP)
    monkeypatch.setattr(find_step, "GIFTS_A_STEP", STEP)


@settings(max_examples=5, phases=QUICK)
@given(rules=rule_sets(["at-once"]), plan=plans())
def test_rules_that_decide_at_once_do_as_the_oracle_in_batches_of_any_size(
    ready: Furnished, small_steps: None, rules: Rules, plan: Plan
) -> None:
    settles_as_the_oracle_says(ready, rules, plan, [])


@settings(max_examples=5, phases=QUICK)
@given(rules=company(), plan=plans(friends=True))
def test_rules_that_look_at_other_gifts_do_as_the_oracle(
    ready: Furnished, small_steps: None, rules: Rules, plan: Plan
) -> None:
    settles_as_the_oracle_says(ready, rules, plan, [])


@settings(max_examples=5, phases=QUICK)
@given(
    rules=rule_sets(["at-once", "slice", CLOSE, CLOSE, RETRO]),
    plan=plans(),
    between=st.lists(acts(), max_size=4),
)
def test_all_kinds_do_as_the_oracle_until_the_pools_are_closed(
    ready: Furnished, small_steps: None, rules: Rules, plan: Plan, between: list[Step]
) -> None:
    first, *rest = ending()
    settles_as_the_oracle_says(ready, rules, plan, [first, (1, between), *rest])


def friends_rule(friends: int) -> dict[str, Any]:
    gives = {"kind": "friends", "on": "R1", "friends": friends, "low": 2, "high": 2}
    return {"gives": gives, "window": {"budget": 10**9}}


def test_behind_an_entry_of_a_draw_a_gift_is_known_by_its_own_number(house: House) -> None:
    house.furnish(channel={"clock": "rail"})
    gives = {"kind": "random-range", "low": 1, "high": 2}
    house.rule({"gives": gives, "window": {"budget": 10**9}}, code="R2")
    order = house.order(300)
    house.send(order, lane="web")
    number = house.give(300, "", order=order.no)
    assert [entry["k"] for entry in house.entries()[number - 1 :]] == ["draw", "don"]
    assert house.web.execute("SELECT number FROM giving_seen").fetchall() == [(number,)]
    assert house.web.execute("SELECT number FROM payments_paid").fetchall() == [(number,)]


def test_a_gift_is_multiplied_once_whatever_a_later_version_asks_of_friends(house: House) -> None:
    house.furnish(channel={"clock": "file"})
    house.rule(friends_rule(1), code="R2")
    house.rule(friends_rule(2), code="R2", from_="2025-01-01T00:00Z")
    number = house.give(500, paid_at=1_700_000_000)
    first = house.give(100, person=BOB, invite=number, paid_at=1_700_000_000)
    second = house.give(100, person=CAROL, invite=number, paid_at=1_757_379_600)
    assert house.web.execute("SELECT count(*) FROM settlement_stuck").fetchone() == (0,)
    given_ = [m["amt"] for n in (first, second) for m in house.entries()[n]["m"] if "for" in m]
    assert sum(given_) == 1_000
    house.check()


def test_a_new_cap_over_the_campaign_counts_what_came_before_it_in_the_same_batch(
    house: House,
) -> None:
    house.furnish(channel={"clock": "file"})
    house.give(500, paid_at=1_757_379_600)
    terms = ratio() | {"caps": {"person_campaign": 700}}
    body = {"code": "R1", "pool": "tree", "from": "2098-01-01T00:00Z", "terms": terms}
    publish = Instruction(bytes(15) + b"1", "publish-rule", "li", "wang", body)
    house.send(publish, house.deed(500, paid_at=4_070_000_000))
    house.settle()
    (match,) = house.entries()[-1]["m"]
    assert (match["r"], match["amt"], match["by"]) == ("R1.2", 200, "person-campaign")


def test_a_quadratic_pool_may_give_more_than_the_gifts_it_answers(ready: Furnished) -> None:
    """Twenty gifts of one yuan ask for 20 x 20 - 20 yuan; they were only twenty."""
    gives = {"kind": "quadratic", "unit": 100}
    rules: Rules = [
        ("A", "tree", [{"gives": gives, "decided": CLOSE, "window": {"budget": 2_375}}])
    ]
    stream = write_out(setting_of(ready), rules, [], [])
    with cloned(ready) as house:
        people = [hashlib.sha256(b"%d" % n).digest()[:16] for n in range(20)]
        deeds: list[Envelope] = [house.deed(100, person=person) for person in people]
        close = Instruction(bytes(15) + b"9", "close-claims", "li", "wang", {"rule": "A.1"})
        rows: list[tuple[int, list[Envelope]]] = [
            *stream.rows,
            (OPENS + 60, deeds),
            (CLOSES + 3600, [close]),
        ]
        fill(house, rows)
        house.settle()
        entry = house.entries()[-1]
        assert (entry["k"], entry["cnt"], entry["bud"], entry["left"]) == ("share", 20, 2_375, 0)
        assert entry["prj"] == [[BOOKS, 20, 20, 2_375]]
        house.check()

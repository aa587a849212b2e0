"""What settlement writes fits an entry, whoever asks for it; what does not is refused whole."""

from pathlib import Path
from typing import Any

import pytest

from jusha.inbox.append import new_id
from jusha.inbox.envelopes import Instruction
from jusha.inbox.keys import person_key
from jusha.merkle.encoding import encode64
from jusha.settlement import instructions
from jusha.settlement.task import InstructionRefusedError, Task, enter
from tests.cast import ALICE, BOOKS, SECRET, House, ratio
from tests.settlement.test_kinds import NOON, campaign, kind, later, past
from tests.verify.logs import VKEY, canonical, write_log
from verify import recompute

MANY = 1_200
CODES = [f"p{n:04}-" + "x" * 34 for n in range(MANY)]


def open_many(house: House) -> None:
    """Open twelve hundred projects with codes as long as they may be."""
    bodies = [{"code": code, "charity": "shan", "running_permille": 0} for code in CODES]
    asked = [Instruction(new_id(), "open-project", "li", "wang", body) for body in bodies]
    house.send(*asked, lane="console")
    house.settle()


def one_gift_each(house: House, amount: int) -> None:
    """Give every project one gift, each by somebody else."""
    deeds = [
        house.deed(amount, code, person_key(SECRET, "test", code), campaign="past", paid_at=NOON)
        for code in CODES
    ]
    house.send(*deeds)
    house.settle()


def stranger_agrees(house: House, folder: Path) -> None:
    """Let the stranger's script recompute the log, whatever still waits in it."""
    found = recompute.recompute(write_log(folder, list(map(canonical, house.entries())), {}), VKEY)
    assert found["differences"] == []


def test_a_round_in_which_nobody_of_thousands_gets_anything_fits_the_log(
    house: House, tmp_path: Path
) -> None:
    past(house, kind("quadratic", gives={"unit": 1}, decided="close"))
    open_many(house)
    one_gift_each(house, 400)  # a lone donor's root weighs nothing
    before = len(house.entries())
    assert house.instruct("close-claims", rule="P1.1") == ("done", before)
    shares = house.entries()[before:]
    assert [len(e["prj"]) for e in shares] == [500, 500, 200]
    assert [e.get("left") for e in shares] == [None, None, 10_000]
    assert [row[0] for e in shares for row in e["prj"]] == CODES
    assert house.balance("pool:grove", "available", "grove") == 10_000
    house.check()
    stranger_agrees(house, tmp_path)


def test_a_small_rest_spread_over_thousands_fits_the_log(house: House, tmp_path: Path) -> None:
    past(house, ratio(), pool=MANY * 400 + 15, on_return="spread", notice_days=0)
    open_many(house)
    one_gift_each(house, 400)
    assert house.instruct("begin-notice", pool="grove")[0] == "done"
    later(house, minutes=1)
    before = len(house.entries())
    assert house.instruct("close-pool", pool="grove") == ("done", before)
    closes = house.entries()[before:]
    # ties go to the smaller codes: fifteen get a fen each, fourteen of them fill one entry
    assert [len(e["prj"]) for e in closes] == [14, 500, 500, 186]
    assert sum(amount for e in closes for _, amount in e["prj"]) == 15
    house.check()
    stranger_agrees(house, tmp_path)


@pytest.mark.parametrize("projects", [14, 28, 500, 1_000])
def test_a_rest_that_fills_its_entries_leaves_no_empty_one(
    house: House, projects: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.settlement.test_entries.CODES", CODES[:projects])
    spread = 15 if projects > 28 else projects
    past(house, ratio(), pool=projects * 400 + spread, on_return="spread", notice_days=0)
    open_many(house)
    one_gift_each(house, 400)
    house.instruct("begin-notice", pool="grove")
    later(house, minutes=1)
    _, first = house.instruct("close-pool", pool="grove")
    closes = house.entries()[first:]
    assert all(e["prj"] for e in closes)
    assert sum(len(e["prj"]) for e in closes) == projects
    house.check()


LONG = "长" * 30_000
BAD: dict[str, tuple[str, dict[str, Any], str]] = {
    "a pool of 2^53 fen": (
        "fund-pool",
        {"code": "big", "campaign": "day", "sponsor": "x", "amount": 1 << 53, "how": "secured"},
        "bad-instruction",
    ),
    "a null in a sponsor's name": (
        "fund-pool",
        {"code": "big", "campaign": "day", "sponsor": "\0", "amount": 1, "how": "secured"},
        "bad-instruction",
    ),
    "a null in a code": ("admit-charity", {"code": "\0"}, "bad-instruction"),
    "a charity that is no text": (
        "open-project",
        {"code": "x", "charity": ["shan"], "running_permille": 1},
        "bad-instruction",
    ),
    "a project that is no text": ("close-project", {"code": ["x"]}, "bad-instruction"),
    "a channel that may draw less than nothing": (
        "admit-channel",
        {"code": "x", "terms": {"assets": ["CNY"], "clock": "rail", "draw_max": -1}},
        "bad-channel",
    ),
    "a channel of unknown money": (
        "admit-channel",
        {"code": "x", "terms": {"assets": ["XAU"], "clock": "rail"}},
        "bad-channel",
    ),
    "a campaign that admits no code": (
        "open-campaign",
        {
            "code": "x",
            "terms": {
                "opens": "2026-01-01T00:00Z",
                "closes": "2026-01-02T00:00Z",
                "channels": ["Li Ming"],
            },
        },
        "bad-code",
    ),
    "a minute that strangers cannot read": (
        "open-campaign",
        {"code": "x", "terms": {"opens": "2026-1-1T00:00Z", "closes": "2026-01-02T00:00Z"}},
        "bad-instruction",
    ),
    "a version from such a minute": (
        "publish-rule",
        {"code": "R9", "pool": "tree", "terms": ratio(), "from": "2020-1-1T0:00Z"},
        "bad-instruction",
    ),
    "a rule with a title too long": (
        "publish-rule",
        {
            "code": "R9",
            "pool": "tree",
            "terms": ratio(title_zh=LONG),
            "from": "2020-01-01T00:00Z",
        },
        "bad-instruction",
    ),
    "a rule with half a span of earlier gifts": (
        "publish-rule",
        {
            "code": "R9",
            "pool": "tree",
            "terms": ratio(since="once"),
            "from": "2020-01-01T00:00Z",
        },
        "bad-rule",
    ),
    "a seal of a day in another spelling": (
        "seal",
        {"campaign": "day", "day": "2026-1-1", "salt": bytes(16)},
        "bad-instruction",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_what_no_entry_or_column_can_hold_is_refused_and_nothing_is_left_of_it(
    house: House, case: str
) -> None:
    asked, body, code = BAD[case]
    house.furnish()
    before = house.entries()
    assert house.instruct(asked, **body)[0] == code
    assert house.entries() == before
    house.give(100)
    house.check()


def test_a_seal_of_no_day_leaves_no_table(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("jusha.settlement.seal.SUMS_BYTES_MAX", 10)
    house.furnish()
    house.give(100)
    body: dict[str, Any] = {"campaign": "day", "day": "some day", "salt": bytes(16)}
    assert house.instruct("seal", **body)[0] == "bad-instruction"
    row = house.web.execute("SELECT count(*) FROM tlog_table").fetchone()
    assert row == (0,)


def test_a_secret_too_long_for_an_entry_stays_unrevealed(house: House) -> None:
    house.furnish(channel={"clock": "rail"})
    gives = {"low": 0, "high": 1_000}
    house.rule(kind("random-range", gives=gives), code="N1")
    secret = bytes(60_000)
    digest = house.settlement.world.secrets.keep(secret)  # type: ignore[attr-defined]
    asked = house.instruct("commit-seed", rule="N1", day="2025-09-09", hash=digest)
    assert asked[0] == "done"
    before = house.entries()
    assert house.instruct("reveal", secret=secret)[0] == "bad-instruction"
    assert house.entries() == before
    row = house.web.execute("SELECT revealed FROM matching_seed").fetchone()
    assert row is not None
    assert not row[0]
    house.check()


def test_a_surprise_that_names_another_secret_is_refused(house: House) -> None:
    house.furnish()
    campaign(house)
    house.fund(1_000, code="grove", campaign="past")
    keep = house.settlement.world.secrets.keep  # type: ignore[attr-defined]
    for secret in (bytes(range(200, 232)), b'{"from":7}', b"\xff" * 32):
        window = {"budget": 1_000, "surprise": encode64(keep(secret))}
        named = ratio() | {"window": window}
        body: dict[str, Any] = {"code": "P1", "pool": "grove", "from": "2025-09-08T16:00Z"}
        assert house.instruct("publish-rule", terms=named, **body)[0] == "secret-not-kept"
    house.check()


def test_an_instruction_that_fails_half_way_is_parked_and_leaves_nothing(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    def half_way(task: Task) -> int:
        enter(task, {"k": "charity", "org": "half"})
        raise InstructionRefusedError("too-late-to-refuse")

    house.furnish()
    before = house.entries()
    monkeypatch.setitem(instructions.HANDLERS, "half-way", half_way)
    asked = Instruction(new_id(), "half-way", "li", "wang", {})
    house.send(asked, house.deed(100, BOOKS, ALICE), lane="console")
    assert house.settle().stuck == 1
    assert [e["k"] for e in house.entries()[len(before) :]] == ["don"]
    row = house.web.execute("SELECT error FROM settlement_stuck").fetchone()
    assert row is not None
    assert row[0] == "HalfCarriedOutError: half-way: too-late-to-refuse {}"

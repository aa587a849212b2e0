"""What people and jobs decide: obeyed once, refused with a code, written before it acts."""

from typing import Any

import pytest

from jusha.inbox.append import new_id
from jusha.inbox.envelopes import Instruction
from tests.cast import ALWAYS, BOOKS, House, ratio

FUND: dict[str, Any] = {
    "code": "t", "campaign": "day", "sponsor": "Tree Ltd", "amount": 1, "how": "secured",
}  # fmt: skip
RULE: dict[str, Any] = {"code": "R1", "pool": "tree", "terms": ratio()}


def test_an_instruction_sent_twice_is_obeyed_once(house: House) -> None:
    order = Instruction(new_id(), "admit-charity", "li", body={"code": "shan"})
    house.send(order, order, lane="console")
    house.settle()
    house.send(order, lane="console")
    house.settle()
    assert [entry["k"] for entry in house.entries()] == ["charity"]


@pytest.mark.parametrize(
    ("kind", "body", "code"),
    [
        ("dance", {}, "unknown-instruction"),
        ("admit-charity", {}, "bad-instruction"),
        ("admit-charity", {"code": "has space"}, "bad-code"),
        ("admit-charity", {"code": "shan"}, "code-taken"),
        ("admit-channel", {"code": "x", "terms": {"assets": 7}}, "bad-instruction"),
        ("open-project", {"code": "x", "charity": "who", "running_permille": 1}, "unknown-charity"),
        (
            "open-project",
            {"code": "x", "charity": "shan", "running_permille": 1001},
            "bad-permille",
        ),
        ("close-project", {"code": "nowhere"}, "project-not-open"),
        (
            "open-campaign",
            {"code": "x", "terms": {"opens": "2026-01-02T00:00Z", "closes": "2026-01-01T00:00Z"}},
            "closes-before-it-opens",
        ),
        ("fund-pool", FUND | {"campaign": "x"}, "bad-pool"),
        ("fund-pool", FUND | {"amount": 0}, "bad-pool"),
        ("publish-rule", RULE | {"from": "yesterday"}, "bad-instruction"),
        ("publish-rule", RULE | {"from": "2020-01-01T00:00Z", "pool": "none"}, "unknown-pool"),
        ("refund", {"deed": 10**9, "amount": 1, "reason": ""}, "unknown-deed"),
        ("seal", {"campaign": "none"}, "unknown-campaign"),
        ("seal", {"campaign": "day", "day": "2026-01-01", "salt": b"short"}, "salt-too-short"),
    ],
)
def test_an_instruction_that_does_not_fit_is_refused_and_changes_nothing(
    house: House, kind: str, body: dict[str, Any], code: str
) -> None:
    house.furnish()
    before = house.entries()
    assert house.instruct(kind, **body)[0] == code
    assert house.entries() == before
    house.check()


def test_a_rule_needs_two_persons(house: House) -> None:
    house.furnish()
    body: dict[str, Any] = RULE | {"from": "2099-01-01T00:00Z"}
    assert house.instruct("publish-rule", second="", **body)[0] == "needs-two-persons"
    assert house.instruct("publish-rule", second="li", **body)[0] == "needs-two-persons"


def test_once_a_gift_has_come_a_new_version_needs_a_minute_of_notice(house: House) -> None:
    house.furnish()
    house.give(100)
    assert house.instruct("publish-rule", **RULE, **{"from": "2024-01-01T00:00Z"})[0] == "bad-rule"
    assert house.instruct("publish-rule", **RULE, **{"from": "2098-01-01T00:00Z"})[0] == "done"


def test_a_new_version_acts_from_its_minute_on(house: House) -> None:
    house.furnish(channel={"clock": "file"})
    house.rule(ratio(numerator=2), from_="2025-09-09T01:00Z")
    for at in (1_757_379_599, 1_757_379_600):
        house.give(1_000, paid_at=at)
    matches = [entry["m"][0] for entry in house.entries() if entry["k"] == "don"]
    assert [(m["amt"], m["r"]) for m in matches] == [(1_000, "R1.1"), (2_000, "R1.2")]
    house.check()


def test_money_for_a_closed_project_is_held(house: House) -> None:
    house.furnish()
    assert house.instruct("close-project", code=BOOKS)[0] == "done"
    house.give(500)
    assert house.entries()[-1]["why"] == "project-gone"
    house.check()


def test_a_closed_campaign_takes_the_gift_without_a_match(house: House) -> None:
    house.furnish(channel={"clock": "file"})
    over: dict[str, Any] = {
        "opens": "2024-01-01T00:00Z",
        "closes": "2024-01-02T00:00Z",
        "channels": ["partner"],
    }
    assert house.instruct("open-campaign", code="past", terms=over)[0] == "done"
    pool: dict[str, Any] = {
        "code": "p2",
        "campaign": "past",
        "sponsor": "x",
        "amount": 10**6,
        "how": "trusted",
    }
    assert house.instruct("fund-pool", **pool)[0] == "done"
    rule: dict[str, Any] = {
        "code": "R2",
        "pool": "p2",
        "terms": ratio(),
        "from": "2024-01-01T00:00Z",
    }
    assert house.instruct("publish-rule", **rule)[0] == "done"
    number = house.give(500, campaign="past", paid_at=1_757_379_600)
    assert house.entries()[number]["m"] == [{"amt": 0, "by": "closed", "pool": "p2", "r": "R2.1"}]
    house.check()


def test_a_file_channel_takes_part_only_where_it_is_named(house: House) -> None:
    house.furnish(channel={"clock": "file"})
    assert house.instruct("open-campaign", code="open", terms=ALWAYS)[0] == "done"
    pool: dict[str, Any] = {
        "code": "p2",
        "campaign": "open",
        "sponsor": "x",
        "amount": 10**6,
        "how": "secured",
    }
    assert house.instruct("fund-pool", **pool)[0] == "done"
    rule: dict[str, Any] = {
        "code": "R2",
        "pool": "p2",
        "terms": ratio(),
        "from": "2024-01-01T00:00Z",
    }
    assert house.instruct("publish-rule", **rule)[0] == "done"
    number = house.give(500, campaign="open", paid_at=1_757_379_600)
    assert house.entries()[number]["m"][0]["by"] == "not-admitted"
    house.check()


@pytest.mark.parametrize(
    ("terms", "amounts", "reason"),
    [
        ({"gift_max": 1_000}, (1_001,), "over-gift-limit"),
        ({"minute_max": 1_000, "clock": "file"}, (600, 600), "over-minute-limit"),
        ({"day_max": 1_000}, (600, 600), "over-day-limit"),
        ({"projects": ["shan-water"]}, (100,), "project-not-admitted"),
    ],
)
def test_money_beyond_a_channels_rights_is_held(
    house: House, terms: dict[str, Any], amounts: tuple[int, ...], reason: str
) -> None:
    house.furnish(channel=terms)
    house.send(*(house.deed(amount) for amount in amounts))
    house.settle()
    assert house.entries()[-1]["why"] == reason
    house.check()


def test_a_channel_draws_no_more_than_it_may_before_it_is_reconciled(house: House) -> None:
    house.furnish(channel={"draw_max": 1_500})
    house.send(house.deed(1_000), house.deed(1_000))
    house.settle()
    matches = [entry["m"][0] for entry in house.entries() if entry["k"] == "don"]
    assert [(m["amt"], m["by"]) for m in matches] == [(1_000, "rule"), (500, "channel")]
    house.check()


def test_a_channel_draws_again_what_its_bills_confirm(house: House) -> None:
    house.furnish(channel={"draw_max": 1_500})
    house.give(1_000)
    told: dict[str, Any] = {"channel": "partner", "day": "2026-01-31", "amount": 800}
    assert house.instruct("reconciled", **told)[0] == "done"
    assert house.entries()[-1].items() >= {"amt": 800, "ch": "partner", "day": "2026-01-31"}.items()
    for amount, by in ((1_000, "rule"), (300, "channel")):
        house.give(1_000)
        assert (house.entries()[-1]["m"][0]["amt"], house.entries()[-1]["m"][0]["by"]) == (
            amount, by,
        )  # fmt: skip
    for wrong, code in (
        ({"amount": 1_501}, "more-than-was-drawn"),
        ({"amount": 0}, "more-than-was-drawn"),
        ({"channel": "none"}, "unknown-channel"),
        ({"day": "yesterday"}, "bad-instruction"),
        ({"more": 1}, "bad-instruction"),
    ):
        assert house.instruct("reconciled", **(told | wrong))[0] == code
    assert house.instruct("reconciled", **(told | {"amount": 1_500}))[0] == "done"
    house.check()


def test_a_seal_states_the_totals_and_a_day_seal_the_persons(house: House) -> None:
    house.furnish(channel={"clock": "file"})
    refunded = house.give(1_000, paid_at=1_757_379_600)
    house.give(500, paid_at=1_757_379_600)
    assert house.instruct("refund", deed=refunded, amount=400, reason="asked")[0] == "done"
    body: dict[str, Any] = {"campaign": "day", "day": "2025-09-09", "salt": bytes(32)}
    assert house.instruct("seal", **body)[0] == "done"
    seal = house.entries()[-1]
    assert seal["sums"] == {
        BOOKS: {"cnt": 2, "don": 1_500, "match": 1_500, "refund": 400, "back": 400}
    }
    assert (seal["persons"]["cnt"], seal["persons"]["sum"]) == (1, 1_500)
    house.check()


def test_a_campaign_has_no_more_rules_than_an_entry_has_places(house: House) -> None:
    house.furnish()
    for n in range(2, 13):
        house.rule(ratio(denominator=100), code=f"R{n}")
    body: dict[str, Any] = RULE | {"code": "R13", "from": "2020-01-01T00:00Z"}
    assert house.instruct("publish-rule", **body)[0] == "bad-rule"
    house.give(10_000)
    assert len(house.entries()[-1]["m"]) == 12
    house.check()


def test_a_rule_code_belongs_to_one_pool_in_all_campaigns(house: House) -> None:
    house.furnish()
    assert house.instruct("open-campaign", code="two", terms=ALWAYS)[0] == "done"
    pool: dict[str, Any] = {
        "code": "oak",
        "campaign": "two",
        "sponsor": "Oak",
        "amount": 500,
        "how": "secured",
    }
    assert house.instruct("fund-pool", **pool)[0] == "done"
    body: dict[str, Any] = RULE | {"pool": "oak", "from": "2020-01-01T00:00Z"}
    assert house.instruct("publish-rule", **body)[0] == "bad-rule"

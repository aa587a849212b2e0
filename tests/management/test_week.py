"""The invented week with every kind of rule, small: books, log and replay agree."""

import psycopg
import pytest

from jusha.management.drill.week import Week
from jusha.settlement.secrets import installed
from tests.cast import House


@pytest.mark.drill
def test_a_week_with_every_kind_of_rule_ends_in_release_and_clean_books(
    house: House, owner: psycopg.Connection
) -> None:
    owner.autocommit = False
    lines: list[str] = []
    week = Week(owner, house.settlement, installed(), gifts=400, tell=lines.append)
    told = week.run()
    kinds = {entry["k"] for entry in house.entries()}
    assert {"share", "clawback", "freeze", "notice", "close", "release", "paid", "draw"} <= kinds
    assert {"seed", "reveal", "refund", "seal"} <= kinds
    assert told.gifts > 400
    used = house.web.execute(
        "SELECT DISTINCT r.code FROM matching_match m JOIN matching_rule r ON r.id = m.rule"
    ).fetchall()
    assert {code for (code,) in used} == {rule["code"] for rule in week.world["rules"]}
    assert house.web.execute("SELECT count(*) FROM settlement_stuck").fetchone() == (0,)
    house.check()

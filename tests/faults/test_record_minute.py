"""The record minute and the three days in small: every gift is there, and the figures are real."""

import json

import pytest

from jusha.management.drill.installation import Installation
from jusha.management.drill.record_minute import Plan, RecordMinute, report
from jusha.management.drill.three_days import (
    ThreeDays,
)


@pytest.mark.drill
@pytest.mark.parametrize("with_orders", [False, True])
def test_a_minute_in_small_is_accepted_settled_and_published_to_the_fen(
    installation: Installation, *, with_orders: bool
) -> None:
    told: list[str] = []
    count = 300 if with_orders else 3_000
    plan = Plan(gifts=count, seconds=2.0, connections=64, with_orders=with_orders)
    figures, checks = RecordMinute(installation, plan, told.append).run()
    assert not [(check.name, check.wrong) for check in checks if check.wrong], "\n".join(told)
    assert len(checks) == 5
    assert 0 < figures["accepted_s"] <= figures["settled_s"] <= figures["published_s"]
    assert 0 < figures["p50_ms"] <= figures["p99_ms"] <= figures["max_ms"]
    assert figures["sent"]["acknowledged"] == count
    named = {"door", "settlement", "publisher", "generator"}
    named |= {"postgres for settlement", "postgres for the door"}
    assert named <= set(figures["cpu_s"])
    assert figures["wal_bytes"] > 0 < figures["table_bytes"]["giving_deed"]
    assert with_orders == ("orders_placed_s" in figures)
    assert json.dumps(figures)
    assert "\n".join(report(figures)) in "\n".join(told)


@pytest.mark.drill
def test_three_days_in_small_are_exact_by_person_and_day(installation: Installation) -> None:
    told: list[str] = []
    figures, checks = ThreeDays(installation, count=20_000, tell=told.append).run()
    assert not [(check.name, check.wrong) for check in checks if check.wrong], "\n".join(told)
    assert figures["gifts"] == 20_000
    assert len(figures["tenths_per_second"]) == 10
    assert json.dumps(figures)

"""What is done next about an order on a rail, as a table of facts."""

from typing import Any

import pytest

from jusha.payments.attempt_rules import (
    GRACE_SECONDS,
    SETTLE_SECONDS,
    Facts,
    after_query,
    after_refusal,
    after_unsure,
    look_after,
    step,
)
from jusha.payments.rails.seam import Paid, State

NOW = 1_000_000
PAID = Paid("4200", "20261123", 2_000, "CNY", "1900000109", "o", NOW)


def facts(**changes: Any) -> Facts:
    return Facts("ready", "wechat", 2_000, "1900000109", "", "", NOW - 30, NOW + 870, 0)._replace(
        **changes
    )


@pytest.mark.parametrize(
    ("changes", "verb", "why"),
    [
        ({"state": "asked"}, "create", ""),
        ({"state": "asked", "amount": 0}, "wait", ""),
        ({"state": "asked", "amount": 0, "outcome": "project-gone"}, "refuse", "project-gone"),
        ({"state": "asked", "amount": 0, "created_at": NOW - SETTLE_SECONDS - 1}, "refuse",
         "unknown-order"),
        ({"state": "asked", "merchant": ""}, "refuse", "no-merchant"),
        ({"state": "asked", "paid_by": "alipay"}, "refuse", "order-paid"),
        ({"state": "asked", "paid_by": "wechat"}, "done", ""),
        ({}, "query", ""),
        ({"paid_by": "wechat"}, "done", ""),
        ({"paid_by": "alipay"}, "close", "paid-elsewhere"),
    ],
)  # fmt: skip
def test_the_next_step_follows_from_the_facts(changes: Any, verb: str, why: str) -> None:
    assert step(facts(**changes), NOW) == (verb, why)


def test_an_open_order_is_closed_only_when_its_time_and_a_grace_are_over() -> None:
    over = NOW - GRACE_SECONDS - 1
    unpaid = State("unpaid")
    assert not after_query(facts(), unpaid, NOW)[1]
    assert not after_query(facts(expires_at=NOW), unpaid, NOW)[1]
    assert after_query(facts(expires_at=over), unpaid, NOW)[1]
    following, must_close = after_query(facts(expires_at=over), State("unknown"), NOW)
    assert (following.state, following.after_s, must_close) == ("closed", None, False)
    assert after_query(facts(expires_at=over), State("paid", PAID), NOW)[0].state == "ready"


def test_no_answer_changes_nothing_but_the_time_of_the_next_question() -> None:
    asked = after_unsure(facts(state="asked"), "SYSTEM_ERROR")
    assert (asked.state, asked.told, asked.tries) == ("asked", "SYSTEM_ERROR", 1)
    assert after_unsure(facts(), "SYSTEM_ERROR").state == "ready"


def test_a_refusal_ends_what_was_never_shown_and_keeps_what_may_be_paid() -> None:
    assert after_refusal(facts(state="asked"), "NO_AUTH") == ("refused", "NO_AUTH", 1, None)
    assert after_refusal(facts(), "NO_AUTH").state == "ready"
    assert after_refusal(facts(state="asked"), "paid").state == "ready"


def test_questions_grow_rare_and_never_end() -> None:
    waits = [look_after(tries) for tries in range(12)]
    assert waits[:5] == [20, 20, 40, 80, 160]
    assert waits[5:] == [300] * 7

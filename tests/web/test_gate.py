"""Who places many orders and pays none is asked, then told to wait; nobody else notices."""

from datetime import UTC, datetime
from typing import Any

import pytest
from django.test import Client

from jusha.people.models import UserAccount
from jusha.web.challenge import Sum
from jusha.web.gate import (
    ADDRESS_ASKS,
    ADDRESS_WAITS,
    DEVICE_ASKS,
    DEVICE_WAITS,
    WINDOW_SECONDS,
    Gate,
)
from tests.cast import BOOKS
from tests.web.conftest import Site
from tests.web.staff import signed_in

NOW = int(datetime(2026, 9, 9, 8, 0, tzinfo=UTC).timestamp())
HERE = "192.0.2.7"


def answer_to(question: str) -> str:
    return str(sum(int(word) for word in question.split() if word.isdigit()))


def test_an_address_is_asked_then_told_to_wait_and_forgotten_after_ten_minutes() -> None:
    gate = Gate()
    for _ in range(ADDRESS_ASKS):
        gate.count(HERE, now_s=NOW)
    assert gate.verdict(HERE, unpaid=0, now_s=NOW) == "pass"
    gate.count(HERE, now_s=NOW)
    assert gate.verdict(HERE, unpaid=0, now_s=NOW) == "ask"
    assert gate.verdict("192.0.2.8", unpaid=0, now_s=NOW) == "pass"
    for _ in range(ADDRESS_WAITS):
        gate.count(HERE, now_s=NOW)
    assert gate.verdict(HERE, unpaid=0, now_s=NOW) == "wait"
    assert gate.verdict(HERE, unpaid=0, now_s=NOW + WINDOW_SECONDS) == "pass"


def test_a_browser_is_judged_by_what_it_left_unpaid() -> None:
    gate = Gate()
    verdicts = [
        gate.verdict(HERE, unpaid=unpaid, now_s=NOW)
        for unpaid in (DEVICE_ASKS, DEVICE_ASKS + 1, DEVICE_WAITS, DEVICE_WAITS + 1)
    ]
    assert verdicts == ["pass", "ask", "ask", "wait"]


def test_a_question_is_passed_by_its_sum_alone() -> None:
    asked, other = Sum(b"k" * 32), Sum(b"o" * 32)
    text, token = asked.ask()
    right = answer_to(text)
    assert asked.passes(token, f" {right} ")
    assert not asked.passes(token, str(int(right) + 1))
    assert not other.passes(token, right)
    for wrong in ("", "-1", "1e1", "٣", "999"):
        assert not asked.passes(token, wrong)
    assert not asked.passes("", right)


def press(site: Site, **more: str) -> Any:
    form = {"own": "1", "display": "anonymous"} | more
    answer = site.client.post(f"/p/{BOOKS}/donate", form)
    site.house.settle()
    return answer


def test_the_seventh_unpaid_order_of_a_browser_needs_an_answer(site: Site) -> None:
    for _ in range(DEVICE_ASKS + 1):
        assert press(site).status_code == 303
    asked = press(site)
    assert asked.status_code == 422
    html = asked.content.decode()
    assert "款项没有扣" in html
    question = asked.context["question"]
    assert 'for="answer"' in html
    again = press(site, question=question.token, answer=answer_to(question.text))
    assert again.status_code == 303


def test_an_account_is_counted_in_whatever_browser_it_is_signed_in_to(site: Site) -> None:
    account = UserAccount.objects.open()
    for _ in range(DEVICE_ASKS + 1):
        site.client = signed_in(account)
        assert press(site).status_code == 303
    site.client = signed_in(account)
    assert press(site).context["question"]
    site.client = Client()
    assert press(site).status_code == 303, "another person at the same address"


@pytest.mark.parametrize(("again", "status"), [("", 422), ("600", 422), ("6000.00", 303)])
def test_a_large_amount_is_written_twice(site: Site, again: str, status: int) -> None:
    answer = press(site, own="6000", again=again)
    assert answer.status_code == status
    assert ("再写一次" in answer.content.decode()) == (status == 422)

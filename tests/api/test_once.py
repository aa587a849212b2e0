"""However repeats, crashes and rivals come in between, one key makes one order and one answer."""

import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection, connections
from hypothesis import given, settings
from hypothesis import strategies as st

from jusha.api import edge
from jusha.api.idempotency import KEPT_SECONDS, sweep
from jusha.api.models import ApiAnswer, ApiOrder
from tests.api.conftest import Api, Caller, problem
from tests.cast import BOOKS

ORDER: dict[str, Any] = {"project": BOOKS, "campaign": "", "amount": 100}
STEPS = st.lists(
    st.tuples(
        st.sampled_from(["send", "crash-before", "crash-after-work", "lost-answer"]),
        st.sampled_from(["key-number-1", "key-number-2"]),
        st.sampled_from([100, 200]),
    ),
    max_size=8,
)


class CrashError(Exception):
    """The process ended here."""


def orders_in_inbox(api: Api) -> int:
    row = api.house.web.execute(
        "SELECT coalesce(sum(count), 0) FROM inbox_row JOIN inbox_lane USING (lane)"
        " WHERE name = 'web'"
    ).fetchone()
    assert row is not None
    return int(row[0])


def crashing(where: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the next request end before its work, or after it and before it was kept."""
    if where == "crash-before":
        monkeypatch.setattr(edge, "_call", _crash)
    elif where == "crash-after-work":
        monkeypatch.setattr(ApiAnswer.objects, "create", _crash)


def _crash(*_args: object, **_kwargs: object) -> None:
    raise CrashError


@settings(max_examples=30)
@given(steps=STEPS)
def test_any_order_of_repeats_and_crashes_makes_one_order_a_key(
    api: Api, steps: list[tuple[str, str, int]]
) -> None:
    edge.RATES.clear()
    caller, before = api.caller(), orders_in_inbox(api)
    first: dict[str, tuple[int, bytes]] = {}
    for what, name, amount in steps:
        with pytest.MonkeyPatch.context() as patched:
            crashing(what, patched)
            answer = caller.post("orders", ORDER | {"amount": amount}, name=name)
        if name in first:
            known, body = first[name]
            if known == amount:
                assert (answer.status_code, answer.content) == (201, body)
            else:
                problem(answer, 422, "idempotency-key-reused")
        elif what.startswith("crash"):
            problem(answer, 500, "internal")
        else:
            assert answer.status_code == 201
            first[name] = (amount, answer.content)
    assert orders_in_inbox(api) - before == len(first)
    assert caller.row is not None
    assert ApiOrder.objects.filter(key=caller.row.pk).count() == len(first)
    assert ApiAnswer.objects.filter(key=caller.row.pk).count() == len(first)


def test_many_at_once_make_one_order(api: Api) -> None:
    caller, answers = api.caller(), []
    start = threading.Barrier(6)

    def post() -> None:
        mine = Caller(caller.whole)
        start.wait()
        try:
            answers.append(mine.post("orders", ORDER, name="all-at-once"))
        finally:
            connections.close_all()

    threads = [threading.Thread(target=post) for _ in range(6)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert ApiOrder.objects.count() == orders_in_inbox(api) == 1
    assert {each.status_code for each in answers} <= {201, 409}
    assert len({each.content for each in answers if each.status_code == 201}) == 1


def test_a_session_that_dies_in_between_leaves_its_key_free(api: Api) -> None:
    caller = api.caller()

    def die(*_args: object, **_kwargs: object) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(ApiOrder.objects, "create", die)
        problem(caller.post("orders", ORDER, name="dies-halfway"), 503, "unsure")
    connections.close_all()
    assert orders_in_inbox(api) == ApiOrder.objects.count() == 0
    assert caller.post("orders", ORDER, name="dies-halfway").status_code == 201


def test_after_a_day_a_key_is_free_and_its_answer_forgotten(api: Api) -> None:
    caller = api.caller()
    first = caller.post("orders", ORDER, name="yesterdays").json()
    assert sweep(datetime.now(UTC)) == 0
    old = datetime.now(UTC) - timedelta(seconds=KEPT_SECONDS + 1)
    ApiAnswer.objects.update(created_at=old)
    assert caller.post("orders", ORDER, name="yesterdays").json() != first
    ApiAnswer.objects.update(created_at=old)
    assert sweep(datetime.now(UTC)) == 1

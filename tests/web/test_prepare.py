"""Prepared gifts: orders made ahead once, each at a moment of its own, none before its time."""

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
import time_machine
from django.conf import settings
from django.test import Client

from jusha.payments.models import Attempt, Prepared
from jusha.payments.order import OrderRefusedError, Wish, read_opening
from jusha.payments.prepare import (
    AHEAD_MAX_SECONDS,
    AHEAD_MIN_SECONDS,
    Means,
    TooLateError,
    cancel,
    order_due,
    prepare,
)
from tests.cast import BOOKS, WATER
from tests.web.conftest import CERTIFICATE_SQL, Site

NOW = datetime(2026, 9, 4, 20, 0, tzinfo=UTC)
OPENS = NOW + timedelta(hours=4)
MEANS = Means("wechat", "native", "http://localhost:8000/")
WISHES = [Wish(BOOKS, "day", 2_000, note="愿你们都好", dedication="外婆"), Wish(WATER, "day", 500)]


@pytest.fixture
def audited(site: Site) -> Iterator[Site]:
    yield site
    site.house.settle()
    site.house.check()


def plan(**more: Any) -> str:
    return prepare(WISHES, MEANS, **({"opens_at": OPENS, "now": NOW} | more))


def test_orders_are_made_ahead_at_moments_of_their_own(audited: Site) -> None:
    token = plan()
    moments = [OPENS - row.order_at for row in Prepared.objects.filter(token=token)]
    for ahead in moments:
        assert AHEAD_MIN_SECONDS <= ahead.total_seconds() <= AHEAD_MAX_SECONDS
    assert len(set(moments)) == 2
    assert order_due(NOW) == 0
    assert order_due(OPENS) == 2
    assert order_due(OPENS) == 0
    audited.house.settle()
    rows = audited.house.web.execute("SELECT amount FROM payments_order ORDER BY amount").fetchall()
    assert rows == [(500,), (2_000,)]


def test_no_order_is_made_for_a_charity_whose_certificate_is_over_by_then(
    audited: Site, owner: psycopg.Connection
) -> None:
    token = plan()
    owner.execute(CERTIFICATE_SQL, (date(2024, 1, 1), date(2026, 9, 4)))
    assert order_due(OPENS - timedelta(minutes=1)) == 0
    assert {row.told for row in Prepared.objects.filter(token=token)} == {"certificate-expired"}
    assert "公开募捐资格已经到期" in audited.text(f"/prepared/{token}")
    audited.house.settle()
    assert audited.house.web.execute("SELECT count(*) FROM payments_order").fetchone() == (0,)


def test_what_was_private_stays_sealed_and_comes_back_with_the_order(audited: Site) -> None:
    token = plan()
    assert all("外婆".encode() not in bytes(r.sealed) for r in Prepared.objects.all())
    order_due(OPENS)
    number = Prepared.objects.get(token=token, project=BOOKS).order_no
    assert number is not None
    opened = read_opening(number)
    assert opened is not None
    assert (opened[0]["note"], opened[0]["for"]) == ("愿你们都好", "外婆")


def test_the_rail_is_asked_ahead_and_for_longer(audited: Site) -> None:
    plan()
    order_due(OPENS)
    attempts = Attempt.objects.all()
    assert {each.open_until for each in attempts} == {OPENS + timedelta(minutes=15)}
    assert {each.back for each in attempts} == {
        f"http://localhost:8000/o/{each.order_no}" for each in attempts
    }


def test_a_wallet_that_needs_the_moments_address_is_asked_at_the_tap(audited: Site) -> None:
    prepare(WISHES, MEANS._replace(way="h5"), opens_at=OPENS, now=NOW)
    assert order_due(OPENS) == 2
    assert not Attempt.objects.exists()


def test_what_is_cancelled_is_never_ordered(audited: Site) -> None:
    token = plan()
    assert cancel(token) == 2
    assert order_due(OPENS) == 0


def test_too_late_and_too_much_are_refused_and_nothing_is_kept(audited: Site) -> None:
    with pytest.raises(TooLateError):
        plan(now=OPENS - timedelta(seconds=60))
    with pytest.raises(OrderRefusedError):
        prepare([], MEANS, opens_at=OPENS, now=NOW)
    with pytest.raises(OrderRefusedError):
        prepare([Wish(BOOKS, "day", 0)], MEANS, opens_at=OPENS, now=NOW)
    with pytest.raises(OrderRefusedError):
        prepare([Wish(BOOKS, "day", 1, note="字" * 61)], MEANS, opens_at=OPENS, now=NOW)
    assert not Prepared.objects.exists()


def test_a_plan_is_kept_once_the_facts_of_its_projects_were_seen(
    site: Site, owner: psycopg.Connection
) -> None:
    (Path(settings.HOME) / "rails.toml").write_text('[wechat]\nmchid = "1"\n')
    owner.execute(
        "UPDATE campaigns_terms SET terms = terms || jsonb_build_object('opens', %s::text)",
        (f"{OPENS:%Y-%m-%dT%H:%MZ}",),
    )
    client, typed = Client(), {f"yuan-{BOOKS}": "20", "rail": "wechat"}
    with time_machine.travel(NOW, tick=False):
        plain = re.sub(r"<[^>]+>", "", client.get("/c/day/prepare").content.decode())
        said = "公开募捐资格证书 演示公募 001 · 募捐方案备案编号 51530000DEMO26001"
        assert plain.count(said) == 2, "beside each project that one may choose"
        first = client.post("/c/day/prepare", typed)
        html = first.content.decode()
        assert first.status_code == 422
        assert not Prepared.objects.exists()
        assert "51530000DEMO26001" in html, "the facts of what was chosen"
        assert f'name="facts-{WATER}"' not in html, "and of nothing else"
        assert 'value="20"' in html, "what was typed is kept"
        found = re.search(rf'name="facts-{BOOKS}" value="([0-9a-f]{{12}})"', html)
        assert found is not None
        stale = typed | {f"facts-{BOOKS}": "0" * 12}
        assert client.post("/c/day/prepare", stale).status_code == 422
        seen = typed | {f"facts-{BOOKS}": found[1]}
        assert client.post("/c/day/prepare", seen).status_code == 303
        assert client.post("/c/day/prepare", typed).status_code == 303, "once is enough"
    assert Prepared.objects.count() == 2

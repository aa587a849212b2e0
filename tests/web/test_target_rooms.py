"""A project that stops at its target stops exactly: an oracle adds everything up anew."""

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from django.db import transaction

from jusha.payments.attempt_rules import HOLD_SECONDS
from jusha.payments.models import Prepared
from jusha.payments.order import Wish, place_order, place_orders
from jusha.payments.prepare import order_due, prepare
from jusha.payments.target_rooms import follow_rooms
from jusha.projects.models import Project
from jusha.projects.raising import hindrances, raising_of
from jusha.projects.reserve import Asked, NoRoomError, give_back, reserve, room_of
from jusha.projects.target_models import Reservation, TargetRoom
from tests.cast import BOOKS, WATER
from tests.web.conftest import Site
from tests.web.test_prepare import MEANS, NOW, OPENS

TARGET = 10_000
HELD = timedelta(seconds=HOLD_SECONDS)
PARTNER = 7


@pytest.fixture
def stops(site: Site) -> Iterator[Site]:
    """The books' project stops at 100 yuan; nobody gave yet."""
    Project.objects.filter(code=BOOKS).update(hard_target=True, target_amount=TARGET)
    assert room_left() == 0, "nothing is promised before it is reckoned"
    follow(site)
    yield site
    site.house.settle()
    site.house.check()


def follow(site: Site, at: datetime | None = None) -> None:
    follow_rooms(site.house.web, at or datetime.now(UTC))


def room_left() -> int:
    found = room_of(BOOKS)
    assert found is not None
    return found.room


def pay(site: Site, order: int, amount: int) -> None:
    site.house.send(site.house.deed(amount, "", order=order, campaign=""))


def given(site: Site) -> int:
    row = site.house.web.execute(
        "SELECT coalesce(sum(d.amount), 0)::bigint FROM giving_deed d"
        " JOIN projects_fund f ON f.project = d.project WHERE f.code = %s AND NOT d.held",
        (BOOKS,),
    ).fetchone()
    assert row is not None
    return int(row[0])


def order(amount: int) -> int | None:
    try:
        return place_order(Wish(BOOKS, "day", amount))
    except NoRoomError:
        assert room_left() < amount
        return None


@pytest.mark.parametrize("seed", range(3))
def test_whatever_comes_together_nothing_is_overshot(  # noqa: C901 - one branch an act
    stops: Site, seed: int
) -> None:
    """Orders, payments, a partner's blocks, gifts out of blocks; time passes between them."""
    chance, now = random.Random(seed), datetime.now(UTC)
    unpaid: dict[int, int] = {}
    blocks: dict[int, int] = {}
    for _ in range(60):
        what = chance.choice(("order", "order", "pay", "block", "take", "back", "follow"))
        before, amount = room_left(), chance.choice((1, 300, 999, 2_000))
        if what == "order" and (number := order(amount)) is not None:
            unpaid[number] = amount
            assert room_left() == before - amount
        elif what == "pay" and unpaid:
            number = chance.choice(list(unpaid))
            pay(stops, number, unpaid.pop(number))
        elif what == "block" and before >= amount:
            (block,) = reserve([Asked(BOOKS, amount)], until=now + HELD, key=PARTNER)
            blocks[block] = amount
        elif what == "take" and blocks:
            block = chance.choice(list(blocks))
            part = chance.randint(1, blocks[block])
            stops.house.send(stops.house.deed(part))
            blocks[block] -= part
            if not blocks[block]:
                del blocks[block]
        elif what == "back" and blocks:
            assert give_back(blocks.popitem()[0], key=PARTNER, now=now)
        elif what == "follow":
            follow(stops, now + timedelta(seconds=1))
            running = Reservation.objects.filter(project=BOOKS, ended_at=None)
            held = sum(running.values_list("amount", flat=True))
            assert room_left() == max(TARGET - given(stops) - held, 0)
        if chance.random() < 0.7:
            stops.house.settle()
        assert given(stops) + sum(unpaid.values()) + sum(blocks.values()) <= TARGET
    stops.house.settle()
    for _ in range(2):
        follow(stops, datetime.now(UTC) + HELD + timedelta(seconds=1))
    assert room_left() == TARGET - given(stops), "what nobody paid has come back"
    assert not Reservation.objects.filter(ended_at=None).exists()


def test_a_partners_room_is_held_until_its_gifts_are_settled(stops: Site) -> None:
    now = datetime.now(UTC)
    (block,) = reserve([Asked(BOOKS, 6_000)], until=now + HELD, key=PARTNER)
    stops.house.send(stops.house.deed(6_000))
    assert give_back(block, key=PARTNER, now=now)
    for _ in range(3):
        follow(stops, now + timedelta(seconds=1))
        assert room_left() == TARGET - 6_000
    stops.house.settle()
    for _ in range(2):
        follow(stops, now + timedelta(seconds=1))
    assert room_left() == TARGET - 6_000
    assert not Reservation.objects.filter(ended_at=None).exists()


def test_a_reservation_is_all_or_nothing_and_leaves_other_projects_alone(stops: Site) -> None:
    with pytest.raises(NoRoomError) as refused:
        place_orders([Wish(BOOKS, "", 6_000), Wish(WATER, "", 500), Wish(BOOKS, "", 6_000)])
    assert refused.value.left == {BOOKS: TARGET}
    assert room_left() == TARGET
    assert not Reservation.objects.exists()
    assert stops.house.web.execute("SELECT count(*) FROM jusha_opening").fetchone() == (0,)
    place_orders([Wish(WATER, "", 10**9), Wish(BOOKS, "", TARGET)])
    assert Reservation.objects.count() == 1


def test_a_full_project_says_so_everywhere_and_opens_when_nobody_pays(stops: Site) -> None:
    today = datetime.now(UTC).date()
    assert order(TARGET) is not None
    assert [each.code for each in hindrances(BOOKS, today)] == ["full"]
    assert raising_of([BOOKS, WATER], today) == {WATER}
    assert "筹满即止" in stops.text(f"/p/{BOOKS}")
    assert "剩下的部分正有人在付款" in stops.text(f"/p/{BOOKS}/donate")
    stops.house.settle()
    for _ in range(2):
        follow(stops, datetime.now(UTC) + HELD + timedelta(seconds=1))
    assert not hindrances(BOOKS, today)


def test_a_donor_is_told_what_still_fits(stops: Site) -> None:
    assert order(TARGET - 1_234) is not None
    answer = stops.client.post(f"/p/{BOOKS}/donate", {"own": "20", "display": "anonymous"})
    assert answer.status_code == 422
    assert "只差 12.34 元" in answer.content.decode()
    again = stops.client.post(f"/p/{BOOKS}/donate", {"own": "12.34", "display": "anonymous"})
    assert again.status_code == 303
    assert room_left() == 0


def test_prepared_gifts_take_room_in_their_order_and_hold_it_past_the_opening(stops: Site) -> None:
    for amount in (6_000, 5_000, 4_000):
        prepare([Wish(BOOKS, "day", amount)], MEANS, opens_at=OPENS, now=NOW)
    assert order_due(OPENS) == 2
    told = dict(Prepared.objects.values_list("amount", "told"))
    assert sorted(told.values()) == ["", "", "full"]
    assert {each.until for each in Reservation.objects.all()} == {OPENS + HELD}


def test_a_plan_that_changes_its_target_promises_nothing_until_it_is_reckoned(stops: Site) -> None:
    Project.objects.filter(code=BOOKS).update(target_amount=5_000)
    assert room_left() == 0
    follow(stops)
    assert room_left() == 5_000
    Project.objects.filter(code=BOOKS).update(hard_target=False)
    assert room_of(BOOKS) is None
    assert order(10**9) is not None


def test_a_crash_between_reserving_and_placing_holds_nothing(
    stops: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_told: Any, **_named: Any) -> None:
        raise RuntimeError

    monkeypatch.setattr("jusha.payments.order.append", fails)
    with pytest.raises(RuntimeError), transaction.atomic():
        order(1_000)
    assert room_left() == TARGET


def test_no_transfer_is_offered_where_room_runs_out_in_minutes(
    stops: Site, owner: psycopg.Connection[Any]
) -> None:
    owner.execute(
        "INSERT INTO jusha_bankaccount (charity, holder, bank, number, set_by, second, set_at,"
        " since) VALUES ('shan', '善小基金会', '演示银行', '6222000000000000', 'li', 'wang', now(),"
        " now())"
    )
    assert "银行转账" in stops.text(f"/p/{WATER}/donate")
    assert "银行转账" not in stops.text(f"/p/{BOOKS}/donate")


def test_a_room_that_was_lost_is_made_anew_with_nothing_in_it(stops: Site) -> None:
    TargetRoom.objects.all().delete()
    follow(stops)
    assert room_left() == TARGET

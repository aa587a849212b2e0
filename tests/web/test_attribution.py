"""What a gift is counted for: carried from the link to the order, once, in a code's shape only."""

from urllib.parse import parse_qs, urlsplit

import pytest
from django.db import DatabaseError, IntegrityError, transaction
from django.utils.timezone import localdate

from jusha.campaigns.day_models import Scene
from jusha.payments.attribution import NOWHERE, Attribution, cleaned, is_sound, keep
from jusha.payments.models import AttributedOrder, Prepared
from jusha.payments.order import OrderRefusedError, Wish, place_orders
from jusha.payments.prepare import order_due, prepare
from tests.cast import BOOKS
from tests.web.conftest import Site
from tests.web.test_prepare import MEANS, NOW, OPENS


def kept() -> list[tuple[int, str, str, str]]:
    return list(AttributedOrder.objects.values_list("order_no", "team", "scene", "province"))


def test_what_is_no_code_is_left_out_of_a_link() -> None:
    assert cleaned("lan", "", "map-1", "云南") == Attribution("lan", "", "map-1", "云南")
    assert cleaned("<b>", "a b", "../", "Atlantis") == NOWHERE
    assert is_sound(NOWHERE)
    assert not is_sound(Attribution(team="<b>"))
    assert not is_sound(Attribution(province="Atlantis"))


def test_what_a_visitor_came_by_goes_with_them_to_the_order(site: Site) -> None:
    Scene.objects.create(
        code="map-1", name_zh="地图", name_en="Map", kind="map", owner="Sea Ltd",
        begins=localdate(),
    )  # fmt: skip
    html = site.text(f"/p/{BOOKS}?team=lan&scene=map-1&team=%3Cb%3E&province=nowhere")
    assert f"/p/{BOOKS}/donate?campaign=day&amp;scene=map-1" in html
    asked = f"/p/{BOOKS}/donate?campaign=day&team=lan&scene=map-1"
    assert '<input type="hidden" name="team" value="lan">' in site.text(asked)
    answer = site.client.post(
        asked, {"own": "20", "display": "anonymous", "province": "云南", "team": "lan"}
    )
    (order,) = parse_qs(urlsplit(answer.headers["Location"]).query)["order"]
    assert kept() == [(int(order), "lan", "map-1", "云南")]
    assert site.client.post(asked, {"own": "abc", "province": "云南"}).status_code == 422
    assert len(kept()) == 1


def test_an_order_that_came_by_nothing_keeps_nothing(site: Site) -> None:
    wishes = [Wish(BOOKS, "", 100, attribution=Attribution(team="lan")), Wish(BOOKS, "", 200)]
    first, _second = place_orders(wishes)
    assert kept() == [(first, "lan", "", "")]


def test_what_cannot_be_kept_refuses_all_orders(site: Site) -> None:
    with pytest.raises(OrderRefusedError):
        place_orders(
            [Wish(BOOKS, "", 100), Wish(BOOKS, "", 100, attribution=Attribution(scene="a b"))]
        )
    assert not kept()
    assert site.house.web.execute("SELECT count(*) FROM jusha_opening").fetchone() == (0,)


def test_it_is_said_once(site: Site) -> None:
    (number,) = place_orders([Wish(BOOKS, "", 100, attribution=Attribution(team="lan"))])
    with pytest.raises(IntegrityError), transaction.atomic():
        keep([(number, Attribution(team="mei"))])
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        AttributedOrder.objects.filter(order_no=number).update(team="mei")
    assert kept() == [(number, "lan", "", "")]


def test_a_prepared_gift_brings_it_to_its_order(site: Site) -> None:
    told = Attribution(team="lan", scene="map-1")
    prepare([Wish(BOOKS, "day", 100, attribution=told)], MEANS, opens_at=OPENS, now=NOW)
    assert order_due(OPENS) == 1
    (number,) = Prepared.objects.values_list("order_no", flat=True)
    assert kept() == [(number, "lan", "map-1", "")]

"""Paying an order on a rail: what each state shows, and to whom."""

import re
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from jusha.payments.models import Attempt
from tests.cast import BOOKS
from tests.web.conftest import Site

RAILS = '[wechat]\nmchid = "1"\n[alipay]\napp_id = "1"\n'
PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Mobile/15E148"


@pytest.fixture
def paying(site: Site, settings: Any) -> Site:
    (Path(settings.HOME) / "rails.toml").write_text(RAILS)
    return site


def give(site: Site, rail: str = "wechat", **headers: str) -> str:
    """Press a rail's button on the donate page; the pay page's address."""
    form = {"own": "20", "display": "anonymous", "rail": rail}
    answer = site.client.post(f"/p/{BOOKS}/donate", form, headers=headers)
    assert answer.status_code == 303
    site.house.settle()
    return str(answer["location"])


def attempt(at: str) -> Attempt:
    return Attempt.objects.get(order_no=int(at.split("/")[2]))


def test_the_donate_page_offers_the_rails_as_buttons(paying: Site) -> None:
    html = paying.text(f"/p/{BOOKS}/donate")
    assert 'name="rail" value="wechat"' in html
    assert 'name="rail" value="alipay"' in html
    assert "去付款" not in html


def test_who_gives_again_finds_the_last_rail_first(paying: Site) -> None:
    for rail in ("wechat", "alipay"):
        html = paying.text(f"/p/{BOOKS}/donate?yuan=20.00&rail={rail}")
        assert re.findall('name="rail" value="([a-z]+)"', html)[0] == rail


def test_on_a_phone_the_wallet_opens_and_elsewhere_a_code_is_shown(paying: Site) -> None:
    assert attempt(give(paying)).way == "native"
    assert attempt(give(paying, "alipay")).way == "precreate"
    on_phone = attempt(give(paying, **{"user-agent": PHONE}))
    assert (on_phone.way, on_phone.client_ip) == ("h5", "127.0.0.1")
    assert attempt(give(paying, "alipay", **{"user-agent": PHONE})).client_ip == ""


@pytest.mark.parametrize(
    ("state", "told", "shows"),
    [
        ("asked", "", "正在请微信支付准备"),
        ("refused", "no-merchant", "收款机构还没有开通这种付款方式"),
        ("closed", "", "已过期关闭"),
    ],
)
def test_each_state_says_what_happened_and_what_is_safe(
    paying: Site, state: str, told: str, shows: str
) -> None:
    at = give(paying)
    Attempt.objects.update(state=state, told=told)
    html = paying.text(at)
    assert shows in html
    assert "款项没有扣" in html or state == "asked"


def test_a_code_is_drawn_and_another_rail_is_offered(paying: Site) -> None:
    at = give(paying)
    Attempt.objects.update(state="ready", payable={"code": "weixin://wxpay/x", "url": ""})
    html = paying.text(at)
    assert "data:image/svg+xml" in html
    assert "weixin:" not in html
    assert 'value="alipay"' in html
    state = paying.get(f"{at.partition('/pay')[0]}/state?rail=wechat").json()
    assert state == {"state": "ready"}


def test_a_stranger_sees_the_result_page_and_no_way_to_pay(paying: Site) -> None:
    at = give(paying)
    answer = Client().get(at)
    assert (answer.status_code, answer["location"]) == (303, at.partition("/pay")[0])
    answer = Client().post(at, {"rail": "alipay"})
    assert answer.status_code == 303
    assert Attempt.objects.count() == 1


def test_the_result_page_leads_back_to_paying(paying: Site) -> None:
    order = give(paying).partition("/pay")[0]
    html = paying.text(order)
    assert f'href="{order}/pay"' in html


def test_a_dedication_and_who_invited_travel_with_the_order(paying: Site) -> None:
    html = paying.text(f"/p/{BOOKS}/donate?from=12")
    assert 'name="invite" value="12"' in html
    assert 'name="invite"' not in paying.text(f"/p/{BOOKS}/donate?from=12x")
    form = {"own": "20", "display": "anonymous", "dedication": "外婆", "invite": "12"}
    answer = paying.client.post(f"/p/{BOOKS}/donate", form | {"rail": "wechat"})
    paying.house.settle()
    row = paying.house.web.execute("SELECT invite FROM payments_order").fetchone()
    assert answer.status_code == 303
    assert row == (12,)

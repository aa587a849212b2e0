"""Paying inside WeChat: who is sent where, what comes back, and what the page hands over."""

import time
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client

from jusha.payments.models import Attempt
from jusha.web.views.pay_inside import is_state, state_of
from tests.cast import BOOKS
from tests.web.conftest import Site

RAILS = """\
[wechat]
mchid = "1"
appid = "wx8888888888888888"
oauth_page = "http://localhost:8004"
oauth = "http://localhost:8004"
[alipay]
app_id = "1"
"""
WECHAT = {"user-agent": "Mozilla/5.0 (iPhone) Mobile/15E148 MicroMessenger/8.0.54"}
PARAMETERS = {
    "appId": "wx8888888888888888", "timeStamp": "1", "nonceStr": "n", "package": "prepay_id=p",
    "signType": "RSA", "paySign": "s",
}  # fmt: skip


@pytest.fixture
def paying(site: Site, settings: Any) -> Site:
    (Path(settings.HOME) / "rails.toml").write_text(RAILS)
    return site


def give(site: Site, **headers: str) -> str:
    """Press WeChat's button on the donate page; the pay page's address."""
    form = {"own": "20", "display": "anonymous", "rail": "wechat"}
    answer = site.client.post(f"/p/{BOOKS}/donate", form, headers=headers)
    assert answer.status_code == 303
    site.house.settle()
    return str(answer["location"])


def order_of(at: str) -> int:
    return int(at.split("/")[2])


def ready(at: str) -> None:
    Attempt.objects.create(
        order_no=order_of(at), rail="wechat", way="jsapi", state="ready",
        payable={"code": "", "url": "", "parameters": PARAMETERS},
    )  # fmt: skip


def test_inside_wechat_the_page_sends_the_browser_to_say_who_it_is(paying: Site) -> None:
    at = give(paying, **WECHAT)
    assert not Attempt.objects.exists()
    html = paying.client.get(at, headers=WECHAT).content.decode()
    who = f"{at.partition('?')[0]}/who"
    assert f'content="0;url={who}"' in html
    assert f'href="{who}"' in html
    assert 'value="alipay"' in html
    answer = paying.client.get(who, headers=WECHAT)
    there = urlsplit(answer["location"])
    asked = {name: value[0] for name, value in parse_qs(there.query).items()}
    assert answer.status_code == 302
    assert f"{there.scheme}://{there.netloc}{there.path}" == (
        "http://localhost:8004/connect/oauth2/authorize"
    )
    assert there.fragment == "wechat_redirect"
    assert (asked["appid"], asked["scope"]) == ("wx8888888888888888", "snsapi_base")
    assert asked["redirect_uri"] == f"http://testserver{who}"
    assert asked["state"].isalnum()
    assert len(asked["state"]) <= 128
    back = paying.client.get(f"{who}?code=abc123&state={asked['state']}", headers=WECHAT)
    assert (back.status_code, back["location"]) == (303, at)
    attempt = Attempt.objects.get()
    assert (attempt.way, attempt.payer, attempt.client_ip) == ("jsapi", "c:abc123", "")
    assert attempt.back == f"http://testserver/o/{order_of(at)}"


def test_a_code_without_our_state_or_in_another_browser_shows_nothing(paying: Site) -> None:
    at = give(paying, **WECHAT)
    who, no = f"{at.partition('?')[0]}/who", order_of(at)
    good = state_of(no, at=int(time.time()))
    old, other = state_of(no, at=int(time.time()) - 601), state_of(no + 1, at=int(time.time()))
    for query in (
        f"code=a&state={old}", f"code=a&state={other}", "code=a", f"state={good}",
        f"code=a%20b&state={good}", f"code={'a' * 121}&state={good}", f"code=a&state={good}0",
    ):  # fmt: skip
        answer = paying.client.get(f"{who}?{query}", headers=WECHAT)
        assert (answer.status_code, answer["location"]) == (303, at)
    assert Client().get(f"{who}?code=a&state={good}", headers=WECHAT).status_code == 303
    assert paying.client.get(f"{who}?code=a&state={good}").status_code == 303
    assert not Attempt.objects.exists()


def test_a_state_is_ours_for_one_order_and_ten_minutes() -> None:
    state = state_of(7, at=1_790_000_000)
    for now, holds in ((0, True), (600, True), (601, False), (-1, False)):
        assert is_state(state, 7, now_s=1_790_000_000 + now) is holds
    assert not is_state(state, 8, now_s=1_790_000_000)


def test_other_browsers_and_an_app_without_oauth_pay_as_before(paying: Site, settings: Any) -> None:
    assert "/who" not in paying.client.get(give(paying)).content.decode()
    assert [each.way for each in Attempt.objects.all()] == ["native"]
    plain = RAILS.replace("oauth_page", "other_page")
    (Path(settings.HOME) / "rails.toml").write_text(plain)
    give(paying, **WECHAT)
    assert Attempt.objects.order_by("-id")[0].way == "h5"


def test_the_code_to_scan_with_another_phone_is_still_there_for_who_asks(paying: Site) -> None:
    at = give(paying, **WECHAT)
    paying.client.post(at, {"rail": "wechat", "code": "1"}, headers=WECHAT)
    assert Attempt.objects.get().way == "native"


def test_the_page_hands_its_parameters_over_and_leads_only_the_sandbox_elsewhere(
    paying: Site, settings: Any
) -> None:
    at = give(paying, **WECHAT)
    ready(at)
    answer = paying.client.get(at, headers=WECHAT)
    html = answer.content.decode()
    for name, value in PARAMETERS.items():
        assert f'name="{name}" value="{value}"' in html
    assert 'action="http://localhost:8004/jsapi"' in html
    assert "/jsapi" in answer["Content-Security-Policy"].partition("form-action")[2]
    assert "wxpay" in html
    assert "MicroMessenger" not in answer["Content-Security-Policy"]
    settings.JUSHA_SIMULATOR = False
    answer = paying.client.get(at, headers=WECHAT)
    assert "8004" not in answer.content.decode() + answer["Content-Security-Policy"]
    settings.JUSHA_SIMULATOR = True
    outside = paying.client.get(at).content.decode()
    assert "请回到微信里付" in outside
    assert "8004" not in outside


def test_a_payer_who_is_not_known_is_told_what_to_do(paying: Site) -> None:
    at = give(paying, **WECHAT)
    Attempt.objects.create(
        order_no=order_of(at), rail="wechat", way="jsapi", state="refused", told="payer-unknown"
    )
    html = paying.client.get(at, headers=WECHAT).content.decode()
    assert "没能认出您的微信" in html
    assert "款项没有扣" in html

"""网页授权 at the simulated WeChat, and our swap of its codes."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from jusha.payments.rails.seam import RailRefusedError, RailUnsureError
from jusha.payments.rails.wechat.openid import Openids
from jusha_sandbox.wechat.trades import openid
from tests.sandbox.wechat.world import APPID, World, merchants

SECRET = "0123456789abcdef0123456789abcdef"
AGENT = {"user-agent": "Mozilla/5.0 (iPhone) MicroMessenger/8.0.54"}


@pytest.fixture
def inside(world: World) -> World:
    told = merchants("public-key")[0] | {"app_secret": SECRET}
    answer = httpx.post(f"{world.address}/control/merchants", json=told, trust_env=False)
    assert answer.status_code == 200, answer.text
    return world


def authorize(world: World, *, headers: Any = None, **changed: str) -> httpx.Response:
    asked = {
        "appid": APPID,
        "redirect_uri": f"{world.address}/back?x=1",
        "response_type": "code",
        "scope": "snsapi_base",
        "state": "1z2",
    } | changed
    return httpx.get(
        f"{world.address}/connect/oauth2/authorize",
        params=asked,
        headers=AGENT if headers is None else headers,
        trust_env=False,
    )


def code_of(answer: httpx.Response) -> str:
    assert answer.status_code == 302, answer.text
    return parse_qs(urlsplit(answer.headers["location"]).query)["code"][0]


def at(world: World, *, secret: str = SECRET, appid: str = APPID) -> Openids:
    return Openids(appid, secret=secret, address=world.address)


def test_wechats_browser_comes_back_with_a_code_that_works_once(inside: World) -> None:
    answer = authorize(inside)
    back = urlsplit(answer.headers["location"])
    assert (back.path, parse_qs(back.query)["state"]) == ("/back", ["1z2"])
    wallet = answer.cookies["wechat-wallet"]
    code = code_of(answer)
    assert at(inside).openid(code) == openid(APPID, wallet)
    with pytest.raises(RailRefusedError, match="payer-unknown"):
        at(inside).openid(code)


def test_another_browser_another_app_and_another_host_get_no_code(inside: World) -> None:
    assert authorize(inside, headers={"user-agent": "Mozilla/5.0"}).status_code == 403
    for changed in (
        {"appid": "wx0000000000000000"},
        {"redirect_uri": "https://example.org/"},
        {"scope": "snsapi_userinfo"},
        {"state": "a.b"},
    ):
        assert authorize(inside, **changed).status_code == 400


def test_a_wrong_secret_or_a_foreign_code_tells_nobody(inside: World) -> None:
    code = code_of(authorize(inside))
    with pytest.raises(RailUnsureError, match="40125"):  # an operator mends that
        at(inside, secret="f" * 32).openid(code)
    with pytest.raises(RailUnsureError, match="40013"):
        at(inside, appid="wx0000000000000000").openid(code)
    for foreign in ("0" * 32, "a b", ""):
        with pytest.raises(RailRefusedError, match="payer-unknown"):
            at(inside).openid(foreign)
    assert at(inside).openid(code)


def test_no_answer_is_unsure_and_the_secret_is_in_no_representation(inside: World) -> None:
    away = Openids(APPID, secret=SECRET, address="http://127.0.0.1:9")
    with pytest.raises(RailUnsureError) as error:
        away.openid("0" * 32)
    assert SECRET not in f"{error.value!r} {away!r}"
    for wrong in ({"address": "nowhere"}, {"secret": "short"}):
        with pytest.raises(ValueError, match="none"):
            Openids(APPID, **({"secret": SECRET, "address": inside.address} | wrong))

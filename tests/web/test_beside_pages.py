"""Beside mode on pages: the notice, accounts with every difference, a gift by its number."""

import json
import re
from hashlib import sha256
from typing import Any

import msgspec
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from jusha.config.modes import MODES, Mode
from jusha.inbox.keys import deed_key
from jusha.people import vault
from tests.cast import BOOKS
from tests.web.conftest import Site

NOTICE = "我们每天公示前一日的账。"
DIGEST = "ab" * 32
TABLE: dict[str, Any] = {
    "day": "2026-03-01",
    "org": "shan",
    "sources": [
        {
            "name": "wechat",
            "cur": "CNY",
            "lines": 2,
            "sum": 2500,
            "files": [
                {
                    "sha256": DIGEST, "read": 4, "gifts": 2, "left_out": 1,
                    "rejected": {"bad-time": 1}, "breaks": [[3, 4, 100]], "steps": 3,
                }
            ],
        }
    ],
    "pairs": [
        {
            "here": "own",
            "there": "wechat",
            "classes": {
                "matched": {"lines": 1, "here": 2000, "there": 2000},
                "amount-differs": {"lines": 1, "here": 5000, "there": 500},
            },
            "differences": [
                {
                    "class": "amount-differs",
                    "cause": "ten-times",
                    "here": {"file": DIGEST, "line": 3, "amt": 5000, "day": "2026-03-01"},
                    "there": {"file": DIGEST, "line": 2, "amt": 500, "day": "2026-03-01"},
                }
            ],
        }
    ],
}  # fmt: skip


def told(**more: Any) -> bytes:
    return msgspec.json.encode(TABLE | more, order="deterministic")


@pytest.fixture
def beside(site: Site, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Site:
    """The site in beside mode, with a day's accounts and their correction."""
    monkeypatch.setattr("jusha.web.views.beside._kept", {})
    settings.JUSHA_MODE = "beside"
    settings.JUSHA_SIMULATOR = False
    settings.JUSHA_MODE_FACTS = Mode("beside", notice=NOTICE, charity="shan")
    for raw in (told(), told(corrects=sha256(told()).hexdigest())):
        outcome = site.house.instruct(
            "publish-accounts", charity="shan", day="2026-03-01", table=raw
        )
        assert outcome[0] == "done"
    return site


def give(site: Site, number: str, amount: int) -> int:
    """Give through a channel of files, under the installation's own secret."""
    rights: dict[str, Any] = {"code": "wechat", "terms": {"assets": ["CNY"], "clock": "file"}}
    if "wechat" not in site.house.settlement.world.channels:
        site.house.instruct("admit-channel", **rights)
    secret = vault.load(site.log_folder.parent, "dedupe")
    key = deed_key(secret, "wechat", number)
    return site.house.give(amount, BOOKS, channel="wechat", campaign="", key=key, paid_at=1_600_000)


def test_the_page_has_the_notice_and_each_day_with_its_differences(beside: Site) -> None:
    html = beside.text("/beside")
    assert NOTICE in html
    assert "2026-03-01" in html
    assert "已更正" in html
    day = beside.text("/beside/2026-03-01")
    for words in ("金额不同", "相差十倍", "第 3 行和第 4 行之间差 100", "这是更正", "时间无法识别"):
        assert words in day, words
    table = re.search(r"/log/(tables/[0-9a-f]{64}\.json)", day)
    assert table
    beside.publish()
    answer = beside.get(f"/log/{table[1]}")
    assert json.loads(b"".join(answer.streaming_content))["org"] == "shan"


def test_a_correction_says_what_stood_before_and_what_stands_now(beside: Site) -> None:
    raw = json.loads(told(corrects=sha256(told()).hexdigest()))
    raw["corrects"] = sha256(told(corrects=raw["corrects"])).hexdigest()
    raw["sources"][0]["sum"] = 3000
    raw["pairs"][0]["classes"] = {"matched": {"lines": 2, "here": 2500, "there": 2500}}
    table = msgspec.json.encode(raw, order="deterministic")
    said: dict[str, Any] = {"charity": "shan", "day": "2026-03-01", "table": table}
    assert beside.house.instruct("publish-accounts", **said)[0] == "done"
    day = re.sub(r"<[^>]+>", "", beside.text("/beside/2026-03-01"))
    assert re.search(r"wechat\s*2 · ¥25\.00\s*2 · ¥30\.00", day)
    assert re.search(r"金额不同\s*1 · ¥50\.00\s*0 · ¥0\.00", day)


def test_a_day_does_not_agree_as_a_whole_where_a_bill_has_no_list(beside: Site) -> None:
    raw = json.loads(told(corrects=sha256(told(corrects=sha256(told()).hexdigest())).hexdigest()))
    raw["pairs"][0]["classes"] = {"matched": {"lines": 2, "here": 2500, "there": 2500}}
    raw["pairs"][0]["differences"] = []
    raw["sources"].append(raw["sources"][0] | {"name": "bank", "lines": 7, "title": "银行"})
    table = msgspec.json.encode(raw, order="deterministic")
    said: dict[str, Any] = {"charity": "shan", "day": "2026-03-01", "table": table}
    assert beside.house.instruct("publish-accounts", **said)[0] == "done"
    for html in (beside.text("/beside"), beside.text("/beside/2026-03-01")):
        assert "有名单的都一致" in html
        assert "7 笔没有名单可比" in html
        assert "全部一致" not in html


def test_refunds_stand_on_the_day_with_their_gift_and_their_entry(beside: Site) -> None:
    refunds = {
        "states": {
            "over-gift": {"lines": 1, "sum": 900},
            "taken-back": {"lines": 1, "sum": 500},
        },
        "lines": [
            {"state": "taken-back", "source": "wechat", "file": DIGEST, "line": 5, "amt": 500,
             "ref": 2, "n": 9},
            {"state": "over-gift", "source": "wechat", "file": DIGEST, "line": 6, "amt": 900,
             "ref": 3},
        ],
    }  # fmt: skip
    before = sha256(told(corrects=sha256(told()).hexdigest())).hexdigest()
    table = told(refunds=refunds, corrects=before)
    said: dict[str, Any] = {"charity": "shan", "day": "2026-03-01", "table": table}
    assert beside.house.instruct("publish-accounts", **said)[0] == "done"
    day = beside.text("/beside/2026-03-01")
    for words in ("已从原捐赠中退回", "退款多于捐赠余额", 'href="/d/2"', 'href="/d/9"'):
        assert words in day, words
    assert "1 笔退款待处理" in beside.text("/beside")


def test_without_any_day_the_page_says_what_comes_next(site: Site, settings: Any) -> None:
    settings.JUSHA_MODE = "beside"
    settings.JUSHA_MODE_FACTS = Mode("beside", notice=NOTICE, charity="shan", name="善小基金会")
    html = site.text("/beside")
    assert "第一天的账会在次日出现" in html
    assert "善小基金会" in html


def test_pages_ask_the_database_a_fixed_number_of_times(beside: Site) -> None:
    secret_number = give(beside, "4200000925202101284997714292", 500)
    for path, most in (("/beside", 2), ("/beside", 1), ("/beside/2026-03-01", 3)):
        with CaptureQueriesContext(connection) as asked:
            beside.text(path)
        assert len(asked) == most, [query["sql"][:80] for query in asked]
    with CaptureQueriesContext(connection) as asked:
        answer = beside.client.post("/beside/find", {"number": "4200000925202101284997714292"})
    assert answer["Location"] == f"/d/{secret_number}"
    assert len(asked) == 2, "channels of files, then the number"


def test_a_merchant_order_number_finds_the_gift_and_one_for_several_shows_all(
    beside: Site,
) -> None:
    first, second = give(beside, "4200001", 500), give(beside, "4200002", 700)
    secret = vault.load(beside.log_folder.parent, "dedupe")
    for name, gift in (("m-1", "4200001"), ("m-2", "4200001"), ("m-2", "4200002")):
        keys = [deed_key(secret, "wechat", each).hex() for each in (name, gift)]
        beside.house.web.execute("INSERT INTO giving_name VALUES (%s::uuid, %s::uuid)", keys)
    assert beside.client.post("/beside/find", {"number": "m-1"})["Location"] == f"/d/{first}"
    html = beside.client.post("/beside/find", {"number": "m-2"}).content.decode()
    assert f'href="/d/{first}"' in html
    assert f'href="/d/{second}"' in html


def test_the_front_page_is_the_accounts(beside: Site) -> None:
    assert NOTICE in beside.text("/")


def test_a_donor_finds_the_gift_by_its_number_and_its_proof(beside: Site) -> None:
    number = give(beside, "4200000925202101284997714292", 500)
    beside.publish()
    for typed in (
        "4200000925202101284997714292",
        " `4200000925202101284997714292 ",
        "4200 0009 2520 2101 2849 9771 4292",
        "\uff14\uff12" + "00000925202101284997714292",  # digits of a Chinese keyboard
    ):
        answer = beside.client.post("/beside/find", {"number": typed})
        assert (answer.status_code, answer["Location"]) == (302, f"/d/{number}")
    assert beside.get(f"/d/{number}.tlog-proof").status_code == 200


@pytest.mark.parametrize(
    ("typed", "status", "words"),
    [("42", 200, "没有这个单号"), ("", 422, "请填付款单号"), ("9" * 201, 422, "请填付款单号")],
)
def test_a_number_that_is_not_there_is_told_so(
    beside: Site, typed: str, status: int, words: str
) -> None:
    answer = beside.client.post("/beside/find", {"number": typed})
    assert answer.status_code == status
    assert words in answer.content.decode()
    assert answer["Cache-Control"] == "no-store"


def test_the_number_stands_in_no_address(beside: Site) -> None:
    assert beside.get("/beside/find?number=42").status_code == 405
    assert 'method="post"' in beside.text("/beside")


@pytest.mark.parametrize("path", ["/beside", "/beside/2026-03-01"])
def test_other_modes_have_no_such_page(site: Site, path: str) -> None:
    assert site.get(path).status_code == 404


def test_a_day_without_accounts_is_not_found(beside: Site) -> None:
    assert beside.get("/beside/2026-03-02").status_code == 404


@pytest.mark.parametrize("word", MODES)
def test_every_page_says_the_mode_and_only_the_sandbox_asks_for_money(
    site: Site, settings: Any, word: str
) -> None:
    settings.JUSHA_MODE = word
    settings.JUSHA_SIMULATOR = word == "sandbox"
    settings.JUSHA_MODE_FACTS = Mode(
        word, platform="公益平台", designation="2026-01", notice=NOTICE, charity="shan"
    )
    says = {
        "sandbox": "沙盒演示",
        "beside": "旁路公示",
        "own-site": "公益平台",
        "designated": "2026-01",
    }
    html = site.text(f"/p/{BOOKS}/donate")
    assert says[word] in html
    assert ("去付款" in html) == (word == "sandbox")
    answer = site.client.post(f"/p/{BOOKS}/donate", {"own": "20.00", "display": "anonymous"})
    assert (answer.status_code == 303) == (word == "sandbox")
    policy = site.get("/").headers["Content-Security-Policy"]
    assert (":8002" in policy) == (word == "sandbox")

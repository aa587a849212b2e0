"""Beside mode on pages: the notice, accounts with every difference, a gift by its number."""

import json
import re
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

import msgspec
import pytest
from django.conf import settings
from django.db import connection
from django.test.utils import CaptureQueriesContext

from jusha.config.modes import MODES, Mode
from jusha.inbox.keys import deed_key
from jusha.oversight.models import Complaint
from jusha.people import vault
from jusha.people.rules import Office
from tests.cast import BOOKS
from tests.web.conftest import Site
from tests.web.staff import officer

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


def test_complaints_are_taken_only_where_somebody_may_read_them(beside: Site) -> None:
    settings.JUSHA_MODE_FACTS = Mode(
        "beside", notice=NOTICE, charity="shan", name="善小基金会", contact="电话 0871-1"
    )
    page = beside.text("/report?about=/d/1")
    assert "善小基金会" in page
    assert "电话 0871-1" in page
    assert "个工作日内答复" not in page
    sent = {"about": "/", "kind": "other", "words": "不对"}
    assert beside.client.post("/report", sent).status_code == 422
    assert not Complaint.objects.exists()
    officer(beside, "rev@example.org", Office.REVIEWER)
    assert "个工作日内答复" in beside.text("/report?about=/d/1")


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
    plain = re.sub(r"<[^>]+>", "", day)
    assert "¥5.00 · wechat 第 5 行" in " ".join(plain.split()), "of which bill"
    assert "1 笔退款待处理" in beside.text("/beside")


def test_days_without_accounts_stand_in_the_list_with_the_reason(
    beside: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = int(datetime(2026, 3, 6, 1, 59, tzinfo=UTC).timestamp())  # 9:59 in Shanghai
    monkeypatch.setattr("jusha.web.views.beside.time.time", lambda: at)
    unread = [{"sha256": "ab" * 32, "why": "not-taken"}]
    table = msgspec.json.encode(
        {"day": "2026-03-03", "org": "shan", "sources": [], "pairs": [], "unread": unread},
        order="deterministic",
    )
    said: dict[str, Any] = {"charity": "shan", "day": "2026-03-03", "table": table}
    assert beside.house.instruct("publish-accounts", **said)[0] == "done"
    plain = " ".join(re.sub(r"<[^>]+>", " ", beside.text("/beside")).split())
    shown = plain[plain.index("每日对账") :]
    not_due = shown.index("2026-03-05 至 2026-03-06 还没到公示时间：每天的账在次日 10 点以后公示。")
    gone = shown.index("2026-03-04 没有公示：")
    bare = shown.index("2026-03-03 没有账单 1 份文件没有读")
    lost = shown.index("2026-03-02 没有公示：")
    assert not_due < gone < bare < lost < shown.index("2026-03-01 2 笔")
    assert "2026-03-03 交来的 1 份文件没有采用" in shown[lost:]
    assert "没有采用" not in shown[gone:bare], "the file came before that day"
    assert 'href="/beside/2026-03-03#unread"' in beside.text("/beside")
    assert 'id="unread"' in beside.text("/beside/2026-03-03")


def test_the_title_of_a_window_names_the_charity(beside: Site, settings: Any) -> None:
    settings.JUSHA_MODE_FACTS = Mode("beside", notice=NOTICE, charity="shan", name="善小基金会")
    for path, title in (
        ("/beside", "善小基金会 · 旁路公示"),
        ("/beside/2026-03-01", "2026-03-01 的账 · 善小基金会"),
    ):
        assert f"<title>{title} · 聚沙</title>" in beside.text(path)
    gift = beside.text(f"/d/{give(beside, '420001', 500)}")
    assert '<p class="quiet"><a href="/beside">善小基金会</a></p>' in gift


def test_english_counts_one_gift_as_one(beside: Site) -> None:
    raw = json.loads(told(corrects=sha256(told(corrects=sha256(told()).hexdigest())).hexdigest()))
    raw["sources"][0]["lines"] = 1
    said: dict[str, Any] = {"charity": "shan", "day": "2026-03-01"}
    table = msgspec.json.encode(raw, order="deterministic")
    assert "2 gifts" in beside.text("/beside", lang="en")
    assert beside.house.instruct("publish-accounts", **said, table=table)[0] == "done"
    for path in ("/beside", "/beside/2026-03-01"):
        html = beside.text(path, lang="en")
        assert re.search(r"\b1 gift\b(?!s)", html), path
        assert not re.search(r"\b1 (gifts|lines|files|refunds)\b", html), path


def test_a_bill_that_is_called_otherwise_is_the_same_bill(beside: Site) -> None:
    raw = json.loads(told(corrects=sha256(told(corrects=sha256(told()).hexdigest())).hexdigest()))
    raw["sources"][0]["title"] = "微信支付"
    table = msgspec.json.encode(raw, order="deterministic")
    said: dict[str, Any] = {"charity": "shan", "day": "2026-03-01"}
    assert beside.house.instruct("publish-accounts", **said, table=table)[0] == "done"
    day = beside.text("/beside/2026-03-01")
    assert "名称由「wechat」改为「微信支付」。" in day
    assert "笔数和合计没有变。" in day
    assert '<th scope="row">' not in day, "no money moved from one name to another"
    raw["corrects"] = sha256(table).hexdigest()
    raw["pairs"][0]["classes"]["matched"]["lines"] = 2
    table = msgspec.json.encode(raw, order="deterministic")
    assert beside.house.instruct("publish-accounts", **said, table=table)[0] == "done"
    day = beside.text("/beside/2026-03-01")
    assert '<th scope="row">own — 微信支付 · 两边一致</th>' in day
    assert "名称由" not in day


def test_the_entry_of_a_day_names_the_day_and_leads_to_it(beside: Site) -> None:
    listed = re.search(r'<a href="(/d/[0-9]+)">查看这一条', beside.text("/beside/2026-03-01"))
    assert listed
    entry = beside.text(listed[1])
    assert "2026-03-01 的名单与账单逐笔核对的结果" in entry
    assert 'href="/beside/2026-03-01"' in entry


def test_a_gift_is_not_said_to_have_missed_a_campaign_where_there_is_none(beside: Site) -> None:
    number = give(beside, "420001", 100)
    assert "配捐活动" not in beside.text(f"/d/{number}")


def test_what_a_file_holds_is_said_of_the_whole_file(beside: Site) -> None:
    day = beside.text("/beside/2026-03-01")
    assert "整份文件 4 行：捐赠 2，不是捐赠 1" in day
    assert "余额核对 3 处，1 处不接" in day
    assert "逐笔相接" not in day, "it is not said to run where it does not"


def test_files_that_were_not_read_stand_on_the_day_with_the_reason(beside: Site) -> None:
    before = sha256(told(corrects=sha256(told()).hexdigest())).hexdigest()
    unread = [
        {"sha256": "ab" * 32, "why": "no-subfolder"},
        {"sha256": "cd" * 32, "why": "made-later"},
    ]
    table = told(unread=unread, corrects=before)
    said: dict[str, Any] = {"charity": "shan", "day": "2026-03-01", "table": table}
    assert "没有读的文件" not in beside.text("/beside/2026-03-01")
    assert beside.house.instruct("publish-accounts", **said)[0] == "done"
    day = beside.text("/beside/2026-03-01")
    for words in ("没有读的文件", "不在约定的子文件夹里", "abababababababab…", "made-later"):
        assert words in day, words


def test_refunds_of_a_list_stand_beside_those_of_the_bill_and_count_as_differences(
    beside: Site,
) -> None:
    raw = json.loads(told(corrects=sha256(told(corrects=sha256(told()).hexdigest())).hexdigest()))
    bill = raw["sources"][0]
    bill["files"][0]["refunds"] = 2
    said: dict[str, Any] = {"charity": "shan", "day": "2026-03-01"}
    table = msgspec.json.encode(raw, order="deterministic")
    assert beside.house.instruct("publish-accounts", **said, table=table)[0] == "done"
    assert "账单里的退款没有和它相对" in beside.text("/beside/2026-03-01")
    raw["corrects"] = sha256(table).hexdigest()
    raw["pairs"][0]["refunds"] = {
        "classes": {"only-there": {"lines": 2, "here": 0, "there": 900}},
        "differences": [
            {
                "class": "only-there",
                "there": {"file": DIGEST, "line": 8, "amt": 400, "day": "2026-03-01"},
            }
        ],
        "more": 1,
    }
    table = msgspec.json.encode(raw, order="deterministic")
    assert beside.house.instruct("publish-accounts", **said, table=table)[0] == "done"
    day = re.sub(r"<[^>]+>", "", beside.text("/beside/2026-03-01"))
    assert "账单里的退款没有和它相对" not in day
    assert re.search(r"退款逐笔相对，按原捐赠的单号\s+只在账单上\s+2 行", day)
    assert "3 行不一致" in day, "one gift and two refunds"
    assert re.search(r"退款 · 只在账单上\s*0 · ¥0\.00\s*2 · ¥9\.00", day), "a correction says so"


@pytest.mark.parametrize(
    ("lang", "words"),
    [
        ("zh-hans", ("善小基金会", "我们每日公示", "乡村图书", "微信支付")),
        ("zh-hant", ("善小基金會", "我們每日公示", "鄉村圖書", "微信支付")),
        ("en", ("Shanxiao", "我们每日公示", "Village books", "微信支付")),
    ],
)
def test_names_stand_in_the_readers_characters_and_codes_nowhere(
    beside: Site, settings: Any, lang: str, words: tuple[str, ...]
) -> None:
    settings.JUSHA_MODE_FACTS = Mode(
        "beside",
        notice="我们每日公示账目。",
        charity="shan",
        name="善小基金会",
        name_en="Shanxiao",
        projects=((BOOKS, "乡村图书", "Village books"),),
    )
    raw = json.loads(told(corrects=sha256(told(corrects=sha256(told()).hexdigest())).hexdigest()))
    raw["sources"][0]["title"] = "微信支付"
    said: dict[str, Any] = {"charity": "shan", "day": "2026-03-01"}
    table = msgspec.json.encode(raw, order="deterministic")
    assert beside.house.instruct("publish-accounts", **said, table=table)[0] == "done"
    number = give(beside, "4200001", 500)
    html = beside.text("/beside", lang=lang)
    for word in words[:3]:
        assert word in html, word
    day = beside.text("/beside/2026-03-01", lang=lang)
    assert words[0] in day
    assert words[3] in day
    assert ('<p class="lead" lang="zh-Hans">' in html) == (lang == "en"), "a voice must know"
    for path in (f"/d/{number}", "/entries"):
        page = beside.text(path, lang=lang)
        assert words[2] in page, path
        assert f'href="/p/{BOOKS}"' not in page, "there is no such page in this mode"


def test_the_seal_is_in_the_readers_characters(beside: Site) -> None:
    number = give(beside, "4200001", 500)
    beside.publish()
    for lang, stamp in (("zh-hans", "已证"), ("zh-hant", "已證"), ("en", "已证")):
        page = beside.text(f"/d/{number}", lang=lang)
        language = "zh-Hant" if lang == "zh-hant" else "zh-Hans"
        assert f'lang="{language}">{stamp}</span>' in page
    words = json.loads(beside.text("/verify").split('id="words">')[1].split("</script>")[0])
    assert words["zh-Hant"]["stamps"] == {"proven": "已證", "refused": "不符", "unable": "未核"}
    assert words["en"]["stamps"]["proven"] == "已证"


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

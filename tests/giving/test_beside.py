"""A folder of bills becomes gifts with proofs and accounts that can be corrected, never unsaid."""

import io
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.conf import settings as django_settings
from django.core.management import call_command
from django.core.management.base import CommandError

from jusha.giving.beside import (
    fingerprint,
    last_due_day,
    publish_days,
    published,
    read_folder,
)
from jusha.giving.beside_settings import BesideRefusedError, read_beside
from jusha.inbox.keys import deed_key
from jusha.money.clock import day_text
from tests.cast import House
from tests.giving.beside_desk import NOW, SECRETS, Desk
from tests.home import REPO
from tests.payments import bill_files as bills


@pytest.fixture
def desk(house: House, tmp_path: Path) -> Desk:
    """A desk with a day's bill and the list that goes with it."""
    desk = Desk(house, tmp_path)
    desk.lay(
        "wechat/0301.csv",
        bills.wechat(
            [
                bills.wechat_line("420001", "20.00"),
                bills.wechat_line("420002", "5.00"),
                bills.wechat_line("420003", "7.00", at="2026-03-01 23:45:00"),
                bills.wechat_line("420002", "5.00", state="NOTPAY"),
            ]
        ),
    )
    desk.own("420001,2026-03-01,20.00", "420002,2026-03-01,50.00", "420003,2026-03-02,7.00")
    return desk


def test_a_day_is_imported_laid_side_by_side_and_published(desk: Desk) -> None:
    _, imported, sent = desk.round()
    assert imported == {"wechat: 0301.csv": 3}
    assert sent == {"2026-03-01": ""}
    gifts = [e for e in desk.house.entries() if e["k"] == "don"]
    assert [(e["amt"], e["ch"]) for e in gifts] == [
        (2000, "wechat"),
        (500, "wechat"),
        (700, "wechat"),
    ]
    assert all("tag" not in e for e in gifts), "nobody can be told from anybody"
    table = desk.table()
    (pair,) = table["pairs"]
    assert pair["classes"] == {
        "matched": {"lines": 1, "here": 2000, "there": 2000},
        "day-differs": {"lines": 1, "here": 700, "there": 700},
        "amount-differs": {"lines": 1, "here": 5000, "there": 500},
    }
    assert {(d["class"], d["cause"]) for d in pair["differences"]} == {
        ("day-differs", "cut-off"),
        ("amount-differs", "ten-times"),
    }
    wechat = next(source for source in table["sources"] if source["name"] == "wechat")
    assert (wechat["lines"], wechat["sum"]) == (3, 3200)
    assert [(f["read"], f["gifts"], f["left_out"]) for f in wechat["files"]] == [(4, 3, 1)]
    assert "420001" not in json.dumps(table), "no id is told to the public"
    desk.house.check()


def test_a_second_round_does_nothing(desk: Desk) -> None:
    desk.round()
    before = desk.house.entries()
    _, imported, sent = desk.round()
    assert (imported, sent) == ({}, {})
    assert desk.house.entries() == before


def test_a_round_before_settlement_has_answered_sends_nothing_twice(desk: Desk) -> None:
    desk.round()
    desk.own("420001,2026-03-01,20.00")
    read = read_folder(desk.beside, desk.folder, now=NOW)
    for _ in range(3):
        publish_days(desk.house.web, desk.beside, read, now=NOW)
    assert desk.house.settle().stuck == 0
    accounts = [e for e in desk.house.entries() if e["k"] == "accounts"]
    assert len(accounts) == 2


def test_a_corrected_list_is_published_as_a_correction_and_back_again(desk: Desk) -> None:
    desk.round()
    first = published(desk.house.web, "shan")["2026-03-01"]
    wrong = ("420001,2026-03-01,20.00", "420002,2026-03-01,50.00", "420003,2026-03-02,7.00")
    right = ("420001,2026-03-01,20.00", "420002,2026-03-01,5.00", "420003,2026-03-02,7.00")
    desk.own(*right)
    _, _, sent = desk.round()
    assert sent == {"2026-03-01": first.table}
    assert desk.table()["corrects"] == first.table
    assert "amount-differs" not in desk.table()["pairs"][0]["classes"]
    desk.own(*wrong)
    _, _, sent = desk.round()
    assert sent["2026-03-01"] not in {"", first.table}
    accounts = [e for e in desk.house.entries() if e["k"] == "accounts"]
    assert len({e["h"] for e in accounts}) == len(accounts) == 3
    desk.house.check()


def test_a_newer_file_counts_for_the_lines_that_both_have(desk: Desk) -> None:
    desk.own("420002,2026-03-01,5.00", name="own/correction.csv", age_s=60)
    read, _, _ = desk.round()
    assert read.replaced == 1
    assert desk.table()["pairs"][0]["classes"]["matched"]["lines"] == 2


def test_a_round_is_only_needed_when_something_changed(desk: Desk) -> None:
    def seen(at: datetime = NOW) -> bytes:
        return fingerprint(desk.beside, desk.folder, now=at)

    first = seen()
    assert seen() == first
    assert seen(NOW + timedelta(hours=12)) == first
    assert seen(NOW + timedelta(days=1)) != first, "another day is due"
    desk.own("420001,2026-03-01,20.00")
    assert seen() != first


def test_the_same_file_under_two_names_counts_once(desk: Desk) -> None:
    desk.lay("wechat/copy.csv", (desk.folder / "wechat/0301.csv").read_bytes())
    read, imported, _ = desk.round()
    (why,) = read.refused.values()
    assert list(read.refused) == ["wechat/copy.csv"]
    assert why == ("和 wechat/0301.csv 是同一份文件，不重复计算 the same file as wechat/0301.csv")
    assert sum(imported.values()) == 3


def test_a_file_that_is_still_coming_waits_and_a_bad_one_is_named(desk: Desk) -> None:
    desk.lay("wechat/0302.csv", bills.wechat([bills.wechat_line("9", "1.00")]), age_s=1)
    desk.lay("wechat/0303.csv.part", b"half")
    desk.lay("wechat/torn.csv", (desk.folder / "wechat/0301.csv").read_bytes()[:900])
    read, imported, _ = desk.round()
    assert sorted(read.waiting) == ["wechat/0302.csv", "wechat/0303.csv.part"]
    assert list(read.refused) == ["wechat/torn.csv"]
    assert imported == {"wechat: 0301.csv": 3}


def test_what_a_donor_knows_finds_the_gift(desk: Desk) -> None:
    desk.round()
    key = deed_key(SECRETS.dedupe, "wechat", "420002")
    row = desk.house.web.execute(
        "SELECT number FROM giving_seen WHERE key = encode(%b, 'hex')::uuid", (key,)
    ).fetchone()
    assert row is not None
    assert desk.house.entries()[row[0]]["amt"] == 500


@pytest.mark.parametrize(
    ("at", "due"),
    [
        (datetime(2026, 3, 2, 1, 59, tzinfo=UTC), "2026-02-28"),
        (datetime(2026, 3, 2, 2, 0, tzinfo=UTC), "2026-03-01"),
        (datetime(2026, 3, 2, 15, 59, tzinfo=UTC), "2026-03-01"),
        (datetime(2026, 3, 3, 2, 0, tzinfo=UTC), "2026-03-02"),
    ],
)
def test_a_day_is_due_from_ten_in_the_morning_after(at: datetime, due: str) -> None:
    assert day_text(last_due_day(at, 10)) == due


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (('notice = "', 'notice = "" # '), "notice needs"),
        (('by = "经办人"', 'by = "复核人"'), "two different persons"),
        (('files = "wechat/*"', 'files = "../*"'), "below the folder"),
        (('beside = "wechat"', 'beside = "nobody"'), "no bill"),
        (('map = "own.toml"', 'map = "lost.toml"'), "cannot be read"),
        (('charity = "shan"', 'charity = "善"'), "charity = '善'"),
        (('code = "general"', 'code = "other"'), "names project general"),
        (("publish_hour = 10", "publish_hour = 24"), "publish_hour"),
        (("publish_hour = 10", "publishhour = 10"), "publishhour"),
    ],
)
def test_settings_that_lack_something_are_refused_by_name(
    desk: Desk, change: tuple[str, str], why: str
) -> None:
    file = desk.home / "beside.toml"
    text = file.read_text()
    assert change[0] in text
    file.write_text(text.replace(*change, 1))
    with pytest.raises(BesideRefusedError, match=why):
        read_beside(file)


def command(*argv: str) -> str:
    """Run `jusha beside` and return what it says."""
    out = io.StringIO()
    call_command("beside", *argv, stdout=out)
    return out.getvalue()


def test_init_writes_settings_that_are_good_and_never_over_others(tmp_path: Path) -> None:
    file = tmp_path / "new" / "beside.toml"
    told = ["--yes", "--settings-file", str(file), "--answer", "charity=shan"]
    assert "下一步" in command("init", *told)
    beside = read_beside(file)
    assert beside.settings.charity == "shan"
    assert [told.source.name for told in beside.sources] == ["wechat", "alipay"]
    with pytest.raises(CommandError, match="there already"):
        command("init", *told)
    with pytest.raises(CommandError, match="knows no colour"):
        command("init", "--yes", "--settings-file", str(tmp_path / "x"), "--answer", "colour=red")


def test_what_a_refused_init_left_does_not_stand_in_the_way_of_the_next(tmp_path: Path) -> None:
    file = tmp_path / "new" / "beside.toml"
    plain = REPO / "maps" / "wuhan_redcross_qr_pos_plain.toml"
    told = ["--yes", "--settings-file", str(file), "--answer", f"bills={plain}@qr_pos"]
    lists = f"lists={REPO / 'maps' / 'wuhan_redcross_qr_pos_list.toml'}@list=qr_pos"
    with pytest.raises(CommandError, match="no bill is called qr_pos"):
        command("init", *told, "--answer", lists)
    assert not file.exists()
    assert "下一步" in command("init", *told)
    assert [each.source.name for each in read_beside(file).sources] == [
        "wuhan-redcross-qr-pos-plain"
    ]


def test_a_file_that_is_not_taken_is_told_of_in_chinese_first(desk: Desk) -> None:
    desk.lay("wechat/torn.csv", (desk.folder / "wechat/0301.csv").read_bytes()[:900])
    desk.lay("wechat/list.csv", b"a,b\n1,2\n")
    said = command(str(desk.folder), "--dry-run", "--settings-file", str(desk.home / "beside.toml"))
    told = [line for line in said.splitlines() if "NOT TAKEN" in line]
    assert len(told) == 2
    assert "wechat/list.csv: 这不是微信支付的账单：开头是 'a,b'" in told[0]
    assert "this is no WeChat Pay bill: it begins with 'a,b'" in told[0]
    assert (
        "wechat/torn.csv: 账单末尾没有合计：文件不完整，或被改过。请重新下载。 the bill" in told[1]
    )


def test_a_dry_run_tells_all_and_writes_nothing(desk: Desk) -> None:
    said = command(str(desk.folder), "--dry-run", "--settings-file", str(desk.home / "beside.toml"))
    assert "读 read 4, 捐赠 gifts 3, 不是捐赠 left out 1" in said
    assert "1 行 lines: 相差十倍 ten-times" in said
    assert said.rstrip().endswith("nothing was written.")
    assert desk.house.entries() == []
    assert django_settings.REPO_DIR == REPO

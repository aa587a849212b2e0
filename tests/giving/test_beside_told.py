"""What was not read, what is not new and how refunds stand to a list: said, never passed over."""

import io
import os
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.core.management import call_command

from jusha.giving.accounts_table import table_of
from jusha.giving.beside import Read, fingerprint, not_due, read_folder
from jusha.giving.beside_settings import read_beside
from jusha.giving.unread_files import NAMED_MAX
from jusha.management.beside import told
from jusha.money.clock import local_day
from tests.cast import House
from tests.giving.beside_desk import LIST_MAP, NOW, SECRETS, Desk
from tests.payments.bill_files import wechat_line

LIST_REFUNDS = """
[refund]
column = "金额"
values = ["退"]
of = ["交易单号"]
id = ["交易单号"]
"""


@pytest.fixture
def desk(house: House, tmp_path: Path) -> Desk:
    """A desk with two gifts of one day."""
    desk = Desk(house, tmp_path)
    desk.wechat("0227.csv", gift("420001", "20.00"), gift("420002", "5.00"))
    return desk


def gift(no: str, yuan: str) -> str:
    return wechat_line(no, yuan, at="2026-02-27 10:00:00")


def back(no: str, yuan: str, refund: str) -> str:
    return wechat_line(no, yuan, at="2026-02-28 11:00:00", state="REFUND", refund=refund)


def lay(desk: Desk, name: str) -> Path:
    (desk.folder / name).parent.mkdir(parents=True, exist_ok=True)
    return desk.lay(name, name.encode())


def said(read: Read, desk: Desk) -> str:
    lines: list[str] = []
    told.tell(lines.append, read, [], desk.folder)
    return "\n".join(lines)


@pytest.mark.parametrize(
    ("name", "why", "words"),
    [
        ("0227.csv", "no-subfolder", "不在设置列出的子文件夹里"),
        ("微信/0227.csv", "no-subfolder", "不在设置列出的子文件夹里"),
        ("wechat/february/0227.csv", "too-deep", "在更深一层的文件夹里，请往上移一层"),
    ],
)
def test_a_file_in_a_wrong_place_is_named_with_the_reason_and_stands_on_its_day(
    desk: Desk, name: str, why: str, words: str
) -> None:
    laid = lay(desk, name)
    read, _, _ = desk.round()
    assert [(file.name, file.why) for file in read.unread] == [(name, why)]
    assert f"没有读 NOT READ {name}: {words}" in said(read, desk)
    table = table_of(local_day(int(NOW.timestamp())), charity="shan", sources=[], pairs=[],
                     unread=read.unread)  # fmt: skip
    digest = sha256(laid.read_bytes()).hexdigest()
    assert f'"unread":[{{"sha256":"{digest}","why":"{why}"}}]' in table.decode()
    assert name not in table.decode(), "a file's name is nobody's business"


def test_a_file_whose_name_does_not_fit_and_one_that_is_broken_are_not_read(desk: Desk) -> None:
    settings = desk.home / "beside.toml"
    settings.write_text(settings.read_text().replace('"wechat/*"', '"wechat/*.csv"'))
    desk.beside = read_beside(settings)
    lay(desk, "wechat/0227.txt")
    os.utime(lay(desk, "own/broken.csv"), (NOW.timestamp() - 2 * 86_400,) * 2)
    read, _, _ = desk.round()
    assert {(file.name, file.why) for file in read.unread} == {
        ("wechat/0227.txt", "other-name"),
        ("own/broken.csv", "not-taken"),
    }
    assert [file["why"] for file in desk.table("2026-02-28")["unread"]] == ["not-taken"]
    words = said(read, desk)
    assert "NOT READ wechat/0227.txt" in words
    assert "NOT READ own/broken.csv" not in words, "it is said to be not taken, with why"
    assert "NOT TAKEN own/broken.csv" in words


def test_what_is_read_is_said_with_its_days_and_its_reasons_in_words(desk: Desk) -> None:
    desk.own("420001,2026-02-27,二十元")
    desk.wechat("0205.csv", wechat_line("420010", "1.00", at="2026-02-05 10:00:00"))
    read, _, _ = desk.round()
    words = said(read, desk)
    assert "微信支付（wechat）: 2 份文件 files" in words
    assert "日期 days 2026-02-05 至 to 2026-02-27, 有捐赠的 with gifts: 2 天 days" in words
    assert "金额无法识别 bad-amount 1" in words
    assert "第 2 行 line: 金额无法识别 bad-amount" in words


def test_a_folder_with_a_file_that_was_not_taken_is_not_said_to_be_empty(desk: Desk) -> None:
    os.utime(lay(desk, "wechat/0227.csv"), (NOW.timestamp() - 3600,) * 2)
    read, _, _ = desk.round()
    words = said(read, desk)
    assert "没有可读的文件 no file that can be read" in words
    assert "未采用 NOT TAKEN wechat/0227.csv" in words


@pytest.mark.parametrize("name", [".DS_Store", "~$list.xlsx", "Thumbs.db", ".git/config"])
def test_what_no_person_laid_there_is_not_spoken_of(desk: Desk, name: str) -> None:
    lay(desk, name)
    assert read_folder(desk.beside, desk.folder, now=NOW).unread == []


def test_what_is_no_file_or_is_gone_or_closed_stops_nothing(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    os.mkfifo(desk.folder / "pipe.csv")
    (desk.folder / "gone.csv").symlink_to(desk.folder / "never.csv")
    lay(desk, "closed.csv")

    def closed(_file: Path) -> str:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("jusha.giving.unread_files.file_sha256", closed)
    fingerprint(desk.beside, desk.folder, now=NOW)
    read = read_folder(desk.beside, desk.folder, now=NOW)
    assert [(file.name, file.sha256) for file in read.unread] == [("closed.csv", "")]


def test_a_file_that_is_taken_away_while_it_is_looked_at_stops_nothing(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    lay(desk, "0228.csv")
    module = "jusha.giving.beside.misplaced"
    monkeypatch.setattr(module, lambda *_: [desk.folder / "0228.csv", desk.folder / "went.csv"])
    fingerprint(desk.beside, desk.folder, now=NOW)


def test_more_files_than_can_be_named_are_counted(desk: Desk) -> None:
    for number in range(NAMED_MAX + 3):
        lay(desk, f"photos/{number:04}.jpg")
    read = read_folder(desk.beside, desk.folder, now=NOW)
    assert (len(read.unread), read.unread_more) == (NAMED_MAX, 3)
    assert f"NOT READ: {NAMED_MAX + 3 - told.SHOWN_MAX} 份更多" in said(read, desk)


def test_a_wrong_place_is_noticed_by_the_next_look(desk: Desk) -> None:
    before = fingerprint(desk.beside, desk.folder, now=NOW)
    file = lay(desk, "0228.csv")
    seen = fingerprint(desk.beside, desk.folder, now=NOW)
    assert seen != before
    file.unlink()
    assert fingerprint(desk.beside, desk.folder, now=NOW) == before


def once(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> str:
    """`jusha beside FOLDER --once` beside a house that has settled."""
    module = "jusha.management.commands.beside"
    monkeypatch.setattr(django_settings, "JUSHA_MODE", "beside")
    monkeypatch.setattr(f"{module}.connect", lambda **_: Held(desk.house.web))
    monkeypatch.setattr(f"{module}.Secrets", lambda **_: SECRETS)
    monkeypatch.setattr(f"{module}.vault.load", lambda *_: b"")
    out = io.StringIO()
    file = str(desk.home / "beside.toml")
    call_command("beside", str(desk.folder), "--once", "--settings-file", file, stdout=out)
    return out.getvalue()


class Held:
    """The house's connection, which stays open."""

    def __init__(self, connection: Any) -> None:
        self.connection = connection

    def __enter__(self) -> Any:
        return self.connection

    def __exit__(self, *_: object) -> None:
        """Leave it open."""


def test_a_second_look_says_that_nothing_is_new_and_still_what_is_not_read(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.round()
    said = once(desk, monkeypatch)
    assert "没有新的：1 份文件都读过，1 天已公示。" in said
    assert "Nothing is new: 1 files read before, 1 days published." in said
    lay(desk, "0228.csv")
    os.utime(desk.folder / "0228.csv")  # laid today: its day is not due
    said = once(desk, monkeypatch)
    assert "NOT READ 0228.csv" in said
    assert "Nothing is new" in said


def test_a_day_that_is_not_due_is_named_with_its_hour(desk: Desk) -> None:
    desk.wechat("0302.csv", wechat_line("420009", "5.00", at="2026-03-02 10:00:00"))
    read = read_folder(desk.beside, desk.folder, now=NOW)
    days = not_due(read, now=NOW, publish_hour=10)
    assert days == ["2026-03-02"]
    lines: list[str] = []
    told.tell_not_due(lines.append, days, 10)
    assert "2026-03-02；次日 10 点以后公示" in lines[0]
    told.tell_not_due(lines.append, [], 10)
    assert len(lines) == 1


def with_refunds_in_the_list(desk: Desk) -> None:
    """Let the own list name refunds too: a column 种类 says which lines they are."""
    (desk.home / "own.toml").write_text(LIST_MAP + LIST_REFUNDS.replace('"金额"', '"种类"'))
    desk.beside = read_beside(desk.home / "beside.toml")


def own(desk: Desk, *rows: str) -> None:
    head = "交易单号,日期,金额,种类\n"
    desk.lay("own/list.csv", (head + "\n".join(rows) + "\n").encode())


def test_refunds_of_a_list_are_paired_with_the_bills_by_the_number_of_the_gift(
    desk: Desk,
) -> None:
    with_refunds_in_the_list(desk)
    gifts = [gift(f"42000{n}", "20.00") for n in range(1, 6)]
    desk.wechat("0227.csv", *gifts)
    backs = [back(f"42000{n}", "5.00", f"5000{n}") for n in range(1, 5)]
    desk.wechat("0228.csv", *backs)
    own(
        desk,
        *(f"42000{n},2026-02-27,20.00,捐" for n in range(1, 6)),
        "420001,2026-02-28,5.00,退",  # as the bill
        "420002,2026-02-27,5.00,退",  # another day
        "420003,2026-02-28,50.00,退",  # another amount
        "420005,2026-02-28,5.00,退",  # on the list alone; 420004 is on the bill alone
    )
    read, _, _ = desk.round()
    (pair,) = desk.table("2026-02-28")["pairs"]
    assert pair["classes"] == {}, "no gift of this day"
    assert {name: sums["lines"] for name, sums in pair["refunds"]["classes"].items()} == {
        "matched": 1, "day-differs": 1, "amount-differs": 1, "only-here": 1, "only-there": 1,
    }  # fmt: skip
    differences = pair["refunds"]["differences"]
    assert len(differences) == 4
    assert {(d["class"], d.get("cause")) for d in differences} >= {("amount-differs", "ten-times")}
    (gifts_paired,) = desk.table("2026-02-27")["pairs"]
    assert gifts_paired["classes"] == {"matched": {"lines": 5, "here": 10_000, "there": 10_000}}
    assert "refunds" not in gifts_paired
    assert "退款 refunds, 机构的捐赠名单（own） 对 beside 微信支付（wechat）:" in said(read, desk)
    desk.house.check()


def test_parts_of_one_refund_are_paired_as_often_as_both_sides_have_them(desk: Desk) -> None:
    with_refunds_in_the_list(desk)
    desk.wechat("0228.csv", back("420001", "5.00", "50001"), back("420001", "5.00", "50002"))
    own(desk, "420001,2026-02-28,5.00,退")
    desk.round()
    (pair,) = desk.table("2026-02-28")["pairs"]
    assert pair["refunds"]["classes"]["matched"]["lines"] == 1
    (left,) = pair["refunds"]["differences"]
    assert (left["class"], left["cause"]) == ("only-there", "repeated")


def test_a_list_that_names_no_refunds_is_said_not_to_be_compared(desk: Desk) -> None:
    desk.own("420001,2026-02-27,20.00", "420002,2026-02-27,5.00")
    desk.wechat("0228.csv", back("420002", "5.00", "50001"))
    read, _, _ = desk.round()
    assert "refunds" not in desk.table("2026-02-28")["pairs"][0]
    assert "so refunds are not compared" in said(read, desk)

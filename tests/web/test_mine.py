"""My good deeds: of this browser without an account, of every device with one, of nobody else."""

import csv
import io
import re
from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from jusha.charities.models import Charity
from jusha.giving.queries import shanghai_year
from jusha.people.accounts import open_account
from jusha.people.keep_orders import keep_orders, orders_kept
from tests.cast import BOOKS, WATER
from tests.web.conftest import Site
from tests.web.staff import signed_in

LIN, WU = "lin@example.org", "wu@example.org"


def order(client: Client, fen: int = 3500, project: str = BOOKS) -> int:
    """Order a gift from this browser, as a donor does."""
    form = {"display": "anonymous", "own": f"{fen / 100:.2f}", "campaign": "day"}
    answer = client.post(f"/p/{project}/donate", form)
    assert answer.status_code == 303, answer.content.decode()
    return int(parse_qs(urlsplit(answer.headers["Location"]).query)["order"][0])


def gift(site: Site, client: Client, fen: int = 3500, project: str = BOOKS) -> tuple[int, int]:
    """Order and pay; return the order's and the entry's number."""
    no = order(client, fen, project)
    site.house.settle()
    return no, site.house.give(fen, "", order=no, campaign="")


def words(page: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", page)).replace(" .", ".").replace("¥ ", "¥")


def test_a_guest_sees_the_gifts_of_this_browser_and_of_no_other(site: Site) -> None:
    mine, other = Client(), Client()
    no, number = gift(site, mine)
    site.publish()
    page = site.get("/mine", client=mine).content.decode()
    assert "书香进山" in page
    assert f"已写入公示账本 第 {number} 条" in words(page)
    assert "¥35.00" in words(page)
    for address in (f"/o/{no}", f"/d/{number}", f"/d/{number}.tlog-proof", f"/p/{BOOKS}"):
        assert f'href="{address}"' in page
    assert f'href="/p/{BOOKS}/donate?yuan=35.00"' in page
    assert "这里还没有捐赠" in site.get("/mine", client=other).content.decode()


def test_a_gift_shows_what_it_waits_for_and_what_went_back(site: Site) -> None:
    client = Client()
    no = order(client)
    site.house.settle()
    waiting = words(site.get("/mine", client=client).content.decode())
    assert "还没有付款" in waiting
    number = site.house.give(3500, "", order=no, campaign="")
    assert "等待下一次签名" in words(site.get("/mine", client=client).content.decode())
    site.house.instruct("refund", deed=number, amount=1000, reason="asked")
    part = words(site.get("/mine", client=client).content.decode())
    assert "已退回 10 元" in part
    assert "一共捐了 ¥25.00" in part
    assert "带来的配捐 ¥25.00" in part
    site.house.instruct("refund", deed=number, amount=2500, reason="asked")
    assert "已全部退回" in words(site.get("/mine", client=client).content.decode())
    site.house.check()


def test_gifts_are_put_into_the_account_and_seen_from_another_device(site: Site) -> None:
    phone = signed_in(account := open_account(LIN))
    guest = Client()
    no, _ = gift(site, guest)
    phone.cookies["jusha_orders"] = guest.cookies["jusha_orders"].value
    assert "有 1 笔捐赠还没有放进您的账户" in words(phone.get("/mine").content.decode())
    assert phone.post("/mine/keep")["Location"] == "/mine"
    assert orders_kept(account) == [no]
    desk = signed_in(account)
    page = desk.get("/mine").content.decode()
    assert f'href="/o/{no}"' in page
    assert "还没有放进您的账户" not in page


def test_a_gift_of_who_is_signed_in_is_kept_at_once(site: Site) -> None:
    account = open_account(LIN)
    no = order(signed_in(account))
    assert orders_kept(account) == [no]


def test_the_account_opens_the_private_part_and_the_whole_proof_on_any_device(site: Site) -> None:
    account = open_account(LIN)
    no, _ = gift(site, signed_in(account))
    site.publish()
    elsewhere = signed_in(account)
    assert elsewhere.get(f"/o/{no}.tlog-proof").status_code == 200
    assert Client().get(f"/o/{no}.tlog-proof").status_code == 404
    assert signed_in(open_account(WU)).get(f"/o/{no}.tlog-proof").status_code == 404
    assert f'href="/o/{no}.tlog-proof"' in elsewhere.get(f"/o/{no}").content.decode()


def test_a_gift_has_one_keeper(site: Site) -> None:
    lin, wu = open_account(LIN), open_account(WU)
    assert keep_orders(lin, [202611220000000001, 202611220000000002]) == 2
    assert keep_orders(wu, [202611220000000002, 202611220000000003]) == 1
    assert orders_kept(lin) == [202611220000000002, 202611220000000001]
    assert keep_orders(lin, orders_kept(lin)) == 2


def test_a_stranger_who_wants_to_keep_is_led_to_the_sign_in(site: Site) -> None:
    assert Client().post("/mine/keep")["Location"] == "/account/sign-in?next=/mine"
    assert Client().get("/mine/keep").status_code == 405


def test_the_cookie_of_a_browser_cannot_be_written_by_hand(site: Site) -> None:
    guest, thief = Client(), Client()
    gift(site, guest)
    value = guest.cookies["jusha_orders"].value
    thief.cookies["jusha_orders"] = value[:-2] + ("AA" if not value.endswith("AA") else "BB")
    assert "这里还没有捐赠" in site.get("/mine", client=thief).content.decode()


def this_year(page: str) -> str:
    found = re.search(r'href="/mine/(20\d\d)"', page)
    assert found is not None
    return found[1]


def test_a_year_adds_up_by_charity_and_project_to_the_fen(site: Site) -> None:
    client = Client()
    numbers = [gift(site, client, fen)[1] for fen in (3501, 2002, 999)]
    gift(site, client, 5000, WATER)
    site.house.instruct("refund", deed=numbers[1], amount=1001, reason="asked")
    year = this_year(client.get("/mine").content.decode())
    page = client.get(f"/mine/{year}")
    text = words(page.content.decode())
    assert "捐赠（已减去退回） ¥105.01" in text
    assert "笔数 4" in text
    assert re.search(r"书香进山 善小基金会 · 53330000DEMO000001 3 ¥65.02 ¥10.01", text)
    assert re.search(r"一口清泉 善小基金会 · 53330000DEMO000001 1 ¥50.00 ¥0.00", text)
    assert "不是捐赠票据" in text


def test_the_file_of_a_year_says_the_same_as_the_page(site: Site) -> None:
    client = Client()
    no, number = gift(site, client, 3501)
    gift(site, client, 5000, WATER)
    site.house.instruct("refund", deed=number, amount=1, reason="asked")
    year = this_year(client.get("/mine").content.decode())
    answer = client.get(f"/mine/{year}.csv")
    assert answer["Content-Disposition"] == f'attachment; filename="jusha-{year}.csv"'
    rows = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert rows[0][:4] == ["日期", "机构", "统一社会信用代码", "项目"]
    assert rows[1][1:] == [
        "善小基金会", "53330000DEMO000001", "书香进山", "CNY", "35.01", "0.01", "35.00",
        str(number), f"o{no}",
    ]  # fmt: skip
    assert len(rows) == 3


def test_a_name_that_looks_like_a_formula_stays_a_text(site: Site) -> None:
    Charity.objects.update(name_zh="=HYPERLINK(1)")
    client = Client()
    gift(site, client)
    year = this_year(client.get("/mine").content.decode())
    assert "'=HYPERLINK(1)" in client.get(f"/mine/{year}.csv").content.decode()


def test_a_year_without_gifts_is_not_there(site: Site) -> None:
    client = Client()
    gift(site, client)
    for path in ("/mine/2020", "/mine/2020.csv"):
        assert client.get(path).status_code == 404
    year = this_year(client.get("/mine").content.decode())
    assert Client().get(f"/mine/{year}").status_code == 404, "nobody else's year either"


def test_many_gifts_are_asked_for_in_the_same_few_questions(site: Site) -> None:
    account = open_account(LIN)
    client = signed_in(account)
    for _ in range(2):
        gift(site, client)
    client.get("/mine")
    with CaptureQueriesContext(connection) as few:
        client.get("/mine")
    for _ in range(33):
        gift(site, client)
    with CaptureQueriesContext(connection) as many:
        page = client.get("/mine").content.decode()
    assert len(few) == len(many) <= 9, [each["sql"][:80] for each in many]
    assert page.count('class="gift"') == 30
    older = re.search(r'href="(\?from=\d+)"', page)
    assert older is not None
    assert client.get(f"/mine{older[1]}").content.decode().count('class="gift"') == 5
    assert "笔数 35" in words(page)


@pytest.mark.parametrize(
    ("at", "year"),
    [
        (datetime(2026, 12, 31, 15, 59, tzinfo=UTC), 2026),
        (datetime(2026, 12, 31, 16, 0, tzinfo=UTC), 2027),
        (None, 0),
    ],
    ids=str,
)
def test_a_gift_belongs_to_the_year_of_shanghai(at: datetime | None, year: int) -> None:
    assert shanghai_year(at) == year


@pytest.mark.parametrize("lang", ["en", "zh-hant"])
def test_the_pages_speak_the_reader_s_language(site: Site, lang: str) -> None:
    client = Client()
    gift(site, client)
    page = site.get("/mine", client=client, lang=lang)
    assert page.status_code == 200

"""The statement of a year as PDF: it adds up, and says what of it is a tax receipt and what not."""

import re
from datetime import UTC, datetime
from io import BytesIO
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from fontTools import fontBuilder
from pypdf import PdfReader

from jusha.giving.receipt_ask import ask_receipt
from jusha.giving.receipt_follow import Follower
from jusha.giving.receipt_issuer import Answer, Stamp
from jusha.giving.receipt_rules import E_RECEIPT, LETTER, Payer
from jusha.giving.receipt_send import Told, begin_due, keep
from jusha.people.accounts import open_account
from jusha.web.statement_paper import (
    NUMBERS_MAX,
    EReceipt,
    OfCharity,
    OfProject,
    Statement,
    draw_statement,
)
from tests.cast import WATER
from tests.web.conftest import Site
from tests.web.staff import signed_in
from tests.web.test_mine import LIN, gift, this_year

PAYER = Payer("person", "李四")
AT = datetime(2026, 12, 31, 8, 0, tzinfo=UTC)


def text_of(pdf: bytes) -> str:
    pages = PdfReader(BytesIO(pdf)).pages
    return re.sub(r"\s+", "", "".join(page.extract_text() for page in pages))


def paper_of(client: Client) -> tuple[Any, str]:
    year = this_year(client.get("/mine").content.decode())
    answer = client.get(f"/mine/{year}.pdf")
    assert answer.status_code == 200
    return answer, text_of(answer.content)


def test_a_year_adds_up_by_charity_and_says_that_it_is_no_receipt(site: Site) -> None:
    client = signed_in(open_account(LIN))
    _, first = gift(site, client, 3501)
    gift(site, client, 2000)
    gift(site, client, 5000, WATER)
    site.house.instruct("refund", deed=first, amount=1001, reason="asked")
    answer, text = paper_of(client)
    assert answer["Content-Type"] == "application/pdf"
    assert "private" in answer["Cache-Control"]
    assert re.fullmatch(r'attachment; filename="jusha-20\d\d\.pdf"', answer["Content-Disposition"])
    for words in (
        LIN, "捐赠合计（已减去退回）¥95.00", "人民币玖拾伍元整", "笔数3", "善小基金会",
        "53330000DEMO000001", "书香进山", "¥55.01", "¥10.01", "¥45.00", "一口清泉", "小计¥95.00",
        "这份清单不是公益事业捐赠票据，不能用于税前扣除。", "捐赠确认函也不是票据",
        "其中已开出电子票据¥0.00", "没有电子票据的部分（不能凭此扣除）：¥95.00", "沙盒演示",
    ):  # fmt: skip
        assert words in text, words


def test_what_is_a_tax_receipt_is_named_and_a_letter_is_said_not_to_be(site: Site) -> None:
    client = signed_in(open_account(LIN))
    by_issuer, _ = gift(site, client, 3500)
    by_letter, _ = gift(site, client, 2000)
    taken_back, number = gift(site, client, 900)
    now = timezone.now()
    for order_no, kind in ((by_issuer, E_RECEIPT), (by_letter, LETTER), (taken_back, LETTER)):
        ask_receipt(order_no=order_no, kind=kind, payer=PAYER, consent=True, now=now)
    site.house.instruct("refund", deed=number, amount=900, reason="asked")
    Follower().round(now, whole=True)
    (asked,) = begin_due(now=now, leaving_out=[], most=16)
    stamp = Stamp("53010126", "0000000042", "a1b2c3")
    assert keep(Told(asked, Answer("issued", stamp)), now=now)
    _, text = paper_of(client)
    assert "其中已开出电子票据¥35.00" in text
    assert "代码53010126号码0000000042校验码a1b2c3¥35.00" in text
    assert "只有捐赠确认函（不是票据）：¥20.00" in text, "the third went back"
    assert "没有电子票据的部分（不能凭此扣除）：¥20.00" in text


def test_nobody_else_downloads_it(site: Site) -> None:
    client = signed_in(open_account(LIN))
    gift(site, client)
    year = this_year(client.get("/mine").content.decode())
    for other in (Client(), signed_in(open_account("wu@example.org"))):
        assert other.get(f"/mine/{year}.pdf").status_code == 404
    assert client.get("/mine/2020.pdf").status_code == 404


def test_a_long_year_goes_over_pages_and_loses_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    projects = tuple(OfProject(f"第 {n} 个项目", 1, 100 + n, 0) for n in range(120))
    receipts = tuple(EReceipt("53010126", f"{n:010d}", "abcdef", 1) for n in range(260))
    told = Statement(
        year=2026,
        who="",
        at=AT,
        charities=(OfCharity("善小基金会", "53330000DEMO000001", projects, receipts, 0),),
        gifts=120,
        matched=0,
        others=True,
        page="https://example.org/mine/2026",
    )
    pdf = draw_statement(told)
    monkeypatch.setattr(fontBuilder, "timestampNow", lambda: 3_000_000_000)
    assert pdf == draw_statement(told), "the same bytes for the same statement, at any time"
    pages = PdfReader(BytesIO(pdf)).pages
    text = text_of(pdf)
    assert len(pages) > 2
    assert f"第{len(pages)}页，共{len(pages)}页" in text
    assert all(f"第{n}个项目" in text for n in range(120))
    assert f"{NUMBERS_MAX - 1:010d}" in text
    assert f"{NUMBERS_MAX:010d}" not in text
    assert "其余票据的号码在各订单页" in text
    assert "其他币种" in text

"""A donor asks for a receipt with the gift or later, downloads the letter, and nobody else can."""

import re
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from pypdf import PdfReader
from reportlab.pdfbase import pdfmetrics

from jusha.giving.models import Receipt, ReceiptPaper, ReceiptPayer
from jusha.giving.receipt_config import FILE
from jusha.giving.receipt_follow import Follower
from jusha.giving.receipt_payer import read_payer
from jusha.giving.receipt_rules import REFUSALS, STATES, Payer
from jusha.people.models import OwnedOrder, UserAccount
from jusha.web import receipt_form, receipt_words
from jusha.web.receipt_type import SANS, SERIF
from tests.web.conftest import Site
from tests.web.test_donate import DONATE, order_at, pay

ISSUER = 'address = "http://127.0.0.1:9"\nclient = "jusha"\nname = "模拟票据系统"\n'
PERSON: dict[str, Any] = {"receipt": "person", "receipt_name": "李四", "receipt_consent": "1"}
FIRM: dict[str, Any] = {
    "receipt": "organisation",
    "receipt_name": "云岭有限公司",
    "receipt_code": "91110000600037341L",
    "receipt_consent": "1",
}


class Gift:
    """An order of 35 yuan that is paid."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.order = order_at(site)
        self.deed = pay(site, self.order, 3500)
        self.path = f"/o/{self.order}/receipt"

    def ask(self, client: Client | None = None, **fields: str) -> Any:
        return (client or self.site.client).post(self.path, PERSON | fields)


@pytest.fixture
def gift(site: Site) -> Gift:
    return Gift(site)


def pdf_text(response: Any) -> str:
    assert response.status_code == 200
    assert response.headers["Content-Type"] == "application/pdf"
    pages = PdfReader(BytesIO(response.content)).pages
    assert len(pages) == 1
    return re.sub(r"\s+", "", pages[0].extract_text())


def test_nothing_is_wanted_until_the_donor_says_so(site: Site) -> None:
    html = site.text(DONATE)
    assert re.findall(r'<input type="radio" name="receipt" value="(\w+)" checked', html) == ["none"]
    assert not re.search(r'name="receipt_consent"[^>]*checked', html)
    assert "电子票据" not in html, "no issuer is configured"
    order_at(site, receipt="none", receipt_name="", receipt_code="12")
    order_at(site)
    assert not Receipt.objects.exists()


def test_a_receipt_asked_for_with_the_gift_is_there_once_it_is_paid(site: Site) -> None:
    order = order_at(site, **FIRM)
    receipt = Receipt.objects.get(order_no=order)
    assert (receipt.state, receipt.title, receipt.kind) == ("requested", "organisation", "letter")
    assert read_payer(receipt.pk) == Payer("organisation", "云岭有限公司", "91110000600037341L")
    assert "付款到账以后" in site.text(f"/o/{order}/receipt")
    assert site.client.get(f"/o/{order}/receipt.pdf").status_code == 404
    pay(site, order, 3500)
    Follower().round(receipt.asked_at)
    text = pdf_text(site.client.get(f"/o/{order}/receipt.pdf"))
    assert "云岭有限公司" in text
    assert "91110000600037341L" in text


@pytest.mark.parametrize(
    ("fields", "words", "at"),
    [
        ({"receipt_name": " "}, "请写下抬头", "receipt_name"),
        ({"receipt_name": "李" * 61}, "请写下抬头", "receipt_name"),
        ({"receipt_name": "李\u202e四"}, "请写下抬头", "receipt_name"),
        ({**FIRM, "receipt_code": "91110000600037341M"}, "18 位", "receipt_code"),
        ({**FIRM, "receipt_code": "9" * 40}, "18 位", "receipt_code"),
        ({"receipt_consent": ""}, "要勾选同意", ""),
    ],
)
def test_a_mistake_stands_at_its_field_and_no_order_is_placed(
    site: Site, fields: dict[str, str], words: str, at: str
) -> None:
    gift = {"display": "anonymous", "chip": "3500", "campaign": "day"}
    answer = site.client.post(DONATE, gift | PERSON | fields)
    html = answer.content.decode()
    assert answer.status_code == 422
    assert "款项没有扣" in html
    assert words in html
    if at:
        assert re.search(rf'id="{at}"[^>]*aria-invalid="true"', html)
    assert re.search(r'<details class="plain" open>\s*<summary>要票据', html)
    assert not Receipt.objects.exists()
    assert not ReceiptPayer.objects.exists()


def test_hostile_words_come_back_as_text(gift: Gift) -> None:
    answer = gift.ask(receipt_name='"><script>alert(1)</script>', receipt_consent="")
    assert answer.status_code == 422
    assert "<script>alert" not in answer.content.decode()
    assert gift.ask(receipt="everything").status_code == 422
    assert gift.ask(receipt_kind="letter' OR 1=1").status_code == 422
    assert gift.ask(receipt_kind="e-receipt").status_code == 422, "no issuer is configured"
    assert not ReceiptPaper.objects.exists()


def test_the_letter_says_all_that_it_must_and_what_it_is_not(gift: Gift) -> None:
    assert "要票据" in gift.site.text(f"/o/{gift.order}")
    answer = gift.ask()
    assert (answer.status_code, answer.headers["Location"]) == (303, gift.path)
    page = gift.site.text(gift.path)
    assert "已开出" in page
    assert "shan-2026-000001" in page or re.search(r"shan-20\d\d-000001", page)
    response = gift.site.client.get(f"{gift.path}.pdf")
    assert response.headers["Cache-Control"] == "private, no-store"
    assert "attachment" in response.headers["Content-Disposition"]
    text = pdf_text(response)
    for words in (
        "捐赠确认函", "李四", "善小基金会", "书香进山", "¥35.00", "人民币叁拾伍元整",
        f"http://testserver/d/{gift.deed}", "不是公益事业捐赠票据", "演示公募001",
        "51530000DEMO26001", "400-000-0000", "沙盒演示",
    ):  # fmt: skip
        assert words.replace(" ", "") in text, words


def test_one_letter_leaves_nothing_to_the_next(gift: Gift) -> None:
    """The library keeps one register of fonts a process, and takes fonts of one name for one."""
    for name in ("李四", "王五鑫", "云岭有限公司"):
        gift.ask(receipt_name=name)
        assert name in pdf_text(gift.site.client.get(f"{gift.path}.pdf"))
    assert not {SERIF, SANS} & set(pdfmetrics.getRegisteredFontNames())


def test_a_reversed_letter_is_marked_across_and_the_new_one_is_over_the_rest(gift: Gift) -> None:
    gift.ask()
    assert gift.site.house.instruct("refund", deed=gift.deed, amount=3500, reason="x")[0] == "done"
    Follower().round(Receipt.objects.get().asked_at)
    text = pdf_text(gift.site.client.get(f"{gift.path}.pdf"))
    assert "已冲红" in text
    page = gift.site.text(gift.path)
    assert "下载捐赠确认函" not in page
    assert "冲红" in page


def test_nobody_else_sees_asks_or_downloads_anything(gift: Gift) -> None:
    stranger = Client()
    for path in (gift.path, f"{gift.path}.pdf"):
        assert stranger.get(path).status_code == 404
    assert gift.ask(stranger).status_code == 404
    gift.ask()
    for path in (gift.path, f"{gift.path}.pdf"):
        assert stranger.get(path).status_code == 404
    assert gift.site.client.get("/o/201112230000000001/receipt").status_code == 404


def test_the_account_that_keeps_the_order_may_from_any_browser(gift: Gift) -> None:
    account = UserAccount.objects.open()
    other = UserAccount.objects.open()
    OwnedOrder.objects.create(order_no=gift.order, account=account)
    client = Client()
    client.force_login(other)
    assert client.get(gift.path).status_code == 404
    client.force_login(account)
    assert gift.ask(client).status_code == 303
    assert Receipt.objects.get().asked_by == str(account.pk)
    assert "李四" in pdf_text(client.get(f"{gift.path}.pdf"))


def test_the_donor_forgets_the_name_and_the_letter_keeps_its_number(gift: Gift) -> None:
    gift.ask()
    assert gift.site.client.post(gift.path, {"do": "erase"}).status_code == 303
    assert ReceiptPayer.objects.get().kept_until is not None, "the law has it kept, locked away"
    page = gift.site.text(gift.path)
    assert "抬头已按您的要求锁起来" in page
    assert 'value="erase"' not in page
    text = pdf_text(gift.site.client.get(f"{gift.path}.pdf"))
    assert "李四" not in text
    assert "捐赠人已要求删除" in text
    refused = gift.site.client.post(gift.path, {"do": "withdraw"})
    assert refused.status_code == 422


def test_an_e_receipt_is_offered_where_there_is_an_issuer_and_names_it(gift: Gift) -> None:
    (Path(settings.HOME) / FILE).write_text(ISSUER)
    assert "模拟票据系统" in gift.site.text(DONATE)
    assert gift.ask(receipt_kind="e-receipt", receipt_mail="no mail").status_code == 422
    assert gift.ask(receipt_kind="e-receipt", receipt_mail="li@example.org").status_code == 303
    page = gift.site.text(gift.path)
    assert "正在处理" in page
    assert "下载捐赠确认函" in page, "the letter does not wait for the issuer"


def test_hints_of_tax_come_from_the_table_with_their_law(gift: Gift) -> None:
    page = gift.site.text(gift.path)
    assert "30%" in page
    assert "12%" in page
    assert "结转 3 年" in page
    assert "第九条" in page


def test_the_page_asks_the_database_the_same_however_many_papers(gift: Gift) -> None:
    def count() -> int:
        with CaptureQueriesContext(connection) as queries:
            gift.site.get(gift.path)
        return len(queries)

    gift.ask()
    one = count()
    for _ in range(4):
        gift.ask()
    assert ReceiptPaper.objects.count() == 9
    assert count() == one
    assert one <= 8
    assert gift.ask().status_code == 422


def test_every_refusal_and_state_has_words() -> None:
    assert set(receipt_form.WORDS) == set(REFUSALS)
    assert set(receipt_words.STATES) == set(STATES)

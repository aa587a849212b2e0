"""From the form to a proof in the hand, as a donor goes."""

import re
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client

from jusha.inbox.append import new_id
from jusha.inbox.envelopes import Instruction
from jusha.merkle.commitment import read_extra
from jusha.merkle.policy import parse_policy
from jusha.merkle.proof import parse_proof, verify_proof
from tests.cast import BOOKS
from tests.web.conftest import Site

DONATE = f"/p/{BOOKS}/donate"


def order_at(site: Site, **fields: str) -> int:
    """Fill the form in and return the order's number."""
    answer = site.client.post(
        DONATE, {"display": "anonymous", "chip": "3500", "campaign": "day"} | fields
    )
    assert answer.status_code == 303, answer.content.decode()
    query = parse_qs(urlsplit(answer.headers["Location"]).query)
    return int(query["order"][0])


def pay(site: Site, order_no: int, amount: int) -> int:
    """Let the channel report the payment; return the number of what came of it."""
    site.house.settle()
    return site.house.give(amount, "", order=order_no, campaign="")


def test_nothing_is_preselected_but_anonymity(site: Site) -> None:
    html = site.text(f"{DONATE}?campaign=day")
    assert re.findall(r'value="([a-z0-9]+)" checked', html) == ["anonymous", "none"]
    assert "不会扣一分钱" in html
    assert "no money moves" in site.text(DONATE, lang="en")


def test_the_form_leads_to_the_cashier_with_all_it_needs(site: Site) -> None:
    answer = site.client.post(DONATE, {"own": "20.50", "display": "anonymous", "campaign": "day"})
    assert answer.status_code == 303
    target = urlsplit(answer.headers["Location"])
    query = parse_qs(target.query)
    assert (target.scheme, target.netloc, target.path) == ("http", "testserver:8002", "/pay")
    assert query["amount"] == ["2050"]
    assert query["back"] == [f"http://testserver/o/{query['order'][0]}"]


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({}, "请选一个金额"),
        ({"own": "abc"}, "请写成 20 或 20.50"),
        ({"own": "0"}, "请选一个金额"),
        ({"own": "1.005"}, "请写成 20 或 20.50"),
        ({"own": "50000.01"}, "一次最多捐 50,000 元"),
        ({"own": "5", "note": "字" * 61}, "留言最多 60 个字"),
        ({"own": "5", "display": "name"}, "请写下要显示的名字"),
        ({"own": "5", "note": "a\u200bb"}, "请检查留言和名字里的字符"),
    ],
)
def test_a_refused_form_says_that_nothing_was_charged(
    site: Site, fields: dict[str, str], words: str
) -> None:
    answer = site.client.post(DONATE, {"display": "anonymous"} | fields)
    html = answer.content.decode()
    assert answer.status_code == 422
    assert words in html
    assert "款项没有扣" in html


@pytest.mark.parametrize(
    ("fields", "where"),
    [
        ({}, "own"),
        ({"own": "6000"}, "again"),
        ({"own": "5", "display": "name"}, "shown_name"),
        ({"own": "5", "receipt": "person", "receipt_name": "李"}, "receipt_consent"),
    ],
)
def test_a_refused_form_leads_to_each_field_that_has_to_be_mended(
    site: Site, fields: dict[str, str], where: str
) -> None:
    html = site.client.post(DONATE, {"display": "anonymous"} | fields).content.decode()
    summary = html.split('<ul class="wrong">')[1].split("</ul>")[0]
    assert re.findall('href="#([a-z_]+)"', summary) == [where]
    assert html.count(f'id="{where}"') == 1


def test_what_was_typed_goes_before_a_chip_in_any_width_of_digits(site: Site) -> None:
    order_no = order_at(site, own="￥１，２００")
    site.house.settle()
    assert "1,200" in re.sub(r"<[^>]*>", "", site.text(f"/o/{order_no}"))


def test_an_order_goes_from_waiting_to_given_to_proven(site: Site) -> None:
    order_no = order_at(site, note="加油", display="name", shown_name="小明")
    path = f"/o/{order_no}"
    waiting = site.text(path)
    assert "正在登记订单" in waiting
    assert f'content="2;url={path}?look=1"' in waiting
    site.house.settle()
    assert "还没有收到付款" in site.text(path)
    number = pay(site, order_no, 3500)
    given = site.text(path)
    assert "收到了，谢谢您。" in given
    assert "配捐 35 元" in given
    assert "加油" in given
    assert "等待下一次签名" in given
    assert 'http-equiv="refresh"' in given
    site.publish()
    proven = site.text(path)
    assert "已写入公示账本" in proven
    assert 'http-equiv="refresh"' not in proven
    assert f'href="/d/{number}"' in proven
    assert "Received. Thank you." in site.text(path, lang="en")


def test_a_page_stops_looking_by_itself_in_the_end(site: Site) -> None:
    order_no = order_at(site)
    assert 'http-equiv="refresh"' in site.text(f"/o/{order_no}?look=59")
    assert 'http-equiv="refresh"' not in site.text(f"/o/{order_no}?look=60")


def test_both_proofs_verify_and_only_the_donor_gets_the_opening(site: Site) -> None:
    order_no = order_at(site, note="加油")
    number = pay(site, order_no, 3500)
    keep = f"/o/{order_no}.tlog-proof"
    assert site.get(keep).status_code == 404
    site.publish()
    vkey = (site.log_folder / "public" / "vkey").read_text().strip()
    policy = parse_policy(f"log {vkey}\nquorum none\n")
    for path, note in ((f"/d/{number}.tlog-proof", None), (keep, "加油")):
        proof = parse_proof(site.get(path).content)
        assert proof.extra is not None
        opening = read_extra(proof.extra)
        assert verify_proof(proof, entry=opening.leaf, policy=policy).index == number
        assert (opening.private or {}).get("note") == note
    stranger = Client()
    assert site.get(keep, client=stranger).status_code == 404
    page = site.get(f"/o/{order_no}", client=stranger).content.decode()
    assert "收到了" in page
    assert "加油" not in page
    assert keep not in page


def test_a_forged_cookie_opens_nothing(site: Site) -> None:
    order_no = order_at(site, note="加油")
    pay(site, order_no, 3500)
    site.publish()
    stranger = Client()
    stranger.cookies["jusha_orders"] = f"[{order_no}]:forged:signature"
    assert site.get(f"/o/{order_no}.tlog-proof", client=stranger).status_code == 404


def test_an_order_that_settlement_refuses_says_why(site: Site) -> None:
    closing = Instruction(new_id(), "close-project", "li", "wang", {"code": BOOKS})
    site.house.send(closing, lane="console")
    order_no = order_at(site)  # the page was open while the project closed
    site.house.settle()
    assert "原因：项目已停止接受捐赠。款项没有扣。" in site.text(f"/o/{order_no}")
    assert "the project no longer takes gifts" in site.text(f"/o/{order_no}", lang="en")


def test_the_secret_that_signs_the_cookie_stays_in_its_folder(site: Site, tmp_path: Path) -> None:
    order_at(site)
    secret = tmp_path / "secrets" / "browser.secret"
    assert secret.stat().st_mode & 0o077 == 0


def test_a_payment_unlike_its_order_is_shown_as_held_not_as_missing(site: Site) -> None:
    order_no = order_at(site)
    site.house.send(site.house.deed(1, "", order=order_no))
    site.house.settle()
    assert "款项到了，正在核对" in site.text(f"/o/{order_no}")
    assert "cannot be lost" in site.text(f"/o/{order_no}", lang="en")

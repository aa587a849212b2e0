"""Certificate and share card: who may have them, what they carry, and that nothing runs out."""

import re
import xml.etree.ElementTree as ET
from datetime import UTC, datetime
from typing import Any

import pytest
import segno
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from jusha.web.certificate_card import Picture, broken, certificate, png, share_card
from jusha.web.limits import A_MINUTE, Limits
from jusha.web.receipt_letter import Charity
from jusha.web.receipt_type import FAMILIES, SANS, SERIF, measure
from jusha.web.views import certificate as views
from tests.web.conftest import Site
from tests.web.test_donate import DONATE, order_at, pay

PNG = b"\x89PNG\r\n\x1a\n"
BOX = ("善小基金会", "53330000DEMO000001", "演示公募 001", "51530000DEMO26001", "400-000-0000")
LONG = Picture(
    charity=Charity(
        "云岭" * 25, "91110000600037341L", "证" * 40, "400-000-0000", "路" * 90, "题" * 80, "F" * 40
    ),
    summary="字" * 300,
    deed=10**14,
    amount=10**14,
    given_at=datetime(2026, 11, 23, tzinfo=UTC),
    record="https://give.example.org/d/" + "9" * 15,
    donate="https://give.example.org/p/" + "x" * 40 + "/donate?from=" + "9" * 15,
    name="鑫" * 20,
    sandbox=True,
)


def words(svg: str) -> str:
    return "".join(ET.fromstring(svg).itertext())  # noqa: S314 - our own drawing


def given(site: Site, **fields: str) -> tuple[int, int]:
    order = order_at(site, **fields)
    return order, pay(site, order, 3500)


@pytest.mark.parametrize("what", ["certificate", "card"])
def test_both_pictures_carry_the_statutory_box_and_a_code(site: Site, what: str) -> None:
    order, _ = given(site)
    response = site.client.get(f"/o/{order}/{what}.svg")
    assert response.headers["Cache-Control"] == "private, no-store"
    svg = response.content.decode()
    for each in (*BOX, "书香进山", "查询方法", "沙盒演示"):
        assert each in words(svg), each
    assert 'shape-rendering="crispEdges"' in svg
    drawn = site.client.get(f"/o/{order}/{what}.png").content
    assert drawn.startswith(PNG)


def test_the_card_leads_to_giving_by_this_gift_and_names_no_sum(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[str] = []
    real = segno.make

    def make(text: str, **more: Any) -> Any:
        seen.append(text)
        return real(text, **more)

    monkeypatch.setattr(segno, "make", make)
    order, deed = given(site)
    text = words(site.client.get(f"/o/{order}/card.svg").content.decode())
    assert seen == [f"http://testserver{DONATE}?from={deed}"]
    assert "35" not in re.sub("[0-9A-Z]{17,18}", "", text)
    site.client.get(f"/o/{order}/certificate.svg")
    assert seen[-1] == f"http://testserver/d/{deed}"


def test_a_name_stands_only_where_the_donor_chose_to_show_one(site: Site) -> None:
    order, deed = given(site, display="name", shown_name="李<四>&")
    quiet, _ = given(site, display="anonymous", shown_name="王五")
    for what in ("certificate", "card"):
        svg = site.client.get(f"/o/{order}/{what}.svg").content.decode()
        assert "李<四>&" in words(svg)
        assert "<四>" not in svg
        assert "王五" not in site.client.get(f"/o/{quiet}/{what}.svg").content.decode()
    public = site.client.get(f"/d/{deed}/card.png")
    assert public.headers["Cache-Control"] == "public, max-age=86400"
    assert public.content.startswith(PNG)


def test_only_the_order_s_browser_has_the_pictures_with_a_name(site: Site) -> None:
    order, deed = given(site)
    unpaid = order_at(site)
    stranger = Client()
    for what in ("certificate.svg", "card.png"):
        assert stranger.get(f"/o/{order}/{what}").status_code == 404
        assert site.client.get(f"/o/{unpaid}/{what}").status_code == 404
    assert stranger.get(f"/d/{deed}/card.png").status_code == 200
    assert stranger.get("/d/0/card.png").status_code == 404
    assert stranger.get("/d/999999/card.png").status_code == 404


def test_money_that_went_back_has_no_certificate(site: Site) -> None:
    order, deed = given(site)
    assert site.house.instruct("refund", deed=deed, amount=3500, reason="x")[0] == "done"
    assert site.client.get(f"/o/{order}/certificate.svg").status_code == 404
    assert site.client.get(f"/d/{deed}/card.png").status_code == 404


@pytest.mark.parametrize("draw", [certificate, share_card])
def test_nothing_runs_out_of_the_picture_however_long(draw: Any) -> None:
    root = ET.fromstring(draw(LONG))  # noqa: S314 - our own drawing
    width, height = int(root.attrib["width"]), int(root.attrib["height"])
    space = "{http://www.w3.org/2000/svg}"
    for text in root.iter(f"{space}text"):
        x, y, size = (int(text.attrib[each]) for each in ("x", "y", "font-size"))
        face = SERIF if FAMILIES[SERIF] in text.attrib["font-family"] else SANS
        long = measure(face, text.text or "") * size // 1_000
        left = x - long // 2 if "text-anchor" in text.attrib else x
        assert left >= 0, text.text
        assert left + long <= width, text.text
        assert y <= height - 10, text.text
    assert png(draw(LONG), width=300).startswith(PNG)


def test_lines_are_broken_by_measure_and_end_with_dots_when_cut() -> None:
    lines = broken("一二三四五，六七八九十", size=10, room=50, most=2, face=SANS)
    assert lines[0] == "一二三四五，"
    assert broken("一二三四五六七八九十" * 3, size=10, room=50, most=2, face=SANS)[-1].endswith("…")


def test_a_public_card_is_cheap_to_ask_for_again(site: Site) -> None:
    _, deed = given(site)
    site.client.get(f"/d/{deed}/card.png")
    with CaptureQueriesContext(connection) as queries:
        site.client.get(f"/d/{deed}/card.png")
    assert len(queries) <= 7


def test_the_result_page_leads_to_both(site: Site) -> None:
    order, _ = given(site)
    page = site.text(f"/o/{order}")
    assert f"/o/{order}/certificate.png" in page
    assert f"/o/{order}/card.png" in page


def test_one_address_gets_so_many_cards_a_minute(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, deed = given(site)
    monkeypatch.setattr(views, "LIMITS", Limits())
    with time_machine.travel(datetime(2026, 11, 23, 4, 0, tzinfo=UTC), tick=False):
        codes = [site.client.get(f"/d/{deed}/card.png").status_code for _ in range(A_MINUTE + 1)]
    assert codes == [200] * A_MINUTE + [429]

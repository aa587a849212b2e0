"""Help for one person stays apart: sealed, for one charity, and in no list."""

import re
from datetime import UTC, datetime, timedelta
from hashlib import sha256

import pytest
from django.db import connection
from django.test import Client

from jusha.charities.models import Charity
from jusha.charities.rules import Role
from jusha.oversight.help import KEEP_DAYS, forget_old
from jusha.oversight.models import HelpReferral
from jusha.projects.queries import in_fair_order
from jusha.web.gate import Gate
from jusha.web.views import help_seeking as page
from tests.cast import BOOKS, WATER
from tests.web.conftest import Site
from tests.web.staff import member, signed_in

ASKED = {"charity": "shan", "words": "孩子生病了。", "contact": "13800000000"}


@pytest.fixture(autouse=True)
def own_gate(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page, "GATE", Gate(address=(10, 60)))


def test_the_page_says_what_it_is_not(site: Site) -> None:
    html = site.text("/help-seeking")
    assert "个人求助不属于慈善公开募捐，信息的真实性由发布人负责。" in html
    assert 'name="robots" content="noindex"' in html


def test_what_is_asked_reaches_one_charity_and_nobody_else(site: Site) -> None:
    Charity.objects.create(code="else", name_zh="别家", name_en="Else", uscc="5" * 18)
    li = signed_in(member(site, "li@shan.example", Role.PROGRAMME))
    far = signed_in(member(site, "far@else.example", Role.PROGRAMME, charity="else"))
    assert Client().post("/help-seeking", ASKED).status_code == 303
    with connection.cursor() as cursor:
        cursor.execute("SELECT sealed FROM jusha_helpreferral")
        assert "孩子".encode() not in bytes(cursor.fetchone()[0])
    assert "孩子生病了。" in li.get("/desk/help").content.decode()
    assert "孩子生病了。" not in far.get("/desk/help").content.decode()
    number = str(HelpReferral.objects.get().pk)
    far.post("/desk/help", {"number": number})
    assert HelpReferral.objects.get().sealed is not None
    li.post("/desk/help", {"number": number})
    assert HelpReferral.objects.get().sealed is None
    assert "孩子生病了。" not in li.get("/desk/help").content.decode()


def test_it_is_in_no_list_search_or_feed(site: Site) -> None:
    assert Client().post("/help-seeking", ASKED).status_code == 303
    for path in ("/", "/log", "/entries", "/charity/shan", "/find?q=孩子生病", "/api/v1/projects"):
        assert "生病了" not in site.get(path).content.decode(), path


@pytest.mark.parametrize(
    "told", [{"charity": "none"}, {"words": " "}, {"contact": ""}, {"contact": "here"}]
)
def test_what_lacks_something_is_kept_on_the_page(site: Site, told: dict[str, str]) -> None:
    answer = Client().post("/help-seeking", ASKED | told)
    assert answer.status_code == 422
    assert "您写的都还在" in answer.content.decode()
    assert not HelpReferral.objects.exists()


def test_what_nobody_takes_is_forgotten(site: Site) -> None:
    assert Client().post("/help-seeking", ASKED).status_code == 303
    now = datetime.now(UTC)
    assert forget_old(now + timedelta(days=KEEP_DAYS - 1)) == 0
    assert forget_old(now + timedelta(days=KEEP_DAYS, minutes=1)) == 1
    assert HelpReferral.objects.get().sealed is None


def test_the_order_is_worked_out_on_its_page_as_anyone_can(site: Site) -> None:
    html = site.text("/how-listed")
    found = re.search(r"printf '%s' '(\d{4}-\d\d-\d\d) ([a-z-]+)'", html.replace("&#x27;", "'"))
    assert found is not None
    day = found[1]
    digests = {code: sha256(f"{day} {code}".encode()).hexdigest() for code in (BOOKS, WATER)}
    assert all(each in html for each in digests.values())
    first = min(digests, key=lambda code: digests[code])
    assert first == found[2] == next(iter(in_fair_order(day))).code

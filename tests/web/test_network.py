"""Two reviewers say where a charity stands; everybody reads it on the charity's page."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.utils.timezone import localdate

from jusha.charities.models import Charity
from jusha.charities.network_models import CharityStanding
from jusha.finding.sweep import sweep
from jusha.people.models import Decision
from jusha.people.rules import Office
from tests.web.conftest import Site
from tests.web.staff import officer, signed_in


class Desk:
    """Two reviewers and an operator; a second charity."""

    def __init__(self, site: Site) -> None:
        self.site = site
        first = Charity.objects.get(code="shan")
        Charity.objects.create(
            code="lian", name_zh="连心基金会", name_en="Hearts Foundation", kind="foundation",
            uscc="53330000DEMO000002", certificate_no="", address_zh="演示市", address_en="Yanshi",
            phone=first.phone,
        )  # fmt: skip
        offices = {"rev": Office.REVIEWER, "two": Office.REVIEWER, "run": Office.OPERATOR}
        self.clients = {
            name: signed_in(officer(site, f"{name}@platform.example", office))
            for name, office in offices.items()
        }

    def propose(self, who: str = "rev", **more: Any) -> int:
        asked = {
            "do": "propose", "charity": "shan", "tier": "hub", "hub": "", "words": "带动二十家",
            "begins": f"{localdate()}",
        }  # fmt: skip
        return int(self.clients[who].post("/desk/network", asked | more).status_code)

    def end(self, who: str, do: str = "confirm", **more: Any) -> int:
        asked = {"do": do, "number": str(Decision.objects.latest("id").pk), **more}
        return int(self.clients[who].post("/desk/network", asked).status_code)


@pytest.fixture
def desk(site: Site) -> Desk:
    return Desk(site)


def test_a_hub_and_its_member_are_decided_by_two_and_shown(desk: Desk) -> None:
    assert desk.propose("run") == 422
    assert desk.propose() == 303
    assert [desk.end("rev"), desk.end("run")] == [422, 422]
    assert "枢纽机构" not in desk.site.text("/charity/shan")
    assert desk.end("two") == 303
    assert desk.propose(charity="lian", tier="project", hub="shan", words="加入网络") == 303
    assert desk.end("two") == 303
    assert "连心基金会" in desk.site.text("/charity/shan")
    page = desk.site.text("/charity/lian")
    assert "属于「善小基金会」的网络" in page
    assert "基金会" in page
    assert "A hub" in desk.site.text("/charity/shan", lang="en")


def test_what_cannot_be_is_refused_and_changes_nothing(desk: Desk) -> None:
    assert desk.propose(hub="lian") == 422
    assert desk.propose(charity="nobody") == 422
    assert desk.propose(begins=f"{localdate() - timedelta(days=1)}") == 422
    assert desk.propose(charity="lian", tier="project", hub="shan") == 422, "shan is no hub"
    assert not Decision.objects.filter(kind="charity-tier").exists()


def test_no_page_writes_a_standing_that_nobody_decided(desk: Desk) -> None:
    row = {"charity": "shan", "tier": "hub", "hub": "", "words": "x", "begins": localdate()}
    with pytest.raises(IntegrityError), transaction.atomic():
        CharityStanding.objects.create(decision=1, **row)


def test_charities_are_found_by_their_form(desk: Desk) -> None:
    sweep(localdate())
    html = desk.site.text("/charities?theme=foundation")
    assert "连心基金会" in html
    assert "善小基金会" not in html.partition("<main")[2].partition("</main>")[0]

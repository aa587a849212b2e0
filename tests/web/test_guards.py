"""What guards every page of the desk and every form: a fresh proof, plain text, one's own case."""

import time

import pytest
from django.test import Client
from django.utils.timezone import localdate

from jusha.charities.rules import Role
from jusha.notices.models import Broadcast
from jusha.oversight.models import ComplaintStep
from jusha.oversight.queries import HalfYear, half_years
from jusha.oversight.report import report
from jusha.people import decisions
from jusha.people.models import Decision, DecisionEnd
from jusha.people.rules import Office
from jusha.projects.hold import confirm_lift, place, propose_lift
from tests.cast import BOOKS
from tests.web.conftest import Site
from tests.web.staff import member, officer, signed_in

AN_HOUR = 3_600
TODAY = localdate()
PRESSED = {
    "/desk/holds": {"do": "confirm", "decision": "1"},
    "/desk/exports": {"do": "confirm", "decision": "1"},
    "/desk/exports/1": {},
    "/desk/law/complaint-answer-working-days": {"do": "confirm", "number": "1"},
    "/desk/complaints/1": {"do": "send", "telling": "1"},
    f"/desk/projects/{BOOKS}": {"do": "confirm", "number": "1", "kind": "publish"},
}


def complain() -> int:
    made = report(
        kind="money", about=f"/p/{BOOKS}", words="书没有送到。", contact="", project=BOOKS,
        charity="shan", today=TODAY,
    )  # fmt: skip
    return int(made.pk)


@pytest.mark.parametrize("path", PRESSED)
def test_what_two_decide_takes_a_proof_of_the_last_ten_minutes(site: Site, path: str) -> None:
    complain()
    reviewer = officer(site, "r1@platform.example", Office.REVIEWER)
    unattended = signed_in(reviewer, proven_at=time.time() - AN_HOUR)
    answer = unattended.post(path, PRESSED[path])
    assert answer.status_code == 302
    assert answer["Location"].startswith("/account/again?next=")
    fresh = signed_in(reviewer).post(path, PRESSED[path])
    assert fresh.status_code in {303, 404, 422}, "who just proved it is asked nothing more"


@pytest.mark.parametrize("path", ["/find?q=%E4%B9%A6%00", "/?%00=1", "/join?x=%00"])
def test_a_null_character_in_an_address_is_refused_and_no_fault_of_ours(
    site: Site, path: str
) -> None:
    assert site.get(path).status_code == 400


def test_a_null_character_in_a_form_is_refused_before_anything_is_written(site: Site) -> None:
    reviewer = signed_in(officer(site, "r1@platform.example", Office.REVIEWER))
    hold = {"do": "place", "project": BOOKS, "cause": "suspended", "reason": "other"}
    assert reviewer.post("/desk/holds", hold | {"words": "a\0b"}).status_code == 400
    li = signed_in(member(site, "li@shan.example", Role.PROGRAMME))
    assert li.get("/desk/disclosures/write?key=%00").status_code == 400
    assert Client().post("/report", {"words": "x\0"}).status_code == 400


def test_who_decided_about_a_project_neither_sends_nor_takes_back_what_its_donors_are_told(
    site: Site,
) -> None:
    number = complain()
    people = [officer(site, f"r{n}@platform.example", Office.REVIEWER) for n in (1, 2, 3)]
    one, two, three = people
    path = f"/desk/complaints/{number}"
    assert signed_in(one).post(path, {"do": "tell", "words": "请留意。"}).status_code == 303
    telling = str(Broadcast.objects.get().pk)
    place(BOOKS, cause="suspended", reason="other", words="核实中。", by=three.pk)
    confirm_lift(propose_lift(BOOKS, words="没有问题。", by=three.pk).pk, by=two.pk)
    for do in ("send", "take-back"):
        pressed = {"do": do, "telling": telling}
        assert signed_in(two).post(path, pressed).status_code == 422, "it judges its own decision"
    assert Broadcast.objects.get().confirmed_at is None
    pressed = {"do": "send", "telling": telling}
    assert signed_in(one).post(path, pressed).status_code == 422, "its writer does not send it"
    assert signed_in(three).post(path, pressed).status_code == 303


def test_the_halves_of_a_year_are_counted_by_the_database(site: Site) -> None:
    first, second = complain(), complain()
    reviewer = officer(site, "r1@platform.example", Office.REVIEWER)
    browser = signed_in(reviewer)
    browser.post(f"/desk/complaints/{first}", {"do": "answer", "words": "看过了。"})
    browser.post(
        f"/desk/complaints/{first}", {"do": "close", "words": "属实。", "finding": "founded"}
    )
    assert ComplaintStep.objects.filter(complaint=second).count() == 1
    half = 1 if TODAY.month <= 6 else 2
    assert half_years() == [
        HalfYear(
            TODAY.year, half, received=2, in_time=1, late=0, waiting=1, founded=1, closed=1, held=0
        )
    ]


def test_of_two_who_confirm_at_once_one_does(site: Site) -> None:
    one, two, three = (officer(site, f"r{n}@p.example", Office.REVIEWER) for n in (1, 2, 3))
    place(BOOKS, cause="suspended", reason="other", words="核实中。", by=one.pk)
    lift = propose_lift(BOOKS, words="没有问题。", by=one.pk)
    confirm_lift(lift.pk, by=two.pk)
    with pytest.raises(decisions.DecisionRefusedError, match="ended"):
        confirm_lift(lift.pk, by=three.pk)
    assert DecisionEnd.objects.filter(decision=Decision.objects.get(pk=lift.pk)).count() == 1

"""A complaint from its form to its end: numbers, clock, sides, holds by one, lifts by two."""

import re
from datetime import UTC, date, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import time_machine
from django.db import IntegrityError, connection, transaction
from django.test import Client

from jusha.charities.models import Charity
from jusha.charities.rules import Role
from jusha.config.processes.letters import one_round
from jusha.notices.models import Message
from jusha.oversight.models import Complaint, ComplaintLetter, ComplaintStep
from jusha.oversight.words import read_contact, read_words
from jusha.people.rules import Office
from jusha.projects import hold_queries
from jusha.projects.models import Fund, ProjectHold
from jusha.settlement.world import FROZEN_BY_HOLD, FROZEN_BY_OPERATOR
from jusha.web.desk import complaints
from jusha.web.desk.staff import staff_of
from jusha.web.gate import Gate
from jusha.web.views import report as page
from tests.cast import BOOKS, WATER
from tests.web.conftest import Site
from tests.web.staff import member, officer, signed_in

FORM = {"kind": "money", "words": "书没有送到。", "contact": "zhang@reporter.example"}


@pytest.fixture(autouse=True)
def own_gate(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page, "GATE", Gate(device=(3, 10), address=(20, 200)))


class Watch:
    """Two reviewers, an auditor, the charity's programme, and somebody with a complaint."""

    def __init__(self, site: Site) -> None:
        self.site = site
        Charity.objects.create(code="else", name_zh="别家", name_en="Else", uscc="5" * 18)
        self.people = {
            "r1": officer(site, "r1@platform.example", Office.REVIEWER),
            "r2": officer(site, "r2@platform.example", Office.REVIEWER),
            "auditor": officer(site, "aud@platform.example", Office.AUDITOR),
            "li": member(site, "li@shan.example", Role.PROGRAMME),
            "far": member(site, "far@else.example", Role.PROGRAMME, charity="else"),
        }
        self.at = {name: signed_in(each) for name, each in self.people.items()}

    def report(self, about: str = f"/p/{BOOKS}", **told: str) -> str:
        answer = Client().post("/report", FORM | {"about": about} | told)
        assert answer.status_code == 303, answer.content.decode()
        return str(answer["Location"])

    def do(self, who: str, what: str, **told: str) -> int:
        said = {"do": what, "words": "已经看过。"} | told
        return self.at[who].post("/desk/complaints/1", said).status_code

    def holds(self, who: str, **told: str) -> int:
        return self.at[who].post("/desk/holds", {"words": "已经查清。"} | told).status_code


@pytest.fixture
def watch(site: Site) -> Watch:
    return Watch(site)


def test_a_visitor_reports_and_sees_number_clock_and_own_words(watch: Watch) -> None:
    with time_machine.travel("2026-09-30T02:00:00Z"):
        where = watch.report()
    assert re.fullmatch(r"/report/1/[A-Za-z0-9_-]{22}", where)
    found = Complaint.objects.get()
    assert (found.project, found.charity, found.answer_days) == (BOOKS, "shan", 5)
    assert found.due_on == date(2026, 10, 13), "National Day and its Saturday are counted right"
    html = watch.site.text(where)
    assert "书没有送到。" in html
    assert watch.site.get(where[:-1] + ("A" if where[-1] != "A" else "B")).status_code == 404
    assert watch.site.get(where)["Referrer-Policy"] == "no-referrer"


def test_what_a_reporter_wrote_stands_sealed_and_nowhere_else(watch: Watch) -> None:
    watch.report()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT sealed FROM jusha_complaintwords UNION ALL"
            " SELECT sealed FROM jusha_complaintcontact"
        )
        assert all("书".encode() not in bytes(row[0]) for row in cursor.fetchall())
        cursor.execute(
            "SELECT row_to_json(c)::text || row_to_json(s)::text FROM jusha_complaint c"
            " JOIN jusha_complaintstep s ON s.complaint = c.id"
        )
        assert not re.search("书|zhang|reporter.example", str(cursor.fetchall()))
    step = ComplaintStep.objects.get()
    assert read_words(1) == {step.pk: "书没有送到。"}
    assert read_contact(1) == "zhang@reporter.example"


@pytest.mark.parametrize(
    ("told", "says"),
    [
        ({"kind": ""}, "请选一种最接近的问题"),
        ({"words": " "}, "请写下要说的话"),
        ({"words": "长" * 1001}, "请写在 1000 字以内"),
        ({"contact": "not an address"}, "请写一个邮箱或电话号码"),
    ],
)
def test_a_report_that_lacks_something_is_told_what(
    watch: Watch, told: dict[str, str], says: str
) -> None:
    answer = Client().post("/report", FORM | {"about": f"/p/{BOOKS}"} | told)
    assert answer.status_code == 422
    assert says in answer.content.decode()
    assert not Complaint.objects.exists()


def test_every_public_page_leads_to_the_form_and_a_secret_one_hands_on_nothing(
    watch: Watch,
) -> None:
    where = watch.report()
    for path in ("/", f"/p/{BOOKS}", "/c/day", "/charity/shan", "/d/1", "/log", where):
        found = re.findall(r'href="(/report[^"]*)"', watch.site.text(path))
        about = {parse_qs(urlsplit(each).query).get("about", [""])[0] for each in found}
        assert found, path
        assert about == ({path} if path != where else {""}), path
        if path.startswith(("/p/", "/c/", "/charity/", "/d/")):
            assert len(found) == 2, "in the page as well as at its foot"
    html = watch.site.text("/report?about=/prepared/AAAAAAAAAAAAAAAAAAAAAA")
    assert 'name="about" value="/"' in html


def test_who_reports_again_and_again_is_asked_a_question_and_then_waits(watch: Watch) -> None:
    browser = Client()
    codes = [browser.post("/report", FORM | {"about": "/"}).status_code for _ in range(5)]
    assert codes == [303, 303, 303, 303, 422]
    answer = browser.post("/report", FORM | {"about": "/"}).content.decode()
    assert "一个小问题" in answer
    one, other = (int(each) for each in re.search(r"(\d) 加 (\d) 等于几", answer).groups())  # type: ignore[union-attr]
    token = re.search(r'name="question" value="([^"]+)"', answer)[1]  # type: ignore[index]
    right = {"question": token, "answer": str(one + other)}
    assert browser.post("/report", FORM | {"about": "/"} | right).status_code == 303


def test_a_reviewer_answers_and_the_reporter_reads_it_and_gets_a_letter(
    watch: Watch, mailoutbox: list[Any], settings: Any
) -> None:
    where = watch.report()
    assert watch.do("r1", "close", finding="founded") == 422, "not before an answer"
    assert watch.do("r1", "answer", words="正在核实，谢谢您。") == 303
    assert "正在核实，谢谢您。" in watch.site.text(where)
    assert ComplaintLetter.objects.count() == 1
    settings.MAIL = settings.MAIL._replace(backend="django.core.mail.backends.locmem.EmailBackend")
    one_round(datetime.now(UTC) + timedelta(seconds=1))
    assert [mail.to for mail in mailoutbox] == [["zhang@reporter.example"]]
    assert "正在核实，谢谢您。" in mailoutbox[0].body
    assert where in mailoutbox[0].body
    assert not ComplaintLetter.objects.exists()
    assert watch.do("r2", "close", finding="unfounded", words="查过了，书都送到了。") == 303
    assert "没有发现反映的问题" in watch.site.text(where)
    assert watch.do("r1", "answer") == 422, "what is closed stays closed"


def test_the_charity_sees_only_what_it_is_asked_and_replies(watch: Watch) -> None:
    watch.report()
    assert watch.at["li"].get("/desk/complaints/1").status_code == 404
    assert watch.do("r1", "ask", words="请说明书在哪里。") == 303
    html = watch.at["li"].get("/desk/complaints/1").content.decode()
    assert "请说明书在哪里。" in html
    assert not re.search("书没有送到|zhang|r1@platform", html)
    assert watch.at["far"].get("/desk/complaints/1").status_code == 404
    assert watch.do("li", "answer") == 422
    assert watch.do("li", "reply", words="书在仓库。") == 303
    assert "书在仓库。" in watch.at["r1"].get("/desk/complaints/1").content.decode()


def test_an_auditor_looks_and_changes_nothing(watch: Watch) -> None:
    watch.report()
    html = watch.at["auditor"].get("/desk/complaints/1").content.decode()
    assert "书没有送到。" in html
    assert "zhang" not in html
    assert watch.do("auditor", "answer") == 403
    assert watch.at["auditor"].get("/desk/holds").status_code == 200
    assert watch.holds("auditor", do="place", project=BOOKS, cause="suspended") == 403


def test_who_confirmed_the_newest_decision_about_it_does_not_judge(watch: Watch) -> None:
    assert watch.holds("r1", do="place", project=BOOKS, cause="suspended", reason="other") == 303
    assert watch.holds("r1", do="propose", project=BOOKS) == 303
    assert watch.holds("r2", do="confirm", decision=lift_of(watch)) == 303
    watch.report()
    assert "要由另一位审核员处理" in watch.at["r2"].get("/desk/complaints/1").content.decode()
    assert watch.do("r2", "answer") == 422
    assert watch.do("r1", "answer") == 303


def test_the_database_takes_no_step_from_who_may_not_take_it(watch: Watch) -> None:
    watch.report()
    for did, role, who in (
        ("answered", "reviewer", "li"),
        ("replied", "charity", "far"),
        ("replied", "charity", "r1"),
        ("received", "reviewer", "r1"),
        ("closed", "reporter", "r1"),
    ):
        by = watch.people[who].pk
        with pytest.raises(IntegrityError), transaction.atomic():
            ComplaintStep.objects.create(complaint=1, did=did, as_role=role, by=by)
    assert ComplaintStep.objects.count() == 1


def test_one_holds_at_once_and_two_let_go(watch: Watch) -> None:
    site = watch.site
    where = watch.report()
    hold = {"cause": "suspended", "reason": "complaint", "words": "我们正在核实一件举报。"}
    assert watch.do("r1", "hold", **hold) == 303
    site.house.settle()
    html = site.text(f"/p/{BOOKS}")
    assert "这个项目已经暂停" in html
    assert "我们正在核实一件举报。" in html
    assert "第二段。" in html, "what is suspended keeps its story"
    assert "我们正在核实一件举报。" in site.text(where)
    assert [e["st"] for e in site.house.entries() if e["k"] == "freeze"] == ["frozen"]
    assert watch.do("r1", "hold", **hold) == 422, "it is held already"
    assert watch.do("r2", "hold", **(hold | {"cause": "taken-down"})) == 303
    html = site.text(f"/p/{BOOKS}")
    for path in ("/", "/c/day", "/how-listed"):
        assert f"/p/{BOOKS}" not in site.text(path), f"no list shows it: {path}"
    assert "第二段。" not in html
    assert "51530000DEMO26001" in html, "what the law wants shown stays"
    assert watch.holds("r1", do="propose", project=BOOKS) == 303
    lift = lift_of(watch)
    assert watch.holds("r1", do="confirm", decision=lift) == 422
    assert hold_queries.current(BOOKS) is not None
    assert watch.holds("r2", do="confirm", decision=lift) == 303
    site.house.settle()
    assert hold_queries.current(BOOKS) is None
    assert [e["st"] for e in site.house.entries() if e["k"] == "freeze"] == ["frozen", "free"]
    assert "这个项目已经" not in site.text(f"/p/{BOOKS}")
    site.house.check()


def lift_of(watch: Watch) -> str:
    html = watch.at["r2"].get("/desk/holds").content.decode()
    found = re.search(r'name="decision" value="(\d+)"', html)
    assert found is not None
    return found[1]


def test_the_database_lets_no_page_hold_or_lift_in_anothers_name(watch: Watch) -> None:
    row = {
        "project": BOOKS, "charity": "shan", "what": "place", "cause": "suspended",
        "reason": "other", "words": "x",
    }  # fmt: skip
    with pytest.raises(IntegrityError), transaction.atomic():
        ProjectHold.objects.create(by=watch.people["li"].pk, **row)
    made = ProjectHold.objects.create(by=watch.people["r1"].pk, **row)
    lift = row | {"what": "lift", "reason": "lifted", "lifts": made.pk}
    with pytest.raises(IntegrityError), transaction.atomic():
        ProjectHold.objects.create(by=watch.people["r1"].pk, **lift)
    for statement in ("UPDATE jusha_projecthold SET words = ''", "DELETE FROM jusha_projecthold"):
        with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)
    assert hold_queries.current(WATER) is None


def test_donors_are_told_by_one_who_writes_and_another_who_sends(watch: Watch) -> None:
    watch.report()
    assert watch.do("r1", "tell", words="项目暂停，您的钱还在账上。") == 303
    html = watch.at["r2"].get("/desk/complaints/1").content.decode()
    telling = re.search(r'name="telling" value="(\d+)"', html)[1]  # type: ignore[index]
    assert watch.do("r1", "send", telling=telling) == 422
    assert watch.do("r2", "send", telling="999") == 422
    assert watch.do("r2", "send", telling=telling) == 303
    assert not Message.objects.exists(), "nobody gave yet"
    assert watch.do("r2", "take-back", telling=telling) == 422


def test_the_public_counts_name_nobody(watch: Watch) -> None:
    with time_machine.travel("2026-03-02T02:00:00Z"):
        watch.report()
    assert watch.do("r1", "answer") == 303
    html = re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", watch.site.text("/oversight")))
    assert "2026 年上半年 1 0 1 0 0 0 0" in html, "answered, and late"
    assert not re.search("zhang|书没有送到", html)


def test_what_waits_is_counted_for_each(watch: Watch) -> None:
    watch.report()

    def counts(who: str) -> int:
        return complaints.waiting(staff_of(watch.people[who]))  # type: ignore[arg-type]

    assert [counts(who) for who in ("r1", "r2", "auditor", "li", "far")] == [1, 1, 0, 0, 0]
    assert watch.do("r1", "ask") == 303
    assert [counts(who) for who in ("r1", "li", "far")] == [1, 1, 0]
    assert watch.do("li", "reply") == 303
    assert watch.do("r1", "answer") == 303
    assert [counts(who) for who in ("r1", "li")] == [0, 0]


def test_what_is_overdue_stands_first(watch: Watch) -> None:
    watch.report(f"/p/{WATER}")
    with time_machine.travel("2026-03-02T02:00:00Z"):
        watch.report()
    html = watch.at["r1"].get("/desk/complaints").content.decode()
    assert html.index("书香进山") < html.index("一口清泉")
    assert "已经过期" in html


def test_a_lift_leaves_an_operators_own_freeze_alone(watch: Watch) -> None:
    site, house = watch.site, watch.site.house
    watch.report()
    hold = {"cause": "suspended", "reason": "complaint", "words": "我们正在核实一件举报。"}
    assert house.instruct("freeze", project=BOOKS, reason="audit")[0] == "done"
    assert watch.do("r1", "hold", **hold) == 303
    assert watch.holds("r1", do="propose", project=BOOKS) == 303
    assert watch.holds("r2", do="confirm", decision=lift_of(watch)) == 303
    house.settle()
    assert Fund.objects.get(code=BOOKS).frozen == FROZEN_BY_OPERATOR
    assert house.instruct("freeze", project=BOOKS, reason="again")[0] == "nothing-to-change"
    assert watch.do("r1", "hold", **hold) == 303
    house.settle()
    assert house.instruct("thaw", project=BOOKS, reason="cleared")[0] == "done"
    assert Fund.objects.get(code=BOOKS).frozen == FROZEN_BY_HOLD
    told = [(e["st"], e.get("hold", 0)) for e in house.entries() if e["k"] == "freeze"]
    assert told == [("frozen", 0), ("frozen", 1), ("free", 1), ("frozen", 1), ("free", 0)]
    site.house.check()

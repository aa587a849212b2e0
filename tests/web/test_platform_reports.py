"""The platform's half year: figures from the books, two persons, versions, a public table."""

import csv
import io
import re
from datetime import date

import pytest
import time_machine
from django.db import IntegrityError, connection, transaction
from django.test import Client

from jusha.oversight.platform_models import PlatformReport
from jusha.oversight.platform_report import figures
from jusha.oversight.report import report
from jusha.people.models import Decision
from jusha.people.rules import Office
from tests.cast import BOB, BOOKS, WATER
from tests.web.conftest import Site
from tests.web.staff import officer, signed_in

WAY, PUBLIC = "/desk/platform-reports", "/oversight/reports"
WORDS = "平稳运行，没有中断。"


class Desk:
    """A few gifts, a refund, an expense, a complaint, and four of the platform."""

    def __init__(self, site: Site) -> None:
        self.site, house = site, site.house
        offices = (Office.OPERATOR, Office.FINANCE, Office.REVIEWER, Office.AUDITOR)
        self.people = {each: officer(site, f"{each}@platform.example", each) for each in offices}
        first = house.give(10_000)
        house.give(5_000, WATER, BOB)
        assert house.instruct("refund", deed=first, amount=1_000, reason="asked")[0] == "done"
        told = {"ref": "E1", "what": "goods", "words": bytes(32), "evidence": bytes(32)}
        for line, amount in (("programme", 900), ("running", 100)):
            body = told | {"project": BOOKS, "line": line, "amount": amount}
            assert house.instruct("spend", **body)[0] == "done"  # type: ignore[arg-type]
        report(
            kind="money", about=f"/p/{BOOKS}", words="书没有送到。", contact="z@reporter.example",
            project=BOOKS, charity="shan", today=date(2026, 11, 23),
        )  # fmt: skip

    def at(self, who: Office) -> Client:
        """A browser in which somebody signed in now, whenever that is."""
        return signed_in(self.people[who])

    def say(self, who: Office = Office.FINANCE, period: str = "2026-h2", **more: str) -> int:
        said = {"do": "propose", "income": "0", "cost": "1.50", "words": WORDS} | more
        return int(self.at(who).post(f"{WAY}?period={period}", said).status_code)

    def end(self, who: Office, do: str = "confirm", **more: str) -> int:
        number = Decision.objects.latest("id").pk
        said = {"do": do, "decision": f"{number}"} | more
        return int(self.at(who).post(WAY, said).status_code)


@pytest.fixture
def desk(site: Site) -> Desk:
    return Desk(site)


def test_two_publish_a_half_year_and_everybody_reads_and_downloads_it(desk: Desk) -> None:
    with time_machine.travel("2027-01-04T02:00:00Z"):
        draft = desk.at(Office.FINANCE).get(WAY).content.decode()
        assert "150.00" in re.sub(r"<[^>]*>", "", draft)
        assert desk.say() == 303
        assert desk.end(Office.FINANCE) == 422, "one person alone"
        assert desk.site.get(f"{PUBLIC}/2026-h2").status_code == 404
        assert desk.end(Office.REVIEWER) == 303
        page = desk.site.text(f"{PUBLIC}/2026-h2")
        assert WORDS in page
        assert "2026 年下半年" in desk.site.text(PUBLIC)
        table = desk.site.get(f"{PUBLIC}/2026-h2.csv").content.decode("utf-8-sig")
        rows = {row["figure"]: int(row["value"]) for row in csv.DictReader(io.StringIO(table))}
        wanted = {
            "charities": 1, "projects": 2, "campaigns": 1, "gifts": 2, "donated": 15_000,
            "online": 15_000, "refunded": 1_000, "arrived": 0, "residue": 0, "programme": 900,
            "running": 100, "complaints": 1, "in_time": 0, "late": 1, "income": 0, "cost": 150,
        }  # fmt: skip
        assert {name: rows[name] for name in wanted} == wanted
        assert rows["upto"] == desk.site.house.settlement.world.next_number
        assert "100.00%" in page
        assert "1.00%" in page


def test_what_happened_before_and_after_is_no_part_of_it(desk: Desk) -> None:
    before = figures("2026-h1", today=date(2027, 1, 4))
    assert (before["gifts"], before["first"], before["upto"], before["complaints"]) == (0, 0, 0, 0)
    after = figures("2027-h1", today=date(2027, 7, 4))
    assert after["gifts"] == 0
    assert after["first"] == after["upto"] == desk.site.house.settlement.world.next_number
    assert figures("2026", today=date(2027, 1, 4)) == figures("2026-h2", today=date(2027, 1, 4))


def test_a_correction_is_a_version_that_says_why(desk: Desk) -> None:
    with time_machine.travel("2027-01-04T02:00:00Z"):
        assert desk.say() == 303
        assert desk.end(Office.OPERATOR) == 303
        assert desk.say() == 422, "it says what it mends"
        assert desk.say(correction="成本漏了机房。", cost="2") == 303
        assert desk.say(correction="同样。", cost="3") == 303
        first, second = Decision.objects.order_by("-id")[:2]
        assert desk.end(Office.OPERATOR) == 303
        said = {"do": "confirm", "decision": f"{second.pk}"}
        assert desk.at(Office.OPERATOR).post(WAY, said).status_code == 422, "another came first"
        assert first.pk > second.pk
        page = desk.site.text(f"{PUBLIC}/2026-h2")
        assert page.index("第 2 版") < page.index("第 1 版")
    assert list(PlatformReport.objects.order_by("version").values_list("cost", flat=True)) == [
        150, 300
    ]  # fmt: skip


def test_nothing_is_published_early_alone_or_by_others(desk: Desk) -> None:
    with time_machine.travel("2026-12-31T02:00:00Z"):
        assert desk.say() == 404, "the half is not over"
    with time_machine.travel("2027-01-04T02:00:00Z"):
        assert desk.say(Office.REVIEWER) == 422
        assert desk.say(Office.AUDITOR) == 403
        assert desk.say(cost="viel") == 422
        assert desk.say(words=" ") == 422
        assert desk.say() == 303
        assert desk.end(Office.OPERATOR, "decline", back="") == 422
        assert desk.end(Office.OPERATOR, "decline", back="成本不对") == 303
        assert desk.end(Office.OPERATOR) == 422
    assert not PlatformReport.objects.exists()
    statement = (
        "INSERT INTO jusha_platformreport (decision, period, version, figures, income, cost, words,"
        " correction, at) VALUES (1, '2026', 1, '{}', 0, 0, 'x', '', now())"
    )
    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)

"""A charity's whole year at the desk and in public: two of finance, ratios, the reason."""

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils.timezone import localdate

from jusha.charities.models import Charity
from jusha.charities.rules import Role
from jusha.oversight.year_figures import known
from jusha.oversight.year_models import YearFigures
from jusha.people.models import Decision
from tests.cast import BOOKS
from tests.web.conftest import Site
from tests.web.staff import as_owner, member, signed_in

WAY, PUBLIC = "/desk/year-figures", "/charity/shan/years"


class Desk:
    """A foundation with a gift and two expenses, two of its finance and one of programme."""

    def __init__(self, site: Site) -> None:
        self.site, house = site, site.house
        with as_owner(site):
            Charity.objects.filter(code="shan").update(kind="foundation")
        self.people = {
            "li": member(site, "li@shan.example"),
            "wang": member(site, "wang@shan.example"),
            "lin": member(site, "lin@shan.example", Role.PROGRAMME),
        }
        house.give(10_000)
        for line, amount in (("programme", 900), ("running", 100)):
            done = house.instruct(
                "spend", project=BOOKS, line=line, amount=amount, ref="E1", what="goods",
                words=bytes(32), evidence=bytes(32),
            )  # fmt: skip
            assert done[0] == "done"

    def say(self, who: str = "li", **more: str) -> int:
        said = {
            "do": "propose", "charity": "shan", "year": "2025", "as_of": "2025-12-31",
            "income": "1,000,000", "mean_income": "0", "spent": "700000", "admin": "70000",
            "reason": "",
        } | more  # fmt: skip
        return int(signed_in(self.people[who]).post(WAY, said).status_code)

    def end(self, who: str, do: str = "confirm", **more: str) -> int:
        said = {"do": do, "decision": f"{Decision.objects.latest('id').pk}"} | more
        return int(signed_in(self.people[who]).post(WAY, said).status_code)


@pytest.fixture
def desk(site: Site) -> Desk:
    return Desk(site)


def test_two_of_finance_tell_a_year_and_everybody_reads_both_ratios(desk: Desk) -> None:
    assert "还没有报过全年的数" in desk.site.text(PUBLIC)
    assert desk.say() == 303
    assert desk.end("li") == 422
    assert desk.end("wang") == 303
    page = desk.site.text(PUBLIC)
    assert "70.0%" in page
    assert "9.0%" in page
    assert page.count("照这样到年底，符合") == 1
    assert "管理费用很低，不受比例限制" in page, "less than 200,000 yuan, while that was the law"
    assert PUBLIC in desk.site.text("/charity/shan")
    row = YearFigures.objects.get()
    assert (row.income, row.spent, row.admin, row.version) == (
        100_000_000,
        70_000_000,
        7_000_000,
        1,
    )
    year = localdate().year
    assert known("shan", year) == (10_000, 900, 100)
    assert known("shan", year - 1) == (0, 0, 0)
    assert known("elsewhere", year) == (0, 0, 0)


def test_a_missed_ratio_wants_its_reason_and_a_later_version_stands_above(desk: Desk) -> None:
    assert desk.say(spent="699999.99", admin="0") == 422
    assert not Decision.objects.exists()
    assert desk.say(spent="699999.99", admin="0", reason="地震延误，已报民政局。") == 303
    assert desk.end("wang", "decline", back="") == 422
    assert desk.end("wang") == 303
    assert "地震延误" in desk.site.text(PUBLIC)
    assert desk.say() == 303
    assert desk.end("wang") == 303
    page = desk.site.text(PUBLIC)
    assert page.index("第 2 版") < page.index("第 1 版")


@pytest.mark.parametrize(
    "wrong",
    [
        {"income": "viel"}, {"income": "0"}, {"year": "2015"}, {"year": "x"},
        {"as_of": "2026-01-01"}, {"charity": "elsewhere"}, {"spent": ""},
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_and_nothing_is_proposed(desk: Desk, wrong: dict[str, str]) -> None:
    assert desk.say(**wrong) == 422
    assert not Decision.objects.exists()


def test_nobody_else_says_it_and_the_database_sees_to_it(desk: Desk) -> None:
    assert desk.say("lin") == 403
    statement = (
        "INSERT INTO jusha_yearfigures (decision, charity, year, version, as_of, income,"
        " mean_income, spent, admin, reason, at)"
        " VALUES (1, 'shan', 2025, 1, '2025-12-31', 1, 0, 1, 0, '', now())"
    )
    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)

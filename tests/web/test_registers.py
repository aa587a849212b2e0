"""Registers keep every version; an authority gets a case when two said so, and it is noted."""

import csv
import hashlib
import io
import json
import zipfile
from datetime import date

import pytest
import time_machine
from django.db import IntegrityError, connection, transaction
from django.test import Client

from jusha.charities.rules import Role
from jusha.law.models import LawRule
from jusha.law.queries import forget
from jusha.oversight.models import ExportTaken, RegisterEntry, RegulatorExport
from jusha.oversight.report import report
from jusha.people.models import UserAccount
from jusha.people.rules import Office
from tests.cast import BOOKS
from tests.web.conftest import Site
from tests.web.staff import as_owner, member, officer, signed_in

ENTRY = {"title": "短信发错", "text": "发给了旧号码。", "happened_on": "2026-11-01"}
EXPORT = {"do": "propose", "authority": "某市民政局", "case_id": "民函〔2026〕1 号"}


class House:
    def __init__(self, site: Site) -> None:
        self.site = site
        self.people: dict[str, UserAccount] = {
            "operator": officer(site, "op@platform.example", Office.OPERATOR),
            "reviewer": officer(site, "rev@platform.example", Office.REVIEWER),
            "auditor": officer(site, "aud@platform.example", Office.AUDITOR),
            "finance": officer(site, "fin@platform.example", Office.FINANCE),
            "li": member(site, "li@shan.example", Role.PROGRAMME),
        }
        self.at: dict[str, Client] = {n: signed_in(each) for n, each in self.people.items()}

    def post(self, who: str, path: str, **said: str) -> int:
        return self.at[who].post(path, said).status_code


@pytest.fixture
def desk(site: Site) -> House:
    return House(site)


def test_an_entry_is_corrected_by_a_further_version_and_kept_by_law(desk: House) -> None:
    way = "/desk/registers?register=assessment"
    with time_machine.travel("2026-11-23T02:00:00Z"):
        assert desk.post("operator", way, **ENTRY) == 303
        assert desk.post("reviewer", way, **(ENTRY | {"number": "1", "text": "更正。"})) == 303
        assert desk.post("operator", way, **(ENTRY | {"number": "9"})) == 422
        assert desk.post("operator", way, **(ENTRY | {"happened_on": "2026-11-24"})) == 422
        assert desk.post("operator", way, **(ENTRY | {"text": " "})) == 422
    rows = list(RegisterEntry.objects.values_list("number", "version", "keep_until"))
    assert rows == [(1, 1, date(2029, 11, 23)), (1, 2, date(2029, 11, 23))]
    html = desk.at["auditor"].get(way).content.decode()
    assert html.index("更正。") < html.index("发给了旧号码。")


def test_how_long_it_is_kept_follows_the_figure_of_the_day(desk: House) -> None:
    with as_owner(desk.site):
        LawRule.objects.create(
            rule="impact-assessment-keep-years", article="x", name_zh="x", name_en="x", value=5,
            unit="years", begins=date(2026, 12, 1), source="test", sure="H",
        )  # fmt: skip
    forget()
    way = "/desk/registers?register=assessment"
    for day in ("2026-11-30T02:00:00Z", "2026-12-01T02:00:00Z"):
        with time_machine.travel(day):
            forget()
            assert desk.post("operator", way, **ENTRY) == 303
    forget()
    kept = list(RegisterEntry.objects.order_by("id").values_list("keep_until", flat=True))
    assert kept == [date(2029, 11, 30), date(2031, 12, 1)]


def test_nobody_else_writes_and_nobody_changes(desk: House) -> None:
    for who, code in (("auditor", 403), ("finance", 403), ("li", 403)):
        assert desk.post(who, "/desk/registers", **ENTRY) == code
        assert desk.post(who, "/desk/exports", **EXPORT, project=BOOKS) == code
    assert desk.post("operator", "/desk/registers", **ENTRY) == 303
    for statement in (
        "UPDATE jusha_registerentry SET text = ''",
        "DELETE FROM jusha_registerentry",
        (
            "INSERT INTO jusha_registerentry (register, number, version, title, text, happened_on,"
            " keep_until, by, at) VALUES ('incident', 2, 1, 'x', 'x', now(), now(),"
            " gen_random_uuid(), now())"
        ),
        (
            "INSERT INTO jusha_regulatorexport (case_id, authority, complaint, project, by, at)"
            f" VALUES ('x', 'x', 0, '{BOOKS}', gen_random_uuid(), now())"
        ),
    ):
        with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)


def test_two_let_an_authority_have_a_case_and_each_taking_is_noted(desk: House) -> None:
    site = desk.site
    number = site.house.give(10_000)
    site.house.instruct("refund", deed=number, amount=500, reason="asked")
    report(
        kind="money", about=f"/p/{BOOKS}", words="书没有送到。", contact="zhang@reporter.example",
        project=BOOKS, charity="shan", today=date(2026, 11, 23),
    )  # fmt: skip
    assert desk.post("reviewer", "/desk/exports", **EXPORT, complaint="7") == 422
    assert desk.post("reviewer", "/desk/exports", **(EXPORT | {"case_id": ""})) == 422
    assert desk.post("reviewer", "/desk/exports", **EXPORT, complaint="1") == 303
    assert desk.post("reviewer", "/desk/exports", do="confirm", decision="1") == 422
    assert not RegulatorExport.objects.exists()
    assert desk.post("operator", "/desk/exports", do="confirm", decision="1") == 303
    path = f"/desk/exports/{RegulatorExport.objects.get().pk}"
    assert desk.post("auditor", path) == 403
    first, again = (desk.at["operator"].post(path).content for _ in range(2))
    assert first == again, "the same facts make the same bytes"
    digest = hashlib.sha256(first).hexdigest()
    assert list(ExportTaken.objects.values_list("sha256", flat=True)) == [digest, digest]
    with zipfile.ZipFile(io.BytesIO(first)) as found:
        files = {name: found.read(name) for name in found.namelist()}
    manifest = json.loads(files.pop("manifest.json"))
    assert manifest["case"] == EXPORT["case_id"]
    assert {n: each["sha256"] for n, each in manifest["files"].items()} == {
        name: hashlib.sha256(body).hexdigest() for name, body in files.items()
    }
    rows = list(csv.DictReader(io.StringIO(files["gifts.csv"].decode())))
    assert [(r["number"], r["amount"], r["refunded"]) for r in rows] == [
        (str(number), "10000", "500")
    ]
    whole = b"".join(files.values()).decode()
    assert "书没有送到。" in whole
    assert "zhang@reporter.example" not in whole
    assert digest in desk.at["auditor"].get("/desk/exports").content.decode()

"""Two persons record a charity's certificate; wrong ones are refused in words."""

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management.base import CommandError

from jusha.charities import queries
from jusha.charities.certify import NotCertifiedError, certify
from jusha.charities.models import Certificate, Charity
from tests.management.conftest import Console
from tests.management.test_staff import owned

__all__ = ["owned"]

FIRST, LAST = date(2026, 9, 5), date(2029, 9, 4)
RIGHT = "91110000600037341L"


@pytest.fixture
def charity(owned: Console) -> Charity:
    """A charity whose code has a right check character."""
    Charity.objects.filter(code="shan").update(uscc=RIGHT)
    return Charity.objects.get(code="shan")


@pytest.fixture
def scan(tmp_path: Path) -> Path:
    file = tmp_path / "scan.pdf"
    file.write_bytes(b"%PDF-1.7 a scan")
    return file


def told(scan: Path, **more: Any) -> dict[str, Any]:
    fields: dict[str, Any] = {"issuer": "民政局", "valid_from": FIRST, "valid_until": LAST}
    return fields | {"evidence": scan, "by": "li", "second": "wang"} | more


def test_the_newest_certificate_holds_and_history_stays(charity: Charity, scan: Path) -> None:
    certify("shan", "公募 1", **told(scan, valid_until=date(2099, 1, 1)))
    certify("shan", "公募 2", **told(scan))
    found = queries.certificate("shan", FIRST)
    assert found is not None
    assert (found.number, found.valid_until, len(found.evidence)) == ("公募 2", LAST, 64)
    charity.refresh_from_db()
    assert charity.certificate_no == "公募 2"
    assert Certificate.objects.filter(charity="shan").count() == 2
    for today, codes in ((LAST, ["shan"]), (LAST + timedelta(days=1), [])):
        assert [row["charity"] for row in queries.qualified(today)] == codes


def test_a_renewal_recorded_early_waits_for_its_first_day(charity: Charity, scan: Path) -> None:
    certify("shan", "old", **told(scan))
    renewed = {"valid_from": LAST + timedelta(days=1), "valid_until": LAST + timedelta(days=900)}
    certify("shan", "new", **told(scan, **renewed))
    for day, number in ((LAST, "old"), (LAST + timedelta(days=1), "new")):
        found = queries.certificate("shan", day)
        assert found is not None
        assert found.number == number
        assert [row["charity"] for row in queries.qualified(day)] == ["shan"]


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ({"second": "li"}, "two different persons"),
        ({"by": ""}, "two different persons"),
        ({"valid_until": FIRST - timedelta(days=1)}, "before its first"),
        ({"issuer": " "}, "a number and an issuer"),
        ({"evidence": Path("/nowhere")}, "cannot be read"),
        ({"evidence": Path("/dev/null")}, "is empty"),
    ],
)
def test_what_is_no_certificate_is_refused_in_words(
    charity: Charity, scan: Path, wrong: dict[str, Any], why: str
) -> None:
    with pytest.raises(NotCertifiedError, match=why):
        certify(charity.code, "公募 2", **told(scan, **wrong))
    assert not Certificate.objects.exists()


@pytest.mark.parametrize("uscc", ["91110000600037342L", "53330000DEMO000001", ""])
def test_a_wrong_credit_code_is_never_certified(charity: Charity, scan: Path, uscc: str) -> None:
    Charity.objects.filter(pk=charity.pk).update(uscc=uscc)
    with pytest.raises(NotCertifiedError, match="no unified social credit code"):
        certify("shan", "公募 2", **told(scan))
    with pytest.raises(NotCertifiedError, match="no charity"):
        certify("nobody", "公募 2", **told(scan))


def test_the_command_sets_and_lists(owned: Console, charity: Charity, scan: Path) -> None:
    two = ("--by", "li", "--second", "wang")
    days = ("--from", str(FIRST), "--until", str(LAST), "--issuer", "民政局")
    shown = ("--evidence", str(scan))
    said = owned.run("certificate", charity.code, "公募 2", *days, *shown, *two)
    assert f"until {LAST}" in said
    listed = owned.run("certificate").splitlines()
    assert [line.split()[:2] for line in listed] == [["water", "none"], ["shan", "公募"]]
    with pytest.raises(CommandError, match="is a day"):
        owned.run("certificate", charity.code, "x", *shown, *two)
    with pytest.raises(CommandError, match="nothing was changed"):
        owned.run("certificate", charity.code, "x", *days, *shown, "--by", "li")

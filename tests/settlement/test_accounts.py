"""A charity's accounts of a day stand in the log by their hash, are kept, checked and corrected."""

from hashlib import sha256
from pathlib import Path
from typing import Any

import msgspec
import psycopg
import pytest

from jusha.config.postgres import database_url
from jusha.management.audit import audit_database
from jusha.settlement.accounts import ACCOUNTS_BYTES_MAX
from tests.cast import House
from tests.home import HOME
from tests.verify.logs import both_ways, canonical, tables_of, write_log


def table(day: str = "2026-03-01", org: str = "shan", **more: Any) -> bytes:
    told = {"day": day, "org": org, "pairs": [], "sources": []} | more
    return msgspec.json.encode(told, order="deterministic")


def publish(house: House, raw: bytes, *, day: str = "2026-03-01", charity: str = "shan") -> str:
    return house.instruct("publish-accounts", charity=charity, day=day, table=raw)[0]


@pytest.fixture
def told(house: House) -> House:
    """A house with a charity whose accounts of a day were published and corrected."""
    house.furnish()
    assert publish(house, table()) == "done"
    assert publish(house, table(corrects=sha256(table()).hexdigest())) == "done"
    return house


def recomputed(house: House, folder: Path, tables: dict[bytes, bytes] | None = None) -> list[str]:
    """What a stranger finds wrong in the house's log."""
    entries = [canonical(entry) for entry in house.entries()]
    found = both_ways(write_log(folder, entries, tables or tables_of(house)))
    return [each["what"] for each in found["differences"]]


def test_the_entry_names_the_table_and_the_table_is_kept(told: House, tmp_path: Path) -> None:
    first, second = (e for e in told.entries() if e["k"] == "accounts")
    assert (first["org"], first["day"]) == ("shan", "2026-03-01")
    assert first["h"] != second["h"]
    kept = told.web.execute("SELECT hash, body FROM tlog_table").fetchall()
    assert all(sha256(body).digest() == digest for digest, body in kept)
    told.check()
    assert recomputed(told, tmp_path) == []


def test_a_lost_table_is_found_by_audit_and_by_strangers(told: House, tmp_path: Path) -> None:
    tables = dict(list(tables_of(told).items())[:1])
    assert any("does not serve" in what for what in recomputed(told, tmp_path, tables))
    with psycopg.connect(database_url("owner", HOME, told.database), autocommit=True) as owner:
        owner.execute("ALTER TABLE tlog_table DISABLE TRIGGER USER")
        owner.execute("DELETE FROM tlog_table")
    wrong = [str(f) for f in audit_database(told.web) if f.kind == "wrong"]
    assert any("table of a seal" in finding for finding in wrong)


def test_a_correction_that_hides_what_it_corrects_is_found(told: House, tmp_path: Path) -> None:
    assert publish(told, table(more=1)) == "done"  # settlement cannot know; everybody can see
    assert recomputed(told, tmp_path) == ["it does not name what it corrects"]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"charity": "nobody"}, "unknown-charity"),
        ({"day": "2999-01-01"}, "day-to-come"),
        ({"day": "1.3.2026"}, "bad-instruction"),
        ({"table": b'{"org":"shan","day":"2026-03-01"}'}, "table-not-canonical"),
        ({"table": b"[]"}, "table-not-canonical"),
        ({"table": b"{"}, "bad-instruction"),
        ({"table": table(day="2026-03-02")}, "table-of-another-day"),
        ({"table": table(org="other")}, "table-of-another-day"),
        ({"table": b" " * (ACCOUNTS_BYTES_MAX + 1)}, "table-too-long"),
        ({"more": 1}, "bad-instruction"),
    ],
)
def test_what_is_no_table_of_the_day_is_refused(
    house: House, body: dict[str, Any], code: str
) -> None:
    house.furnish()
    given = {"charity": "shan", "day": "2026-03-01", "table": table()} | body
    assert house.instruct("publish-accounts", **given)[0] == code
    assert [e for e in house.entries() if e["k"] == "accounts"] == []

"""The audit: silent on a rich and honest house, and naming every corruption planted in it."""

import json
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.core.management import call_command

from jusha.config.postgres import django_database
from jusha.ledger.findings import FINDINGS_MAX, Finding
from jusha.management.audit import audit_database
from jusha.tlog.publish import Publisher
from tests.audit.day import deed_of
from tests.audit.forge import rewrite_entries, told, wrong
from tests.cast import BOOKS, WATER, House
from tests.home import HOME

Plant = Callable[..., list[Finding]]


@pytest.fixture
def plant(lived: House, day_forger: psycopg.Connection[Any]) -> Plant:
    """Runs SQL that changes at least one row; returns what the audit says is wrong."""

    def change(sql: str, *parameters: object) -> list[Finding]:
        assert day_forger.execute(sql.encode(), parameters or None).rowcount > 0
        return wrong(lived)

    return change


def test_an_honest_house_is_in_order_and_tells_what_is_stuck(lived: House) -> None:
    found = audit_database(lived.web)
    assert [(f.kind, f.what) for f in found] == [("waiting", "envelope is stuck")]
    assert "UnknownChannelError" in found[0].found
    bounds = {row[0] for row in lived.web.execute("SELECT DISTINCT bound FROM matching_match")}
    assert bounds == {0, 1, 2, 3, 4}


def test_an_empty_house_is_in_order(house: House) -> None:
    assert audit_database(house.web) == []


def test_the_audit_reads_one_snapshot_and_can_write_nothing(lived: House) -> None:
    def write(*_: object) -> None:
        lived.web.execute("INSERT INTO inbox_lane VALUES (9, 'x')")

    with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
        audit_database(lived.web, progress=write)


CORRUPTIONS = {
    "a fen moved in a transfer": (
        ("UPDATE ledger_transfer SET amount = amount + 1 WHERE id ="
        " (SELECT min(number) * 16 FROM giving_deed WHERE amount = 700)"),
        {"ledger: balance is not the sum of its transfers", "settlement: transfers"},
    ),
    "a balance edited": (
        "UPDATE ledger_account SET credits = credits + 1 WHERE kind = 'fund' AND asset = 1",
        {"ledger: balance is not the sum of its transfers"},
    ),
    "a transfer to another book": (
        ("UPDATE ledger_transfer SET credit ="
        " (SELECT id FROM ledger_account WHERE book = 'channel:partner' AND kind = 'suspense'"
        " AND asset = 1)"
            " WHERE id = (SELECT min(number) * 16 FROM giving_deed WHERE amount = 900)"),
        {"ledger: transfer leaves its book or asset", "settlement: transfers"},
    ),
    "a doubled transfer": (
        ("INSERT INTO ledger_transfer SELECT id + 7, debit, credit, amount FROM ledger_transfer"
        " WHERE id = (SELECT min(number) * 16 FROM giving_deed WHERE amount = 700)"),
        {"ledger: balance is not the sum of its transfers", "settlement: transfers"},
    ),
    "a doubled transfer with its balances": (
        ("WITH more AS (INSERT INTO ledger_transfer SELECT id + 7, debit, credit, amount"
        " FROM ledger_transfer WHERE id ="
        " (SELECT min(number) * 16 FROM giving_deed WHERE amount = 700) RETURNING *)"
        " UPDATE ledger_account a SET"
        " debits = debits + CASE WHEN a.id = m.debit THEN m.amount ELSE 0 END,"
        " credits = credits + CASE WHEN a.id = m.credit THEN m.amount ELSE 0 END"
        " FROM more m WHERE a.id IN (m.debit, m.credit)"),
        {"settlement: transfers"},
    ),
    "a transfer of no entry": (
        ("INSERT INTO ledger_transfer SELECT 16000, debit, credit, amount FROM ledger_transfer"
        " ORDER BY id DESC LIMIT 1"),
        {"tlog: transfer of no entry", "settlement: transfer without an entry"},
    ),
    "a deed's amount": (
        "UPDATE giving_deed SET amount = amount + 1 WHERE amount = 900",
        {
            "settlement: deed's amount",
            "campaigns: total is not the sum of its parts",
        },
    ),
    "a deed's minute": (
        ("UPDATE giving_deed SET effective_at = effective_at + interval '1 minute'"
        " WHERE amount = 900"),
        {"settlement: deed's effective_at"},
    ),
    "a deed's person": (
        "UPDATE giving_deed SET person = gen_random_uuid() WHERE amount = 900",
        {"settlement: deed's person"},
    ),
    "a deed released from its hold": (
        "UPDATE giving_deed SET held = false WHERE held AND amount = 3000",
        {
            "settlement: deed's project",
            "giving: order and its payment do not name each other",
        },
    ),
    "a deed gone": (
        "DELETE FROM giving_deed WHERE amount = 900",
        {"settlement: entry without its deed"},
    ),
    "a deed of no entry": (
        ("INSERT INTO giving_deed SELECT 1000, channel, campaign, project, asset, amount, person,"
        " 0, received_at, effective_at, body, programme_at, running_at, held FROM giving_deed"
        " WHERE amount = 900"),
        {
            "settlement: deed without an entry",
        },
    ),
    "usage overrun": (
        "UPDATE matching_usage SET matched = matched + 1",
        {"settlement: usage of a person's day is not the sum of matches"},
    ),
    "a window's total": (
        "UPDATE matching_window SET used = used - 1",
        {
            "settlement: window is not the sum of its matches",
            "matching: windows are not the sum of matches",
        },
    ),
    "a cap lowered afterwards": (
        ("UPDATE matching_rule SET terms = jsonb_set(terms, '{caps,person_day}', '100')"
        " WHERE code = 'R1'"),
        {"settlement: rule's text is not what was asked for",
         "settlement: match above the bound: person-day"},
    ),
    "a budget lowered afterwards": (
        ("UPDATE matching_rule SET terms = jsonb_set(terms, '{window,budget}', '100')"
        " WHERE code = 'R1'"),
        {"settlement: rule's text is not what was asked for",
         "settlement: match above the bound: window"},
    ),
    "a rule begun later": (
        "UPDATE matching_rule SET from_at = '2025-09-10' WHERE code = 'R1'",
        {"settlement: rule's beginning is not what was asked for",
         "settlement: match by a rule that is not in force or not concerned"},
    ),
    "a match by another bound": (
        "UPDATE matching_match SET bound = 3 WHERE bound = 0",
        {"settlement: matches"},
    ),
    "a match gone": (
        "DELETE FROM matching_match WHERE id = (SELECT min(id) FROM matching_match)",
        {"settlement: matches", "campaigns: total is not the sum of its parts"},
    ),
    "a pool overdrawn": (
        "UPDATE ledger_transfer SET amount = 9 WHERE id = (SELECT number * 16 FROM matching_pool)",
        {"settlement: transfers"},
    ),
    "a channel's draw": (
        "UPDATE payments_channel_use SET drawn = drawn - 1",
        {"settlement: channel's draw is not the sum of its matches"},
    ),
    "a channel's rights": (
        "UPDATE payments_channel SET terms = jsonb_set(terms, '{draw_max}', '9')",
        {"settlement: channel is not what was asked for"},
    ),
    "a project opened again": (
        "UPDATE projects_fund SET state = 'open'",
        {"settlement: state"},
    ),
    "a money line shifted": (
        "UPDATE giving_deed SET programme_at = programme_at + 1 WHERE amount = 900",
        {"settlement: deed's place in the programme line"},
    ),
    "a void removed": (
        "DELETE FROM projects_void WHERE number = (SELECT min(number) FROM projects_void)",
        {"giving: what went back is not voids and cover",
         "projects: fund is not what its lines have left", "settlement: voids"},
    ),
    "a void moved": (
        ("UPDATE projects_void SET start = start + 100000 WHERE number ="
        " (SELECT min(number) FROM projects_void)"),
        {"giving: void outside what it takes back", "projects: void beyond its line",
         "settlement: voids"},
    ),
    "a refund enlarged": (
        "UPDATE giving_refund SET amount = amount + 1000",
        {"giving: more was refunded than given",
         "settlement: refund is not what was asked for"},
    ),
    "a refund of nothing": (
        "UPDATE giving_refund SET deed = 0",
        {"settlement: refund is not what was asked for"},
    ),
    "a running total": (
        "UPDATE campaigns_total SET donated = donated + 1",
        {"campaigns: total is not the sum of its parts"},
    ),
    "a seen key gone": (
        "DELETE FROM giving_seen WHERE number = (SELECT min(number) FROM giving_seen)",
        {"settlement: replay guard"},
    ),
    "a key seen twice": (
        "INSERT INTO giving_seen SELECT gen_random_uuid(), body, number FROM giving_seen LIMIT 1",
        {"settlement: replay guard"},
    ),
    "a case closed by deleting it": (
        "DELETE FROM giving_case",
        {"giving: held deed has no case", "settlement: deed of the inbox"},
    ),
    "an order changed after it was paid": (
        "UPDATE payments_order SET amount = amount + 1",
        {"giving: gift is not what its order says", "settlement: order of the inbox"},
    ),
    "an order's payment forgotten": (
        "DELETE FROM payments_paid",
        {"giving: order and its payment do not name each other"},
    ),
    "a seal's table": (
        "UPDATE tlog_table SET body = '[]'",
        {"tlog: table has another hash"},
    ),
    "a seal's table gone": (
        "DELETE FROM tlog_table",
        {"settlement: table of a seal"},
    ),
    "an inbox row altered": (
        ("UPDATE inbox_row SET payload = overlay(payload placing '\\x00' from 30)"
        " WHERE lane = 1 AND n = 2"),
        {"settlement: digest"},
    ),
    "an inbox row gone": (
        "DELETE FROM inbox_row WHERE lane = 1 AND n = 2",
        {"inbox: lane is not gapless", "settlement: digest"},
    ),
    "an inbox row's time": (
        "UPDATE inbox_row SET received_at = '2000-01-01' WHERE lane = 1 AND n = 2",
        {"inbox: received_at runs backwards"},
    ),
    "an inbox row's count": (
        "UPDATE inbox_row SET count = count + 1 WHERE lane = 1 AND n = 2",
        {"settlement: envelopes"},
    ),
    "an outcome gone": (
        "DELETE FROM settlement_outcome",
        {"settlement: instruction without an outcome"},
    ),
    "a batch gone": (
        "DELETE FROM settlement_batch WHERE id = 3",
        {"settlement: batch number", "settlement: digest"},
    ),
    "an epoch from the future": (
        "UPDATE settlement_batch SET epoch = 99 WHERE id = (SELECT max(id) FROM settlement_batch)",
        {"settlement: epoch of the writer"},
    ),
    "a fund of no charity": (
        "UPDATE projects_fund SET payee = 9 WHERE code = 'shan-water'",
        {"projects: fund without a payee"},
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CORRUPTIONS)
def test_a_corruption_is_found_and_named(plant: Plant, name: str) -> None:
    sql, expected = CORRUPTIONS[name]
    found = plant(sql)
    assert expected <= told(found), [str(f) for f in found]


def test_an_altered_leaf_is_named_by_the_chain(plant: Plant) -> None:
    part = "position('\"amt\":900'::bytea in entries)"
    found = plant(
        f"UPDATE tlog_entries SET entries = overlay(entries placing '8' from {part} + 6)"
        f" WHERE {part} > 0"
    )
    assert told(found) >= {"tlog: chain does not continue", "settlement: don amt"}


def test_a_leaf_altered_together_with_the_chain_is_named_by_its_fields(
    lived: House, day_forger: psycopg.Connection[Any]
) -> None:
    number = deed_of(lived, "amount = 900")

    def change(entries: list[bytes]) -> None:
        entries[number] = entries[number].replace(b'"prj":"shan-water"', b'"prj":"shan-books"')

    rewrite_entries(day_forger, change)
    found = wrong(lived)
    assert [(f.what, f.where, f.expected, f.found) for f in found] == [
        ("don prj", f"entry {number}", WATER, BOOKS)
    ]


def test_a_dropped_leaf_is_named(lived: House, day_forger: psycopg.Connection[Any]) -> None:
    number = deed_of(lived, "amount = 900")
    rewrite_entries(day_forger, lambda entries: entries.__delitem__(number))
    found = wrong(lived)
    assert {"settlement: entries written", "settlement: entry stands at another's place"} <= told(
        found
    )


def test_many_findings_of_one_kind_are_cut_short(house: House, forger: Any) -> None:
    house.furnish()
    house.send(*(house.deed(100) for _ in range(50)))
    house.settle()
    forger.execute("UPDATE giving_deed SET received_at = received_at, running_at = 5")
    found = [f for f in wrong(house) if f.what == "deed's place in the running line"]
    assert len(found) == FINDINGS_MAX + 1
    assert found[-1].where == "more places"


@pytest.fixture
def published(lived: House, tmp_path: Path) -> Path:
    publisher = Publisher(tmp_path, origin="sandbox.jusha.local/log")
    with psycopg.connect(lived.web.info.dsn, password=lived.web.info.password) as connection:
        while publisher.publish_next(connection):
            pass
    publisher.close()
    return tmp_path / "public"


def test_the_published_log_is_compared_file_by_file(lived: House, published: Path) -> None:
    assert wrong(lived, published) == []
    size = len(lived.entries())
    for path, what in (
        (f"tile/entries/000.p/{size}", "published file"),
        (f"tile/0/000.p/{size}", "published file"),
        ("checkpoint", "checkpoint"),
        (f"checkpoints/{size}", "checkpoint"),
        (next((published / "tables").iterdir()).relative_to(published), "published table"),
    ):
        file = published / path
        kept = file.read_bytes()
        file.write_bytes(kept[:-9] + bytes([kept[-9] ^ 1]) + kept[-8:])
        assert {what} == {f.what for f in wrong(lived, published)}, path
        file.write_bytes(kept)


def test_a_part_that_has_become_a_full_tile_meanwhile_is_found_in_it(
    lived: House, published: Path
) -> None:
    part = published / f"tile/entries/000.p/{len(lived.entries())}"
    full = published / "tile/entries/000"
    raw = part.read_bytes()
    part.unlink()
    full.write_bytes(raw + b"what came after it")
    assert wrong(lived, published) == []
    full.write_bytes(b"?" + raw[1:] + b"what came after it")
    assert {"published file"} == {f.what for f in wrong(lived, published)}


def test_more_than_one_tile_is_compared(house: House, tmp_path: Path) -> None:
    house.furnish()
    publisher = Publisher(tmp_path, origin="sandbox.jusha.local/log")
    for count in (200, 300, 30):
        house.send(*(house.deed(100) for _ in range(count)))
        house.settle()
        with psycopg.connect(house.web.info.dsn, password=house.web.info.password) as connection:
            assert publisher.publish_next(connection) >= count
    publisher.close()
    public = tmp_path / "public"
    assert wrong(house, public) == []
    (public / "tile/0/001").write_bytes(bytes(8192))
    assert [f.where for f in wrong(house, public)] == ["tile/0/001"]


def test_entries_that_were_published_and_are_not_settled_any_more_are_named(
    lived: House, published: Path, day_forger: psycopg.Connection[Any]
) -> None:
    day_forger.execute(
        "DELETE FROM tlog_entries WHERE first = (SELECT max(first) FROM tlog_entries)"
    )
    assert "tlog: published more than was settled" in told(wrong(lived, published))


def audit_command(monkeypatch: pytest.MonkeyPatch, database: str, *options: str) -> tuple[str, Any]:
    monkeypatch.setattr(
        "jusha.inbox.connect.settings.DATABASES",
        {"default": database_entry(database)},
        raising=False,
    )
    out = StringIO()
    code: Any = 0
    try:
        call_command("audit", *options, stdout=out, stderr=out)
    except SystemExit as exit_:
        code = exit_.code
    return out.getvalue(), code


def database_entry(database: str) -> dict[str, Any]:
    return dict(django_database("web", HOME)) | {"NAME": database}


def test_the_command_tells_each_room_and_answers_with_its_exit_code(
    lived: House,
    published: Path,
    day_forger: psycopg.Connection[Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    database = lived.database
    said, code = audit_command(monkeypatch, database, "--log", str(published))
    assert code == 0
    assert "ledger       in order" in said
    assert "0 wrong, 1 waiting" in said
    day_forger.execute("UPDATE ledger_account SET credits = credits + 1 WHERE kind = 'fund'")
    said, code = audit_command(monkeypatch, database, "--log", str(published / "nowhere"))
    assert code == 1
    assert "no published log" in said
    assert "! ledger: balance is not the sum of its transfers at account" in said
    said, code = audit_command(monkeypatch, database, "--log", str(published), "--json")
    assert (json.loads(said)["wrong"] > 0, code) == (True, 1)

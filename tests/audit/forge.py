"""What a forger with every right on the database can do: one row, or all that agrees with it."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest import mock

import psycopg

from jusha.ledger.findings import Finding
from jusha.management.audit import audit_database
from jusha.merkle.tiles import decode_bundle, encode_bundle
from jusha.settlement.audit_short import Short
from jusha.tlog.leaves import CHAIN_START, canonical
from tests.cast import House

USAGE_SQL = """
UPDATE matching_usage SET matched = matched + %s
WHERE campaign = %s AND day = %s AND person = %s"""
Forger = psycopg.Connection[Any]


def wrong(house: House, log_dir: Path | None = None) -> list[Finding]:
    """What the audit says is wrong: the same whether gifts go the short way or the long one."""
    found = audit_database(house.web, log_dir)
    with mock.patch.object(Short, "check", return_value=None):
        assert audit_database(house.web, log_dir) == found
    return [f for f in found if f.kind == "wrong"]


def told(findings: list[Finding]) -> set[str]:
    """The findings' rooms and names."""
    return {f"{finding.room}: {finding.what}" for finding in findings}


def rewrite_entries(forger: Forger, change: Callable[[list[bytes]], None]) -> None:
    """Rewrite the whole log as one batch with a chain that fits, as a careful forger would."""
    entries: list[bytes] = []
    for count, raw in forger.execute("SELECT count, entries FROM tlog_entries ORDER BY first"):
        entries += decode_bundle(raw, width=count)
    change(entries)
    raw = encode_bundle(entries)
    forger.execute("DELETE FROM tlog_entries")
    forger.execute(
        "INSERT INTO tlog_entries VALUES (0, %s, %s, %s)",
        (len(entries), raw, hashlib.sha256(CHAIN_START + raw).digest()),
    )


def rewrite_leaf(forger: Forger, number: int, change: Callable[[dict[str, Any]], None]) -> None:
    """Change the fields of one entry."""

    def rewrite(entries: list[bytes]) -> None:
        leaf = json.loads(entries[number])
        change(leaf)
        entries[number] = canonical(leaf)

    rewrite_entries(forger, rewrite)


def append_entry(forger: Forger, fields: dict[str, Any]) -> int:
    """Put one more entry behind the last batch, as if it belonged to it."""
    row = forger.execute("SELECT max(next) FROM settlement_batch").fetchone()
    assert row is not None
    number = int(row[0])
    entry = canonical(fields | {"n": number, "v": 1})
    rewrite_entries(forger, lambda entries: entries.append(entry))
    forger.execute(
        "UPDATE settlement_batch SET next = next + 1"
        " WHERE id = (SELECT max(id) FROM settlement_batch)"
    )
    return number


def move(forger: Forger, id_: int, debit: int, credit: int, amount: int) -> None:
    """Post a transfer with its balances."""
    forger.execute(
        "INSERT INTO ledger_transfer VALUES (%s, %s, %s, %s)", (id_, debit, credit, amount)
    )
    _balance(forger, debit, credit, amount)


def _balance(forger: Forger, debit: int, credit: int, amount: int) -> None:
    forger.execute("UPDATE ledger_account SET debits = debits + %s WHERE id = %s", (amount, debit))
    forger.execute(
        "UPDATE ledger_account SET credits = credits + %s WHERE id = %s", (amount, credit)
    )


def pay_more(forger: Forger, id_: int, more: int) -> None:
    """Enlarge a match made at once, and everything that tells of it: only the rule disagrees."""
    number = id_ >> 4
    row = forger.execute(
        "SELECT d.campaign, d.project, d.channel, d.person, m.pool, t.debit, t.credit,"
        " r.code || '.' || r.version, (d.effective_at AT TIME ZONE 'Asia/Shanghai')::date"
        "   - date '1970-01-01'"
        " FROM matching_match m JOIN matching_rule r ON r.id = m.rule"
        " JOIN ledger_transfer t ON t.id = m.id JOIN giving_deed d ON d.number = m.id >> 4"
        " WHERE m.id = %s",
        (id_,),
    ).fetchone()
    assert row is not None
    campaign, project, channel, person, pool, debit, credit, rule, day = row

    def change(leaf: dict[str, Any]) -> None:
        for match in leaf["m"]:
            if match["r"] == rule:
                match["amt"] += more

    rewrite_leaf(forger, number, change)
    for sql, key in (
        ("UPDATE matching_match SET amount = amount + %s WHERE id = %s", (id_,)),
        ("UPDATE ledger_transfer SET amount = amount + %s WHERE id = %s", (id_,)),
        ("UPDATE matching_window SET used = used + %s WHERE pool = %s AND day = %s", (pool, day)),
        ("UPDATE payments_channel_use SET drawn = drawn + %s WHERE channel = %s", (channel,)),
        (USAGE_SQL, (campaign, day, person)),
    ):
        assert forger.execute(sql.encode(), (more, *key)).rowcount == 1
    forger.execute(
        "UPDATE campaigns_total SET matched = matched + %s, counted = counted + %s"
        " WHERE campaign = %s AND project = %s",
        (more, more, campaign, project),
    )
    _balance(forger, debit, credit, more)

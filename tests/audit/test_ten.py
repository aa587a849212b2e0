"""Ten corruptions planted in a week with all kinds of rules: each is found and named.

Whoever plants them has every right on the database, and where it says "carefully", has changed
everything that would tell: leaves, chain, balances, totals.
"""

import json
from typing import Any

import msgspec
import pytest

from jusha.management.audit import audit_database
from jusha.matching.rules import RuleTerms, terms_hash
from tests.audit.forge import (
    Forger,
    append_entry,
    move,
    pay_more,
    rewrite_entries,
    rewrite_leaf,
    told,
    wrong,
)
from tests.cast import BOOKS, House

LINES_HAVE = "projects: fund is not what its lines have left"


def one(forger: Forger, query: str, *parameters: object) -> Any:
    row = forger.execute(query.encode(), parameters or None).fetchone()
    assert row is not None
    return row[0] if len(row) == 1 else row


def test_a_right_week_is_in_order(week: House) -> None:
    assert [str(finding) for finding in audit_database(week.web)] == []
    kinds = {entry["k"] for entry in week.entries()}
    assert kinds == {
        "channel", "charity", "project", "campaign", "pool", "rule", "seed", "draw", "don", "held",
        "refund", "clawback", "review", "freeze", "reveal", "seal", "share", "notice", "close",
        "release", "paid",
    }  # fmt: skip


def test_a_fen_moved_carefully_is_found(week: House, week_forger: Forger) -> None:
    id_, debit, credit = one(
        week_forger, "SELECT id, debit, credit FROM ledger_transfer WHERE id & 15 = 0"
        " ORDER BY id DESC OFFSET 40 LIMIT 1",
    )  # fmt: skip
    week_forger.execute("UPDATE ledger_transfer SET amount = amount - 1 WHERE id = %s", (id_,))
    for side, account in (("debits", debit), ("credits", credit)):
        week_forger.execute(
            f"UPDATE ledger_account SET {side} = {side} - 1 WHERE id = %s".encode(), (account,)
        )
    found = wrong(week)
    assert told(found) == {"settlement: transfers", LINES_HAVE}
    assert [f.where for f in found if f.room == "settlement"] == [f"entry {id_ >> 4}"]


def test_a_leaf_dropped_is_found(week: House, week_forger: Forger) -> None:
    number = one(week_forger, "SELECT min(number) FROM giving_deed WHERE NOT held")
    rewrite_entries(week_forger, lambda entries: entries.__delitem__(number))
    found = wrong(week)
    assert {"settlement: entries written", "settlement: entry stands at another's place"} <= told(
        found
    )
    assert found[0].where == f"entry {number}"


def test_a_cap_overrun_carefully_is_found(still_open: House, open_forger: Forger) -> None:
    id_ = one(open_forger, "SELECT max(id) FROM matching_match WHERE bound IN (1, 2, 11, 12, 13)")
    pay_more(open_forger, id_, 1)
    found = [f for f in wrong(still_open) if "seal" not in f.what]
    assert [f.where for f in found] == [f"entry {id_ >> 4}"] * 3
    assert found[0].what.startswith("match above the bound: ")
    assert [f.what for f in found[1:]] == ["transfers", "matches"]


def test_a_doubled_transfer_is_found(week: House, week_forger: Forger) -> None:
    id_, debit, credit, amount = one(
        week_forger, "SELECT id, debit, credit, amount FROM ledger_transfer"
        " WHERE id & 15 = 0 ORDER BY id DESC OFFSET 40 LIMIT 1",
    )  # fmt: skip
    move(week_forger, id_ + 13, debit, credit, amount)
    found = [f for f in wrong(week) if str(f).startswith("settlement")]
    assert [(f.what, f.where) for f in found] == [("transfers", f"entry {id_ >> 4}")]


def test_a_stale_total_is_found(week: House, week_forger: Forger) -> None:
    week_forger.execute("UPDATE campaigns_total SET matched = matched - 1 WHERE project = 1")
    assert told(wrong(week)) == {
        "campaigns: total is not the sum of its parts",
        "settlement: total is not what the entries say",
    }


@pytest.mark.parametrize(
    ("more", "name"), [(3, "match above its draw"), (-3, "match is not what was drawn")]
)
def test_a_wrong_draw_planted_carefully_is_found(
    still_open: House, open_forger: Forger, more: int, name: str
) -> None:
    id_ = one(
        open_forger, "SELECT max(m.id) FROM matching_match m JOIN matching_rule r ON r.id = m.rule"
        " JOIN giving_deed d ON d.number = m.id >> 4"
        " WHERE r.code = 'D1' AND m.bound = 0 AND m.amount > 3 AND d.amount < 400",
    )  # fmt: skip
    pay_more(open_forger, id_, more)
    found = wrong(still_open)
    assert (found[0].what, found[0].where) == (name, f"entry {id_ >> 4}")


def test_a_void_ignored_is_found(week: House, week_forger: Forger) -> None:
    number = one(week_forger, "SELECT min(number) FROM giving_refund WHERE amount = 140")
    week_forger.execute("DELETE FROM projects_void WHERE number = %s", (number,))
    assert told(wrong(week)) == {
        "giving: what went back is not voids and cover",
        LINES_HAVE,
        "settlement: voids",
    }


def test_a_forged_release_planted_carefully_is_found(week: House, week_forger: Forger) -> None:
    pool, promised, amount = one(
        week_forger, "SELECT p.id, a.id, a.credits - a.debits FROM ledger_account a"
        " JOIN matching_pool p ON a.book = 'pool:' || p.code"
        " WHERE p.code = 'grove' AND a.kind = 'promised' AND a.owner = 'shan-books'",
    )  # fmt: skip
    fields = {"amt": amount, "k": "release", "org": "shan", "pool": "grove", "prj": BOOKS}
    number = append_entry(week_forger, fields | {"t": "2025-09-14T18:00Z"})
    accounts = []
    for book, kind, owner, normal in (
        ("pool:grove", "payable", "shan", -1), ("charity:shan", "due-from-sponsor", "grove", 1),
    ):  # fmt: skip
        accounts.append(
            one(
                week_forger, "INSERT INTO ledger_account (id, book, asset, kind, owner, normal)"
                " SELECT max(id) + 1, %s, 1, %s, %s, %s FROM ledger_account RETURNING id",
                book, kind, owner, normal,
            )
        )  # fmt: skip
    fund = one(
        week_forger, "SELECT id FROM ledger_account WHERE book = 'charity:shan'"
        " AND kind = 'fund' AND owner = %s AND asset = 1", BOOKS,
    )  # fmt: skip
    move(week_forger, number * 16, promised, accounts[0], amount)
    move(week_forger, number * 16 + 1, accounts[1], fund, amount)
    running = amount * 80 // 1000
    week_forger.execute(
        "INSERT INTO matching_release SELECT %s, %s, project, %s, programme_head, running_head"
        " FROM projects_fund WHERE code = %s",
        (number, pool, amount, BOOKS),
    )
    week_forger.execute(
        "UPDATE projects_fund SET programme_head = programme_head + %s,"
        " running_head = running_head + %s WHERE code = %s",
        (amount - running, running, BOOKS),
    )
    found = wrong(week)
    assert found[0].what == "entry that nothing asked for"
    assert found[0].where == f"entry {number}"
    assert {
        "settlement: release without an entry",
        "settlement: transfer without an entry",
    } <= told(found)


def test_a_swapped_batch_is_found(week: House, week_forger: Forger) -> None:
    week_forger.execute(
        "UPDATE settlement_batch a SET digest = b.digest, positions = b.positions"
        " FROM settlement_batch b WHERE a.id IN (40, 41) AND b.id = 81 - a.id"
    )
    found = wrong(week)
    assert {"settlement: digest", "settlement: positions"} <= told(found)
    assert "batch 40" in {f.where for f in found}


def test_an_edited_rule_text_is_found(week: House, week_forger: Forger) -> None:
    number, raw = one(week_forger, "SELECT number, terms FROM matching_rule WHERE code = 'C1'")
    raw["gives"]["most"] = 400
    digest = terms_hash(msgspec.convert(raw, RuleTerms))
    week_forger.execute(
        "UPDATE matching_rule SET terms = %s WHERE number = %s", (json.dumps(raw), number)
    )
    rewrite_leaf(week_forger, number, lambda leaf: leaf.update(terms=raw, h=digest))
    found = told(wrong(week))
    assert {
        "settlement: rule's text is not what was asked for", "settlement: rule terms",
        "settlement: rule h",
    } <= found  # fmt: skip

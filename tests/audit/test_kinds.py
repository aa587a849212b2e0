"""What the audit says of rows that only some kinds of rules have, and of steps of a pool's way."""

from pathlib import Path

import pytest

from jusha.management.audit import audit_database
from tests.audit.forge import Forger, append_entry, told, wrong
from tests.cast import House

CORRUPTIONS = {
    "a claim enlarged": (
        ("UPDATE matching_claim SET amount = amount + 1"
         " WHERE id = (SELECT max(id) FROM matching_claim)"),
        {"settlement: claims"},
    ),
    "a claim gone": (
        "DELETE FROM matching_claim WHERE id = (SELECT max(id) FROM matching_claim)",
        {"settlement: claims"},
    ),
    "a share enlarged": (
        ("UPDATE matching_match SET amount = amount + 1 WHERE id = (SELECT max(m.id)"
         " FROM matching_match m JOIN matching_claim c USING (id))"),
        {"settlement: share", "matching: promises are not the sum of matches"},
    ),
    "a share never posted": (
        ("DELETE FROM ledger_transfer WHERE id = (SELECT max(m.id)"
         " FROM matching_match m JOIN matching_claim c USING (id))"),
        {"settlement: share", "ledger: balance is not the sum of its transfers"},
    ),
    "a share of a refunded gift": (
        ("INSERT INTO matching_match SELECT c.id, r.pool, r.id, 5, 15 FROM matching_claim c"
         " JOIN matching_rule r ON r.id = c.rule JOIN giving_refund f ON f.deed = c.id >> 4"
         " WHERE r.code = 'K1' ORDER BY c.id LIMIT 1"),
        {"settlement: share of a gift that was refunded"},
    ),
    "a project's match": (
        ("UPDATE matching_match SET amount = amount + 1 WHERE id = (SELECT min(m.id)"
         " FROM matching_match m JOIN matching_rule r ON r.id = m.rule WHERE r.code = 'Q1')"),
        {"settlement: matches"},
    ),
    "a spread rest": (
        "UPDATE matching_match SET pool = 1 WHERE rule = 0",
        {"settlement: matches"},
    ),
    "a match for an earlier gift gone": (
        ("DELETE FROM matching_match WHERE id = (SELECT min(id) FROM matching_match"
         " WHERE id & 15 = 14)"),
        {"settlement: match for an earlier gift"},
    ),
    "a multiplier of friends": (
        "UPDATE matching_match SET amount = amount - 1 WHERE id & 15 = 15",
        {"settlement: match for an earlier gift"},
    ),
    "a coupon forgotten": (
        "DELETE FROM matching_coupon WHERE serial = 1",
        {"settlement: coupons"},
    ),
    "a coupon used for nothing": (
        "INSERT INTO matching_coupon SELECT rule, 4, number - 1 FROM matching_coupon LIMIT 1",
        {"settlement: coupon without an entry", "matching: coupon was used for no match"},
    ),
    "a friend exchanged": (
        "UPDATE matching_invite SET person = gen_random_uuid()",
        {"settlement: invitation"},
    ),
    "a seed exchanged": (
        ("UPDATE matching_seed SET hash = sha256('x') WHERE day = (SELECT max(day)"
        " FROM matching_seed)"),
        {"settlement: seed is not what its entries say"},
    ),
    "a seed revealed by a row alone": (
        "UPDATE matching_seed SET revealed = 60 WHERE revealed = 0",
        {"settlement: seed is not what its entries say"},
    ),
    "a closing that paid less": (
        "UPDATE matching_closing SET paid = paid - 1 WHERE paid > 0",
        {"settlement: closing is not what its entries say"},
    ),
    "a closing opened again": (
        "UPDATE matching_closing SET done = false, paid = paid - 1 WHERE paid > 0",
        {"matching: money set aside is not what closings still pay"},
    ),
    "what caps count": (
        "UPDATE campaigns_total SET counted = counted - 1",
        {"campaigns: total is not the sum of its parts",
         "settlement: total is not what the entries say"},
    ),
    "a project frozen by a row alone": (
        "UPDATE projects_fund SET frozen = 1 WHERE project = 1",
        {"settlement: frozen"},
    ),
    "a notice shortened": (
        "UPDATE matching_pool SET notice_until = notice_until - 60 WHERE code = 'tree'",
        {"settlement: notice"},
    ),
    "a pool opened again": (
        "UPDATE matching_pool SET closed = false WHERE code = 'tree'",
        {"settlement: closed"},
    ),
    "a promise to return": (
        "UPDATE matching_pool SET on_return = 'sponsor' WHERE code = 'lake'",
        {"settlement: pool is not what was asked for"},
    ),
    "a release's place in the money line": (
        "UPDATE matching_release SET programme_at = programme_at - 1",
        {"settlement: release is not what was asked for"},
    ),
    "a release enlarged": (
        "UPDATE matching_release SET amount = amount + 1",
        {"settlement: release is not what was asked for"},
    ),
    "a claw-back of another gift": (
        "UPDATE matching_clawback SET deed = deed + 2",
        {"settlement: claw-back is not what was asked for"},
    ),
    "a held match let go by nobody": (
        "UPDATE matching_review SET held = false WHERE held",
        {"settlement: review is not what was asked for"},
    ),
    "a slice's window": (
        "UPDATE matching_window SET used = used - 1 WHERE day > 1000000 AND used > 0",
        {"settlement: window is not the sum of its matches"},
    ),
    "a person's gifts counted less": (
        "UPDATE matching_usage SET matched = matched - 1",
        {"settlement: usage of a person's day is not the sum of matches"},
    ),
    "a decision forgotten": (
        ("DELETE FROM settlement_outcome WHERE id = (SELECT o.id FROM settlement_outcome o"
        " JOIN matching_release r ON r.number = o.number LIMIT 1)"),
        {"settlement: instruction without an outcome", "settlement: entry that nothing asked for"},
    ),
    "a decision of another entry": (
        ("UPDATE settlement_outcome SET number = number + 1 WHERE number ="
        " (SELECT min(number) FROM matching_release)"),
        {"settlement: entry that nothing asked for"},
    ),
    "an order changed": (
        "UPDATE payments_order SET person = gen_random_uuid()",
        {"settlement: deed's person", "settlement: don tag"},
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CORRUPTIONS)
def test_a_corruption_of_a_week_is_found_and_named(
    week: House, week_forger: Forger, name: str
) -> None:
    sql, expected = CORRUPTIONS[name]
    assert week_forger.execute(sql.encode()).rowcount > 0
    found = wrong(week)
    assert expected <= told(found), [str(f) for f in found]


@pytest.mark.parametrize("kind", ["don", "gift", "draw", "share", "freeze"])
def test_no_entry_of_any_kind_stands_in_the_log_unasked(
    week: House, week_forger: Forger, kind: str
) -> None:
    number = append_entry(week_forger, {"k": kind, "t": "2025-09-14T18:00Z"})
    found = wrong(week)
    assert [(f.what, f.where) for f in found] == [
        ("entry that nothing asked for", f"entry {number}")
    ]


def test_draws_whose_seed_is_not_at_hand_are_told_as_waiting_and_all_else_is_checked(
    still_open: House, open_forger: Forger, tmp_path: Path, settings: object
) -> None:
    settings.HOME = tmp_path  # type: ignore[attr-defined]
    found = audit_database(still_open.web)
    assert {(f.kind, f.what) for f in found} == {("waiting", "secret is not at hand")}
    open_forger.execute("UPDATE matching_match SET amount = amount + 1 WHERE bound = 1")
    assert "settlement: matches" in told(wrong(still_open))

"""What a house settled on PostgreSQL, settled again in memory: every byte must be the same."""

from datetime import UTC, datetime, timedelta

from jusha.inbox.envelopes import decode
from jusha.settlement.changes import Changes, Place
from jusha.settlement.estimate import Stage
from tests.cast import House

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
ROWS_SQL = "SELECT lane, n, received_at, payload FROM inbox_row ORDER BY received_at, lane, n"
MATCHES_SQL = "SELECT id, pool, rule, amount, bound FROM matching_match ORDER BY id"
USAGE_SQL = "SELECT campaign, day, uuid_send(person), matched FROM matching_usage ORDER BY 1, 2, 3"
ACCOUNTS_SQL = "SELECT book, asset, kind, owner, debits, credits FROM ledger_account ORDER BY id"


def mirror(house: House) -> list[Changes]:
    """Settle the house's inbox in memory and compare log, matches, caps and books."""
    stage = Stage(house.settlement.world.secrets)
    done: list[Changes] = []
    for lane, n, received_at, payload in house.web.execute(ROWS_SQL):
        at_us = (received_at - EPOCH) // timedelta(microseconds=1)
        envelopes = enumerate(decode(payload))
        done += stage.settle([(Place(lane, n, i, at_us, payload), e) for i, e in envelopes])
    assert [leaf for changes in done for leaf in changes.leaves] == _leaves(house)
    matches = sorted(row for c in done for row in (*c.matches, *c.later_matches))
    assert matches == house.web.execute(MATCHES_SQL).fetchall()
    usage = {key: used for changes in done for key, used in changes.usage.items()}
    assert sorted((*key, used) for key, used in usage.items()) == [
        (campaign, day, bytes(person), matched)
        for campaign, day, person, matched in house.web.execute(USAGE_SQL)
    ]
    accounts = {
        (a.book, a.asset, a.kind, a.owner, a.debits, a.credits)
        for a in stage.world.accounts.values()
        if a.debits or a.credits  # one that was opened and never used is not stored
    }
    assert accounts == set(house.web.execute(ACCOUNTS_SQL))
    return done


def _leaves(house: House) -> list[bytes]:
    found: list[bytes] = []
    for (raw,) in house.web.execute("SELECT entries FROM tlog_entries ORDER BY first"):
        place = 0
        while place < len(raw):
            size = int.from_bytes(raw[place : place + 2], "big")
            found.append(bytes(raw[place + 2 : place + 2 + size]))
            place += 2 + size
    return found

"""Statements whose shape statements.py does not read, by hand: one small function each.

Each is keyed by the product's own text, so a changed statement is unknown until somebody
has looked at it here.
"""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable
from itertools import accumulate
from typing import Any

from jusha.inbox.append import APPEND_SQL
from jusha.inbox.read import READ_SQL
from jusha.settlement.find import DEEDS_SQL
from jusha.settlement.find_step import (
    CLAIMS_SQL,
    CUT_SQL,
    FLOORS_SQL,
    GIFTS_SQL,
    SUM_SQL,
    VOTES_SQL,
    WAITING_SQL,
)
from jusha.settlement.load import VOIDS_AHEAD_SQL
from tests.simulator.database import EXCLUSIVE, Session
from tests.simulator.schema import EPOCH, MICROSECOND, Row, tables
from tests.simulator.statements import SPECIAL, Result, Statement, Values, one_line, plain

PLACES = 16


def special(*sql: str) -> Callable[[Statement], Statement]:
    """Register a function as the meaning of these statements."""

    def keep(function: Statement) -> Statement:
        for text in sql:
            SPECIAL[one_line(text)] = function
        return function

    return keep


@special(READ_SQL)
def read_rows(session: Session, given: Values) -> Result:
    """The next rows of all lanes, in the public order."""
    assert isinstance(given, dict)
    positions, rows_max = given["positions"].obj, given["rows"]
    found = []
    for lane in session.scan("inbox_lane"):
        n = positions.get(str(lane[0]), 0) + 1
        while (row := session.get("inbox_row", (lane[0], n))) and n <= lane[2]:
            found.append(row)
            n += 1
    found.sort(key=lambda row: (row[3], row[0], row[1]))
    upto = list(accumulate(row[2] for row in found))
    taken = bisect_right(upto, given["envelopes"])
    found = found[: min(max(taken, 1), rows_max)]
    return Result(found, len(found))


@special(APPEND_SQL)
def append_row(session: Session, given: Values) -> Result:
    """One row at the end of its lane, at the server's time; raw messages beside it."""
    assert isinstance(given, dict)
    lane = next((row for row in session.scan("inbox_lane") if row[1] == given["lane"]), None)
    if lane is None:
        return Result([], 0)
    session.lock("inbox_lane", lane[0], EXCLUSIVE)
    lane = session.get("inbox_lane", lane[0])
    assert lane is not None
    others = [row[3] for row in session.scan("inbox_lane") if row[0] != lane[0]]
    n, at = lane[2] + 1, max(lane[3], session.now, max(others) + MICROSECOND)
    session.update(tables()["inbox_lane"], lane, (lane[0], lane[1], n, at))
    if given["sealed"] is not None:
        session.insert(tables()["inbox_raw"], (at.date(), lane[0], n, given["sealed"]))
    row = (lane[0], n, given["count"], at, given["payload"])
    session.insert(tables()["inbox_row"], row)
    return Result([(lane[0], n)], 1)


@special(DEEDS_SQL)
def deeds(session: Session, given: Values) -> Result:
    """Settled deeds with what was refunded of them and matched on them."""
    refunds: dict[int, list[int]] = defaultdict(lambda: [0, 0])
    for _, deed, amount, matched, _ in session.scan("giving_refund"):
        refunds[deed][0] += amount
        refunds[deed][1] += matched
    repaid: dict[int, int] = defaultdict(int)
    for row in session.scan("giving_repaid"):
        repaid[row[1]] += row[2]
    rows: list[tuple[Any, ...]] = []
    (numbers,) = [plain(value) for value in given]
    for number in numbers:
        deed = session.get("giving_deed", number)
        if deed is None:
            continue
        matches = [
            match
            for place in range(PLACES)
            if (match := session.get("matching_match", number * PLACES + place))
        ]
        effective_us = (deed[9] - EPOCH) // MICROSECOND
        clawed = any(row[1] == number for row in session.scan("matching_clawback"))
        rows.append(
            (*deed[:6], effective_us, *deed[11:14], *refunds[number], deed[6], clawed,
             repaid[number], [match[1] for match in matches], [match[3] for match in matches],
             [match[2] for match in matches], [match[0] % PLACES for match in matches])
        )  # fmt: skip
    return Result(rows, len(rows))


@special(
    "SELECT coalesce((SELECT max(id) FROM settlement_batch), 0),"
    " coalesce((SELECT max(first + count) FROM tlog_entries), 0),"
    " coalesce((SELECT max(id) FROM giving_case), 0) + 1"
)
def place(session: Session, given: Values) -> Result:
    """Where settlement stands."""
    assert not given
    batch = max((row[0] for row in session.scan("settlement_batch")), default=0)
    size = max((row[0] + row[1] for row in session.scan("tlog_entries")), default=0)
    case = max((row[0] for row in session.scan("giving_case")), default=0)
    return Result([(batch, size, case + 1)], 1)


class Voids:
    """Voids behind what of their line is spent."""

    @staticmethod
    def ahead(session: Session) -> list[Row]:
        """By project, line and place."""
        names = tables()["projects_fund"].places
        spent: dict[tuple[int, int], int] = {}
        for fund in session.scan("projects_fund"):
            spent[fund[0], 1] = fund[names["programme_spent"]]
            spent[fund[0], 2] = fund[names["running_spent"]]
        return sorted(row[:4] for row in session.scan("projects_void") if row[2] >= spent[row[:2]])


@special(VOIDS_AHEAD_SQL)
def voids_ahead(session: Session, given: Values) -> Result:
    """Voids that the next expenses pass over."""
    assert not given
    voids = Voids.ahead(session)
    return Result(voids, len(voids))


@special("SELECT pg_try_advisory_lock(%s)")
def try_lock(session: Session, given: Values) -> Result:
    """Take a lock of the session, if nobody else has it."""
    assert not isinstance(given, dict)
    holder = session.database.advisory.setdefault(given[0], session)
    return Result([(holder is session,)], 1)


@special("SELECT jusha_make_partitions(%s)")
def make_partitions(session: Session, given: Values) -> Result:
    """Tables of the double have no partitions."""
    assert not isinstance(given, dict)
    return Result([(given[0],)], 1)


def broken_deeds(session: Session) -> set[int]:
    """Gifts of which something was refunded or clawed back."""
    broken = {row[1] for row in session.scan("giving_refund")}
    return broken | {row[1] for row in session.scan("matching_clawback")}


def whole_claims(session: Session, rule: int, slice_: int) -> list[Row]:
    """Claims of gifts of which nothing was refunded or clawed back, by id."""
    broken = broken_deeds(session)
    return sorted(
        (row for row in session.scan("matching_claim")
         if row[:2] == (rule, slice_) and row[2] // PLACES not in broken),
        key=lambda row: int(row[2]),
    )  # fmt: skip


@special(SUM_SQL)
def claimed(session: Session, given: Values) -> Result:
    """How many claims there are, and their sum."""
    assert not isinstance(given, dict)
    claims = whole_claims(session, *given)
    return Result([(len(claims), sum(row[4] for row in claims))], 1)


@special(FLOORS_SQL)
def floors(session: Session, given: Values) -> Result:
    """The sum of the shares, each rounded down."""
    assert not isinstance(given, dict)
    budget, total, *key = given
    claims = whole_claims(session, *key)
    return Result([(sum(row[4] * budget // total for row in claims),)], 1)


@special(CUT_SQL)
def cut(session: Session, given: Values) -> Result:
    """The claim with the so-many-th largest remainder."""
    assert not isinstance(given, dict)
    budget, total, rule, slice_, offset = given
    claims = whole_claims(session, rule, slice_)
    ranked = sorted((-(row[4] * budget % total), row[2]) for row in claims)
    return Result([(-remainder, id_) for remainder, id_ in ranked[offset : offset + 1]], 1)


@special(CLAIMS_SQL)
def next_claims(session: Session, given: Values) -> Result:
    """The next claims to be paid."""
    assert not isinstance(given, dict)
    rule, slice_, after, limit = given
    claims = [row for row in whole_claims(session, rule, slice_) if row[2] > after]
    return Result([row[2:5] for row in claims[:limit]], len(claims))


@special(VOTES_SQL)
def votes(session: Session, given: Values) -> Result:
    """What each donor of each project claims; a gift without a person stands for itself."""
    assert not isinstance(given, dict)
    rule, slice_, nobody = given
    sums: dict[tuple[int, Any], int] = defaultdict(int)
    for _, _, id_, project, amount in whole_claims(session, rule, slice_):
        deed = session.get("giving_deed", id_ // PLACES)
        assert deed is not None
        unknown = deed[6].hex() == nobody
        sums[project, id_ if unknown else deed[6]] += amount
    rows = sorted(((project, amount) for (project, _), amount in sums.items()))
    return Result(rows, len(rows))


@special(GIFTS_SQL)
def earlier_gifts(session: Session, given: Values) -> Result:
    """The next gifts that a rule for earlier ones is decided for."""
    assert not isinstance(given, dict)
    after, before, campaign, since_s, until_s, limit = given
    broken = broken_deeds(session)
    rows = []
    for deed in sorted(session.scan("giving_deed")):
        number, channel, of, project, asset, amount, person = deed[:7]
        effective_us = (deed[9] - EPOCH) // MICROSECOND
        if (
            after < number < before
            and (of, asset, deed[13]) == (campaign, 1, False)
            and since_s * 10**6 <= effective_us < until_s * 10**6
            and number not in broken
            and session.get("matching_match", number * PLACES + 14) is None
        ):
            rows.append((number, channel, project, amount, effective_us, person))
    return Result(rows[:limit], len(rows[:limit]))


@special(WAITING_SQL)
def waiting(session: Session, given: Values) -> Result:
    """Closings that are not done, begun or not; a rule for earlier gifts has one in any case."""
    assert isinstance(given, dict)
    done = {row[:2] for row in session.scan("matching_closing") if row[9]}
    claims = {row[:2] for row in session.scan("matching_claim") if row[0] in given["rules"]}
    retro = set(given["retro"]) - {rule for rule, _ in done}
    return Result([(len(claims - done) + len(retro),)], 1)

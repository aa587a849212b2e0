"""Audit of closings: who shares in what, counted again from the claims at the first step.

A claim takes part in a step unless its gift was refunded or its matches taken back before
that step's entry. Shares, projects' matches and matches for earlier gifts are stored at places
of other entries, so they are read here beside what they are due to.
"""

from collections.abc import Iterator
from typing import Any, Final

import msgspec
from psycopg import Connection

from jusha.inbox.envelopes import NO_PERSON
from jusha.ledger.findings import Finding, found_by
from jusha.ledger.rules import PLACES
from jusha.matching.kinds.ask import Ask
from jusha.matching.kinds.quadratic import Quadratic, matches, votes_and_credits
from jusha.matching.kinds.shares import NO_CUT_OFF, CutOff, share_of, shared_budget
from jusha.matching.rules import BY_NUMBER, match_gift, shares_all
from jusha.money.clock import (
    MINUTE_SECONDS,
    local_day,
    local_minute_of_day,
    minute_seconds,
    minute_text,
)
from jusha.settlement.audit_deeds import Deeds
from jusha.settlement.audit_gifts import Gift, Transfer, use_windows
from jusha.settlement.audit_leaves import BY_SHARE, Leaves
from jusha.settlement.audit_read import Asked, of_entry
from jusha.settlement.audit_state import CLOSE, RETRO, Closing, Rule
from jusha.settlement.decide import SECOND_US
from jusha.settlement.match import RETRO_PLACE, Moment

UNDONE: Final = """
(EXISTS (SELECT FROM giving_refund r WHERE r.deed = deed_ AND r.number < %(entry)s)
 OR EXISTS (SELECT FROM matching_clawback b WHERE b.deed = deed_ AND b.number < %(entry)s))"""

CLAIMS: Final = """
FROM matching_claim c WHERE c.rule = %(rule)s AND c.slice = %(slice)s AND c.id > %(cursor)s
""" + "AND NOT " + UNDONE.replace("deed_", "(c.id >> 4)")  # fmt: skip

SUM_SQL: Final = "SELECT count(*), coalesce(sum(c.amount), 0)::bigint" + CLAIMS
FLOORS_SQL: Final = (
    "SELECT coalesce(sum(div(c.amount::numeric * %(budget)s, %(total)s)), 0)::bigint" + CLAIMS
)
CUT_SQL: Final = (
    "SELECT mod(c.amount::numeric * %(budget)s, %(total)s)::bigint, c.id" + CLAIMS
    + " ORDER BY 1 DESC, 2 LIMIT 1 OFFSET %(left)s"
)  # fmt: skip

STEP_SQL: Final = """
SELECT c.id, c.project, c.amount, """ + UNDONE.replace("deed_", "(c.id >> 4)") + """,
       m.id, m.pool, m.rule, m.amount, m.bound::integer, t.id, t.debit, t.credit, t.amount
FROM matching_claim c
LEFT JOIN matching_match m ON m.id = c.id
LEFT JOIN ledger_transfer t ON t.id = c.id
WHERE c.rule = %(rule)s AND c.slice = %(slice)s AND c.id > %(cursor)s AND c.id < %(upto)s
ORDER BY c.id"""  # fmt: skip

VOTES_SQL: Final = (
    """
SELECT c.project, sum(c.amount)::bigint
FROM matching_claim c JOIN giving_deed d ON d.number = c.id >> 4
WHERE c.rule = %(rule)s AND c.slice = %(slice)s AND NOT """
    + UNDONE.replace("deed_", "(c.id >> 4)")
    + """
GROUP BY c.project, d.person, CASE WHEN d.person = %(nobody)s THEN c.id END"""
)

GIFTS_SQL: Final = """
SELECT d.number, d.channel, d.project, d.amount,
       (date_part('epoch', d.effective_at) * 1000000)::bigint, uuid_send(d.person), """ + (
    UNDONE.replace("deed_", "d.number")
) + """,
       m.id, m.pool, m.rule, m.amount, m.bound::integer, t.id, t.debit, t.credit, t.amount
FROM giving_deed d
LEFT JOIN matching_match m ON m.id = d.number * 16 + 14
LEFT JOIN ledger_transfer t ON t.id = d.number * 16 + 14
WHERE d.number > %(cursor)s AND d.number < %(upto)s AND d.number < %(number)s
  AND d.campaign = %(campaign)s AND d.asset = 1 AND NOT d.held
  AND d.effective_at >= to_timestamp(%(since)s) AND d.effective_at < to_timestamp(%(until)s)
ORDER BY d.number"""  # fmt: skip

UNPAID_SQL: Final = """
SELECT format('match %s', m.id), 'a closing that has come to it', 'none'
FROM matching_claim c JOIN matching_match m ON m.id = c.id
LEFT JOIN matching_closing k ON k.rule = c.rule AND k.slice = c.slice
WHERE k.cursor IS NULL OR k.cursor < c.id ORDER BY m.id"""


class Closings:
    """Checks the steps of closings in the order of the log."""

    def __init__(self, connection: Connection[Any], walk: Deeds, leaves: Leaves) -> None:
        self.connection, self.walk, self.leaves = connection, walk, leaves
        self.state = walk.state

    def check(self, asked: Asked) -> Iterator[Finding]:
        """Check one step: {rule, slice}."""
        yield from self.walk.entries.skip_to(asked.number)
        try:
            yield from self._check(asked)
        except (LookupError, TypeError, ValueError) as error:
            where = f"entry {asked.number}"
            yield Finding("settlement", "entry without its rows", where, "share", repr(error))

    def _check(self, asked: Asked) -> Iterator[Finding]:
        rule = self.state.rules_by_name[asked.body["rule"]]
        decided = rule.terms.decided
        slice_ = {"close": CLOSE, "retro": RETRO}.get(decided, 0)
        if decided == "slice":
            slice_ = minute_seconds(asked.body["slice"]) // MINUTE_SECONDS
        due_s = self._due_s(rule, slice_)
        if asked.at_us // SECOND_US < due_s:
            what, due = "closing too early", minute_text(due_s)
            yield Finding("settlement", what, f"entry {asked.number}", due, asked.minute)
        closing, transfers = self.state.closings.get((rule.id, slice_)), list[Transfer]()
        if closing is None:
            closing = self.state.closings[rule.id, slice_] = self._open(asked, rule, slice_)
            if closing.budget:
                sides = rule.pool.available, self.state.pool_account(rule.pool, "sharing")
                transfers = [(of_entry(asked.number, 0), *sides, closing.budget)]
                self._use(rule, slice_, closing.budget)
        if slice_ == RETRO:
            yield from self._match_earlier(asked, rule, closing)
        elif isinstance(rule.terms.gives, Quadratic):
            yield from self._pay_projects(asked, rule, closing, transfers)
        else:
            yield from self._pay_claims(asked, rule, slice_, closing, transfers)

    def _due_s(self, rule: Rule, slice_: int) -> int:
        late = rule.terms.late_minutes * MINUTE_SECONDS
        if slice_ == RETRO:
            return rule.from_s
        if slice_ == CLOSE:
            return self.state.campaigns_by_id[rule.campaign].closes_s + late
        return (slice_ + rule.terms.window.slice_minutes) * MINUTE_SECONDS + late

    def _open(self, asked: Asked, rule: Rule, slice_: int) -> Closing:
        """Count what is claimed, what there is for it, and where the last remainder falls."""
        if slice_ == RETRO:
            return Closing(0, 0, 0, *NO_CUT_OFF)
        key: dict[str, Any] = {"rule": rule.id, "slice": slice_, "cursor": -1}
        key |= {"entry": asked.number}
        count, total = self._one(SUM_SQL, key)
        budget = shared_budget(self._budget(rule, slice_), total, everything=shares_all(rule.terms))
        cut_off = NO_CUT_OFF
        if budget and not isinstance(rule.terms.gives, Quadratic):
            key |= {"budget": budget, "total": total}
            left = budget - self._one(FLOORS_SQL, key)[0]
            if left:
                cut_off = CutOff(*self._one(CUT_SQL, key | {"left": left - 1}))
        return Closing(total, budget, count, *cut_off)

    def _one(self, query: str, key: dict[str, Any]) -> tuple[Any, ...]:
        row = self.connection.execute(query.encode(), key, binary=True).fetchone()
        if row is None:
            raise LookupError("no such claim")
        return tuple(row)

    def _budget(self, rule: Rule, slice_: int) -> int:
        state, window, pool = self.state, rule.terms.window, rule.pool
        available = state.balances[pool.available]
        if slice_ == CLOSE:
            return max(min(window.budget - state.windows[pool.id, CLOSE].used, available), 0)
        moment = moment_at(slice_ * MINUTE_SECONDS)
        left = window.budget - state.windows[pool.id, moment.day].used
        return max(min(self.walk.gifts.slice_left(rule, moment), left, available), 0)

    def _use(self, rule: Rule, slice_: int, amount: int) -> None:
        if slice_ in {CLOSE, RETRO}:
            self.state.use(rule.pool, slice_, amount, rule.terms.window.budget)
        else:
            use_windows(self.state, rule, moment_at(slice_ * MINUTE_SECONDS), amount)

    def _fields(self, rule: Rule, slice_: int, closing: Closing) -> dict[str, Any]:
        names = {CLOSE: "close", RETRO: "retro"}
        return {
            "k": "share",
            "bud": closing.budget,
            "cnt": closing.count,
            "pool": rule.pool.code,
            "r": rule.name,
            "rd": self.state.campaigns_by_id[rule.campaign].code,
            "slice": names.get(slice_) or minute_text(slice_ * MINUTE_SECONDS),
            "tot": closing.total,
        }

    def _shown(self, asked: Asked) -> tuple[int, bool]:
        """Read from a step's entry how far it says to go, and whether it is the last."""
        raw = self.walk.entries.peek() if self.walk.entries.number == asked.number else None
        if raw is None:
            raise LookupError("no entry")
        leaf = msgspec.json.decode(raw)
        return int(leaf["upto"]), "left" in leaf

    def _pay_claims(
        self, asked: Asked, rule: Rule, slice_: int, closing: Closing, transfers: list[Transfer]
    ) -> Iterator[Finding]:
        upto, last = self._shown(asked)
        key: dict[str, Any] = {"rule": rule.id, "slice": slice_, "cursor": closing.cursor}
        key |= {"entry": asked.number, "upto": (upto + 1) * PLACES}
        sharing = self.state.pool_account(rule.pool, "sharing")
        cut_off, paid = CutOff(closing.remainder, closing.cut), list[list[int]]()
        for id_, project, amount, undone, *stored in self.connection.execute(
            STEP_SQL.encode(), key, binary=True
        ):
            share, wanted = 0, list[Any]([None] * 9)
            if not undone:
                share = share_of(id_, amount, closing.total, closing.budget, cut_off)
                closing.cursor = id_
            if share:
                fund = self.state.funds_by_id[project]
                promised = self.state.promised(rule.pool, fund)
                wanted = [
                    id_,
                    rule.pool.id,
                    rule.id,
                    share,
                    BY_SHARE,
                    id_,
                    sharing,
                    promised,
                    share,
                ]
                self.state.move(sharing, promised, share)
                self.state.sums[rule.campaign, project].matched += share
                closing.paid += share
                paid.append([id_ // PLACES, share])
            if wanted != stored:
                what = "share of a gift that was refunded" if undone else "share"
                where = f"entry {asked.number} for gift {id_ // PLACES}"
                yield Finding("settlement", what, where, str(wanted), str(stored))
        fields = self._fields(rule, slice_, closing)
        fields |= {"m": paid, "upto": closing.cursor // PLACES}
        if last:
            left = closing.budget - closing.paid
            closing.done = True
            fields["left"] = left
            if left:
                transfer = (of_entry(asked.number, 1), sharing, rule.pool.available, left)
                transfers.append(transfer)
                self._use(rule, slice_, -left)
            key["cursor"] = closing.cursor
            if waiting := self._one(SUM_SQL, key)[0]:
                what, where = "closing ended before all claims", f"entry {asked.number}"
                yield Finding("settlement", what, where, "0", str(waiting))
        yield from self.leaves.entry(asked, fields, transfers)

    def _pay_projects(
        self, asked: Asked, rule: Rule, closing: Closing, transfers: list[Transfer]
    ) -> Iterator[Finding]:
        gives, state = rule.terms.gives, self.state
        assert isinstance(gives, Quadratic)
        key = {"rule": rule.id, "slice": CLOSE, "entry": asked.number, "nobody": NO_PERSON.hex()}
        sums: dict[int, list[int]] = {}
        for project, amount in self.connection.execute(VOTES_SQL.encode(), key, binary=True):
            sums.setdefault(project, []).append(amount)
        ranked = sorted(sums, key=lambda project: state.funds_by_id[project].code)
        votes = [list(votes_and_credits(sums[project], gives.unit)) for project in ranked]
        amounts = matches(
            closing.budget, gives.unit, [vote for vote, _ in votes], [spent for _, spent in votes]
        )
        rest = closing.budget - sum(amounts)
        closing.paid, closing.done = sum(amounts), True
        paid = [(state.funds_by_id[p], amount) for p, amount in zip(ranked, amounts, strict=True)]
        left: Transfer | None = None
        if rest:
            left = (0, state.pool_account(rule.pool, "sharing"), rule.pool.available, rest)
            self._use(rule, CLOSE, -rest)
        fields = self._fields(rule, CLOSE, closing)
        yield from self.leaves.pay_projects(
            asked, rule.pool, rule.id, paid, transfers, fields, votes, ({"left": rest}, left)
        )

    def _match_earlier(self, asked: Asked, rule: Rule, closing: Closing) -> Iterator[Finding]:
        state, terms = self.state, rule.terms
        upto, last = self._shown(asked)
        key = {
            "cursor": closing.cursor, "upto": upto + 1, "number": rule.number,
            "campaign": rule.campaign, "since": minute_seconds(terms.since),
            "until": minute_seconds(terms.until), "entry": asked.number,
        }  # fmt: skip
        shown: list[list[Any]] = []
        for row in self.connection.execute(GIFTS_SQL.encode(), key, binary=True):
            number, undone, stored = row[0], row[6], list(row[7:])
            if self._matched_before(rule, number, stored):
                continue
            wanted: list[Any] = [None] * 9
            if stored[2] != rule.id:  # what another rule gave it later is checked there
                stored = wanted
            if not undone:
                amount, by = self._decide(rule, row)
                shown.append([number, amount, by])
                closing.cursor = number
                if amount:
                    id_, fund = of_entry(number, RETRO_PLACE), state.funds_by_id[row[2]]
                    sides = rule.pool.available, state.promised(rule.pool, fund)
                    bound = BY_NUMBER[by]
                    wanted = [id_, rule.pool.id, rule.id, amount, bound, id_, *sides, amount]
                    self.walk.retro_rows -= 1
                    self.walk.retro_transfers -= 1
            if wanted != stored:
                where = f"entry {asked.number} for gift {number}"
                what = "match for an earlier gift"
                yield Finding("settlement", what, where, str(wanted), str(stored))
        closing.done = last
        fields = self._fields(rule, RETRO, closing) | {"m": shown, "upto": closing.cursor}
        if last:
            fields["left"] = 0
            key |= {"cursor": closing.cursor, "upto": 1 << 62}
            waiting = [
                row[0]
                for row in self.connection.execute(GIFTS_SQL.encode(), key, binary=True)
                if not row[6] and not self._matched_before(rule, row[0], list(row[7:]))
            ]
            if waiting:
                what, where = "closing ended before all gifts", f"entry {asked.number}"
                yield Finding("settlement", what, where, "0", str(len(waiting)))
        yield from self.leaves.entry(asked, fields)

    def _matched_before(self, rule: Rule, number: int, stored: list[Any]) -> bool:
        """Say whether another rule for earlier gifts had matched this one by now."""
        other = stored[2]
        if other is None or other == rule.id:
            return False
        closing = self.state.closings.get((other, RETRO))
        return closing is not None and closing.cursor >= number

    def _decide(self, rule: Rule, row: tuple[Any, ...]) -> tuple[int, str]:
        """Decide the rule for one earlier gift, and count what it gives."""
        state, gifts = self.state, self.walk.gifts
        number, channel_id, project, amount, at_us, person = row[:6]
        channel = next(c for c in state.channels.values() if c.id == channel_id)
        fund, campaign = state.funds_by_id[project], state.campaigns_by_id[rule.campaign]
        moment = moment_at(at_us // SECOND_US // MINUTE_SECONDS * MINUTE_SECONDS)
        sums = state.sums[rule.campaign, project]
        if fund.frozen:
            return 0, "frozen"
        gift = Gift(number, amount, campaign, channel, fund, sums, person, moment, b"", 0)
        left = rule.terms.window.budget - state.windows[rule.pool.id, RETRO].used
        given, by = match_gift(
            rule.terms,
            Ask(amount, {}),
            moment.minute,
            msgspec.structs.replace(gifts.room(gift, rule, person), window=left),
            has_person=person != NO_PERSON,
        )
        if given:
            whose = None if person == NO_PERSON else person
            state.count(rule.campaign, moment.day, whose, given)
            channel.drawn += given
            sums.counted += given
            sums.matched += given
            state.charities[rule.campaign, fund.payee] += given
            self._use(rule, RETRO, given)
            state.move(rule.pool.available, state.promised(rule.pool, fund), given)
        return given, by

    def rest(self) -> Iterator[Finding]:
        """Tell of shares that no entry paid."""
        what = "share without an entry"
        yield from found_by(self.connection, "settlement", what, UNPAID_SQL)


def moment_at(at_s: int) -> Moment:
    """Say what the calendar has for a minute."""
    return Moment(at_s, local_day(at_s), local_minute_of_day(at_s), minute_text(at_s))

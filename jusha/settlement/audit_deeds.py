"""Audit of deeds: each envelope against its entry, its rows and its transfers.

A gift's bytes are written anew from its envelope, its order and the audit's own decision of
its matches, and compared; an entry is only read where it is not what it should be.
"""

import hashlib
from collections.abc import Iterator
from typing import Any, Final

import msgspec
from psycopg import Connection

from jusha.inbox import envelopes
from jusha.inbox.envelopes import NO_PERSON, Deed
from jusha.ledger.findings import Finding
from jusha.ledger.rules import PLACES
from jusha.merkle.encoding import encode64
from jusha.money.assets import ASSETS
from jusha.payments.rules import effective_at
from jusha.settlement import audit_read as read
from jusha.settlement.audit_gifts import Gift, Gifts, Rows, Transfer, shown_matches, what_differs
from jusha.settlement.audit_held import reason
from jusha.settlement.audit_read import Entries, Lookup, Numbered, Order, Place, Row, of_entry
from jusha.settlement.audit_state import Campaign, Channel, Fund, Rule, State
from jusha.settlement.changes import NO_COMMITMENT
from jusha.settlement.decide import MINUTE_US, SECOND_US, moment_of, tag_of
from jusha.settlement.match import FRIENDS_PLACE, RETRO_PLACE, Moment
from jusha.tlog.leaves import LeafMatch, canonical, gift_leaf, leaf_words

NO_RULES: Final[tuple[list[Rule], bool, bool]] = ([], False, False)
MISPLACED: Final = "entry stands at another's place"

DEED_FIELDS: Final = (
    "number", "channel", "campaign", "project", "asset", "amount", "person", "order",
    "received_at", "effective_at", "body", "place in the programme line",
    "place in the running line", "held",
)  # fmt: skip


class Deeds:
    """Checks deeds in the order of the inbox; the walk's streams and state in one place."""

    def __init__(self, connection: Connection[Any]) -> None:
        """Open the streams; needs a transaction."""
        self.connection = connection
        self.state = State(connection)
        self.gifts = Gifts(self.state)
        self.lookup = Lookup(connection)
        self.entries = Entries(connection)
        self.deeds = Numbered(connection, "deed", read.DEEDS_SQL)
        self.seen = Numbered(connection, "key", read.SEEN_SQL)
        self.transfers = Numbered(connection, "transfer", read.TRANSFERS_SQL)
        self.matches = Numbered(connection, "match", read.MATCHES_SQL)
        self.claims = Numbered(connection, "claim", read.CLAIMS_SQL)
        self.coupons = Numbered(connection, "coupon", read.COUPONS_SQL)
        self.invites = Numbered(connection, "invitation", read.INVITES_SQL)
        self.late: dict[int, tuple[Any, ...]] = {}
        """Matches that friends earned earlier gifts, until their own entry comes, by id."""
        self.late_transfers: dict[int, tuple[Any, ...]] = {}
        self.retro_rows = 0
        """Matches at the place of retroactive ones, less those that entries told of."""
        self.retro_transfers = 0
        self.drawn: tuple[int, int] = (-1, -1)
        """The inbox row whose digest was written last."""
        self._accounts: dict[tuple[int, int], tuple[int | None, int | None]] = {}

    def streams(self) -> list[Numbered]:
        """All streams whose rows must have an entry."""
        return [
            self.deeds, self.seen, self.transfers, self.matches, self.claims, self.coupons,
            self.invites,
        ]  # fmt: skip

    def is_next(self, deed: Deed) -> bool:
        """Say whether a deed is the one that the next row tells of, or a repeat."""
        row = self.seen.next
        if row is not None and row[1] == deed.key:
            return True
        stored = self.deeds.next
        if stored is None or stored[10] != deed.body or self.deeds.at != self._next_deed():
            return False
        found = self.connection.execute(
            "SELECT number FROM giving_seen WHERE key = encode(%b, 'hex')::uuid", (deed.key,)
        ).fetchone()
        return found is None or found[0] >= self.deeds.at

    def accepts(self, asked: envelopes.Order) -> bool:
        """Say whether an order is kept: its project is open, and campaign and coupon are known."""
        state, fund = self.state, self.state.funds.get(asked.project)
        campaign = state.campaigns.get(asked.campaign)
        known = campaign is not None and campaign.number < self.entries.number
        return (
            fund is not None
            and fund.state == "open"
            and (known or not asked.campaign)
            and asked.asset == "CNY"
            and (not asked.coupon or state.coupon_of(asked.coupon) != (0, 0))
        )

    def _next_deed(self) -> int:
        entry, number = self.entries.peek(), self.entries.number
        return number + (entry is not None and b'"k":"draw"' in entry[:100])

    def check(self, deed: Deed, row: Row, place: Place, digest: bytes) -> Iterator[Finding]:
        """Check a deed that was settled: entry, row, transfers, matches, claims."""
        number, next_ = min(self.deeds.at, self.seen.at), self.deeds.next
        if next_ is not None and next_[10] == deed.body:
            number = self.deeds.at
        stored = self.deeds.take_one(number)
        yield from self._check_seen(number, deed, place)
        channel = self.state.channels.get(deed.channel)
        if channel is None:
            yield Finding("settlement", "deed of an unknown channel", str(place))
            return
        held = stored[13] if stored else self._is_held(number)
        if held:
            yield from self._check_held(number, deed, row, channel, stored)
        else:
            yield from self._check_gift(number, deed, row, place, digest, channel, stored)

    def _check_seen(self, number: int, deed: Deed, place: Place) -> Iterator[Finding]:
        """A settled deed stands in the replay guard once, by its key and its entry's number."""
        row = self.seen.next
        named = self.seen.at if row is not None and row[1] == deed.key else number
        seen = self.seen.take(named)
        wanted = (number, deed.key, int.from_bytes(deed.body[:8], "big", signed=True))
        if seen != [wanted]:
            told = [f"deed {each[0]}" for each in seen]
            yield Finding("settlement", "replay guard", str(place), f"deed {number}", str(told))

    def _is_held(self, number: int) -> bool:
        entry = self.entries.peek() if self.entries.number == number else None
        return entry is not None and b'"k":"held"' in entry[:300]

    def _check_held(
        self, number: int, deed: Deed, row: Row, channel: Channel, stored: tuple[Any, ...] | None
    ) -> Iterator[Finding]:
        """It says why; giving.audit checks that it has a case."""
        asset, at_us = ASSETS[deed.asset].number, effective_us(channel, deed, row.received_us)
        wanted = (
            number, channel.id, 0, 0, asset, deed.amount, deed.person, deed.order,
            row.received_us, at_us, deed.body, 0, 0, True,
        )  # fmt: skip
        yield from self._compare_row(number, wanted, stored)
        yield from self.entries.skip_to(number)
        raw = self.entries.take(number)
        book = f"channel:{channel.code}"
        sides = (
            self.state.account(book, "unidentified", channel.code, asset),
            self.state.account(book, "suspense", channel.code, asset),
        )
        order = self.lookup.orders.get(deed.order) if deed.order else None
        why = reason(self.state, channel, deed, order, number, row.received_us)
        fields = {
            "amt": deed.amount, "ch": channel.code, "cur": deed.asset, "k": "held", "n": number,
            "t": moment_of(at_us // MINUTE_US).text, "v": 1, "why": why or "nothing",
        }  # fmt: skip
        yield from self.compare_entry(number, fields, raw)
        yield from self.compare_posted(number, [(of_entry(number, 0), *sides, deed.amount)])

    def _check_gift(
        self,
        number: int,
        deed: Deed,
        row: Row,
        place: Place,
        digest: bytes,
        channel: Channel,
        stored: tuple[Any, ...] | None,
    ) -> Iterator[Finding]:
        state, order = self.state, self.lookup.orders.get(deed.order) if deed.order else None
        person, fund, campaign = self._target(number, deed, order)
        if fund is None or (deed.order and order is None):
            yield Finding("settlement", "gift without its project or order", str(place))
            return
        at_us = effective_us(channel, deed, row.received_us)
        moment = moment_of(at_us // MINUTE_US)
        wanted = (
            number, channel.id, campaign.id if campaign else 0, fund.project, 1, deed.amount,
            person, deed.order, row.received_us, at_us, deed.body, fund.programme, fund.running,
            False,
        )  # fmt: skip
        if wanted != stored:
            yield from self._compare_row(number, wanted, stored)
        if why := reason(state, channel, deed, order, number, row.received_us):
            yield Finding("settlement", f"gift in spite of: {why}", str(place), found=fund.code)
        channel.give(row.received_us // MINUTE_US, deed.amount)
        rules, drawing, secret = campaign.rules_at(moment.at_s) if campaign else NO_RULES
        if drawing:
            yield from self._check_draw(row, number, digest)
        if self.entries.number < number:
            yield from self.entries.skip_to(number)
        raw = self.entries.take(number)
        sums = state.sums[campaign.id if campaign else 0, fund.project]
        coupon, invite, named = self._company(deed, order)
        shown: list[LeafMatch] = []
        rows, invited = Rows([], [], [], [], []), list[tuple[int, int, bytes]]()
        gift = None
        if campaign:
            gift = Gift(
                number, deed.amount, campaign, channel, fund, sums, person, moment, digest,
                place.place, *coupon,
            )  # fmt: skip
            shown, rows, invited = self._decide(gift, invite, rules, raw if secret else None)
        expected = _leaf(
            gift, number, moment, deed.amount, channel, fund, person, order, shown, named,
            invited[0][1] if invited else -1, place.place if drawing else -1,
        )  # fmt: skip
        if raw != expected:
            yield from self.differences(number, expected, raw, gift, rules, shown)
        sums.gifts += 1
        sums.donated += deed.amount
        self.lengthen(fund, deed.amount)
        transfer = (of_entry(number, 0), *self.sides(channel, fund), deed.amount)
        rows.transfers.insert(0, transfer)
        yield from self.compare_rows(number, rows, invited)

    def _target(
        self, number: int, deed: Deed, order: Order | None
    ) -> tuple[bytes, Fund | None, Campaign | None]:
        """Whose gift it is, to which project, in which campaign; an order's word comes first."""
        state = self.state
        if order is None:
            campaign = state.campaigns.get(deed.campaign)
            if campaign is not None and campaign.number >= number:
                campaign = None
            return deed.person, state.funds.get(deed.project), campaign
        person = deed.person if order.person == NO_PERSON else order.person
        fund = state.funds_by_id.get(order.project)
        return person, fund, state.campaigns_by_id.get(order.campaign)

    def _company(self, deed: Deed, order: Order | None) -> tuple[tuple[int, int], int, str]:
        """Which coupon a gift brings, who invited to it, and the coupon's name in the log."""
        coupon, invite = (0, 0), deed.invite
        if order is not None:  # its word counts alone
            coupon, invite = (order.coupon_rule, order.coupon), order.invite
        elif deed.coupon:
            coupon = self.state.coupon_of(deed.coupon)
        if not coupon[0]:
            return coupon, invite, ""
        return coupon, invite, f"{self.state.rules_by_id[coupon[0]].code}.{coupon[1]}"

    @staticmethod
    def lengthen(fund: Fund, amount: int) -> None:
        """Move both money lines on by a gift."""
        running = amount * fund.permille // 1000
        fund.programme += amount - running
        fund.running += running

    def sides(self, channel: Channel, fund: Fund) -> tuple[int | None, int | None]:
        """Return the two accounts between which gifts of a channel to a fund move."""
        key = (channel.id, fund.project)
        found = self._accounts.get(key)
        if found is None:
            book = f"charity:{fund.payee_code}"
            found = self._accounts[key] = (
                self.state.account(book, "receivable", channel.code),
                self.state.account(book, "fund", fund.code),
            )
        return found

    def _decide(
        self, gift: Gift, invite: int, rules: list[Rule], raw: bytes | None
    ) -> tuple[list[LeafMatch], Rows, list[tuple[int, int, bytes]]]:
        """Decide a gift's matches; `raw` is its entry where draws may have to be taken from it."""
        invited = self._befriend(gift, invite) if invite and gift.campaign.friends else []
        gift.shown = self._shown(raw) if raw else None
        return *self.gifts.decide(gift, rules), invited

    def _befriend(self, gift: Gift, invite: int) -> list[tuple[int, int, bytes]]:
        """Count a gift as a new friend of the one that invited to it; return the row for it."""
        earlier = self.lookup.deed(invite) if invite < gift.number else None
        if earlier is None or earlier.held or NO_PERSON in (gift.person, earlier.person):
            return []
        if (earlier.campaign, earlier.project) != (gift.campaign.id, gift.fund.project):
            return []
        come = self.state.invited[invite]
        if gift.person == earlier.person or gift.person in come:
            return []
        come.add(gift.person)
        gift.friend_of, gift.friends = earlier, len(come)
        return [(gift.number, invite, gift.person)]

    @staticmethod
    def _shown(raw: bytes | None) -> tuple[LeafMatch, ...]:
        try:
            return shown_matches(msgspec.json.decode(raw or b"{}"))
        except (ValueError, LookupError, TypeError, AttributeError):
            return ()

    def _check_draw(self, row: Row, number: int, digest: bytes) -> Iterator[Finding]:
        """The digest of a row stands before the first gift of it that may draw."""
        if self.drawn == (row.lane, row.n):
            return
        self.drawn = (row.lane, row.n)
        fields = {
            "d": encode64(digest), "k": "draw", "n": number - 1,
            "t": moment_of(row.received_us // MINUTE_US).text, "v": 1,
        }  # fmt: skip
        yield from self.entries.skip_to(number - 1)
        yield from self.compare_entry(number - 1, fields, self.entries.take(number - 1))
        yield from self.compare_posted(number - 1, [])

    # --- comparing

    @staticmethod
    def _compare_row(
        number: int, wanted: tuple[Any, ...], stored: tuple[Any, ...] | None
    ) -> Iterator[Finding]:
        if stored == wanted:
            return
        if stored is None:
            yield Finding("settlement", "entry without its deed", f"entry {number}")
            return
        for name, mine, found in zip(DEED_FIELDS, wanted, stored, strict=True):
            if mine != found:
                wanted_, told = (v.hex() if isinstance(v, bytes) else str(v) for v in (mine, found))
                yield Finding("settlement", f"deed's {name}", f"deed {number}", wanted_, told)

    def compare_entry(
        self, number: int, fields: dict[str, Any], raw: bytes | None, free: tuple[str, ...] = ()
    ) -> Iterator[Finding]:
        """Compare an entry with the fields it must have; `free` ones are taken as they are."""
        where = f"entry {number}"
        if raw is None:
            yield Finding("settlement", "entry is missing", where, str(fields))
            return
        try:
            leaf = msgspec.json.decode(raw)
            wanted = {name: leaf[name] for name in free if name in leaf} | fields
        except (ValueError, TypeError) as error:
            yield Finding("settlement", "entry is damaged", where, found=str(error))
            return
        if raw == canonical(wanted):
            return
        if leaf.get("n") != number:
            yield Finding("settlement", MISPLACED, where, str(number), str(leaf.get("n")))
            return
        kind, names = fields["k"], sorted(wanted.keys() | leaf.keys())
        names = [name for name in names if wanted.get(name) != leaf.get(name)]
        for name in names:
            mine, found = str(wanted.get(name)), str(leaf.get(name))
            yield Finding("settlement", f"{kind} {name}", where, mine, found)
        if not names:
            yield Finding("settlement", "spelling of the entry", where, str(wanted), str(raw))

    def compare_posted(
        self, number: int, wanted: list[Transfer], *, own: bool = True
    ) -> Iterator[Finding]:
        """Compare an entry's transfers; `own` ones have no matches beside them."""
        posted = [row[1:] for row in self.transfers.take(number)]
        if posted != wanted:
            where = f"entry {number}"
            yield Finding("settlement", "transfers", where, str(wanted), str(posted))
        if own and self.matches.at <= number and (found := self.matches.take(number)):
            yield Finding("settlement", "matches", f"entry {number}", "none", str(found))

    def compare_rows(
        self,
        number: int,
        rows: Rows,
        invited: list[tuple[int, int, bytes]],
    ) -> Iterator[Finding]:
        """Compare a gift's transfers, matches, claims, coupon and invitation with what is due."""
        posted = [row[1:] for row in self.transfers.take(number)]
        matched = (
            [row[1:] for row in self.matches.take(number)] if self.matches.at <= number else []
        )
        if posted != rows.transfers or matched != rows.matches:
            later = {claim[2] for claim in rows.claims}
            posted = [row for row in posted if not self._later(row, later, self.late_transfers)]
            matched = [row for row in matched if not self._later(row, later, self.late)]
        due: list[tuple[str, list[Any], list[Any]]] = [
            ("transfers", rows.transfers, posted), ("matches", rows.matches, matched),
        ]  # fmt: skip
        for what, stream, wanted in (
            ("claims", self.claims, rows.claims),
            ("coupons", self.coupons, rows.coupons),
        ):
            if wanted or stream.at <= number:
                due.append((what, wanted, [row[1:] for row in stream.take(number)]))
        if invited or self.invites.at <= number:
            due.append(("invitation", invited, self.invites.take(number)))
        for what, wanted, found in due:
            if wanted != found:
                yield Finding("settlement", what, f"entry {number}", str(wanted), str(found))
        for row in rows.friends:
            yield from self._compare_late(number, row)

    def _later(
        self, row: tuple[Any, ...], claims: set[int], kept: dict[int, tuple[Any, ...]]
    ) -> bool:
        """Say whether a row at a gift's places is decided behind its entry; keep track of it."""
        place = row[0] % PLACES
        if place == FRIENDS_PLACE:
            kept[row[0]] = row
        elif place == RETRO_PLACE:
            if kept is self.late:
                self.retro_rows += 1
            else:
                self.retro_transfers += 1
        return place >= RETRO_PLACE or row[0] in claims

    def _compare_late(self, number: int, row: tuple[int, ...]) -> Iterator[Finding]:
        """Compare the match that a gift earned an earlier one."""
        id_, pool_id, _, amount, _ = row
        earlier = self.lookup.deed(id_ // PLACES)
        pool = self.state.pools_by_id[pool_id]
        fund = self.state.funds_by_id[earlier.project] if earlier else None
        sides = (pool.available, self.state.promised(pool, fund) if fund else None)
        for what, wanted, found in (
            ("match for an earlier gift", row, self.late.pop(id_, None)),
            ("transfer", (id_, *sides, amount), self.late_transfers.pop(id_, None)),
        ):
            if wanted != found:
                yield Finding("settlement", what, f"entry {number}", str(wanted), str(found))

    def differences(
        self,
        number: int,
        expected: bytes,
        raw: bytes | None,
        gift: Gift | None,
        rules: list[Any],
        shown: list[LeafMatch],
    ) -> Iterator[Finding]:
        """Tell how a gift's entry differs, and go on with the matches that it says."""
        where = f"entry {number}"
        try:
            leaf = msgspec.json.decode(raw or b"{}")
            found = {m.rule: m for m in shown_matches(leaf)}
        except (ValueError, TypeError, LookupError, AttributeError) as error:
            yield Finding("settlement", "entry is damaged", where, found=str(error))
            return
        if leaf.get("n") != number:
            yield Finding("settlement", MISPLACED, where, str(number), str(leaf.get("n")))
            return
        wanted = msgspec.json.decode(expected)
        told = False
        for name in sorted((wanted.keys() | leaf.keys()) - {"m"}):
            if wanted.get(name) != leaf.get(name):
                told = True
                values = str(wanted.get(name)), str(leaf.get(name))
                yield Finding("settlement", f"don {name}", where, *values)
        due = {m.rule: m for m in shown}
        by_name = {rule.name: rule for rule in rules}
        for name in sorted(due.keys() | found.keys()):
            mine, theirs, rule = due.get(name), found.get(name), by_name.get(name)
            if mine == theirs:
                continue
            told = True
            what = "match by a rule that is not in force or not concerned"
            if rule and mine and theirs and gift:
                what = what_differs(mine, theirs, rule)
                self._correct(gift, rule, mine, theirs)
            elif mine:
                what = "match left out of its entry"
            yield Finding("settlement", what, where, _told(mine), _told(theirs))
        if not told:
            yield Finding("settlement", "spelling of the entry", where, str(expected), str(raw))

    def _correct(self, gift: Gift, rule: Any, mine: LeafMatch, theirs: LeafMatch) -> None:
        """Count what the entry says in place of what was due, so that one fault is told once."""
        if bool(mine.claim) != bool(theirs.claim) and mine.claim + mine.amount:
            return
        more = theirs.amount + theirs.claim - mine.amount - mine.claim
        self.gifts.count(gift, rule, more, theirs if theirs.claim or theirs.amount else mine)


def _leaf(
    gift: Gift | None, number: int, moment: Moment, amount: int, channel: Channel, fund: Fund,
    person: bytes, order: Order | None, shown: list[LeafMatch], coupon: str, invite: int,
    place: int,
) -> bytes:  # fmt: skip
    """Write a gift's entry anew."""
    code = gift.campaign.code if gift else ""
    return gift_leaf(
        leaf_words(channel.code, "CNY", fund.code, code), number, moment.text, amount,
        tag_of(person, f"{code}\n{fund.code}".encode()) if gift and person != NO_PERSON else b"",
        order.commitment if order and order.commitment != NO_COMMITMENT else b"",
        shown, coupon=coupon, invite=invite, place=place,
    )  # fmt: skip


def _told(match: LeafMatch | None) -> str:
    if match is None:
        return "nothing"
    what = f"claim of {match.claim}" if match.claim else str(match.amount)
    return f"{what} by {match.by} of {match.rule}"


def effective_us(channel: Channel, deed: Deed, received_us: int) -> int:
    """Say when a deed counts as done, in microseconds."""
    clock = channel.terms.clock
    if clock == "receipt" or deed.paid_at <= 0:
        return received_us
    return SECOND_US * effective_at(clock, received_us // SECOND_US, deed.paid_at)


def digest_of(payload: bytes) -> bytes:
    """SHA-256 of an inbox row."""
    return hashlib.sha256(payload).digest()

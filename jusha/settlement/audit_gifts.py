"""The audit's own decision of every gift: what each rule must give, by the published rule.

It shares the pure functions of matching with settlement, and nothing of how settlement
gathers what they need. Where an entry says otherwise, that is told, and the walk goes on with
what was really given, so that one fault is told once.
"""

import hmac
from typing import Any, NamedTuple

import msgspec

from jusha.campaigns.rules import admits
from jusha.inbox.envelopes import NO_PERSON
from jusha.matching.kinds.ask import Ask
from jusha.matching.kinds.coupon import Coupon
from jusha.matching.kinds.friends import Friends
from jusha.matching.kinds.lump_sum import LumpSum, crossed
from jusha.matching.kinds.quadratic import Quadratic
from jusha.matching.rules import (
    BY_NUMBER,
    UNBOUNDED,
    Room,
    Surprise,
    Window,
    match_gift,
    slice_room,
    slice_start,
)
from jusha.merkle.encoding import decode64
from jusha.money.clock import MINUTE_SECONDS
from jusha.settlement.audit_read import Facts, of_entry
from jusha.settlement.audit_state import CLOSE, Campaign, Channel, Fund, Rule, State, Sums
from jusha.settlement.commitments import SecretMissingError
from jusha.settlement.match import FRIENDS_PLACE, Moment
from jusha.tlog.leaves import LeafMatch

Transfer = tuple[int, int | None, int | None, int]


class Gift(msgspec.Struct, gc=False):
    """A gift before the rules."""

    number: int
    amount: int
    campaign: Campaign
    channel: Channel
    fund: Fund
    sums: Sums
    person: bytes
    moment: Moment
    digest: bytes
    """SHA-256 of its inbox row."""
    place: int
    coupon_rule: int = 0
    coupon: int = 0
    friend_of: Facts | None = None
    friends: int = 0
    shown: tuple[LeafMatch, ...] | None = None
    """What its entry says: for draws whose seed is not at hand."""


class Rows(NamedTuple):
    """What the decisions on one gift must have stored."""

    matches: list[tuple[int, int, int, int, int]]
    """(id, pool, rule, amount, bound)."""
    transfers: list[Transfer]
    claims: list[tuple[int, int, int, int, int]]
    """(rule, slice, id, project, amount)."""
    coupons: list[tuple[int, int]]
    friends: list[tuple[int, int, int, int, int]]
    """Matches for an earlier gift; their transfers have the same ids."""


class Gifts:
    """Decides gifts one after the other, on the state that the walk has built."""

    def __init__(self, state: State) -> None:
        self.state = state
        self.unknown: set[str] = set()
        """Secrets that draws and surprises needed and that are not at hand."""

    def decide(self, gift: Gift, rules: list[Rule]) -> tuple[list[LeafMatch], Rows]:
        """Decide all rules in their order, counting each match before the next rule."""
        shown: list[LeafMatch] = []
        rows = Rows([], [], [], [], [])
        given: dict[str, int] = {}
        filled: dict[str, int] = {}
        for place, rule in enumerate(rules, 1):
            before = filled.get(rule.terms.fills, 0)
            if rule.silent and not self.concerned(gift, rule):
                filled[rule.code] = before
                continue
            leaf = self.match(gift, rule, given, before)
            shown.append(leaf)
            given[rule.code] = leaf.amount
            filled[rule.code] = leaf.amount + before
            if leaf.amount or leaf.claim:
                self.book(gift, rule, place, leaf, rows)
        return shown, rows

    def concerned(self, gift: Gift, rule: Rule) -> bool:
        """Say whether a silent rule has to do with a gift."""
        gives, surprise = rule.terms.gives, rule.terms.window.surprise
        if surprise:
            times = self.surprise(surprise)
            if times is None:
                return any(m.rule == rule.name for m in gift.shown or ())
            if not times.covers(gift.moment.at_s):
                return False
        if isinstance(gives, Coupon):
            return gift.coupon_rule == rule.family and gift.coupon < gives.count
        if isinstance(gives, LumpSum):
            return crossed(gives, gift.sums.donated, gift.amount)
        if isinstance(gives, Friends):
            friend = gift.friend_of
            once = friend is not None and friend.number not in self.state.multiplied
            return once and gift.friends == gives.friends
        return True

    def surprise(self, named: str) -> Surprise | None:
        """Return the times of a surprise, None where its secret is not at hand."""
        try:
            return msgspec.json.decode(self.state.secrets[decode64(named)], type=Surprise)
        except SecretMissingError:
            self.unknown.add(f"surprise {named}")
            return None

    def match(self, gift: Gift, rule: Rule, given: dict[str, int], filled: int) -> LeafMatch:
        """Say what one rule must give to a gift, or claim for it, or why neither."""
        campaign, channel, pool, moment = gift.campaign, gift.channel, rule.pool, gift.moment
        terms = rule.terms
        friend = gift.friend_of if isinstance(terms.gives, Friends) else None
        for_ = friend.number if friend else -1
        if not campaign.opens_s <= moment.at_s < campaign.closes_s or pool.notice_until:
            return LeafMatch(0, "closed", pool.code, rule.name, for_=for_)
        if not admits(campaign.terms, channel.code, channel.terms.clock):
            return LeafMatch(0, "not-admitted", pool.code, rule.name, for_=for_)
        if gift.fund.frozen:
            return LeafMatch(0, "frozen", pool.code, rule.name, for_=for_)
        person = friend.person if friend else gift.person
        if type(terms.gives) is LumpSum:
            person = NO_PERSON
        hindered = self.hindrance(gift, rule) if rule.silent or rule.draws else ""
        if not rule.at_once and not hindered and self.closed_slice(rule, moment):
            hindered = "slice-closed"
        ask = Ask(gift.amount, given, filled, b"", self.base(friend, rule) if friend else 0)
        if rule.draws and not hindered:
            drawn = self.draw(gift, rule)
            if drawn is None:
                return self.as_shown(gift, rule, for_)
            ask.draw = drawn
        amount, by = match_gift(
            terms,
            ask,
            moment.minute,
            self.room(gift, rule, person),
            has_person=person != NO_PERSON,
            hindered=hindered,
        )
        if rule.at_once or not amount:
            return LeafMatch(amount, by, pool.code, rule.name, for_=for_)
        return LeafMatch(0, by, pool.code, rule.name, claim=amount)

    def hindrance(self, gift: Gift, rule: Rule) -> str:
        """Say what stands against a match beside rule and room, or ""."""
        gives, friend, state = rule.terms.gives, gift.friend_of, self.state
        if isinstance(gives, Friends) and friend is not None and friend.undone < gift.number:
            return "refunded"
        if rule.draws:
            if gift.channel.terms.clock != "rail":
                return "not-reconciled"
            seed = state.seeds.get((rule.family, gift.moment.day))
            if seed is None:
                return "no-seed"
            if seed.revealed:
                return "revealed"
        if isinstance(gives, Coupon) and (rule.family, gift.coupon) in state.coupons:
            return "coupon-used"
        return ""

    def closed_slice(self, rule: Rule, moment: Moment) -> bool:
        """Say whether the claims of a gift's slice are being paid already."""
        closings = self.state.closings
        return bool(closings) and (rule.id, slice_of(rule.terms.window, moment)) in closings

    def room(self, gift: Gift, rule: Rule, person: bytes) -> Room:
        """Say what each bound leaves for a gift under one rule."""
        state, caps, window = self.state, rule.terms.caps, rule.terms.window
        campaign, moment = gift.campaign.id, gift.moment
        day_cap = campaign_cap = UNBOUNDED
        if person != NO_PERSON:
            if caps.person_day:
                day_cap = caps.person_day - state.usage[campaign, moment.day].get(person, 0)
            if caps.person_campaign:
                campaign_cap = caps.person_campaign - state.whole[campaign].get(person, 0)
        draw_max = gift.channel.terms.draw_max
        charity = UNBOUNDED
        if caps.charity:
            charity = caps.charity - state.charities[campaign, gift.fund.payee]
        return Room(
            day_cap,
            campaign_cap,
            caps.project - gift.sums.counted if caps.project else UNBOUNDED,
            charity,
            draw_max - gift.channel.drawn if draw_max else UNBOUNDED,
            window.budget - state.windows[rule.pool.id, moment.day].used,
            self.slice_left(rule, moment) if window.slice_minutes else UNBOUNDED,
            state.balances[rule.pool.available],
        )

    def slice_left(self, rule: Rule, moment: Moment) -> int:
        """Say what a moment's slice can still give."""
        window, windows, pool = rule.terms.window, self.state.windows, rule.pool.id
        if not window.from_minute <= moment.minute < window.to_minute:
            return 0
        used = 0 if window.carry else windows[pool, slice_of(window, moment)].used
        return slice_room(
            window, moment.minute, used_slice=used, used_day=windows[pool, moment.day].used
        )

    def base(self, friend: Facts, rule: Rule) -> int:
        """Return what the rule that friends multiply gave to the earlier gift with its entry."""
        gives, rules = rule.terms.gives, self.state.rules_by_id
        assert isinstance(gives, Friends)
        return sum(
            m.amount
            for m in friend.matches
            if m.place < FRIENDS_PLACE - 1 and m.rule in rules and rules[m.rule].code == gives.on
        )

    def draw(self, gift: Gift, rule: Rule) -> bytes | None:
        """Draw again under the committed seed; None where it is not at hand."""
        seed = self.state.seeds[rule.family, gift.moment.day]
        try:
            secret = self.state.secrets[seed.hash]
        except SecretMissingError:
            self.unknown.add(f"seed of entry {seed.number}")
            return None
        message = gift.digest + gift.place.to_bytes(4, "big") + rule.name.encode()
        return hmac.digest(secret, message, "sha256")[:16]

    def as_shown(self, gift: Gift, rule: Rule, for_: int) -> LeafMatch:
        """Take a match from its entry where the draw cannot be made again."""
        for each in gift.shown or ():
            if each.rule == rule.name:
                return each
        return LeafMatch(0, "rule", rule.pool.code, rule.name, for_=for_)

    def book(self, gift: Gift, rule: Rule, place: int, leaf: LeafMatch, rows: Rows) -> None:
        """Note the rows that a match or claim needs, and count it."""
        pool = rule.pool
        id_ = of_entry(gift.number, place)
        self.count(gift, rule, leaf.amount + leaf.claim, leaf)
        if leaf.claim:
            slice_ = slice_of(rule.terms.window, gift.moment)
            rows.claims.append((rule.id, slice_, id_, gift.fund.project, leaf.claim))
            return
        accounts = pool.available, self.state.promised(pool, gift.fund)
        if leaf.for_ >= 0:
            id_ = of_entry(leaf.for_, FRIENDS_PLACE)
            self.state.multiplied.add(leaf.for_)
            rows.friends.append((id_, pool.id, rule.id, leaf.amount, BY_NUMBER[leaf.by]))
        else:
            rows.matches.append((id_, pool.id, rule.id, leaf.amount, BY_NUMBER[leaf.by]))
            rows.transfers.append((id_, *accounts, leaf.amount))
        if isinstance(rule.terms.gives, Coupon):
            self.state.coupons.add((rule.family, gift.coupon))
            rows.coupons.append((rule.family, gift.coupon))

    def count(self, gift: Gift, rule: Rule, amount: int, leaf: LeafMatch) -> None:
        """Count a match or claim (or what corrects one) against caps, windows and the pool."""
        state, campaign = self.state, gift.campaign.id
        if leaf.claim and type(rule.terms.gives) is Quadratic:
            return  # a weight, not a match to come
        person = gift.friend_of.person if leaf.for_ >= 0 and gift.friend_of else gift.person
        whose = None if person == NO_PERSON or type(rule.terms.gives) is LumpSum else person
        state.count(campaign, gift.moment.day, whose, amount)
        gift.channel.drawn += amount
        gift.sums.counted += amount
        state.charities[campaign, gift.fund.payee] += amount
        if leaf.claim:
            return
        gift.sums.matched += amount
        use_windows(state, rule, gift.moment, amount)
        state.move(rule.pool.available, state.promised(rule.pool, gift.fund), amount)


def slice_of(window: Window, moment: Moment) -> int:
    """Name the slice of a moment by the Unix minute at which it begins; CLOSE where none is."""
    if not window.slice_minutes:
        return CLOSE
    start = slice_start(window, moment.minute)
    return moment.at_s // MINUTE_SECONDS - moment.minute + start


def use_windows(state: State, rule: Rule, moment: Moment, amount: int) -> None:
    """Count against the day, and against the slice where slices do not carry."""
    window = rule.terms.window
    state.use(rule.pool, moment.day, amount, window.budget)
    if window.slice_minutes and not window.carry:
        state.use(rule.pool, slice_of(window, moment), amount, window.slice_budget)


def shown_matches(leaf: dict[str, Any]) -> tuple[LeafMatch, ...]:
    """Read the matches of an entry. Raises LookupError, TypeError for what is none."""
    return tuple(
        LeafMatch(m["amt"], m["by"], m["pool"], m["r"], m.get("c", 0), m.get("for", -1))
        for m in leaf.get("m", ())
    )


def what_differs(expected: LeafMatch, found: LeafMatch, rule: Rule) -> str:
    """Name a fault by the bound that should have decided."""
    if found.amount + found.claim > expected.amount + expected.claim:
        if expected.by == "rule":
            return "match above its draw" if rule.draws else "match above its rule"
        return (
            f"match in spite of: {expected.by}"
            if not expected.amount + expected.claim
            else (f"match above the bound: {expected.by}")
        )
    if rule.draws and expected.by == "rule":
        return "match is not what was drawn"
    return "match is not what its rule gives"

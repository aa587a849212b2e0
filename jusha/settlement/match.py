"""Decide what the rules in force give to one gift, and promise or claim it. Pure.

Everything a match depends on beside its rule's document is gathered here: rooms, draws,
coupons, invitations. What the document says is decided in matching.rules.
"""

import hmac
from functools import lru_cache
from hashlib import sha256
from typing import Final

import msgspec

from jusha.campaigns.rules import admits
from jusha.inbox.envelopes import NO_PERSON
from jusha.ledger.rules import PLACES
from jusha.matching.kinds.ask import Ask
from jusha.matching.kinds.coupon import Coupon
from jusha.matching.kinds.friends import Friends
from jusha.matching.kinds.lump_sum import LumpSum, crossed
from jusha.matching.rules import BY_NUMBER, UNBOUNDED, Room, match_gift, slice_room, slice_start
from jusha.merkle.encoding import decode64
from jusha.money.clock import DAY_SECONDS, MINUTE_SECONDS, SHANGHAI_SHIFT_SECONDS
from jusha.settlement.changes import Changes, Found, KnownDeed, KnownMatch, Place
from jusha.settlement.world import CLOSE, Campaign, Route, Rule, World
from jusha.tlog.leaves import LeafMatch

NOTHING: Final[dict[str, int]] = {}
"""What other rules gave, in a campaign where no rule asks; nobody writes into it."""
FIRST_PLACE: Final = 1
"""Transfer place of a gift's first match; place 0 is the gift itself."""
FRIENDS_PLACE: Final = PLACES - 1
"""Transfer place, in the earlier gift's entry, of what its friends earned it."""
RETRO_PLACE: Final = PLACES - 2
RULES_MAX: Final = 12
"""With the two above a gift has at most 14 matches, which one refund can send back."""


class Moment(msgspec.Struct, frozen=True, gc=False):
    """A minute of effective time, with what the calendar says of it."""

    at_s: int
    day: int
    minute: int
    text: str


class Gift(msgspec.Struct, frozen=True, gc=False):
    """One gift before the rules: all that a match depends on, but for room."""

    number: int
    amount: int
    campaign: Campaign
    route: Route
    person: bytes
    moment: Moment
    place: Place
    coupon_rule: int = 0
    coupon: int = 0
    friend_of: KnownDeed | None = None
    """The earlier gift whose donor invited to this one, if this is a new friend of it."""
    friends: int = 0
    """How many friends that gift has with this one."""


def give_matches(
    world: World, changes: Changes, found: Found, gift: Gift, rules: list[Rule]
) -> tuple[list[LeafMatch], int]:
    """Decide all rules in their order; return what the leaf shows and the sum given at once."""
    shown: list[LeafMatch] = []
    matched = 0
    leaning = gift.campaign.leaning
    given, filled = ({}, {}) if leaning else (NOTHING, NOTHING)
    before = 0
    for place, rule in enumerate(rules, FIRST_PLACE):
        if leaning:
            before = filled.get(rule.terms.fills, 0)
        if rule.silent and not concerned(world, gift, rule):
            if leaning:
                filled[rule.code] = before
            continue
        leaf = _give(world, changes, found, gift, rule, place, given, before)
        shown.append(leaf)
        matched += leaf.amount
        if leaning:
            given[rule.code] = leaf.amount
            filled[rule.code] = leaf.amount + before
    return shown, matched


def concerned(world: World, gift: Gift, rule: Rule) -> bool:
    """Say whether a rule that is silent about most gifts has to do with this one."""
    gives, surprise = rule.terms.gives, rule.terms.window.surprise
    if surprise and not world.surprise(decode64(surprise)).covers(gift.moment.at_s):
        return False
    if isinstance(gives, Coupon):
        return gift.coupon_rule == rule.family and gift.coupon < gives.count
    if isinstance(gives, LumpSum):
        return crossed(gives, gift.route.total.donated, gift.amount)
    if isinstance(gives, Friends):
        earlier = gift.friend_of
        return (
            earlier is not None
            and gift.friends == gives.friends
            and all(match.place != FRIENDS_PLACE for match in earlier.matches)
        )
    return True


def _give(
    world: World,
    changes: Changes,
    found: Found,
    gift: Gift,
    rule: Rule,
    place: int,
    given: dict[str, int],
    filled: int,
) -> LeafMatch:
    """Decide one rule: the match it gives at once, the claim it makes, or why neither."""
    campaign, channel, pool, moment = gift.campaign, gift.route.channel, rule.pool, gift.moment
    friend_of = gift.friend_of if rule.friends else None
    for_ = friend_of.number if friend_of else -1
    if not campaign.opens_s <= moment.at_s < campaign.closes_s or pool.notice_until:
        return LeafMatch(0, "closed", pool.code, rule.name, for_=for_)
    if not admits(campaign.terms, channel.code, channel.terms.clock):
        return LeafMatch(0, "not-admitted", pool.code, rule.name, for_=for_)
    if gift.route.fund.frozen:
        return LeafMatch(0, "frozen", pool.code, rule.name, for_=for_)
    person = NO_PERSON if rule.lump else friend_of.person if friend_of else gift.person
    hindered = hindrance(world, found, gift, rule) if rule.delicate else ""
    ask = Ask(
        gift.amount,
        given,
        filled,
        b"" if hindered or not rule.draws else draw_of(world, gift, rule),
        base_of(world, friend_of, rule) if friend_of else 0,
    )
    amount, by = match_gift(
        rule.terms,
        ask,
        moment.minute,
        room_of(world, changes, found, gift, rule, person),
        has_person=person != NO_PERSON,
        hindered=hindered,
    )
    if not amount:
        return LeafMatch(0, by, pool.code, rule.name, for_=for_)
    if not rule.weighs:
        count(changes, found, gift, person, amount)
    if not rule.at_once:
        id_, project = gift.number * PLACES + place, gift.route.fund.project
        changes.claims.append((rule.id, slice_of(rule, moment), id_, project, amount))
        return LeafMatch(0, by, pool.code, rule.name, claim=amount)
    if rule.coupon:
        found.coupons.add((rule.family, gift.coupon))
        changes.coupons.append((rule.family, gift.coupon, gift.number))
    use_windows(world, changes, rule, moment, amount)
    number, slot = (friend_of.number, FRIENDS_PLACE) if friend_of else (gift.number, place)
    changes.post(number, slot, pool.available, world.promised(pool, gift.route.fund), amount)
    row = (number * PLACES + slot, pool.id, rule.id, amount, BY_NUMBER[by])
    if friend_of is None:
        changes.matches.append(row)
    else:
        changes.later_matches.append(row)
        if friend_of.number in found.deeds:
            more = (*friend_of.matches, KnownMatch(pool.id, amount, rule.id, FRIENDS_PLACE))
            found.deeds[friend_of.number] = friend_of._replace(matches=more)
    return LeafMatch(amount, by, pool.code, rule.name, for_=for_)


def hindrance(  # noqa: PLR0911 - one reason a line
    world: World, found: Found, gift: Gift, rule: Rule
) -> str:
    """Say what stands against a match beside rule and room, or "" (see rules.NOT_MATCHED)."""
    gives, friend_of = rule.terms.gives, gift.friend_of
    if isinstance(gives, Friends) and friend_of is not None and not friend_of.whole:
        return "refunded"
    if rule.draws:
        if gift.route.channel.terms.clock != "rail":
            return "not-reconciled"
        seed = world.seeds.get((rule.family, gift.moment.day))
        if seed is None:
            return "no-seed"
        if seed.revealed:
            return "revealed"
    if isinstance(gives, Coupon) and (rule.family, gift.coupon) in found.coupons:
        return "coupon-used"
    if not rule.at_once and (rule.id, slice_of(rule, gift.moment)) in world.closings:
        return "slice-closed"
    return ""


def room_of(
    world: World, changes: Changes, found: Found, gift: Gift, rule: Rule, person: bytes
) -> Room:
    """Say what each bound leaves for a gift under one rule."""
    caps, terms_window, pool = rule.terms.caps, rule.terms.window, rule.pool
    campaign, moment, route = gift.campaign, gift.moment, gift.route
    has_person = person != NO_PERSON
    capped = caps.person_day and has_person
    whole = found.campaign_usage.get((campaign.id, person), 0) if caps.person_campaign else 0
    draw_max = route.channel.terms.draw_max
    window = world.window(pool, moment.day)
    return Room(
        caps.person_day - changes.used(campaign.id, moment.day, person) if capped else UNBOUNDED,
        caps.person_campaign - whole if caps.person_campaign and has_person else UNBOUNDED,
        caps.project - route.total.counted if caps.project else UNBOUNDED,
        caps.charity - route.charity.counted if caps.charity else UNBOUNDED,
        draw_max - route.channel.drawn if draw_max else UNBOUNDED,
        terms_window.budget - window.used,
        slice_left(world, rule, moment) if terms_window.slice_minutes else UNBOUNDED,
        pool.available.credits - pool.available.debits,
    )


def slice_of(rule: Rule, moment: Moment) -> int:
    """Name the slice of a moment by the Unix minute at which it begins; CLOSE where none is."""
    window = rule.terms.window
    if not window.slice_minutes:
        return CLOSE
    start = slice_start(window, moment.minute)
    return moment.at_s // MINUTE_SECONDS - moment.minute + start


def slice_left(world: World, rule: Rule, moment: Moment) -> int:
    """Say what a moment's slice can still give."""
    window = rule.terms.window
    if not window.from_minute <= moment.minute < window.to_minute:
        return 0
    return slice_room(
        window,
        moment.minute,
        used_slice=0 if window.carry else world.window(rule.pool, slice_of(rule, moment)).used,
        used_day=world.window(rule.pool, moment.day).used,
    )


def use_windows(world: World, changes: Changes, rule: Rule, moment: Moment, amount: int) -> None:
    """Count what was given against the day's window, and its slice where slices do not carry.

    A new version may lower a budget below what the day has given: nothing is taken back.
    """
    terms = rule.terms.window
    window = world.window(rule.pool, moment.day)
    window.budget = max(terms.budget, window.used)
    window.used += amount
    changes.windows.add(window)
    if terms.slice_minutes and not terms.carry:
        window = world.window(rule.pool, slice_of(rule, moment))
        window.budget = max(terms.slice_budget, window.used)
        window.used += amount
        changes.windows.add(window)


def count(changes: Changes, found: Found, gift: Gift, person: bytes, amount: int) -> None:
    """Count a match or claim against every cap."""
    campaign, route = gift.campaign.id, gift.route
    if person != NO_PERSON:
        key = (campaign, gift.moment.day, person)
        usage = changes.usage
        used = usage.get(key) or changes.usage_found.get(key, 0)
        usage[key] = used + amount
        if gift.campaign.by_person:
            whole = (campaign, person)
            found.campaign_usage[whole] = found.campaign_usage.get(whole, 0) + amount
    route.channel.drawn += amount
    route.total.counted += amount
    route.charity.counted += amount


def base_of(world: World, earlier: KnownDeed, rule: Rule) -> int:
    """Return what the rule that friends multiply gave to the earlier gift."""
    gives = rule.terms.gives
    assert isinstance(gives, Friends)
    return sum(m.amount for m in earlier.matches if world.rules_by_id[m.rule].code == gives.on)


def draw_of(world: World, gift: Gift, rule: Rule) -> bytes:
    """Draw 16 bytes: HMAC-SHA256(seed, digest of the inbox row || place || rule version)."""
    seed = world.secrets[world.seeds[rule.family, gift.moment.day].hash]
    return draw(seed, row_digest(gift.place.payload), gift.place.place, rule.name)


def draw(seed: bytes, digest: bytes, place: int, rule: str) -> bytes:
    """Draw 16 bytes for one gift and rule; `place` is the gift's place in its inbox row."""
    message = digest + place.to_bytes(4, "big") + rule.encode()
    return hmac.digest(seed, message, "sha256")[:16]


@lru_cache(maxsize=8)
def row_digest(payload: bytes) -> bytes:
    """SHA-256 of an inbox row, once for the many gifts in it."""
    return sha256(payload).digest()


def day_end_s(day: int) -> int:
    """Return the Unix time at which a Shanghai day ends."""
    return (day + 1) * DAY_SECONDS - SHANGHAI_SHIFT_SECONDS

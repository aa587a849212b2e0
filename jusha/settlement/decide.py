"""Decide what each envelope of a batch means: a plain integer loop. Pure.

Reads the world and what load found, changes both and returns the batch's Changes. No
clock, no database, no chance: the same envelopes after the same world give the same
bytes. Batches of any size, one included, run the same loop.
"""

from functools import lru_cache
from hashlib import blake2b
from typing import Final

import msgspec

from jusha.campaigns.rules import admits
from jusha.inbox.envelopes import NO_PERSON, Deed, Envelope, Instruction, Order
from jusha.ledger.rules import PLACES
from jusha.matching.rules import BY_NUMBER, UNBOUNDED, Room, match_gift
from jusha.money.assets import ASSETS
from jusha.money.clock import local_day, local_minute_of_day, minute_text
from jusha.money.split import cut_permille
from jusha.payments.rules import effective_at
from jusha.settlement.changes import (
    NO_COMMITMENT,
    Changes,
    Found,
    KnownOrder,
    Place,
    keep_order,
)
from jusha.settlement.instructions import obey
from jusha.settlement.world import NO_CAMPAIGN, Campaign, Channel, Fund, Route, Rule, World
from jusha.tlog.leaves import LeafMatch, canonical, gift_leaf

SECOND_US: Final = 1_000_000
MINUTE_US: Final = 60 * SECOND_US
FUND_ASSET: Final = "CNY"
"""Funds, their money lines and pools are in yuan. Other money is held until a person has
exchanged it: one line never mixes units."""
MATCH_PLACE: Final = 1
"""Transfer place of a gift's first match; place 0 is the gift itself."""


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


class UnknownChannelError(Exception):
    """A deed came through a channel that settlement was never told of."""


def decide(world: World, found: Found, batch: list[tuple[Place, Envelope]]) -> Changes:
    """Decide every envelope in its order. Raises what an envelope cannot be settled for."""
    changes = Changes(first=world.next_number)
    for place, envelope in batch:
        if type(envelope) is Deed:
            settle_deed(world, changes, found, envelope, place.received_us)
        elif type(envelope) is Order:
            take_order(world, changes, found, envelope, place.received_us)
        elif type(envelope) is Instruction:
            obey(world, changes, found, envelope, place.received_us)
    return changes


def settle_deed(world: World, changes: Changes, found: Found, deed: Deed, received_us: int) -> None:
    """Settle one deed: a repeat changes nothing, a disagreement is held, a gift is given."""
    channel = world.channels.get(deed.channel)
    if channel is None:
        raise UnknownChannelError(deed.channel)
    body = int.from_bytes(deed.body[:8], "big", signed=True)
    before = found.seen.get(deed.key)
    if before is not None:
        if before[0] != body:
            changes.open_case(
                world, before[1], channel, "same-id-other-body", received_us, amount=deed.amount
            )
        return
    number = world.next_number
    found.seen[deed.key] = (body, number)
    changes.seen.append((deed.key, body, number))
    order = found.orders.get(deed.order) if deed.order else None
    reason = disagreement(world, channel, deed, order, found, received_us)
    if reason:
        hold(world, changes, channel, deed, reason, received_us)
        return
    fund = world.funds_by_id[order.project] if order else world.funds[deed.project]
    if order:
        found.paid[order.no] = number
        changes.paid.append((order.no, number))
    give(world, changes, found, channel, deed, order, fund, received_us)


def disagreement(
    world: World,
    channel: Channel,
    deed: Deed,
    order: KnownOrder | None,
    found: Found,
    received_us: int,
) -> str:
    """Say why authentic money cannot be booked as asked, or "" if it can (decision 3)."""
    fund = world.funds_by_id.get(order.project) if order else world.funds.get(deed.project)
    if deed.order:
        reason = unlike_order(deed, order, fund, found) if order else "unknown-order"
        if reason:
            return reason
    if fund is None:
        return "unknown-project"
    if fund.state != "open":
        return "project-gone"
    if deed.payee and deed.payee != fund.payee_code:
        return "wrong-payee"
    return beyond_rights(channel, deed, fund, received_us)


def unlike_order(deed: Deed, order: KnownOrder, fund: Fund | None, found: Found) -> str:
    """Say how a payment differs from what its order agreed to, or "" if it does not."""
    if order.no in found.paid:
        return "order-paid"
    if ASSETS[deed.asset].number != order.asset:
        return "wrong-asset"
    if deed.amount != order.amount:
        return "wrong-amount"
    if deed.project and (fund is None or deed.project != fund.code):
        return "wrong-project"
    return ""


def beyond_rights(channel: Channel, deed: Deed, fund: Fund, received_us: int) -> str:
    """Say which right of the channel a deed exceeds, or "" after counting it as used."""
    terms = channel.terms
    if deed.asset not in terms.assets or deed.asset != FUND_ASSET:
        return "asset-not-admitted"
    if terms.projects and fund.code not in terms.projects:
        return "project-not-admitted"
    if terms.gift_max and deed.amount > terms.gift_max:
        return "over-gift-limit"
    minute = received_us // MINUTE_US
    day = moment_of(minute).day
    minute_sum = deed.amount + (channel.minute_sum if channel.minute == minute else 0)
    day_sum = deed.amount + (channel.day_sum if channel.day == day else 0)
    if terms.minute_max and minute_sum > terms.minute_max:
        return "over-minute-limit"
    if terms.day_max and day_sum > terms.day_max:
        return "over-day-limit"
    channel.minute, channel.minute_sum = minute, minute_sum
    channel.day, channel.day_sum = day, day_sum
    return ""


def hold(
    world: World, changes: Changes, channel: Channel, deed: Deed, reason: str, received_us: int
) -> None:
    """Post authentic money that does not agree to the channel's suspense, with a case."""
    asset = ASSETS[deed.asset].number
    at_us = effective_us(channel, deed, received_us)
    number = changes.enter(
        world,
        canonical(
            {
                "amt": deed.amount,
                "ch": channel.code,
                "cur": deed.asset,
                "k": "held",
                "n": world.next_number,
                "t": moment_of(at_us // MINUTE_US).text,
                "v": 1,
                "why": reason,
            }
        ),
    )
    book = f"channel:{channel.code}"
    changes.post(
        number,
        0,
        world.account(book, asset, "unidentified", channel.code),
        world.account(book, asset, "suspense", channel.code),
        deed.amount,
    )
    changes.deeds.append(
        (number, channel.id, NO_CAMPAIGN, 0, asset, deed.amount, deed.person, deed.order,
         received_us, at_us, deed.body, 0, 0, True)
    )  # fmt: skip
    changes.open_case(
        world, number, channel, reason, received_us, order=deed.order, amount=deed.amount
    )


def give(
    world: World,
    changes: Changes,
    found: Found,
    channel: Channel,
    deed: Deed,
    order: KnownOrder | None,
    fund: Fund,
    received_us: int,
) -> None:
    """Book a gift and its matches, move the money line on, and write its one leaf."""
    number = world.next_number
    amount = deed.amount
    asset = ASSETS[deed.asset].number
    at_us = effective_us(channel, deed, received_us)
    if order is None:
        person, commitment = deed.person, b""
        campaign = world.campaigns.get(deed.campaign)
    else:
        # One tag belongs to one person key, or a stranger's count of a cap would be wrong.
        person = deed.person if order.person == NO_PERSON else order.person
        commitment = b"" if order.commitment == NO_COMMITMENT else order.commitment
        campaign = world.campaigns_by_id.get(order.campaign)
    route = world.route(channel, fund, campaign, asset)
    changes.give(number, route, amount)
    moment = moment_of(at_us // MINUTE_US)
    shown: list[LeafMatch] = []
    matched, campaign_id, campaign_code, tag = 0, NO_CAMPAIGN, "", b""
    if campaign is not None:
        campaign_id, campaign_code = campaign.id, campaign.code
        gift = Gift(number, amount, campaign, route, person, moment)
        for rule in world.rules_in_force(campaign_id, moment.at_s):
            shown.append(match(world, changes, found, gift, rule, len(shown) + MATCH_PLACE))
            matched += shown[-1].amount
        if person != NO_PERSON:
            tag = tag_of(person, campaign_code, fund.code)
    programme, running = cut_permille(amount, fund.running_permille)
    changes.deeds.append(
        (number, channel.id, campaign_id, fund.project, asset, amount, person, deed.order,
         received_us, at_us, deed.body, fund.programme_head, fund.running_head, False)
    )  # fmt: skip
    fund.programme_head += programme
    fund.running_head += running
    total = route.total
    total.gifts += 1
    total.donated += amount
    total.matched += matched
    world.next_number = number + 1
    changes.leaves.append(
        gift_leaf(
            number, moment.text, deed.asset, amount, channel.code, fund.code, campaign_code, tag,
            commitment, shown,
        )
    )  # fmt: skip


def match(
    world: World, changes: Changes, found: Found, gift: Gift, rule: Rule, place: int
) -> LeafMatch:
    """Decide one gift's match under one rule, from the room each bound leaves, and promise it."""
    campaign, channel, terms, pool = gift.campaign, gift.route.channel, rule.terms, rule.pool
    moment, person = gift.moment, gift.person
    if not campaign.opens_s <= moment.at_s < campaign.closes_s:
        return LeafMatch(0, "closed", pool.code, rule.name)
    if not admits(campaign.terms, channel.code, channel.terms.clock):
        return LeafMatch(0, "not-admitted", pool.code, rule.name)
    has_person = person != NO_PERSON
    key = (campaign.id, moment.day, person)
    used = found.usage.get(key, 0)
    person_max, draw_max = terms.person_day_max, channel.terms.draw_max
    window = world.window(pool, moment.day)
    amount, by = match_gift(
        terms,
        gift.amount,
        moment.minute,
        Room(
            person_max - used if person_max and has_person else UNBOUNDED,
            draw_max - channel.drawn if draw_max else UNBOUNDED,
            terms.window.budget - window.used,
            pool.available.credits - pool.available.debits,
        ),
        has_person=has_person,
    )
    if amount:
        promised = world.promised(pool, gift.route.fund)
        changes.post(gift.number, place, pool.available, promised, amount)
        changes.matches.append(
            (gift.number * PLACES + place, pool.id, rule.id, amount, BY_NUMBER[by])
        )
        # A new version may lower a budget below what the day has given: nothing is taken back.
        window.budget = max(terms.window.budget, window.used)
        window.used += amount
        changes.windows.add(window)
        if has_person:
            if not used:
                changes.usage_new.add(key)
            found.usage[key] = changes.usage[key] = used + amount
        channel.drawn += amount
    return LeafMatch(amount, by, pool.code, rule.name)


def take_order(
    world: World, changes: Changes, found: Found, order: Order, received_us: int
) -> None:
    """Store an order whose project is open; say why in an outcome if it is not."""
    identity = order.no.to_bytes(16, "big")
    fund = world.funds.get(order.project)
    campaign = world.campaigns.get(order.campaign)
    before = found.orders.get(order.no)
    code = ""
    if before is not None:
        if fund and (before.project, before.amount, before.commitment) == (
            fund.project,
            order.amount,
            order.commitment or NO_COMMITMENT,
        ):
            return
        code = "order-number-taken"
    elif fund is None or fund.state != "open":
        code = "unknown-project" if fund is None else "project-gone"
    elif order.campaign and campaign is None:
        code = "unknown-campaign"
    elif order.asset != FUND_ASSET:
        code = "asset-not-admitted"
    if code:
        if identity not in found.outcomes:
            found.outcomes.add(identity)
            changes.outcomes.append((identity, 0, code, {"order": order.no}))
        return
    assert fund is not None
    asset = ASSETS[order.asset].number
    known = keep_order(found, order, fund.project, campaign.id if campaign else NO_CAMPAIGN, asset)
    changes.orders.append((*known, received_us))


def effective_us(channel: Channel, deed: Deed, received_us: int) -> int:
    """Say when the deed counts as done, in microseconds, by its channel's clock."""
    if channel.terms.clock == "receipt" or deed.paid_at <= 0:
        return received_us
    return SECOND_US * effective_at(channel.terms.clock, received_us // SECOND_US, deed.paid_at)


@lru_cache(maxsize=4096)
def moment_of(minute: int) -> Moment:
    """Look a minute up in the calendar, once for the many gifts in it."""
    at_s = minute * 60
    return Moment(at_s, local_day(at_s), local_minute_of_day(at_s), minute_text(at_s))


def leaf_minute(at_us: int) -> str:
    """Write the minute that a leaf shows for a time in microseconds."""
    return moment_of(at_us // MINUTE_US).text


def tag_of(person: bytes, campaign: str, project: str) -> bytes:
    """Name a person in one project of one campaign, and nowhere else (blueprint decision 9).

    BLAKE2b (RFC 7693) keyed by the person key: half the cost of HMAC-SHA256 here.
    """
    return blake2b(f"{campaign}\n{project}".encode(), key=person, digest_size=16).digest()

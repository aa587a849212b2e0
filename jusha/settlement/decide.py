"""Decide what each envelope of a batch means: a plain integer loop. Pure.

Reads the world and what load found, changes both and returns the batch's Changes. No
clock, no database, no chance: the same envelopes after the same world give the same
bytes. Batches of any size, one included, run the same loop.
"""

from functools import lru_cache
from hashlib import blake2b
from typing import Final

import msgspec

from jusha.inbox.envelopes import NO_PERSON, Deed, Envelope, Instruction, Order
from jusha.matching.kinds.coupon import serial_of
from jusha.merkle.encoding import encode64
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
)
from jusha.settlement.instructions import obey
from jusha.settlement.match import Gift, Moment, give_matches, row_digest
from jusha.settlement.world import NO_CAMPAIGN, Campaign, Channel, Force, Fund, Total, World
from jusha.tlog.leaves import LeafMatch, canonical, gift_leaf

SECOND_US: Final = 1_000_000
MINUTE_US: Final = 60 * SECOND_US
FUND_ASSET: Final = "CNY"
"""Funds, their money lines and pools are in yuan. Other money is held until a person has
exchanged it: one line never mixes units."""
NO_COUPON: Final = (0, 0)
NO_RULES: Final = Force([])


class UnknownChannelError(Exception):
    """A deed came through a channel that settlement was never told of."""


def decide(world: World, found: Found, batch: list[tuple[Place, Envelope]]) -> Changes:
    """Decide every envelope in its order. Raises what an envelope cannot be settled for."""
    changes = Changes(first=world.next_number, usage_found=found.usage)
    for place, envelope in batch:
        if type(envelope) is Deed:
            settle_deed(world, changes, found, envelope, place)
        elif type(envelope) is Order:
            take_order(world, changes, found, envelope, place.received_us)
        elif type(envelope) is Instruction:
            obey(world, changes, found, envelope, place.received_us)
    return changes


def settle_deed(world: World, changes: Changes, found: Found, deed: Deed, place: Place) -> None:
    """Settle one deed: a repeat changes nothing, a disagreement is held, a gift is given."""
    received_us = place.received_us
    channel = world.channels.get(deed.channel)
    if channel is None:
        raise UnknownChannelError(deed.channel)
    before = found.seen.get(deed.key)
    if before is not None:
        if before[0] != int.from_bytes(deed.body[:8], "big", signed=True):
            changes.open_case(
                world, before[1], channel, "same-id-other-body", received_us, amount=deed.amount
            )
        return
    order = found.orders.get(deed.order) if deed.order else None
    reason = disagreement(world, channel, deed, order, found, received_us)
    if reason:
        hold(world, changes, found, channel, deed, reason, received_us)
        return
    fund = world.funds_by_id[order.project] if order else world.funds[deed.project]
    give(world, changes, found, channel, deed, order, fund, place)


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
    world: World,
    changes: Changes,
    found: Found,
    channel: Channel,
    deed: Deed,
    reason: str,
    received_us: int,
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
    note(changes, found, deed, None, number)
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
    place: Place,
) -> None:
    """Book a gift and its matches, move the money line on, and write its one leaf."""
    amount, asset = deed.amount, ASSETS[deed.asset].number
    person, commitment, campaign, coupon, invite = agreed(world, deed, order)
    at_us = effective_us(channel, deed, place.received_us)
    moment = moment_of(at_us // MINUTE_US)
    force = world.in_force(campaign.id, moment.at_s) if campaign else NO_RULES
    if force.draws:
        write_digest(world, changes, place)
    number = world.next_number
    note(changes, found, deed, order, number)
    route = world.route(channel, fund, campaign, asset)
    changes.give(number, route, amount)
    shown: list[LeafMatch] = []
    matched, campaign_id, tag, invited = 0, NO_CAMPAIGN, b"", -1
    if campaign is not None:
        campaign_id = campaign.id
        gift = Gift(number, amount, campaign, route, person, moment, place, *coupon)
        if invite and campaign.friends:
            gift = befriend(changes, found, gift, invite)
            invited = gift.friend_of.number if gift.friend_of else -1
        if force.rules:
            shown, matched = give_matches(world, changes, found, gift, force.rules)
        if person != NO_PERSON:
            tag = tag_of(person, route.where)
    changes.deeds.append(
        (number, channel.id, campaign_id, fund.project, asset, amount, person, deed.order,
         place.received_us, at_us, deed.body, fund.programme_head, fund.running_head, False)
    )  # fmt: skip
    move_on(fund, route.total, amount, matched)
    world.next_number = number + 1
    changes.leaves.append(
        gift_leaf(
            route.words, number, moment.text, amount, tag, commitment, shown,
            coupon_name(world, coupon) if coupon[0] else "", invited,
            place.place if force.draws else -1,
        )
    )  # fmt: skip


def agreed(
    world: World, deed: Deed, order: KnownOrder | None
) -> tuple[bytes, bytes, Campaign | None, tuple[int, int], int]:
    """Return person, commitment, campaign, coupon and inviting gift: the order's, or the deed's.

    One tag belongs to one person key, or a stranger's count of a cap would be wrong.
    """
    if order is None:
        coupon = coupon_of(world, deed.coupon) if deed.coupon else NO_COUPON
        return deed.person, b"", world.campaigns.get(deed.campaign), coupon, deed.invite
    return (
        deed.person if order.person == NO_PERSON else order.person,
        b"" if order.commitment == NO_COMMITMENT else order.commitment,
        world.campaigns_by_id.get(order.campaign),
        (order.coupon_rule, order.coupon),
        order.invite,
    )


def note(changes: Changes, found: Found, deed: Deed, order: KnownOrder | None, number: int) -> None:
    """Remember a deed's number for its repeats, and that its order is paid."""
    body = int.from_bytes(deed.body[:8], "big", signed=True)
    found.seen[deed.key] = (body, number)
    changes.seen.append((deed.key, body, number))
    if order is not None:
        found.paid[order.no] = number
        changes.paid.append((order.no, number))


def move_on(fund: Fund, total: Total, amount: int, matched: int) -> None:
    """Move the heads of the money line and the running totals on by one gift."""
    programme, running = cut_permille(amount, fund.running_permille)
    fund.programme_head += programme
    fund.running_head += running
    total.gifts += 1
    total.donated += amount
    total.matched += matched


def befriend(changes: Changes, found: Found, gift: Gift, invite: int) -> Gift:
    """Count a gift as a new friend of the one it was invited by, if it is one.

    Friends are other persons who give to the same project in the same campaign: their
    tags differ there, so that everyone can count them.
    """
    earlier = found.deeds.get(invite) or changes.deed(invite)
    if earlier is None or earlier.held or NO_PERSON in (gift.person, earlier.person):
        return gift
    if (earlier.campaign, earlier.project) != (gift.campaign.id, gift.route.fund.project):
        return gift
    come = found.invited.setdefault(invite, set())
    if gift.person == earlier.person or gift.person in come:
        return gift
    come.add(gift.person)
    changes.invites.append((invite, gift.person, gift.number))
    return msgspec.structs.replace(gift, friend_of=earlier, friends=len(come))


def write_digest(world: World, changes: Changes, place: Place) -> None:
    """Write the digest of an inbox row before the first gift of it that may draw."""
    if world.drawn == (place.lane, place.n):
        return
    world.drawn = (place.lane, place.n)
    changes.enter(
        world,
        canonical(
            {
                "d": encode64(row_digest(place.payload)),
                "k": "draw",
                "n": world.next_number,
                "t": moment_of(place.received_us // MINUTE_US).text,
                "v": 1,
            }
        ),
    )


def coupon_of(world: World, name: str) -> tuple[int, int]:
    """Read a coupon's name as (rule family, number); NO_COUPON where it names no rule."""
    rule = world.families.get(name.rpartition(".")[0])
    serial = serial_of(name, rule.code) if rule else -1
    return (rule.family, serial) if rule and serial >= 0 else NO_COUPON


def coupon_name(world: World, coupon: tuple[int, int]) -> str:
    """Write a coupon's name as the log shows it."""
    return f"{world.rules_by_id[coupon[0]].code}.{coupon[1]}"


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
        if fund and before == known_order(world, order, fund):
            return
        code = "order-number-taken"
    elif fund is None or fund.state != "open":
        code = "unknown-project" if fund is None else "project-gone"
    elif order.campaign and campaign is None:
        code = "unknown-campaign"
    elif order.asset != FUND_ASSET:
        code = "asset-not-admitted"
    elif order.coupon and coupon_of(world, order.coupon) == NO_COUPON:
        code = "unknown-coupon"
    if code:
        if identity not in found.outcomes:
            found.outcomes.add(identity)
            changes.outcomes.append((identity, 0, code, {"order": order.no}))
        return
    assert fund is not None
    known = found.orders[order.no] = known_order(world, order, fund)
    changes.orders.append((*known[:7], received_us, *known[7:]))


def known_order(world: World, order: Order, fund: Fund) -> KnownOrder:
    """Say what an order is kept as: two that agree in all of it are the same order."""
    campaign = world.campaigns.get(order.campaign)
    return KnownOrder(
        order.no,
        fund.project,
        campaign.id if campaign else NO_CAMPAIGN,
        ASSETS[order.asset].number,
        order.amount,
        order.person,
        order.commitment or NO_COMMITMENT,
        *(coupon_of(world, order.coupon) if order.coupon else NO_COUPON),
        order.invite,
    )


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


def tag_of(person: bytes, where: bytes) -> bytes:
    """Name a person in one project of one campaign, and nowhere else (blueprint decision 9).

    `where` is a route's `where`. BLAKE2b (RFC 7693) keyed by the person key: half the cost
    of HMAC-SHA256 here.
    """
    return blake2b(where, key=person, digest_size=16).digest()

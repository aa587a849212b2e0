"""Decide what each envelope of a batch means: a plain integer loop. Pure.

Reads the world and what load found, changes both and returns the batch's Changes. No
clock, no database, no chance: the same envelopes after the same world give the same
bytes. Batches of any size, one included, run the same loop.
"""

import hmac
from functools import lru_cache
from typing import Final, NamedTuple

from jusha.campaigns.rules import admits
from jusha.inbox.envelopes import NO_PERSON, Deed, Envelope, Order
from jusha.ledger.rules import PLACES
from jusha.matching.rules import BY_NUMBER, UNBOUNDED, Given, Room, match_gift
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
from jusha.settlement.world import NO_CAMPAIGN, Campaign, Channel, Fund, Rule, Window, World
from jusha.tlog.leaves import LeafMatch, canonical, gift_leaf

SECOND_US: Final = 1_000_000
MINUTE_US: Final = 60 * SECOND_US
POOL_ASSET: Final = "CNY"
"""Pools are in yuan; gifts in other money are taken without a match."""
MATCH_PLACE: Final = 1
"""Transfer place of a gift's first match; place 0 is the gift itself."""


class MatchCase(NamedTuple):
    """One gift before one rule: all that the match depends on, but for room."""

    campaign: Campaign
    rule: Rule
    channel: Channel
    fund: Fund
    person: bytes
    minute_s: int
    amount: int


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
        else:
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
    if order is not None:
        if order.no in found.paid:
            return "order-paid"
        if ASSETS[deed.asset].number != order.asset:
            return "wrong-asset"
        if deed.amount != order.amount:
            return "wrong-amount"
        fund = world.funds_by_id.get(order.project)
        if deed.project and (fund is None or deed.project != fund.code):
            return "wrong-project"
    elif deed.order:
        return "unknown-order"
    else:
        fund = world.funds.get(deed.project)
    if fund is None:
        return "unknown-project"
    if fund.state != "open":
        return "project-gone"
    if deed.payee and deed.payee != fund.payee_code:
        return "wrong-payee"
    return beyond_rights(channel, deed, fund, received_us)


def beyond_rights(channel: Channel, deed: Deed, fund: Fund, received_us: int) -> str:
    """Say which right of the channel a deed exceeds, or "" after counting it as used."""
    terms = channel.terms
    if deed.asset not in terms.assets:
        return "asset-not-admitted"
    if terms.projects and fund.code not in terms.projects:
        return "project-not-admitted"
    if terms.gift_max and deed.amount > terms.gift_max:
        return "over-gift-limit"
    seconds = received_us // SECOND_US
    minute, day = seconds // 60, local_day(seconds)
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
                "t": leaf_minute(at_us),
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
        (number, channel.id, NO_CAMPAIGN, 0, asset, deed.amount, deed.person, deed.order)
        + (received_us, at_us, deed.body, 0, 0, True)
    )
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
    asset = ASSETS[deed.asset].number
    at_us = effective_us(channel, deed, received_us)
    book = f"charity:{fund.payee_code}"
    receivable = world.account(book, asset, "receivable", channel.code)
    changes.post(number, 0, receivable, world.account(book, asset, "fund", fund.code), deed.amount)
    # One tag belongs to one person key, or a stranger's count of a cap would be wrong.
    person = order.person if order and order.person != NO_PERSON else deed.person
    campaign = (
        world.campaigns_by_id.get(order.campaign) if order else world.campaigns.get(deed.campaign)
    )
    shown: list[LeafMatch] = []
    matched = 0
    if campaign is not None and deed.asset == POOL_ASSET:
        minute_s = at_us // MINUTE_US * 60
        for place, rule in enumerate(world.rules_in_force(campaign.id, minute_s), MATCH_PLACE):
            case = MatchCase(campaign, rule, channel, fund, person, minute_s, deed.amount)
            given, by = match(world, found, case)
            shown.append(LeafMatch(given, by, rule.pool.code, rule.name))
            if given:
                matched += given
                promise(world, changes, found, case, number, place, given, by)
    programme, running = cut_permille(deed.amount, fund.running_permille)
    changes.deeds.append(
        (number, channel.id, campaign.id if campaign else NO_CAMPAIGN, fund.project, asset)
        + (deed.amount, person, deed.order, received_us, at_us, deed.body)
        + (fund.programme_head, fund.running_head, False)
    )
    fund.programme_head += programme
    fund.running_head += running
    changes.funds.add(fund)
    total = world.total(campaign.id if campaign else NO_CAMPAIGN, fund.project, asset)
    total.gifts += 1
    total.donated += deed.amount
    total.matched += matched
    changes.totals.add(total)
    changes.channels.add(channel)
    code = campaign.code if campaign else ""
    changes.enter(
        world,
        gift_leaf(
            number=number,
            minute=leaf_minute(at_us),
            asset=deed.asset,
            amount=deed.amount,
            channel=channel.code,
            project=fund.code,
            campaign=code,
            tag=tag_of(person, code, fund.code) if campaign and person != NO_PERSON else b"",
            commitment=order.commitment if order and order.commitment != NO_COMMITMENT else b"",
            matches=shown,
        ),
    )


def match(world: World, found: Found, case: MatchCase) -> Given:
    """Decide one gift's match under one rule, from the room that each bound leaves."""
    campaign, terms = case.campaign, case.rule.terms
    if not campaign.opens_s <= case.minute_s < campaign.closes_s:
        return Given(0, "closed")
    if not admits(campaign.terms, case.channel.code, case.channel.terms.clock):
        return Given(0, "not-admitted")
    day = local_day(case.minute_s)
    has_person = case.person != NO_PERSON
    person_room = UNBOUNDED
    if terms.person_day_max and has_person:
        used = found.usage.get((campaign.id, day, case.person), 0)
        person_room = terms.person_day_max - used
    draw_max = case.channel.terms.draw_max
    window = world.windows.get((case.rule.pool.id, day))
    return match_gift(
        terms,
        case.amount,
        minute_of_day=local_minute_of_day(case.minute_s),
        has_person=has_person,
        room=Room(
            person_day=person_room,
            channel=draw_max - case.channel.drawn if draw_max else UNBOUNDED,
            window=terms.window.budget - (window.used if window else 0),
            pool=case.rule.pool.available.balance,
        ),
    )


def promise(
    world: World,
    changes: Changes,
    found: Found,
    case: MatchCase,
    number: int,
    place: int,
    amount: int,
    by: str,
) -> None:
    """Move a decided match from the pool's available money to promised(project), and count it."""
    pool = case.rule.pool
    day = local_day(case.minute_s)
    changes.post(
        number,
        place,
        pool.available,
        world.account(pool.available.book, pool.available.asset, "promised", case.fund.code),
        amount,
    )
    changes.matches.append((number * PLACES + place, pool.id, case.rule.id, amount, BY_NUMBER[by]))
    window = world.windows.get((pool.id, day))
    if window is None:
        window = world.windows[pool.id, day] = Window(pool.id, day, 0)
    # A new version may lower a budget below what the day has given: nothing is taken back.
    window.budget = max(case.rule.terms.window.budget, window.used)
    window.used += amount
    changes.windows.add(window)
    if case.person != NO_PERSON:
        key = (case.campaign.id, day, case.person)
        found.usage[key] = changes.usage[key] = found.usage.get(key, 0) + amount
    if case.channel.terms.draw_max:
        case.channel.drawn += amount


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
def _minute(minute: int) -> str:
    return minute_text(minute * 60)


def leaf_minute(at_us: int) -> str:
    """Write the minute a leaf shows."""
    return _minute(at_us // MINUTE_US)


def tag_of(person: bytes, campaign: str, project: str) -> bytes:
    """Name a person in one project of one campaign, and nowhere else (blueprint decision 9)."""
    return hmac.digest(person, f"{campaign}\n{project}".encode(), "sha256")[:16]

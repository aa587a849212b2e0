"""Find what one batch of envelopes needs to know, by a fixed number of set queries.

The number of statements does not depend on the number of envelopes: a batch of five
thousand asks what a batch of one asks, with longer arrays.
"""

from collections.abc import Iterator
from typing import Any, Final

from psycopg import Connection

from jusha.inbox.envelopes import NO_PERSON, Deed, Envelope, Instruction, Order
from jusha.ledger.rules import PLACES
from jusha.money.clock import day_number, local_day
from jusha.settlement.changes import Changes, Found, KnownDeed, KnownMatch, KnownOrder, Place
from jusha.settlement.decide import NO_COUPON, SECOND_US, coupon_of, effective_us
from jusha.settlement.find_step import read_step
from jusha.settlement.find_usage import read_usage
from jusha.settlement.pack import int4s, int8s, uuids
from jusha.settlement.world import World

NUMBER_MAX: Final = 1 << 59
"""Entry numbers are below this, so that number x 16 + place fits 63 bits."""

SEEN_SQL: Final = """
SELECT uuid_send(s.key), s.body, s.number
FROM unnest(%s) AS k (key) JOIN giving_seen s ON s.key = k.key"""

ORDERS_SQL: Final = """
SELECT o.no, o.project, o.campaign, o.asset, o.amount, uuid_send(o.person), o.commitment,
       o.coupon_rule, o.coupon, o.invite, p.number
FROM unnest(%s) AS k (no)
JOIN payments_order o ON o.no = k.no
LEFT JOIN payments_paid p ON p.order_no = k.no"""

OUTCOMES_SQL: Final = """
SELECT uuid_send(o.id) FROM unnest(%s) AS k (id) JOIN settlement_outcome o ON o.id = k.id"""

DEEDS_SQL: Final = """
SELECT d.number, d.channel, d.campaign, d.project, d.asset, d.amount,
       (extract(epoch FROM d.effective_at) * 1000000)::bigint, d.programme_at, d.running_at,
       d.held, coalesce(r.amount, 0)::bigint, coalesce(r.matched, 0)::bigint, uuid_send(d.person),
       b.number IS NOT NULL, coalesce(s.amount, 0)::bigint, coalesce(m.pools, '{}'),
       coalesce(m.amounts, '{}'), coalesce(m.rules, '{}'), coalesce(m.places, '{}')
FROM unnest(%s) AS k (number)
JOIN giving_deed d ON d.number = k.number
LEFT JOIN LATERAL (SELECT sum(amount) AS amount, sum(matched) AS matched
                   FROM giving_refund WHERE deed = d.number) r ON true
LEFT JOIN LATERAL (SELECT sum(amount) AS amount FROM giving_repaid WHERE deed = d.number) s ON true
LEFT JOIN matching_clawback b ON b.deed = d.number
LEFT JOIN LATERAL (SELECT array_agg(pool ORDER BY id) AS pools,
                          array_agg(amount ORDER BY id) AS amounts,
                          array_agg(rule ORDER BY id) AS rules,
                          array_agg((id & 15)::integer ORDER BY id) AS places
                   FROM matching_match
                   WHERE id >= d.number * 16 AND id < (d.number + 1) * 16) m ON true"""

DAY_USAGE_SQL: Final = """
SELECT uuid_send(person), matched FROM matching_usage WHERE campaign = %s AND day = %s"""


COUPONS_SQL: Final = """
SELECT c.rule, c.serial FROM unnest(%s, %s) AS k (rule, serial)
JOIN matching_coupon c ON c.rule = k.rule AND c.serial = k.serial"""

INVITES_SQL: Final = """
SELECT i.gift, uuid_send(i.person) FROM unnest(%s) AS k (gift)
JOIN matching_invite i ON i.gift = k.gift"""

ABOUT_DEEDS: Final = frozenset(
    {"refund", "refund-sent", "residue", "claw-back", "hold-match", "let-match"}
)
"""Kinds of instruction that name a deed."""

LOOKS_BACK: Final = ABOUT_DEEDS | {"seal", "close-claims", "begin-notice"}
"""Kinds of instruction that read deeds and days: what is decided must be stored before them."""

ALONE: Final = frozenset({"close-claims", "begin-notice"})
"""Kinds that read what the envelopes before them in the same batch may have written."""

APART: Final = ALONE | {"publish-rule"}
"""These, and those after which more must be read for the envelopes behind them."""


def looks_back(batch: list[tuple[Place, Envelope]]) -> bool:
    """Say whether a batch can only be decided when everything before it is stored."""
    return any(type(e) is Instruction and e.kind in LOOKS_BACK for _, e in batch)


def find(
    connection: Connection[Any],
    world: World,
    batch: list[tuple[Place, Envelope]],
    *,
    before: Changes | None = None,
) -> Found:
    """Read what the batch refers to.

    `before` are the changes of the batch in front of this one, when they are decided but
    perhaps not stored yet: they lie over what is read. Raises psycopg.Error.

    Reads: giving_seen, payments_order, payments_paid, matching_usage, settlement_outcome,
    giving_deed, giving_refund, giving_repaid, matching_match, matching_clawback, matching_coupon,
    matching_invite, matching_claim. Writes nothing.
    """
    found = Found()
    deeds = [(place, e) for place, e in batch if type(e) is Deed]
    orders = [e for _, e in batch if type(e) is Order]
    instructions = [e for _, e in batch if type(e) is Instruction]
    _find_seen(connection, found, [deed for _, deed in deeds])
    _find_orders(connection, found, [d.order for _, d in deeds if d.order], orders)
    if before is not None:
        _lay_over(found, before)
    ordered = {order.no: order for order in orders}
    _find_coupons(connection, world, found, [deed for _, deed in deeds], ordered)
    invites = _invites(found, [deed for _, deed in deeds], ordered)
    if invites:
        _find_invites(connection, found, invites, before)
    _find_usage(connection, world, found, deeds, ordered, invited=bool(invites))
    ids = [i.id for i in instructions] + [order.no.to_bytes(16, "big") for order in orders]
    if ids:
        rows = connection.execute(OUTCOMES_SQL, (uuids(ids),), binary=True)
        found.outcomes.update(row[0] for row in rows)
    _find_for_instructions(connection, world, found, instructions)
    if len(batch) == 1 and instructions and instructions[0].kind in ALONE:
        found.chunk, found.claims_waiting = read_step(connection, world, found, instructions[0])
    return found


def apart(batch: list[tuple[Place, Envelope]]) -> Iterator[list[tuple[Place, Envelope]]]:
    """Cut a batch so that each envelope that stands apart is a part of its own."""
    part: list[tuple[Place, Envelope]] = []
    for place, envelope in batch:
        if type(envelope) is Instruction and envelope.kind in APART:
            if part:
                yield part
            yield [(place, envelope)]
            part = []
        else:
            part.append((place, envelope))
    if part:
        yield part


def _lay_over(found: Found, before: Changes) -> None:
    """Add what the batch in front decided; it is newer than anything stored.

    A use of a cap that `before` changed needs no row: _find_usage does not ask for it.
    """
    found.seen.update({key: (body, number) for key, body, number in before.seen})
    found.orders.update({row[0]: KnownOrder(*row[:7], *row[8:]) for row in before.orders})
    found.paid.update(before.paid)
    found.usage.update(before.usage)
    found.outcomes.update(outcome[0] for outcome in before.outcomes)
    found.coupons.update((rule, serial) for rule, serial, _ in before.coupons)


def _find_seen(connection: Connection[Any], found: Found, deeds: list[Deed]) -> None:
    if not deeds:
        return
    rows = connection.execute(SEEN_SQL, (uuids([deed.key for deed in deeds]),), binary=True)
    found.seen = {key: (body, number) for key, body, number in rows}


def _find_orders(
    connection: Connection[Any], found: Found, referred: list[int], orders: list[Order]
) -> None:
    numbers = referred + [order.no for order in orders]
    if not numbers:
        return
    for row in connection.execute(ORDERS_SQL, (int8s(sorted(set(numbers))),), binary=True):
        found.orders[row[0]] = KnownOrder(*row[:10])
        if row[10] is not None:
            found.paid[row[0]] = row[10]


def _find_usage(
    connection: Connection[Any],
    world: World,
    found: Found,
    deeds: list[tuple[Place, Deed]],
    ordered: dict[int, Order],
    *,
    invited: bool,
) -> None:
    """Ask for the use of every (campaign, day, person) that a deed may count against.

    `invited`: some deed names a gift that invited to it, whose donor it may count for too.
    """
    wanted: set[tuple[int, int, bytes]] = set()
    ahead = False
    for place, deed in deeds:
        channel = world.channels.get(deed.channel)
        if channel is None or deed.key in found.seen:
            continue
        campaign, person = _campaign_and_person(world, found, ordered, deed)
        if not campaign:
            continue
        at_us = effective_us(channel, deed, place.received_us)
        day = local_day(at_us // SECOND_US)
        if person != NO_PERSON:
            wanted.add((campaign, day, person))
        if not invited:
            continue
        invite = _invite_of(found, ordered, deed)
        ahead |= invite >= world.next_number
        earlier = found.deeds.get(invite) if invite else None
        if earlier is not None and earlier.person != NO_PERSON:  # a friend's gift counts for it
            wanted.add((campaign, day, earlier.person))
    if ahead:  # some gift was invited by one of this very batch, whichever that will be
        days = {(campaign, day) for campaign, day, _ in wanted}
        wanted = {(*on, person) for on in days for _, _, person in wanted}
    read_usage(connection, world, found, wanted)


def _invite_of(found: Found, ordered: dict[int, Order], deed: Deed) -> int:
    known = found.orders.get(deed.order) or ordered.get(deed.order)
    return known.invite if known else deed.invite


def _find_coupons(
    connection: Connection[Any],
    world: World,
    found: Found,
    deeds: list[Deed],
    ordered: dict[int, Order],
) -> None:
    """Find which of the batch's coupons were used before."""
    known = found.orders.values()
    coupons = {(order.coupon_rule, order.coupon) for order in known if order.coupon_rule}
    names = [deed.coupon for deed in deeds] + [order.coupon for order in ordered.values()]
    coupons.update(coupon_of(world, name) for name in names if name)
    coupons -= found.coupons | {NO_COUPON}
    if coupons:
        rules, serials = zip(*sorted(coupons), strict=True)
        rows = connection.execute(COUPONS_SQL, (int4s(rules), int8s(serials)), binary=True)
        found.coupons.update(rows.fetchall())


def _invites(found: Found, deeds: list[Deed], ordered: dict[int, Order]) -> set[int]:
    """Return the numbers of all gifts that a deed or order names as inviting."""
    invites = {deed.invite for deed in deeds}
    invites.update(order.invite for order in found.orders.values())
    invites.update(order.invite for order in ordered.values())
    return {number for number in invites if 0 < number < NUMBER_MAX}


def _find_invites(
    connection: Connection[Any], found: Found, invites: set[int], before: Changes | None
) -> None:
    """Find the gifts that invited to others, and who has come by them."""
    for number, person in connection.execute(INVITES_SQL, (int8s(sorted(invites)),), binary=True):
        found.invited.setdefault(number, set()).add(person)
    _read_deeds(connection, found, invites)
    if before is not None:
        for number, person, _ in before.invites:
            if number in invites:
                found.invited.setdefault(number, set()).add(person)
        _lay_deeds_over(found, invites, before)


def _lay_deeds_over(found: Found, numbers: set[int], before: Changes) -> None:
    """Add what the batch in front made of gifts that this one refers to."""
    refunded = {row[1] for row in before.refunds} | {row[1] for row in before.clawbacks}
    for number in numbers:
        known = before.deed(number)
        if known is None and number in found.deeds:
            later = [row for row in before.later_matches if row[0] // PLACES == number]
            known = found.deeds[number]
            more = (
                KnownMatch(pool, sum_, rule, id_ % PLACES) for id_, pool, rule, sum_, _ in later
            )
            known = known._replace(matches=(*known.matches, *more))
        if known is not None:
            found.deeds[number] = known._replace(clawed=True) if number in refunded else known


def _read_deeds(connection: Connection[Any], found: Found, numbers: set[int]) -> None:
    for row in connection.execute(DEEDS_SQL, (int8s(sorted(numbers)),), binary=True):
        matches = tuple(map(KnownMatch._make, zip(*row[15:19], strict=True)))
        found.deeds[row[0]] = KnownDeed._make((*row[:11], matches, *row[11:15]))


def _campaign_and_person(
    world: World, found: Found, ordered: dict[int, Order], deed: Deed
) -> tuple[int, bytes]:
    person = deed.person
    known = found.orders.get(deed.order) if deed.order else None
    if known is not None:
        return known.campaign, known.person if known.person != NO_PERSON else person
    fresh = ordered.get(deed.order) if deed.order else None
    code = fresh.campaign if fresh else deed.campaign
    if fresh and fresh.person != NO_PERSON:
        person = fresh.person
    campaign = world.campaigns.get(code)
    return (campaign.id if campaign else 0), person


def _find_for_instructions(
    connection: Connection[Any], world: World, found: Found, instructions: list[Instruction]
) -> None:
    sent_back = {
        number
        for instruction in instructions
        if instruction.kind in ABOUT_DEEDS
        and isinstance(number := instruction.body.get("deed"), int)
        and 0 <= number < NUMBER_MAX
    }
    if sent_back:
        _read_deeds(connection, found, sent_back)
    for instruction in instructions:
        campaign = world.campaigns.get(str(instruction.body.get("campaign", "")))
        day = instruction.body.get("day")
        if instruction.kind == "seal" and campaign and isinstance(day, str) and day:
            try:
                number = day_number(day)
            except ValueError:
                continue  # the handler refuses it with a reason
            rows = connection.execute(DAY_USAGE_SQL, (campaign.id, number), binary=True)
            found.day_usage[campaign.id, number] = dict(rows.fetchall())

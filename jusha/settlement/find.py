"""Find what one batch of envelopes needs to know, by a fixed number of set queries.

The number of statements does not depend on the number of envelopes: a batch of five
thousand asks what a batch of one asks, with longer arrays.
"""

from typing import Any, Final

from psycopg import Connection

from jusha.inbox.envelopes import NO_PERSON, Deed, Envelope, Instruction, Order
from jusha.money.clock import day_number, local_day
from jusha.settlement.changes import Changes, Found, KnownDeed, KnownOrder, Place
from jusha.settlement.decide import SECOND_US, effective_us
from jusha.settlement.pack import int4s, int8s, uuids
from jusha.settlement.world import World

SEEN_SQL: Final = """
SELECT uuid_send(s.key), s.body, s.number
FROM unnest(%s) AS k (key) JOIN giving_seen s ON s.key = k.key"""

ORDERS_SQL: Final = """
SELECT o.no, o.project, o.campaign, o.asset, o.amount, uuid_send(o.person), o.commitment, p.number
FROM unnest(%s) AS k (no)
JOIN payments_order o ON o.no = k.no
LEFT JOIN payments_paid p ON p.order_no = k.no"""

USAGE_SQL: Final = """
SELECT u.campaign, u.day, uuid_send(u.person), u.matched
FROM unnest(%s, %s, %s) AS k (campaign, day, person)
JOIN matching_usage u ON u.campaign = k.campaign AND u.day = k.day AND u.person = k.person"""

OUTCOMES_SQL: Final = """
SELECT uuid_send(o.id) FROM unnest(%s) AS k (id) JOIN settlement_outcome o ON o.id = k.id"""

DEEDS_SQL: Final = """
SELECT d.number, d.channel, d.campaign, d.project, d.asset, d.amount,
       (extract(epoch FROM d.effective_at) * 1000000)::bigint, d.programme_at, d.running_at,
       d.held, coalesce(r.amount, 0)::bigint, coalesce(m.pools, '{}'), coalesce(m.amounts, '{}'),
       coalesce(r.matched, 0)::bigint
FROM unnest(%s) AS k (number)
JOIN giving_deed d ON d.number = k.number
LEFT JOIN LATERAL (SELECT sum(amount) AS amount, sum(matched) AS matched
                   FROM giving_refund WHERE deed = d.number) r ON true
LEFT JOIN LATERAL (SELECT array_agg(pool ORDER BY id) AS pools,
                          array_agg(amount ORDER BY id) AS amounts
                   FROM matching_match
                   WHERE id >= d.number * 16 AND id < (d.number + 1) * 16) m ON true"""

DAY_USAGE_SQL: Final = """
SELECT uuid_send(person), matched FROM matching_usage WHERE campaign = %s AND day = %s"""


LOOKS_BACK: Final = frozenset({"refund", "seal"})
"""Kinds of instruction that read deeds and days: what is decided must be stored before them."""


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
    giving_deed, giving_refund, matching_match. Writes nothing.
    """
    found = Found()
    deeds = [(place, e) for place, e in batch if type(e) is Deed]
    orders = [e for _, e in batch if type(e) is Order]
    instructions = [e for _, e in batch if type(e) is Instruction]
    _find_seen(connection, found, [deed for _, deed in deeds])
    _find_orders(connection, found, [d.order for _, d in deeds if d.order], orders)
    if before is not None:
        _lay_over(found, before)
    _find_usage(connection, world, found, deeds, {order.no: order for order in orders})
    ids = [i.id for i in instructions] + [order.no.to_bytes(16, "big") for order in orders]
    if ids:
        rows = connection.execute(OUTCOMES_SQL, (uuids(ids),), binary=True)
        found.outcomes.update(row[0] for row in rows)
    _find_for_instructions(connection, world, found, instructions)
    return found


def _lay_over(found: Found, before: Changes) -> None:
    """Add what the batch in front decided; it is newer than anything stored.

    A use of a cap that `before` changed needs no row: _find_usage does not ask for it.
    """
    found.seen.update({key: (body, number) for key, body, number in before.seen})
    found.orders.update({row[0]: KnownOrder(*row[:7]) for row in before.orders})
    found.paid.update(before.paid)
    found.usage.update(before.usage)
    found.outcomes.update(outcome[0] for outcome in before.outcomes)


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
        found.orders[row[0]] = KnownOrder(*row[:7])
        if row[7] is not None:
            found.paid[row[0]] = row[7]


def _find_usage(
    connection: Connection[Any],
    world: World,
    found: Found,
    deeds: list[tuple[Place, Deed]],
    ordered: dict[int, Order],
) -> None:
    """Ask for the use of every (campaign, day, person) that a deed may count against."""
    wanted: set[tuple[int, int, bytes]] = set()
    for place, deed in deeds:
        channel = world.channels.get(deed.channel)
        if channel is None or deed.key in found.seen:
            continue
        campaign, person = _campaign_and_person(world, found, ordered, deed)
        if campaign and person != NO_PERSON:
            at_us = effective_us(channel, deed, place.received_us)
            wanted.add((campaign, local_day(at_us // SECOND_US), person))
    wanted -= found.usage.keys()
    if wanted:
        keys = sorted(wanted)
        campaigns, days, persons = zip(*keys, strict=True)
        for campaign, day, person, matched in connection.execute(
            USAGE_SQL, (int4s(campaigns), int4s(days), uuids(persons)), binary=True
        ):
            found.usage[campaign, day, person] = matched


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
    refunded = [
        number
        for instruction in instructions
        if instruction.kind == "refund"
        and isinstance(number := instruction.body.get("deed"), int)
        and 0 <= number < 1 << 62
    ]
    if refunded:
        for row in connection.execute(DEEDS_SQL, (int8s(sorted(set(refunded))),), binary=True):
            matches = tuple(zip(row[11], row[12], strict=True))
            found.deeds[row[0]] = KnownDeed._make((*row[:11], matches, row[13]))
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

"""What must become of deeds and orders, in the slowest and plainest form: dictionaries, one by one.

Knows one channel ("partner"), one campaign with one 1:1 rule, two projects, and takes a gift
without a person. It shares no code with settlement.
"""

from collections import Counter
from dataclasses import dataclass

from jusha.inbox.envelopes import NO_PERSON, Deed, Envelope, Instruction, Order

DAY = 86_400
SHANGHAI = 8 * 3600


@dataclass(frozen=True, kw_only=True)
class Bounds:
    """What cuts a match, in the smallest unit."""

    pool: int
    window: int
    person_day: int
    channel: int


def settle(
    envelopes: list[Envelope], bounds: Bounds, projects: tuple[str, ...]
) -> list[tuple[str, int, str]]:
    """Say of each entry, in order: ("don", matched, by) or ("held", amount, why)."""
    seen, paid, orders = set[bytes](), set[int](), dict[int, Order]()
    used, window, given, told = Counter[object](), Counter[int](), 0, list[tuple[str, int, str]]()
    for envelope in envelopes:
        if isinstance(envelope, Order):
            if envelope.project in projects:
                orders.setdefault(envelope.no, envelope)
            continue
        if isinstance(envelope, Instruction) or envelope.channel != "partner":
            continue
        if envelope.key in seen:
            continue
        seen.add(envelope.key)
        order = orders.get(envelope.order)
        if why := _why_held(envelope, order, paid, projects):
            told.append(("held", envelope.amount, why))
            continue
        if order:
            paid.add(order.no)
        person = order.person if order and order.person != NO_PERSON else envelope.person
        day = (envelope.paid_at + SHANGHAI) // DAY
        left = {"rule": envelope.amount}
        if person != NO_PERSON:
            left["person-day"] = bounds.person_day - used[person, day]
        left["channel"] = bounds.channel - given
        left["window"] = bounds.window - window[day]
        left["pool"] = bounds.pool - given
        by = min(left, key=lambda name: left[name])  # the first of the smallest
        given += left[by]
        window[day] += left[by]
        used[person, day] += left[by]
        told.append(("don", left[by], by))
    return told


def _why_held(deed: Deed, order: Order | None, paid: set[int], projects: tuple[str, ...]) -> str:
    if deed.order and order is None:
        return "unknown-order"
    if order is None:
        return "" if deed.project in projects else "unknown-project"
    if order.no in paid:
        return "order-paid"
    if deed.amount != order.amount:
        return "wrong-amount"
    return "wrong-project" if deed.project not in {"", order.project} else ""

"""What one batch decided, as the sets that write.py stores. Pure.

Rows are tuples in the column order of their table, so that a batch of one and a
batch of five thousand are written by the same few statements.
"""

from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from jusha.inbox.envelopes import Order
from jusha.ledger.rules import PLACES
from jusha.settlement.world import (
    Account,
    Campaign,
    Channel,
    Fund,
    Pool,
    Route,
    Rule,
    Total,
    Window,
    World,
)

NO_COMMITMENT: Final = bytes(32)
"""Stands in payments_order where an order has no private record."""


class Place(NamedTuple):
    """Where an envelope stood in the inbox, and when its row became durable."""

    lane: int
    n: int
    place: int
    received_us: int


class KnownOrder(NamedTuple):
    """An order as settlement stored it."""

    no: int
    project: int
    campaign: int
    asset: int
    amount: int
    person: bytes
    commitment: bytes


class KnownDeed(NamedTuple):
    """A settled deed with what was matched and refunded of it so far."""

    number: int
    channel: int
    campaign: int
    project: int
    asset: int
    amount: int
    effective_us: int
    programme_at: int
    running_at: int
    held: bool
    refunded: int
    matches: tuple[tuple[int, int], ...]
    """(pool, amount) of each match."""
    matched_returned: int


@dataclass(slots=True)
class Found:
    """What find.py read for one batch, and what the batch itself has added since."""

    seen: dict[bytes, tuple[int, int]] = field(default_factory=dict)
    """By deed key: (first 8 bytes of the body's hash, number)."""
    orders: dict[int, KnownOrder] = field(default_factory=dict)
    paid: dict[int, int] = field(default_factory=dict)
    usage: dict[tuple[int, int, bytes], int] = field(default_factory=dict)
    """By (campaign, day, person): what was matched."""
    deeds: dict[int, KnownDeed] = field(default_factory=dict)
    outcomes: set[bytes] = field(default_factory=set)
    day_usage: dict[tuple[int, int], dict[bytes, int]] = field(default_factory=dict)
    """By (campaign, day), for day seals: what each person was matched."""


@dataclass(slots=True)
class Changes:
    """One batch's decisions. Sets of touched objects are written with their new values."""

    first: int
    leaves: list[bytes] = field(default_factory=list)
    deeds: list[tuple[Any, ...]] = field(default_factory=list)
    transfers: list[tuple[int, int, int, int]] = field(default_factory=list)
    matches: list[tuple[int, int, int, int, int]] = field(default_factory=list)
    seen: list[tuple[bytes, int, int]] = field(default_factory=list)
    paid: list[tuple[int, int]] = field(default_factory=list)
    orders: list[tuple[Any, ...]] = field(default_factory=list)
    cases: list[tuple[Any, ...]] = field(default_factory=list)
    refunds: list[tuple[int, int, int, int, str]] = field(default_factory=list)
    voids: list[tuple[int, int, int, int, int]] = field(default_factory=list)
    outcomes: list[tuple[bytes, int, str, dict[str, Any]]] = field(default_factory=list)
    stuck: list[tuple[int, int, int, str, int]] = field(default_factory=list)
    tables: list[tuple[bytes, int, bytes]] = field(default_factory=list)
    usage: dict[tuple[int, int, bytes], int] = field(default_factory=dict)
    usage_new: set[tuple[int, int, bytes]] = field(default_factory=set)
    """Keys of `usage` that have no row yet."""
    accounts: set[Account] = field(default_factory=set)
    funds: set[Fund] = field(default_factory=set)
    windows: set[Window] = field(default_factory=set)
    totals: set[Total] = field(default_factory=set)
    channels: set[Channel] = field(default_factory=set)
    routes: set[Route] = field(default_factory=set)
    """Ways that gifts took: everything on them was touched (see `touched`)."""
    new_channels: list[Channel] = field(default_factory=list)
    new_payees: list[tuple[int, str, int]] = field(default_factory=list)
    new_campaigns: list[Campaign] = field(default_factory=list)
    new_pools: list[Pool] = field(default_factory=list)
    new_rules: list[Rule] = field(default_factory=list)

    def give(self, number: int, route: Route, amount: int) -> None:
        """Move a gift's amount along its route, as the entry's first transfer."""
        self.transfers.append((number * PLACES, route.receivable.id, route.restricted.id, amount))
        route.receivable.debits += amount
        route.restricted.credits += amount
        self.routes.add(route)

    def touched(self) -> None:
        """Add what lies on the routes to the sets of touched objects, once for all gifts."""
        for route in self.routes:
            self.accounts.update((route.receivable, route.restricted))
            self.channels.add(route.channel)
            self.funds.add(route.fund)
            self.totals.add(route.total)

    def post(self, number: int, place: int, debit: Account, credit: Account, amount: int) -> None:
        """Move an amount between two accounts of one book and one asset."""
        assert debit.book == credit.book, "a transfer never leaves its book"
        assert debit.asset == credit.asset, "a transfer has one asset"
        assert 0 <= place < PLACES, "an entry has sixteen transfer places"
        self.transfers.append((number * PLACES + place, debit.id, credit.id, amount))
        debit.debits += amount
        credit.credits += amount
        self.accounts.add(debit)
        self.accounts.add(credit)

    def enter(self, world: World, leaf: bytes) -> int:
        """Take the next entry number for a leaf that was written with it."""
        number = world.next_number
        self.leaves.append(leaf)
        world.next_number += 1
        return number

    def open_case(
        self, world: World, number: int, channel: Channel, reason: str, at_us: int, **detail: object
    ) -> None:
        """Leave something to a person: `number` is the deed it is about, 0 if none was made."""
        self.cases.append((world.next_case, number, channel.id, reason, detail, at_us))
        world.next_case += 1


def keep_order(found: Found, order: Order, project: int, campaign: int, asset: int) -> KnownOrder:
    """Remember an order of this very batch, so that a deed behind it finds it."""
    known = KnownOrder(
        order.no,
        project,
        campaign,
        asset,
        order.amount,
        order.person,
        order.commitment or NO_COMMITMENT,
    )
    found.orders[order.no] = known
    return known

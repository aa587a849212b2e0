"""What one batch decided, as the sets that write.py stores. Pure.

Rows are tuples in the column order of their table, so that a batch of one and a
batch of five thousand are written by the same few statements.
"""

from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

import msgspec

from jusha.ledger.rules import PLACES
from jusha.settlement.world import (
    Account,
    Campaign,
    Channel,
    Closing,
    Fund,
    Pool,
    Route,
    Rule,
    Seed,
    Total,
    Window,
    World,
)

NO_COMMITMENT: Final = bytes(32)
"""Stands in payments_order where an order has no private record."""


class Place(msgspec.Struct, frozen=True, gc=False):
    """Where an envelope stood in the inbox, and when its row became durable."""

    lane: int
    n: int
    place: int
    received_us: int
    payload: bytes = b""
    """The whole row, whose digest draws depend on."""


class KnownOrder(NamedTuple):
    """An order as settlement stored it."""

    no: int
    project: int
    campaign: int
    asset: int
    amount: int
    person: bytes
    commitment: bytes
    coupon_rule: int
    """Family of the coupon's rule, 0 without a coupon."""
    coupon: int
    invite: int


class KnownMatch(NamedTuple):
    """A match as a refund or an invited friend finds it; `place` is its transfer place."""

    pool: int
    amount: int
    rule: int
    place: int


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
    matches: tuple[KnownMatch, ...]
    matched_returned: int
    person: bytes
    clawed: bool
    """Whether its matches were taken back."""
    repaid: int
    """How much of what was refunded is owed no longer: it reached the donor, or was residue."""

    @property
    def whole(self) -> bool:
        """Whether nothing of it was refunded or taken back."""
        return not self.refunded and not self.clawed


@dataclass(slots=True)
class Found:
    """What find.py read for one batch, and what the batch itself has added since."""

    seen: dict[bytes, tuple[int, int]] = field(default_factory=dict)
    """By deed key: (first 8 bytes of the body's hash, number)."""
    orders: dict[int, KnownOrder] = field(default_factory=dict)
    paid: dict[int, int] = field(default_factory=dict)
    usage: dict[tuple[int, int, bytes], int] = field(default_factory=dict)
    """By (campaign, day, person): what was matched before the batch."""
    deeds: dict[int, KnownDeed] = field(default_factory=dict)
    outcomes: set[bytes] = field(default_factory=set)
    day_usage: dict[tuple[int, int], dict[bytes, int]] = field(default_factory=dict)
    """By (campaign, day), for day seals: what each person was matched."""
    campaign_usage: dict[tuple[int, bytes], int] = field(default_factory=dict)
    """By (campaign, person), where a cap asks for it: what was counted on all days."""
    coupons: set[tuple[int, int]] = field(default_factory=set)
    """(rule family, number) of coupons that were used."""
    invited: dict[int, set[bytes]] = field(default_factory=dict)
    """By the inviting gift's number: who has come."""
    claims_waiting: int = 0
    """For a pool's notice: how many of its claims are not paid."""
    chunk: "Chunk | None" = None
    """For a step of a closing: what it pays next."""


class Claim(NamedTuple):
    """A claim to be paid, of a gift with no refund or claw-back."""

    id: int
    project: int
    amount: int


class Vote(NamedTuple):
    """A project's standing in a quadratic round: sum of roots, and of their squares."""

    project: int
    votes: int
    spent: int


class Earlier(NamedTuple):
    """A gift that a rule reaches back to."""

    number: int
    channel: int
    project: int
    amount: int
    effective_us: int
    person: bytes


class Chunk(NamedTuple):
    """One step of a closing, as find.py read it.

    `opened` is the closing's state when this step is its first: settlement knows none yet.
    """

    opened: Closing | None = None
    claims: tuple[Claim, ...] = ()
    votes: tuple[Vote, ...] = ()
    gifts: tuple[Earlier, ...] = ()
    last: bool = True


@dataclass(slots=True)
class Changes:
    """One batch's decisions. Sets of touched objects are written with their new values."""

    first: int
    leaves: list[bytes] = field(default_factory=list)
    deeds: list[tuple[Any, ...]] = field(default_factory=list)
    transfers: list[tuple[int, int, int, int]] = field(default_factory=list)
    matches: list[tuple[int, int, int, int, int]] = field(default_factory=list)
    """Matches decided with their gift, in the order of ids."""
    later_matches: list[tuple[int, int, int, int, int]] = field(default_factory=list)
    """Matches decided after their gift: shares, multipliers, retroactive ones."""
    claims: list[tuple[int, int, int, int, int]] = field(default_factory=list)
    """(rule, slice, id, project, amount)."""
    coupons: list[tuple[int, int, int]] = field(default_factory=list)
    invites: list[tuple[int, bytes, int]] = field(default_factory=list)
    clawbacks: list[tuple[int, int, int, str]] = field(default_factory=list)
    reviews: list[tuple[int, int, int, bool, str]] = field(default_factory=list)
    """(number, deed, project, whether its match is held from now on, why)."""
    releases: list[tuple[int, int, int, int, int, int]] = field(default_factory=list)
    """(number, pool, project, amount, programme_at, running_at)."""
    pools: set[Pool] = field(default_factory=set)
    seeds: set[Seed] = field(default_factory=set)
    closings: set[Closing] = field(default_factory=set)
    seen: list[tuple[bytes, int, int]] = field(default_factory=list)
    paid: list[tuple[int, int]] = field(default_factory=list)
    orders: list[tuple[Any, ...]] = field(default_factory=list)
    cases: list[tuple[Any, ...]] = field(default_factory=list)
    refunds: list[tuple[int, int, int, int, str]] = field(default_factory=list)
    repaid: list[tuple[int, int, int, str, int, bytes]] = field(default_factory=list)
    """(number, deed, amount, the rail's own name of it, 0, no words); of residue the name of the
    decision, the receiving charity and the hash of its words."""
    voids: list[tuple[int, int, int, int, int]] = field(default_factory=list)
    expenses: list[tuple[Any, ...]] = field(default_factory=list)
    outcomes: list[tuple[bytes, int, str, dict[str, Any]]] = field(default_factory=list)
    stuck: list[tuple[int, int, int, str, int]] = field(default_factory=list)
    tables: list[tuple[bytes, int, bytes]] = field(default_factory=list)
    usage: dict[tuple[int, int, bytes], int] = field(default_factory=dict)
    """By (campaign, day, person): the new sums of those that the batch used."""
    usage_found: Mapping[tuple[int, int, bytes], int] = field(default_factory=dict)
    """What `usage` starts from; a key that is not in it has no row yet."""
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

    def deed(self, number: int) -> KnownDeed | None:
        """Find a deed that this very batch settled, so that batches of any size see the same."""
        at = bisect_left(self.deeds, number, key=lambda row: int(row[0]))
        if at == len(self.deeds) or self.deeds[at][0] != number:
            return None
        _, channel, campaign, project, asset, amount, person, *_ = row = self.deeds[at]
        first = bisect_left(self.matches, number * PLACES, key=lambda match: match[0])
        after = bisect_left(self.matches, (number + 1) * PLACES, key=lambda match: match[0])
        later = [match for match in self.later_matches if match[0] // PLACES == number]
        return KnownDeed(
            number=number,
            channel=channel,
            campaign=campaign,
            project=project,
            asset=asset,
            amount=amount,
            effective_us=row[9],
            programme_at=row[11],
            running_at=row[12],
            held=row[13],
            refunded=0,
            matches=tuple(
                KnownMatch(pool, matched, rule, id_ % PLACES)
                for id_, pool, rule, matched, _bound in (*self.matches[first:after], *later)
            ),
            matched_returned=0,
            person=person,
            clawed=False,
            repaid=0,
        )

    def used(self, campaign: int, day: int, person: bytes) -> int:
        """Return what was matched to a person on a day so far, this batch included."""
        key = (campaign, day, person)
        return self.usage.get(key) or self.usage_found.get(key, 0)

    def open_case(
        self, world: World, number: int, channel: Channel, reason: str, at_us: int, **detail: object
    ) -> None:
        """Leave something to a person: `number` is the deed it is about, 0 if none was made."""
        self.cases.append((world.next_case, number, channel.id, reason, detail, at_us))
        world.next_case += 1

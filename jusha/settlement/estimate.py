"""Settlement without a database: the very same decide, over what is kept in memory. Pure.

A rule that is tried before it is published must be judged by the function that will
settle it. So nothing is decided here: this module only stands in for find.py and write.py,
and a test holds the entries of both ways against each other, byte for byte.
"""

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Final

import msgspec

from jusha.inbox.envelopes import NO_PERSON, Deed, Envelope, Instruction, Order
from jusha.ledger.rules import PLACES
from jusha.matching.kinds.quadratic import Quadratic, votes_and_credits
from jusha.matching.kinds.shares import NO_CUT_OFF, cut_off_of, shared_budget
from jusha.matching.rules import shares_all
from jusha.money.clock import day_number, minute_seconds
from jusha.settlement.changes import (
    Changes,
    Chunk,
    Claim,
    Earlier,
    Found,
    KnownDeed,
    KnownMatch,
    Place,
    Vote,
)
from jusha.settlement.closing import (
    CLAIMS_A_STEP,
    GIFTS_A_STEP,
    CloseBody,
    budget_of,
    target,
)
from jusha.settlement.decide import decide
from jusha.settlement.match import RETRO_PLACE
from jusha.settlement.task import SECOND_US, InstructionRefusedError
from jusha.settlement.world import RETRO, Closing, Rule, World

ALONE: Final = frozenset({"close-claims", "begin-notice"})
"""As in find.py: these read what the envelopes before them have written."""
SENDS_BACK: Final = frozenset(
    {"refund", "refund-sent", "residue", "claw-back", "hold-match", "let-match"}
)
CNY: Final = 1


@dataclass(slots=True)
class Memory:
    """What the database would remember between batches, beside world and findings."""

    batches: list[Changes] = field(default_factory=list)
    """Deeds and matches alone, by batch."""
    firsts: list[int] = field(default_factory=list)
    later: dict[int, list[tuple[int, int, int, int, int]]] = field(default_factory=dict)
    """Matches decided after their gift, by its number."""
    claims: dict[tuple[int, int], list[Claim]] = field(default_factory=dict)
    """By (rule version, slice), in the order of ids."""
    persons: dict[int, bytes] = field(default_factory=dict)
    """Of deeds that made a claim where donors count, by number."""
    refunds: dict[int, list[tuple[int, int, int, int, str]]] = field(default_factory=dict)
    repaid: dict[int, int] = field(default_factory=dict)
    """By deed: what is owed no longer."""
    clawed: set[int] = field(default_factory=set)

    def keep(self, world: World, changes: Changes, *, looks_back: bool) -> None:
        """Remember what a batch decided; `looks_back`: deeds and matches too."""
        voted = {r.id for r in world.rules_by_id.values() if isinstance(r.terms.gives, Quadratic)}
        numbers: set[int] = set()
        for rule, slice_, id_, project, amount in changes.claims:
            self.claims.setdefault((rule, slice_), []).append(Claim(id_, project, amount))
            if rule in voted:
                numbers.add(id_ // PLACES)
        if numbers:
            self.persons.update((row[0], row[6]) for row in changes.deeds if row[0] in numbers)
        for refund in changes.refunds:
            self.refunds.setdefault(refund[1], []).append(refund)
        for _, number, amount, *_ in changes.repaid:
            self.repaid[number] = self.repaid.get(number, 0) + amount
        self.clawed.update(row[1] for row in changes.clawbacks)
        if not looks_back:
            return
        for row in changes.later_matches:
            self.later.setdefault(row[0] // PLACES, []).append(row)
        if changes.deeds:
            self.firsts.append(changes.first)
            self.batches.append(
                Changes(changes.first, deeds=changes.deeds, matches=changes.matches)
            )

    def whole(self, number: int) -> bool:
        """Say whether nothing of a gift was refunded or taken back."""
        return number not in self.refunds and number not in self.clawed

    def deed(self, number: int) -> KnownDeed | None:
        """Find a deed of an earlier batch with all that was decided about it since."""
        at = bisect_right(self.firsts, number) - 1
        known = self.batches[at].deed(number) if at >= 0 else None
        if known is None:
            return None
        later = self.later.get(number, ())
        matches = (
            *known.matches,
            *(KnownMatch(pool, sum_, rule, id_ % PLACES) for id_, pool, rule, sum_, _by in later),
        )
        refunds = self.refunds.get(number, ())
        return known._replace(
            matches=tuple(sorted(matches, key=lambda match: match.place)),
            refunded=sum(row[2] for row in refunds),
            matched_returned=sum(row[3] for row in refunds),
            clawed=number in self.clawed,
            repaid=self.repaid.get(number, 0),
        )


class Stage:
    """A shard of its own, in memory: settles envelopes exactly as the real one does.

    `looks_back` keeps every deed: friends, refunds and rules for earlier gifts need it.
    """

    def __init__(
        self, secrets: Mapping[bytes, bytes] | None = None, *, looks_back: bool = True
    ) -> None:
        self.world = World(secrets={} if secrets is None else secrets)
        self.memory = Memory()
        self._looks_back = looks_back
        self._found = Found()
        self._by_person: set[int] = set()

    def settle(self, batch: list[tuple[Place, Envelope]]) -> list[Changes]:
        """Settle envelopes in their order; one Changes for each part that stands alone.

        Raises what decide raises: nothing is parked here.
        """
        done: list[Changes] = []
        part: list[tuple[Place, Envelope]] = []
        for each in batch:
            envelope = each[1]
            if type(envelope) is Instruction and envelope.kind in ALONE:
                done += [self._settle(part)] if part else []
                done.append(self._settle([each]))
                part = []
            else:
                part.append(each)
        return done + ([self._settle(part)] if part else [])

    def outcome(self, changes: list[Changes]) -> tuple[int, str, dict[str, Any]]:
        """Return (entry, code, detail) of the last instruction in what was just settled."""
        _, number, code, detail = [row for each in changes for row in each.outcomes][-1]
        return number, code, detail

    def _settle(self, part: list[tuple[Place, Envelope]]) -> Changes:
        found, world = self._found, self.world
        found.chunk, found.claims_waiting = None, 0
        self._find(part)
        changes = decide(world, found, part)
        self.memory.keep(world, changes, looks_back=self._looks_back)
        found.usage.update(changes.usage)
        return changes

    def _find(self, part: list[tuple[Place, Envelope]]) -> None:
        """Put into the findings what find.py would read for these envelopes."""
        found, world = self._found, self.world
        for campaign in world.campaigns_by_id.values():
            if campaign.by_person and campaign.id not in self._by_person:
                self._by_person.add(campaign.id)
                self._sum_usage(campaign.id)
        found.deeds.clear()
        for _, envelope in part:
            if type(envelope) is Instruction:
                self._find_for(envelope)
            elif isinstance(envelope, Deed | Order) and envelope.invite:
                self._recall(envelope.invite)
            if type(envelope) is Deed and envelope.order in found.orders:
                self._recall(found.orders[envelope.order].invite)

    def _recall(self, number: int) -> None:
        known = self.memory.deed(number) if number else None
        if known is not None:
            self._found.deeds[number] = known

    def _sum_usage(self, campaign: int) -> None:
        """A cap over a whole campaign counts what was given before the cap as well."""
        sums = self._found.campaign_usage
        for (of, _day, person), used in self._found.usage.items():
            if of == campaign:
                sums[campaign, person] = sums.get((campaign, person), 0) + used

    def _find_for(self, instruction: Instruction) -> None:
        found, body = self._found, instruction.body
        if instruction.kind in SENDS_BACK and isinstance(number := body.get("deed"), int):
            self._recall(number)
        elif instruction.kind == "seal":
            campaign, day = self.world.campaigns.get(str(body.get("campaign"))), body.get("day")
            if campaign and isinstance(day, str) and day:
                number = day_number(day)
                found.day_usage[campaign.id, number] = {
                    person: used
                    for (of, on, person), used in found.usage.items()
                    if (of, on) == (campaign.id, number)
                }
        elif instruction.kind == "close-claims":
            found.chunk = self._chunk(instruction)
        elif instruction.kind == "begin-notice":
            found.claims_waiting = self._waiting(instruction)

    def _waiting(self, instruction: Instruction) -> int:
        """Count a pool's claims that no closing has finished, and closings under way."""
        world = self.world
        pool = world.pools.get(str(instruction.body.get("pool", "")))
        own = {rule.id for rule in world.rules_by_id.values() if rule.pool is pool}
        done = {key for key, closing in world.closings.items() if closing.done}
        waiting = [key for key in self.memory.claims if key[0] in own and key not in done]
        return len(waiting) + sum(key[0] in own and key not in done for key in world.closings)

    def _chunk(self, instruction: Instruction) -> Chunk | None:
        """Say what one step of a closing pays next; None where its handler will refuse."""
        try:
            rule, slice_ = target(self.world, msgspec.convert(instruction.body, CloseBody))
        except (InstructionRefusedError, msgspec.ValidationError, ValueError):
            return None
        closing = self.world.closings.get((rule.id, slice_))
        opened = None if closing else self._open(rule, slice_)
        closing = closing or opened
        if closing is None or closing.done:
            return None
        if slice_ == RETRO:
            return self._earlier(rule, closing, opened)
        if isinstance(rule.terms.gives, Quadratic):
            return Chunk(opened, votes=self._votes(rule, slice_, rule.terms.gives.unit))
        waiting = self.memory.claims.get((rule.id, slice_), [])
        begin = bisect_right(waiting, closing.cursor, key=lambda claim: claim.id)
        coming = islice(waiting, begin, None)
        whole = (claim for claim in coming if self.memory.whole(claim.id // PLACES))
        claims = tuple(islice(whole, CLAIMS_A_STEP))
        return Chunk(opened, claims=claims, last=len(claims) < CLAIMS_A_STEP)

    def _eligible(self, rule: Rule, slice_: int) -> list[Claim]:
        found = self.memory.claims.get((rule.id, slice_), [])
        return [claim for claim in found if self.memory.whole(claim.id // PLACES)]

    def _open(self, rule: Rule, slice_: int) -> Closing:
        claims = self._eligible(rule, slice_) if slice_ != RETRO else []
        total = sum(claim.amount for claim in claims)
        cut_off = NO_CUT_OFF
        budget = shared_budget(
            budget_of(self.world, rule, slice_), total, everything=shares_all(rule.terms)
        )
        if budget and not isinstance(rule.terms.gives, Quadratic):
            cut_off = cut_off_of([(claim.id, claim.amount) for claim in claims], budget)
        return Closing(rule.id, slice_, total, budget, len(claims), *cut_off)

    def _votes(self, rule: Rule, slice_: int, unit: int) -> tuple[Vote, ...]:
        donors: dict[int, dict[object, int]] = {}
        for claim in self._eligible(rule, slice_):
            person = self.memory.persons[claim.id // PLACES]
            one: object = claim.id if person == NO_PERSON else person
            sums = donors.setdefault(claim.project, {})
            sums[one] = sums.get(one, 0) + claim.amount
        return tuple(
            Vote(project, *votes_and_credits(list(sums.values()), unit))
            for project, sums in donors.items()
        )

    def _earlier(self, rule: Rule, closing: Closing, opened: Closing | None) -> Chunk:
        """Find the next gifts that were made before the rule."""
        from_us = minute_seconds(rule.terms.since) * SECOND_US
        until_us = minute_seconds(rule.terms.until) * SECOND_US
        gifts: list[Earlier] = []
        for batch in self.memory.batches[
            max(bisect_right(self.memory.firsts, closing.cursor), 1) - 1 :
        ]:
            for (
                number,
                channel,
                campaign,
                project,
                asset,
                amount,
                person,
                _,
                _,
                at_us,
                *_,
                held,
            ) in batch.deeds:
                if len(gifts) == GIFTS_A_STEP:
                    break
                if not closing.cursor < number < rule.number or held or asset != CNY:
                    continue
                if campaign == rule.campaign and from_us <= at_us < until_us and self._free(number):
                    gifts.append(Earlier(number, channel, project, amount, at_us, person))
        return Chunk(opened, gifts=tuple(gifts), last=len(gifts) < GIFTS_A_STEP)

    def _free(self, number: int) -> bool:
        taken = any(row[0] % PLACES == RETRO_PLACE for row in self.memory.later.get(number, ()))
        return not taken and self.memory.whole(number)

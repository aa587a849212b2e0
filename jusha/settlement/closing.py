"""Pay what waited: the claims of a slice or a whole campaign, and matches for earlier gifts. Pure.

A closing is a row of small steps, each an instruction of its own and one entry in the
log: the first fixes what is shared among how many claims, each pays the next gifts in
the order of their numbers, the last puts back what nobody could take. It may stop
between any two steps and goes on where it stood.
"""

from typing import Any, Final

import msgspec

from jusha.inbox.envelopes import NO_PERSON
from jusha.ledger.rules import PLACES
from jusha.matching.kinds.ask import Ask
from jusha.matching.kinds.quadratic import Quadratic, matches
from jusha.matching.kinds.shares import CutOff, share_of
from jusha.matching.rules import BY_NUMBER, match_gift
from jusha.money.clock import (
    MINUTE_SECONDS,
    local_day,
    local_minute_of_day,
    minute_seconds,
    minute_text,
)
from jusha.settlement.changes import Changes, Chunk, Earlier, Place
from jusha.settlement.match import (
    RETRO_PLACE,
    Gift,
    Moment,
    count,
    room_of,
    slice_left,
    slice_of,
    use_windows,
)
from jusha.settlement.pay import BY_SHARE, Payment, pay_projects
from jusha.settlement.review import held_in
from jusha.settlement.task import SECOND_US, InstructionRefusedError, Task, enter
from jusha.settlement.world import CLOSE, RETRO, Closing, Rule, World

CLAIMS_A_STEP: Final = 2_000
GIFTS_A_STEP: Final = 1_000
"""As many as one entry of 65,535 bytes holds with room to spare."""


class CloseBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which rule version (R1.2), and the UTC minute at which its slice began ("" for the rest)."""

    rule: str
    slice: str = ""


def target(world: World, body: CloseBody) -> tuple[Rule, int]:
    """Find the rule version and the slice that a step is about.

    Raises InstructionRefusedError for what there is not.
    """
    code, _, _ = body.rule.rpartition(".")
    first = world.families.get(code)
    versions = world.rules.get(first.campaign, ()) if first else ()
    rule = next((each for each in versions if each.name == body.rule), None)
    if rule is None or rule.terms.decided == "at-once":
        raise InstructionRefusedError("nothing-to-close", given=body.rule)
    if (rule.terms.decided == "slice") != bool(body.slice):
        raise InstructionRefusedError("nothing-to-close", given=body.slice)
    if rule.terms.decided == "slice":
        moment = moment_at(minute_seconds(body.slice))
        if slice_of(rule, moment) * MINUTE_SECONDS != moment.at_s:
            raise InstructionRefusedError("nothing-to-close", given=body.slice)
        return rule, moment.at_s // MINUTE_SECONDS
    return rule, CLOSE if rule.terms.decided == "close" else RETRO


def due_s(world: World, rule: Rule, slice_: int) -> int:
    """Return the Unix time from which a closing may begin."""
    if slice_ == RETRO:
        return rule.from_s
    late = rule.terms.late_minutes * MINUTE_SECONDS
    if slice_ == CLOSE:
        return world.campaigns_by_id[rule.campaign].closes_s + late
    return (slice_ + rule.terms.window.slice_minutes) * MINUTE_SECONDS + late


def budget_of(world: World, rule: Rule, slice_: int) -> int:
    """Say how much money there is for a closing that begins now."""
    window, pool = rule.terms.window, rule.pool
    available = pool.available.credits - pool.available.debits
    if slice_ in {CLOSE, RETRO}:
        return max(min(window.budget - world.window(pool, slice_).used, available), 0)
    moment = moment_at(slice_ * MINUTE_SECONDS)
    left = window.budget - world.window(pool, moment.day).used
    return max(min(slice_left(world, rule, moment), left, available), 0)


def moment_at(at_s: int) -> Moment:
    """Say what the calendar has for a minute."""
    return Moment(at_s, local_day(at_s), local_minute_of_day(at_s), minute_text(at_s))


def close_claims(task: Task) -> int:
    """Take the next step of a closing: {rule, slice}. Nothing is left to do: entry 0."""
    world, found = task.world, task.found
    rule, slice_ = target(world, msgspec.convert(task.instruction.body, CloseBody))
    if task.at_s < due_s(world, rule, slice_):
        raise InstructionRefusedError("too-early", due=minute_text(due_s(world, rule, slice_)))
    closing, chunk = world.closings.get((rule.id, slice_)), found.chunk
    if rule.pool.notice_until or (closing and closing.done):
        return 0
    by_squares = isinstance(rule.terms.gives, Quadratic)
    if by_squares and (held := held_in(world, rule.campaign)):  # no claw-back undoes a share
        raise InstructionRefusedError("match-under-review", gifts=held)
    if chunk is None:
        raise InstructionRefusedError("nothing-to-close", given=rule.name)
    if closing is None:
        assert chunk.opened is not None
        closing = world.closings[rule.id, slice_] = chunk.opened
        _set_aside(task, rule, closing)
    task.changes.closings.add(closing)
    if isinstance(rule.terms.gives, Quadratic):
        return _share_by_squares(task, rule, closing, chunk)
    if slice_ == RETRO:
        return _match_earlier(task, rule, closing, chunk)
    return _pay_claims(task, rule, closing, chunk)


def _set_aside(task: Task, rule: Rule, closing: Closing) -> None:
    """Take the budget out of pool and windows, so that nothing else can use it meanwhile."""
    if not closing.budget:
        return
    world, changes, pool = task.world, task.changes, rule.pool
    sharing = world.account(pool.available.book, pool.available.asset, "sharing", pool.code)
    changes.post(world.next_number, 0, pool.available, sharing, closing.budget)
    _use(world, changes, rule, closing, closing.budget)


def _use(world: World, changes: Changes, rule: Rule, closing: Closing, amount: int) -> None:
    """Count against the windows of a closing; a negative amount gives back what nobody took."""
    if closing.slice in {CLOSE, RETRO}:
        window = world.window(rule.pool, closing.slice)
        window.budget = max(rule.terms.window.budget, window.used)
        window.used += amount
        changes.windows.add(window)
        return
    use_windows(world, changes, rule, moment_at(closing.slice * MINUTE_SECONDS), amount)


def _pay_claims(task: Task, rule: Rule, closing: Closing, chunk: Chunk) -> int:
    """Pay the next claims their shares, each at the place it was claimed at."""
    world, changes, pool = task.world, task.changes, rule.pool
    sharing = world.account(pool.available.book, pool.available.asset, "sharing", pool.code)
    cut_off = CutOff(closing.remainder, closing.cut)
    paid: list[list[int]] = []
    for claim in chunk.claims:
        share = share_of(claim.id, claim.amount, closing.total, closing.budget, cut_off)
        if not share:
            continue
        number, place = divmod(claim.id, PLACES)
        fund = world.funds_by_id[claim.project]
        changes.post(number, place, sharing, world.promised(pool, fund), share)
        changes.later_matches.append((claim.id, pool.id, rule.id, share, BY_SHARE))
        _add_to_total(task, rule, claim.project, share)
        closing.paid += share
        paid.append([number, share])
    if chunk.claims:
        closing.cursor = chunk.claims[-1].id
    fields = _fields(world, rule, closing) | {"m": paid, "upto": closing.cursor // PLACES}
    if chunk.last:
        left = closing.budget - closing.paid
        if left:
            changes.post(world.next_number, 1, sharing, pool.available, left)
            _use(world, changes, rule, closing, -left)
        closing.done = True
        fields["left"] = left
    return enter(task, fields)


def _match_earlier(task: Task, rule: Rule, closing: Closing, chunk: Chunk) -> int:
    """Decide the rule for the next gifts that were made before it."""
    world, changes, found = task.world, task.changes, task.found
    shown: list[list[object]] = []
    for earlier in chunk.gifts:
        gift = _gift_of(world, rule, earlier)
        amount, by = _decide_earlier(task, gift, rule)
        shown.append([earlier.number, amount, by])
        if not amount:
            continue
        count(changes, found, gift, gift.person, amount)
        promised = world.promised(rule.pool, gift.route.fund)
        changes.post(earlier.number, RETRO_PLACE, rule.pool.available, promised, amount)
        id_ = earlier.number * PLACES + RETRO_PLACE
        changes.later_matches.append((id_, rule.pool.id, rule.id, amount, BY_NUMBER[by]))
        changes.channels.add(gift.route.channel)
        _use(world, changes, rule, closing, amount)
        _add_to_total(task, rule, earlier.project, amount)
    if chunk.gifts:
        closing.cursor = chunk.gifts[-1].number
    closing.done = chunk.last
    fields = _fields(world, rule, closing) | {"m": shown, "upto": closing.cursor}
    return enter(task, fields | ({"left": 0} if chunk.last else {}))


def _decide_earlier(task: Task, gift: Gift, rule: Rule) -> tuple[int, str]:
    """Decide a rule for one gift that was made before it, by what is left now."""
    if gift.route.fund.frozen:
        return 0, "frozen"
    world = task.world
    room = room_of(world, task.changes, task.found, gift, rule, gift.person)
    left = rule.terms.window.budget - world.window(rule.pool, RETRO).used
    return match_gift(
        rule.terms,
        Ask(gift.amount, {}),
        gift.moment.minute,
        msgspec.structs.replace(room, window=left),
        has_person=gift.person != NO_PERSON,
    )


def _gift_of(world: World, rule: Rule, earlier: Earlier) -> Gift:
    channel = world.channels_by_id[earlier.channel]
    campaign = world.campaigns_by_id[rule.campaign]
    fund, asset = world.funds_by_id[earlier.project], rule.pool.available.asset
    moment = moment_at(earlier.effective_us // SECOND_US // MINUTE_SECONDS * MINUTE_SECONDS)
    return Gift(
        earlier.number,
        earlier.amount,
        campaign,
        world.route(channel, fund, campaign, asset),
        earlier.person,
        moment,
        Place(0, 0, 0, earlier.effective_us),
    )


def _share_by_squares(task: Task, rule: Rule, closing: Closing, chunk: Chunk) -> int:
    """Share the pool among projects by the squares of their donors' roots, in one step."""
    world, pool, gives = task.world, rule.pool, rule.terms.gives
    assert isinstance(gives, Quadratic)
    votes = sorted(chunk.votes, key=lambda vote: world.funds_by_id[vote.project].code)
    sums = [vote.votes for vote in votes], [vote.spent for vote in votes]
    amounts = matches(closing.budget, gives.unit, *sums)
    closing.paid, closing.done = sum(amounts), True
    left = closing.budget - closing.paid
    if left:
        _use(world, task.changes, rule, closing, -left)
    payments = [
        Payment(world.funds_by_id[vote.project], amount, (vote.votes, vote.spent))
        for vote, amount in zip(votes, amounts, strict=True)
    ]
    return pay_projects(task, pool, rule.id, payments, _fields(world, rule, closing), left=left)


def _add_to_total(task: Task, rule: Rule, project: int, amount: int) -> None:
    total = task.world.total(rule.campaign, project, rule.pool.available.asset)
    total.matched += amount
    task.changes.totals.add(total)


def _fields(world: World, rule: Rule, closing: Closing) -> dict[str, Any]:
    campaign = world.campaigns_by_id[rule.campaign]
    names = {CLOSE: "close", RETRO: "retro"}
    slice_ = names.get(closing.slice) or minute_text(closing.slice * MINUTE_SECONDS)
    return {
        "bud": closing.budget,
        "cnt": closing.count,
        "k": "share",
        "pool": rule.pool.code,
        "r": rule.name,
        "rd": campaign.code,
        "slice": slice_,
        "tot": closing.total,
    }

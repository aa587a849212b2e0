"""Why a gift was matched with so much, or not: every rule in force at its minute, said in full.

The leaf says what was decided; here it is decided once more, by the same pure functions,
with every bound as it stood at that moment. What cannot come out the same is said to
differ instead of being shown as if it agreed.
"""

from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

from jusha.giving.models import Deed
from jusha.inbox.envelopes import NO_PERSON
from jusha.ledger.rules import PLACES
from jusha.matching.kinds import DRAWS, KINDS
from jusha.matching.kinds.ask import Ask, happens, pick
from jusha.matching.kinds.coupon import Coupon, serial_of
from jusha.matching.kinds.friends import Friends
from jusha.matching.kinds.lump_sum import LumpSum
from jusha.matching.kinds.one_one_x import OneOneX
from jusha.matching.kinds.random_range import RandomRange
from jusha.matching.kinds.shares import CutOff, share_of
from jusha.matching.models import Closing, Invite, Match, Seed
from jusha.matching.queries import Published
from jusha.matching.rules import (
    BOUNDS,
    BY,
    UNBOUNDED,
    Room,
    Surprise,
    draws,
    match_gift,
    slice_room,
    slice_start,
)
from jusha.merkle.encoding import decode64, encode64
from jusha.money.clock import MINUTE_SECONDS, local_minute_of_day, minute_seconds, minute_text
from jusha.settlement.explain_past import (
    Drawing,
    Moment,
    Used,
    digest_before,
    donated_before,
    entries_at,
    no_carry_slice,
    revealed_secret,
    used_before,
)
from jusha.settlement.explain_read import FRESH, Gift, Reading, read_gift
from jusha.settlement.match import FRIENDS_PLACE, RETRO_PLACE, draw
from jusha.settlement.world import CLOSE

NEAR: Final = 1_000
"""Over how many entries of a campaign a page adds up without being asked to: about 4 µs each."""


@dataclass(frozen=True, slots=True)
class Bound:
    """One bound: what it allowed in fen, of which limit, after how much was used.

    `allowed` None: it belongs to another donor, or was not added up. `limit` and `used` are
    None where the bound is no limit that is used up.
    """

    code: str
    allowed: int | None
    limit: int | None = None
    used: int | None = None
    decided: bool = False


@dataclass(frozen=True, slots=True)
class Drawn:
    """A draw: what it was made of, and once the seed is revealed what came out.

    `draw` is hexadecimal, `hit` whether the chance came true, `picked` the number drawn.
    """

    digest: str
    digest_entry: int
    place: int
    seed: str
    seed_entry: int
    revealed_entry: int = 0
    secret: str = ""
    draw: str = ""
    hit: bool | None = None
    picked: int | None = None


@dataclass(frozen=True, slots=True)
class Share:
    """What became of a claim: `state` is waiting, paying, paid or void; sums in fen.

    `floor` and `remainder` are those of claim x budget / total, `cut_*` the last remainder
    that got one fen more (-1 where none did). `due` is the UTC minute of the sharing.
    """

    slice: str
    state: str
    due: str
    total: int = 0
    budget: int = 0
    count: int = 0
    floor: int = 0
    remainder: int = 0
    cut_remainder: int = -1
    cut_number: int = -1
    one_more: bool = False
    paid: int = 0


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one rule decided about the gift.

    `said` is matched, claimed, not (with `by`), or silent (with `silent`, a reason of its
    own and `facts` for it). `asked` is what the kind gives before any cut, None where that
    was never worked out or the seed is still secret. `later` marks what was decided after
    the gift: "friends" or "retro", `at` the entry it was decided with.
    """

    rule: Published
    said: str
    amount: int = 0
    claim: int = 0
    by: str = ""
    asked: int | None = None
    ask: Ask | None = None
    bounds: tuple[Bound, ...] = ()
    drawn: Drawn | None = None
    share: Share | None = None
    silent: str = ""
    facts: dict[str, Any] = field(default_factory=dict)
    later: str = ""
    agrees: bool = True
    for_number: int = -1


@dataclass(frozen=True, slots=True)
class Explanation:
    """One gift with all that rules made of it. `whole`: the bounds were added up again."""

    number: int
    amount: int
    asset: str
    project: str
    campaign: str
    at: str
    verdicts: tuple[Verdict, ...]
    refunds: tuple[tuple[int, int, int], ...]
    """(entry, fen sent back, fen of matches returned)."""
    claw_back: tuple[int, int] | None
    """(entry, fen)."""
    whole: bool

    @property
    def matched(self) -> int:
        """All that is matched so far, shares and later matches included."""
        return sum(each.amount + (each.share.paid if each.share else 0) for each in self.verdicts)


class NoGiftError(Exception):
    """The entry is not there, or is no gift: there is nothing to match."""

    def __init__(self, number: int, kind: str = "") -> None:
        super().__init__(f"entry {number} is {kind or 'not there'}")
        self.number, self.kind = number, kind


@dataclass(slots=True)
class _Case:
    """Everything that one explanation reads, before it is worded."""

    entry: dict[str, Any]
    deed: Deed
    moment: Moment
    in_force: list[Published]
    rules: list[Published]
    closes: str
    draw_max: int
    used: Used | None
    later: list[Match]
    given: dict[str, int] = field(default_factory=dict)
    filled: dict[str, int] = field(default_factory=dict)


def explain(number: int, *, everything: bool = True) -> Explanation:
    """Explain one gift. Raises NoGiftError.

    Reads: tlog_entries, giving_deed, and what `explain_gift` reads.
    """
    entry, gift = entries_at([number]).get(number), read_gift(number)
    if entry is None or gift is None:
        raise NoGiftError(number, entry["k"] if entry else "")
    return explain_gift(entry, gift, everything=everything)


def explain_gift(
    entry: dict[str, Any], gift: Gift, *, everything: bool = True, read: Reading = FRESH
) -> Explanation:
    """Explain a gift that was read before, with its entry. Raises NoGiftError.

    With `everything` the bounds are added up again however far back that goes; without, only
    within the first NEAR entries of a campaign, because a page answers everybody.
    Reads: tlog_entries, giving_deed, campaigns_terms, payments_channel, projects_fund,
    matching_*, ledger_account, ledger_transfer, settlement_outcome.
    """
    number = gift.deed.number
    if entry["k"] != "don":
        raise NoGiftError(number, entry["k"])
    case = _gather(entry, gift, everything=everything, read=read) if entry.get("rd") else None
    return Explanation(
        number,
        entry["amt"],
        entry["cur"],
        entry["prj"],
        entry.get("rd", ""),
        entry["t"],
        tuple(_verdicts(case)) if case else (),
        tuple(gift.refunds),
        gift.claw_backs[0] if gift.claw_backs else None,
        case is None or case.used is not None,
    )


def _gather(entry: dict[str, Any], gift: Gift, *, everything: bool, read: Reading) -> _Case:
    deed = gift.deed
    campaign = read.campaign(deed.campaign)
    channel = read.channel(deed.channel)
    draw_max = int(channel.terms.get("draw_max", 0))
    every = list(read.versions(0 if draw_max else deed.campaign))
    own = [rule for rule in every if rule.campaign == deed.campaign]
    at_s = minute_seconds(entry["t"])
    moment = Moment(
        deed.number, deed.campaign, campaign.number, deed.channel, deed.project, deed.person, at_s
    )
    used: Used | None = Used()
    if any(match["by"] in BOUNDS for match in entry.get("m", ())):
        near = everything or deed.number - campaign.number <= NEAR
        drawing = Drawing(channel.code, channel.number) if draw_max else None
        used = used_before(moment, every, drawing=drawing) if near else None
    closes = campaign.terms["closes"]
    now = in_force(own, at_s, deed.number)
    return _Case(entry, deed, moment, now, own, closes, draw_max, used, gift.matches)


def in_force(rules: list[Published], at_s: int, number: int) -> list[Published]:
    """The versions that settlement went by for a gift of that minute, in its order."""
    begun = [rule for rule in rules if rule.number < number and rule.from_at.timestamp() <= at_s]
    newest: dict[str, Published] = {}
    for rule in sorted(begun, key=lambda rule: (rule.from_at, rule.number)):
        newest[rule.code] = rule
    return list(newest.values())


def _verdicts(case: _Case) -> list[Verdict]:
    shown = {match["r"]: match for match in case.entry.get("m", ())}
    found = []
    for place, rule in enumerate(case.in_force, 1):
        before = case.filled.get(rule.terms.fills, 0)
        leaf = shown.get(rule.name)
        found.append(_decided(case, rule, place, leaf, before) if leaf else _silent(case, rule))
        given = leaf["amt"] if leaf else 0
        case.given[rule.code] = given
        case.filled[rule.code] = given + before
        if leaf and case.used is not None:
            case.used = _after(case, rule, leaf)
    return found + _later(case)


def _after(case: _Case, rule: Published, leaf: dict[str, Any]) -> Used:
    """What the rules behind this one find used: the gift itself counts from rule to rule."""
    used, amount = case.used, leaf["amt"]
    assert used is not None
    counted = amount + leaf.get("c", 0)
    mine = 0 if isinstance(rule.terms.gives, LumpSum | Friends) else counted
    days = used.days | {rule.pool: used.days.get(rule.pool, 0) + amount}
    pools = used.pools | {rule.pool: used.pools.get(rule.pool, 0) - amount}
    slices = dict(used.slices)
    slice_ = no_carry_slice(rule, case.moment.at_s)
    if slice_ is not None:
        slices[rule.pool, slice_] = slices.get((rule.pool, slice_), 0) + amount
    return Used(
        used.person_day + mine,
        used.person_campaign + mine,
        used.project + counted,
        used.charity + counted,
        used.channel + counted,
        days,
        slices,
        pools,
    )


def _decided(
    case: _Case, rule: Published, place: int, leaf: dict[str, Any], before: int
) -> Verdict:
    """A rule that the leaf shows: matched, claimed, or not and why."""
    by, gives = leaf["by"], rule.terms.gives
    drawn, secret = _drawn(case, rule) if draws(rule.terms) and by in BOUNDS else (None, b"")
    ask = Ask(case.entry["amt"], dict(case.given), before, secret, _base(case, rule, leaf))
    known = not draws(rule.terms) or bool(secret)
    asked = None
    if by in BOUNDS and known:
        asked = max(KINDS[type(gives)](gives, ask) - before, 0)
    verdict = Verdict(
        rule,
        "claimed" if leaf.get("c") else "matched" if leaf["amt"] else "not",
        leaf["amt"],
        leaf.get("c", 0),
        by,
        asked,
        ask,
        drawn=drawn,
        share=_share(case, rule, place, leaf["c"]) if leaf.get("c") else None,
        for_number=leaf.get("for", -1),
    )
    if by not in BOUNDS or case.used is None:
        return verdict
    return _with_bounds(case, verdict)


def _with_bounds(case: _Case, verdict: Verdict) -> Verdict:
    """Add every bound as it stood, and say whether deciding once more comes out the same."""
    rule, terms = verdict.rule, verdict.rule.terms
    used, caps, window = case.used, terms.caps, terms.window
    assert used is not None
    personal = not isinstance(terms.gives, LumpSum)
    other = isinstance(terms.gives, Friends)
    person = personal and case.deed.person.bytes != NO_PERSON
    minute = local_minute_of_day(case.moment.at_s)
    limits: list[tuple[str, int, int | None]] = [
        ("gift", caps.gift if personal else 0, None),
        ("person-day", caps.person_day if person else 0, None if other else used.person_day),
        (
            "person-campaign",
            caps.person_campaign if person else 0,
            None if other else used.person_campaign,
        ),
        ("project", caps.project, used.project),
        ("charity", caps.charity, used.charity),
        ("channel", case.draw_max, used.channel),
    ]
    if terms.decided == "at-once":
        limits.append(("window", window.budget, used.days.get(rule.pool, 0)))
        if window.slice_minutes:
            limits.append(_slice(case, rule, minute))
    bounds = [Bound("rule", verdict.asked, decided=verdict.by == "rule")]
    for code, limit, used_ in limits:
        if not limit:
            continue
        decided = verdict.by == code
        if code == "gift":
            bounds.append(Bound(code, limit, decided=decided))
        elif used_ is None:
            bounds.append(Bound(code, None, limit, None, decided))
        else:
            bounds.append(Bound(code, max(limit - used_, 0), limit, used_, decided))
    if terms.decided == "at-once":
        left = used.pools.get(rule.pool, 0)
        bounds.append(Bound("pool", left, decided=verdict.by == "pool"))
    agrees = other or verdict.asked is None or _agrees(case, verdict, bounds, minute)
    return _replaced(verdict, tuple(bounds), agrees=agrees)


def _slice(case: _Case, rule: Published, minute: int) -> tuple[str, int, int]:
    """The slice's bound as (code, budget so far, used)."""
    window, used = rule.terms.window, case.used
    assert used is not None
    day = used.days.get(rule.pool, 0)
    if window.carry:
        left = slice_room(window, minute, used_slice=0, used_day=day)
        return "slice", left + day, day
    key = (rule.pool, no_carry_slice(rule, case.moment.at_s) or 0)
    return "slice", window.slice_budget, used.slices.get(key, 0)


def _agrees(case: _Case, verdict: Verdict, bounds: list[Bound], minute: int) -> bool:
    """Decide once more with these bounds: amount or claim and reason must be the leaf's."""
    left = {
        bound.code: bound.allowed if bound.limit is None else bound.limit - (bound.used or 0)
        for bound in bounds
        if bound.allowed is not None
    }
    names = ("person-day", "person-campaign", "project", "charity", "channel", "window", "slice")
    rooms = {name.replace("-", "_"): left.get(name, UNBOUNDED) for name in (*names, "pool")}
    assert verdict.ask is not None
    amount, by = match_gift(
        verdict.rule.terms,
        verdict.ask,
        minute,
        Room(**rooms),
        has_person=case.deed.person.bytes != NO_PERSON,
    )
    return (amount, by) == (verdict.claim or verdict.amount, verdict.by)


def _replaced(verdict: Verdict, bounds: tuple[Bound, ...], *, agrees: bool) -> Verdict:
    fields = {name: getattr(verdict, name) for name in Verdict.__slots__}
    return Verdict(**(fields | {"bounds": bounds, "agrees": agrees}))


def _base(case: _Case, rule: Published, leaf: dict[str, Any]) -> int:
    """What the rule that friends multiply gave to the gift that invited."""
    gives = rule.terms.gives
    if not isinstance(gives, Friends) or "for" not in leaf:
        return 0
    first = leaf["for"] * PLACES
    codes = {each.id for each in case.rules if each.code == gives.on}
    found = Match.objects.filter(id__gte=first, id__lt=first + PLACES - 2, rule__in=codes)
    return sum(match.amount for match in found)


def _drawn(case: _Case, rule: Published) -> tuple[Drawn | None, bytes]:
    """What a draw was made of, and the 16 bytes themselves once the seed is revealed."""
    seed = Seed.objects.filter(rule=rule.family, day=case.moment.day).first()
    digest = digest_before(case.deed.number)
    place = case.entry.get("i")
    if seed is None or digest is None or place is None:
        return None, b""
    at, row = digest
    drawn = Drawn(row, at, place, encode64(bytes(seed.hash)), seed.number, seed.revealed)
    if not seed.revealed:
        return drawn, b""
    secret = entries_at([seed.revealed])[seed.revealed]["s"]
    raw = draw(decode64(secret), decode64(row), place, rule.name)
    gives = rule.terms.gives
    hit = happens(raw, gives.chance) if isinstance(gives, RandomRange) else None
    picked = None
    if isinstance(gives, DRAWS) and hit is not False:
        assert isinstance(gives, RandomRange | OneOneX | Friends)
        picked = pick(raw, gives.low, gives.high)
    return Drawn(
        row, at, place, drawn.seed, seed.number, seed.revealed, secret, raw.hex(), hit, picked
    ), raw


def _share(case: _Case, rule: Published, place: int, claim: int) -> Share:
    """What became of a claim so far."""
    number, window = case.deed.number, rule.terms.window
    at_s, minute = case.moment.at_s, local_minute_of_day(case.moment.at_s)
    late = rule.terms.late_minutes * MINUTE_SECONDS
    if window.slice_minutes:
        start = at_s // MINUTE_SECONDS - minute + slice_start(window, minute)
        text = minute_text(start * MINUTE_SECONDS)
        due = minute_text((start + window.slice_minutes) * MINUTE_SECONDS + late)
    else:
        start, text, due = CLOSE, "close", minute_text(minute_seconds(case.closes) + late)
    closing = Closing.objects.filter(rule=rule.id, slice=start).first()
    if closing is None:
        return Share(text, "waiting", due)
    id_ = number * PLACES + place
    paid = sum(match.amount for match in case.later if match.id == id_)
    state = "paid" if paid or closing.cursor >= id_ or closing.done else "paying"
    if not closing.total:
        return Share(text, state, due)
    floor, remainder = divmod(claim * closing.budget, closing.total)
    whole = share_of(
        id_, claim, closing.total, closing.budget, CutOff(closing.remainder, closing.cut)
    )
    if state == "paid" and not paid and whole:
        state = "void"
    return Share(
        text,
        state,
        due,
        closing.total,
        closing.budget,
        closing.count,
        floor,
        remainder,
        closing.remainder,
        closing.cut // PLACES if closing.cut >= 0 else -1,
        whole > floor,
        paid,
    )


def _silent(case: _Case, rule: Published) -> Verdict:
    """A rule that says nothing in this gift's leaf: why it did not concern it."""
    gives, surprise = rule.terms.gives, rule.terms.window.surprise
    code, facts = "", dict[str, Any]()
    if surprise:
        code, facts = _outside_surprise(case, surprise)
    if not code and isinstance(gives, Coupon):
        code, facts = _coupon(case, rule, gives)
    elif not code and isinstance(gives, LumpSum):
        code, facts = _lump(case, gives)
    elif not code and isinstance(gives, Friends):
        code, facts = _friends(case, gives)
    return Verdict(rule, "silent", silent=code or "unknown", facts=facts)


def _outside_surprise(case: _Case, surprise: str) -> tuple[str, dict[str, Any]]:
    """The times are known here only once the log has them."""
    named = {rule.name for rule in case.rules if rule.terms.window.surprise == surprise}
    revealed = revealed_secret(surprise, after=min(rule.number for rule in case.rules))
    if revealed is None:
        return "surprise-secret", {"hash": surprise, "rules": sorted(named)}
    number, raw = revealed
    times = msgspec.json.decode(raw, type=Surprise)
    if times.covers(case.moment.at_s):
        return "", {}
    return "outside-surprise", {"from": times.from_, "to": times.to, "entry": number}


def _coupon(case: _Case, rule: Published, gives: Coupon) -> tuple[str, dict[str, Any]]:
    name = case.entry.get("cpn", "")
    if not name:
        return "no-coupon", {}
    serial = serial_of(name, rule.code)
    if serial < 0:
        return "other-coupon", {"coupon": name}
    return "coupon-beyond", {"coupon": name, "count": gives.count}


def _lump(case: _Case, gives: LumpSum) -> tuple[str, dict[str, Any]]:
    before = donated_before(case.moment)
    after = before + case.deed.amount
    facts = {"before": before, "after": after, "threshold": gives.threshold}
    return ("threshold-passed" if before >= gives.threshold else "threshold-ahead"), facts


def _friends(case: _Case, gives: Friends) -> tuple[str, dict[str, Any]]:
    by = case.entry.get("inv", -1)
    if by < 0:
        return "no-invitation", {}
    come = Invite.objects.filter(gift=by, number__lte=case.deed.number).count()
    return "friends-count", {"gift": by, "come": come, "wanted": gives.friends}


def _later(case: _Case) -> list[Verdict]:
    """What was decided after the gift: a multiplier by friends, a rule that reached back."""
    named = {rule.id: rule for rule in case.rules}
    found = []
    for match in case.later:
        place = match.id % PLACES
        kind = {FRIENDS_PLACE: "friends", RETRO_PLACE: "retro"}.get(place, "")
        if kind and match.rule in named:
            rule = named[match.rule]
            ask = Ask(case.entry["amt"], {})
            asked = (
                KINDS[type(rule.terms.gives)](rule.terms.gives, ask) if kind == "retro" else None
            )
            found.append(
                Verdict(
                    rule,
                    "matched",
                    match.amount,
                    by=BY[match.bound],
                    asked=asked,
                    ask=ask,
                    later=kind,
                )
            )
    return found

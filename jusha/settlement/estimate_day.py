"""Let a day's gifts meet a rule that is not published yet. Pure.

The same instructions that a program officer would give open the stage: channel, projects,
campaign, pool, rules, seeds. Then every gift goes through it, slices are closed when they
are due, and what waits for the campaign's close is paid at its close.
"""

import hashlib
import re
from array import array
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

import msgspec

from jusha.campaigns.days import ALONE, ANONYMOUS, Given
from jusha.campaigns.rules import CampaignTerms
from jusha.inbox.envelopes import NO_PERSON, Deed, Envelope, Instruction, encode
from jusha.ledger.rules import PLACES
from jusha.matching.kinds.friends import Friends
from jusha.matching.rules import MONEY_BOUNDS, RuleTerms, document, draws
from jusha.money.clock import DAY_SECONDS, MINUTE_SECONDS, day_text, local_day, minute_text
from jusha.payments.rules import ChannelTerms
from jusha.settlement.changes import Changes, Place
from jusha.settlement.closing import due_s
from jusha.settlement.decide import FUND_ASSET
from jusha.settlement.estimate import Stage
from jusha.settlement.task import SECOND_US
from jusha.settlement.world import CLOSE, RETRO, Pool

MINUTE_US: Final = MINUTE_SECONDS * SECOND_US
ROW_MAX: Final = 2_000
"""Gifts in one inbox row: none crosses a minute, so that every gift counts in its own."""
AHEAD_SECONDS: Final = 2 * 3600
"""Rules are published and seeds committed so long before the first day."""
BINS_MAX: Final = 1_440
BY: Final = re.compile(rb'"by":"([a-z-]+)"')
POOL: Final = "pool"
CAMPAIGN: Final = "day"


class RuleNotTakenError(Exception):
    """Settlement would refuse this rule, and says why."""


class Candidate(NamedTuple):
    """Rules to be tried together, by code, in the order in which they are published."""

    name: str
    rules: tuple[tuple[str, RuleTerms], ...]


@dataclass(slots=True)
class Scene:
    """Gifts and everything around them but the rules. `start_s`: local midnight of day one.

    `projects`: (code, charity) by the numbers that gifts use; `pool` in fen. Gifts are in
    the order of their times, in microseconds from `start_s`.
    """

    gifts: Sequence[Given]
    projects: Sequence[tuple[str, str]]
    channels: Sequence[tuple[str, ChannelTerms]]
    campaign: CampaignTerms
    start_s: int
    days: int
    pool: int
    seed: int
    secrets: Mapping[bytes, bytes] = field(default_factory=dict)


class Shared(NamedTuple):
    """One closing: the second (from start) at which its slice began, -1 for a whole campaign."""

    rule: str
    from_s: int
    claims: int
    claimed: int
    paid: int


@dataclass(slots=True)
class Outcome:
    """What a candidate gave to the gifts of a scene.

    `matched`: by gift, in fen. `left`: the pool's balance at the end of every bin of `bin_s`
    seconds, and once more after the close. `by`: how often which bound or reason decided.
    `dry_s`: the second (from start) of the first gift that money fell short for, by bound.
    """

    candidate: Candidate
    matched: "array[int]"
    project_matched: list[int]
    left: list[int]
    bin_s: int
    by: Counter[str] = field(default_factory=Counter)
    dry_s: dict[str, int] = field(default_factory=dict)
    shared: list[Shared] = field(default_factory=list)
    """What was shared later, in the order of time."""
    entries: int = 0
    to_projects: bool = False
    """Whether money went to projects and not to gifts; `matched` then has it in proportion."""


Progress = Callable[[int, int], None]


def estimate(scene: Scene, candidate: Candidate, progress: Progress | None = None) -> Outcome:
    """Say what a candidate would have given. `progress` hears (gifts done, gifts).

    Raises RuleNotTakenError with the words of settlement's refusal.
    """
    run = _Run(scene, candidate)
    run.open()
    for done in run.feed():
        if progress is not None:
            progress(done, len(scene.gifts))
    run.finish()
    return run.outcome


class _Run:
    """One candidate on its way through the day."""

    def __init__(self, scene: Scene, candidate: Candidate) -> None:
        self.scene, self.candidate = scene, candidate
        bins = scene.days * DAY_SECONDS // MINUTE_SECONDS
        bin_minutes = max(-(-bins // BINS_MAX), 1)
        self.outcome = Outcome(
            candidate,
            array("q", bytes(8 * len(scene.gifts))),
            [0] * len(scene.projects),
            [],
            bin_minutes * MINUTE_SECONDS,
        )
        kinds = [terms.gives for _, terms in candidate.rules]
        self._invites = any(isinstance(kind, Friends) for kind in kinds)
        self._draws = any(draws(terms) for _, terms in candidate.rules)
        later = any(terms.decided == "retro" for _, terms in candidate.rules)
        self._secrets = dict(scene.secrets)
        self.stage = Stage(self._secrets, looks_back=self._invites or later)
        self._row = 0
        self._told = 0
        self._gift_at = array("i")
        """By entry number: which gift it is, or -1."""
        self._number_of = array("q", bytes(8 * len(scene.gifts))) if self._invites else array("q")
        self._open_slices: dict[tuple[int, int], int] = {}
        """Due times by (rule version, slice)."""

    @property
    def pool(self) -> Pool:
        """The pool of the scene."""
        return self.stage.world.pools[POOL]

    def open(self) -> None:
        """Give the instructions that stand before the first gift."""
        scene, at_s = self.scene, self.scene.start_s - AHEAD_SECONDS
        for code, terms in scene.channels:
            self._instruct("admit-channel", at_s, code=code, terms=_plain(terms))
        for charity in dict.fromkeys(charity for _, charity in scene.projects):
            self._instruct("admit-charity", at_s, code=charity)
        for code, charity in scene.projects:
            self._instruct("open-project", at_s, code=code, charity=charity, running_permille=80)
        self._instruct("open-campaign", at_s, code=CAMPAIGN, terms=_plain(scene.campaign))
        self._instruct(
            "fund-pool", at_s, code=POOL, campaign=CAMPAIGN, sponsor="sponsor", how="secured",
            amount=scene.pool,
        )  # fmt: skip
        for rule, says in self.candidate.rules:
            if says.decided != "retro":
                self._publish(rule, says, at_s)
        self.outcome.left.append(self.pool.available.balance)

    def _publish(self, code: str, terms: RuleTerms, at_s: int) -> None:
        from_ = minute_text(at_s // MINUTE_SECONDS * MINUTE_SECONDS + 2 * MINUTE_SECONDS)
        self._instruct(
            "publish-rule", at_s, code=code, pool=POOL, terms=document(terms), **{"from": from_}
        )
        if not draws(terms):
            return
        first = local_day(self.scene.start_s)
        for day in range(first, first + self.scene.days):
            secret = hashlib.sha256(f"estimate {self.scene.seed} {code} {day}".encode()).digest()
            digest = hashlib.sha256(secret).digest()
            self._secrets[digest] = secret
            self._instruct("commit-seed", at_s, rule=code, day=day_text(day), hash=digest)

    def _instruct(self, kind: str, at_s: int, **body: Any) -> int:
        self._told += 1
        instruction = Instruction(self._told.to_bytes(16, "big"), kind, "one", "another", body)
        settled = self._settle([instruction], at_s * SECOND_US)
        number, code, detail = self.stage.outcome(settled)
        if code != "done":
            raise RuleNotTakenError(f"{kind}: {code} {detail}")
        return number

    def _settle(self, envelopes: Sequence[Envelope], at_us: int) -> list[Changes]:
        self._row += 1
        payload = encode(list(envelopes)) if self._draws else b""
        settled = self.stage.settle(
            [(Place(1, self._row, i, at_us, payload), e) for i, e in enumerate(envelopes)]
        )
        for changes in settled:
            self._note(changes)
        return settled

    def feed(self) -> Iterator[int]:
        """Let the gifts come, row by row; yields how many have."""
        gifts, start_us = self.scene.gifts, self.scene.start_s * SECOND_US
        begin, upto = 0, 0
        while begin < len(gifts):
            minute = gifts[begin].at_us // MINUTE_US
            upto = begin
            while upto < len(gifts) and upto - begin < ROW_MAX:
                gift = gifts[upto]
                if gift.at_us // MINUTE_US != minute or (
                    self._invites and gift.invited_by >= begin
                ):
                    break
                upto += 1
            self._close_due(start_us // SECOND_US + minute * MINUTE_SECONDS)
            self._fill_bins(minute * MINUTE_SECONDS)
            at_us = start_us + gifts[upto - 1].at_us
            first = self.stage.world.next_number
            deeds = [self._deed(place, gifts[place]) for place in range(begin, upto)]
            self._look_dry(self._settle_gifts(deeds, at_us, begin))
            assert self.stage.world.next_number - first >= upto - begin, "every gift is an entry"
            begin = upto
            yield upto

    def _deed(self, place: int, gift: Given) -> Deed:
        invite = 0
        if self._invites and gift.invited_by != ALONE:
            invite = self._number_of[gift.invited_by]
        key = (place + 1).to_bytes(16, "big")
        return Deed(
            self.scene.channels[gift.channel][0],
            key,
            key + key,
            FUND_ASSET,
            gift.amount,
            0,
            self.scene.projects[gift.project][0],
            CAMPAIGN,
            "",
            NO_PERSON if gift.donor == ANONYMOUS else (gift.donor + 1).to_bytes(16, "big"),
            self.scene.start_s + gift.at_us // SECOND_US,
            "",
            invite,
        )

    def _settle_gifts(self, deeds: list[Deed], at_us: int, begin: int) -> Changes:
        self._row += 1
        payload = encode(list(deeds)) if self._draws else b""
        (changes,) = self.stage.settle(
            [(Place(1, self._row, i, at_us, payload), deed) for i, deed in enumerate(deeds)]
        )
        self._pad(changes.first)
        for place, row in enumerate(changes.deeds, begin):
            self._pad(row[0])
            self._gift_at.append(place)
            if self._invites:
                self._number_of[place] = row[0]
        self._note(changes)
        return changes

    def _pad(self, number: int) -> None:
        missing = number - len(self._gift_at)
        if missing:
            self._gift_at.extend([-1] * missing)

    def _note(self, changes: Changes) -> None:
        """Credit what a batch decided to its gifts, and remember what is to be closed."""
        outcome, gift_at = self.outcome, self._gift_at
        outcome.entries += len(changes.leaves)
        for rows in (changes.matches, changes.later_matches):
            for id_, _pool, _rule, amount, _by in rows:
                number = id_ // PLACES
                place = gift_at[number] if number < len(gift_at) else -1
                if place >= 0:
                    outcome.matched[place] += amount
                else:
                    outcome.to_projects = True
        world = self.stage.world
        for rule_id, slice_, *_ in changes.claims:
            if (rule_id, slice_) not in self._open_slices:
                rule = world.rules_by_id[rule_id]
                self._open_slices[rule_id, slice_] = due_s(world, rule, slice_)

    def _look_dry(self, changes: Changes) -> None:
        """Count the reasons that leaves give, and note when money first fell short."""
        by = Counter(found.decode() for leaf in changes.leaves for found in BY.findall(leaf))
        self.outcome.by.update(by)
        for bound in MONEY_BOUNDS & by.keys() - self.outcome.dry_s.keys():
            named = b'"by":"%s"' % bound.encode()
            first = next(n for n, leaf in enumerate(changes.leaves, changes.first) if named in leaf)
            at_us = self.scene.gifts[self._gift_at[first]].at_us
            self.outcome.dry_s[bound] = at_us // SECOND_US

    def _fill_bins(self, at_s: int) -> None:
        """Write the pool's balance down for all bins that are over."""
        left, balance = self.outcome.left, self.pool.available.balance
        left.extend([balance] * (at_s // self.outcome.bin_s + 1 - len(left)))

    def _close_due(self, now_s: int) -> None:
        due = [(at_s, key) for key, at_s in self._open_slices.items() if at_s <= now_s]
        for _, key in sorted(due):
            self._close(*key, now_s)
            del self._open_slices[key]

    def _close(self, rule_id: int, slice_: int, now_s: int) -> None:
        world = self.stage.world
        rule = world.rules_by_id[rule_id]
        named = minute_text(slice_ * MINUTE_SECONDS) if slice_ > CLOSE else ""
        while not ((closing := world.closings.get((rule_id, slice_))) and closing.done):
            self._instruct("close-claims", now_s, rule=rule.name, slice=named)

    def finish(self) -> None:
        """Pay what waits for the close, try rules for earlier gifts, and sum up."""
        scene, world = self.scene, self.stage.world
        end_s = scene.days * DAY_SECONDS
        self._fill_bins(end_s)
        now_s = max([scene.start_s + end_s, *self._open_slices.values()])
        self._close_due(now_s)
        for code, terms in self.candidate.rules:
            if terms.decided == "retro":
                self._publish(code, terms, now_s)
                rule = world.families[code]
                self._close(rule.id, RETRO, rule.from_s)
        self.outcome.left.append(self.pool.available.balance)
        campaign = world.campaigns[CAMPAIGN]
        for place, (code, _) in enumerate(scene.projects):
            total = world.total(campaign.id, world.funds[code].project, 1)
            self.outcome.project_matched[place] = total.matched
        if self.outcome.to_projects:
            self._spread()
        for key, closing in sorted(world.closings.items(), key=lambda item: item[0][1]):
            from_s = key[1] * MINUTE_SECONDS - scene.start_s if key[1] > CLOSE else -1
            self.outcome.shared.append(
                Shared(
                    world.rules_by_id[key[0]].name,
                    from_s,
                    closing.count,
                    closing.total,
                    closing.paid,
                )
            )

    def _spread(self) -> None:
        """Credit what projects got as a whole to their gifts, in proportion to the amounts."""
        outcome, gifts = self.outcome, self.scene.gifts
        given, own = [0] * len(self.scene.projects), [0] * len(self.scene.projects)
        for gift, matched in zip(gifts, outcome.matched, strict=True):
            given[gift.project] += gift.amount
            own[gift.project] += matched
        seen = [0] * len(self.scene.projects)
        for place, gift in enumerate(gifts):
            project = gift.project
            rest, before = outcome.project_matched[project] - own[project], seen[project]
            seen[project] = after = before + gift.amount
            outcome.matched[place] += (
                rest * after // given[project] - rest * before // given[project]
            )


def _plain(terms: msgspec.Struct) -> dict[str, Any]:
    plain: dict[str, Any] = msgspec.to_builtins(terms)
    return plain

"""A short way through the audit for gifts that are like thousands of others.

It decides by the same rules as audit_gifts and compares the same rows, and knows only the case
in which everything agrees: plain rules, decided at once, and no order, coupon, invitation or
draw. Before it has changed anything it may say that a deed is not of that kind; what it finds
different behind that is told by the long way.
"""

from typing import Any, Final, NamedTuple

from jusha.campaigns.rules import admits
from jusha.inbox.envelopes import NO_PERSON, Deed
from jusha.ledger.findings import Finding
from jusha.ledger.rules import PLACES
from jusha.matching.kinds.ask import Ask
from jusha.matching.rules import BY_NUMBER, UNBOUNDED, Room, match_gift
from jusha.settlement.audit_deeds import Deeds, effective_us
from jusha.settlement.audit_gifts import Gift, Rows, use_windows
from jusha.settlement.audit_read import Row
from jusha.settlement.audit_state import Campaign, Channel, Fund, Rule, Sums
from jusha.settlement.decide import MINUTE_US, moment_of, tag_of
from jusha.settlement.match import Moment
from jusha.tlog.leaves import LeafMatch, LeafWords, gift_leaf, leaf_words

MINUTES_REMEMBERED: Final = 4096
Stored = tuple[Any, ...]


class Lane(NamedTuple):
    """What all gifts through one channel to one project of one campaign have in common."""

    channel: Channel
    fund: Fund
    campaign: Campaign
    sums: Sums
    sides: tuple[int | None, int | None]
    words: LeafWords
    where: bytes


class Short:
    """Checks plain gifts on the streams and the state of the walk."""

    def __init__(self, deeds: Deeds) -> None:
        self.deeds, self.state = deeds, deeds.state
        self.lanes: dict[tuple[str, str, str], Lane | None] = {}
        self.rules: dict[tuple[int, int], list[Rule] | None] = {}

    def forget(self) -> None:
        """Look everything up anew: an instruction may have changed it."""
        self.lanes.clear()
        self.rules.clear()

    def check(self, deed: Deed, row: Row) -> list[Finding] | None:
        """Check a deed; None, with nothing changed, if it has to go the long way."""
        deeds = self.deeds
        stored = deeds.deeds.next
        if stored is None or deed.order or deed.invite or deed.coupon:
            return None
        if deed.payee or deed.asset != "CNY":
            return None
        number: int = stored[0]
        lane = self.lanes.get((deed.channel, deed.project, deed.campaign)) or self._lane(deed)
        if lane is None or deeds.entries.number != number:
            return None
        channel, fund, campaign, _, _, _, _ = lane
        at_us = effective_us(channel, deed, row.received_us)
        moment = moment_of(at_us // MINUTE_US)
        rules = self.rules.get((campaign.id, moment.at_s)) or self._rules(campaign, moment)
        wanted = (
            number, channel.id, campaign.id, fund.project, 1, deed.amount, deed.person, 0,
            row.received_us, at_us, deed.body, fund.programme, fund.running, False,
        )  # fmt: skip
        seen = (number, deed.key, int.from_bytes(deed.body[:8], "big", signed=True))
        if (
            rules is None
            or number >= deeds.claims.at
            or number >= deeds.coupons.at
            or number >= deeds.invites.at
            or not deeds.seen.takes_one(number, seen)
        ):
            return None
        if not deeds.deeds.takes_one(number, wanted):  # it stands twice
            deeds.seen.put_back(seen)
            return None
        return self._decide(lane, number, deed, moment, rules)

    def _lane(self, deed: Deed) -> Lane | None:
        key = deed.channel, deed.project, deed.campaign
        if key not in self.lanes:
            self.lanes[key] = self._look_up(*key)
        return self.lanes[key]

    def _look_up(self, channel_code: str, project: str, campaign_code: str) -> Lane | None:
        state = self.state
        channel, fund = state.channels.get(channel_code), state.funds.get(project)
        campaign = state.campaigns.get(campaign_code)
        if channel is None or fund is None or campaign is None:
            return None
        terms = channel.terms
        limits = terms.projects or terms.gift_max or terms.minute_max or terms.day_max
        if (
            fund.state != "open"
            or fund.frozen
            or campaign.number >= self.deeds.entries.number
            or "CNY" not in terms.assets
            or limits
            or not admits(campaign.terms, channel.code, terms.clock)
        ):
            return None
        words = leaf_words(channel.code, "CNY", fund.code, campaign.code)
        where = f"{campaign.code}\n{fund.code}".encode()
        sums, sides = state.sums[campaign.id, fund.project], self.deeds.sides(channel, fund)
        return Lane(channel, fund, campaign, sums, sides, words, where)

    def _rules(self, campaign: Campaign, moment: Moment) -> list[Rule] | None:
        """Return the rules in force if amounts and rooms are all that decides."""
        key = campaign.id, moment.at_s
        if key not in self.rules:
            if len(self.rules) > MINUTES_REMEMBERED:
                self.rules.clear()
            rules, drawing, secret = campaign.rules_at(moment.at_s)
            open_ = campaign.opens_s <= moment.at_s < campaign.closes_s
            plain = all(
                rule.at_once and not rule.silent and not rule.terms.fills
                and not rule.pool.notice_until for rule in rules
            )  # fmt: skip
            fine = open_ and plain and not drawing and not secret
            self.rules[key] = rules if fine else None
        return self.rules[key]

    def _decide(
        self, lane: Lane, number: int, deed: Deed, moment: Moment, rules: list[Rule]
    ) -> list[Finding]:
        deeds, state = self.deeds, self.state
        channel, fund, campaign, sums, sides, words, where = lane
        amount, person = deed.amount, deed.person
        has_person = person != NO_PERSON
        shown: list[LeafMatch] = []
        transfers: list[Stored] = [(number, number * PLACES, *sides, amount)]
        matches: list[Stored] = []
        for place, rule in enumerate(rules, 1):
            pool = rule.pool
            given, by = match_gift(
                rule.terms, Ask(amount, {}), moment.minute,
                self._room(lane, moment, rule, person, has_person), has_person=has_person,
            )  # fmt: skip
            shown.append(LeafMatch(given, by, pool.code, rule.name))
            if not given:
                continue
            id_ = number * PLACES + place
            promised = state.promised(pool, fund)
            matches.append((number, id_, pool.id, rule.id, given, BY_NUMBER[by]))
            transfers.append((number, id_, pool.available, promised, given))
            state.count(campaign.id, moment.day, person if has_person else None, given)
            channel.drawn += given
            sums.counted += given
            sums.matched += given
            state.charities[campaign.id, fund.payee] += given
            use_windows(state, rule, moment, given)
            state.move(pool.available, promised, given)
        tag = tag_of(person, where) if has_person else b""
        expected = gift_leaf(words, number, moment.text, amount, tag, b"", shown)
        raw = deeds.entries.take(number)
        found: list[Finding] = []
        if raw != expected:
            gift = Gift(number, amount, campaign, channel, fund, sums, person, moment, b"", 0)
            found += deeds.differences(number, expected, raw, gift, rules, shown)
        sums.gifts += 1
        sums.donated += amount
        deeds.lengthen(fund, amount)
        if deeds.transfers.takes(number, transfers):
            if deeds.matches.takes(number, matches):
                return found
            for transfer in reversed(transfers):
                deeds.transfers.put_back(transfer)
        rows = Rows([m[1:] for m in matches], [t[1:] for t in transfers], [], [], [])
        return [*found, *deeds.compare_rows(number, rows, [])]

    def _room(
        self,
        lane: Lane,
        moment: Moment,
        rule: Rule,
        person: bytes,
        has_person: bool,  # noqa: FBT001
    ) -> Room:
        """Say what each bound leaves, as Gifts.room does."""
        state, caps, window = self.state, rule.terms.caps, rule.terms.window
        campaign, channel = lane.campaign.id, lane.channel
        day_cap = campaign_cap = charity = UNBOUNDED
        if has_person and caps.person_day:
            day_cap = caps.person_day - state.usage[campaign, moment.day].get(person, 0)
        if has_person and caps.person_campaign:
            campaign_cap = caps.person_campaign - state.whole[campaign].get(person, 0)
        if caps.charity:
            charity = caps.charity - state.charities[campaign, lane.fund.payee]
        draw_max = channel.terms.draw_max
        return Room(
            day_cap,
            campaign_cap,
            caps.project - lane.sums.counted if caps.project else UNBOUNDED,
            charity,
            draw_max - channel.drawn if draw_max else UNBOUNDED,
            window.budget - state.windows[rule.pool.id, moment.day].used,
            self.deeds.gifts.slice_left(rule, moment) if window.slice_minutes else UNBOUNDED,
            state.balances[rule.pool.available],
        )

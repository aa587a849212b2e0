"""The oracle of what is paid later: shares, squares, and matches for earlier gifts."""

from collections import defaultdict
from math import isqrt

from jusha.inbox.envelopes import NO_PERSON
from tests.simulator.oracle_books import DAY, SHANGHAI, Body, minute_of, seconds
from tests.simulator.oracle_match import Matching
from tests.simulator.rules import NOT_BOUND, Asked, match, share_out

LATE_S = 11 * 60
RETRO_PLACE = 14
Claims = dict[tuple[int, int], int]
"""Amounts by (gift, place)."""


class Closing(Matching):
    """Pays a slice, a campaign's close, or gifts made before a rule."""

    def _do_close_claims(self, body: Body, at_s: int, _two: bool) -> str:  # noqa: FBT001
        rule = next((rule for rule in self.rules if rule["name"] == body["rule"]), None)
        if rule is None or rule["terms"]["decided"] == "at-once":
            return "nothing-to-close"
        terms = rule["terms"]
        by_slice = terms["decided"] == "slice"
        if by_slice != bool(body["slice"]):
            return "nothing-to-close"
        slice_ = seconds(body["slice"]) // 60 if by_slice else 0
        if at_s < self._due(rule, slice_):
            return "too-early"
        if self.pools[rule["pool"]]["notice"] or (rule["name"], slice_) in self.closed:
            return ""
        if terms["gives"]["kind"] == "quadratic" and self._any_held(rule["campaign"]):
            return "match-under-review"
        self.closed.add((rule["name"], slice_))
        if terms["decided"] == "retro":
            self._match_earlier(rule, at_s)
        elif terms["gives"]["kind"] == "quadratic":
            self._by_squares(rule, at_s)
        else:
            self._share(rule, slice_, at_s)
        return ""

    def _any_held(self, campaign: str) -> bool:
        given = [d for d in self.deeds.values() if not d["held"]]
        projects = {d["project"] for d in given if d["campaign"] == campaign}
        return any(d["reviewed"] and d["project"] in projects for d in given)

    def _due(self, rule: Body, slice_: int) -> int:
        if rule["terms"]["decided"] == "retro":
            return int(rule["from_s"])
        if slice_:
            return int(slice_ + rule["terms"]["window"]["slice_minutes"]) * 60 + LATE_S
        return seconds(self.campaigns[rule["campaign"]]["closes"]) + LATE_S

    def _whole(self, number: int) -> bool:
        """Whether nothing of a gift was refunded or taken back."""
        deed = self.deeds[number]
        return bool(deed["left"] == deed["amount"] and not deed["clawed"])

    def _whole_claims(self, rule: Body, slice_: int) -> Claims:
        return {
            (number, place): amount
            for name, at, number, place, amount in self.claims
            if (name, at) == (rule["name"], slice_) and self._whole(number)
        }

    def _share(self, rule: Body, slice_: int, at_s: int) -> None:
        """Share what there is among the claims of gifts that are whole."""
        window, day = (
            rule["terms"]["window"],
            (slice_ * 60 + SHANGHAI) // DAY if slice_ else "close",
        )
        room = [self.window_left(rule, day), self.pools[rule["pool"]]["available"]]
        if slice_:
            minute = (slice_ * 60 + SHANGHAI) % DAY // 60
            acts = window["from_minute"] <= minute < window["to_minute"]
            room.append(self.slice_left(rule, int(day), slice_) if acts else 0)
        claims = self._whole_claims(rule, slice_)
        total = sum(claims.values())
        budget = max(min(room), 0)
        if rule["terms"]["share"] == "claims" or not total:
            budget = min(budget, total)
        numbered = [(number * 16 + place, amount) for (number, place), amount in claims.items()]
        shares = share_out(numbered, budget) if budget else {}
        for number, place in claims:
            if share := shares.get(number * 16 + place, 0):
                self._match_made(number, place, rule, share)
        self._spend(rule, day, slice_, budget)
        self._tell(
            "share", at_s, bud=budget, tot=total, cnt=len(claims), r=rule["name"], left=0,
            slice=minute_of(slice_ * 60) if slice_ else "close",
            m=[[id_ // 16, share] for id_, share in sorted(shares.items()) if share],
        )  # fmt: skip

    def _by_squares(self, rule: Body, at_s: int) -> None:
        """Share a pool by the squares of the sums of the roots of what donors gave."""
        claims = self._whole_claims(rule, 0)
        total = sum(claims.values())
        room = min(self.window_left(rule, "close"), self.pools[rule["pool"]]["available"])
        budget = max(room, 0) if total else 0
        sums: dict[str, dict[object, int]] = defaultdict(lambda: defaultdict(int))
        for (number, _), amount in claims.items():
            deed = self.deeds[number]
            donor = number if deed["person"] == NO_PERSON else deed["person"]
            sums[deed["project"]][donor] += amount
        unit = rule["terms"]["gives"]["unit"]
        roots = {name: [isqrt(s // unit) for s in sums[name].values()] for name in sorted(sums)}
        squares = {name: (sum(each), sum(r * r for r in each)) for name, each in roots.items()}
        weight = unit * sum(votes * votes - spent for votes, spent in squares.values())
        alpha = min(budget, weight) * 10**18 // weight if weight else 0
        shown = [
            [name, votes, spent, alpha * unit * (votes * votes - spent) // 10**18]
            for name, (votes, spent) in squares.items()
        ]
        paid = sum(amount for *_, amount in shown)
        for name, _, _, amount in shown:
            self.promised[rule["pool"], name] += amount
        self._spend(rule, "close", 0, paid)
        self._tell("share", at_s, bud=budget, tot=total, cnt=len(claims), r=rule["name"],
                   left=budget - paid, slice="close", prj=shown)  # fmt: skip

    def _match_earlier(self, rule: Body, at_s: int) -> None:
        """Decide a rule for the gifts that were made before it."""
        terms, shown = rule["terms"], []
        for number, deed in sorted(self.deeds.items()):
            if number > rule["number"] or deed["held"] or deed["campaign"] != rule["campaign"]:
                continue
            if not seconds(terms["since"]) <= deed["at_s"] < seconds(terms["until"]):
                continue
            if not self._whole(number) or any(match[0] == RETRO_PLACE for match in deed["matches"]):
                continue
            day, minute = divmod((deed["at_s"] + SHANGHAI) // 60, DAY // 60)
            used, room = self._room(deed, rule, day, 0, deed["person"])
            room |= {"window": self.window_left(rule, "retro"), "slice": NOT_BOUND}
            amount, by = match(
                terms, Asked(deed["amount"]), minute, used, room,
                has_person=deed["person"] != NO_PERSON, hindered="",
            )  # fmt: skip
            if self.projects[deed["project"]]["frozen"]:
                amount, by = 0, "frozen"
            shown.append([number, amount, by])
            if amount:
                self._count(deed, day, amount, deed["person"])
                self._spend(rule, "retro", 0, amount)
                self._match_made(number, RETRO_PLACE, rule, amount)
        self._tell("share", at_s, bud=0, tot=0, cnt=0, r=rule["name"], left=0, slice="retro",
                   upto=shown[-1][0] if shown else -1, m=shown)  # fmt: skip

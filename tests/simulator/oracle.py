"""What must become of an inbox, in the slowest and plainest form: one by one, in dictionaries.

Shares no code with settlement but the envelopes themselves. Says of every log entry
what it must show (without tags and commitments), and what stands in the books at the end.
"""

import base64
import hashlib
import json
from datetime import UTC, datetime
from typing import Any, Final

from jusha.inbox.envelopes import NO_PERSON, Deed, Envelope, Instruction, Order
from tests.settlement.slow_lines import SlowLines
from tests.simulator.lifecycle import Lifecycle
from tests.simulator.oracle_books import DAY, SHANGHAI, SURPRISE, At, Body, seconds
from tests.simulator.oracle_match import Given
from tests.simulator.rules import draws, leans_on

RULES_MAX: Final = 12


class Oracle(Lifecycle):
    """Settles envelope after envelope."""

    def settle(self, envelope: Envelope, at: At) -> None:
        """Take the next envelope in the public order."""
        received_us = at.received_us
        if isinstance(envelope, Deed):
            self._deed(envelope, at)
        elif isinstance(envelope, Order):
            self._order(envelope)
        else:
            self._instruction(envelope, received_us // 10**6)

    def _deed(self, deed: Deed, at: At) -> None:
        channel = self.channels.get(deed.channel)
        if channel is None:
            self.stuck += 1
            return
        if deed.key in self.seen:
            self.cases += self.seen[deed.key][0] != deed.body[:8]
            return
        self.seen[deed.key] = (deed.body[:8], len(self.told))
        received_s = at.received_us // 10**6
        at_s = effective(channel["clock"], received_s, deed.paid_at)
        order = self.orders.get(deed.order) if deed.order else None
        why = self._why_held(deed, channel, order, received_s)
        if why:
            self.cases += 1
            number = self._tell("held", at_s, amt=deed.amount, why=why, ch=deed.channel)
            self.deeds[number] = {"amount": deed.amount, "held": True, "left": deed.amount,
                                  "matches": [], "clawed": False, "reviewed": False}  # fmt: skip
            return
        if order:
            self.paid.add(order.no)
        self._give(deed, channel, order, at_s, at)

    def _why_held(  # noqa: PLR0911 - one reason a line
        self, deed: Deed, channel: Body, order: Order | None, received_s: int
    ) -> str:
        project = self.projects.get(order.project if order else deed.project)
        if deed.order:
            if order is None:
                return "unknown-order"
            if order.no in self.paid:
                return "order-paid"
            if order.asset != deed.asset:
                return "wrong-asset"
            if order.amount != deed.amount:
                return "wrong-amount"
            if deed.project not in {"", order.project}:
                return "wrong-project"
        if project is None:
            return "unknown-project"
        if project["state"] != "open":
            return "project-gone"
        if deed.payee not in {"", project["charity"]}:
            return "wrong-payee"
        return self._beyond_rights(deed, channel, order.project if order else deed.project,
                                   received_s)  # fmt: skip

    def _beyond_rights(self, deed: Deed, channel: Body, project: str, received_s: int) -> str:
        if deed.asset not in channel["assets"] or deed.asset != "CNY":
            return "asset-not-admitted"
        if channel.get("projects") and project not in channel["projects"]:
            return "project-not-admitted"
        if channel.get("gift_max") and deed.amount > channel["gift_max"]:
            return "over-gift-limit"
        minute = (deed.channel, "minute", received_s // 60)
        day = (deed.channel, "day", (received_s + SHANGHAI) // DAY)
        for key, limit, why in (
            (minute, channel.get("minute_max"), "over-minute-limit"),
            (day, channel.get("day_max"), "over-day-limit"),
        ):
            if limit and self.channel_used[key] + deed.amount > limit:
                return why
        self.channel_used[minute] += deed.amount
        self.channel_used[day] += deed.amount
        return ""

    def _give(self, deed: Deed, channel: Body, order: Order | None, at_s: int, at: At) -> None:
        code = order.campaign if order else deed.campaign
        project = order.project if order else deed.project
        mine: Body = {
            "amount": deed.amount, "held": False, "left": deed.amount, "project": project,
            "person": order.person if order and order.person != NO_PERSON else deed.person,
            "campaign": code, "channel": deed.channel, "clawed": False,
            "reviewed": False, "matches": [],
            "at_s": at_s, "entered": self.lines[project].enter(deed.amount),
        }  # fmt: skip
        asked = order or deed
        coupon = self._coupon(asked.coupon)
        shown: dict[str, Any] = {"amt": deed.amount, "ch": deed.channel, "prj": project}
        shown["cpn"] = f"{coupon[0]}.{coupon[1]}" if coupon else None
        if code not in self.campaigns:
            self.deeds[self._tell("don", at_s, **shown)] = mine
            return
        rules = self._in_force(code, at_s)
        drawing = any(draws(rule["terms"]) for rule in rules)
        if drawing:
            self._digest(at)
        friend_of, friends = self._befriend(mine, asked.invite)
        number = len(self.told)
        self.deeds[number] = mine
        gift = Given(number, mine, channel, at_s, at, coupon, friend_of, friends)
        if matches := self._matches(gift, rules):
            shown["m"] = matches
        shown |= {"rd": code, "i": at.place if drawing else None, "inv": friend_of}
        self.gifts[code] += 1
        self.donated[code, project] += deed.amount
        self._tell("don", at_s, **shown)

    def _digest(self, at: At) -> None:
        """Tell a row's digest before its first gift that may draw."""
        if self.drawn != (at.lane, at.n):
            self.drawn = (at.lane, at.n)
            digest = base64.b64encode(hashlib.sha256(at.payload).digest()).decode()
            self._tell("draw", at.received_us // 10**6, d=digest)

    def _order(self, order: Order) -> None:
        project = self.projects.get(order.project)
        good = project is not None and project["state"] == "open" and order.asset == "CNY"
        known = not order.coupon or self._coupon(order.coupon)
        if good and known and (not order.campaign or order.campaign in self.campaigns):
            self.orders.setdefault(order.no, order)

    def _instruction(self, instruction: Instruction, at_s: int) -> None:
        if instruction.id in self.outcomes:
            return
        refused = getattr(self, "_do_" + instruction.kind.replace("-", "_"))(
            instruction.body, at_s, instruction.by != instruction.second != ""
        )
        self.outcomes[instruction.id] = refused or "done"

    def _do_admit_channel(self, body: Body, at_s: int, _two: bool) -> str:  # noqa: FBT001
        if body["code"] in self.channels:
            return "code-taken"
        self.channels[body["code"]] = body["terms"]
        self._tell("channel", at_s)
        return ""

    def _do_admit_charity(self, body: Body, at_s: int, _two: bool) -> str:  # noqa: FBT001
        if body["code"] in self.charities:
            return "code-taken"
        self.charities.add(body["code"])
        self._tell("charity", at_s)
        return ""

    def _do_reconciled(self, body: Body, at_s: int, _two: bool) -> str:  # noqa: FBT001
        channel = body["channel"]
        if channel not in self.channels:
            return "unknown-channel"
        if not 0 < body["amount"] <= self.channel_used[channel, "drawn"]:
            return "more-than-was-drawn"
        self.channel_used[channel, "drawn"] -= body["amount"]
        self._tell("reconciled", at_s, amt=body["amount"], ch=channel, day=body["day"])
        return ""

    def _do_open_project(self, body: Body, at_s: int, _two: bool) -> str:  # noqa: FBT001
        if body["code"] in self.projects:
            return "code-taken"
        self.projects[body["code"]] = {**body, "state": "open", "frozen": False}
        self.lines[body["code"]] = SlowLines(body["running_permille"])
        self._tell("project", at_s)
        return ""

    def _do_close_project(self, body: Body, at_s: int, _two: bool) -> str:  # noqa: FBT001
        project = self.projects.get(body["code"])
        if project is None or project["state"] != "open":
            return "project-not-open"
        project["state"] = "gone"
        self._tell("project", at_s)
        return ""

    def _do_open_campaign(self, body: Body, at_s: int, _two: bool) -> str:  # noqa: FBT001
        if body["code"] in self.campaigns:
            return "code-taken"
        self.campaigns[body["code"]] = body["terms"]
        self._tell("campaign", at_s)
        return ""

    def _do_fund_pool(self, body: Body, at_s: int, _two: bool) -> str:  # noqa: FBT001
        pool = self.pools.get(body["code"])
        if pool is not None and pool["notice"]:
            return "pool-of-other-campaign"
        if pool is None:
            pool = self.pools[body["code"]] = {
                "campaign": body["campaign"], "available": 0, "returned": 0, "notice": 0,
                "closed": False, "on_return": body["on_return"], "days": body["notice_days"],
                "payable": 0, "secured": 0, "trusted": 0,
            }  # fmt: skip
        pool["available"] += body["amount"]
        pool[body["how"]] += body["amount"]
        self._tell("pool", at_s, amt=body["amount"])
        return ""

    def _slices_beside_another(self, body: Body) -> bool:
        """Whether a pool cut in slices would serve more than one rule."""
        others = [r for r in self.rules if r["pool"] == body["pool"] and r["code"] != body["code"]]
        sliced = [r for r in (body, *others) if r["terms"]["window"].get("slice_minutes")]
        return bool(others and sliced)

    def _reaches_too_far(self, terms: Body, campaign: Body) -> bool:
        """Whether a rule for earlier gifts asks for others than the campaign's, or a surprise."""
        if terms["decided"] != "retro":
            return False
        since, until = seconds(terms["since"]), seconds(terms["until"])
        inside = seconds(campaign["opens"]) <= since < until <= seconds(campaign["closes"])
        return not inside or "surprise" in terms["window"]

    def _ill_leaning(self, body: Body, from_s: int) -> bool:
        """Whether a version looks at what is not decided before it, or others look at it."""
        first: dict[str, tuple[int, int]] = {}
        for rule in self.rules:
            since = (rule["from_s"], rule["number"])
            first[rule["code"]] = min(first.get(rule["code"], since), since)
        late = {rule["code"] for rule in self.rules if rule["terms"]["decided"] != "at-once"}
        mine = first.get(body["code"], (from_s, len(self.told)))
        together = {rule["code"] for rule in self.rules
                    if rule["terms"]["gives"]["kind"] in {"friends", "lump-sum"}}  # fmt: skip
        for code in leans_on(body["terms"]):
            if code not in first or first[code] >= mine or code in late:
                return True
        if body["terms"].get("fills") in together:
            return True
        if body["terms"]["decided"] != "at-once":
            return any(body["code"] in leans_on(rule["terms"]) for rule in self.rules)
        filled = {rule["terms"].get("fills") for rule in self.rules}
        if body["terms"]["gives"]["kind"] in {"friends", "lump-sum"} and body["code"] in filled:
            return True
        return body["terms"]["gives"]["kind"] == "friends" and any(
            rule["terms"]["gives"]["kind"] == "friends" and rule["code"] != body["code"]
            for rule in self.rules
        )

    def _do_publish_rule(self, body: Body, at_s: int, two: bool) -> str:  # noqa: FBT001
        if not two:
            return "needs-two-persons"
        pool = self.pools.get(body["pool"])
        if pool is None or pool["notice"]:
            return "unknown-pool"
        from_s = seconds(body["from"])
        mine = [rule for rule in self.rules if rule["code"] == body["code"]]
        codes = {rule["code"] for rule in self.rules if rule["campaign"] == pool["campaign"]}
        if (
            (self.gifts[pool["campaign"]] and from_s < at_s + 60)
            or any(rule["pool"] != body["pool"] for rule in mine)
            or any(rule["from_s"] >= from_s for rule in mine)
            or self._slices_beside_another(body)
            or self._ill_leaning(body, from_s)
            or self._reaches_too_far(body["terms"], self.campaigns[pool["campaign"]])
            or len(codes | {body["code"]}) > RULES_MAX
        ):
            return "bad-rule"
        name = f"{body['code']}.{len(mine) + 1}"
        version = {"name": name, "campaign": pool["campaign"], "from_s": from_s}
        rule = {**body, **version, "number": len(self.told)}
        if wrong := self._surprise(rule):
            return wrong
        self.rules.append(rule)
        self._tell("rule", at_s, r=name)
        return ""

    def _do_commit_seed(self, body: Body, at_s: int, _two: bool) -> str:  # noqa: FBT001
        mine = [rule for rule in self.rules if rule["code"] == body["rule"]]
        if not any(draws(rule["terms"]) for rule in mine):
            return "rule-draws-nothing"
        day = day_of(body["day"])
        if (body["rule"], day) in self.seeds:
            return "seed-committed"
        campaign = mine[0]["campaign"]
        first = min(rule["terms"]["window"]["from_minute"] for rule in mine)
        opens = max(day * DAY - SHANGHAI + first * 60, seconds(self.campaigns[campaign]["opens"]))
        if at_s + 3_600 > opens and self.gifts[campaign]:
            return "too-late"
        self.seeds[body["rule"], day] = body["hash"]
        self._tell("seed", at_s, r=body["rule"], day=body["day"])
        return ""

    def _do_reveal(self, body: Body, at_s: int, _two: bool) -> str:  # noqa: FBT001
        digest = hashlib.sha256(body["secret"]).digest()
        days = [day for (_, day), known in self.seeds.items() if known == digest]
        if not days:
            return "unknown-secret"
        if digest in self.revealed:
            return "revealed-before"
        over = (days[0] + 1) * DAY - SHANGHAI
        if days[0] == SURPRISE:
            over = seconds(json.loads(body["secret"])["to"])
        if at_s < over + 900:
            return "too-early"
        self.revealed.add(digest)
        self._tell("reveal", at_s)
        return ""

    def _do_seal(self, body: Body, at_s: int, _two: bool) -> str:  # noqa: FBT001
        if body["campaign"] not in self.campaigns:
            return "unknown-campaign"
        shown: dict[str, Any] = {}
        if "day" in body:
            day = day_of(body["day"])
            sums = [
                amount
                for (campaign, when, _), amount in self.usage.items()
                if (campaign, when) == (body["campaign"], day) and amount
            ]
            shown = {"persons": {"cnt": len(sums), "sum": sum(sums)}}
        self._tell("seal", at_s, **shown)
        return ""


def day_of(text: str) -> int:
    """Number the day 2026-09-07."""
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) // DAY


def effective(clock: str, received_s: int, paid_at: int) -> int:
    """When a deed counts as done."""
    if clock == "receipt" or paid_at <= 0:
        return received_s
    if clock == "file":
        return paid_at
    return min(max(paid_at, received_s - 600), received_s)

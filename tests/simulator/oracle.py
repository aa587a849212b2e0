"""What must become of an inbox, in the slowest and plainest form: one by one, in dictionaries.

Shares no code with settlement but the envelopes themselves. Says of every log entry
what it must show (without tags and commitments), and what stands in the books at the end.
"""

import base64
import hashlib
import hmac
from datetime import UTC, datetime
from typing import Any, Final

from jusha.inbox.envelopes import NO_PERSON, Deed, Envelope, Instruction, Order
from tests.simulator.lifecycle import Lifecycle
from tests.simulator.oracle_books import DAY, SHANGHAI, At, Body, Told, seconds
from tests.simulator.rules import NOT_BOUND, draws, match, slice_begins

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
                                  "matches": [], "clawed": False}  # fmt: skip
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
        person = order.person if order and order.person != NO_PERSON else deed.person
        code = order.campaign if order else deed.campaign
        project = order.project if order else deed.project
        rules = self._in_force(code, at_s) if code in self.campaigns else []
        drawing = any(draws(rule["terms"]) for rule in rules)
        if drawing and self.drawn != (at.lane, at.n):
            self.drawn = (at.lane, at.n)
            digest = base64.b64encode(hashlib.sha256(at.payload).digest()).decode()
            self._tell("draw", at.received_us // 10**6, d=digest)
        number = len(self.told)
        self.deeds[number] = mine = {
            "amount": deed.amount, "held": False, "left": deed.amount, "project": project,
            "person": person, "campaign": code, "channel": deed.channel, "clawed": False,
            "matches": [], "at": at,
        }  # fmt: skip
        shown: dict[str, Any] = {"amt": deed.amount, "ch": deed.channel, "prj": project}
        if code in self.campaigns:
            shown["rd"] = code
            shown |= {"i": at.place} if drawing else {}
            matches = [
                self._match(number, mine, channel, rule, place, at_s)
                for place, rule in enumerate(rules, 1)
            ]
            if matches:
                shown["m"] = matches
            self.gifts[code] += 1
        self._tell("don", at_s, **shown)

    def _in_force(self, campaign: str, at_s: int) -> list[Body]:
        newest: dict[str, Body] = {}
        rules = [rule for rule in self.rules if rule["campaign"] == campaign]
        for rule in sorted(rules, key=lambda rule: (rule["from_s"], rule["number"])):
            if rule["from_s"] <= at_s:
                newest[rule["code"]] = rule
        return list(newest.values())

    def _match(
        self, number: int, deed: Body, channel: Body, rule: Body, place: int, at_s: int
    ) -> Told:
        """Decide one rule for a gift, count it, and say what the leaf shows."""
        shown: Told = {"amt": 0, "by": "", "pool": rule["pool"], "r": rule["name"]}
        campaign, pool, terms = (
            self.campaigns[deed["campaign"]],
            self.pools[rule["pool"]],
            rule["terms"],
        )
        named, project = campaign["channels"], deed["project"]
        if not seconds(campaign["opens"]) <= at_s < seconds(campaign["closes"]) or pool["notice"]:
            return shown | {"by": "closed"}
        if deed["channel"] not in named if named else channel["clock"] == "file":
            return shown | {"by": "not-admitted"}
        if self.projects[project]["frozen"]:
            return shown | {"by": "frozen"}
        day, minute = (at_s + SHANGHAI) // DAY, (at_s + SHANGHAI) % DAY // 60
        slice_ = 0
        if "slice_minutes" in terms["window"]:
            slice_ = at_s // 60 - minute + slice_begins(terms["window"], minute)
        at_once = terms["decided"] == "at-once"
        hindered, draw = self._draw(deed, channel, rule, day)
        if not at_once and (rule["name"], slice_) in self.closed:
            hindered = "slice-closed"
        used, room = self._room(deed, channel, rule, day, slice_)
        amount, by = match(
            terms, deed["amount"], minute, used, room,
            has_person=deed["person"] != NO_PERSON, hindered=hindered, draw=draw,
        )  # fmt: skip
        if amount:
            self._count(deed, project, day, amount)
            if at_once:
                self._spend(rule, day, slice_, amount)
                self._match_made(number, place, rule["pool"], amount)
            else:
                self.claims.append((rule["name"], slice_, number, place, amount))
                return shown | {"by": by, "c": amount}
        return shown | {"amt": amount, "by": by}

    def _draw(self, deed: Body, channel: Body, rule: Body, day: int) -> tuple[str, bytes]:
        """What stands against a draw, or the sixteen bytes that come out of it."""
        if not draws(rule["terms"]):
            return "", b""
        if channel["clock"] != "rail":
            return "not-reconciled", b""
        digest = self.seeds.get((rule["code"], day))
        if digest is None:
            return "no-seed", b""
        if digest in self.revealed:
            return "revealed", b""
        at = deed["at"]
        text = hashlib.sha256(at.payload).digest() + at.place.to_bytes(4, "big")
        name = rule["name"].encode()
        return "", hmac.new(self.secrets[digest], text + name, "sha256").digest()[:16]

    def _room(
        self, deed: Body, channel: Body, rule: Body, day: int, slice_: int
    ) -> tuple[dict[str, int], dict[str, int]]:
        """What counts against each cap, and what is left of each sum of money."""
        campaign, person, project = deed["campaign"], deed["person"], deed["project"]
        used = {
            "person_day": self.usage[campaign, day, person],
            "person_campaign": sum(
                amount for (code, _, who), amount in self.usage.items()
                if (code, who) == (campaign, person)
            ),
            "project": self.counted[campaign, project],
            "charity": sum(
                amount for (code, name), amount in self.counted.items()
                if code == campaign
                and self.projects[name]["charity"] == self.projects[project]["charity"]
            ),
        }  # fmt: skip
        drawn = self.channel_used[deed["channel"], "drawn"]
        room = {
            "channel": channel["draw_max"] - drawn if channel.get("draw_max") else NOT_BOUND,
            "window": self.window_left(rule, day),
            "slice": self.slice_left(rule, day, slice_),
            "pool": self.pools[rule["pool"]]["available"],
        }
        return used, room

    def _count(self, deed: Body, project: str, day: int, amount: int) -> None:
        """Count a match or claim against every cap."""
        if deed["person"] != NO_PERSON:
            self.usage[deed["campaign"], day, deed["person"]] += amount
        self.counted[deed["campaign"], project] += amount
        self.channel_used[deed["channel"], "drawn"] += amount

    def _order(self, order: Order) -> None:
        project = self.projects.get(order.project)
        good = project is not None and project["state"] == "open" and order.asset == "CNY"
        if good and (not order.campaign or order.campaign in self.campaigns):
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

    def _do_open_project(self, body: Body, at_s: int, _two: bool) -> str:  # noqa: FBT001
        if body["code"] in self.projects:
            return "code-taken"
        self.projects[body["code"]] = {**body, "state": "open", "frozen": False}
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
            or len(codes | {body["code"]}) > RULES_MAX
        ):
            return "bad-rule"
        name = f"{body['code']}.{len(mine) + 1}"
        version = {"name": name, "campaign": pool["campaign"], "from_s": from_s}
        self.rules.append({**body, **version, "number": len(self.told)})
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
        if at_s < (days[0] + 1) * DAY - SHANGHAI + 900:
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

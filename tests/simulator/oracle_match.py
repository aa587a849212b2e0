"""The oracle of one gift before the rules in force: whom they concern, what stands against them."""

import base64
import hashlib
import hmac
import json
from typing import Any, NamedTuple

from jusha.inbox.envelopes import NO_PERSON
from tests.simulator.oracle_books import DAY, SHANGHAI, SURPRISE, At, Body, Books, Told, seconds
from tests.simulator.rules import NOT_BOUND, Asked, draws, match, slice_begins

FRIENDS_PLACE = 15


class Given(NamedTuple):
    """A gift, whole: `deed` is what the books know of it."""

    number: int
    deed: Body
    channel: Body
    at_s: int
    at: At
    coupon: tuple[str, int] | None = None
    friend_of: int | None = None
    """The earlier gift of which this one's donor is a new friend."""
    friends: int = 0

    @property
    def day(self) -> int:
        """Its Shanghai day."""
        return (self.at_s + SHANGHAI) // DAY

    @property
    def minute(self) -> int:
        """Its minute of that day."""
        return (self.at_s + SHANGHAI) % DAY // 60


class Matching(Books):
    """Decides the rules in force, one after another."""

    def _coupon(self, name: str) -> tuple[str, int] | None:
        """A coupon's rule code and number, if it names a rule."""
        code, _, serial = name.rpartition(".")
        if not any(rule["code"] == code for rule in self.rules):
            return None
        plain = serial.isascii() and serial.isdigit() and str(int(serial)) == serial
        return (code, int(serial)) if plain else None

    def _befriend(self, deed: Body, invite: int) -> tuple[int | None, int]:
        """The gift that a deed is a new friend of, and how many friends that one has now."""
        earlier, person = self.deeds.get(invite), deed["person"]
        published = any(
            rule["terms"]["gives"]["kind"] == "friends"
            for rule in self.rules if rule["campaign"] == deed["campaign"]
        )  # fmt: skip
        if not published or earlier is None or earlier["held"]:
            return None, 0
        if (earlier["campaign"], earlier["project"]) != (deed["campaign"], deed["project"]):
            return None, 0
        if NO_PERSON in {person, earlier["person"]} or person == earlier["person"]:
            return None, 0
        come = self.come.setdefault(invite, set())
        if person in come:
            return None, 0
        come.add(person)
        return invite, len(come)

    def _in_force(self, campaign: str, at_s: int) -> list[Body]:
        newest: dict[str, Body] = {}
        rules = [rule for rule in self.rules if rule["campaign"] == campaign]
        for rule in sorted(rules, key=lambda rule: (rule["from_s"], rule["number"])):
            if rule["from_s"] <= at_s and rule["terms"]["decided"] != "retro":
                newest[rule["code"]] = rule
        return list(newest.values())

    def _matches(self, gift: Given, rules: list[Body]) -> list[Told]:
        """Decide all rules for a gift, and say what the leaf shows."""
        shown: list[Told] = []
        given: dict[str, int] = {}
        filled: dict[str, int] = {}
        for place, rule in enumerate(rules, 1):
            before = filled.get(rule["terms"].get("fills", ""), 0)
            filled[rule["code"]] = before
            if self._concerns(gift, rule):
                leaf = self._match(gift, rule, place, given, before)
                shown.append(leaf)
                given[rule["code"]] = leaf["amt"]
                filled[rule["code"]] = before + leaf["amt"]
        return shown

    def _concerns(self, gift: Given, rule: Body) -> bool:
        gives, surprise = rule["terms"]["gives"], rule["terms"]["window"].get("surprise")
        if surprise:
            times = json.loads(self.secrets[base64.b64decode(surprise)])
            if not seconds(times["from"]) <= gift.at_s // 60 * 60 < seconds(times["to"]):
                return False
        if gives["kind"] == "coupon":
            return bool(
                gift.coupon and gift.coupon[0] == rule["code"] and gift.coupon[1] < gives["count"]
            )
        if gives["kind"] == "lump-sum":
            before = self.donated[gift.deed["campaign"], gift.deed["project"]]
            return bool(before < gives["threshold"] <= before + gift.deed["amount"])
        if gives["kind"] == "friends":
            if gift.friend_of is None or gift.friends != gives["friends"]:
                return False
            matches = self.deeds[gift.friend_of]["matches"]
            return all(place != FRIENDS_PLACE for place, *_ in matches)
        return True

    def _match(
        self, gift: Given, rule: Body, place: int, given: dict[str, int], filled: int
    ) -> Told:
        """Decide one rule for a gift, count it, and say what the leaf shows."""
        terms, deed, kind = rule["terms"], gift.deed, rule["terms"]["gives"]["kind"]
        shown: Told = {"amt": 0, "by": "", "pool": rule["pool"], "r": rule["name"]}
        person, number, base = deed["person"], gift.number, 0
        if kind == "friends":
            assert gift.friend_of is not None
            number, place = gift.friend_of, FRIENDS_PLACE
            shown["for"], person = number, self.deeds[number]["person"]
            base = sum(
                amount for _, _, amount, code in self.deeds[number]["matches"]
                if code == terms["gives"]["on"]
            )  # fmt: skip
        elif kind == "lump-sum":
            person = NO_PERSON
        if closed := self._closed(gift, rule):
            return shown | {"by": closed}
        slice_ = 0
        if "slice_minutes" in terms["window"]:
            slice_ = gift.at_s // 60 - gift.minute + slice_begins(terms["window"], gift.minute)
        hindered, draw = self._hindrance(gift, rule, slice_)
        used, room = self._room(deed, rule, gift.day, slice_, person)
        asked = Asked(deed["amount"], given, filled, draw, base)
        amount, by = match(
            terms, asked, gift.minute, used, room,
            has_person=person != NO_PERSON, hindered=hindered,
        )  # fmt: skip
        if not amount:
            return shown | {"by": by}
        if kind != "quadratic":
            self._count(deed, gift.day, amount, person)
        if terms["decided"] != "at-once":
            self.claims.append((rule["name"], slice_, number, place, amount))
            return shown | {"by": by, "c": amount}
        if kind == "coupon" and gift.coupon:
            self.used_coupons.add(gift.coupon)
        self._spend(rule, gift.day, slice_, amount)
        self._match_made(number, place, rule, amount)
        return shown | {"amt": amount, "by": by}

    def _closed(self, gift: Given, rule: Body) -> str:
        """Why a gift has no match whatever the rule says, or ""."""
        campaign, channel = self.campaigns[gift.deed["campaign"]], gift.channel
        named, code = campaign["channels"], gift.deed["channel"]
        open_ = seconds(campaign["opens"]) <= gift.at_s < seconds(campaign["closes"])
        if not open_ or self.pools[rule["pool"]]["notice"]:
            return "closed"
        if code not in named if named else channel["clock"] == "file":
            return "not-admitted"
        return "frozen" if self.projects[gift.deed["project"]]["frozen"] else ""

    def _hindrance(self, gift: Given, rule: Body, slice_: int) -> tuple[str, bytes]:
        """What else stands against a match; the sixteen bytes of a draw, if nothing does."""
        terms, draw = rule["terms"], b""
        if terms["gives"]["kind"] == "friends":
            earlier = self.deeds[gift.friend_of or 0]
            if earlier["left"] < earlier["amount"] or earlier["clawed"]:
                return "refunded", b""
        if draws(terms):
            hindered, draw = self._draw(gift, rule)
            if hindered:
                return hindered, b""
        if terms["gives"]["kind"] == "coupon" and gift.coupon in self.used_coupons:
            return "coupon-used", b""
        if terms["decided"] != "at-once" and (rule["name"], slice_) in self.closed:
            return "slice-closed", b""
        return "", draw

    def _draw(self, gift: Given, rule: Body) -> tuple[str, bytes]:
        """What stands against a draw, or the sixteen bytes that come out of it."""
        if gift.channel["clock"] != "rail":
            return "not-reconciled", b""
        digest = self.seeds.get((rule["code"], gift.day))
        if digest is None:
            return "no-seed", b""
        if digest in self.revealed:
            return "revealed", b""
        text = hashlib.sha256(gift.at.payload).digest() + gift.at.place.to_bytes(4, "big")
        name = rule["name"].encode()
        return "", hmac.new(self.secrets[digest], text + name, "sha256").digest()[:16]

    def _room(
        self, deed: Body, rule: Body, day: Any, slice_: int, person: bytes
    ) -> tuple[dict[str, int], dict[str, int]]:
        """What counts against each cap, and what is left of each sum of money."""
        campaign, project = deed["campaign"], deed["project"]
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
        most = self.channels[deed["channel"]].get("draw_max")
        drawn = self.channel_used[deed["channel"], "drawn"]
        room = {
            "channel": most - drawn if most else NOT_BOUND,
            "window": self.window_left(rule, day),
            "slice": self.slice_left(rule, day, slice_),
            "pool": self.pools[rule["pool"]]["available"],
        }
        return used, room

    def _count(self, deed: Body, day: int, amount: int, person: bytes) -> None:
        """Count a match or claim against every cap."""
        if person != NO_PERSON:
            self.usage[deed["campaign"], day, person] += amount
        self.counted[deed["campaign"], deed["project"]] += amount
        self.channel_used[deed["channel"], "drawn"] += amount

    def _surprise(self, rule: Body) -> str:
        """Keep a rule's surprise; what is wrong with it, or ""."""
        surprise = rule["terms"]["window"].get("surprise")
        if not surprise:
            return ""
        digest = base64.b64decode(surprise)
        if digest not in set(self.secrets):
            return "secret-not-kept"
        times = json.loads(self.secrets[digest])
        if seconds(times["from"]) >= seconds(times["to"]):
            return "bad-rule"
        self.seeds[rule["name"], SURPRISE] = digest
        return ""

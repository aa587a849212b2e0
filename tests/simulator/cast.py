"""What a history is about: channels, projects, rules and messages, drawn from the seed."""

import base64
import hashlib
import json
from dataclasses import dataclass, field
from random import Random
from typing import Any, Final

from msgspec.structs import replace

from jusha.inbox.envelopes import NO_PERSON, Deed, Envelope, Instruction, Order
from tests.simulator.door import KEYS
from tests.simulator.oracle_books import minute_of
from tests.simulator.rules import (
    LEANING,
    OFTEN,
    THEMES,
    base_terms,
    draw_terms,
    draws,
    leans_on,
)
from tests.simulator.seeds import MemorySecrets

SLICES_PAID: Final = (0, 60, 120, 1_800, 1_860)
"""Seconds after MORNING at which gifts are likely."""
MORNING: Final = 1_788_742_800
"""2026-09-07 09:00 in Shanghai; windows of a rule open and close around it."""
CAMPAIGN: Final = "day"
PERSONS: Final = ("alice", "bob", "carol", "dan", "")
RARE: Final = {"friends", "coupon", "retro"}
"""Themes that need much to come together."""
OF_ORDERS: Final = {"friends", "coupon"}
"""Themes that need orders: channels say nothing of coupons and invitations."""
RULES: Final = ("R1", "R2", "R3", "R4")
DECISIONS: Final = {"refund": 10, "seal": 3, "day": 3, "rule": 5, "fund": 3, "close": 1,
                    "course": 16, "claw-back": 3, "freeze": 2, "thaw": 1,
                    "hold-match": 3, "let-match": 3,
                    "commit-seed": 2, "reveal": 2, "reconciled": 3, "spend": 14}  # fmt: skip
OF_PROJECTS: Final = {"rule", "fund", "close", "freeze", "thaw", "spend"}
AMOUNTS: Final = (1, 50, 100, 100, 200, 200, 333, 500, 1_000)


@dataclass
class Message:
    """Something a channel sent to the door, and whether it knows that it arrived."""

    path: str
    channel: str
    body: bytes
    acknowledged: bool = False


@dataclass
class Cast:
    """Draws who is there and what they do; the same seed draws the same."""

    random: Random
    projects: list[str] = field(default_factory=list)
    pools: list[str] = field(default_factory=list)
    channels: list[str] = field(default_factory=list)
    published: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    orders: list[tuple[int, int]] = field(default_factory=list)
    """Numbers and amounts."""
    messages: list[Message] = field(default_factory=list)
    drawn: int = 0
    theme: str = ""
    opens_s: int = 0
    closes_s: int = 0
    secrets: MemorySecrets = field(default_factory=MemorySecrets)

    def identity(self) -> bytes:
        """A fresh id of an instruction."""
        return self.random.randbytes(16)

    def instruction(self, kind: str, second: str = "wang", **body: Any) -> Instruction:
        """An instruction by two persons."""
        return Instruction(self.identity(), kind, "li", second, body)

    def furnish(self) -> list[Instruction]:
        """Everything that must be there before the first gift."""
        random = self.random
        self.theme = random.choice(THEMES)
        self.channels = ["rail", "bank", "file"]
        self.projects = [f"p{number}" for number in range(random.randint(2, 4))]
        self.pools = ["tree", "lake"][: random.randint(1, 2)]
        done = [self.instruction("admit-charity", code="shan")]
        for clock, code in zip(("rail", "receipt", "file"), self.channels, strict=True):
            terms: dict[str, Any] = {"assets": ["CNY"], "clock": clock}
            for limit, values in (
                ("gift_max", [0, 0, 900]),
                ("minute_max", [0, 0, 2_000]),
                ("day_max", [0, 0, 5_000]),
                ("draw_max", [0, 0, 1_100]),
            ):
                terms[limit] = random.choice(values)
            done.append(self.instruction("admit-channel", code=code, terms=terms))
        for project in self.projects:
            permille = random.choice([0, 80, 333])
            done.append(
                self.instruction(
                    "open-project", code=project, charity="shan", running_permille=permille
                )
            )
        done += [self._campaign(), *map(self.funding, self.pools)]
        codes = RULES[: random.randint(2 if self.theme in LEANING else 1, len(RULES))]
        done += [self.rule(MORNING - 86_400, code) for code in codes]
        done += [self.seed(code, MORNING) for code, terms in self.published if draws(terms)]
        return done

    def _campaign(self) -> Instruction:
        random = self.random
        closes = random.choice([1_800, 90_000, 90_000, 90_000, 400_000])
        opens = random.choice([100_000, 100_000, 100_000, 600, -600])
        admitted = random.choice([self.channels, self.channels, self.channels[:2], []])
        if self.theme in RARE:  # what else stands against a match would leave nothing to see
            closes, opens, admitted = max(closes, 90_000), 200_000, self.channels
        self.opens_s, self.closes_s = MORNING - opens, MORNING + closes
        terms = {"opens": minute_of(self.opens_s), "closes": minute_of(self.closes_s),
                 "channels": admitted}  # fmt: skip
        return self.instruction("open-campaign", code=CAMPAIGN, terms=terms)

    def seed(self, rule: str, at_s: int) -> Instruction:
        """Commit to a seed of a rule for the Shanghai day of a time."""
        digest = self.secrets.keep(self.random.randbytes(32))
        day = minute_of(at_s + 8 * 3600)[:10]
        return self.instruction("commit-seed", rule=rule, day=day, hash=digest)

    def funding(self, pool: str) -> Instruction:
        """Sponsor's money, often too little."""
        amount = self.random.choice([500, 2_000, 6_000, 10**6])
        how = self.random.choice(["secured", "trusted"])
        return self.instruction(
            "fund-pool", code=pool, campaign=CAMPAIGN, sponsor="Tree", amount=amount, how=how,
            on_return=self.random.choice(["sponsor", "spread"]), notice_days=0,
        )  # fmt: skip

    def rule(self, now_s: int, code: str = "") -> Instruction:
        """A rule version a little ahead, sometimes too soon; what leans on others begins last."""
        random = self.random
        second = "wang" if code or random.random() < 0.8 else "li"
        code = code or random.choice(RULES)
        terms = self._terms(now_s, code)
        ahead = 600 if leans_on(terms) else random.choice([30, 61, 120, 180, 600])
        self.published.append((code, terms))
        return self.instruction(
            "publish-rule", second, code=code, pool=self.pools[RULES.index(code) % len(self.pools)],
            terms=terms, **{"from": minute_of(now_s + ahead)},
        )  # fmt: skip

    def _terms(self, now_s: int, code: str) -> dict[str, Any]:
        random = self.random
        if self.theme in LEANING and not self.published:
            return base_terms(random)
        since = now_s - random.choice([7_200, 90_000, 90_000, 500_000])
        until = now_s + random.choice([-60, 0, 600])
        if random.random() < 0.95:
            since, until = max(since, self.opens_s), min(until, self.closes_s)
        others = [RULES[0], *(other for other, _ in self.published if other != code)]
        terms = draw_terms(random, self.theme, others, minute_of(since), minute_of(until))
        if self.theme in RARE and random.random() < OFTEN:
            terms["window"] |= {"from_minute": 0, "to_minute": 1440}
        if random.random() < (OFTEN if self.theme == "surprise" else 0.04):
            terms["window"]["surprise"] = self._surprise(now_s)
        return terms

    def _surprise(self, now_s: int) -> str:
        """The hash of secret times, seldom of nothing that is kept."""
        random = self.random
        begins = max(now_s, MORNING) + random.choice([-600, 0, 120, 3_600])
        times = {"from": minute_of(begins), "salt": random.randbytes(8).hex(),
                 "to": minute_of(begins + random.choice([0, 600, 7_200, 50_000]))}  # fmt: skip
        secret = json.dumps(times).encode()
        if random.random() < 0.05:
            digest = hashlib.sha256(secret).digest()
        else:
            digest = self.secrets.keep(secret)
        return base64.b64encode(digest).decode()

    def decision(self, now_s: int, settled: int) -> Instruction:
        """Something that a person or job decides while gifts come in."""
        random = self.random
        kind = random.choices(list(DECISIONS), list(DECISIONS.values()))[0]
        if self.theme == "retro" and random.random() < 0.3:
            return self.rule(now_s)
        if kind in {"refund", "claw-back", "hold-match", "let-match"}:
            deed = random.randrange(settled + 3)
            second = random.choice(["wang", "wang", "li"])
            more = {"amount": random.choice([1, 33, 50, 100, 200])} if kind == "refund" else {}
            return self.instruction(kind, second, deed=deed, reason="asked", **more)
        if kind == "course":
            return self.course(now_s)
        return self._of_projects(kind, now_s) if kind in OF_PROJECTS else self._of_time(kind, now_s)

    def _of_projects(self, kind: str, now_s: int) -> Instruction:
        random = self.random
        if kind == "rule":
            return self.rule(now_s)
        if kind == "fund":
            return self.funding(random.choice(self.pools))
        if kind == "close":
            return self.instruction("close-project", code=random.choice(self.projects))
        if kind == "spend":
            return self.spending()
        return self.instruction(kind, project=random.choice(self.projects), reason="audit")

    def spending(self, project: str = "") -> Instruction:
        """An expense of a line, sometimes more than it has, seldom by one person."""
        random = self.random
        body = {"project": project or random.choice([*self.projects * 3, "nowhere"]),
                "line": random.choice(["programme"] * 3 + ["running"]),
                "amount": random.choice([1, 40, 90, 150, 300, 700]), "what": "goods",
                "ref": f"E{random.randrange(10**6)}"}  # fmt: skip
        second = random.choice(["wang"] * 9 + ["li"])
        digests = {"words": random.randbytes(32), "evidence": random.randbytes(32)}
        return self.instruction("spend", second, **body, **digests)

    def _of_time(self, kind: str, now_s: int) -> Instruction:
        random = self.random
        if kind == "seal":
            return self.instruction("seal", campaign=CAMPAIGN)
        if kind == "day":
            day = minute_of(now_s + 8 * 3600)[:10]
            return self.instruction("seal", campaign=CAMPAIGN, day=day, salt=random.randbytes(16))
        if kind == "reconciled":
            channel, amount = random.choice([*self.channels, "none"]), random.choice(AMOUNTS)
            day = minute_of(now_s)[:10]
            return self.instruction(kind, channel=channel, day=day, amount=amount)
        if kind == "commit-seed":
            code, _ = random.choice(self.published)
            return self.seed(code, now_s + random.choice([0, 86_400]))
        known = [self.secrets[digest] for digest in self.secrets]
        return self.instruction("reveal", secret=random.choice([*known, bytes(32)]))

    def course(self, now_s: int) -> Instruction:
        """The next or any other step from claims to the sponsor's payment."""
        random = self.random
        pool, project = random.choice(self.pools), random.choice(self.projects)
        step = random.choice(
            ["close-claims"] * 6
            + ["begin-notice", "begin-notice", "close-pool", "close-pool"]
            + ["release", "release", "sponsor-paid"]
        )
        if step == "close-claims":
            code, terms = random.choice(self.published)
            at_s = now_s - random.choice([0, 12, 15, 30, 60, 400]) * 60
            name = f"{code}.{random.randint(1, 2)}"
            return self.instruction(step, rule=name, slice=slice_at(terms["window"], at_s))
        if step == "release":
            return self.instruction(step, pool=pool, project=project)
        return self._paid(pool) if step == "sponsor-paid" else self.instruction(step, pool=pool)

    def _paid(self, pool: str) -> Instruction:
        amount = self.random.choice([1, 50, 100, 200])
        how = self.random.choice(["secured", "trusted"])
        return self.instruction("sponsor-paid", pool=pool, charity="shan", amount=amount, how=how)

    def _gift(self, now_s: int) -> dict[str, Any]:
        """One deed's message, of an order or of a project."""
        random = self.random
        self.drawn += 1
        amount = random.choice(AMOUNTS)
        gift: dict[str, Any] = {"id": f"gift-{self.drawn}", "asset": "CNY", "amount": amount}
        if random.random() < 0.3:
            gift["id"] = f"{minute_of(now_s)[:4]}0907010203{self.drawn:06d}"
        if self.orders and random.random() < (0.5 if self.theme in OF_ORDERS else 0.3):
            number, agreed = random.choice(self.orders)
            gift |= {"order": str(number), "amount": random.choice([agreed, agreed, amount])}
        else:
            gift["project"] = self._project() if random.random() < 0.9 else "nowhere"
            gift["campaign"] = random.choice([CAMPAIGN, CAMPAIGN, CAMPAIGN, ""])
        if payer := random.choice(PERSONS):
            gift["payer"] = payer
        if random.random() < 0.7:
            gift["paid_at"] = now_s - random.choice([0, 1, 30, 90, 700, 3_600, 86_400])
        if random.random() < 0.05:
            gift["payee"] = random.choice(["shan", "other"])
        return gift

    def message(self, now_s: int) -> Message:
        """A new message of a channel."""
        random = self.random
        channel = random.choice(self.channels[:2])
        if random.random() < 0.15:
            number, amount = 20260907000000 + len(self.orders), random.choice(AMOUNTS)
            self.orders.append((number, amount))
            order = {"no": str(number), "asset": "CNY", "amount": amount, "campaign": CAMPAIGN,
                     "project": random.choice([*self.projects, "nowhere"])}  # fmt: skip
            message = Message("/door/v1/orders", channel, json.dumps(order).encode())
        elif random.random() < 0.15:
            items = [self._gift(now_s) for _ in range(random.randint(2, 9))]
            body = json.dumps({"items": items}).encode()
            message = Message("/door/v1/deeds/batch", channel, body)
        else:
            body = json.dumps(self._gift(now_s)).encode()
            message = Message("/door/v1/deeds", channel, body)
        self.messages.append(message)
        return message

    def repeat(self) -> Message | None:
        """Send something again, seldom with another body under its old id."""
        if not self.messages:
            return None
        message = self.random.choice(self.messages)
        if message.path == "/door/v1/deeds" and self.random.random() < 0.1:
            other = json.loads(message.body)
            other["amount"] += 1
            message = Message(message.path, message.channel, json.dumps(other).encode())
            self.messages.append(message)
        return message

    def agreed(self, gifts: list[int]) -> Order:
        """An order of the donate page: with a person and a commitment."""
        random = self.random
        number, amount = 20260907000000 + len(self.orders), random.choice(AMOUNTS)
        self.orders.append((number, amount))
        payer = random.choice(["alice", "alice", "bob", "carol"])
        message = {"id": "x", "asset": "CNY", "amount": 1, "payer": payer}
        person = KEYS.read_deed("web", json.dumps(message).encode()).person
        return Order(
            number, self._project(), CAMPAIGN, "CNY", amount,
            random.choice([person, NO_PERSON]), random.randbytes(32),
            self._coupon(), self._invite(gifts),
        )  # fmt: skip

    def _project(self) -> str:
        """Where friends invite each other, mostly one and the same."""
        if self.theme == "friends" and self.random.random() < 0.8:
            return self.projects[0]
        return self.random.choice(self.projects)

    def _coupon(self) -> str:
        """Mostly none; seldom one that names no rule, or no number."""
        coupons = [code for code, terms in self.published if terms["gives"]["kind"] == "coupon"]
        if self.random.random() < (0.3 if coupons else 0.95):
            return ""
        code = self.random.choice(coupons or [*RULES])
        serial = self.random.choice(["0", "0", "0", "1", "1", "2", "3", "01"])
        return self.random.choice([f"{code}.{serial}"] * 19 + ["nowhere.0"])

    def _invite(self, gifts: list[int]) -> int:
        """The number of a gift, or of an entry that is none or not there yet."""
        random = self.random
        if gifts and random.random() < (0.8 if self.theme == "friends" else 0.2):
            return random.choice([*gifts[:3] * 4, *gifts])
        return random.choice([0, random.randrange(len(gifts) + 20)])

    def ending(self, now_s: int, gifts: list[int]) -> list[Instruction]:
        """What is done when a campaign is over, from claims to money; a step may be forgotten."""
        random = self.random
        steps = [self.rule(now_s)] if random.random() < 0.3 or self.theme == "retro" else []
        codes = [code for code, _ in self.published]
        for number, (code, terms) in enumerate(self.published):
            name = f"{code}.{codes[:number].count(code) + 1}"
            slices = {slice_at(terms["window"], MORNING + ago) for ago in SLICES_PAID}
            steps += [self.instruction("close-claims", rule=name, slice=s) for s in sorted(slices)]
        steps += [self.instruction("reveal", secret=self.secrets[each]) for each in self.secrets]
        steps += [self.instruction("begin-notice", pool=pool) for pool in self.pools]
        steps += [self.instruction("close-pool", pool=pool) for pool in self.pools]
        for pool in self.pools:
            for project in self.projects:
                steps.append(self.instruction("release", pool=pool, project=project))
        steps += [self._paid(pool) for pool in self.pools * 2]
        steps += [self.spending(project) for project in self.projects * 4]
        for deed in random.sample(gifts, min(len(gifts), 4)):  # after its match was released
            amount = random.choice([1, 50, 100])
            steps.append(self.instruction("refund", deed=deed, amount=amount, reason="late"))
            steps.append(self.instruction("claw-back", deed=deed, reason="late"))
        return [step for step in steps if random.random() < 0.9]

    def filed(self, now_s: int, gifts: list[int]) -> list[Envelope]:
        """Rows of a file that comes late, some of them again, seldom of an unknown channel."""
        random = self.random
        rows: list[Envelope] = []
        source = random.choice(["file", "rail"])
        for _ in range(random.randint(1, 6)):
            hours = random.choice([0, 30]) if self.theme in RARE else random.randint(0, 30)
            gift = self._gift(now_s - 3_600 * hours)
            channel = source if random.random() < 0.99 else "stranger"
            deed: Deed = KEYS.read_deed(channel, json.dumps(gift).encode())
            rows.append(replace(deed, coupon=self._coupon(), invite=self._invite(gifts)))
        return rows


def slice_at(window: dict[str, Any], at_s: int) -> str:
    """The UTC minute at which the slice of a time begins; "" for a window without slices."""
    size = window.get("slice_minutes", 0)
    if not size:
        return ""
    midnight = (at_s + 8 * 3600) // 86_400 * 86_400 - 8 * 3600
    minute = (at_s - midnight) // 60 - window["from_minute"]
    return minute_of(midnight + 60 * (window["from_minute"] + minute // size * size))

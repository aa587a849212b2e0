"""What a history is about: channels, projects, rules and messages, drawn from the seed."""

import json
from dataclasses import dataclass, field
from random import Random
from typing import Any, Final

from jusha.inbox.envelopes import NO_PERSON, Deed, Envelope, Instruction, Order
from tests.simulator.door import KEYS
from tests.simulator.oracle_books import minute_of
from tests.simulator.rules import draw_terms, draws
from tests.simulator.seeds import MemorySecrets

MORNING: Final = 1_788_742_800
"""2026-09-07 09:00 in Shanghai; windows of a rule open and close around it."""
CAMPAIGN: Final = "day"
PERSONS: Final = ("alice", "bob", "carol", "dan", "")
DECISIONS: Final = {"refund": 10, "seal": 3, "day": 3, "rule": 5, "fund": 3, "close": 1,
                    "course": 16, "claw-back": 3, "freeze": 2, "thaw": 1,
                    "commit-seed": 2, "reveal": 2}  # fmt: skip
OF_PROJECTS: Final = {"rule", "fund", "close", "freeze", "thaw"}
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
        admitted = random.choice([self.channels, self.channels[:2], []])
        opens = MORNING - random.choice([86_400, 600, -600])
        terms = {
            "opens": minute_of(opens),
            "closes": minute_of(MORNING + random.choice([1_800, 90_000, 400_000])),
            "channels": admitted,
        }
        done.append(self.instruction("open-campaign", code=CAMPAIGN, terms=terms))
        done += [self.funding(pool) for pool in self.pools]
        done += [self.rule(MORNING - 86_400) for _ in range(random.randint(1, 3))]
        done += [self.seed(code, MORNING) for code, terms in self.published if draws(terms)]
        return done

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

    def rule(self, now_s: int) -> Instruction:
        """A rule version a little ahead, sometimes too soon."""
        number = self.random.randint(1, 3)
        pool = self.pools[number % len(self.pools)]
        from_s = now_s + self.random.choice([30, 61, 120, 180, 600])
        second = self.random.choice(["wang", "wang", "wang", "li"])
        terms = draw_terms(self.random)
        self.published.append((f"R{number}", terms))
        return self.instruction(
            "publish-rule", second, code=f"R{number}", pool=pool, terms=terms,
            **{"from": minute_of(from_s)},
        )  # fmt: skip

    def decision(self, now_s: int, settled: int) -> Instruction:
        """Something that a person or job decides while gifts come in."""
        random = self.random
        kind = random.choices(list(DECISIONS), list(DECISIONS.values()))[0]
        if kind in {"refund", "claw-back"}:
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
        return self.instruction(kind, project=random.choice(self.projects), reason="audit")

    def _of_time(self, kind: str, now_s: int) -> Instruction:
        random = self.random
        if kind == "seal":
            return self.instruction("seal", campaign=CAMPAIGN)
        if kind == "day":
            day = minute_of(now_s + 8 * 3600)[:10]
            return self.instruction("seal", campaign=CAMPAIGN, day=day, salt=random.randbytes(16))
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
            size, begins = terms["window"].get("slice_minutes", 0), ""
            if size:
                ago = random.choice([0, 12, 15, 30, 60, 400]) * 60
                midnight = (now_s + 8 * 3600) // 86_400 * 86_400 - 8 * 3600
                minute = (now_s - ago - midnight) // 60 - terms["window"]["from_minute"]
                at = midnight + 60 * (terms["window"]["from_minute"] + minute // size * size)
                begins = minute_of(at)
            return self.instruction(step, rule=f"{code}.{random.randint(1, 2)}", slice=begins)
        if step == "release":
            return self.instruction(step, pool=pool, project=project)
        if step == "sponsor-paid":
            amount, how = random.choice([100, 200]), random.choice(["secured", "trusted"])
            return self.instruction(step, pool=pool, charity="shan", amount=amount, how=how)
        return self.instruction(step, pool=pool)

    def _gift(self, now_s: int) -> dict[str, Any]:
        """One deed's message, of an order or of a project."""
        random = self.random
        self.drawn += 1
        amount = random.choice(AMOUNTS)
        gift: dict[str, Any] = {"id": f"gift-{self.drawn}", "asset": "CNY", "amount": amount}
        if random.random() < 0.3:
            gift["id"] = f"{minute_of(now_s)[:4]}0907010203{self.drawn:06d}"
        if self.orders and random.random() < 0.3:
            number, agreed = random.choice(self.orders)
            gift |= {"order": str(number), "amount": random.choice([agreed, agreed, amount])}
        else:
            gift["project"] = random.choice([*self.projects, *self.projects, "nowhere"])
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

    def agreed(self) -> Order:
        """An order of the donate page: with a person and a commitment."""
        random = self.random
        number, amount = 20260907000000 + len(self.orders), random.choice(AMOUNTS)
        self.orders.append((number, amount))
        person = KEYS.read_deed(
            "web", b'{"id":"x","asset":"CNY","amount":1,"payer":"alice"}'
        ).person
        return Order(
            number, random.choice(self.projects), CAMPAIGN, "CNY", amount,
            random.choice([person, NO_PERSON]), random.randbytes(32),
        )  # fmt: skip

    def filed(self, now_s: int) -> list[Envelope]:
        """Rows of a file that comes late, some of them again, seldom of an unknown channel."""
        rows: list[Envelope] = []
        for _ in range(self.random.randint(1, 6)):
            gift = self._gift(now_s - 3_600 * self.random.randint(0, 30))
            channel = "file" if self.random.random() < 0.99 else "stranger"
            deed: Deed = KEYS.read_deed(channel, json.dumps(gift).encode())
            rows.append(deed)
        return rows

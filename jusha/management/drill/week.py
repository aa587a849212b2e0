"""One invented week with every kind of rule, from the first rule to the last payment.

The week lies in the past and its inbox is written with times of its own, so that months
of a campaign's life pass in a minute. From there on everything is real: the same inbox
rows, the same settlement, the same jobs asking for closings, seeds and seals.
"""

import hashlib
import random
import tomllib
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import msgspec
from psycopg import Connection

from jusha.inbox.append import new_id
from jusha.inbox.envelopes import NO_PERSON, Deed, Envelope, Instruction, Order, encode
from jusha.inbox.keys import deed_key, person_key
from jusha.merkle.encoding import encode64
from jusha.settlement.batch import Settlement
from jusha.settlement.closer import Closer, SecretKeeper
from jusha.settlement.jobs import Sealer
from jusha.settlement.secrets import Secrets

WORLD: Final = Path(__file__).parent / "week.toml"
PLANNED: Final = datetime(2026, 9, 1, 2, tzinfo=UTC)
FIRST_DAY: Final = datetime(2026, 9, 6, 16, tzinfo=UTC)
"""Midnight in Shanghai."""
DAYS: Final = 7
OVER: Final = FIRST_DAY + timedelta(days=DAYS, minutes=20)
SECRET: Final = b"the drill's own key of 32 bytes!"
PERSONS: Final = 300
HOSTS_SQL: Final = """
SELECT d.number, f.code FROM giving_deed d
JOIN projects_fund f ON f.project = d.project
JOIN matching_match m ON m.id >= d.number * 16 AND m.id < d.number * 16 + 16
JOIN matching_rule r ON r.id = m.rule
WHERE r.code = 'ratio' AND d.person <> '00000000-0000-0000-0000-000000000000'::uuid
ORDER BY d.number DESC LIMIT 4"""
"""The last gifts that the first rule matched."""
AMOUNTS: Final = (100, 100, 500, 990, 1_000, 1_000, 2_000, 2_000, 5_000, 10_000, 35_000, 60_000)
HOURS: Final = (0, 8, 9, 9, 10, 10, 10, 11, 12, 14, 16, 18, 19, 20, 21, 21, 22, 23)
BUSY_MINUTES: Final = 12
"""Most gifts of an hour come in its first minutes."""


class WeekFailedError(Exception):
    """An instruction was refused that had to be obeyed."""


@dataclass(slots=True)
class Told:
    """What happened, in figures."""

    gifts: int = 0
    refunds: int = 0
    refused: list[str] = field(default_factory=list)


class Week:
    """Writes the week into an inbox and settles it, hour by hour of its own time."""

    def __init__(
        self,
        owner: Connection[Any],
        settlement: Settlement,
        secrets: Secrets,
        *,
        gifts: int = 2_000,
        seed: int = 1,
        tell: Callable[[str], None] = print,
    ) -> None:
        """Owner may write the inbox; `owner` and settlement see the same empty database."""
        self.owner, self.settlement, self.secrets = owner, settlement, secrets
        self.gifts, self.tell = gifts, tell
        self.random = random.Random(seed)  # noqa: S311 - a drill's own world, not a secret
        self.world = tomllib.loads(WORLD.read_text())
        self.now = PLANNED
        self.told = Told()
        self.sealer, self.closer = Sealer(), Closer()
        self.keeper = SecretKeeper(secrets)
        self._lanes: dict[str, int] = {}
        self._orders = 20_260_907_000_000_000
        self._coupons = 0
        self._hosts: list[tuple[int, str]] = []
        """(number, project) of gifts whose donors invite their friends just now."""
        self._deeds = 0
        self.projects = [code for each in self.world["charities"] for code in each["projects"]]

    def run(self) -> Told:
        """Live the week, its notice, its release and its payment."""
        self.plan()
        for day in range(DAYS):
            self.live(day)
        self.settle_up()
        return self.told

    # --- the inbox ------------------------------------------------------------------------------

    def send(self, lane: str, envelopes: list[Envelope]) -> None:
        """Write one inbox row at the week's own time, as the lane's group commit would."""
        n = self._lanes[lane] = self._lanes.get(lane, 0) + 1
        self.owner.execute(
            "INSERT INTO inbox_row (lane, n, count, received_at, payload)"
            " SELECT lane, %s, %s, %s, %s FROM inbox_lane WHERE name = %s",
            (n, len(envelopes), self.now, encode(envelopes), lane),
        )
        self.owner.execute(
            "UPDATE inbox_lane SET last_n = %s, last_received_at = %s WHERE name = %s",
            (n, self.now, lane),
        )
        self.owner.commit()

    def settle(self) -> None:
        """Settle all that waits."""
        while self.settlement.settle_next().rows:
            pass

    def instruct(self, kind: str, *, second: str = "wang", **body: Any) -> int:
        """Send one instruction and return its entry. Raises WeekFailedError if it is refused."""
        identity = new_id()
        self.send("console", [Instruction(identity, kind, "li", second, body)])
        self.settle()
        row = self.owner.execute(
            "SELECT code, number, detail FROM settlement_outcome"
            " WHERE id = encode(%b, 'hex')::uuid",
            (identity,),
        ).fetchone()
        self.owner.rollback()
        if row is None or row[0] != "done":
            raise WeekFailedError(f"{kind} {body}: {row}")
        return int(row[1])

    def jobs(self) -> None:
        """Let the jobs ask for what is due at the week's own time, until nothing is."""
        while True:
            due = self.closer.due(self.owner, self.now) + self.keeper.due(self.owner, self.now)
            self.owner.rollback()
            if not due:
                return
            self.send("jobs", list[Envelope](due))
            self.settle()

    # --- the week -------------------------------------------------------------------------------

    def plan(self) -> None:
        """Admit, open, fund and publish, six days before."""
        for channel in self.world["channels"]:
            self.instruct("admit-channel", **channel)
        for charity in self.world["charities"]:
            self.instruct("admit-charity", code=charity["code"])
            for code in charity["projects"]:
                body = {"code": code, "charity": charity["code"], "running_permille": 80}
                self.instruct("open-project", **body)
        for each in self.world["campaigns"]:
            terms = {name: each[name] for name in ("opens", "closes", "channels")}
            self.instruct("open-campaign", code=each["code"], terms=terms)
        for pool in self.world["pools"]:
            self.instruct("fund-pool", how="secured", **pool)
        for rule in self.world["rules"]:
            if "published" not in rule:
                self.publish(rule)
        self.tell(f"planned: {len(self.world['rules'])} rules in {len(self.world['pools'])} pools")

    def publish(self, rule: dict[str, Any]) -> None:
        """Publish one rule version; a surprise's times are kept and only their hash is shown."""
        terms = dict(rule["terms"])
        if surprise := terms.pop("surprise", None):
            salt = hashlib.sha256(self.random.randbytes(32)).hexdigest()[:32]
            raw = msgspec.json.encode(surprise | {"salt": salt}, order="deterministic")
            terms["window"] = terms["window"] | {"surprise": encode64(self.secrets.keep(raw))}
        pool = next(each for each in self.world["pools"] if each["code"] == rule["pool"])
        opens = next(c["opens"] for c in self.world["campaigns"] if c["code"] == pool["campaign"])
        body = {"code": rule["code"], "pool": rule["pool"], "terms": terms}
        self.instruct("publish-rule", **body, **{"from": rule.get("from", opens)})

    def live(self, day: int) -> None:
        """Live one day: its gifts hour by hour, then what people decide, then its seals."""
        midnight = FIRST_DAY + timedelta(days=day)
        per_hour = max(self.gifts // DAYS // len(HOURS), 1)
        for hour in sorted(set(HOURS)):
            self.now = midnight + timedelta(hours=hour)
            self.jobs()
            for minute in range(BUSY_MINUTES):
                self.now = midnight + timedelta(hours=hour, minutes=minute, seconds=30)
                self.give(per_hour * HOURS.count(hour) // BUSY_MINUTES + 1)
            self.settle()
            self._hosts = self.owner.execute(HOSTS_SQL).fetchall()
            self.owner.rollback()
            self.now = midnight + timedelta(hours=hour, minutes=50)
            self.jobs()
        self.now = midnight + timedelta(hours=23, minutes=58)
        self.decide(day)
        self.now = midnight + timedelta(hours=24, minutes=16)
        self.jobs()
        self.seal()
        self.tell(f"day {day + 1}: {self.settlement.world.next_number} entries")

    def give(self, count: int) -> None:
        """Let some persons give in this minute, some of them late, twice, or by invitation."""
        orders: list[Envelope] = []
        deeds: list[Envelope] = []
        for _ in range(count):
            order, deed = self.one_gift()
            deeds.append(deed)
            if order:
                orders.append(order)
            if self.random.random() < 0.02:  # noqa: PLR2004 - some notices come twice
                deeds.append(deed)
        if orders:
            self.send("web", orders)
        self.now += timedelta(seconds=5)
        self.random.shuffle(deeds)
        for first in range(0, len(deeds), 7):
            self.now += timedelta(milliseconds=200)
            self.send("door", deeds[first : first + 7])
        self.told.gifts += count

    def one_gift(self) -> tuple[Order | None, Deed]:
        """Make one gift: by order with coupon or invitation through the rail, or directly."""
        chance, person = self.random.random(), self.person()
        flood = self.now >= FIRST_DAY + timedelta(days=3, hours=10) and chance < 0.3  # noqa: PLR2004
        invite, project = self.invite(self.projects[:4] if flood else self.projects)
        amount = self.random.choice(AMOUNTS)
        self._deeds += 1
        external = f"week-{self._deeds}"
        channel = "pay" if chance < 0.8 else "partner" if chance < 0.95 else "bank"  # noqa: PLR2004
        paid = self.now - timedelta(seconds=self.random.choice((0, 0, 5, 65, 590)))
        if channel == "bank":
            paid = self.now - timedelta(hours=self.random.randint(1, 30))
        fields: dict[str, Any] = {
            "channel": channel,
            "key": deed_key(SECRET, channel, external),
            "body": hashlib.sha256(external.encode()).digest(),
            "asset": "CNY",
            "amount": amount,
            "paid_at": int(paid.timestamp()),
        }
        campaign = "flood" if flood and channel != "bank" else "week"
        if channel != "pay":
            return None, Deed(**fields, project=project, campaign=campaign, person=person)
        self._orders += 1
        order = Order(
            self._orders,
            project,
            campaign,
            "CNY",
            amount,
            person,
            hashlib.sha256(external.encode()).digest(),
            self.coupon(),
            invite,
        )
        return order, Deed(**fields, order=self._orders)

    def person(self) -> bytes:
        """Pick a donor: a few give often, one in twelve is unknown."""
        if self.random.random() < 1 / 12:
            return NO_PERSON
        name = int(PERSONS * self.random.random() ** 2)
        return person_key(SECRET, "pay", f"donor-{name}")

    def coupon(self) -> str:
        """Name a coupon now and then; some are used twice."""
        if self.random.random() > 0.06:  # noqa: PLR2004
            return ""
        self._coupons += self.random.choice((0, 1, 1, 1))
        return f"card.{self._coupons}"

    def invite(self, projects: list[str]) -> tuple[int, str]:
        """Follow a friend's invitation to a gift's project now and then: (gift, project)."""
        if self._hosts and self.random.random() < 0.3:  # noqa: PLR2004
            number, project = self.random.choice(self._hosts)
            return number, project
        return 0, self.random.choice(projects)

    def decide(self, day: int) -> None:
        """What people decide at the end of a day: refunds, a freeze, claw-backs, a late rule."""
        for number in self.some_gifts(6):
            amount = self.owner.execute(
                "SELECT amount FROM giving_deed WHERE number = %s", (number,)
            ).fetchone()
            self.owner.rollback()
            assert amount is not None
            part = amount[0] if self.random.random() < 0.5 else max(amount[0] // 3, 1)  # noqa: PLR2004
            self.instruct("refund", deed=number, amount=part, reason="asked for")
            self.told.refunds += 1
        if day == 2:  # noqa: PLR2004 - the third evening
            self.instruct("freeze", project="lin-birds", reason="a complaint is looked into")
        if day == 4:  # noqa: PLR2004
            self.instruct("thaw", project="lin-birds", reason="nothing was found")
            for number in self.some_gifts(3):
                self.instruct("claw-back", deed=number, reason="donate and be reimbursed")
        for rule in self.world["rules"]:
            published = rule.get("published")
            if published and self.now.date().isoformat() == published[:10]:
                self.publish(rule | {"from": f"{self.now + timedelta(minutes=3):%Y-%m-%dT%H:%MZ}"})

    def some_gifts(self, count: int) -> list[int]:
        """Pick gifts that nothing was taken back of."""
        rows = self.owner.execute(
            "SELECT d.number FROM giving_deed d WHERE NOT d.held"
            " AND NOT EXISTS (SELECT FROM giving_refund r WHERE r.deed = d.number)"
            " AND NOT EXISTS (SELECT FROM matching_clawback b WHERE b.deed = d.number)"
            " ORDER BY d.number"
        ).fetchall()
        self.owner.rollback()
        return sorted(self.random.sample([row[0] for row in rows], count))

    def seal(self) -> None:
        """Seal what changed, with the tables of the days that are over."""
        due = self.sealer.due(self.owner, self.now)
        self.owner.rollback()
        self.send("jobs", list[Envelope](due))
        self.settle()

    def settle_up(self) -> None:
        """Close, give notice, close the pools, release, and let the sponsors pay."""
        self.now = OVER
        self.jobs()
        for pool in self.world["pools"]:
            self.instruct("begin-notice", pool=pool["code"])
        self.now = OVER + timedelta(days=11)
        self.jobs()
        for pool in self.world["pools"]:
            self.instruct("close-pool", pool=pool["code"])
        for pool in self.world["pools"]:
            self.release(pool["code"])
        self.seal()
        self.tell(f"released and paid: {self.settlement.world.next_number} entries")

    def release(self, pool: str) -> None:
        """Release every promise of a pool, refund one gift after it, and pay each charity."""
        for project in self.projects:
            if self.balance(pool, "promised", project):
                self.instruct("release", pool=pool, project=project)
        for charity in self.world["charities"]:
            if due := self.balance(pool, "payable", charity["code"]):
                body = {"pool": pool, "charity": charity["code"], "amount": due, "how": "secured"}
                self.instruct("sponsor-paid", **body)
        number = self.some_gifts(1)[0]
        self.instruct("refund", deed=number, amount=1, reason="asked for after the release")
        self.told.refunds += 1

    def balance(self, pool: str, kind: str, owner: str) -> int:
        """Read an account of a pool's book."""
        account = self.settlement.world.accounts.get((f"pool:{pool}", 1, kind, owner))
        return account.balance if account else 0

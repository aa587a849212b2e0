"""A giving week with every kind of rule and every step of a pool's way, at times of its own.

Rows are appended as the door does, but with chosen times, so that days end, secrets are
revealed and notices run out within one test.
"""

import hashlib
from datetime import UTC, datetime
from typing import Any

import psycopg

from jusha.config.postgres import database_url
from jusha.inbox.append import new_id
from jusha.inbox.envelopes import NO_PERSON, Deed, Envelope, Instruction, encode
from jusha.merkle.commitment import canonical_json
from jusha.merkle.encoding import encode64
from jusha.money.clock import day_text, local_day, minute_seconds, minute_text
from jusha.settlement.secrets import installed
from tests.cast import ALICE, BOB, BOOKS, CAROL, WATER, House, ratio
from tests.home import HOME

RICE = "he-rice"
OPENS = minute_seconds("2025-09-06T16:00Z")
HOUR, DAY = 3_600, 86_400
CLOSES = OPENS + 7 * DAY
SURPRISE = canonical_json(
    {"from": minute_text(OPENS + 9 * HOUR), "salt": encode64(bytes(32)),
     "to": minute_text(OPENS + 12 * HOUR)}
)  # fmt: skip
PERSONS = (ALICE, BOB, CAROL)


def seed(code: str, day: int) -> bytes:
    return hashlib.sha256(f"a week's seed {code} {day}".encode()).digest()


def terms(kind: str, budget: int = 10**6, **more: Any) -> dict[str, Any]:
    """Terms of a rule; `gives` has the kind's own fields."""
    gives = {"kind": kind} | more.pop("gives", {})
    return {"gives": gives, "window": {"budget": budget} | more.pop("window", {})} | more


RULES: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("R1", "tree", ratio(4_000, person_day_max=2_300, gift_max=800)),
    ("R2", "lake", ratio(fills="R1", caps={"person_campaign": 3_000, "project": 4_000,
                                           "charity": 6_000}, anonymous="gift")),
    ("F1", "lake", terms("friends", gives={"on": "R1", "friends": 2, "low": 3, "high": 3})),
    ("C1", "lake", terms("coupon", gives={"count": 5, "permille": 1_000, "most": 300})),
    ("L1", "lake", terms("lump-sum", gives={"threshold": 3_000, "amount": 700})),
    ("X1", "lake", terms("one-one-x", gives={"on": "R1", "low": 100, "high": 900})),
    ("D1", "lake", terms("random-range", gives={"low": 10, "high": 500, "chance": 700})),
    ("S1", "well", ratio(decided="slice", denominator=2)
     | {"window": {"budget": 10**6, "slice_minutes": 60, "slice_budget": 500, "carry": False}}),
    ("K1", "grove", terms("flat", 2_000, gives={"amount": 150}, decided="close", share="all")),
    ("Q1", "pond", terms("quadratic", gives={"unit": 1}, decided="close")),
    ("U1", "lake", terms("tier-bonus", gives={"tiers": [[100, 100], [500, 300]]},
                         window={"surprise": encode64(hashlib.sha256(SURPRISE).digest())})),
)  # fmt: skip
POOLS = {"tree": (9_000, "sponsor"), "lake": (40_000, "spread"), "grove": (2_500, "sponsor"),
         "pond": (3_000, "sponsor"), "well": (5_000, "sponsor")}  # fmt: skip


class Week:
    """Tells a house what happens, each thing at its time."""

    def __init__(self, house: House) -> None:
        row = house.web.execute("SELECT last_n FROM inbox_lane WHERE lane = 1").fetchone()
        assert row is not None
        self.house, self.n = house, int(row[0])

    def send(self, at_s: int, *envelopes: Envelope) -> None:
        """Append one row at a time, and settle it."""
        self.n += 1
        at = datetime.fromtimestamp(at_s, UTC)
        url = database_url("owner", HOME, self.house.database)
        with psycopg.connect(url) as owner:
            owner.execute(
                "INSERT INTO inbox_row (lane, n, count, received_at, payload)"
                " VALUES (1, %s, %s, %s, %s)",
                (self.n, len(envelopes), at, encode(list(envelopes))),
            )
            owner.execute(
                "UPDATE inbox_lane SET last_n = %s, last_received_at = %s WHERE lane = 1",
                (self.n, at),
            )
        self.house.settle()

    def tell(self, at_s: int, kind: str, second: str = "wang", **body: Any) -> int:
        """Have one instruction carried out; return its entry's number."""
        identity = new_id()
        self.send(at_s, Instruction(identity, kind, "li", second, body))
        row = self.house.web.execute(
            "SELECT code, number, detail FROM settlement_outcome"
            " WHERE id = encode(%b, 'hex')::uuid",
            (identity,),
        ).fetchone()
        assert row is not None
        assert row[0] == "done", (kind, body, row)
        return int(row[1])

    def deed(self, at_s: int, amount: int, project: str, person: bytes, **more: Any) -> Deed:
        """A gift of the week, through the rail unless told otherwise."""
        fields: dict[str, Any] = {"channel": "rail", "campaign": "week", "paid_at": at_s - 5}
        return self.house.deed(amount, project, person, **(fields | more))

    def give(
        self, at_s: int, amount: int, project: str = BOOKS, person: bytes = ALICE, **more: Any
    ) -> int:
        """Give; return the entry's number."""
        self.send(at_s, self.deed(at_s, amount, project, person, **more))
        return self.house.settlement.world.next_number - 1


def open_week(week: Week) -> None:
    """Prepare and live: the pools are still open then."""
    prepare(week)
    live(week)


def prepare(week: Week) -> None:
    """Channels, charities, projects, the campaign, four pools, rules, seeds."""
    at = OPENS - DAY
    rights: dict[str, Any] = {"assets": ["CNY"]}
    for code, clock, most in (("rail", "rail", 0), ("book", "file", 1_500)):
        channel = rights | {"clock": clock, "draw_max": most}
        week.tell(at, "admit-channel", code=code, terms=channel)
    for code in ("shan", "he"):
        week.tell(at, "admit-charity", code=code)
    for code, charity, permille in ((BOOKS, "shan", 80), (WATER, "shan", 0), (RICE, "he", 100)):
        body: dict[str, Any] = {"code": code, "charity": charity, "running_permille": permille}
        week.tell(at, "open-project", **body)
    times = {"opens": minute_text(OPENS), "closes": minute_text(CLOSES)}
    week.tell(at, "open-campaign", code="week", terms=times | {"channels": ["rail", "book"]})
    for code, (amount, back) in POOLS.items():
        money: dict[str, Any] = {"code": code, "campaign": "week", "sponsor": code}
        money |= {"amount": amount, "how": "secured", "on_return": back, "notice_days": 1}
        week.tell(at, "fund-pool", **money)
    secrets = installed()
    secrets.keep(SURPRISE)
    for code, pool, document in RULES:
        rule: dict[str, Any] = {
            "code": code,
            "pool": pool,
            "terms": document,
            "from": minute_text(OPENS),
        }
        week.tell(at, "publish-rule", **rule)
    for code in ("X1", "D1"):
        for day in range(3):
            number = local_day(OPENS) + day
            digest = secrets.keep(seed(code, number))
            week.tell(at, "commit-seed", rule=code, day=day_text(number), hash=digest)


def live(week: Week) -> None:
    """Seven days: gifts of all sorts, a new version, a freeze, refunds, a claw-back, slices."""
    t = OPENS + 9 * HOUR
    first = week.give(t, 900)
    week.give(t + 60, 400, BOOKS, BOB, invite=first)
    week.give(t + 120, 300, BOOKS, CAROL, invite=first)
    week.send(
        t + 180,
        *(week.deed(t + 180, 100 * n + 33, (BOOKS, WATER, RICE)[n % 3], PERSONS[n % 2])
          for n in range(1, 9)),
        week.deed(t + 180, 250, WATER, NO_PERSON),
    )  # fmt: skip
    week.give(t + 240, 200, RICE, CAROL, coupon="C1.1")
    week.give(t + 300, 200, RICE, BOB, coupon="C1.1")
    order = week.house.order(500, WATER, campaign="week", person=CAROL, coupon="C1.2", invite=first)
    week.send(t + 360, order)
    week.give(t + 400, 500, "", CAROL, order=order.no)
    week.give(t + 420, 300, "nowhere", CAROL)
    filed = [week.give(t + DAY, 700, WATER, p, channel="book", paid_at=t + DAY) for p in PERSONS]
    refunded = week.give(t + DAY + 60, 640, BOOKS, BOB)
    week.tell(t + DAY + 90, "refund", deed=refunded, amount=140, reason="asked")
    week.tell(t + DAY + 120, "freeze", project=RICE, reason="a complaint")
    week.give(t + DAY + 180, 500, RICE, ALICE)
    week.tell(t + DAY + 200, "thaw", project=RICE, reason="cleared")
    later = minute_text(t + 2 * DAY)
    version = {"code": "R1", "pool": "tree", "from": later}
    week.tell(t + DAY + 240, "publish-rule", terms=ratio(2_500, numerator=2), **version)
    retro = ratio(decided="retro", caps={"gift": 90}, since=minute_text(OPENS), until=later)
    retro["window"]["budget"] = 400
    week.tell(t + DAY + 300, "publish-rule", code="P1", pool="grove", terms=retro,
              **{"from": later})  # fmt: skip
    for hour in range(3):
        week.give(t + 2 * DAY + hour * HOUR, 450, (BOOKS, RICE, WATER)[hour], PERSONS[hour])
    week.give(t + 3 * DAY, 350, BOOKS, CAROL)  # a day without a seed
    week.tell(t + 3 * DAY + 50, "hold-match", deed=filed[0], reason="rapid.1")
    week.tell(t + 3 * DAY + 60, "claw-back", deed=filed[0], reason="bought")
    week.tell(t + 3 * DAY + 90, "refund", deed=filed[0], amount=100, reason="asked")
    day = local_day(OPENS)
    for code in ("X1", "D1"):
        week.tell(t + 3 * DAY + 120, "reveal", secret=seed(code, day))
    week.tell(t + 3 * DAY + 120, "reveal", secret=SURPRISE)
    sealed: dict[str, Any] = {"campaign": "week", "day": day_text(day), "salt": bytes(32)}
    week.tell(t + 3 * DAY + 120, "seal", **sealed)
    week.tell(t + 3 * DAY + 120, "close-project", code=RICE)


def close_week(week: Week) -> None:
    """Slices, the close, the quadratic round, the retroactive rule, then each pool's way out."""
    t = CLOSES + HOUR
    slices = week.house.web.execute(
        "SELECT DISTINCT c.slice FROM matching_claim c JOIN matching_rule r ON r.id = c.rule"
        " WHERE r.code = 'S1' ORDER BY 1"
    ).fetchall()
    for (slice_,) in slices:
        week.tell(t, "close-claims", rule="S1.1", slice=minute_text(slice_ * 60))
    for rule in ("K1.1", "Q1.1", "P1.1"):
        week.tell(t, "close-claims", rule=rule)
    for pool in POOLS:
        week.tell(t, "begin-notice", pool=pool)
    t += DAY + HOUR
    for pool in POOLS:
        week.tell(t, "close-pool", pool=pool)
    for pool in ("tree", "lake"):
        for project in (BOOKS, WATER, RICE):
            week.tell(t, "release", pool=pool, project=project)
    paid: dict[str, Any] = {"pool": "tree", "charity": "shan", "amount": 500, "how": "secured"}
    week.tell(t, "sponsor-paid", **paid)
    last = week.house.web.execute(
        "SELECT max(d.number) FROM giving_deed d JOIN matching_match m ON m.id >> 4 = d.number"
        " WHERE NOT d.held AND d.amount = 450"
    ).fetchone()
    assert last is not None
    week.tell(t, "refund", deed=last[0], amount=450, reason="after its release")
    week.tell(t, "seal", campaign="week")

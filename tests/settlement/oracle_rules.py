"""What must become of a whole giving day, in the slowest and plainest form.

Takes what happened, one after the other, and writes down what each entry of the log must say
(see oracle_book). It shares no code with settlement or matching.
"""

import hmac
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from tests.matching import oracles
from tests.settlement.oracle_book import (
    CLOSE,
    DAY,
    MINUTE,
    RETRO,
    SHANGHAI,
    Book,
    Gift,
    Row,
    Setting,
    Told,
    day_of,
    minute_of,
    slice_at,
    sum_of,
)

DRAWING = {"random-range", "one-one-x", "friends"}
TERMS: dict[str, Any] = {
    "decided": "at-once", "gift_min": 100, "anonymous": "none", "exhaustion": "partial",
    "share": "claims", "fills": "", "late_minutes": 11, "since": 0, "until": 0,
}  # fmt: skip
WINDOW: dict[str, Any] = {
    "from_minute": 0, "to_minute": 1440, "slice_minutes": 0, "slice_budget": 0, "carry": True,
    "surprise": "",
}  # fmt: skip
CAPS = {"gift": 0, "person_day": 0, "person_campaign": 0, "project": 0, "charity": 0}


def full(terms: Mapping[str, Any]) -> Row:
    """Write out what a document leaves unsaid."""
    found = TERMS | dict(terms)
    found["window"] = WINDOW | dict(terms["window"])
    found["caps"] = CAPS | dict(terms.get("caps", {}))
    return found


def settle(setting: Setting, events: list[Gift | Told]) -> Book:
    """Write down what becomes of every event."""
    book = Book(setting)
    for event in events:
        if isinstance(event, Gift):
            _give(book, event)
        else:
            HANDLERS[event.kind](book, event)
    return book


def when(setting: Setting, gift: Gift) -> int:
    """The whole minute at which a gift counts as made, by its channel's clock."""
    clock, _ = setting.channels[gift.channel]
    at = gift.at
    if clock == "file" and gift.paid_at:
        at = gift.paid_at
    if clock == "rail" and gift.paid_at:
        at = sorted((gift.at - 600, gift.paid_at, gift.at))[1]
    return at // MINUTE * MINUTE


def _give(book: Book, gift: Gift) -> None:
    at = when(book.setting, gift)
    rules = book.in_force(at)
    if any(is_drawn(rule["terms"]["gives"]) for rule in rules):
        before = book.of("draw")
        if not before or before[-1]["row"] != gift.row:
            book.write("draw", row=gift.row)
    friend = _friend_of(book, gift)
    number, leaf = book.next(), list[Row]()
    given: dict[str, int] = {}
    filled: dict[str, int] = {}
    for rule in rules:
        code = rule["code"]
        before_it = filled.get(rule["terms"]["fills"], 0)
        given[code], filled[code] = 0, before_it
        if _concerns(book, gift, at, rule, friend):
            open_ = Case(book, gift, at, rule, number, friend, given, before_it, leaf)
            row = open_.decide()
            leaf.append(row)
            given[code] = row["amt"]
            filled[code] = before_it + row["amt"]
    book.write(
        "don", amt=gift.amount, prj=gift.project, person=gift.person, at=at, m=leaf,
        ch=gift.channel, inv=friend["n"] if friend else None, coupon=gift.coupon,
    )  # fmt: skip


def is_drawn(gives: Mapping[str, Any]) -> bool:
    """Whether a kind is left to chance."""
    if gives["kind"] == "friends" and gives["low"] == gives["high"]:
        return False
    return gives["kind"] in DRAWING


def _friend_of(book: Book, gift: Gift) -> Row | None:
    """The gift that this one is a new friend of."""
    earlier = book.gift(gift.invite)
    published = [row for row in book.of("rule") if row["terms"]["gives"]["kind"] == "friends"]
    if earlier is None or not published or not gift.person or not earlier["person"]:
        return None
    if earlier["prj"] != gift.project or earlier["person"] == gift.person:
        return None
    if any(don["person"] == gift.person for don in book.of("don", inv=earlier["n"])):
        return None
    return earlier


def _concerns(book: Book, gift: Gift, at: int, rule: Row, friend: Row | None) -> bool:
    gives, surprise = rule["terms"]["gives"], rule["terms"]["window"]["surprise"]
    if surprise:
        begins, ends = book.setting.surprises[surprise]
        if not begins <= at < ends:
            return False
    if gives["kind"] == "coupon":
        serial = _serial(gift.coupon, rule["code"])
        return serial is not None and serial < gives["count"]
    if gives["kind"] == "lump-sum":
        amounts = [don["amt"] for don in book.of("don", prj=gift.project)]
        place = oracles.lump_sum_at([*amounts, gift.amount], gives["threshold"])
        return place == len(amounts)
    if gives["kind"] == "friends":
        if friend is None or book.multiplied(friend["n"]):
            return False
        return bool(gives["friends"] == 1 + len(book.of("don", inv=friend["n"])))
    return True


def _serial(coupon: str, code: str) -> int | None:
    for serial in range(100):
        if coupon == f"{code}.{serial}":
            return serial
    return None


@dataclass
class Case:
    """One gift before one rule, or one earlier gift before a rule that reaches back."""

    book: Book
    gift: Gift
    at: int
    rule: Row
    number: int
    friend: Row | None = None
    given: dict[str, int] = field(default_factory=dict)
    filled: int = 0
    leaf: list[Row] = field(default_factory=list)
    """What the rules before this one decided on the same gift, not written down yet."""
    back: bool = False

    def __post_init__(self) -> None:
        self.terms: Row = self.rule["terms"]
        self.gives: Row = self.terms["gives"]
        self.kind: str = self.gives["kind"]
        self.pool: str = self.rule["pool"]
        if self.kind != "friends":
            self.friend = None
        self.person: str = self.friend["person"] if self.friend else self.gift.person
        if self.kind == "lump-sum":
            self.person = ""
        window = self.terms["window"]
        inside = window["from_minute"] <= minute_of(self.at) < window["to_minute"]
        self.slice = slice_at(window, self.at) if window["slice_minutes"] and inside else None

    def decide(self) -> Row:
        reason = next((name for name, holds in self.reasons() if holds), "")
        amount, by = (0, reason) if reason else self.amount()
        at_once = self.back or self.terms["decided"] == "at-once"
        own = self.slice if not self.terms["window"]["carry"] else None
        return {
            "r": self.rule["r"], "counts": self.kind != "quadratic", "pool": self.pool, "by": by,
            "amt": amount if at_once else 0,
            "c": 0 if at_once else amount,
            "for": self.friend["n"] if self.friend else self.number,
            "person": self.person, "day": day_of(self.at), "prj": self.gift.project,
            "ch": self.gift.channel, "charity": self.book.setting.charities[self.gift.project],
            "slice": RETRO if self.back else self.slice or CLOSE, "own_slice": own,
            "coupon": self.gift.coupon if self.kind == "coupon" and amount else "",
        }  # fmt: skip

    def reasons(self) -> Iterator[tuple[str, bool]]:
        """Why nothing may be matched, in the published order."""
        book, setting, window = self.book, self.book.setting, self.terms["window"]
        personal = self.kind != "lump-sum"
        clock = setting.channels[self.gift.channel][0]
        frozen = [row["st"] for row in book.of("freeze", prj=self.gift.project)]
        if not self.back:
            open_ = setting.opens <= self.at < setting.closes
            yield "closed", not open_ or bool(book.of("notice", pool=self.pool))
            yield "not-admitted", self.gift.channel not in setting.admitted
        yield "frozen", frozen[-1:] == ["frozen"]
        minute = minute_of(self.at)
        yield "outside-window", not window["from_minute"] <= minute < window["to_minute"]
        yield "too-small", personal and self.gift.amount < self.terms["gift_min"]
        nobody = personal and not self.person and self.terms["anonymous"] == "none"
        yield "no-person", nobody
        if self.back:
            return
        yield "refunded", self.friend is not None and not book.is_whole(self.friend["n"])
        yield "not-reconciled", is_drawn(self.gives) and clock != "rail"
        yield "no-seed", is_drawn(self.gives) and not self.seed()
        yield "revealed", is_drawn(self.gives) and bool(book.of("reveal", secret=self.seed()))
        used = [row for row in book.decisions() if row["coupon"] == self.gift.coupon]
        yield "coupon-used", self.kind == "coupon" and bool(used)
        over = book.steps(self.rule["r"], self.slice or CLOSE)
        yield "slice-closed", self.terms["decided"] != "at-once" and bool(over)

    def seed(self) -> bytes:
        found = self.book.of("seed", code=self.rule["code"], day=day_of(self.at))
        return found[0]["secret"] if found else b""

    def draw(self) -> bytes:
        if not is_drawn(self.gives):
            return bytes(16)
        message = self.gift.digest + self.gift.place.to_bytes(4, "big") + self.rule["r"].encode()
        return hmac.new(self.seed(), message, "sha256").digest()[:16]

    def wants(self) -> int:
        """What the kind alone would give."""
        return WANTS[self.kind](self, self.gives)

    def base(self) -> int:
        """What the rule that friends multiply gave to the earlier gift."""
        assert self.friend is not None
        return sum_of(
            row["amt"]
            for row in self.friend["m"]
            if row["r"].rpartition(".")[0] == self.gives["on"] and row["for"] == self.friend["n"]
        )

    def amount(self) -> tuple[int, str]:
        wants = self.wants() - (self.filled if self.terms["fills"] else 0)
        return oracles.smallest_bound(
            max(wants, 0),
            self.bounds(),
            all_or_nothing=self.terms["exhaustion"] == "whole",
            decides_money=self.back or self.terms["decided"] == "at-once",
        )

    def counted(self, **like: Any) -> int:
        """What was counted before, the rules before this one on the same gift included."""
        here = [
            row["amt"] + row["c"]
            for row in self.leaf
            if row["counts"] and all(row[name] == value for name, value in like.items())
        ]
        return self.book.counted(**like) + sum_of(here)

    def bounds(self) -> dict[str, int]:
        book, caps, found = self.book, self.terms["caps"], dict[str, int]()
        day, setting = day_of(self.at), self.book.setting
        if caps["gift"] and self.kind != "lump-sum":
            found["gift"] = caps["gift"]
        if caps["person_day"] and self.person:
            found["person-day"] = caps["person_day"] - self.counted(person=self.person, day=day)
        if caps["person_campaign"] and self.person:
            used = self.counted(person=self.person)
            found["person-campaign"] = caps["person_campaign"] - used
        if caps["project"]:
            found["project"] = caps["project"] - self.counted(prj=self.gift.project)
        if caps["charity"]:
            charity = setting.charities[self.gift.project]
            found["charity"] = caps["charity"] - self.counted(charity=charity)
        if most := setting.channels[self.gift.channel][1]:
            found["channel"] = most - self.counted(ch=self.gift.channel)
        here = [row for row in self.leaf if row["pool"] == self.pool]
        now = sum(row["amt"] for row in here)
        window = self.terms["window"]
        found["pool"] = book.available(self.pool) - now
        if self.back:
            found["window"] = window["budget"] - book.used_late(self.pool, RETRO) - now
            return found
        in_day = book.used_in_day(self.pool, day) + now
        found["window"] = window["budget"] - in_day
        if self.slice is not None:
            own = sum(row["amt"] for row in here if row["own_slice"] == self.slice)
            in_slice = book.used_in_slice(self.pool, self.slice) + own
            found["slice"] = slice_money(window, self.at, in_slice, in_day)
        return found


WANTS: dict[str, Callable[[Case, Row], int]] = {
    "ratio": lambda case, g: oracles.ratio(case.gift.amount, g["numerator"], g["denominator"]),
    "flat": lambda _, g: g["amount"],
    "lump-sum": lambda _, g: g["amount"],
    "quadratic": lambda case, _: case.gift.amount,
    "per-unit": lambda case, g: oracles.per_unit(
        case.gift.amount, g["unit"], g["each"], g.get("units_max", 0)
    ),
    "tier-bonus": lambda case, g: oracles.tier_bonus(case.gift.amount, g["tiers"]),
    "coupon": lambda case, g: oracles.coupon(case.gift.amount, g["permille"], g["most"]),
    "random-range": lambda case, g: oracles.random_range(
        case.gift.amount, case.draw(), g["low"], g["high"], g.get("chance", 1000)
    ),
    "one-one-x": lambda case, g: oracles.one_one_x(
        case.given.get(g["on"], 0), case.draw(), g["low"], g["high"]
    ),
    "friends": lambda case, g: case.base() * oracles.picked(case.draw(), g["low"], g["high"]),
}


def slice_money(window: Row, at: int, in_slice: int, in_day: int) -> int:
    """What a slice may still give: its own money, or that of all slices so far."""
    if not window["carry"]:
        return int(window["slice_budget"]) - in_slice
    money, begins = window["slice_budget"], slice_at(window, at)
    while minute_of(begins) > window["from_minute"]:
        money += window["slice_budget"]
        begins -= window["slice_minutes"] * MINUTE
    return int(money) - in_day


def _publish(book: Book, event: Told) -> None:
    about = event.about
    if book.of("notice", pool=about["pool"]):
        return
    version = len(book.of("rule", code=about["code"])) + 1
    book.write(
        "rule", code=about["code"], r=f"{about['code']}.{version}", pool=about["pool"],
        terms=full(about["terms"]), **{"from": about["from"]},
    )  # fmt: skip


def _fund(book: Book, event: Told) -> None:
    if not book.of("notice", pool=event.about["pool"]):
        book.write("pool", pool=event.about["pool"], amt=event.about["amount"])


def _commit(book: Book, event: Told) -> None:
    about = event.about
    if not book.of("seed", code=about["code"], day=about["day"]):
        book.write("seed", code=about["code"], day=about["day"], secret=about["secret"])


def _reveal(book: Book, event: Told) -> None:
    secret = event.about["secret"]
    seeds = book.of("seed", secret=secret)
    if not seeds or book.of("reveal", secret=secret):
        return
    if event.at >= (seeds[0]["day"] + 1) * DAY - SHANGHAI + 900:
        book.write("reveal", secret=secret)


def _freeze(book: Book, event: Told) -> None:
    project, to = event.about["project"], "frozen" if event.kind == "freeze" else "free"
    before = [row["st"] for row in book.of("freeze", prj=project)]
    if (before or ["free"])[-1] != to:
        book.write("freeze", prj=project, st=to)


def _refund(book: Book, event: Told) -> None:
    number, amount = event.about["deed"], event.about["amount"]
    don = book.gift(number)
    if don is None or not 0 < amount <= don["amt"] - book.refunded(number):
        return
    before, back = book.refunded(number), dict[str, int]()
    if not book.of("clawback", ref=number):
        for row in book.money_of(number):
            until = oracles.whole(Fraction(row["amt"] * (before + amount), don["amt"]))
            part = until - oracles.whole(Fraction(row["amt"] * before, don["amt"]))
            back[row["pool"]] = back.get(row["pool"], 0) + part
    book.write("refund", ref=number, prj=don["prj"], amt=amount, m=back)


def _claw_back(book: Book, event: Told) -> None:
    number = event.about["deed"]
    don = book.gift(number)
    if don is None or book.of("clawback", ref=number):
        return
    back: dict[str, int] = {}
    for row in book.money_of(number):
        gone = oracles.whole(Fraction(row["amt"] * book.refunded(number), don["amt"]))
        back[row["pool"]] = back.get(row["pool"], 0) + row["amt"] - gone
    book.write("clawback", ref=number, prj=don["prj"], m=back)


def _close(book: Book, event: Told) -> None:
    """Take the next step of a closing: {rule version, slice: its first second or "" }."""
    rules = book.of("rule", r=event.about["rule"])
    if not rules or rules[0]["terms"]["decided"] == "at-once":
        return
    rule, terms = rules[0], rules[0]["terms"]
    slice_ = {"slice": event.about["slice"], "close": CLOSE, "retro": RETRO}[terms["decided"]]
    late = terms["late_minutes"] * MINUTE
    due = {
        "slice": lambda: slice_ + terms["window"]["slice_minutes"] * MINUTE + late,
        "close": lambda: book.setting.closes + late,
        "retro": lambda: rule["from"],
    }[terms["decided"]]()
    before = book.steps(rule["r"], slice_)
    over = bool(before) and before[-1]["left"] is not None
    if event.at < due or over or book.of("notice", pool=rule["pool"]):
        return
    if slice_ == RETRO:
        _reach_back(book, rule, before)
    else:
        _share(book, rule, slice_, before)


def _claims(book: Book, rule: Row, slice_: object) -> list[tuple[int, Row, int]]:
    """Claims of gifts of which nothing was sent back: (number, gift, claim)."""
    return [
        (don["n"], don, row["c"])
        for don in book.of("don")
        for row in don["m"]
        if row["r"] == rule["r"] and row["slice"] == slice_ and row["c"] and book.is_whole(don["n"])
    ]


def _share(book: Book, rule: Row, slice_: Any, before: list[Row]) -> None:
    claims, pool, terms = _claims(book, rule, slice_), rule["pool"], rule["terms"]
    if before:
        fixed = {name: before[0][name] for name in ("bud", "cnt", "tot", "shares")}
    else:
        window, left = terms["window"], book.available(pool)
        if slice_ == CLOSE:
            left = min(left, window["budget"] - book.used_late(pool, CLOSE))
        else:
            in_day = book.used_in_day(pool, day_of(slice_))
            in_slice = book.used_in_slice(pool, slice_)
            slice_left = slice_money(window, slice_, in_slice, in_day)
            left = min(left, window["budget"] - in_day, slice_left)
        total = sum(claim for _, _, claim in claims)
        # Squares ask for more than was given: their budget is the pool's, whatever the gifts.
        everything = terms["share"] == "all" or terms["gives"]["kind"] == "quadratic"
        budget = oracles.to_share(left, total, everything=everything)
        shares = oracles.shared([(n, claim) for n, _, claim in claims], budget)
        fixed = {"bud": budget, "cnt": len(claims), "tot": total, "shares": shares}
    row = {"rule": rule["r"], "pool": pool, "slice": slice_} | fixed
    if terms["gives"]["kind"] == "quadratic":
        projects = _by_squares(claims, fixed["bud"], terms["gives"].get("unit", 1))
        paid = sum(amount for _, amount in projects)
        book.write("share", **row, prj=projects, left=fixed["bud"] - paid)
        return
    after = before[-1]["upto"] if before else -1
    now = [claim for claim in claims if claim[0] > after][: book.setting.step]
    paid_now = [(n, fixed["shares"][n]) for n, _, _ in now if fixed["shares"][n]]
    all_paid = sum(amt for step in before for _, amt in step["m"]) + sum(a for _, a in paid_now)
    over = len(now) < book.setting.step
    upto = now[-1][0] if now else after
    book.write(
        "share", **row, m=paid_now, upto=upto, left=fixed["bud"] - all_paid if over else None
    )


def _by_squares(
    claims: list[tuple[int, Row, int]], budget: int, unit: int
) -> list[tuple[str, int]]:
    sums: dict[str, dict[object, int]] = {}
    for number, don, claim in claims:
        donors = sums.setdefault(don["prj"], {})
        donor = don["person"] or number
        donors[donor] = donors.get(donor, 0) + claim
    codes = sorted(sums)
    amounts = oracles.quadratic(budget, unit, [list(sums[code].values()) for code in codes])
    return list(zip(codes, amounts, strict=True))


def _reach_back(book: Book, rule: Row, before: list[Row]) -> None:
    terms, after = rule["terms"], before[-1]["upto"] if before else -1
    reached = {row["for"] for row in book.decisions() if row["slice"] == RETRO and row["amt"]}
    now = [
        don
        for don in book.of("don")
        if after < don["n"] < rule["n"]
        and terms["since"] <= don["at"] < terms["until"]
        and book.is_whole(don["n"])
        and don["n"] not in reached
    ][: book.setting.step]
    matched: list[Row] = []
    row = book.write(
        "share", rule=rule["r"], pool=rule["pool"], slice=RETRO, bud=0, cnt=0, tot=0,
        matched=matched, upto=now[-1]["n"] if now else after,
        left=0 if len(now) < book.setting.step else None,
    )  # fmt: skip
    for don in now:
        gift = Gift(
            at=don["at"],
            amount=don["amt"],
            project=don["prj"],
            channel=don["ch"],
            person=don["person"],
        )
        matched.append(Case(book, gift, don["at"], rule, don["n"], back=True).decide())
    row["m"] = [(match["for"], match["amt"], match["by"]) for match in matched]


def _notice(book: Book, event: Told) -> None:
    pool = event.about["pool"]
    waiting = {
        (row["r"], row["slice"])
        for row in book.decisions()
        if row["pool"] == pool and row["c"] and not book.steps(row["r"], row["slice"])
    }
    halfway = [
        first
        for first in book.of("share", pool=pool)
        if book.steps(first["rule"], first["slice"])[-1]["left"] is None
    ]
    waiting |= {(rule["r"], RETRO) for rule in book.unreached(pool)}
    if event.at < book.setting.closes or book.of("notice", pool=pool) or waiting or halfway:
        return
    minutes = -(-event.at // MINUTE) * MINUTE
    book.write("notice", pool=pool, until=minutes + book.setting.pools[pool][2] * DAY)


def _close_pool(book: Book, event: Told) -> None:
    pool = event.about["pool"]
    notices = book.of("notice", pool=pool)
    if not notices or event.at < notices[0]["until"] or book.closed(pool):
        return
    rest = book.available(pool) + book.returned(pool)
    owed = [(code, book.promised(pool, code)) for code in sorted(book.setting.charities)]
    owed = [(code, sum_) for code, sum_ in owed if sum_]
    if book.setting.pools[pool][1] == "sponsor" or not owed or not rest:
        book.write("close", pool=pool, rest=rest, to="sponsor", prj=[])
        return
    shares = oracles.shared([(place, sum_) for place, (_, sum_) in enumerate(owed)], rest)
    projects = [(code, shares[place]) for place, (code, _) in enumerate(owed)]
    book.write("close", pool=pool, rest=rest, to="projects", prj=projects)


HANDLERS = {
    "publish-rule": _publish, "fund-pool": _fund, "commit-seed": _commit, "reveal": _reveal,
    "freeze": _freeze, "thaw": _freeze, "refund": _refund, "claw-back": _claw_back,
    "close-claims": _close, "begin-notice": _notice, "close-pool": _close_pool,
}  # fmt: skip


def balances(book: Book, pool: str) -> Row:
    """What the accounts of a pool hold in the end."""
    closings = book.of("close", pool=pool)
    unspent = 0
    if closings:
        closing = closings[0]
        unspent = closing["rest"] if closing["to"] == "sponsor" else 0
        unspent += book.returned(pool) - book.returned(pool, until=closing["n"])
    held = [
        sum_ - sum(amt for step in book.steps(first["rule"], first["slice"])
                   for _, amt in step.get("m", []))
        for first, sum_ in book.closings(pool)
        if "prj" not in first
    ]  # fmt: skip
    return {
        "available": book.available(pool),
        "returned": 0 if closings else book.returned(pool),
        "unspent": unspent,
        "sharing": sum(held),
        "promised": {code: book.promised(pool, code) for code in book.setting.charities},
    }

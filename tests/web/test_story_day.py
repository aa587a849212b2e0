"""A giving day as its operator lives it, from its first word to its report.

Two venues; 99.99 million yuan in daily windows, a surprise and a random rule; donors, a team and a
company take part; the caps change while it runs; a suspect is held; matches are released and the
report is what a stranger adds up. The clocks are moved on, nothing else is.
"""

import json
import secrets
from datetime import datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.utils import timezone

from jusha.campaigns.models import Campaign
from jusha.guarding import queries as guarding
from jusha.guarding.scan import scan
from jusha.inbox.keys import person_key
from jusha.merkle.encoding import encode64
from jusha.money.clock import day_text, local_day, minute_text
from jusha.people.models import Decision
from jusha.projects.models import Project
from jusha.teams.count_gifts import count_gifts
from jusha.teams.models import TeamTotal
from tests.cast import BOB, BOOKS, CAROL, SECRET, WATER
from tests.web.conftest import Site
from tests.web.staff import signed_in
from tests.web.test_company import PAGE, Hall
from tests.web.test_days import RULE, Desk, times
from tests.web.test_team import gave, opened, person
from verify import recompute

POOL_FEN = 9_999_000_000
HEAD = "numerator = 1\ndenominator = 1\n"
RANDOM = RULE.replace('kind = "ratio"', 'kind = "random-range"').replace(
    HEAD, "low = 100\nhigh = 900\n"
)


class Day:
    """The desk, the hall of companies, and a clock of the inbox."""

    def __init__(self, site: Site) -> None:
        self.site, self.house = site, site.house
        self.desk = Desk(site)
        self.keep = self.house.settlement.world.secrets.keep  # type: ignore[attr-defined]
        self.ahead = timedelta()

    def now(self) -> datetime:
        """As the inbox has it."""
        return timezone.now() + self.ahead

    def later(self, minutes: int) -> None:
        """Let time pass for what comes in."""
        self.ahead += timedelta(minutes=minutes)
        self.house.web.execute(
            "UPDATE inbox_lane SET last_received_at ="
            " greatest(last_received_at, now()) + make_interval(mins => %s)"
            " WHERE name IN ('door', 'web', 'console')",
            (minutes,),
        )

    def rule(self, venue: str, name: str, pool: str, text: str) -> None:
        """Two publish a version; it acts some minutes from now."""
        path = f"/desk/days/at/{venue}/rules"
        from_ = f"{timezone.localtime(self.now()) + timedelta(minutes=3):%Y-%m-%dT%H:%M}"
        said: dict[str, Any] = {
            "do": "propose",
            "rule": name,
            "pool": pool,
            "text": text,
            "from": from_,
        }
        self.desk.post("op", path, **said)
        self.desk.confirm("rev", path)
        self.later(5)

    def match(self, number: int) -> dict[str, int]:
        """What a gift was matched with, by rule."""
        return {m["r"]: m["amt"] for m in self.house.entries()[number].get("m", ())}


@pytest.fixture
def day(site: Site) -> Day:
    return Day(site)


def surprise(day: Day) -> tuple[str, bytes]:
    """A surprise of the coming ten minutes: what the rule names, and the secret."""
    begins = day.now() + timedelta(minutes=4)
    told = {
        "from": minute_text(int(begins.timestamp())),
        "salt": secrets.token_hex(16),
        "to": minute_text(int((begins + timedelta(minutes=10)).timestamp())),
    }
    secret = json.dumps(told, sort_keys=True, separators=(",", ":")).encode()
    return encode64(day.keep(secret)), secret


def test_a_giving_day_from_its_first_word_to_its_report(day: Day) -> None:
    desk, house, site = day.desk, day.house, day.site
    secret, seed = opens(day)
    # Donors, a team, a company.
    first = house.give(2_000, campaign="fest-hill")
    assert day.match(first) == {"H1.1": 2_000}
    rail: dict[str, Any] = {"code": "rail", "terms": {"assets": ["CNY"], "clock": "rail"}}
    assert house.instruct("admit-channel", **rail)[0] == "done"
    paid = {"channel": "rail", "paid_at": int(day.now().timestamp())}
    lucky = house.give(1_000, WATER, BOB, campaign="fest-sea", **paid)
    assert day.match(lucky)["S1.1"] == 1_000
    assert 100 <= day.match(lucky)["X1.1"] <= 900
    team = opened(person()[1])
    gave(site, team, "50", who=CAROL)
    hall = Hall(site, people=desk.clients)
    hall.open()
    assert hall.pledge().status_code == 303
    while count_gifts():
        pass
    assert list(TeamTotal.objects.filter(scope="t").values_list("code", "given")) == [(team, 5_000)]
    assert "大树纸业" in site.text(PAGE)
    # The caps change while it runs, as on the first day of 2015.
    day.rule("fest-hill", "H1", "hill", RULE.format(gift=999))
    assert day.match(house.give(2_000, person=BOB, campaign="fest-hill")) == {"H1.2": 999}
    # A suspect is held within a round; an honest gift is not.
    machine = person_key(SECRET, "test", "machine")
    begin = house.settlement.world.next_number
    house.send(*(house.deed(100, person=machine, campaign="fest-hill") for _ in range(6)))
    house.settle()
    scan(timezone.now())
    house.settle()
    (case,) = guarding.open_cases()
    held = set().union(*house.settlement.world.reviews.values())
    assert held == set(range(begin, begin + 6))
    site.publish()
    assert "这笔善款的配捐正在复核" in site.text(f"/d/{begin}")
    # Over: what was secret is shown, the suspect's matches go back, the others are released.
    day.later(25 * 60)
    for told in (seed, secret):
        assert house.instruct("reveal", secret=told)[0] == "done"
    closes(day, case.pk)
    report(day)
    # One more of each kind of message, so that every lane's clock is that of its last row.
    house.send(house.order(100, BOOKS), lane="web")
    assert house.instruct("seal", campaign="fest")[0] == "done"
    house.give(100)
    house.check()


def opens(day: Day) -> tuple[bytes, bytes]:
    """Write, open, try, fund and rule the day; the surprise's secret and the draw's seed."""
    desk, house = day.desk, day.house
    # Written and opened: a day with two venues, by two operators.
    desk.write("fest", **times(hours=3))
    for venue, title in (("fest-hill", "山里会场"), ("fest-sea", "海边会场")):
        desk.write(venue, "fest", title_zh=title, **times(hours=3))
    desk.open("fest")
    for venue in ("fest-hill", "fest-sea"):
        Campaign.objects.get(code=venue).projects.set(Project.objects.all())
    # Tried before it stands, funded by a signed promise, ruled.
    tried = desk.post(
        "op", "/desk/days/at/fest-hill/rules", status=200, do="try",
        text=RULE.format(gift=0), shape="2020",
    )  # fmt: skip
    assert "会配出" in tried.content.decode()
    desk.fund("fest-hill", pool="hill", amount=f"{POOL_FEN / 100:.2f}")
    desk.fund("fest-sea", pool="sea", amount="50000.00")
    day.rule("fest-hill", "H1", "hill", RULE.format(gift=0))
    day.rule("fest-sea", "X1", "sea", RANDOM.format(gift=0))
    seed = secrets.token_bytes(32)
    today = day_text(local_day(int(day.now().timestamp())))
    assert house.instruct("commit-seed", rule="X1", day=today, hash=day.keep(seed))[0] == "done"
    named, secret = surprise(day)
    day.rule("fest-sea", "S1", "sea", RULE.format(gift=0) + f'surprise = "{named}"\n')
    return secret, seed


def closes(day: Day, case: int) -> None:
    """Two take the suspect's matches back; two more begin, close and release each pool."""
    desk = day.desk
    path = f"/desk/abuse/{case}"
    desk.post("rev", path, do="propose", words="脚本刷单")
    made = Decision.objects.latest("id").pk
    desk.post("rev2", path, do="confirm", decision=made)
    for venue, pool in (("fest-hill", "hill"), ("fest-sea", "sea")):
        path = f"/desk/days/at/{venue}/pools"
        for step, second in (("begin-notice", "fin2"), ("close-pool", "rev")):
            desk.post("fin", path, do="step", pool=pool, step=step)
            desk.confirm(second, path)
            day.later(2)
        desk.post("fin", path, do="step", pool=pool, step="release", project=[BOOKS, WATER])
        desk.confirm("rev", path)
    assert day.house.balance("pool:hill", "payable", "shan") == 2_000 + 999


def report(day: Day) -> None:
    """The report is published by two and is what a stranger adds up from the log."""
    site = day.site
    site.publish()
    with time_machine.travel(day.now(), tick=True):  # pages have no other clock
        for who in ("op", "rev"):
            day.desk.clients[who] = signed_in(day.desk.people[who])
        day.desk.post("op", "/desk/days/at/fest", do="report")
        day.desk.confirm("rev", "/desk/days/at/fest")
        told = site.get("/c/fest/report.json").json()
        assert "总结报告" in site.text("/c/fest/report")
    public = site.log_folder / "public"
    found = recompute.recompute(
        str(public), (public / "vkey").read_text().strip(), report=told, jobs=0
    )
    assert (found["differences"], found["report"], found["equal"]) == ([], [], True)

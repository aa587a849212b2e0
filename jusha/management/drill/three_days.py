"""Three days of 48 million gifts, as in 2019, as fast as they can be settled and published.

The three days had 48 million gifts (facts of 2019); how they lay within the days was never
published, so the first day's share of 2017 and the opening hour of 2020 stand in. A part
of them really goes through inbox, settlement and publisher of a whole installation, and
the rest is reckoned from its last tenth. The door is left out: rows of 5,000 envelopes,
made beforehand, are appended to the inbox as fast as settlement takes them.
"""

import hashlib
import os
import time
from bisect import bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice, pairwise
from pathlib import Path
from typing import Any, Final, NamedTuple
from uuid import UUID

from psycopg import Connection

from benchmarks.oracle import Outcome, match
from benchmarks.requests import read_requests, write_requests
from benchmarks.results import append_result
from benchmarks.workload import AMOUNTS_FEN, DAY_SECONDS, Gift, Workload
from jusha.inbox.append import APPEND_SQL, ENVELOPES_MAX
from jusha.inbox.envelopes import Deed, Envelope, encode
from jusha.inbox.keys import deed_key, person_key
from jusha.management.drill import gifts
from jusha.management.drill.checks import Checked, check_command, check_recompute, check_stop
from jusha.management.drill.installation import DrillFailedError, Installation
from jusha.management.drill.meter import Bytes, Meter
from jusha.management.drill.minute_gifts import PROJECT_CAP_PERCENT_OF_DEMAND, PROJECTS_MAX, admit
from jusha.money.clock import SHANGHAI_SHIFT_SECONDS, local_day
from jusha.people.vault import load

ALL_GIFTS: Final = 48_000_000
DAYS: Final = 3
CHANNEL: Final = "days-rail"
LANE: Final = "import"
AHEAD_ROWS: Final = 40
"""So many rows wait for settlement at most: it always finds a full batch, and no heap grows."""
LOOK_SECONDS: Final = 0.1
METER_EVERY: Final = 20
DRAIN_SECONDS: Final = 600.0
TENTHS: Final = 10
SETTLING: Final = ("settlement", "postgres for settlement")
HOUR: Final = 3_600
CURVE: Final = (
    (0, 0.0),
    (9 * HOUR, 0.0),
    (9 * HOUR + 60, 0.0166),
    (9 * HOUR + 1_800, 0.1126),
    (10 * HOUR, 0.1508),
    (DAY_SECONDS, 0.424),
    (DAY_SECONDS + 9 * HOUR, 0.424),
    (2 * DAY_SECONDS, 0.712),
    (2 * DAY_SECONDS + 9 * HOUR, 0.712),
    (3 * DAY_SECONDS - 1, 1.0),
)
"""(second of the three days, share of the gifts that have come by then). The hour from nine is
2020's (957,646 in a minute, 6.5 million in half an hour, 8.72 of 57.8 million in the hour); 42.4 %
on the first day are 2017's (5.38 of 12.68 million); that all else is even is assumed."""
PLACE_SQL: Final = """
SELECT l.last_n, coalesce((SELECT (b.positions ->> l.lane::text)::bigint FROM settlement_batch b
                           ORDER BY b.id DESC LIMIT 1), 0),
       (SELECT coalesce(max(first + count), 0) FROM tlog_entries)::bigint
FROM inbox_lane l WHERE l.name = %s"""
USAGE_SQL: Final = """
SELECT u.day, u.person, u.matched FROM matching_usage u JOIN campaigns_terms c ON c.id = u.campaign
WHERE c.code = %s"""
TOTALS_SQL: Final = """
SELECT f.code, t.gifts, t.donated, t.matched FROM campaigns_total t
JOIN projects_fund f ON f.project = t.project JOIN campaigns_terms c ON c.id = t.campaign
WHERE c.code = %s"""
COUNTS_SQL: Final = """
SELECT count(*), count(s.number), count(DISTINCT s.key), sum(d.amount)::bigint FROM giving_deed d
JOIN campaigns_terms c ON c.id = d.campaign LEFT JOIN giving_seen s ON s.number = d.number
WHERE c.code = %s"""
Tell = Callable[[str], None]


class Moment(NamedTuple):
    """What stood at one moment: seconds since the first row, entries, entries published."""

    at_s: float
    settled: int
    published: int


@dataclass(slots=True)
class Course:
    """How the run went.

    `memory`: RSS in MiB by process at the end of each tenth; `cpu`: seconds spent by then.
    """

    moments: list[Moment] = field(default_factory=list)
    memory: list[dict[str, int]] = field(default_factory=list)
    cpu: list[dict[str, float]] = field(default_factory=list)
    fed: int = 0
    stopped: bool = False
    settled_s: float = 0.0
    published_s: float = 0.0


def days_workload(count: int) -> Workload:
    """So many gifts of three days, to a thousand projects, half of them to one."""
    demand = count * sum(fen * share for fen, share in AMOUNTS_FEN.items()) // 100
    return Workload(
        gifts_total=count,
        days=DAYS,
        projects=min(PROJECTS_MAX, max(len(gifts.PROJECTS), count // 10)),
        persons=max(20, count // 3),
        project_cap_fen=demand * PROJECT_CAP_PERCENT_OF_DEMAND // 100,
    )


def on_the_curve(workload: Workload) -> Iterator[Gift]:
    """The workload's gifts, each at the second that the curve gives it."""
    shares = [share for _, share in CURVE]
    for place, (name, project, person, amount, _) in enumerate(workload.gifts()):
        share = place / workload.gifts_total
        later = bisect_right(shares, share)
        (start, low), (end, high) = CURVE[later - 1], CURVE[later]
        second = start + int((end - start) * (share - low) / (high - low))
        yield name, project, person, amount, second


def rows(workload: Workload, *, home: Path, first_day: int) -> Iterator[tuple[str, bytes]]:
    """Rows of the inbox as the door would write them: (number of envelopes, payload)."""
    deeds, persons = load(home, "dedupe"), load(home, "person")
    midnight = first_day * DAY_SECONDS - SHANGHAI_SHIFT_SECONDS
    stream = on_the_curve(workload)
    while part := list(islice(stream, ENVELOPES_MAX)):
        envelopes: list[Envelope] = [
            Deed(
                channel=CHANNEL,
                key=deed_key(deeds, CHANNEL, name),
                body=hashlib.sha256(name.encode()).digest(),
                asset="CNY",
                amount=amount,
                project=gifts.project_code(project),
                campaign=gifts.CAMPAIGN,
                person=person_key(persons, CHANNEL, str(person)),
                paid_at=midnight + second,
            )
            for name, project, person, amount, second in part
        ]
        yield str(len(envelopes)), encode(envelopes)


class ThreeDays:
    """One run of the drill in one scratch installation."""

    def __init__(self, here: Installation, *, count: int, tell: Tell) -> None:
        self.here, self.count, self.tell = here, count, tell
        self.workload = days_workload(count)
        self.file = here.home / "rows"
        self.meter = Meter(here)
        self.course = Course()
        self.load_before = os.getloadavg()
        self.first_day = local_day(int(time.time()))

    def run(self) -> tuple[dict[str, Any], list[Checked]]:
        """Start, furnish, feed, measure, stop, check; figures and comparisons.

        An interrupt ends the feeding; what was fed is settled, told and checked.
        Raises DrillFailedError.
        """
        self.here.start()
        with self.here.connect() as connection:
            gifts.open_projects(connection, self.workload)
            admit(self.here, connection, code=CHANNEL, clock="file")
            gifts.open_campaign(connection, self.workload, channel=CHANNEL)
            self.here.wait(self.here.drained, "the drill's world to be settled")
            began = time.monotonic()
            made = rows(self.workload, home=self.here.home, first_day=self.first_day)
            write_requests(self.file, made)
            took = time.monotonic() - began
            self.tell(f"{self.count:,} gifts made in {took:.0f} s; now they are settled")
            before = Bytes.read(connection, self.here.public)
            self._live(connection)
            grown = Bytes.read(connection, self.here.public).since(before)
            postgres = connection.info.parameter_status("server_version") or ""
        figures = {"postgres": postgres, **self._figures(grown)}
        for line in report(figures):
            self.tell(line)
        return figures, [check_stop(self.here), *self._check()]

    def _live(self, connection: Connection[Any]) -> None:
        """Feed the inbox and watch until all of it is published."""
        course, begun = self.course, time.monotonic()
        self.meter.begin(connection)
        self._look(connection, begun)
        source = read_requests(self.file)
        try:
            while self._feed(connection, source):
                self._look(connection, begun)
                time.sleep(LOOK_SECONDS)
        except KeyboardInterrupt:
            course.stopped = True
            self.tell("stopped: what is in the inbox is settled and published first")
        until = time.monotonic() + DRAIN_SECONDS
        while not course.published_s:
            waits = self._look(connection, begun)
            if not waits and not course.settled_s:
                course.settled_s = course.moments[-1].at_s
            if course.settled_s and course.moments[-1].settled == course.moments[-1].published:
                course.published_s = course.moments[-1].at_s
            if time.monotonic() > until:
                raise DrillFailedError("what is in the inbox is not settled and published")
            time.sleep(LOOK_SECONDS)
        self.meter.look(connection, pss=True)

    def _feed(self, connection: Connection[Any], source: Iterator[tuple[str, bytes]]) -> bool:
        """Fill the inbox up to AHEAD_ROWS; False when nothing is left."""
        row = connection.execute(PLACE_SQL, (LANE,)).fetchone()
        assert row is not None
        for _ in range(AHEAD_ROWS - (row[0] - row[1])):
            found = next(source, None)
            if found is None:
                return False
            told = {"lane": LANE, "count": int(found[0]), "payload": found[1], "sealed": None}
            connection.execute(APPEND_SQL, told)
            self.course.fed += int(found[0])
        return True

    def _look(self, connection: Connection[Any], begun: float) -> int:
        """Note where settlement and publisher are; the number of rows that wait."""
        course = self.course
        row = connection.execute(PLACE_SQL, (LANE,)).fetchone()
        assert row is not None
        now = Moment(time.monotonic() - begun, int(row[2]), self.here.published())
        course.moments.append(now)
        if len(course.moments) % METER_EVERY == 0:
            self.meter.look(connection, pss=len(course.moments) % (METER_EVERY * 10) == 0)
        done = now.settled - course.moments[0].settled
        while len(course.memory) < done * TENTHS // self.count:
            self.meter.look(connection, pss=True)
            course.memory.append(
                {name: rss >> 20 for name, rss in self.meter.memory_now().items() if rss}
            )
            course.cpu.append(self.meter.cpu_by_name())
            rate = done / now.at_s
            self.tell(
                f"  {len(course.memory) * 10:3d} %  {now.at_s:7.1f} s  {rate:9,.0f} gifts/s so far,"
                f" log {now.settled - now.published:,} entries behind, settlement"
                f" {course.memory[-1].get('settlement', 0)} MiB"
            )
        return int(row[0] - row[1])

    def _figures(self, grown: Bytes) -> dict[str, Any]:
        course, count = self.course, self.course.fed
        rates = tenths(course.moments, count)
        cpu = sorted(self.meter.cpu_by_name().items(), key=lambda each: -each[1])
        tables = sum(grown.tables.values())
        return {
            "gifts": count,
            "of": ALL_GIFTS,
            "stopped": course.stopped,
            "load_before": [round(each, 2) for each in self.load_before],
            "settled_s": round(course.settled_s, 1),
            "published_s": round(course.published_s, 1),
            "per_second": round(count / course.settled_s),
            "tenths_per_second": rates,
            "last_to_first": round(rates[-1] / rates[0], 3),
            "settling_us_by_tenth": self._settling_us(),
            "minutes_for_all": round(ALL_GIFTS / rates[-1] / 60, 1),
            "busy_floor_minutes": round(
                sum(each for _, each in cpu)
                / count
                * ALL_GIFTS
                / 60
                / len(os.sched_getaffinity(0)),
                1,
            ),
            "behind_max": max(one.settled - one.published for one in course.moments),
            "cpu_us": {name: round(each / count * 1e6, 1) for name, each in cpu if each >= 0.1},  # noqa: PLR2004 - a tenth of a second
            "others_cpu_s": round(self.meter.others_cpu_s(), 1),
            "rss_mib": course.memory,
            "pss_max_mib": {
                name: pss >> 20 for name, (_, pss) in self.meter.memory_by_name().items() if pss
            },
            "wal_bytes": round(grown.wal / count, 1),
            "table_bytes": {
                name: round(size / count, 1)
                for name, size in sorted(grown.tables.items(), key=lambda each: -each[1])
                if size >= count
            },
            "log_bytes": round(grown.log / count, 1),
            "gib_for_all": round((tables + grown.log) / count * ALL_GIFTS / 2**30, 1),
        }

    def _settling_us(self) -> list[float]:
        """Processor time a gift of settlement and its server process, by tenths.

        It tells whether settlement slows down as tables grow, on a machine that others use too.
        """
        sums = [sum(each.get(name, 0.0) for name in SETTLING) for each in self.course.cpu]
        return [
            round((later - earlier) / self.count * TENTHS * 1e6, 1)
            for earlier, later in pairwise([0.0, *sums])
        ]

    def _check(self) -> Iterator[Checked]:
        """Compare with the oracle, person by person and day by day; then audit and recompute."""
        here = self.here
        if here.run("-m", "jusha", "db", "start").returncode:
            raise DrillFailedError("the database does not start again")
        with here.connect() as connection:
            wrong = list(self._differences(connection))
            name = "every gift is settled once; pool, days, projects and persons exact to the fen"
            yield Checked(name, wrong[:10], f"{self.course.fed:,} gifts")
        yield check_command(here, "jusha audit finds nothing wrong", "-m", "jusha", "audit")
        yield check_recompute(here, str(here.public))
        here.run("-m", "jusha", "db", "stop")

    def _differences(self, connection: Connection[Any]) -> Iterator[str]:
        workload, count = self.workload, self.course.fed
        done = Outcome(pool_left_fen=workload.pool_fen)
        for gift in islice(on_the_curve(workload), count):
            match(workload, done, gift)
        given = sum(done.given_by_project_fen.values())
        row = connection.execute(COUNTS_SQL, (gifts.CAMPAIGN,)).fetchone()
        if row != (count, count, count, given):
            yield f"{count} gifts of {given} fen were given, there are (deeds, keys, ...) {row}"
        left = connection.execute(
            "SELECT credits - debits FROM ledger_account"
            " WHERE book = 'pool:drill-pool' AND kind = 'available'"
        ).fetchone()
        if left != (done.pool_left_fen,):
            yield f"the pool has {left} fen left, should be {done.pool_left_fen}"
        totals = {
            code: (donated, matched)
            for code, _, donated, matched in connection.execute(TOTALS_SQL, (gifts.CAMPAIGN,))
        }
        for index, fen in done.given_by_project_fen.items():
            wanted = (fen, done.matched_by_project_fen[index])
            found = totals.get(gifts.project_code(index))
            if found != wanted:
                yield f"project {index}: {found} fen given and matched, should be {wanted}"
        yield from self._personal_differences(connection, done)

    def _personal_differences(self, connection: Connection[Any], done: Outcome) -> Iterator[str]:
        secret = load(self.here.home, "person")
        keys = {
            UUID(bytes=person_key(secret, CHANNEL, str(person))): person
            for person in range(self.workload.persons)
        }
        wanted = {key: fen for key, fen in done.matched_by_person_day_fen.items() if fen}
        with connection.transaction(), connection.cursor("usage") as cursor:
            cursor.itersize = 50_000
            for day, key, fen in cursor.execute(USAGE_SQL, (gifts.CAMPAIGN,)):
                person = keys.get(key, -1)
                if wanted.pop((person, day - self.first_day), 0) != fen:
                    yield f"person {person} has {fen} fen matched on day {day - self.first_day}"
        if wanted:
            yield f"{len(wanted)} persons' days are missing"


def tenths(moments: list[Moment], count: int) -> list[int]:
    """Gifts a second of each tenth of the run, between the looks nearest to its ends."""
    base = moments[0].settled
    ends = [moments[0].at_s]
    for tenth in range(1, TENTHS + 1):
        goal = base + count * tenth // TENTHS
        after = next((at for at, one in enumerate(moments) if one.settled >= goal), None)
        if after is None:
            after = len(moments) - 1
        late, early = moments[after], moments[max(after - 1, 0)]
        share = (goal - early.settled) / max(late.settled - early.settled, 1)
        ends.append(early.at_s + (late.at_s - early.at_s) * min(max(share, 0.0), 1.0))
    size = count / TENTHS
    return [round(size / max(end - start, 1e-9)) for start, end in pairwise(ends)]


def run(*, count: int, record: bool, keep: bool, tell: Tell) -> list[Checked]:
    """Run the drill in an installation of its own; remember the figures if all agrees.

    Raises DrillFailedError.
    """
    here = Installation()
    tell(
        f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC, scratch home {here.home}:"
        f" {count:,} of {ALL_GIFTS:,} gifts"
    )
    try:
        figures, checks = ThreeDays(here, count=count, tell=tell).run()
        if record and not any(check.wrong for check in checks):
            append_result("three-days", figures, postgres=figures.pop("postgres"))
    finally:
        if not keep:
            here.remove()
    return checks


def report(figures: dict[str, Any]) -> Iterator[str]:
    """The figures for a person."""
    count = figures["gifts"]
    yield (
        f"{count:,} gifts settled in {figures['settled_s']} s, published in"
        f" {figures['published_s']} s: {figures['per_second']:,} a second; load before"
        f" {figures['load_before']}, others on the machine {figures['others_cpu_s']} CPU s"
    )
    rates = ", ".join(f"{rate:,}" for rate in figures["tenths_per_second"])
    yield f"by tenths: {rates}; last to first {figures['last_to_first']}"
    told = ", ".join(str(us) for us in figures["settling_us_by_tenth"])
    yield f"processor time of settlement with its server process by tenths, µs a gift: {told}"
    yield (
        f"reckoned, not run: {ALL_GIFTS:,} at the last tenth's rate in"
        f" {figures['minutes_for_all']} minutes, {figures['gib_for_all']} GiB of tables and log;"
        f" processor time alone is {figures['busy_floor_minutes']} minutes of the whole machine"
    )
    spent = ", ".join(f"{name} {us}" for name, us in figures["cpu_us"].items())
    yield f"µs of processor time a gift: {spent}"
    yield f"most entries that the log was behind: {figures['behind_max']:,}"
    sizes = ", ".join(f"{name} {size:.0f}" for name, size in figures["table_bytes"].items())
    yield (
        f"bytes a gift: WAL {figures['wal_bytes']:.0f}, public log {figures['log_bytes']:.0f},"
        f" tables {sum(figures['table_bytes'].values()):.0f}: {sizes}"
    )
    for tenth, memory in enumerate(figures["rss_mib"], 1):
        if tenth in {1, 5, TENTHS}:
            most = sorted(memory.items(), key=lambda each: -each[1])[:8]
            told = ", ".join(f"{name} {mib}" for name, mib in most)
            yield f"RSS in MiB after {tenth * 10} %: {told}"
    most = sorted(figures["pss_max_mib"].items(), key=lambda each: -each[1])[:8]
    yield "largest PSS in MiB: " + ", ".join(f"{name} {mib}" for name, mib in most)

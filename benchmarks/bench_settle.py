"""How many gifts a second settlement settles, beside the usual Django way in the same minutes.

Both sides settle benchmarks.workload: one hot pool, half of the gifts to one project, and bounds
that bind in at least half of the batches. Rounds alternate, because the machine's mood changes
within an hour; the headline is the median of the rounds' ratios. At the end every gift's match and
its bound are compared with the plain oracle, and the operator's audit must find nothing.
"""

import argparse
import gc
import hashlib
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from statistics import median
from typing import Any, Final

import msgspec
import psutil
import psycopg

from benchmarks.oracle import Bound, Outcome
from benchmarks.oracle import settle as settle_plainly
from benchmarks.raw_copy import measure_raw, prepare_raw
from benchmarks.results import append_result
from benchmarks.throwaway import database
from benchmarks.usual_django.measure import CLIENTS, measure_best_settle
from benchmarks.workload import Gift, Workload
from jusha.config.postgres import Cluster, database_url, default_home, server_version
from jusha.inbox.append import append, new_id
from jusha.inbox.envelopes import Deed, Instruction
from jusha.inbox.keys import deed_key
from jusha.management.audit import audit_database
from jusha.money.clock import minute_seconds
from jusha.settlement.batch import Settlement
from jusha.settlement.fence import take_over

ROW_ENVELOPES: Final = 5_000
SECRET: Final = b"a secret of the benchmark, no one's"
OPENED_S: Final = minute_seconds("2026-09-06T16:00Z")
"""Midnight in Shanghai: the workload's days are calendar days."""
BOUND_OF: Final[dict[str, Bound]] = {
    "rule": "amount", "person-day": "person", "window": "window", "pool": "pool",
}  # fmt: skip
BINDING_SHARE_MIN: Final = 0.5
NOT_SETTLED: Final = (
    "inbox_row", "inbox_raw", "inbox_lane", "raw_giving_deed", "raw_giving_seen",
)  # fmt: skip
"""Tables that settlement does not write."""
SIZES_SQL: Final = """
SELECT coalesce(sum(pg_total_relation_size(c.oid)), 0)::bigint FROM pg_class c
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND c.relname <> ALL (%s)"""
Tell = Callable[[str], object]


class BenchFailedError(Exception):
    """The figures would be of no worth: results are wrong, or nothing was bound."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How much is measured: gifts of all rounds together, and seconds a rival's client count."""

    gifts: int = 300_000
    rounds: int = 3
    rival_seconds: float = 4.0


QUICK: Final = Plan(gifts=60_000, rounds=2, rival_seconds=1.5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """One round: both rates, and what settlement spent on a gift."""

    per_second: float
    rival_per_second: float
    rival_clients: int
    python_us: float
    server_us: float
    wal_bytes: float
    raw_per_second: float
    """Deeds a second of the floor: the same rows copied raw (benchmarks.raw_copy)."""

    @property
    def ratio(self) -> float:
        """Settlement against the usual way."""
        return self.per_second / self.rival_per_second

    @property
    def share_of_raw(self) -> float:
        """Settlement against copying its deeds raw."""
        return self.per_second / self.raw_per_second


def project_code(index: int) -> str:
    """Name a project of the workload."""
    return f"project-{index:04d}"


def person_of(index: int) -> bytes:
    """Name a person of the workload in 16 bytes."""
    return hashlib.sha256(f"person {index}".encode()).digest()[:16]


def key_of(external_id: str) -> bytes:
    """Name a gift of the workload as the door does."""
    return deed_key(SECRET, "rail", external_id)


def deed_of(gift: Gift) -> Deed:
    """The gift as a channel reports it."""
    external_id, project, person, amount, second = gift
    return Deed(
        channel="rail",
        key=key_of(external_id),
        body=hashlib.sha256(external_id.encode()).digest(),
        asset="CNY",
        amount=amount,
        project=project_code(project),
        campaign="day",
        person=person_of(person),
        paid_at=OPENED_S + second,
    )


def furnish(connection: psycopg.Connection[Any], workload: Workload) -> None:
    """Append what must be there before the first gift: channel, projects, campaign, pool, rule."""
    terms = {
        "gives": {"kind": "ratio", "numerator": 1, "denominator": 1}, "gift_min": 1,
        "caps": {"person_day": workload.person_day_cap_fen},
        "window": {"from_minute": 0, "to_minute": 1440, "budget": workload.window_budget_fen},
    }  # fmt: skip
    open_ = {"opens": "2026-01-01T00:00Z", "closes": "2099-01-01T00:00Z", "channels": ["rail"]}
    pool = {"code": "pool", "campaign": "day", "sponsor": "sponsor", "how": "secured"}
    steps: list[tuple[str, dict[str, Any]]] = [
        ("admit-channel", {"code": "rail", "terms": {"assets": ["CNY"], "clock": "file"}}),
        ("admit-charity", {"code": "charity"}),
        ("open-campaign", {"code": "day", "terms": open_}),
        ("fund-pool", pool | {"amount": workload.pool_fen}),
        ("publish-rule", {"code": "R1", "pool": "pool", "from": "2026-01-01T00:00Z",
                          "terms": terms}),
    ]  # fmt: skip
    steps += [
        ("open-project",
         {"code": project_code(index), "charity": "charity", "running_permille": index % 101})
        for index in range(workload.projects)
    ]  # fmt: skip
    envelopes = [Instruction(new_id(), kind, "one", "two", body) for kind, body in steps]
    for at in range(0, len(envelopes), ROW_ENVELOPES):
        append(connection, lane="console", envelopes=list(envelopes[at : at + ROW_ENVELOPES]))


def send(connection: psycopg.Connection[Any], gifts: Iterator[Gift], count: int) -> int:
    """Append the next gifts as rows of 5,000; returns how many there were."""
    sent = 0
    while sent < count and (part := list(islice(gifts, min(ROW_ENVELOPES, count - sent)))):
        append(connection, lane="door", envelopes=[deed_of(gift) for gift in part])
        sent += len(part)
    return sent


def settle_all(settlement: Settlement) -> int:
    """Settle until the inbox is empty; returns how many envelopes there were."""
    settled = 0
    while (done := settlement.settle_next()).rows:
        settled += done.envelopes
    return settled


def server_cpu_seconds(postmaster: int) -> float:
    """CPU seconds so far of all of the server's processes, those that ended included."""
    server = psutil.Process(postmaster)
    ended, living = server.cpu_times(), server.children()
    times = [process.cpu_times() for process in living]
    now = sum(cpu.user + cpu.system for cpu in times)
    return float(now + ended.children_user + ended.children_system)


def wal_position(connection: psycopg.Connection[Any]) -> int:
    """The server's position in its log, in bytes."""
    row = connection.execute("SELECT (pg_current_wal_insert_lsn() - '0/0')::bigint").fetchone()
    assert row is not None
    return int(row[0])


def measure_round(
    watch: psycopg.Connection[Any], settlement: Settlement, count: int, *, postmaster: int
) -> dict[str, float]:
    """Settle what waits and say what it took; raises BenchFailedError if not all was settled."""
    gc.collect()
    wal, server = wal_position(watch), server_cpu_seconds(postmaster)
    python, began = time.process_time(), time.perf_counter()
    settled = settle_all(settlement)
    took = time.perf_counter() - began
    if settled != count:
        raise BenchFailedError(f"settled {settled} of {count} gifts")
    return {
        "per_second": round(count / took, 1),
        "python_us": round((time.process_time() - python) / count * 1e6, 2),
        "server_us": round((server_cpu_seconds(postmaster) - server) / count * 1e6, 2),
        "wal_bytes": round((wal_position(watch) - wal) / count, 1),
    }


def read_leaves(connection: psycopg.Connection[Any]) -> dict[int, tuple[int, str]]:
    """Each gift's match as the log shows it: {number: (amount, by)}."""
    shown: dict[int, tuple[int, str]] = {}
    for (raw,) in connection.execute("SELECT entries FROM tlog_entries ORDER BY first"):
        at = 0
        while at < len(raw):
            end = at + 2 + int.from_bytes(raw[at : at + 2], "big")
            entry = msgspec.json.decode(raw[at + 2 : end])
            if entry["k"] == "don":
                shown[entry["n"]] = (entry["m"][0]["amt"], entry["m"][0]["by"])
            at = end
    return shown


def read_outcome(
    connection: psycopg.Connection[Any], workload: Workload, expected: Outcome
) -> Outcome:
    """What the books and the log say, in the oracle's words."""
    shown = read_leaves(connection)
    numbers = {
        bytes(key): number
        for key, number in connection.execute("SELECT uuid_send(key), number FROM giving_seen")
    }
    matches = {name: shown[numbers[key_of(name)]] for name in expected.matched_fen}
    left = connection.execute(
        "SELECT credits - debits FROM ledger_account WHERE kind = 'available'"
    ).fetchone()
    assert left is not None
    done = Outcome(
        pool_left_fen=left[0],
        matched_fen={name: amount for name, (amount, _) in matches.items()},
        bound={name: BOUND_OF[by] for name, (_, by) in matches.items()},
    )
    for code, donated, matched in connection.execute(
        "SELECT f.code, t.donated, t.matched FROM campaigns_total t"
        " JOIN projects_fund f ON f.project = t.project"
    ):
        index = int(code.removeprefix("project-"))
        done.given_by_project_fen[index] = donated
        done.matched_by_project_fen[index] = matched
    first_day = (OPENED_S + 8 * 3600) // 86_400
    for day, used in connection.execute("SELECT day, used FROM matching_window"):
        done.matched_by_day_fen[day - first_day] = used
    persons = {person_of(index): index for index in range(workload.persons)}
    for person, day, fen in connection.execute(
        "SELECT uuid_send(person), day, matched FROM matching_usage"
    ):
        done.matched_by_person_day_fen[persons[bytes(person)], day - first_day] = fen
    return done


def verify(connection: psycopg.Connection[Any], workload: Workload, sent: int) -> float:
    """Hold every gift to the oracle and everything to the audit; the share of bound batches.

    Raises BenchFailedError.
    """
    expected = settle_plainly(workload, islice(workload.gifts(), sent))
    found = read_outcome(connection, workload, expected)
    if found.as_pairs() != expected.as_pairs() or found.bound != expected.bound:
        wrong = [
            name
            for name, fen in expected.matched_fen.items()
            if (found.matched_fen[name], found.bound[name]) != (fen, expected.bound[name])
        ]
        raise BenchFailedError(
            f"{len(wrong)} gifts are not matched as the oracle does: {wrong[:3]}"
        )
    if findings := [str(f) for f in audit_database(connection)]:
        raise BenchFailedError(f"the audit found {len(findings)}: {findings[:3]}")
    shown = read_leaves(connection)
    cut = Counter[int]()
    batches = connection.execute(
        "SELECT id, first, next FROM settlement_batch WHERE next - first > 1000"
    ).fetchall()
    for batch, first, end in batches:
        cut[batch] = sum(n in shown and shown[n][1] != "rule" for n in range(first, end))
    share = sum(cut[batch] > 0 for batch, _, _ in batches) / len(batches)
    if share < BINDING_SHARE_MIN:
        raise BenchFailedError(f"a bound cut gifts in only {share:.0%} of the batches")
    return round(share, 3)


def measure(home: Path, plan: Plan, tell: Tell) -> tuple[list[Round], dict[str, float]]:
    """Run all rounds, ours and the rival's in turn, verify, and return what was seen."""
    workload = Workload(gifts_total=plan.gifts)
    rival_workload = Workload(seed=7, gifts_total=plan.gifts, prefix="41000")
    rounds: list[Round] = []
    with (
        database(home, "ours", schema=True) as ours,
        database(home, "rival", schema=False) as rival,
        Cluster(home).connect(ours) as watch,  # sees every session's process
        psycopg.connect(database_url("settle", home, ours)) as connection,
    ):
        settlement = Settlement(connection, epoch=take_over(connection, holder="bench"))
        furnish(watch, workload)
        settle_all(settlement)
        sizes = [_bytes(watch)]
        prepare_raw(watch)
        gifts, count = workload.gifts(), plan.gifts // plan.rounds
        postmaster = Cluster(home).status().pid
        assert postmaster is not None, "it answers, so it lives"
        rival_url = database_url("owner", home, rival)
        for number in range(plan.rounds):
            best, _ = measure_best_settle(
                rival_url, plan.rival_seconds, rival_workload, clients=CLIENTS
            )
            sent, first = send(watch, gifts, count), settlement.world.next_number
            figures = measure_round(watch, settlement, sent, postmaster=postmaster)
            sizes.append(_bytes(watch))
            rounds.append(
                Round(
                    rival_per_second=best.per_second,
                    rival_clients=best.clients,
                    raw_per_second=measure_raw(watch, first, settlement.world.next_number),
                    **figures,
                )
            )
            tell(row_of(number + 1, rounds[-1]))
        total = count * plan.rounds
        share = verify(watch, workload, total)
    return rounds, {"table_bytes": round((sizes[-1] - sizes[0]) / total, 1), "bound_share": share}


def _bytes(connection: psycopg.Connection[Any]) -> int:
    row = connection.execute(SIZES_SQL, (list(NOT_SETTLED),)).fetchone()
    assert row is not None
    return int(row[0])


HEAD: Final = "round  gifts/s  usual/s (clients)  ratio  of raw  Python us  server us  WAL B"


def row_of(number: int, one: Round) -> str:
    """One line of the table under HEAD."""
    return (
        f"{number:5d} {one.per_second:8.0f} {one.rival_per_second:8.0f} ({one.rival_clients:2d})"
        f" {one.ratio:11.1f} {one.share_of_raw:7.2f} {one.python_us:10.1f} {one.server_us:10.1f}"
        f" {one.wal_bytes:6.0f}"
    )


def run(*, quick: bool, tell: Tell) -> dict[str, Any]:
    """Measure, verify, print, and append one line to the results; returns that line.

    Raises BenchFailedError, NotEmbeddedError, RivalFailedError.
    """
    plan, home = QUICK if quick else Plan(), default_home()
    tell(HEAD)
    rounds, figures = measure(home, plan, tell)
    result = append_result(
        "settle-quick" if quick else "settle",
        {
            "gifts": plan.gifts,
            "ratio": round(median(one.ratio for one in rounds), 1),
            "per_second": [one.per_second for one in rounds],
            "usual_per_second": [one.rival_per_second for one in rounds],
            "usual_clients": [one.rival_clients for one in rounds],
            "raw_per_second": [one.raw_per_second for one in rounds],
            "share_of_raw": round(median(one.share_of_raw for one in rounds), 3),
            "python_us": median(one.python_us for one in rounds),
            "server_us": median(one.server_us for one in rounds),
            "wal_bytes": median(one.wal_bytes for one in rounds),
            **figures,
        },
        postgres=server_version(database_url("owner", home)) or "",
    )
    tell(
        f"ratio {result['ratio']} (median of {plan.rounds} rounds), {result['share_of_raw']} of"
        f" copying the deeds raw; {result['table_bytes']} bytes"
        f" of tables a gift; a bound cut gifts in {result['bound_share']:.0%} of the batches;"
        " every match equals the oracle's, the audit found nothing"
    )
    return result


def main() -> None:
    """Run from the command line: `python -m benchmarks.bench_settle [--quick]`."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="under a minute, less exact")
    run(quick=parser.parse_args().quick, tell=lambda line: print(line, flush=True))


if __name__ == "__main__":
    main()

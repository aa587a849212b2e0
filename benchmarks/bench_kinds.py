"""What each kind of rule and each cap costs a gift, beside one plain ratio rule, interleaved.

Every variant has a database of its own and settles the same gifts; rounds go through all
variants in turn, because the machine's mood changes within an hour. The figure of a variant is
the median of (its time / the plain rule's time in the same round). Nothing here binds on purpose
but the pools of a few variants: the cost is that of deciding and storing, not of refusing.
"""

import argparse
import hashlib
import secrets
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from statistics import median
from typing import Any, Final

import psycopg

from benchmarks.bench_settle import (
    ROW_ENVELOPES,
    deed_of,
    measure_round,
    person_of,
    project_code,
    settle_all,
)
from benchmarks.results import append_result
from benchmarks.throwaway import database
from benchmarks.workload import Gift, Workload
from jusha.config.postgres import Cluster, database_url, default_home, server_version
from jusha.inbox.append import append, new_id
from jusha.inbox.envelopes import Deed, Envelope, Instruction
from jusha.management.audit import audit_database
from jusha.settlement.batch import Settlement
from jusha.settlement.fence import take_over
from jusha.settlement.secrets import installed

LOTS: Final = 10**14
WINDOW: Final[dict[str, Any]] = {"budget": LOTS}
RATIO: Final[dict[str, Any]] = {
    "gives": {"kind": "ratio", "numerator": 1, "denominator": 1}, "window": WINDOW,
    "caps": {"person_day": LOTS}, "gift_min": 1,
}  # fmt: skip


def kind(name: str, **gives: Any) -> dict[str, Any]:
    """A second rule of one kind."""
    return {"gives": {"kind": name} | gives, "window": WINDOW, "gift_min": 1}


def capped(**caps: int) -> dict[str, Any]:
    """The plain rule with one more cap."""
    return RATIO | {"caps": {"person_day": LOTS} | caps}


SLICE: Final[dict[str, Any]] = WINDOW | {"slice_minutes": 1, "slice_budget": LOTS}
SECOND: Final[dict[str, dict[str, Any]]] = {
    "second ratio": kind("ratio", numerator=1, denominator=10),
    "flat": kind("flat", amount=1),
    "per-unit": kind("per-unit", unit=100, each=1),
    "tier-bonus": kind("tier-bonus", tiers=[[1, 10], [1_000, 20]]),
    "fills": kind("ratio", numerator=2, denominator=1) | {"fills": "R0"},
    "random-range": kind("random-range", low=1, high=9),
    "one-one-x": kind("one-one-x", on="R0", low=1, high=9),
    "friends (none invited)": kind("friends", on="R0", friends=3, low=2, high=2),
    "coupon (each gift has one)": kind("coupon", count=10**9, permille=10, most=10**6),
    "lump-sum (seldom)": kind("lump-sum", threshold=10**6, amount=1),
    "hourly slices": kind("flat", amount=1) | {
        "window": WINDOW | {"slice_minutes": 60, "slice_budget": LOTS, "carry": False}},
    "minute slices (claims)": RATIO | {"decided": "slice", "window": SLICE},
    "pro rata at close (claims)": RATIO | {"decided": "close"},
    "quadratic (claims)": kind("quadratic", unit=1) | {"decided": "close"},
}  # fmt: skip
LEFT_OUT: Final = {"second ratio", "tier-bonus", "pro rata at close (claims)"}
"""A campaign has at most twelve rules."""
VARIANTS: Final[dict[str, list[dict[str, Any]]]] = {
    "one ratio rule": [RATIO],
    "no rule": [],
    "cap project": [capped(project=LOTS)],
    "cap charity": [capped(charity=LOTS)],
    "cap person-campaign": [capped(person_campaign=LOTS)],
    **{f"+ {name}": [RATIO, terms] for name, terms in SECOND.items()},
    "all kinds, 12 rules": [RATIO, *(SECOND[name] for name in SECOND if name not in LEFT_OUT)],
}  # fmt: skip


@dataclass(slots=True)
class Side:
    """One variant with its database."""

    name: str
    watch: psycopg.Connection[Any]
    settlement: Settlement
    gifts: Iterator[Gift]


def furnish(side: Side, workload: Workload, rules: list[dict[str, Any]]) -> None:
    """Open what there must be, with the variant's rules and today's seeds."""
    now = datetime.now(UTC)
    opens = f"{now - timedelta(days=2):%Y-%m-%dT%H:%MZ}"
    times = {"opens": opens, "closes": f"{now + timedelta(days=5):%Y-%m-%dT%H:%MZ}"}
    pool = {"campaign": "day", "sponsor": "sponsor", "how": "secured", "amount": LOTS}
    steps: list[tuple[str, dict[str, Any]]] = [
        ("admit-channel", {"code": "rail", "terms": {"assets": ["CNY"], "clock": "rail"}}),
        ("admit-charity", {"code": "charity"}),
        ("open-campaign", {"code": "day", "terms": times}),
    ]
    for n, terms in enumerate(rules):
        body = {"code": f"R{n}", "pool": f"pool-{n}", "from": opens, "terms": terms}
        steps += [("fund-pool", pool | {"code": f"pool-{n}"}), ("publish-rule", body)]
    for n, terms in enumerate(rules):
        if terms["gives"]["kind"] in {"random-range", "one-one-x"}:
            for day in (now, now + timedelta(days=1)):
                digest = installed().keep(secrets.token_bytes(32))
                named = {"rule": f"R{n}", "day": f"{day + timedelta(hours=8):%Y-%m-%d}"}
                steps.append(("commit-seed", named | {"hash": digest}))
    steps += [
        ("open-project", {"code": project_code(n), "charity": "charity", "running_permille": 80})
        for n in range(workload.projects)
    ]
    envelopes: list[Envelope] = [
        Instruction(new_id(), kind, "one", "two", body) for kind, body in steps
    ]
    append(side.watch, lane="console", envelopes=envelopes)
    settle_all(side.settlement)
    refused = side.watch.execute(
        "SELECT code, detail FROM settlement_outcome WHERE code <> 'done'"
    ).fetchall()
    if refused:
        raise SystemExit(f"{side.name}: {refused[:3]}")


def deed(gift: Gift, rules: list[dict[str, Any]], serial: int) -> Deed:
    """The gift as the rail reports it, with a coupon where a rule takes one."""
    code = next((f"R{n}" for n, r in enumerate(rules) if r["gives"]["kind"] == "coupon"), "")
    plain = deed_of(gift)
    return Deed(
        channel=plain.channel,
        key=plain.key,
        body=hashlib.sha256(gift[0].encode()).digest(),
        asset="CNY",
        amount=gift[3],
        project=plain.project,
        campaign="day",
        person=person_of(gift[2]),
        coupon=f"{code}.{serial}" if code else "",
    )


def send(side: Side, rules: list[dict[str, Any]], first: int, count: int) -> None:
    """Append the next gifts as rows of 5,000."""
    sent = 0
    while sent < count:
        part = list(islice(side.gifts, min(ROW_ENVELOPES, count - sent)))
        deeds: list[Envelope] = [
            deed(gift, rules, first + sent + place) for place, gift in enumerate(part)
        ]
        append(side.watch, lane="door", envelopes=deeds)
        sent += len(part)


def measure(home: Path, *, gifts: int, rounds: int) -> dict[str, list[dict[str, float]]]:
    """Measure all variants in turn, and audit each; {variant: figures of each round}."""
    workload = Workload(gifts_total=gifts * rounds)
    figures: dict[str, list[dict[str, float]]] = {name: [] for name in VARIANTS}
    with ExitStack() as stack:
        sides: list[Side] = []
        for place, (name, rules) in enumerate(VARIANTS.items()):
            own = stack.enter_context(database(home, f"kinds{place}", schema=True))
            watch = stack.enter_context(Cluster(home).connect(own))
            connection = stack.enter_context(psycopg.connect(database_url("settle", home, own)))
            settlement = Settlement(connection, epoch=take_over(connection, holder="bench"))
            sides.append(Side(name, watch, settlement, workload.gifts()))
            furnish(sides[-1], workload, rules)
        postmaster = Cluster(home).status().pid
        assert postmaster is not None
        for number in range(rounds):
            for side in sides:
                send(side, VARIANTS[side.name], number * gifts, gifts)
                time.sleep(0.2)
                seen = measure_round(side.watch, side.settlement, gifts, postmaster=postmaster)
                figures[side.name].append(seen)
        for side in sides:
            if wrong := [str(f) for f in audit_database(side.watch) if f.kind == "wrong"]:
                raise SystemExit(f"{side.name}: the audit found {len(wrong)}: {wrong[:3]}")
    return figures


def main() -> None:
    """Measure and print a table; the numbers go to results.jsonl."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--gifts", type=int, default=20_000, help="a variant and round")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    home = default_home()
    figures = measure(home, gifts=options.gifts, rounds=options.rounds)
    plain = [seen["per_second"] for seen in figures["one ratio rule"]]
    summary: dict[str, dict[str, float]] = {}
    print(f"{'variant':32s} gifts/s   time  Python us  server us  WAL B")
    for name, seen in figures.items():
        slower = median(p / s["per_second"] for p, s in zip(plain, seen, strict=True))
        one = {key: median(s[key] for s in seen) for key in seen[0]}
        summary[name] = one | {"time": round(slower, 2)}
        print(
            f"{name:32s} {one['per_second']:7.0f} {slower:5.2f}x {one['python_us']:10.1f}"
            f" {one['server_us']:10.1f} {one['wal_bytes']:6.0f}"
        )
    postgres = server_version(database_url("owner", home)) or ""
    append_result("kinds", {"gifts": options.gifts, "rounds": options.rounds, "of": summary},
                  postgres=postgres)  # fmt: skip


if __name__ == "__main__":
    main()

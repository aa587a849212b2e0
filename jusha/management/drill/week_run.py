"""Run the week in a home of its own, and hold books, log and replay against one another."""

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import msgspec
import psycopg
from django.conf import settings
from psycopg import Connection

from jusha.config.postgres import database_url
from jusha.management.drill.checks import REPLAY_DATABASE, Checked
from jusha.management.drill.installation import DrillFailedError, Installation
from jusha.management.drill.week import DAYS, Week
from jusha.settlement.batch import Settlement
from jusha.settlement.fence import take_over
from jusha.settlement.schema import migrate
from jusha.settlement.secrets import installed
from jusha.tlog.publish import Publisher

MATCHES_SQL: Final = """
SELECT CASE WHEN m.rule = 0 THEN 'spread at close' ELSE r.code END, count(*), sum(m.amount)::bigint
FROM matching_match m LEFT JOIN matching_rule r ON r.id = m.rule
GROUP BY 1 ORDER BY 1"""
POOLS_SQL: Final = """
SELECT p.code, sum(a.normal * (a.debits - a.credits)) FILTER (WHERE a.kind = 'available'),
       sum(a.normal * (a.debits - a.credits)) FILTER (WHERE a.kind = 'promised'),
       sum(a.normal * (a.debits - a.credits)) FILTER (WHERE a.kind = 'returned'),
       sum(a.normal * (a.debits - a.credits)) FILTER (WHERE a.kind = 'payable'),
       sum(a.normal * (a.debits - a.credits)) FILTER (WHERE a.kind = 'unspent'),
       sum(a.debits) FILTER (WHERE a.kind = 'payable')
FROM matching_pool p JOIN ledger_account a ON a.book = 'pool:' || p.code
GROUP BY p.code ORDER BY p.code"""


def live_inside(*, gifts: int, seed: int, tell: Callable[[str], None]) -> None:
    """Live the week in this process's own home and publish its log.

    The home must be new, and its database running.
    """
    migrate()
    home = Path(settings.HOME)
    with (
        psycopg.connect(database_url("owner", home)) as owner,
        psycopg.connect(database_url("settle", home)) as connection,
    ):
        settlement = Settlement(connection, epoch=take_over(connection, holder="week"))
        week = Week(owner, settlement, installed(), gifts=gifts, seed=seed, tell=tell)
        told = week.run()
        tell(f"{told.gifts} gifts and {told.refunds} refunds in {DAYS} days")
        publisher = Publisher(settings.JUSHA_LOG_DIR, origin=settings.JUSHA_LOG_ORIGIN)
        try:
            while publisher.publish_next(connection):
                pass
        finally:
            publisher.close()


def check_week(
    *, gifts: int, seed: int, keep: bool, report: Path | None, tell: Callable[[str], None]
) -> list[Checked]:
    """Run the week in a scratch home; return every comparison. Raises DrillFailedError."""
    here = Installation()
    tell(f"scratch home {here.home}")
    try:
        if here.run("-m", "jusha", "db", "start").returncode:
            raise DrillFailedError("the database of the scratch home does not start")
        ran = here.run(
            "-m", "jusha", "drill", "week", "--inside", "--gifts", str(gifts), "--seed", str(seed)
        )
        if ran.returncode:
            raise DrillFailedError(ran.stdout[-3000:] + ran.stderr[-3000:])
        tell(ran.stdout.strip())
        checks = list(_compare(here))
        if report is not None:
            with here.connect() as connection:
                text = "\n".join(_report(connection, here.public, ran.stdout, checks)) + "\n"
            report.write_text(text)
        here.run("-m", "jusha", "db", "stop")
    finally:
        if not keep:
            here.remove()
    return checks


def _compare(here: Installation) -> Iterator[Checked]:
    vkey = (here.public / "vkey").read_text().strip()
    recompute = ("verify/recompute.py", str(here.public), "--vkey", vkey)
    for name, arguments, must_say in (
        ("jusha audit finds nothing wrong", ("-m", "jusha", "audit"), ""),
        ("verify/recompute.py, fed the log alone, says EQUAL", recompute, "EQUAL"),
        (
            "replaying the inbox gives the same root",
            ("-m", "jusha", "replay", "--into", REPLAY_DATABASE),
            "EQUAL",
        ),
    ):
        done = here.run(*arguments)
        lines = done.stdout.strip().splitlines() or [""]
        well = done.returncode == 0 and must_say in done.stdout
        wrong = [] if well else [f"exit code {done.returncode}", *lines[-10:], done.stderr[-2000:]]
        yield Checked(name, wrong, lines[-1])


def _report(
    connection: Connection[Any], public: Path, said: str, checks: list[Checked]
) -> Iterator[str]:
    """Write what the week came to, as Markdown."""
    yield "# The week with every kind of rule 每种规则都用上的一周"
    yield ""
    yield f"Written by `jusha drill week` on {datetime.now(UTC):%Y-%m-%d %H:%M} UTC. All names are"
    yield "invented; amounts in fen; the rules stand in jusha/management/drill/week.toml."
    yield ""
    yield "    " + "\n    ".join(said.strip().splitlines())
    yield ""
    yield "| rule | matches | fen |"
    yield "|---|---|---|"
    for code, count, amount in connection.execute(MATCHES_SQL):
        yield f"| {code} | {count} | {amount:,} |"
    yield ""
    yield "| pool | available | promised | returned | payable | unspent | released |"
    yield "|---|---|---|---|---|---|---|"
    for code, *sums in connection.execute(POOLS_SQL):
        yield f"| {code} | " + " | ".join(f"{amount or 0:,}" for amount in sums) + " |"
    yield ""
    kinds = Counter[str]()
    for (raw,) in connection.execute("SELECT entries FROM tlog_entries ORDER BY first"):
        kinds.update(_kinds(raw))
    yield "Entries: " + ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items())) + "."
    yield ""
    yield f"Checkpoint: `{(public / 'checkpoint').read_text().splitlines()[2]}`"
    yield ""
    for check in checks:
        yield f"- {'ok' if not check.wrong else 'WRONG'}: {check.name}: {check.seen}"


def _kinds(raw: bytes) -> Iterator[str]:
    at = 0
    while at < len(raw):
        size = int.from_bytes(raw[at : at + 2], "big")
        yield msgspec.json.decode(raw[at + 2 : at + 2 + size])["k"]
        at += 2 + size

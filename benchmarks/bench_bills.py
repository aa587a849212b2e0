"""Two days of a rail's bills with a million lines each: read, kept, laid beside our deeds.

Makes WeChat Pay bills as a provider gets them and puts the deeds in by COPY. The first day is read
before the clock starts, because a bill is never alone: its neighbours are looked at as well. Then
the second day's file is read and kept, and both days are laid. Every planted difference must be
found, and nothing else. Measured: seconds, and the most memory that the reading process ever held.
Left out: the download, settlement (it has a benchmark of its own), and PostgreSQL's own memory.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import psycopg

from benchmarks.results import append_result
from benchmarks.throwaway import database
from jusha.config.postgres import database_url, default_home, server_version
from jusha.inbox.keys import deed_key

LINES: Final = 1_000_000
DAYS: Final = (date(2026, 3, 1), date(2026, 3, 2))
SECRET: Final = b"d" * 32
MERCHANT: Final = "1900000109"
EVERY: Final = 3_000
"""One line of so many is missing in the bill, one is too many, one has another amount."""
HEADER: Final = (
    "交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,"
    "付款银行,货币种类,应结订单金额,代金券金额,微信退款单号,商户退款单号,退款金额,充值券退款金额,"
    "退款类型,退款状态,商品名称,商户数据包,手续费,费率,订单金额,申请退款金额,费率备注"
)
SUMS: Final = (
    "总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,订单总金额,申请退款总金额"
)
BILL_SQL: Final = """
INSERT INTO jusha_railbill (rail, day, payee, state, told, tries, file_hash, lines)
VALUES ('wechat', %s, '', 'asked', '', 0, '', 0) RETURNING id"""
FOUND_SQL: Final = """
SELECT kind, cause, count(*) FROM jusha_raildifference WHERE day = %s GROUP BY 1, 2 ORDER BY 1, 2"""


class BenchFailedError(Exception):
    """The benchmark measured something that did not do its work."""


def gifts(day: date, lines: int) -> Iterator[tuple[int, str, int, datetime]]:
    """Number within the day, transaction, fen and Shanghai time of each invented payment."""
    begins = datetime(day.year, day.month, day.day, tzinfo=UTC) - timedelta(hours=8)
    for n in range(lines):
        at = begins + timedelta(seconds=n * 86_400 // lines)
        yield n, f"42000009{at + timedelta(hours=8):%Y%m%d}{n:012d}", 100 + n * 7 % 99_900, at


def yuan(fen: int) -> str:
    """Write fen as yuan."""
    return f"{fen // 100}.{fen % 100:02d}"


def write_bill(file: Path, day: date, lines: int) -> None:
    """Write the day's bill with its planted differences and its own sums."""
    total = taken = 0
    with file.open("w", encoding="utf-8", newline="") as out:
        out.write(f"\ufeff{HEADER}\r\n")
        for n, transaction, fen, at in gifts(day, lines):
            if n % EVERY == 1:
                continue
            said = yuan(fen + 1 if n % EVERY == 2 else fen)  # noqa: PLR2004 - the second plant
            total += fen + (n % EVERY == 2)  # noqa: PLR2004 - as above
            taken += 1
            local = at + timedelta(hours=8)
            out.write(
                f"`{local:%Y-%m-%d %H:%M:%S},`wx8888888888888888,`1900000100,`{MERCHANT},`,"
                f"`{transaction},`{n:018d},`oUpF8uMuAJO_M2pxb1Q9zNjWeS6o,`JSAPI,`SUCCESS,`OTHERS,"
                f"`CNY,`{said},`0.00,`0,`0,`0.00,`0.00,`,`,`善款 阅读包,`,`0.00000,`0.00%,"
                f"`{said},`0.00,`\r\n"
            )
        sums = f"`{taken},`{yuan(total)},`0.00,`0.00,`0.00000,`{yuan(total)},`0.00"
        out.write(f"{SUMS}\r\n{sums}\r\n")


def put_deeds(owner: psycopg.Connection[Any], day: date, lines: int, *, first: int) -> None:
    """Put the day's deeds in as settlement would have left them, all but the planted ones."""
    with owner.cursor() as cursor:
        with cursor.copy("COPY giving_seen (key, body, number) FROM STDIN") as copy:
            for n, transaction, _, _ in gifts(day, lines):
                if n % EVERY:
                    key = deed_key(SECRET, "wechat", transaction).hex()
                    copy.write(f"{key}\t0\t{first + n}\n")
        with cursor.copy(
            "COPY giving_deed (number, channel, campaign, project, asset, amount, person,"
            " order_no, received_at, effective_at, body, programme_at, running_at, held)"
            " FROM STDIN"
        ) as copy:
            none, body = "0" * 32, "\\\\x" + "00" * 32
            for n, _, fen, at in gifts(day, lines):
                if n % EVERY:
                    who_and_when = f"{none}\t{n}\t{at}\t{at}"
                    copy.write(f"{first + n}\t7\t0\t1\t1\t{fen}\t{who_and_when}\t{body}\t0\t0\tf\n")


CHILD: Final = """
import json, sys, time
from datetime import UTC, date, datetime
from pathlib import Path
import psycopg
from jusha.giving.rail_bills_keep import keep_bill
from jusha.giving.rail_bills_lay import lay_day
url, bill, file, *days = sys.argv[1:]
now = datetime.now(UTC)
times, began = {}, time.monotonic()
def took(step):
    global began
    times[step] = round(time.monotonic() - began, 1)
    began = time.monotonic()
with psycopg.connect(url, autocommit=True) as connection:
    assert keep_bill(connection, int(bill), Path(file), deed_secret=b"d" * 32, now=now)
    took("read_and_keep_s")
    for place, day in enumerate(days):
        lay_day(connection, "wechat", date.fromisoformat(day), now=now)
        took(f"lay_{place}_s")
status = Path("/proc/self/status").read_text()
times["peak_mb"] = next(
    int(line.split()[1]) // 1024 for line in status.splitlines() if line.startswith("VmHWM")
)
print(json.dumps(times))
"""


def reconcile_apart(url: str, bill: int, file: Path, days: tuple[date, ...]) -> dict[str, Any]:
    """Read and lay in a process of its own; its times and its peak."""
    arguments = [sys.executable, "-c", CHILD, url, str(bill), str(file), *map(str, days)]
    answer = subprocess.run(arguments, check=True, capture_output=True, text=True)
    return dict(json.loads(answer.stdout.splitlines()[-1]))


def verify(owner: psycopg.Connection[Any], day: date, lines: int) -> int:
    """Raise BenchFailedError unless the planted differences are found, and nothing else."""

    def planted(rest: int) -> int:
        return len(range(rest, lines, EVERY))

    wanted = [
        ("amount-differs", "", planted(2)),
        ("only-here", "", planted(1)),
        ("only-there", "", planted(0)),
    ]
    found = owner.execute(FOUND_SQL, (day,)).fetchall()
    merged: dict[str, int] = {}
    for kind, _, count in found:
        merged[kind] = merged.get(kind, 0) + count
    if sorted(merged.items()) != [(kind, count) for kind, _, count in wanted]:
        raise BenchFailedError(f"{day}: found {found}, planted {wanted}")
    return sum(merged.values())


def run(lines: int) -> dict[str, Any]:
    """Make both days, reconcile, verify, and append one line to the results."""
    home = default_home()
    with (
        tempfile.TemporaryDirectory() as name,
        database(home, "bills", schema=True) as fresh,
        psycopg.connect(database_url("owner", home, fresh), autocommit=True) as owner,
    ):
        owner.execute(
            "INSERT INTO payments_channel (id, code, number, terms) VALUES (7, 'wechat', 0, '{}')"
        )
        owner.execute(
            "INSERT INTO jusha_merchant (rail, charity, merchant, sealed_token, set_by, second,"
            " set_at) VALUES ('wechat', 'shan', %s, '', 'li', 'wang', now())",
            (MERCHANT,),
        )
        found: dict[str, Any] = {}
        web = database_url("web", home, fresh)
        for place, day in enumerate(DAYS):
            put_deeds(owner, day, lines, first=1 + place * lines)
            owner.execute("ANALYZE giving_deed, giving_seen")
            file = Path(name) / f"{day}.csv"
            write_bill(file, day, lines)
            row = owner.execute(BILL_SQL, (day,)).fetchone()
            assert row is not None
            began = time.monotonic()
            found = reconcile_apart(web, row[0], file, DAYS[place::-1])
            found["all_s"] = round(time.monotonic() - began, 1)
            found["file_mb"] = file.stat().st_size >> 20
            file.unlink()
        found["differences"] = sum(verify(owner, day, lines) for day in DAYS)
        table = "SELECT pg_total_relation_size('giving_rail_line')"
        found["bytes_a_line"] = (owner.execute(table).fetchone() or (0,))[0] // (2 * lines)
    found["lines"] = lines
    version = server_version(database_url("owner", home)) or ""
    return append_result("bills", found, postgres=version)


def main() -> None:
    """Run from the command line: `python -m benchmarks.bench_bills [--lines 1000000]`."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lines", type=int, default=LINES)
    print(run(parser.parse_args().lines))


if __name__ == "__main__":
    main()

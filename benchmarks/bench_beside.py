"""A day of a million bill lines: read, laid beside the charity's own list, imported and published.

Makes a WeChat Pay bill of so many invented lines (one of two thousand sends a gift back) and an own
list that differs in one line of a thousand. Then runs one round of beside mode with settlement and
the publisher working behind it, as an installation does, until a signed checkpoint holds the day's
accounts. The peak of memory is stated for each process.
"""

import argparse
import os
import random
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import psycopg

from benchmarks.results import append_result
from benchmarks.throwaway import database
from jusha.config.postgres import database_url, default_home, server_version

LINES: Final = 1_000_000
DAY: Final = datetime(2026, 3, 1)  # noqa: DTZ001 - Shanghai's, as bills write it
NOW: Final = datetime(2026, 3, 2, 3, tzinfo=UTC)
HEADER: Final = (
    "交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,"
    "付款银行,货币种类,应结订单金额,代金券金额,微信退款单号,商户退款单号,退款金额,充值券退款金额,"
    "退款类型,退款状态,商品名称,商户数据包,手续费,费率,订单金额,申请退款金额,费率备注"
)
SUMS: Final = (
    "总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,订单总金额,申请退款总金额"
)
OWN_MAP: Final = """channel = "own"
[project]
code = "general"
[id]
columns = ["no"]
[time]
column = "at"
timezone = "Asia/Shanghai"
[amount]
column = "yuan"
unit = "yuan"
"""


def write_folder(folder: Path, lines: int) -> None:
    """Write the bill and the list; every thousandth line of the list differs."""
    chance = random.Random(4)  # noqa: S311 - invented gifts
    (folder / "wechat").mkdir(parents=True)
    (folder / "own").mkdir()
    total = back = 0
    with (
        (folder / "wechat" / "bill.csv").open("w", encoding="utf-8-sig", newline="\r\n") as bill,
        (folder / "own" / "list.csv").open("w", encoding="utf-8") as own,
    ):
        bill.write(HEADER + "\n")
        own.write("no,at,yuan\n")
        for n in range(lines):
            at = DAY + timedelta(seconds=n * 86_400 // lines)
            fen = chance.choice((100, 500, 1000, 2000, 5000, chance.randrange(1, 100_000)))
            total += fen
            no = f"42000009{chance.randrange(10):d}{at:%Y%m%d}{n:011d}"
            yuan = f"{fen // 100}.{fen % 100:02d}"
            bill.write(
                f"`{at},`wx81be3101902f7cb2,`1601959334,`0,`,`{no},`S{n:017d},`ofyak5qR1wYsC99Csw,"
                f"`JSAPI,`SUCCESS,`OTHERS,`CNY,`{yuan},`0.00,`0,`0,`0.00,`0.00,`,`,`善款,`,"
                f"`0.00000,`0.00%,`{yuan},`0.00,`\n"
            )
            if n % 1000 != 7:  # noqa: PLR2004 - one of a thousand
                own.write(f"{no},{at},{yuan}\n")
            if n % 2000 == 11:  # noqa: PLR2004 - one of two thousand is sent back in part
                bill.write(
                    f"`{at},`wx81be3101902f7cb2,`1601959334,`0,`,`{no},`S{n:017d},`ofyak5qR1wYsC99Csw,"
                    f"`JSAPI,`REFUND,`OTHERS,`CNY,`0.00,`0.00,`503{n:020d},`0,`0.01,`0.00,`,"
                    "`SUCCESS,`善款,`,`0.00000,`0.00%,`0.00,`0.01,`\n"
                )
                back += 1
        yuan = f"{total // 100}.{total % 100:02d}"
        sent = f"{back // 100}.{back % 100:02d}"
        bill.write(f"{SUMS}\n`{lines + back},`{yuan},`{sent},`0.00,`0.00000,`{yuan},`{sent}\n")


def one_round(home: Path, folder: Path, url: str) -> dict[str, Any]:
    """One round in this process; seconds of processor and clock for each step, and its peak."""
    os.environ |= {"DJANGO_SETTINGS_MODULE": "jusha.config.settings", "DATABASE_URL": url}
    import django  # noqa: PLC0415 - the database is chosen before

    django.setup()
    from jusha.giving.beside import (  # noqa: PLC0415 - settings are known only now
        import_new,
        open_all,
        publish_days,
        read_folder,
        take_back_new,
        waits,
    )
    from jusha.giving.beside_settings import read_beside  # noqa: PLC0415
    from jusha.giving.import_gifts import Secrets  # noqa: PLC0415

    beside = read_beside(home / "beside.toml")
    secrets = Secrets(dedupe=b"d" * 32, person=b"p" * 32)
    times: dict[str, Any] = {}

    def took(step: str, since: tuple[float, float]) -> tuple[float, float]:
        now = time.monotonic(), time.process_time()
        times[step] = {"s": round(now[0] - since[0], 1), "cpu_s": round(now[1] - since[1], 1)}
        return now

    with psycopg.connect(url, autocommit=True) as connection:
        while any(step.state == "waiting" for step in open_all(connection, beside)):
            time.sleep(0.1)
        at = time.monotonic(), time.process_time()
        read = read_folder(beside, folder, now=NOW)
        at = took("read and reconcile", at)
        import_new(connection, beside, read, secrets=secrets, now=NOW)
        at = took("import", at)
        refunds = take_back_new(connection, beside, read, secrets=secrets)
        while waits(connection, refunds):
            time.sleep(0.2)
            refunds = take_back_new(connection, beside, read, secrets=secrets)
        at = took("wait for settlement, take back", at)
        sent = publish_days(connection, beside, read, now=NOW, refunds=refunds)
        took("publish", at)
    (pair,) = read.pairs
    states = [each.state for each in refunds]
    times["days"] = sorted(sent)
    times["differences"] = len(pair.found.differences)
    times["refunds"] = {state: states.count(state) for state in sorted(set(states))}
    return times


SETTLE: Final = """
import sys, time
import psycopg
from jusha.settlement.batch import Settlement
from jusha.settlement.fence import take_over
connection = psycopg.connect(sys.argv[1])
settlement = Settlement(connection, epoch=take_over(connection, holder="bench"))
while True:
    if not settlement.settle_next().rows:
        time.sleep(0.05)
"""
PUBLISH: Final = """
import pathlib, sys, time
import psycopg
from jusha.tlog.publish import Publisher
publisher = Publisher(pathlib.Path(sys.argv[2]), origin="bench.example/log")
connection = psycopg.connect(sys.argv[1], autocommit=True)
while True:
    if not publisher.publish_next(connection):
        time.sleep(0.3)
"""


def prepare_home(home: Path, lines: int) -> Path:
    """Write settings, maps and files; return the folder of files."""
    from jusha.giving.beside_init import QUESTIONS, written  # noqa: PLC0415

    (home / "own.toml").write_text(OWN_MAP)
    answers = {q.key: q.default for q in QUESTIONS}
    answers |= {"bills": "wechat", "lists": f"{home / 'own.toml'}=wechat", "charity": "shan"}
    maps = Path(__file__).resolve().parent.parent / "maps"
    for file, text in written(answers, maps=maps).items():
        (home / file).write_text(text)
    write_folder(home / "in", lines)
    for bill in (home / "in").glob("*/*"):
        os.utime(bill, (NOW.timestamp() - 3600,) * 2)
    return home / "in"


def peak_mb(pid: int) -> int:
    """The most memory that a process ever held, as the kernel counts it (VmHWM)."""
    status = Path(f"/proc/{pid}/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) // 1024


def signed_size(log: Path) -> int:
    """How many entries the published checkpoint holds."""
    file = log / "public" / "checkpoint"
    return int(file.read_text().splitlines()[1]) if file.exists() else 0


def published_at(url: str, log: Path) -> int:
    """Wait until a signed checkpoint holds the accounts; return their entry's number."""
    with psycopg.connect(url, autocommit=True) as connection:
        while True:
            row = connection.execute("SELECT max(number) FROM tlog_table").fetchone()
            if row and row[0] is not None and signed_size(log) > row[0]:
                return int(row[0])
            time.sleep(0.1)


def main() -> None:
    """Make the files, run a round with settlement and publisher behind it, wait, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lines", type=int, default=LINES)
    lines = parser.parse_args().lines
    at = default_home()
    with (
        tempfile.TemporaryDirectory() as name,
        database(at, "beside", schema=True) as fresh,
    ):
        home = Path(name)
        folder = prepare_home(home, lines)
        settle, web = (database_url(role, at, fresh) for role in ("settle", "web"))
        log = home / "log"
        with (
            subprocess.Popen([sys.executable, "-c", SETTLE, settle]) as settling,
            subprocess.Popen([sys.executable, "-c", PUBLISH, web, str(log)]) as publishing,
        ):
            try:
                began = time.monotonic()
                found = one_round(home, folder, web)
                found["entry"] = published_at(web, log)
                found["all_s"] = round(time.monotonic() - began, 1)
                pids = {"round": os.getpid(), "settlement": settling.pid}
                pids |= {"publisher": publishing.pid}
                found["peak_mb"] = {process: peak_mb(pid) for process, pid in pids.items()}
            finally:
                settling.terminate()
                publishing.terminate()
    found["lines"] = lines
    append_result("beside", found, postgres=server_version(database_url("owner", at)) or "")
    print(found)


if __name__ == "__main__":
    main()

"""What a running day's viewers cost: pollers of files, big screens by stream, names looked for.

One machine does everything, the viewers too, so the figures are low ones. Pollers ask the pages'
own server (Granian, one worker) for a campaign's file as often as it answers, over kept
connections; 10,000 who ask every two seconds are 5,000 requests a second. Screens listen at a door
whose two files change every second. Names are searched by the page's own query in a throwaway
database.
"""

import argparse
import asyncio
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any, Final

import psutil
import psycopg

from benchmarks.percentiles import percentile_ms
from benchmarks.results import append_result
from benchmarks.throwaway import database
from jusha.config.postgres import database_url, default_home, server_version

NAMES: Final = 12_000_000
SCREENS: Final = 500
POLLERS: Final = 100
SECONDS: Final = 20
TOTAL_BYTES, SCENE_BYTES = 1_200, 18_000
"""As the fragments of the demo world have them."""
FAMILY: Final = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗"
GIVEN: Final = "明红芳伟秀英敏静丽强磊军洋勇艳杰娟涛超霞平刚桂兰"
NAMES_SQL: Final = """
INSERT INTO jusha_wallname (number, campaign, order_no, name, key, state, reported, decided_by)
SELECT n, 1, n, name, name, 0, '', '' FROM (
    SELECT n, substr(%(family)s, (1 + n %% 20)::int, 1)
              || substr(%(given)s, (1 + n / 20 %% 24)::int, 1)
              || substr(%(given)s, (1 + n / 480 %% 24)::int, 1) || (n / 11520)::text AS name
    FROM generate_series(%(first)s::bigint, %(last)s::bigint) n) made"""
FIND_SQL: Final = """
SELECT number, name FROM jusha_wallname WHERE campaign = 1 AND state = 0 AND key LIKE %s
ORDER BY key, number LIMIT 50"""
ASKED: Final = ("王", "李明", "张伟秀", "罗兰兰10", "陈静敏77", "马勇", "没有这个人")


def run(*, quick: bool, tell: Callable[[str], object] = print) -> None:
    """Measure, tell, and append one line to the results."""
    home, load = default_home(), round(os.getloadavg()[0], 1)
    names = NAMES // 100 if quick else NAMES
    with database(home, "live", schema=True) as name, TemporaryDirectory() as folder:
        urls = {role: database_url(role, home, name) for role in ("owner", "web", "settle")}
        figures: dict[str, Any] = {"names": names} | search(urls["owner"], names)
        tell(str(figures))
        here = os.environ | {
            "JUSHA_HOME": folder, "JUSHA_METRICS_PORT": "0", "JUSHA_DB_ROLE": "web",
            "DATABASE_URL": urls["owner"], "DATABASE_WEB_URL": urls["web"],
            "DATABASE_SETTLE_URL": urls["settle"],
            "DJANGO_SETTINGS_MODULE": "jusha.config.settings",
        }  # fmt: skip
        seconds = 3 if quick else SECONDS
        figures |= door_figures(Path(folder), here, 50 if quick else SCREENS, seconds)
        tell(str(figures))
        figures |= web_figures(Path(folder), here, seconds)
        tell(str(figures))
        version = server_version(urls["owner"]) or "?"
    append_result("live", {"load_average": load} | figures, postgres=version)


def search(url: str, names: int) -> dict[str, Any]:
    """Put names in, look for some; milliseconds of the query."""
    with psycopg.connect(url, autocommit=True) as connection:
        with psycopg.ClientCursor(connection) as cursor:
            for first in range(0, names, 1_000_000):
                span = {"first": first, "last": min(first + 1_000_000, names) - 1}
                cursor.execute(NAMES_SQL, span | {"family": FAMILY, "given": GIVEN})
        connection.execute("VACUUM ANALYZE jusha_wallname")
        took = []
        for asked in ASKED * 20:
            began = time.perf_counter()
            connection.execute(FIND_SQL, (f"{asked}%",)).fetchall()
            took.append((time.perf_counter() - began) * 1_000)
        sizes = connection.execute("SELECT pg_total_relation_size('jusha_wallname')").fetchone()
    assert sizes is not None
    return {
        "find_p50_ms": round(median(took), 2), "find_p99_ms": round(p99(took), 2),
        "wall_bytes": sizes[0],
    }  # fmt: skip


def p99(took_ms: list[float]) -> float:
    """The house's percentile, of milliseconds."""
    return percentile_ms(sorted(each / 1_000 for each in took_ms), per_mille=990)


def tell_files(home: Path, second: int) -> None:
    """Write the two files as teller and board do."""
    for folder, size in (("t", TOTAL_BYTES), ("s", SCENE_BYTES), ("c", TOTAL_BYTES)):
        path = home / "live" / folder / "day.zh-hans.html"
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_suffix(".new")
        draft.write_text(f'<div data-at="{second}">'.ljust(size, "x"))
        draft.replace(path)


@contextmanager
def runs(argv: list[str], here: dict[str, str]) -> Iterator[psutil.Process]:
    """A process of the house, ended at the end."""
    with subprocess.Popen([sys.executable, "-m", *argv], env=here) as process:
        try:
            yield psutil.Process(process.pid)
        finally:
            process.terminate()


def door_figures(home: Path, here: dict[str, str], count: int, seconds: int) -> dict[str, Any]:
    """So many screens listen; memory a screen, processor time, and how late news come."""
    tell_files(home, 0)
    port = free_port()
    here = here | {"JUSHA_DOOR_PORT": str(port), "JUSHA_HOST": "127.0.0.1"}
    with runs(["jusha.config.processes.door"], here) as door:
        return asyncio.run(screens(door, home, port, count, seconds))


async def screens(
    door: psutil.Process, home: Path, port: int, count: int, seconds: int
) -> dict[str, Any]:
    """Listen, and write the files each second."""
    await answers(port)
    before = door.memory_info().rss
    late: list[float] = []
    listeners = [asyncio.create_task(listen(port, late)) for _ in range(count)]
    await asyncio.sleep(3)
    began, cpu = time.perf_counter(), sum(door.cpu_times()[:2])
    late.clear()
    for _ in range(seconds):
        tell_files(home, time.time_ns() // 1_000)
        await asyncio.sleep(1)
    share = (sum(door.cpu_times()[:2]) - cpu) / (time.perf_counter() - began)
    grown = door.memory_info().rss - before
    for each in listeners:
        each.cancel()
    return {
        "screens": count, "news": len(late), "news_late_p50_ms": round(median(late)),
        "news_late_p99_ms": round(p99(late)), "screen_bytes": grown // count,
        "door_cpu_share": round(share, 3),
    }  # fmt: skip


async def listen(port: int, late: list[float]) -> None:
    """Read a stream; note how long after it was written each news arrives, in milliseconds."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1 << 20)
    writer.write(b"GET /door/v1/live/day HTTP/1.1\r\nHost: bench\r\n\r\n")
    try:
        while line := await reader.readline():
            if line.startswith(b'data: <div data-at="'):
                written = int(line.split(b'"')[1])
                if written:
                    late.append(time.time_ns() / 1_000_000 - written / 1_000)
    finally:
        writer.close()


def web_figures(home: Path, here: dict[str, str], seconds: int) -> dict[str, Any]:
    """Pollers ask as fast as they are answered; requests a second, and memory of the server."""
    tell_files(home, 0)
    port = free_port()
    argv = ["granian", "--no-ws", "--http", "1", "--interface", "wsgi", "--workers", "1"]
    argv += ["--blocking-threads", "4", "--log-level", "warning", "--host", "127.0.0.1"]
    argv += ["--port", str(port), "jusha.config.wsgi:application"]
    with runs(argv, here) as server:
        took = asyncio.run(pollers(port, seconds))
        tree = [server, *server.children(recursive=True)]
        memory = sum(each.memory_info().rss for each in tree)
    each_second = len(took) / seconds
    return {
        "polls_a_second": round(each_second), "poll_p50_ms": round(median(took), 1),
        "poll_p99_ms": round(p99(took), 1), "viewers_every_two_seconds": round(2 * each_second),
        "web_bytes": memory,
    }  # fmt: skip


async def pollers(port: int, seconds: int) -> list[float]:
    """Milliseconds of every answer."""
    await answers(port)
    took: list[float] = []
    end = time.perf_counter() + seconds
    await asyncio.gather(*(poll(port, end, took) for _ in range(POLLERS)))
    return took


async def poll(port: int, end: float, took: list[float]) -> None:
    """Ask again and again over one connection."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    ask = b"GET /live/c/day.zh-hans.html HTTP/1.1\r\nHost: localhost\r\n\r\n"
    while time.perf_counter() < end:
        began = time.perf_counter()
        writer.write(ask)
        head = await reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200"), head
        length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
        await reader.readexactly(length)
        took.append((time.perf_counter() - began) * 1_000)
    writer.close()


async def answers(port: int) -> None:
    """Wait until somebody listens."""
    for _ in range(300):
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            await asyncio.sleep(0.1)
        else:
            writer.close()
            return
    raise TimeoutError(port)


def free_port() -> int:
    """A port that nobody has now."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    run(quick=parser.parse_args().quick)


if __name__ == "__main__":
    main()

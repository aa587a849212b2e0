"""The rival's clients: what ``measure_settle`` measures.

The command ``usual_django_clients`` runs them: Django is set up once, then the clients are forked
(or started as threads), each with a connection of its own.
"""

import multiprocessing
import resource
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice
from multiprocessing.connection import Connection
from typing import Any, TypeAlias

from django.db import connection

from benchmarks.usual_django.donate import donate
from benchmarks.usual_django.keys import key_of
from benchmarks.usual_django.tables import POOL_ID, check_tables, make_tables
from benchmarks.workload import Gift, Workload

Waiter: TypeAlias = Any  # a Barrier of threads or of processes: they share no public base class


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """What is to be measured: ``seconds`` of 0 settles every gift, as fast as the clients can.

    ``fresh`` makes the tables anew before; no clients at all only makes or checks the tables.
    """

    workload: Workload
    clients: int = 0
    seconds: float = 0.0
    fresh: bool = True
    threads: bool = False
    warmup_seconds: float = 0.5


def settle_one(gift: Gift) -> None:
    """Call the service function for one gift of the workload."""
    external_id, project, person, amount_fen, second = gift
    donate(
        key=key_of(external_id),
        pool_id=POOL_ID,
        project_id=project + 1,
        person=person,
        amount_fen=amount_fen,
        second=second,
    )


def run_client(gifts: Iterable[Gift], *, task: Task, together: Waiter) -> list[float]:
    """Settle until the time is up; the latencies in seconds of what ended after the warm-up."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")  # connect before the clock starts
    together.wait()
    counted_from = time.perf_counter() + task.warmup_seconds
    until = counted_from + task.seconds if task.seconds else float("inf")
    took = []
    for gift in gifts:
        began = time.perf_counter()
        settle_one(gift)
        ended = time.perf_counter()
        if ended > until:
            break
        if ended >= counted_from or not task.seconds:
            took.append(ended - began)
    connection.close()
    return took


def as_processes(task: Task) -> list[float]:
    """Fork the clients, let them run, gather their latencies."""
    fork = multiprocessing.get_context("fork")
    together = fork.Barrier(task.clients)
    connection.close()  # children must not inherit an open connection

    def child(number: int, out: Connection) -> None:
        gifts = islice(task.workload.gifts(), number, None, task.clients)
        out.send(run_client(gifts, task=task, together=together))

    pipes = [fork.Pipe(duplex=False) for _ in range(task.clients)]
    children = [
        fork.Process(target=child, args=(number, out)) for number, (_, out) in enumerate(pipes)
    ]
    for process in children:
        process.start()
    for _, out in pipes:
        out.close()  # so that a child's death ends the wait below with EOFError
    took = [latency for into, _ in pipes for latency in into.recv()]
    for process in children:
        process.join()
    return took


def as_threads(task: Task) -> list[float]:
    """Start the clients as threads of this process, let them run, gather their latencies."""
    together = threading.Barrier(task.clients)
    took: list[float] = []

    def child(number: int) -> None:
        gifts = islice(task.workload.gifts(), number, None, task.clients)
        took.extend(run_client(gifts, task=task, together=together))

    children = [threading.Thread(target=child, args=(n,)) for n in range(task.clients)]
    for thread in children:
        thread.start()
    for thread in children:
        thread.join()
    return took


def run(task: Task) -> dict[str, Any]:
    """Make the tables if asked, run the clients, check the books; what was seen, as plain data.

    Raises BooksDisagreeError.
    """
    if task.fresh:
        make_tables(task.workload)
    cpu_before, began = cpu_seconds(), time.perf_counter()
    settle = as_threads if task.threads else as_processes
    took = settle(task) if task.clients else []
    return {
        "took_seconds": sorted(took),
        "wall_seconds": time.perf_counter() - began,
        "cpu_seconds": cpu_seconds() - cpu_before,
        "donations": check_tables(task.workload),
    }


def cpu_seconds() -> float:
    """User and system time of this process and of its ended children."""
    usages = map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)

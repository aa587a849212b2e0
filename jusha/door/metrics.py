"""What the door counts: once a commit, and once a refusal. Accepted messages cost nothing here."""

from collections.abc import Callable
from typing import Final

from prometheus_client import Counter, Gauge, Histogram

from jusha.door.problems import PROBLEMS

ACCEPTED: Final = Counter("jusha_door_accepted_envelopes", "Envelopes that became durable")
COMMITTED: Final = Histogram(
    "jusha_door_commit_seconds",
    "How long a commit of everything that waited took",
    buckets=(0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10),
)
FAILED: Final = Counter("jusha_door_failed_commits", "Commits that the database did not confirm")
REFUSED: Final = Counter(
    "jusha_door_refused", "Requests refused, by the problem's code", ["reason"]
)
WAITING: Final = Gauge("jusha_door_waiting_envelopes", "Envelopes that wait for their commit")
STREAMS: Final = Gauge("jusha_door_streams", "Big screens that listen")
DROPPED: Final = Counter("jusha_door_streams_dropped", "Big screens hung up on: they did not read")
for problem in PROBLEMS:
    REFUSED.labels(problem.code)


def committed(envelopes: int, *, seconds: float) -> None:
    """Count one commit; the mean batch is accepted envelopes by commits."""
    ACCEPTED.inc(envelopes)
    COMMITTED.observe(seconds)


def failed() -> None:
    """Count one commit that failed."""
    FAILED.inc()


def refused(code: str) -> None:
    """Count one refusal by its problem's code, of which there is a fixed list."""
    REFUSED.labels(code).inc()


def watch_waiting(waiting: Callable[[], int]) -> None:
    """Read how much waits whenever somebody asks for the figures."""
    WAITING.set_function(waiting)


def watch_streams(count: Callable[[], int]) -> None:
    """Read how many listen whenever somebody asks for the figures."""
    STREAMS.set_function(count)


def stream_dropped() -> None:
    """Count a listener who did not read."""
    DROPPED.inc()

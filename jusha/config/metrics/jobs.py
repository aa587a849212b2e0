"""What the jobs process counts."""

from typing import Final

from prometheus_client import Counter, Gauge

ASKED: Final = Counter("jusha_jobs_asked", "Instructions that jobs appended to the inbox", ["what"])
LAST_ROUND: Final = Gauge(
    "jusha_jobs_last_round_timestamp_seconds", "When jobs last looked at everything that is due"
)
for what in ("closing", "seal"):
    ASKED.labels(what)


def asked(what: str, count: int) -> None:
    """Count steps of closings ("closing") or seals ("seal") that were asked for."""
    ASKED.labels(what).inc(count)


def round_done() -> None:
    """Note that a round is over."""
    LAST_ROUND.set_to_current_time()

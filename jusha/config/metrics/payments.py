"""What the payments process counts."""

from typing import Final

from prometheus_client import Counter, Gauge

MOVED: Final = Counter("jusha_payments_moved", "Orders and refunds looked at")
FLYING: Final = Gauge("jusha_payments_flying", "Questions to rails that are under way")
LAST_ROUND: Final = Gauge(
    "jusha_payments_last_round_timestamp_seconds", "When everything due was last looked at"
)


def moved(count: int, *, flying: int) -> None:
    """Count what a round looked at."""
    MOVED.inc(count)
    FLYING.set(flying)
    LAST_ROUND.set_to_current_time()

"""What the hooks process counts."""

from typing import Final

from prometheus_client import Counter, Gauge

DONE: Final = Counter("jusha_hooks_done", "Events made, sent or answered for webhooks")
FLYING: Final = Gauge("jusha_hooks_flying", "Calls to webhooks that are under way")
LAST_ROUND: Final = Gauge(
    "jusha_hooks_last_round_timestamp_seconds", "When webhooks were last looked at"
)


def round_done(done: int, *, flying: int) -> None:
    """Note a round."""
    DONE.inc(done)
    FLYING.set(flying)
    LAST_ROUND.set_to_current_time()

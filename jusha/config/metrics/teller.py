"""What the teller counts."""

from typing import Final

from prometheus_client import Gauge

LAST_TOLD: Final = Gauge(
    "jusha_teller_last_told_timestamp_seconds", "When the live numbers were last written"
)
THINGS: Final = Gauge("jusha_teller_things", "Days and campaigns that are told each second")


def told(things: int) -> None:
    """Note that everything was written."""
    THINGS.set(things)
    LAST_TOLD.set_to_current_time()

"""What the teller counts."""

from typing import Final

from prometheus_client import Gauge

LAST_TOLD: Final = Gauge(
    "jusha_teller_last_told_timestamp_seconds", "When the live numbers were last written"
)
THINGS: Final = Gauge("jusha_teller_things", "Days and campaigns that are told each second")
SHED_LEVEL: Final = Gauge(
    "jusha_shed_level", "What is let go: 0 nothing, 1 wall, 2 rankings, 3 curve, 4 files, 5 giving"
)


def told(things: int) -> None:
    """Note that everything was written."""
    THINGS.set(things)
    LAST_TOLD.set_to_current_time()


def shed_level(level: int) -> None:
    """Note the level."""
    SHED_LEVEL.set(level)

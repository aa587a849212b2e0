"""What the board counts."""

from typing import Final

from prometheus_client import Counter, Gauge

LAST_TOLD: Final = Gauge(
    "jusha_board_last_told_timestamp_seconds", "When the board last did a part", ["part"]
)
RENDERED: Final = Counter("jusha_board_snapshots", "Pages rendered into files")
for part in ("wall", "rankings", "screen", "snapshots"):
    LAST_TOLD.labels(part)


def told(part: str) -> None:
    """Note that a part is done."""
    LAST_TOLD.labels(part).set_to_current_time()


def rendered(pages: int) -> None:
    """Count pages."""
    RENDERED.inc(pages)

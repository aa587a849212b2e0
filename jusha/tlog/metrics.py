"""What the publisher counts: once a checkpoint."""

from typing import Final

from prometheus_client import Counter, Gauge

SIZE: Final = Gauge("jusha_publisher_size", "Entries under the last signed checkpoint")
CHECKPOINTS: Final = Counter("jusha_publisher_checkpoints", "Checkpoints signed and published")
SECONDS: Final = Counter("jusha_publisher_seconds", "Seconds spent on growing and signing the log")


def published(size: int, *, seconds: float) -> None:
    """Count one checkpoint that covers `size` entries."""
    SIZE.set(size)
    CHECKPOINTS.inc()
    SECONDS.inc(seconds)

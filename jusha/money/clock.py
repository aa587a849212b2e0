"""Days and minutes of the giving calendar, as integers.

Campaigns live in China's single time zone, which has had no daylight saving since
1991, so a local day is plain arithmetic on Unix seconds.
"""

from datetime import UTC, datetime
from typing import Final

SHANGHAI_SHIFT_SECONDS: Final = 8 * 3600
DAY_SECONDS: Final = 86_400
MINUTE_SECONDS: Final = 60


def local_day(at_seconds: int) -> int:
    """Number the Shanghai calendar day of a Unix time: 0 is 1970-01-01."""
    return (at_seconds + SHANGHAI_SHIFT_SECONDS) // DAY_SECONDS


def local_minute_of_day(at_seconds: int) -> int:
    """Minute 0..1439 of the Shanghai day."""
    return (at_seconds + SHANGHAI_SHIFT_SECONDS) % DAY_SECONDS // MINUTE_SECONDS


def day_text(day: int) -> str:
    """Write a day number as 2026-09-09."""
    return datetime.fromtimestamp(day * DAY_SECONDS, UTC).strftime("%Y-%m-%d")


def day_number(text: str) -> int:
    """Read 2026-09-09 as a day number. Raises ValueError for anything else."""
    day = int(datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC).timestamp()) // DAY_SECONDS
    if day_text(day) != text:  # strptime takes 2026-9-9 too, and digits of other scripts
        raise ValueError(f"not a day: {text}")
    return day


def minute_text(at_seconds: int) -> str:
    """Write the UTC minute of a Unix time as 2026-09-09T01:12Z, the form leaves use."""
    return datetime.fromtimestamp(at_seconds, UTC).strftime("%Y-%m-%dT%H:%MZ")


def minute_seconds(text: str) -> int:
    """Read 2026-09-09T01:12Z as Unix seconds. Raises ValueError for anything else."""
    at_s = int(datetime.strptime(text, "%Y-%m-%dT%H:%MZ").replace(tzinfo=UTC).timestamp())
    if minute_text(at_s) != text:
        raise ValueError(f"not a minute: {text}")
    return at_s
